"""Reads a statement as Trino 423 does: its tree, or a refusal where Trino would refuse it."""

from __future__ import annotations

import sys
from functools import lru_cache
from threading import Lock

from runner.trino import expressions, queries
from runner.trino.cursor import DEEPEST, NAMES, QUERIES, Cursor, Grammar, SyntaxRefused
from runner.trino.lexer import END, Tokens, read
from runner.trino.tree import (
    AddColumn,
    ColumnDefinition,
    CreateTableAs,
    Delete,
    DropTable,
    Identifiers,
    Insert,
    OtherStatement,
    Query,
    Statement,
    Table,
)
from runner.trino.typenames import read_type

__all__ = ["SyntaxRefused", "parse"]

_GRAMMAR = Grammar(
    expressions.expression,
    expressions.condition_from,
    expressions.value,
    queries.query,
    queries.query_from,
)

# The first words of statements that nobody here writes. They are named, not read.
_OTHER = frozenset(
    """
    ALTER ANALYZE CALL COMMENT COMMIT CREATE DEALLOCATE DENY DESC DESCRIBE DROP EXECUTE
    EXPLAIN GRANT MERGE PREPARE REFRESH RESET REVOKE ROLLBACK SET SHOW START TRUNCATE
    UPDATE USE
    """.split()  # noqa: SIM905  a list of words is read as one
)

# What a message lists where no statement begins.
_BEGINNINGS = (
    "SELECT",
    "WITH",
    "VALUES",
    "INSERT",
    "CREATE",
    "DELETE",
    "DROP",
    "ALTER",
)

# A level of nesting takes up to this many of Python's own calls.
_CALLS_A_LEVEL = 14
_limit = Lock()


@lru_cache(maxsize=256)
def parse(sql: str) -> Statement:
    """The tree of exactly one statement, without or with a `;` after it.

    :raises SyntaxRefused: it is none, or Trino 423 refuses how it is written.
    """
    tokens = read(sql)
    try:
        return _one_statement(tokens)
    except RecursionError:
        return _deep_statement(tokens)


def _deep_statement(tokens: Tokens) -> Statement:
    """The tree of a statement that is nested deeper than Python's calls usually may be.

    Others wait: the limit is everybody's.
    """
    with _limit:
        usual = sys.getrecursionlimit()
        sys.setrecursionlimit(max(usual, DEEPEST * _CALLS_A_LEVEL + usual))
        try:
            return _one_statement(tokens)
        finally:
            sys.setrecursionlimit(usual)


def _one_statement(tokens: Tokens) -> Statement:
    """The tree of one statement, which must end with the text, or with a `;`."""
    cursor = Cursor(tokens, _GRAMMAR)
    found = _statement(cursor)
    if isinstance(found, OtherStatement):
        return found
    _end(cursor)
    if cursor.kind != END:
        raise cursor.mismatch("<EOF>")
    return found


def _end(cursor: Cursor) -> None:
    """Go past a `;`, after which nothing may stand."""
    if cursor.take(";") and cursor.kind != END:
        told = "a second statement begins here; one statement is all that is read"
        raise SyntaxRefused(cursor.at, told)


def _statement(cursor: Cursor) -> Statement:
    """What begins with a word of its own; the first two words say which statement it
    is.
    """
    kind = cursor.kind
    if kind in QUERIES or kind == "(":
        return queries.query(cursor)
    match kind, cursor.ahead():
        case "INSERT", _:
            return _insert(cursor)
        case "DELETE", _:
            return _delete(cursor)
        case "CREATE", "TABLE":
            return _create_table(cursor) or _other(cursor)
        case "DROP", "TABLE":
            return _drop_table(cursor)
        case "ALTER", "TABLE":
            return _add_column(cursor) or _other(cursor)
        case _ if kind in _OTHER:
            return _other(cursor)
        case _:
            raise cursor.mismatch(*_BEGINNINGS)


def _other(cursor: Cursor) -> Statement:
    """What begins as a statement of Trino does. Its words are not read; a second
    statement is none of them.
    """
    at = cursor.at
    words = [cursor.kind]
    cursor.advance()
    if cursor.kind.isupper():
        words.append(cursor.kind)
    while cursor.kind not in (END, ";"):
        cursor.advance()
    end = cursor.end
    _end(cursor)
    return OtherStatement(at, end, " ".join(words))


def _table(cursor: Cursor) -> Table:
    """A table's name, such as `a.b.c`."""
    at = cursor.at
    name = cursor.qualified_name()
    return Table(at, cursor.end, name)


