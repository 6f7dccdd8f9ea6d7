"""TABLE(f(…)) and JSON_TABLE(…), read whole; only their names are kept."""

from __future__ import annotations

from runner.trino import jsoncalls
from runner.trino.cursor import NAMES, QUERIES, TEXTS, Cursor
from runner.trino.tree import (
    Expression,
    Expressions,
    Identifier,
    Query,
    Relation,
    SortItems,
    Table,
    TableFunction,
)
from runner.trino.typenames import read_type
from runner.trino.windows import sort_item

_PARENTS = ("OUTER", "INNER")
_SIBLINGS = ("UNION", "CROSS")
"""How JSON_TABLE joins a nested path with its parent, and with others beside it."""

Inside = Expression | Query | Table


def table_function(cursor: Cursor) -> Relation:
    """`TABLE(f(a => 1, b => TABLE(t)))`."""
    at = cursor.at
    cursor.expect_all("TABLE", "(")
    name = cursor.qualified_name()
    cursor.expect("(")
    inside: list[Inside] = []
    if cursor.kind != ")" and not cursor.at_all("COPARTITION", "("):
        cursor.list_of(lambda: _argument(cursor, inside))
    if cursor.take("COPARTITION"):
        cursor.list_of(lambda: _copartition(cursor))
    cursor.expect_all(")", ")")
    return TableFunction(at, cursor.end, name, tuple(inside))


def _copartition(cursor: Cursor) -> None:
    """`(a, b, c)`: the tables whose parts go together, at least two."""
    cursor.expect("(")
    cursor.qualified_name()
    cursor.expect(",")
    cursor.list_of(cursor.qualified_name)
    cursor.expect(")")


def _argument(cursor: Cursor, inside: list[Inside]) -> None:
    """One argument, with its name; what is inside it is added to `inside`."""
    if cursor.kind in NAMES and cursor.ahead() == "=>":
        cursor.identifier()
        cursor.expect("=>")
    if cursor.at_all("TABLE", "("):
        _table_argument(cursor, inside)
    elif cursor.take_all("DESCRIPTOR", "("):
        cursor.list_of(lambda: _descriptor_field(cursor))
        cursor.expect(")")
    else:
        inside.append(cursor.expression())


def _descriptor_field(cursor: Cursor) -> None:
    """`a`, or `a bigint`."""
    cursor.identifier()
    if cursor.kind not in (",", ")"):
        read_type(cursor)


def _table_argument(cursor: Cursor, inside: list[Inside]) -> None:
    """`TABLE(t) AS a PARTITION BY b ORDER BY c`."""
    cursor.expect_all("TABLE", "(")
    if cursor.kind in QUERIES or cursor.kind == "(":
        inside.append(cursor.query())
    else:
        at = cursor.at
        name = cursor.qualified_name()
        inside.append(Table(at, cursor.end, name))
    cursor.expect(")")
    if cursor.take("AS") or _names_table(cursor):
        cursor.identifier()
        if cursor.kind == "(":
            cursor.names_in_parentheses()
    inside.extend(_partition(cursor))
    if cursor.take_any(("PRUNE", "KEEP")):
        cursor.expect_all("WHEN", "EMPTY")
    if cursor.kind == "ORDER":
        inside.extend(item.expression for item in _order(cursor))


def _partition(cursor: Cursor) -> Expressions:
    """`PARTITION BY a`; `PARTITION BY ()` says that there are no parts."""
    if cursor.take_all("PARTITION", "BY", "(", ")"):
        return ()
    if not cursor.take_all("PARTITION", "BY"):
        return ()
    return (cursor.expression(),)


def _names_table(cursor: Cursor) -> bool:
    """True where an alias without AS stands. PARTITION and its like are names too."""
    if cursor.kind not in NAMES:
        return False
    match cursor.kind:
        case "PARTITION":
            return cursor.ahead() != "BY"
        case "COPARTITION":
            return cursor.ahead() != "("
        case "PRUNE" | "KEEP":
            return cursor.ahead() != "WHEN"
        case _:
            return True


