"""Statements carried out in the warehouse, with `time` filled in, and DuckDB's
complaints in Trino's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from runner.sandbox.duck import statements
from runner.sandbox.duck.casts import as_text, cast
from runner.sandbox.duck.nothere import BEGINNING, ENDING, NotHere
from runner.sandbox.duck.statements import (
    AddColumn,
    Create,
    Delete,
    Drop,
    Insert,
    Job,
    QueryFailed,
    Select,
    check_column,
)
from runner.sandbox.duck.storage import INTERVALS, element, inner, storage
from runner.sandbox.warehouse import TIME, Column, ShownColumn, Warehouse
from runner.trino.types import Type

__all__ = ["NotHere", "QueryFailed", "Rows", "execute"]

IN_PYTHON = re.compile(
    r"Python exception occurred while executing the UDF: (\w+): (.*)", re.DOTALL
)
TEXTUAL = frozenset(
    {"date", "timestamp", "timestamp with time zone", "decimal", *INTERVALS}
)
"""Types whose values a result holds as texts."""


Maker = Callable[[Any], Any]
"""What makes a value from DuckDB into one of a result."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Rows:
    """A query's result; like no other, so that comparing never reads it."""

    columns: tuple[ShownColumn, ...]
    rows: tuple[tuple[Any, ...], ...]


def execute(
    sql: str,
    *,
    database: str,
    scheduled_time: int,
    now: float,
    warehouse: Warehouse,
    cursor: duckdb.DuckDBPyConnection,
) -> Rows | None:
    """Carry out one statement; rows for a SELECT, None for what has no result. `now`
    (unix seconds) fills `time`.

    Raises QueryFailed, also when the cursor was interrupted, and NotHere where Trino's
    answer is not known.
    """
    job = Job(database, scheduled_time, now, warehouse)
    run = Run(warehouse, cursor, int(now))
    try:
        statement = statements.translate(sql, job)
        if isinstance(statement, Select):
            return _select(statement, run)
        with warehouse.writing:
            _write(statement, run)
    except duckdb.Error as exc:
        raise _in_trino_words(exc) from None
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """What a statement is carried out in; `now` (unix seconds) fills `time`."""

    warehouse: Warehouse
    cursor: duckdb.DuckDBPyConnection
    now: int

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        """A statement of DuckDB, after DuckDB was taught what it calls in Python."""
        self.warehouse.teach(sql)
        return self.cursor.execute(sql)


def _select(statement: Select, run: Run) -> Rows:
    """The rows of a SELECT, as a result holds them."""
    sql = statement.sql
    kinds = [kind for _, kind in statement.columns]
    places = _places(len(kinds))
    shown = list(map(_shown, places, kinds))
    if shown != places:
        sql = _of_places(sql, places, shown)
    rows = run.execute(sql).fetchall()
    plain = [_plain(kind) for kind in kinds]
    # most results need nothing, and may be long
    if any(plain):
        rows = [tuple(map(_held, row, plain)) for row in rows]
    return Rows(_described(statement.columns), tuple(rows))


def _places(count: int) -> list[str]:
    """Names for the columns of a query, which may have several of one name: c0, c1."""
    return [f"c{number}" for number in range(count)]


def _of_places(sql: str, places: Sequence[str], shown: Sequence[str]) -> str:
    """A query of what is shown of another query's columns, which are called by places."""
    columns = ", ".join(shown)
    names = ", ".join(places)
    return f"SELECT {columns} FROM ({sql}) AS rows ({names})"


def _described(columns: Sequence[tuple[str, Type]]) -> tuple[Column, ...]:
    """Trino calls a nameless column `_col0`."""
    described: list[Column] = []
    for number, (name, kind) in enumerate(columns):
        shown = name or f"_col{number}"
        described.append(Column(shown, storage(kind), str(kind)))
    return tuple(described)


def _shown(sql: str, kind: Type) -> str:
    """A value as a result holds it."""
    if kind.base in {"timestamp", "timestamp with time zone"}:
        # results show milliseconds, whatever the precision
        milliseconds = Type(kind.base, (3,))
        sql = cast(sql, kind, milliseconds)
        kind = milliseconds
    if kind.base in TEXTUAL:
        return as_text(sql, kind)
    if kind.base == "array":
        made = _shown("x", element(kind))
        if made == "x":
            return sql
        return f"list_transform({sql}, lambda x: {made})"
    if kind.base not in {"row", "map"}:
        return sql
    for one in inner(kind):
        if _shown("x", one) != "x":
            raise NotHere(f"a result of type {kind}")
    return sql


