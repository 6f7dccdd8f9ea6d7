"""Statements carried out in the warehouse, with `time` filled in, and DuckDB's complaints in Trino's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from runner.sandbox import trino
from runner.sandbox.trino import AddColumn, Create, Delete, Drop, Insert, QueryFailed, Select
from runner.sandbox.warehouse import TIME, Column, ShownColumn, Warehouse

__all__ = ["QueryFailed", "Rows", "execute"]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Rows:
    """A query's result; like no other, so that comparing never reads it."""

    columns: tuple[ShownColumn, ...]
    rows: tuple[tuple[Any, ...], ...]


def execute(
    sql: str, *, database: str, scheduled_time: int, now: float, warehouse: Warehouse, cursor: duckdb.DuckDBPyConnection
) -> Rows | None:
    """Carry out one statement; rows for a SELECT, None for what has no result. `now` (unix seconds) fills `time`.

    Raises QueryFailed, also when the cursor was interrupted.
    """
    try:
        statement = trino.translate(sql, database=database, scheduled_time=scheduled_time, now=now, warehouse=warehouse)
        if isinstance(statement, Select):
            return _select(statement, cursor)
        with warehouse.writing:
            _write(statement, int(now), warehouse, cursor)
    except duckdb.Error as exc:
        raise QueryFailed(_in_trino_words(str(exc), sql)) from None
    return None


def _select(statement: Select, cursor: duckdb.DuckDBPyConnection) -> Rows:
    done = cursor.execute(statement.sql)
    columns = tuple(Column(name, str(kind)) for name, kind, *_ in done.description or ())
    if any(_needs_text(column) for column in columns):
        names = [f"c{index}" for index in range(len(columns))]
        shown = ", ".join(
            f"trino_text({name})" if _needs_text(column) else name for name, column in zip(names, columns, strict=True)
        )
        done = cursor.execute(f"SELECT {shown} FROM ({statement.sql}) AS rows ({', '.join(names)})")
    return Rows(columns, tuple(done.fetchall()))


def _described(sql: str, cursor: duckdb.DuckDBPyConnection) -> tuple[Column, ...]:
    return tuple(Column(row[0], row[1]) for row in cursor.execute(f"DESCRIBE {sql}").fetchall())


def _needs_text(column: Column) -> bool:
    """True for what msgpack has no type for."""
    return column.type.startswith(("TIMESTAMP", "DATE", "TIME", "DECIMAL", "INTERVAL", "UUID"))