def _order(cursor: Cursor) -> SortItems:
    """`ORDER BY a DESC`, or `ORDER BY (a DESC, b)`."""
    cursor.expect_all("ORDER", "BY")
    mark = cursor.mark()
    if cursor.take("("):
        items = cursor.list_of(lambda: sort_item(cursor))
        cursor.expect(")")
        if cursor.kind in (",", ")", "COPARTITION"):
            return items
        # `(a) + b` is one item that begins with a parenthesis
        cursor.back_to(mark)
    return (sort_item(cursor),)


# JSON_TABLE


def json_table(cursor: Cursor) -> Relation:
    """`JSON_TABLE(value, 'path' COLUMNS (…))`."""
    at = cursor.at
    cursor.expect("JSON_TABLE")
    name = Identifier(at, cursor.end, cursor.sql[at : cursor.end])
    cursor.expect("(")
    values, _ = jsoncalls.path_invocation(cursor)
    inside = list(values)
    _columns(cursor, inside)
    if cursor.take("PLAN"):
        default = cursor.take("DEFAULT")
        cursor.expect("(")
        if default:
            _default_plan(cursor)
        else:
            _plan(cursor)
        cursor.expect(")")
    if cursor.take_any(("ERROR", "EMPTY")):
        cursor.expect_all("ON", "ERROR")
    cursor.expect(")")
    return TableFunction(at, cursor.end, (name,), tuple(inside))


def _columns(cursor: Cursor, inside: list[Expression]) -> None:
    """`COLUMNS (a bigint, NESTED PATH '…' COLUMNS (…))`."""
    cursor.expect_all("COLUMNS", "(")
    cursor.list_of(lambda: _column(cursor, inside))
    cursor.expect(")")


def _column(cursor: Cursor, inside: list[Expression]) -> None:
    """One column of JSON_TABLE, or several that are nested."""
    cursor.deepen()
    if _begins_nested(cursor):
        cursor.advance()
        cursor.take("PATH")
        cursor.text()
        if cursor.take("AS"):
            cursor.identifier()
        _columns(cursor, inside)
    else:
        cursor.identifier()
        if cursor.take("FOR"):
            cursor.expect("ORDINALITY")
        else:
            inside.extend(_typed_column(cursor))
    cursor.rise()


def _begins_nested(cursor: Cursor) -> bool:
    """True at `NESTED PATH '…'`, where PATH may be left out. NESTED is a name too."""
    if cursor.kind != "NESTED":
        return False
    if cursor.ahead() == "PATH":
        return cursor.ahead(2) in TEXTS
    return cursor.ahead() in TEXTS


def _typed_column(cursor: Cursor) -> Expressions:
    """What stands after a column's name: the defaults in it."""
    read_type(cursor)
    formatted = jsoncalls.json_format(cursor)
    if cursor.take("PATH"):
        cursor.text()
    if formatted:
        jsoncalls.wrapper_and_quotes(cursor)
        jsoncalls.query_behaviours(cursor)
        return ()
    return jsoncalls.value_behaviours(cursor)


def _plan(cursor: Cursor) -> None:
    """How nested columns are joined: `(a OUTER b)`, or `(a UNION b)`."""
    cursor.deepen()
    named = _plan_primary(cursor)
    kind = cursor.kind
    if named and kind in _PARENTS:
        cursor.advance()
        _plan_primary(cursor)
    elif kind in _SIBLINGS:
        while cursor.take(kind):
            _plan_primary(cursor)
    elif not named:
        raise cursor.mismatch(*_SIBLINGS)
    cursor.rise()


def _plan_primary(cursor: Cursor) -> bool:
    """True for a path's name, false for a plan in parentheses."""
    if not cursor.take("("):
        cursor.identifier()
        return True
    _plan(cursor)
    cursor.expect(")")
    return False


def _default_plan(cursor: Cursor) -> None:
    """`OUTER, UNION`: one word for parents and one for siblings, in any order."""
    first = cursor.expect_any((*_PARENTS, *_SIBLINGS))
    if not cursor.take(","):
        return
    if first in _PARENTS:
        cursor.expect_any(_SIBLINGS)
    else:
        cursor.expect_any(_PARENTS)
