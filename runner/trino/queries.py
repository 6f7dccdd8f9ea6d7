"""Queries: WITH, SELECT, VALUES, set operations, and what stands after them."""

from __future__ import annotations

from runner.trino.calls import set_quantifier
from runner.trino.cursor import NAMES, SETS, Cursor, SyntaxRefused
from runner.trino.expressions import expression_from, primary
from runner.trino.lexer import DECIMAL, DOUBLE, INTEGER
from runner.trino.primaries import number
from runner.trino.relations import from_clause
from runner.trino.tree import (
    Body,
    Expression,
    GroupBy,
    GroupingElement,
    GroupingKind,
    Identifier,
    NamedWindow,
    Number,
    NumberKind,
    Query,
    Select,
    SelectItem,
    SetKind,
    SetOperation,
    SortItem,
    Star,
    Table,
    TableBody,
    Values,
    With,
    WithQuery,
)
from runner.trino.windows import named_window, sort_items

_AFTER_QUERY = ("ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT")
_AFTER_ITEMS = (",", "FROM", "WHERE", "GROUP", *_AFTER_QUERY)
_AFTER_RELATION = (",", "JOIN", "WHERE", "GROUP", *_AFTER_QUERY)


def query(cursor: Cursor) -> Query:
    """A query, from its WITH to its LIMIT."""
    cursor.deepen()
    at = cursor.at
    with_ = _with(cursor) if cursor.kind == "WITH" else None
    body = _term(cursor, at=cursor.at, loosest=1)
    found = _whole(cursor, at, body, with_)
    cursor.rise()
    return found


def query_from(cursor: Cursor, at: int, first: Query) -> Query:
    """The rest of a query that began at `at` with `(first)`."""
    return _whole(cursor, at, _set_operations(cursor, at, first, loosest=1), None)


def _whole(cursor: Cursor, at: int, body: Body, with_: With | None) -> Query:
    """The query that begins with this body, with ORDER BY, OFFSET and LIMIT after it."""
    order_by: tuple[SortItem, ...] = ()
    if cursor.kind == "ORDER":
        order_by = sort_items(cursor)
        cursor.next_clauses = (",", "LIMIT", "OFFSET", "FETCH")
    offset = None
    if cursor.kind == "OFFSET":
        cursor.advance()
        offset = _row_count(cursor)
        cursor.take_any(("ROW", "ROWS"))
        cursor.next_clauses = ("LIMIT", "FETCH")
    limit, limited, ties = _limit(cursor)
    return Query(at, cursor.end, body, with_, order_by, offset, limit, limited, ties)


def _limit(cursor: Cursor) -> tuple[Expression | None, bool, bool]:
    """LIMIT's or FETCH FIRST's number, whether there is such a clause, and WITH TIES."""
    if cursor.take("LIMIT"):
        limit = None if cursor.take("ALL") else _row_count(cursor, "ALL")
        cursor.next_clauses = ()
        return limit, True, False
    if not cursor.take("FETCH"):
        return None, False, False
    cursor.expect_any(("FIRST", "NEXT"))
    at = cursor.at
    one = Number(at, at, NumberKind.INTEGER, "1")  # FETCH FIRST ROW is a single one
    limit = _row_count(cursor) if cursor.kind in (INTEGER, "?") else one
    cursor.expect_any(("ROW", "ROWS"))
    ties = cursor.expect_any(("ONLY", "WITH")) == "WITH"
    if ties:
        cursor.expect("TIES")
    cursor.next_clauses = ()
    return limit, True, ties


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
    columns: tuple[Identifier, ...] = ()
    if cursor.kind == "(":
        columns = cursor.names_in_parentheses()
    cursor.expect("AS", *(() if columns else ("(",)))
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
        kind, sign_at = cursor.kind, cursor.at
        cursor.advance()
        keeps_all = cursor.take_any(("ALL", "DISTINCT")) == "ALL"
        right = _term(cursor, at=cursor.at, loosest=_BINDING[kind] + 1)
        left = SetOperation(
            at, cursor.end, SetKind(kind.lower()), keeps_all, left, right, sign_at
        )
    return left


