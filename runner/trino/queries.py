"""Queries: WITH, SELECT, VALUES, set operations, and what stands after them."""

from __future__ import annotations

from runner.trino.calls import set_quantifier
from runner.trino.cursor import NAMES, SETS, Cursor, SyntaxRefused
from runner.trino.expressions import expression_from, primary
from runner.trino.lexer import INTEGER
from runner.trino.primaries import NUMBERS, number
from runner.trino.relations import from_clause
from runner.trino.tree import (
    Body,
    Expression,
    Expressions,
    GroupBy,
    GroupingElement,
    GroupingKind,
    Identifiers,
    NamedWindow,
    Number,
    NumberKind,
    Query,
    Select,
    SelectItem,
    SetKind,
    SetOperation,
    SortItems,
    Star,
    Table,
    TableBody,
    Values,
    With,
    WithQuery,
)
from runner.trino.windows import begins_named_windows, named_window, sort_items

# What a message lists beside what is expected, since a clause could have gone on.
_AFTER_QUERY = ("ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT")
_AFTER_ITEMS = (",", "FROM", "WHERE", "GROUP", *_AFTER_QUERY)
_AFTER_WHERE = ("AND", "OR", "GROUP", *_AFTER_QUERY)
_AFTER_HAVING = ("AND", "OR", *_AFTER_QUERY)
_AFTER_RELATION = (",", "JOIN", "WHERE", "GROUP", *_AFTER_QUERY)


def query(cursor: Cursor) -> Query:
    """A query, from its WITH to its LIMIT."""
    cursor.deepen()
    at = cursor.at
    with_ = None
    if cursor.kind == "WITH":
        with_ = _with(cursor)
    body = _term(cursor, at=cursor.at, loosest=1)
    found = _whole(cursor, at, body, with_)
    cursor.rise()
    return found


def query_from(cursor: Cursor, at: int, first: Query) -> Query:
    """The rest of a query that began at `at` with `(first)`."""
    body = _set_operations(cursor, at, first, loosest=1)
    return _whole(cursor, at, body, None)


def _whole(cursor: Cursor, at: int, body: Body, with_: With | None) -> Query:
    """The query that begins with this body, with ORDER BY, OFFSET and LIMIT after it."""
    order_by: SortItems = ()
    if cursor.kind == "ORDER":
        order_by = sort_items(cursor)
        cursor.next_clauses = (",", "LIMIT", "OFFSET", "FETCH")
    offset = None
    if cursor.take("OFFSET"):
        offset = _row_count(cursor)
        cursor.take_any(("ROW", "ROWS"))
        cursor.next_clauses = ("LIMIT", "FETCH")
    limit, limited, ties = _limit(cursor)
    return Query(at, cursor.end, body, with_, order_by, offset, limit, limited, ties)


def _limit(cursor: Cursor) -> tuple[Expression | None, bool, bool]:
    """LIMIT's or FETCH FIRST's number, whether there is such a clause, and WITH TIES."""
    if cursor.take("LIMIT"):
        limit = None
        if not cursor.take("ALL"):
            limit = _row_count(cursor, "ALL")
        cursor.next_clauses = ()
        return limit, True, False
    if not cursor.take("FETCH"):
        return None, False, False
    cursor.expect_any(("FIRST", "NEXT"))
    first = _fetched(cursor)
    cursor.expect_any(("ROW", "ROWS"))
    ties = cursor.expect_any(("ONLY", "WITH")) == "WITH"
    if ties:
        cursor.expect("TIES")
    cursor.next_clauses = ()
    return first, True, ties


def _fetched(cursor: Cursor) -> Expression:
    """FETCH's number of rows; FETCH FIRST ROW is a single one."""
    if cursor.kind in (INTEGER, "?"):
        return _row_count(cursor)
    at = cursor.at
    return Number(at, at, NumberKind.INTEGER, "1")


def _row_count(cursor: Cursor, *instead: str) -> Expression:
    """A number of rows. `instead` is what could have stood here too."""
    if cursor.kind != INTEGER:
        raise cursor.mismatch("<integer>", *instead)
    return number(cursor)


def _with(cursor: Cursor) -> With:
    """`WITH a AS (…), b AS (…)`."""
    at = cursor.at
    cursor.expect("WITH")
    recursive = cursor.take("RECURSIVE")
    queries = cursor.list_of(lambda: _with_query(cursor))
    cursor.next_clauses = (",",)
    return With(at, cursor.end, queries, recursive)


def _with_query(cursor: Cursor) -> WithQuery:
    """`a (x, y) AS (query)`."""
    at = cursor.at
    name = cursor.identifier()
    columns: Identifiers = ()
    if cursor.kind == "(":
        columns = cursor.names_in_parentheses()
    instead: tuple[str, ...] = ()
    if not columns:
        instead = ("(",)
    cursor.expect("AS", *instead)
    found = cursor.query_in_parentheses()
    return WithQuery(at, cursor.end, name, columns, found)


