"""What stands in FROM: tables, queries, joins, UNNEST, table functions and patterns of rows."""

from __future__ import annotations

from typing import TypeGuard

from runner.trino import patterns
from runner.trino.cursor import NAMES, QUERIES, Cursor
from runner.trino.tablefunctions import json_table, table_function
from runner.trino.tree import (
    Aliased,
    Expression,
    Identifiers,
    Join,
    JoinKind,
    MatchRecognize,
    Relation,
    Sampled,
    SortItems,
    Subquery,
    Table,
    Unnest,
)
from runner.trino.windows import begins_named_windows, partition_by, sort_items

_KINDS = {
    "INNER": JoinKind.INNER,
    "LEFT": JoinKind.LEFT,
    "RIGHT": JoinKind.RIGHT,
    "FULL": JoinKind.FULL,
    "JOIN": JoinKind.INNER,
}
_JOINS = frozenset({*_KINDS, "CROSS", "NATURAL"})
_METHODS = ("BERNOULLI", "SYSTEM")
# The words that may follow MATCH_RECOGNIZE's parenthesis; they are names too, as `t
# match_recognize (pattern)` shows.
_IN_MATCH = (
    "PARTITION",
    "ORDER",
    "MEASURES",
    "ONE",
    "ALL",
    "AFTER",
    "INITIAL",
    "SEEK",
    "PATTERN",
)


def from_clause(cursor: Cursor) -> Relation:
    """The relations after FROM, as one."""
    at = cursor.at
    found = relation(cursor)
    while cursor.take(","):
        right = relation(cursor)
        found = Join(at, cursor.end, JoinKind.CROSS, found, right, comma=True)
    return found


def relation(cursor: Cursor) -> Relation:
    """A relation with the joins after it."""
    cursor.deepen()
    at = cursor.at
    found = _sampled(cursor)
    while cursor.kind in _JOINS:
        found = _join(cursor, at, found)
    cursor.rise()
    return found


def _join(cursor: Cursor, at: int, left: Relation) -> Relation:
    """The relation that began at `at` with `left`, joined with what comes next."""
    if cursor.take("CROSS"):
        cursor.expect("JOIN")
        right = _sampled(cursor)
        return Join(at, cursor.end, JoinKind.CROSS, left, right)
    natural = cursor.take("NATURAL")
    kind = _join_kind(cursor)
    if natural:
        right = _sampled(cursor)
        return Join(at, cursor.end, kind, left, right, natural=True)
    right = relation(cursor)
    if cursor.take("ON"):
        on = cursor.expression()
        return Join(at, cursor.end, kind, left, right, on)
    if cursor.kind != "USING":
        raise cursor.mismatch("ON", "USING")
    cursor.advance()
    using = cursor.names_in_parentheses()
    return Join(at, cursor.end, kind, left, right, using=using)


def _join_kind(cursor: Cursor) -> JoinKind:
    """The words before a right side, such as LEFT OUTER JOIN."""
    word = cursor.expect_any(tuple(_KINDS))
    if word == "JOIN":
        return JoinKind.INNER
    if word != "INNER":
        cursor.take("OUTER")
    cursor.expect("JOIN")
    return _KINDS[word]


def _sampled(cursor: Cursor) -> Relation:
    """A relation with the TABLESAMPLE after it, if there is one."""
    at = cursor.at
    found = _matched(cursor)
    if not _begins_sample(cursor):
        return found
    cursor.expect("TABLESAMPLE")
    method = cursor.expect_any(_METHODS).lower()
    cursor.expect("(")
    percentage = cursor.expression()
    cursor.expect(")")
    return Sampled(at, cursor.end, found, method, percentage)


def _begins_sample(cursor: Cursor) -> bool:
    """True at TABLESAMPLE where it is a clause and not an alias."""
    return cursor.kind == "TABLESAMPLE" and cursor.ahead() in _METHODS


def _begins_match(cursor: Cursor) -> bool:
    """True at MATCH_RECOGNIZE where it is a clause and not an alias."""
    if not cursor.at_all("MATCH_RECOGNIZE", "("):
        return False
    return cursor.ahead(2) in _IN_MATCH and cursor.ahead(3) not in (",", ")")


def _matched(cursor: Cursor) -> Relation:
    """A relation with its alias, and the MATCH_RECOGNIZE after it, if there is one."""
    at = cursor.at
    found = _aliased(cursor, at, _primary(cursor))
    if not _begins_match(cursor):
        return found
    return _aliased(cursor, at, _match_recognize(cursor, at, found))