def _primary(cursor: Cursor) -> Body:
    """A part of a set operation: SELECT, VALUES, TABLE, or a query in parentheses."""
    at = cursor.at
    match cursor.kind:
        case "SELECT":
            return _select(cursor)
        case "VALUES":
            cursor.advance()
            rows = cursor.list_of(cursor.expression)
            cursor.next_clauses = (",", *_AFTER_QUERY)
            return Values(at, cursor.end, rows)
        case "TABLE":
            cursor.advance()
            table_at = cursor.at
            name = cursor.qualified_name()
            cursor.next_clauses = _AFTER_QUERY
            return TableBody(at, cursor.end, Table(table_at, cursor.end, name))
        case "(":
            cursor.advance()
            if cursor.take("WITH"):
                raise SyntaxRefused(
                    at,
                    "WITH in parentheses can be neither a whole statement nor a side of UNION and its like",
                )
            found = query(cursor)
            cursor.expect(")")
            cursor.next_clauses = _AFTER_QUERY
            return found
        case _:
            cursor.next_clauses = ()
            raise cursor.mismatch("(", "SELECT", "TABLE", "VALUES")


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
    where = _condition(cursor, "WHERE", ("AND", "OR", "GROUP", *_AFTER_QUERY))
    group_by = _group_by(cursor) if cursor.kind == "GROUP" else None
    having = _condition(cursor, "HAVING", ("AND", "OR", *_AFTER_QUERY))
    windows: tuple[NamedWindow, ...] = ()
    if cursor.kind == "WINDOW" and cursor.ahead() in NAMES and cursor.ahead(2) == "AS":
        cursor.advance()
        windows = cursor.list_of(lambda: named_window(cursor))
        cursor.next_clauses = (",", *_AFTER_QUERY)
    return Select(
        at, cursor.end, items, distinct, from_, where, group_by, having, windows
    )


def _took_all_before_star(cursor: Cursor) -> bool:
    """Go past the ALL of `SELECT ALL *`; in `SELECT all * 2` it is a column."""
    if cursor.at_all("ALL", "*") and cursor.ahead(2) not in (
        INTEGER,
        DECIMAL,
        DOUBLE,
        "(",
    ):
        cursor.advance()
        return True
    return False


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
    if cursor.kind in ("NOT", "+") or (
        cursor.kind == "-" and cursor.ahead() not in (INTEGER, DECIMAL, DOUBLE)
    ):
        expression = cursor.expression()
    else:
        cursor.deepen()
        first = primary(cursor)
        if cursor.kind == ".":
            cursor.rise()
            return _all_of(cursor, at, first)
        expression = expression_from(cursor, at, first)
        cursor.rise()
    alias = None
    if cursor.take("AS") or (cursor.kind in NAMES and not _begins_clause(cursor)):
        alias = cursor.identifier()
    return SelectItem(at, cursor.end, expression, alias)


def _all_of(cursor: Cursor, at: int, base: Expression) -> Star:
    """`base.*`, with the names that may be given to its columns."""
    cursor.expect_all(".", "*")
    aliases: tuple[Identifier, ...] = ()
    if cursor.take("AS"):
        aliases = cursor.names_in_parentheses()
    return Star(at, cursor.end, base, aliases)


def _begins_clause(cursor: Cursor) -> bool:
    """True at a word that could be a name, and begins a clause here."""
    if cursor.kind == "WINDOW":
        return cursor.ahead() in NAMES and cursor.ahead(2) == "AS"
    return cursor.begins_limit()


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
    at, kind = cursor.at, cursor.kind
    if kind in ("ROLLUP", "CUBE"):
        cursor.advance()
        cursor.expect("(")
        if cursor.kind == ")":
            raise SyntaxRefused(
                cursor.at,
                f"mismatched input ')'. Expecting: <expression>: an empty {kind} groups nothing",
            )
        sets = cursor.list_of(lambda: _grouping_set(cursor))
        cursor.expect(")", ",")
        return GroupingElement(at, cursor.end, GroupingKind(kind.lower()), sets)
    if kind == "GROUPING" and cursor.ahead() == "SETS":
        cursor.expect_all("GROUPING", "SETS", "(")
        sets = cursor.list_of(lambda: _grouping_set(cursor))
        cursor.expect(")", ",")
        return GroupingElement(at, cursor.end, GroupingKind.SETS, sets)
    only = _grouping_set(cursor)
    return GroupingElement(at, cursor.end, GroupingKind.SIMPLE, (only,))


def _grouping_set(cursor: Cursor) -> tuple[Expression, ...]:
    """`(a, b)`, `()` or `a`. What goes on after its parentheses is one expression: `(a + b) * 2`."""
    mark = cursor.mark()
    if cursor.take("("):
        if cursor.take(")"):
            if cursor.kind != "->":
                return ()
        else:
            found = _listed(cursor)
            if found:
                return found
        cursor.back_to(mark)
    return (cursor.expression(),)


def _listed(cursor: Cursor) -> tuple[Expression, ...]:
    """The expressions of `(a, b)` if it ends the grouping set, else none; its first
    parenthesis was read.
    """
    try:
        found = cursor.list_of(cursor.expression)
        cursor.expect(")")
    except SyntaxRefused:
        return ()
    return () if cursor.kind in _GO_ON else found