def _write(
    statement: Create | Insert | Drop | AddColumn | Delete,
    now: int,
    warehouse: Warehouse,
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    there = warehouse.columns(statement.name.database, statement.name.table)
    if statement.name.database not in warehouse.databases():
        raise QueryFailed(f"line 1:1: Schema '{statement.name.database}' does not exist")
    if isinstance(statement, Create):
        _create(statement, there, now, cursor)
        return
    if there is None:
        if isinstance(statement, Drop) and statement.if_exists:
            return
        raise QueryFailed(f"line 1:1: {statement.name.words} does not exist")
    match statement:
        case Drop():
            cursor.execute(f"DROP TABLE {statement.name.sql}")
        case Delete():
            cursor.execute(statement.sql)
        case AddColumn():
            _add_column(statement, there, cursor)
        case Insert():
            _insert(statement, there, now, cursor)


def _create(statement: Create, there: Sequence[Column] | None, now: int, cursor: duckdb.DuckDBPyConnection) -> None:
    if there is not None:
        if statement.if_not_exists:
            return
        where = f"td.{statement.name.database}.{statement.name.table}"
        raise QueryFailed(f"line 1:1: Destination table '{where}' already exists")
    columns = _described(statement.sql, cursor)
    names = [column.name.lower() for column in columns]
    for name in names:
        trino.check_column(name)
        if names.count(name) > 1:
            raise QueryFailed(f"line 1:1: Column name '{name}' specified more than once")
    shown = [
        f'{_kept(f"c{index}", column)} AS "{name}"'
        for index, (name, column) in enumerate(zip(names, columns, strict=True))
        if name != TIME
    ]
    moment = f"CAST(c{names.index(TIME)} AS BIGINT)" if TIME in names else str(now)
    inner = ", ".join(f"c{index}" for index in range(len(columns)))
    cursor.execute(
        f"CREATE TABLE {statement.name.sql} AS SELECT {', '.join([*shown, f'CAST({moment} AS BIGINT) AS {TIME}'])}"
        f" FROM ({statement.sql}) AS rows ({inner})"
    )


def _insert(statement: Insert, there: Sequence[Column], now: int, cursor: duckdb.DuckDBPyConnection) -> None:
    given = _described(statement.sql, cursor)
    known = {column.name for column in there}
    targets = list(statement.columns)
    for column in targets:
        if column not in known:
            raise QueryFailed(f"line 1:1: Insert column name does not exist in target table: {column}")
    if not targets:
        targets = [column.name for column in there]
        if len(given) == len(there) - 1:
            targets.remove(TIME)
    if len(given) != len(targets):
        raise QueryFailed(
            f"line 1:1: Insert query has {len(given)} expression(s) but expected {len(targets)} target column(s)"
        )
    inner = [f"c{index}" for index in range(len(given))]
    shown = [_kept(name, column) for name, column in zip(inner, given, strict=True)]
    if TIME not in targets:
        targets, shown = [*targets, TIME], [*shown, str(now)]
    quoted = ", ".join(f'"{column}"' for column in targets)
    cursor.execute(
        f"INSERT INTO {statement.name.sql} ({quoted})"
        f" SELECT {', '.join(shown)} FROM ({statement.sql}) AS rows ({', '.join(inner)})"
    )


def _kept(name: str, column: Column) -> str:
    """A value as tables keep it."""
    if _needs_text(column) and column.stored_type == "VARCHAR":
        return f"trino_text({name})"
    return f"CAST({name} AS {column.stored_type})"


def _add_column(statement: AddColumn, there: Sequence[Column], cursor: duckdb.DuckDBPyConnection) -> None:
    """`time` stays the last column, so that SELECT * and INSERT by position go on as before."""
    if statement.column in {column.name for column in there}:
        raise QueryFailed(f"line 1:1: Column '{statement.column}' already exists")
    kind = Column(statement.column, str(statement.type).replace("TEXT", "VARCHAR").split("(")[0]).stored_type
    cursor.execute(
        f'CREATE OR REPLACE TABLE {statement.name.sql} AS SELECT * EXCLUDE ("{TIME}"),'
        f' CAST(NULL AS {kind}) AS "{statement.column}", "{TIME}" FROM {statement.name.sql}'
    )


def _in_trino_words(message: str, sql: str) -> str:
    """DuckDB's complaint as Trino would put it, where there is such a thing; else its first line."""
    if match := re.search(r'Referenced column "([^"]+)" not found|does not have a column named "([^"]+)"', message):
        column = match[1] or match[2]
        return f"{trino.position(sql, column)}Column '{column}' cannot be resolved"
    if match := re.search(r'Referenced table "([^"]+)" not found', message):
        return f"{trino.position(sql, match[1])}Column '{match[1]}' cannot be resolved"
    if match := re.search(r"Function with name \"?(\w+)\"? does not exist", message):
        return f"{trino.position(sql, match[1])}Function '{match[1]}' not registered"
    if match := re.search(r"Could not convert string '(.*?)' to (\w+)", message):
        kind = {"INT32": "INTEGER", "INT64": "BIGINT"}.get(match[2], match[2])
        return f"Cannot cast '{match[1]}' to {kind}"
    if "Division by zero" in message:
        return "Division by zero"
    if match := re.search(r'column "([^"]+)" must appear in the GROUP BY', message):
        return (
            f"{trino.position(sql, match[1])}'{match[1]}' must be an aggregate expression or appear in GROUP BY clause"
        )
    first = message.strip().splitlines()[0]
    return f"line 1:1: {first.split('Error: ', 1)[-1]}"
