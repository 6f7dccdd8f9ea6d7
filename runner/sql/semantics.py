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
from runner.files.suggestions import suggestion
from runner.project.tables import FILE
from runner.sql.checks import Finding, parsed
from runner.trino import functions
from runner.trino.analysis import FURTHER, ColumnType, Lookup, Refusal, Unknown, analyze
from runner.trino.tree import Select, SelectItem, Statement, place, walk
from runner.trino.types import parse_type

TABLE = "Q011"
COLUMN = "Q012"
ALIAS = "Q013"
FUNCTION = "Q014"
AMBIGUOUS = "Q015"
UNGROUPED = "Q016"
TYPES = "Q017"
SETS = "Q018"
OTHER = "Q019"

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


_NEARLY_THE_SAME = 0.88
"""How alike a function's name must be to a known one to be taken for a misspelt one."""


@dataclass(slots=True)
class _Asked:
    """The tables that one statement asks for."""

    known: Known
    database: str
    columns: set[str]

    def __call__(self, parts: tuple[str, ...]) -> Sequence[ColumnType] | Unknown | None:
        """The columns of a table by the parts of its name, as `analyze` asks for them;
        None where there is no such table.
        """
        # of another catalog nothing is known
        if len(parts) > 2:
            return Unknown.UNKNOWN
        database = self.database
        if len(parts) == 2:
            database = parts[0]
        found = self.known.table(f"{database}.{parts[-1]}", self.database)
        if found is None:
            return None
        if found == ANYTHING:
            return Unknown.UNKNOWN
        self.columns.update(found.columns)
        return _columns(found)


def _columns(table: Table) -> tuple[ColumnType, ...]:
    """The columns of a table for the analysis; FURTHER ones where not all are known."""
    named: list[ColumnType] = []
    for name, kind in table.columns.items():
        if kind:
            named.append(ColumnType(name, parse_type(kind)))
        else:
            named.append(ColumnType(name, None))
    if not table.whole:
        named.append(FURTHER)
    return tuple(named)


# targets whose variables print the same SQL, in the same database, need it resolved once
@lru_cache(maxsize=4096)
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
    names = functions.names()
    if refusal.identifier in names:
        return False
    return bool(
        difflib.get_close_matches(refusal.identifier, names, 1, _NEARLY_THE_SAME)
    )


def _may_be_there(function: str) -> bool:
    """True for what Trino's own list does not know, or only as a documentation says."""
    return function.startswith("td_") or functions.is_of_plugin(function)


def _finding(
    refusal: Refusal, sql: str, statement: Statement, asked: _Asked
) -> Finding:
    """A refusal of Trino as a finding, at its place."""
    code, what, fix = _told(refusal, statement, asked)
    line, column = place(sql, refusal.at)
    return Finding(line, column, code, what, fix)


def _told(
    refusal: Refusal, statement: Statement, asked: _Asked
) -> tuple[str, str, str]:
    """Code, what is wrong, and what to do."""
    code = _CODES.get(refusal.name, OTHER)
    name = refusal.identifier.rpartition(".")[2]
    match code:
        case "Q011":
            table = _table(refusal, asked)
            what = f"there is no table {table} in {FILE}"
            return code, what, _other_table(name, asked)
        case "Q012" if _is_alias(name, refusal.at, statement):
            what = (
                f"{name} is a name that this SELECT gives, which is not known inside it"
            )
            fix = (
                "repeat the expression, "
                "or put this SELECT into a WITH and go on from there"
            )
            return ALIAS, what, fix
        case "Q012":
            what = f"there is no column {refusal.identifier or name}"
            return code, what, _other_column(name, refusal, asked)
        case "Q015":
            what = f"the column {refusal.identifier} is in more than one table here"
            return code, what, "say of which: table.column"
        case _:
            if refusal.name == "FUNCTION_NOT_FOUND" and name not in functions.names():
                what = f"Trino has no function {name or '…'}"
                return FUNCTION, what, _other_function(name)
            return _of_types(code, refusal)


def _of_types(code: str, refusal: Refusal) -> tuple[str, str, str]:
    """Code, what is wrong, and what to do, of a refusal in Trino's own words."""
    message = _one_line(refusal.message)
    if code == UNGROUPED:
        fix = "add it to GROUP BY, or take an aggregate of it such as MAX(…)"
        return code, message, fix
    if re.search(r"\b(UNION|INTERSECT|EXCEPT) query has\b", message):
        fix = "let both queries return the same number of columns, of the same types"
        return SETS, message, fix
    # a function that is there, but not for arguments of these types
    if code == TYPES or refusal.name == "FUNCTION_NOT_FOUND":
        fix = "write a CAST where two types meet: Trino converts none by itself"
        return TYPES, message, fix
    fix = "change the part of the query that these words name, then validate again"
    return OTHER, f"Treasure Data refuses this: {message}", fix


def _one_line(message: str) -> str:
    """A message of Trino's without what may be a member: types and names stay, texts go."""
    text = " ".join(message.split())
    # Trino quotes a name with two apostrophes; with more of them there are texts
    if text.count("'") != 2:
        text = re.sub(r"'.*'", "'…'", text)
    if len(text) > 200:
        return f"{text[:199]}…"
    return text


def _table(refusal: Refusal, asked: _Asked) -> str:
    """The full name of a table that is not there."""
    name = refusal.identifier
    named = re.search(r"'([\w.]+)'", refusal.message)
    if named:
        name = named[1]
    if "." in name:
        return name
    return f"{asked.database}.{name}"


def _other_table(name: str, asked: _Asked) -> str:
    """How to mend a table's name, with one that is close."""
    fix = "correct its name, or run `cohorts sources pull --tables` if it is new"
    meant = suggestion(name, asked.known.names(asked.database), "")
    if meant:
        return f"{meant}; {fix}"
    return fix


def _other_column(name: str, refusal: Refusal, asked: _Asked) -> str:
    """How to mend a column's name, with one that is close."""
    known = refusal.candidates or sorted(asked.columns)
    return suggestion(name, known, "correct its name")


def _other_function(name: str) -> str:
    """How to mend a function's name: what Trino has instead, or one that is close."""
    if name in _INSTEAD:
        return f"write {_INSTEAD[name]}"
    return suggestion(name, sorted(functions.names()), "correct its name")


def _is_alias(name: str, at: int, statement: Statement) -> bool:
    """True for a name that the innermost SELECT around a place gives to one of its own columns."""
    around = [
        node
        for node in walk(statement)
        if isinstance(node, Select) and node.at <= at < node.end
    ]
    innermost = min(around, key=lambda node: node.end - node.at, default=None)
    return innermost is not None and name in set(_aliases(innermost))


def _aliases(select: Select) -> Iterator[str]:
    """The names that a SELECT gives to its own columns."""
    for item in select.items:
        if isinstance(item, SelectItem) and item.alias:
            yield item.alias.key
