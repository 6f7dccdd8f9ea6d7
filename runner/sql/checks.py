"""One SELECT that Trino can run and that names the identifier: checked without any key.

Two libraries, since each lets through what the other catches: trino-sql-validator knows Trino's grammar (sqlglot
accepts `==`, `ILIKE`, `::`, a trailing comma), sqlglot has the tree.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from trino_sql_validator import StatementInfo, analyze_statements

from runner.identifiers import Identifier
from runner.sql.tokens import Kind, tokens

QUERIES = frozenset({"select", "query", "with", "values", "table"})
_NAME = re.compile(r"[a-z_][a-z0-9_]*")

# The validator's own limits, not Trino's: a list of 2,000 values passes them, and sqlglot judges alone.
_TOO_MUCH = re.compile("complexity exceeded")

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


@lru_cache(maxsize=4096)  # targets whose variables print the same SQL need it checked once
def check(sql: str, written: str, identifiers: tuple[Identifier, ...]) -> tuple[Finding, ...]:
    """Everything wrong with an audience's SQL. `written` is the same with what was cut off its end."""
    if not sql.strip():
        return (Finding(1, 1, "Q001", "there is no SQL here", "write one SELECT"),)
    analysis = analyze_statements(written, dialect="trino", jinja="reject", function_arguments="error")
    if len(analysis.statements) > 1:
        second = analysis.statements[1]
        what = "there are several statements"
        return (Finding(second.start_line, second.start_column, "Q003", what, "write one SELECT"),)
    if refused := _not_a_select(analysis.statements):
        return (refused,)
    if (error := analysis.validation.error) and not _TOO_MUCH.search(error.message):
        what = f"Trino cannot read this SQL: {_first_line(error.message, sql)}"
        place = (error.line, error.column or 1) if error.line else _end(sql)
        return (Finding(*place, "Q002", what, "correct it at this place"),)
    try:
        tree = sqlglot.parse_one(sql, read="trino")
    except (SqlglotError, RecursionError) as exc:
        places = getattr(exc, "errors", None) or [{}]
        what = f"this SQL cannot be read: {_first_line(str(places[0].get('description') or exc), sql)}"
        place = int(places[0].get("line") or 1), int(places[0].get("col") or 1)
        return (Finding(*place, "Q002", what, "correct it at this place, or write it more simply"),)
    return tuple(_tree_findings(tree, sql, identifiers))


def _not_a_select(statements: tuple[StatementInfo, ...]) -> Finding | None:
    for statement in statements:
        kind = statement.kind.lower()
        if kind not in QUERIES:
            word = kind.replace("_", " ").upper()
            what = f"{word} is not a SELECT"
            fix = "write one SELECT; the runner makes all tables itself"
            return Finding(statement.start_line, statement.start_column, "Q004", what, fix)
    return None


def _tree_findings(tree: exp.Expr, sql: str, identifiers: tuple[Identifier, ...]) -> Iterator[Finding]:
    if not isinstance(tree, exp.Query) or _declares_function(sql):
        yield Finding(*_first_word(sql), "Q004", "this is not a SELECT", "write one SELECT")
        return
    yield from _accepted_by_mistake(tree, sql)
    outermost = tuple(_outermost(tree))
    for clause, word in (("order", "ORDER BY"), ("limit", "LIMIT"), ("offset", "OFFSET")):
        if any(part.args.get(clause) for part in outermost):
            fix = (
                "leave it out: a cohort is a set"
                if clause == "order"
                else "leave it out: which rows stay would be chance"
            )
            begins = _last_word(sql, word) or _last_word(sql, "FETCH") or (1, 1)
            yield Finding(*begins, "Q006", f"{word} at the end of the query", fix)
    for table in tree.find_all(exp.Table):
        if {part.name.lower() for part in table.parts[:-1]} & FORBIDDEN_SCHEMAS:
            yield Finding(*_place(table), "Q009", "this reads the warehouse's own tables", "read your own tables only")
    for place in _calls(sql, "table"):  # a reserved word in Trino: `FROM TABLE (` and `, TABLE (` are nothing else
        yield Finding(*place, "Q009", "TABLE(…) calls a table function", "read your own tables only")
    for place in _calls(sql, "fail"):
        what = "fail(…) ends the query with a text of its own, which would be in a log"
        yield Finding(*place, "Q009", what, "take it out: a cohort that must not run is suspended, or has a guard")
    star = next((found for branch in _branches(tree) for found in branch.selects if found.is_star), None)
    if star is not None:
        what, fix = "SELECT * hides which column is the identifier", f"name the column: SELECT {identifiers[0].column}"
        yield Finding(*(_place(star) if star.find(exp.Column) else _first_star(sql)), "Q005", what, fix)
        return
    for identifier in identifiers:
        yield from _identifier_findings(tree, sql, identifier)