def _plain(kind: Type) -> Maker | None:
    """None where a value from DuckDB is one of a result already: rows are lists, which
    DuckDB gives as dictionaries.
    """
    inside = [_plain(one) for one in inner(kind)]
    match kind.base:
        case "row":
            return lambda value: _held_row(value, inside)
        case "array" if inside[0]:
            return lambda value: [_held(one, inside[0]) for one in value]
        case "map" if inside[1]:
            return lambda value: {
                key: _held(one, inside[1]) for key, one in value.items()
            }
    return None


def _held_row(value: Mapping[str, Any], inside: Sequence[Maker | None]) -> list[Any]:
    """A row of a result: the values of its fields."""
    fields = zip(value.values(), inside, strict=True)
    return [_held(one, make) for one, make in fields]


def _held(value: Any, make: Maker | None) -> Any:
    """A value of a result; NULL stays NULL."""
    if value is None or make is None:
        return value
    return make(value)


def _write(
    statement: Create | Insert | Drop | AddColumn | Delete,
    run: Run,
) -> None:
    """Carry out a statement that changes something. Raises QueryFailed."""
    name = statement.name
    there = run.warehouse.columns(name.database, name.table)
    if name.database not in run.warehouse.databases():
        raise QueryFailed(f"line 1:1: Schema '{name.database}' does not exist")
    if isinstance(statement, Create):
        _create(statement, there, run)
        return
    if there is None:
        if isinstance(statement, Drop) and statement.if_exists:
            return
        raise QueryFailed(f"line 1:1: {name.words} does not exist")
    match statement:
        case Drop():
            run.cursor.execute(f"DROP TABLE {name.sql}")
            run.warehouse.forget(name.database, name.table)
        case Delete():
            run.execute(statement.sql)
        case AddColumn():
            _add_column(statement, there, run)
        case Insert():
            _insert(statement, there, run)


def _create(
    statement: Create,
    there: Sequence[Column] | None,
    run: Run,
) -> None:
    """CREATE TABLE AS. Raises QueryFailed."""
    table = statement.name
    if there is not None:
        if statement.if_not_exists:
            return
        where = f"td.{table.database}.{table.table}"
        raise QueryFailed(f"line 1:1: Destination table '{where}' already exists")
    columns = statement.query.columns
    names = [name for name, _ in columns]
    for name in names:
        check_column(name)
        if names.count(name) > 1:
            raise QueryFailed(
                f"line 1:1: Column name '{name}' specified more than once"
            )
    places = _places(len(columns))
    moment = str(run.now)
    shown: list[str] = []
    kinds: dict[str, str] = {}
    for place, (name, kind) in zip(places, columns, strict=True):
        if name == TIME:
            moment = f"CAST({place} AS BIGINT)"
        else:
            kept = statements.kept(place, kind)
            shown.append(f'{kept} AS "{name}"')
            kinds[name] = str(statements.stored(kind))
    # `time` comes last, as in every table of Treasure Data
    shown.append(f"CAST({moment} AS BIGINT) AS {TIME}")
    made = _of_places(statement.query.sql, places, shown)
    run.execute(f"CREATE TABLE {table.sql} AS {made}")
    run.warehouse.remember(table.database, table.table, kinds)


def _insert(
    statement: Insert,
    there: Sequence[Column],
    run: Run,
) -> None:
    """INSERT of a query. Raises QueryFailed."""
    given = [kind for _, kind in statement.query.columns]
    targets = _targets(statement, there)
    known = {column.name: statements.type_of(column) for column in there}
    kinds = [known[target] or Type("varchar") for target in targets]
    problem = statements.mismatch(given, kinds)
    if problem:
        raise QueryFailed(f"line 1:1: {problem}")
    places = _places(len(given))
    shown = list(map(statements.inserted, places, given, kinds))
    if TIME not in targets:
        targets.append(TIME)
        shown.append(str(run.now))
    quoted = ", ".join(f'"{column}"' for column in targets)
    rows = _of_places(statement.query.sql, places, shown)
    run.execute(f"INSERT INTO {statement.name.sql} ({quoted}) {rows}")


