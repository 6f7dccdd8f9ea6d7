"""One SELECT that Trino can run and that names the identifier: checked without any key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from runner.identifiers import Identifier
from runner.sql.tokens import Kind, tokens
from runner.trino.parser import SyntaxRefused, parse
from runner.trino.tree import (
    Body,
    Call,
    Column,
    Field,
    OtherStatement,
    Query,
    Select,
    SelectItem,
    SetOperation,
    Star,
    Statement,
    Table,
    TableBody,
    TableFunction,
    Values,
    place,
    walk,
)

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_WRITES = frozenset({"insert", "delete", "update", "merge", "create", "drop", "alter"})
_HINTS = {
    "regexp": "write regexp_like(a, 'b')",
    "rlike": "write regexp_like(a, 'b')",
    "ilike": "write lower(a) LIKE 'b'",
    ":": "write CAST(a AS type)",
}

_TOP = "write `from: SOURCE` and `top: {by: COLUMN, limit: 1000}` beside this SQL"
"""The way to what an ORDER BY with a LIMIT is most often written for."""

FORBIDDEN_SCHEMAS = frozenset({"information_schema", "system"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a line and column (from 1) of the rendered SQL."""

    line: int
    column: int
    code: str
    what: str
    fix: str
    about: Identifier | None = None


def _at(sql: str, offset: int, code: str, what: str, fix: str) -> Finding:
    """Something wrong at an offset of the SQL."""
    line, column = place(sql, offset)
    return Finding(line, column, code, what, fix)


# targets whose variables print the same SQL need it checked once
@lru_cache(maxsize=4096)
def check(
    sql: str, written: str, identifiers: tuple[Identifier, ...]
) -> tuple[Finding, ...]:
    """Everything wrong with an audience's SQL. `written` is the same with what was cut
    off its end. `identifiers` are those whose columns it must return.
    """
    if not sql.strip():
        return (Finding(1, 1, "Q001", "there is no SQL here", "write one SELECT"),)
    second = _second_statement(written)
    if second is not None:
        what = "there are several statements"
        return (_at(written, second, "Q003", what, "write one SELECT"),)
    try:
        statement = parsed(sql)
    except SyntaxRefused as refusal:
        return (_refused(sql, refusal),)
    return tuple(_statement_findings(statement, sql, identifiers))


# what is checked is resolved next
@lru_cache(maxsize=1)
def parsed(sql: str) -> Statement:
    """The SQL as a tree. Raises SyntaxRefused."""
    return parse(sql)


def _second_statement(sql: str) -> int | None:
    """Where something follows a semicolon."""
    # most often there is none, and nothing need be read
    if ";" not in sql:
        return None
    has_ended = False
    for text, at in _solid(sql):
        if text == ";":
            has_ended = True
        elif has_ended:
            return at
    return None


def _refused(sql: str, refusal: SyntaxRefused) -> Finding:
    """What Trino's grammar does not take, at its place; some of it has a code of its own."""
    at = refusal.at
    words: list[str] = []
    starts: list[int] = []
    for text, start in _solid(sql):
        if start <= at:
            words.append(text.lower())
            starts.append(start)
    first = words[0]
    word = words[-1]
    # the place may be the end of the SQL, where no word stands
    if starts[-1] != at:
        word = ""
    if first == "with" and word in _WRITES:
        return _not_a_select(sql, at, word)
    if first in _WRITES:
        return _not_a_select(sql, starts[0], first)
    if words[:-1] == ["with", "function"]:
        return _not_a_select(sql, starts[0], "with function")
    if word in {"into", "?"}:
        what = f"{word.upper()} has no meaning in a cohort's query"
        return _at(sql, at, "Q010", what, "take it out")
    before = ""
    if len(words) > 1:
        before = words[-2]
    what = f"Trino cannot read this SQL: {refusal.message}"
    return _at(sql, at, "Q002", what, _hint(before, word))


def _hint(before: str, word: str) -> str:
    """How to mend what Trino's grammar does not take: a word, behind another."""
    if before == word == "=":
        return "write = for equality"
    return _HINTS.get(word) or _HINTS.get(before) or "correct it at this place"


def _not_a_select(sql: str, offset: int, word: str) -> Finding:
    """A statement that is something else than a SELECT, by its first word."""
    what = f"{word.upper()} is not a SELECT"
    fix = "write one SELECT; the runner makes all tables itself"
    return _at(sql, offset, "Q004", what, fix)


def _statement_findings(
    statement: Statement, sql: str, identifiers: tuple[Identifier, ...]
) -> Iterator[Finding]:
    """What is wrong with a statement that has Trino's grammar."""
    if not isinstance(statement, Query):
        words = _words(statement, sql)
        yield _not_a_select(sql, statement.at, words)
        return
    branches = tuple(_branches(statement))
    first = branches[0]
    if not isinstance(first, Select):
        yield _at(sql, first.at, "Q004", "this is not a SELECT", "write one SELECT")
        return
    yield from _ends(statement, sql)
    yield from _forbidden(statement, sql)
    star = _star(branches)
    if star is not None:
        what = "SELECT * hides which column is the identifier"
        fix = f"name the column: SELECT {identifiers[0].column}"
        yield _at(sql, star.at, "Q005", what, fix)
        return
    # the first branch names the columns of them all
    begins = place(sql, statement.at)
    for identifier in identifiers:
        yield from _identifier_findings(first, begins, identifier)


