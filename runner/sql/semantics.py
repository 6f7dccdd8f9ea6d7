"""Names and types of an audience's SQL, resolved without any key: what Treasure Data
would refuse before it runs.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from runner.definitions.known import ANYTHING, Known, Table
from runner.project.tables import FILE
from runner.sql.checks import Finding, parsed
from runner.trino import functions
from runner.trino.analysis import FURTHER, ColumnType, Lookup, Refusal, Unknown, analyze
from runner.trino.tree import Node, Select, SelectItem, Statement, place, walk
from runner.trino.types import parse_type

TABLE, COLUMN, ALIAS, FUNCTION, AMBIGUOUS, UNGROUPED, TYPES, SETS, OTHER = (
    "Q011",
    "Q012",
    "Q013",
    "Q014",
    "Q015",
    "Q016",
    "Q017",
    "Q018",
    "Q019",
)

_CODES = {
    "TABLE_NOT_FOUND": TABLE,
    "SCHEMA_NOT_FOUND": TABLE,
    "CATALOG_NOT_FOUND": TABLE,
    "COLUMN_NOT_FOUND": COLUMN,
    "AMBIGUOUS_NAME": AMBIGUOUS,
    "EXPRESSION_NOT_AGGREGATE": UNGROUPED,
    "EXPRESSION_NOT_SCALAR": UNGROUPED,
    "NESTED_AGGREGATION": UNGROUPED,
    "TYPE_MISMATCH": TYPES,
}

_INSTEAD = {
    "ifnull": "COALESCE(a, b)",
    "nvl": "COALESCE(a, b)",
    "isnull": "a IS NULL",
    "len": "LENGTH(a)",
    "string_agg": "ARRAY_JOIN(ARRAY_AGG(a), ',')",
    "group_concat": "ARRAY_JOIN(ARRAY_AGG(a), ',')",
    "list_contains": "CONTAINS(a, b)",
    "array_contains": "CONTAINS(a, b)",
    "strftime": "DATE_FORMAT(a, '%Y-%m-%d')",
    "datediff": "DATE_DIFF('day', a, b)",
    "dateadd": "DATE_ADD('day', n, a)",
    "getdate": "FROM_UNIXTIME(TD_SCHEDULED_TIME())",
    "epoch": "TO_UNIXTIME(a)",
    "instr": "STRPOS(a, b)",
    "charindex": "STRPOS(b, a)",
    "left": "SUBSTR(a, 1, n)",
    "right": "SUBSTR(a, -n)",
    "safe_cast": "TRY_CAST(a AS type)",
    "collect_list": "ARRAY_AGG(a)",
    "collect_set": "ARRAY_AGG(DISTINCT a)",
    "countif": "COUNT_IF(a)",
    "to_date": "DATE_PARSE(a, '%Y-%m-%d')",
}
"""What other databases call what Trino calls otherwise."""


@dataclass(slots=True)
class _Asked:
    """The tables that one statement asks for."""

    known: Known
    database: str
    columns: set[str]

    def __call__(self, parts: tuple[str, ...]) -> Sequence[ColumnType] | Unknown | None:
        """What `analyze` looks up."""
        if len(parts) > 2:  # another catalog
            return Unknown.UNKNOWN
        database = parts[0] if len(parts) == 2 else self.database
        found = self.known.table(f"{database}.{parts[-1]}", self.database)
        if found is None:
            return None
        if found == ANYTHING:
            return Unknown.UNKNOWN
        self.columns.update(found.columns)
        return _columns(found)


def _columns(table: Table) -> tuple[ColumnType, ...]:
    named = tuple(
        ColumnType(name, parse_type(kind) if kind else None)
        for name, kind in table.columns.items()
    )
    return named if table.whole else (*named, FURTHER)


@lru_cache(
    maxsize=4096
)  # targets whose variables print the same SQL, in the same database, need it resolved once
def resolved(sql: str, database: str, known: Known) -> tuple[Finding, ...]:
    """What Trino refuses of SQL that has its grammar; nothing where it is not certain."""
    statement = parsed(sql)
    asked = _Asked(known, database, set())
    lookup: Lookup = asked
    refusals = analyze(statement, lookup).refusals
    return tuple(
        _finding(refusal, sql, statement, asked)
        for refusal in refusals
        if _is_certain(refusal)
    )


def _is_certain(refusal: Refusal) -> bool:
    """False where a function is one that Treasure Data may have, or have otherwise,
    unless its name is nearly another's which is known.
    """
    if refusal.name != "FUNCTION_NOT_FOUND" or not _may_be_there(refusal.identifier):
        return True
    known = refusal.identifier in functions.names()
    return not known and bool(
        difflib.get_close_matches(refusal.identifier, functions.names(), 1, 0.88)
    )


def _may_be_there(function: str) -> bool:
    """True for what Trino's own list does not know, or only as a documentation says."""
    return function.startswith("td_") or functions.is_of_plugin(function)