def _targets(statement: Insert, there: Sequence[Column]) -> list[str]:
    """The columns that an INSERT fills, in the order of its query's. Raises QueryFailed."""
    given = len(statement.query.columns)
    names = [column.name for column in there]
    for column in statement.columns:
        if column not in names:
            raise QueryFailed(
                f"line 1:1: Insert column name does not exist in target table: {column}"
            )
    targets = list(statement.columns) or names
    # an INSERT by position may leave out `time`, which is then filled in
    if not statement.columns and given == len(names) - 1:
        targets.remove(TIME)
    if given != len(targets):
        raise QueryFailed(
            f"line 1:1: Insert query has {given} expression(s)"
            f" but expected {len(targets)} target column(s)"
        )
    return targets


def _add_column(
    statement: AddColumn,
    there: Sequence[Column],
    run: Run,
) -> None:
    """`time` stays the last column, so that SELECT * and INSERT by position go on as
    before.
    """
    name = statement.name
    if statement.column in {column.name for column in there}:
        if statement.if_not_exists:
            return
        raise QueryFailed(f"line 1:1: Column '{statement.column}' already exists")
    kind = statements.stored(statement.type)
    run.cursor.execute(
        f'CREATE OR REPLACE TABLE {name.sql} AS SELECT * EXCLUDE ("{TIME}"),'
        f' CAST(NULL AS {storage(kind)}) AS "{statement.column}", "{TIME}"'
        f" FROM {name.sql}"
    )
    kinds = {statement.column: str(kind)}
    run.warehouse.remember(name.database, name.table, kinds)


# messages

OVERFLOWS = {
    "addition": "+",
    "subtraction": "-",
    "multiplication": "*",
    "division": "/",
}
WIDTHS = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
OVERFLOW = re.compile(r"Overflow in (\w+) of (INT\d+) \((-?\d+) . (-?\d+)\)")
DIVISION_OVERFLOW = re.compile(r"Overflow in division of (-?\d+) / (-?\d+)")
OUT_OF_RANGE = re.compile(
    r"Type (\w+) with value (\S+) can't be cast .* destination type (INT\d+)"
)
BAD_DECIMAL = re.compile(r'Casting value "(\S+)" to type DECIMAL\((\d+),(\d+)\) failed')
REFUSED_HERE = (
    duckdb.BinderException,
    duckdb.ParserException,
    duckdb.CatalogException,
    duckdb.NotImplementedException,
    duckdb.InternalException,
)
"""What DuckDB says of a statement that this sandbox wrote badly, and Trino would have
taken.
"""


def _in_trino_words(error: duckdb.Error) -> Exception:
    """DuckDB's complaint as Trino would put it; what is marked is not known here."""
    message = str(error).split("Error: ", 1)[-1].strip()
    found = IN_PYTHON.search(message)
    if found:
        message = found[2].strip()
        if found[1] == "NotHere":
            return NotHere(_what(message))
        if found[1] not in {"Rejected", "BadTime"}:
            return NotHere("a value that this function does not take")
        return QueryFailed(message)
    if isinstance(error, REFUSED_HERE):
        return NotHere("a statement of this form")
    return QueryFailed(_value_words(message))


def _what(message: str) -> str:
    """What a NotHere of a function in Python is about: DuckDB hands on its text alone."""
    return message.removeprefix(BEGINNING).removesuffix(ENDING)


def _value_words(message: str) -> str:
    """What DuckDB says of a value, as Trino would put it."""
    if "Division by zero" in message:
        return "Division by zero"
    match = OVERFLOW.search(message)
    if match:
        operation, width, left, right = match.groups()
        sign = OVERFLOWS.get(operation, "?")
        kind = WIDTHS.get(width, width)
        return f"{kind} {operation} overflow: {left} {sign} {right}"
    match = DIVISION_OVERFLOW.search(message)
    if match:
        return f"bigint division overflow: {match[1]} / {match[2]}"
    match = OUT_OF_RANGE.search(message)
    if match:
        wider, value, width = match.groups()
        # a sum is first made wider, and then does not fit
        if wider == "INT128":
            return "bigint addition overflow"
        kind = WIDTHS.get(width, width)
        return f"Out of range for {kind}: {value}"
    match = BAD_DECIMAL.search(message)
    if match:
        text, precision, scale = match.groups()
        return f"Cannot cast '{text}' to DECIMAL({precision}, {scale})"
    if "More than one row returned by a subquery" in message:
        return "Scalar sub-query has returned multiple rows"
    return message.splitlines()[0]