def _star(branches: Iterable[Body]) -> Star | None:
    """The first `*` among the columns of some SELECTs."""
    for branch in branches:
        if not isinstance(branch, Select):
            continue
        for item in branch.items:
            if isinstance(item, Star):
                return item
    return None


def _words(statement: Statement, sql: str) -> str:
    """What a statement begins with, as people call it: DROP TABLE, INSERT."""
    if isinstance(statement, OtherStatement):
        first, *_ = statement.words.split()
        if first in {"CREATE", "DROP", "ALTER"}:
            return statement.words
        return first
    words = [text.upper() for text, _ in _solid(sql[:200])]
    first = words[0]
    if first in {"INSERT", "DELETE"}:
        return first
    return " ".join(words[:2])


def _ends(query: Query, sql: str) -> Iterator[Finding]:
    """ORDER BY, LIMIT and OFFSET of the query itself."""
    chance = "leave it out: which rows stay would be chance"
    top = f"leave it out; to keep the greatest by a column, {_TOP}"
    for part in _outermost(query):
        after = part.body.end
        limit_fix = chance
        if part.order_by:
            at = _word_after(sql, after, ("order",))
            what = "ORDER BY at the end of the query"
            fix = "leave it out: a cohort is a set"
            yield _at(sql, at, "Q006", what, fix)
            after = part.order_by[-1].end
            limit_fix = top
        # OFFSET stands in front of LIMIT
        if part.offset:
            at = _word_after(sql, after, ("offset",))
            what = "OFFSET at the end of the query"
            yield _at(sql, at, "Q006", what, chance)
            after = part.offset.end
        if part.limited:
            at = _word_after(sql, after, ("limit", "fetch"))
            what = "LIMIT at the end of the query"
            yield _at(sql, at, "Q006", what, limit_fix)


def _word_after(sql: str, at: int, words: tuple[str, ...]) -> int:
    """Where the first of these words stands after an offset that no token contains."""
    for text, found in _solid(sql[at:]):
        if text.lower() in words:
            return at + found
    raise AssertionError(words)


def _forbidden(query: Query, sql: str) -> Iterator[Finding]:
    """What a cohort may not read or call, wherever it stands."""
    own = "read your own tables only"
    for node in walk(query):
        if isinstance(node, Table) and _is_forbidden(node):
            what = "this reads the warehouse's own tables"
            yield _at(sql, node.at, "Q009", what, own)
        elif isinstance(node, TableFunction) and node.name[-1].key != "json_table":
            what = "TABLE(…) calls a table function"
            yield _at(sql, node.at, "Q009", what, own)
        elif isinstance(node, Call) and node.key == "fail":
            what = (
                "fail(…) ends the query with a text of its own, which would be in a log"
            )
            fix = "take it out: a cohort that must not run is suspended, or has a guard"
            name = node.name[-1]
            yield _at(sql, name.at, "Q009", what, fix)


def _is_forbidden(table: Table) -> bool:
    """True for a table that describes the warehouse itself."""
    schemas = {part.key for part in table.name[:-1]}
    return not schemas.isdisjoint(FORBIDDEN_SCHEMAS)


def _identifier_findings(
    branch: Select, begins: tuple[int, int], asked: Identifier
) -> Iterator[Finding]:
    """An identifier's column that is not returned, or more than once."""
    identifier = asked.column
    items = [item for item in branch.items if isinstance(item, SelectItem)]
    columns = list(map(_column, items))
    if columns.count(identifier) == 1:
        return
    if identifier in columns:
        what = f"the column {identifier} is returned more than once"
        yield Finding(*begins, "Q008", what, "return it once")
        return
    # only a plain name can be an identifier's column
    names = [column for column in columns if _NAME.fullmatch(column)]
    close = difflib.get_close_matches(identifier, names, n=1) or names[:1]
    fix = f"select {identifier}"
    if close:
        key = ".".join(("identifiers", *asked.pointer))
        fix = f"{fix}, or set `{key}: {close[0]}`"
    has = ", ".join(column or "(unnamed)" for column in columns[:8])
    what = (
        f"the query does not return the identifier column {identifier} "
        f"(it returns: {has})"
    )
    yield Finding(*begins, "Q007", what, fix, about=asked)


def _column(item: SelectItem) -> str:
    """A column's name; none for a literal, which may be a member."""
    if item.alias:
        return item.alias.key
    if isinstance(item.expression, Column | Field):
        return item.expression.name.key
    return ""


def _outermost(body: Body) -> Iterator[Query]:
    """The query, what is in parentheses around it, and the branches of its UNIONs."""
    match body:
        case Query(body=inner):
            yield body
            yield from _outermost(inner)
        case SetOperation(left=left, right=right):
            yield from _outermost(left)
            yield from _outermost(right)
        case Select() | Values() | TableBody():
            pass


def _branches(body: Body) -> Iterator[Body]:
    """The SELECTs, and the like of them, whose columns become the result's."""
    match body:
        case Query(body=inner):
            yield from _branches(inner)
        case SetOperation(left=left, right=right):
            yield from _branches(left)
            yield from _branches(right)
        case Select() | Values() | TableBody():
            yield body


def _solid(sql: str) -> Iterator[tuple[str, int]]:
    """Texts of tokens but white space and comments, with their offsets."""
    at = 0
    for kind, text in tokens(sql):
        if kind not in (Kind.SPACE, Kind.COMMENT):
            yield text, at
        at += len(text)