def _aliased(cursor: Cursor, at: int, found: Relation) -> Relation:
    """The relation with the alias after it, if there is one."""
    if not cursor.take("AS") and not _begins_alias(cursor):
        return found
    alias = cursor.identifier()
    columns: Identifiers = ()
    if cursor.kind == "(":
        columns = cursor.names_in_parentheses()
    return Aliased(at, cursor.end, found, alias, columns)


def _begins_alias(cursor: Cursor) -> bool:
    """True at an alias without AS. Many words of clauses may be one."""
    return cursor.kind in NAMES and not _begins_clause(cursor)


def _begins_clause(cursor: Cursor) -> bool:
    """True at a word that could be a name, and begins a clause here."""
    match cursor.kind:
        case "TABLESAMPLE":
            return _begins_sample(cursor)
        case "MATCH_RECOGNIZE":
            return _begins_match(cursor)
        case "WINDOW":
            return begins_named_windows(cursor)
        case _:
            return cursor.begins_limit()


def _primary(cursor: Cursor) -> Relation:
    """A relation without alias: what its first word tells."""
    at = cursor.at
    match cursor.kind:
        case "(":
            return _parentheses(cursor)
        case "UNNEST":
            return _unnest(cursor)
        case "LATERAL" if cursor.ahead() == "(":
            cursor.advance()
            query = cursor.query_in_parentheses()
            return Subquery(at, cursor.end, query, lateral=True)
        case "TABLE":
            return table_function(cursor)
        case "JSON_TABLE":
            return json_table(cursor)
        case kind if kind in NAMES:
            return _table(cursor)
        case _:
            raise cursor.mismatch("(", "LATERAL", "TABLE", "UNNEST", "<identifier>")


def _table(cursor: Cursor) -> Relation:
    """`a.b.c`, or `t FOR VERSION AS OF 1`."""
    at = cursor.at
    name = cursor.qualified_name()
    version: Expression | None = None
    if cursor.take("FOR"):
        cursor.expect_any(("TIMESTAMP", "VERSION"))
        cursor.expect_all("AS", "OF")
        version = cursor.value()
    return Table(at, cursor.end, name, version)


def _unnest(cursor: Cursor) -> Relation:
    """`UNNEST(a, b) WITH ORDINALITY`."""
    at = cursor.at
    cursor.expect_all("UNNEST", "(")
    expressions = cursor.list_of(cursor.expression)
    cursor.expect(")", ",")
    ordinality = cursor.take_all("WITH", "ORDINALITY")
    return Unnest(at, cursor.end, expressions, ordinality)


def _parentheses(cursor: Cursor) -> Relation:
    """`(query)`, or `(relation)`."""
    at = cursor.at
    cursor.expect("(")
    if cursor.kind in QUERIES and not cursor.at_all("TABLE", "("):
        query = cursor.query()
        cursor.expect(")")
        return Subquery(at, cursor.end, query)
    first_at = cursor.at
    found = relation(cursor)
    if not _is_query(found, first_at, cursor.end):
        cursor.expect(")", "JOIN")
        return found
    # `((SELECT 1) UNION SELECT 2)`: what was read as a relation is part of a query
    query = found.query
    if query.with_ is None and cursor.goes_on_as_query():
        query = cursor.grammar.query_from(cursor, first_at, query)
    cursor.expect(")")
    return Subquery(at, cursor.end, query)


def _is_query(found: Relation, at: int, end: int) -> TypeGuard[Subquery]:
    """True where a relation is nothing but `(query)`, without LATERAL, joins or an alias."""
    if not isinstance(found, Subquery) or found.lateral:
        return False
    return found.at == at and found.end == end


def _match_recognize(cursor: Cursor, at: int, found: Relation) -> Relation:
    """`MATCH_RECOGNIZE (…)` of a relation that began at `at` and was read already."""
    cursor.expect_all("MATCH_RECOGNIZE", "(")
    partitions = partition_by(cursor)
    order_by: SortItems = ()
    if cursor.kind == "ORDER":
        order_by = sort_items(cursor)
    measures = patterns.measures(cursor)
    all_rows = patterns.rows_per_match(cursor)
    patterns.after_match(cursor)
    patterns.pattern(cursor)
    patterns.subsets(cursor)
    conditions = patterns.definitions(cursor)
    cursor.expect(")", ",")
    names = tuple(name for name, _ in measures)
    inside = (*patterns.values(measures), *conditions)
    return MatchRecognize(
        at, cursor.end, found, partitions, order_by, names, all_rows, inside
    )