def _accepted_by_mistake(tree: exp.Query, sql: str) -> Iterator[Finding]:
    """What both libraries let through and Trino does not."""
    pairs = itertools.pairwise(_solid(sql)) if re.search("regexp|rlike", sql, re.IGNORECASE) else ()
    for (text, line, column), (following, _, _) in pairs:
        if text.lower() in {"regexp", "rlike"} and following.startswith("'"):
            yield Finding(line, column, "Q002", f"Trino has no operator {text.upper()}", "write regexp_like(a, 'b')")
    for node in tree.find_all(exp.Into, exp.Placeholder, exp.Parameter):
        word = "INTO" if isinstance(node, exp.Into) else "?"
        what = f"{word} has no meaning in a cohort's query"
        yield Finding(*(_last_word(sql, word) or (1, 1)), "Q010", what, "take it out")


def _identifier_findings(tree: exp.Query, sql: str, asked: Identifier) -> Iterator[Finding]:
    branch, identifier = next(_branches(tree), None), asked.column
    columns = [_column(select) for select in branch.selects] if branch else []
    if columns.count(identifier) == 1:
        return
    if identifier in columns:
        what = f"the column {identifier} is returned more than once"
        yield Finding(*_first_word(sql), "Q008", what, "return it once")
        return
    names = [column for column in columns if _NAME.fullmatch(column)]
    close = difflib.get_close_matches(identifier, names, n=1) or names[:1]
    or_else = f", or set `{'.'.join(('identifiers', *asked.pointer))}: {close[0]}`" if close else ""
    has = ", ".join(column or "(unnamed)" for column in columns[:8])
    fix = f"select {identifier}{or_else}"
    what = f"the query does not return the identifier column {identifier} (it returns: {has})"
    yield Finding(*_first_word(sql), "Q007", what, fix, about=asked)


def _column(select: exp.Expr) -> str:
    """A column's name; none for a literal, which may be a member."""
    return select.alias_or_name.lower() if isinstance(select, exp.Alias | exp.Column | exp.Dot) else ""


def _outermost(query: exp.Query) -> Iterator[exp.Query]:
    """The query, what is in parentheses around it, and the branches of its UNIONs."""
    yield query
    inside = (query.left, query.right) if isinstance(query, exp.SetOperation) else (query.this,)
    for part in inside if isinstance(query, exp.SetOperation | exp.Subquery) else ():
        if isinstance(part, exp.Query):
            yield from _outermost(part)


def _declares_function(sql: str) -> bool:
    words = itertools.islice(_solid(sql), 2) if "function" in sql.lower() else ()
    return [text.lower() for text, _, _ in words] == ["with", "function"]


def _calls(sql: str, name: str) -> Iterator[tuple[int, int]]:
    """Where a function is called."""
    pairs = itertools.pairwise(_solid(sql)) if name in sql.lower() else ()
    for (text, line, column), (following, _, _) in pairs:
        if text.strip('"').lower() == name and following == "(":
            yield line, column


def _branches(query: exp.Query) -> Iterator[exp.Select]:
    """The SELECTs whose columns become the result's."""
    if isinstance(query, exp.SetOperation):
        for side in (query.left, query.right):
            if isinstance(side, exp.Query):
                yield from _branches(side)
    elif isinstance(query, exp.Subquery):
        inner = query.unnest()
        if isinstance(inner, exp.Query):
            yield from _branches(inner)
    elif isinstance(query, exp.Select):
        yield query


def _place(node: exp.Expr) -> tuple[int, int]:
    """Where a name stands; sqlglot's column is that of the name's last character."""
    for found in node.find_all(exp.Identifier):
        if "line" in found.meta:
            return found.meta["line"], max(found.meta["col"] - len(found.name) + 1, 1)
    return 1, 1


def _last_word(sql: str, words: str) -> tuple[int, int] | None:
    """Where a clause at the end begins: its first word, seen last outside texts and comments."""
    wanted = words.split(maxsplit=1)[0].lower()
    found = [(line, column) for text, line, column in _solid(sql) if text.lower() == wanted]
    return found[-1] if found else None


def _first_star(sql: str) -> tuple[int, int]:
    return next(((line, column) for text, line, column in _solid(sql) if text == "*"), (1, 1))


def _first_word(sql: str) -> tuple[int, int]:
    return next(((line, column) for _, line, column in _solid(sql)), (1, 1))


def _end(sql: str) -> tuple[int, int]:
    """Where the last word begins: what is missing is missing after it."""
    return [(line, column) for _, line, column in _solid(sql)][-1]


def _solid(sql: str) -> Iterator[tuple[str, int, int]]:
    """Texts of tokens but white space and comments, with line and column (from 1)."""
    line, column = 1, 1
    for kind, text in tokens(sql):
        if kind not in (Kind.SPACE, Kind.COMMENT):
            yield text, line, column
        newlines = text.count("\n")
        line += newlines
        column = len(text) - text.rfind("\n") if newlines else column + len(text)


def _first_line(text: str, sql: str) -> str:
    """A library's message on one line; what it quotes of the SQL's texts and numbers may be a member, and goes."""
    line = " ".join(text.removeprefix("sql parser error: ").split())
    for kind, piece in tokens(sql):
        if kind is Kind.TEXT or (kind is Kind.NUMBER and len(piece) > 1):
            line = line.replace(" ".join(piece.split()), "…")
            line = line.replace(" ".join(piece.strip("'").split()), "…") if len(piece) > 4 else line
    return line[:160].rstrip(".")
