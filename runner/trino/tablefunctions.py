"""TABLE(f(…)) and JSON_TABLE(…), read whole; only their names are kept."""

from __future__ import annotations

from runner.trino import jsoncalls
from runner.trino.cursor import NAMES, QUERIES, Cursor
from runner.trino.lexer import TEXT, UNICODE_TEXT
from runner.trino.tree import (
    Expression,
    Identifier,
    Query,
    Relation,
    SortItem,
    Table,
    TableFunction,
)
from runner.trino.typenames import read_type
from runner.trino.windows import sort_item

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
    elif cursor.at_all("DESCRIPTOR", "("):
        cursor.expect_all("DESCRIPTOR", "(")
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
    if cursor.at_all("PARTITION", "BY", "(", ")"):
        cursor.expect_all("PARTITION", "BY", "(", ")")
    else:
        partition = cursor.at_all("PARTITION", "BY")
        if partition:
            cursor.expect_all("PARTITION", "BY")
            inside.append(cursor.expression())
    if cursor.take_any(("PRUNE", "KEEP")):
        cursor.expect_all("WHEN", "EMPTY")
    if cursor.kind == "ORDER":
        inside.extend(item.expression for item in _order(cursor))


def _names_table(cursor: Cursor) -> bool:
    """True where an alias without AS stands. PARTITION and its like are names too."""
    if (
        cursor.kind not in NAMES
        or cursor.at_all("PARTITION", "BY")
        or cursor.at_all("COPARTITION", "(")
    ):
        return False
    return not (cursor.kind in ("PRUNE", "KEEP") and cursor.ahead() == "WHEN")


def _order(cursor: Cursor) -> tuple[SortItem, ...]:
    """`ORDER BY a DESC`, or `ORDER BY (a DESC, b)`."""
    cursor.expect_all("ORDER", "BY")
    mark = cursor.mark()
    if cursor.take("("):
        items = cursor.list_of(lambda: sort_item(cursor))
        cursor.expect(")")
        if cursor.kind in (",", ")", "COPARTITION"):
            return items
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
    by = 2 if cursor.ahead() == "PATH" else 1
    if cursor.kind == "NESTED" and cursor.ahead(by) in (TEXT, UNICODE_TEXT):
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


def _typed_column(cursor: Cursor) -> tuple[Expression, ...]:
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
    if named and kind in ("OUTER", "INNER"):
        cursor.advance()
        _plan_primary(cursor)
    elif kind in ("UNION", "CROSS"):
        while cursor.take(kind):
            _plan_primary(cursor)
    elif not named:
        raise cursor.mismatch("UNION", "CROSS")
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
    joins, sets = ("OUTER", "INNER"), ("UNION", "CROSS")
    first = cursor.expect_any((*joins, *sets))
    if cursor.take(","):
        cursor.expect_any(sets if first in joins else joins)