def _finding(
    refusal: Refusal, sql: str, statement: Statement, asked: _Asked
) -> Finding:
    code, what, fix = _told(refusal, statement, asked)
    line, column = place(sql, refusal.at)
    return Finding(line, column, code, what, fix)


def _told(
    refusal: Refusal, statement: Statement, asked: _Asked
) -> tuple[str, str, str]:
    """Code, what is wrong, and what to do."""
    code, name = _CODES.get(refusal.name, OTHER), refusal.identifier.rpartition(".")[2]
    match code:
        case "Q011":
            return (
                code,
                f"there is no table {_table(refusal, asked)} in {FILE}",
                _other_table(name, asked),
            )
        case "Q012" if _is_alias(name, refusal.at, statement):
            what = (
                f"{name} is a name that this SELECT gives, which is not known inside it"
            )
            return (
                ALIAS,
                what,
                "repeat the expression, or put this SELECT into a WITH and go on from there",
            )
        case "Q012":
            return (
                code,
                f"there is no column {refusal.identifier or name}",
                _other_column(name, refusal, asked),
            )
        case "Q015":
            what = f"the column {refusal.identifier} is in more than one table here"
            return code, what, "say of which: table.column"
        case _:
            if refusal.name == "FUNCTION_NOT_FOUND" and name not in functions.names():
                return (
                    FUNCTION,
                    f"Trino has no function {name or '…'}",
                    _other_function(name),
                )
            return _of_types(code, refusal)


def _of_types(code: str, refusal: Refusal) -> tuple[str, str, str]:
    message = _one_line(refusal.message)
    if code == UNGROUPED:
        return (
            code,
            message,
            "add it to GROUP BY, or take an aggregate of it such as MAX(…)",
        )
    if re.search(r"\b(UNION|INTERSECT|EXCEPT) query has\b", message):
        return (
            SETS,
            message,
            "let both queries return the same number of columns, of the same types",
        )
    if code == TYPES or refusal.name == "FUNCTION_NOT_FOUND":
        return (
            TYPES,
            message,
            "write a CAST where two types meet: Trino converts none by itself",
        )
    return OTHER, f"Treasure Data refuses this: {message}", "write it in another way"


def _one_line(message: str) -> str:
    """A message of Trino's without what may be a member: types and names stay, texts go."""
    text = " ".join(message.split())
    text = text if text.count("'") == 2 else re.sub(r"'.*'", "'…'", text)
    return text if len(text) <= 200 else f"{text[:199]}…"


def _table(refusal: Refusal, asked: _Asked) -> str:
    named = re.search(r"'([\w.]+)'", refusal.message)
    name = named[1] if named else refusal.identifier
    return name if "." in name else f"{asked.database}.{name}"


def _other_table(name: str, asked: _Asked) -> str:
    close = difflib.get_close_matches(name, asked.known.names(asked.database), 1)
    meant = f"perhaps you meant {close[0]}; " if close else ""
    return (
        f"{meant}correct its name, or run `cohorts sources pull --tables` if it is new"
    )


def _other_column(name: str, refusal: Refusal, asked: _Asked) -> str:
    close = difflib.get_close_matches(
        name, refusal.candidates or sorted(asked.columns), 1
    )
    return f"perhaps you meant {close[0]}" if close else "correct its name"


def _other_function(name: str) -> str:
    if name in _INSTEAD:
        return f"write {_INSTEAD[name]}"
    close = difflib.get_close_matches(name, sorted(functions.names()), 1)
    return f"perhaps you meant {close[0]}" if close else "correct its name"


def _is_alias(name: str, at: int, statement: Statement) -> bool:
    """True for a name that the innermost SELECT around a place gives to one of its own columns."""
    around = [
        node
        for node in walk(statement)
        if isinstance(node, Select) and node.at <= at < node.end
    ]
    innermost = min(around, key=lambda node: node.end - node.at, default=None)
    return innermost is not None and name in set(_aliases(innermost))


def _aliases(node: Node) -> Iterator[str]:
    if isinstance(node, Select):
        yield from (
            item.alias.key
            for item in node.items
            if isinstance(item, SelectItem) and item.alias
        )