# set operations

_BINDING = {"UNION": 1, "EXCEPT": 1, "INTERSECT": 2}


def _term(cursor: Cursor, *, at: int, loosest: int) -> Body:
    """A query with the set operations after it that bind at least as close as
    `loosest`.
    """
    return _set_operations(cursor, at, _primary(cursor), loosest=loosest)


def _set_operations(cursor: Cursor, at: int, left: Body, *, loosest: int) -> Body:
    """The set operations after a query that began at `at`: INTERSECT binds closer than
    UNION and EXCEPT.
    """
    while cursor.kind in SETS and _BINDING[cursor.kind] >= loosest:
        kind = cursor.kind
        sign_at = cursor.at
        cursor.advance()
        keeps_all = cursor.take_any(("ALL", "DISTINCT")) == "ALL"
        right = _term(cursor, at=cursor.at, loosest=_BINDING[kind] + 1)
        end = cursor.end
        which = SetKind(kind.lower())
        left = SetOperation(at, end, which, keeps_all, left, right, sign_at)
    return left


def _primary(cursor: Cursor) -> Body:
    """A part of a set operation: SELECT, VALUES, TABLE, or a query in parentheses."""
    match cursor.kind:
        case "SELECT":
            return _select(cursor)
        case "VALUES":
            return _values(cursor)
        case "TABLE":
            return _table(cursor)
        case "(":
            return _query_in_parentheses(cursor)
        case _:
            cursor.next_clauses = ()
            raise cursor.mismatch("(", "SELECT", "TABLE", "VALUES")


def _values(cursor: Cursor) -> Values:
    """`VALUES (1, 'a'), (2, 'b')`."""
    at = cursor.at
    cursor.expect("VALUES")
    rows = cursor.list_of(cursor.expression)
    cursor.next_clauses = (",", *_AFTER_QUERY)
    return Values(at, cursor.end, rows)


def _table(cursor: Cursor) -> TableBody:
    """`TABLE t`."""
    at = cursor.at
    cursor.expect("TABLE")
    table_at = cursor.at
    name = cursor.qualified_name()
    cursor.next_clauses = _AFTER_QUERY
    table = Table(table_at, cursor.end, name)
    return TableBody(at, cursor.end, table)


def _query_in_parentheses(cursor: Cursor) -> Query:
    """`(query)` as a part of a set operation, where WITH may not stand."""
    at = cursor.at
    cursor.expect("(")
    if cursor.take("WITH"):
        told = (
            "WITH in parentheses can be neither a whole statement"
            " nor a side of UNION and its like"
        )
        raise SyntaxRefused(at, told)
    found = query(cursor)
    cursor.expect(")")
    cursor.next_clauses = _AFTER_QUERY
    return found


# SELECT


def _select(cursor: Cursor) -> Select:
    """SELECT with its clauses up to WINDOW, in the order in which they must stand."""
    at = cursor.at
    cursor.expect("SELECT")
    cursor.next_clauses = ()
    distinct = not _took_all_before_star(cursor) and set_quantifier(cursor)
    items = cursor.list_of(lambda: _item(cursor))
    cursor.next_clauses = _AFTER_ITEMS
    from_ = None
    if cursor.take("FROM"):
        cursor.next_clauses = ()
        from_ = from_clause(cursor)
        cursor.next_clauses = _AFTER_RELATION
    where = _condition(cursor, "WHERE", _AFTER_WHERE)
    group_by = None
    if cursor.kind == "GROUP":
        group_by = _group_by(cursor)
    having = _condition(cursor, "HAVING", _AFTER_HAVING)
    windows = _windows(cursor)
    return Select(
        at, cursor.end, items, distinct, from_, where, group_by, having, windows
    )


def _windows(cursor: Cursor) -> tuple[NamedWindow, ...]:
    """`WINDOW a AS (…), b AS (…)`, where it stands here."""
    if not begins_named_windows(cursor):
        return ()
    cursor.advance()
    found = cursor.list_of(lambda: named_window(cursor))
    cursor.next_clauses = (",", *_AFTER_QUERY)
    return found


def _took_all_before_star(cursor: Cursor) -> bool:
    """Go past the ALL of `SELECT ALL *`; in `SELECT all * 2` it is a column."""
    if not cursor.at_all("ALL", "*"):
        return False
    after = cursor.ahead(2)
    if after in NUMBERS or after == "(":
        return False
    cursor.advance()
    return True


def _condition(
    cursor: Cursor, word: str, next_clauses: tuple[str, ...]
) -> Expression | None:
    """A clause of one condition, such as WHERE; None where it does not stand here."""
    if not cursor.take(word):
        return None
    cursor.next_clauses = ()
    found = cursor.expression()
    cursor.next_clauses = next_clauses
    return found