def _if_exists(cursor: Cursor, *words: str) -> bool:
    """IF EXISTS, or IF NOT EXISTS, where it stands here. IF is a name too."""
    return cursor.take_all("IF", *words)


def _insert(cursor: Cursor) -> Statement:
    """`INSERT INTO t (a, b) SELECT …`."""
    at = cursor.at
    cursor.expect_all("INSERT", "INTO")
    table = _table(cursor)
    columns: Identifiers = ()
    if cursor.kind == "(" and cursor.ahead() in NAMES:
        columns = cursor.names_in_parentheses()
    query = queries.query(cursor)
    return Insert(at, cursor.end, table, columns, query)


def _delete(cursor: Cursor) -> Statement:
    """`DELETE FROM t WHERE …`."""
    at = cursor.at
    cursor.expect_all("DELETE", "FROM")
    table = _table(cursor)
    cursor.next_clauses = ("WHERE",)
    where = None
    if cursor.take("WHERE"):
        cursor.next_clauses = ()
        where = cursor.expression()
        cursor.next_clauses = ("AND", "OR")
    return Delete(at, cursor.end, table, where)


def _drop_table(cursor: Cursor) -> Statement:
    """`DROP TABLE IF EXISTS t`."""
    at = cursor.at
    cursor.expect_all("DROP", "TABLE")
    if_exists = _if_exists(cursor, "EXISTS")
    table = _table(cursor)
    return DropTable(at, cursor.end, table, if_exists)


def _add_column(cursor: Cursor) -> Statement | None:
    """ALTER TABLE … ADD COLUMN; None, and nothing read, for any other ALTER TABLE."""
    at = cursor.at
    mark = cursor.mark()
    cursor.expect_all("ALTER", "TABLE")
    _if_exists(cursor, "EXISTS")
    table = _table(cursor)
    if not cursor.take_all("ADD", "COLUMN"):
        cursor.back_to(mark)
        return None
    if_not_exists = _if_exists(cursor, "NOT", "EXISTS")
    column = _column_definition(cursor)
    if column is None:
        cursor.back_to(mark)
        return None
    return AddColumn(at, cursor.end, table, column, if_not_exists)


def _column_definition(cursor: Cursor) -> ColumnDefinition | None:
    """A column's name and type; None for a field inside a column, `a.b`."""
    at = cursor.at
    names = cursor.qualified_name()
    if len(names) > 1:
        return None
    kind = read_type(cursor)
    end = cursor.end
    if cursor.take("NOT"):
        cursor.expect("NULL")
    _comment(cursor)
    if cursor.take("WITH"):
        _properties(cursor)
    return ColumnDefinition(at, end, names[0], kind)


def _comment(cursor: Cursor) -> None:
    """`COMMENT 'text'`, where it stands here."""
    if not cursor.take("COMMENT"):
        return
    if not cursor.at_text():
        raise cursor.mismatch("<string>")
    cursor.text()


def _properties(cursor: Cursor) -> None:
    """`(a = 1, b = 2)`: read, and not kept."""
    cursor.expect("(")
    cursor.list_of(lambda: _property(cursor))
    cursor.expect(")")


def _property(cursor: Cursor) -> None:
    """`a = 1`, or `a = DEFAULT`."""
    cursor.identifier()
    cursor.expect("=")
    if cursor.kind == "DEFAULT" and cursor.ahead() in (",", ")"):
        cursor.advance()
    else:
        cursor.expression()


def _create_table(cursor: Cursor) -> Statement | None:
    """CREATE TABLE … AS; None, and nothing read, for a table of columns."""
    at = cursor.at
    mark = cursor.mark()
    cursor.expect_all("CREATE", "TABLE")
    if_not_exists = _if_exists(cursor, "NOT", "EXISTS")
    table = _table(cursor)
    columns: Identifiers = ()
    if cursor.kind == "(":
        # `(a, b)` names the columns of a query, and `(a bigint)` makes others
        if cursor.ahead(2) not in (",", ")"):
            cursor.back_to(mark)
            return None
        columns = cursor.names_in_parentheses()
    _comment(cursor)
    if cursor.take("WITH"):
        _properties(cursor)
    cursor.expect("AS")
    query = _query_or_parentheses(cursor)
    with_data = True
    if cursor.take("WITH"):
        with_data = not cursor.take("NO")
        cursor.expect("DATA")
    return CreateTableAs(
        at, cursor.end, table, query, columns, if_not_exists, with_data
    )


def _query_or_parentheses(cursor: Cursor) -> Query:
    """A query, which may begin with WITH inside parentheses here."""
    if not cursor.at_all("(", "WITH"):
        return queries.query(cursor)
    return cursor.query_in_parentheses()