def _item(cursor: Cursor) -> SelectItem | Star:
    """An item of SELECT: `*`, `t.*`, or an expression with its alias."""
    at = cursor.at
    if cursor.take("*"):
        return Star(at, cursor.end)
    if _begins_operator(cursor):
        return _aliased(cursor, at, cursor.expression())
    # `t.*` begins as a value does, so its first part is read before it is told apart
    cursor.deepen()
    first = primary(cursor)
    if cursor.kind == ".":
        cursor.rise()
        return _all_of(cursor, at, first)
    expression = expression_from(cursor, at, first)
    cursor.rise()
    return _aliased(cursor, at, expression)


def _begins_operator(cursor: Cursor) -> bool:
    """True at NOT and at a sign, unless it is a number's own."""
    if cursor.kind == "-":
        return cursor.ahead() not in NUMBERS
    return cursor.kind in ("NOT", "+")


def _aliased(cursor: Cursor, at: int, expression: Expression) -> SelectItem:
    """An item that began at `at`, with the alias after it, if there is one."""
    alias = None
    if cursor.take("AS") or _begins_alias(cursor):
        alias = cursor.identifier()
    return SelectItem(at, cursor.end, expression, alias)


def _begins_alias(cursor: Cursor) -> bool:
    """True at an alias without AS. WINDOW, LIMIT and their like may be one."""
    if cursor.kind not in NAMES or begins_named_windows(cursor):
        return False
    return not cursor.begins_limit()


def _all_of(cursor: Cursor, at: int, base: Expression) -> Star:
    """`base.*`, with the names that may be given to its columns."""
    cursor.expect_all(".", "*")
    aliases: Identifiers = ()
    if cursor.take("AS"):
        aliases = cursor.names_in_parentheses()
    return Star(at, cursor.end, base, aliases)


# GROUP BY

_GO_ON = frozenset(
    """
    + - * / % || = <> < > <= >= [ . -> AT AND OR NOT IS IN LIKE BETWEEN
    """.split()  # noqa: SIM905  a list of words is read as one
)


def _group_by(cursor: Cursor) -> GroupBy:
    """`GROUP BY a, ROLLUP (b, c)`."""
    at = cursor.at
    cursor.expect_all("GROUP", "BY")
    cursor.next_clauses = ()
    distinct = set_quantifier(cursor)
    elements = cursor.list_of(lambda: _grouping_element(cursor))
    cursor.next_clauses = (",", "HAVING", *_AFTER_QUERY)
    return GroupBy(at, cursor.end, elements, distinct)


def _grouping_element(cursor: Cursor) -> GroupingElement:
    """`a`, `(a, b)`, ROLLUP, CUBE or GROUPING SETS."""
    at = cursor.at
    kind = cursor.kind
    if cursor.take_any(("ROLLUP", "CUBE")):
        cursor.expect("(")
        if cursor.kind == ")":
            told = "mismatched input ')'. Expecting: <expression>"
            why = f"an empty {kind} groups nothing"
            raise SyntaxRefused(cursor.at, f"{told}: {why}")
        sets = _grouping_sets(cursor)
        return GroupingElement(at, cursor.end, GroupingKind(kind.lower()), sets)
    if cursor.take_all("GROUPING", "SETS"):
        cursor.expect("(")
        sets = _grouping_sets(cursor)
        return GroupingElement(at, cursor.end, GroupingKind.SETS, sets)
    only = _grouping_set(cursor)
    return GroupingElement(at, cursor.end, GroupingKind.SIMPLE, (only,))


def _grouping_sets(cursor: Cursor) -> tuple[Expressions, ...]:
    """Grouping sets up to the parenthesis that closes their list."""
    sets = cursor.list_of(lambda: _grouping_set(cursor))
    cursor.expect(")", ",")
    return sets


def _grouping_set(cursor: Cursor) -> Expressions:
    """`(a, b)`, `()` or `a`. What goes on after its parentheses is one expression, such
    as `(a + b) * 2`.
    """
    mark = cursor.mark()
    if not cursor.take("("):
        return (cursor.expression(),)
    if cursor.take(")"):
        # `() -> 1` is a lambda, which is refused later
        if cursor.kind != "->":
            return ()
    else:
        found = _listed(cursor)
        if found:
            return found
    cursor.back_to(mark)
    return (cursor.expression(),)


def _listed(cursor: Cursor) -> Expressions:
    """The expressions of `(a, b)` if it ends the grouping set, else none; its first
    parenthesis was read.
    """
    try:
        found = cursor.list_of(cursor.expression)
        cursor.expect(")")
    except SyntaxRefused:
        return ()
    if cursor.kind in _GO_ON:
        return ()
    return found
