"""The statements of one job, one after another: in DuckDB, or on the engine."""

from __future__ import annotations

from typing import Protocol

import duckdb

from runner.sandbox import query
from runner.sandbox.engine.tables import EngineSession, EngineTables
from runner.sandbox.query import Rows
from runner.sandbox.warehouse import Warehouse

Tables = Warehouse | EngineTables
"""Where databases and tables are kept. What both have alike is what the API, the pages
and the admin use of them.
"""


class Session(Protocol):
    """Carries out statements; `interrupt` comes from another thread."""

    def execute(
        self, sql: str, *, database: str, scheduled_time: int, now: float
    ) -> Rows | None:
        """Rows for a SELECT, None for what has no result. `now` (unix seconds) fills
        `time`. Raises QueryFailed.
        """

    def interrupt(self) -> None:
        """End what runs."""

    def close(self) -> None:
        """Give everything back."""


class DuckSession:
    """Statements in DuckDB, on a connection of their own."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._cursor: duckdb.DuckDBPyConnection = warehouse.cursor()

    def execute(
        self, sql: str, *, database: str, scheduled_time: int, now: float
    ) -> Rows | None:
        """As Session says."""
        return query.execute(
            sql,
            database=database,
            scheduled_time=scheduled_time,
            now=now,
            warehouse=self._warehouse,
            cursor=self._cursor,
        )

    def interrupt(self) -> None:
        """As Session says; between two statements it is lost."""
        self._cursor.interrupt()

    def close(self) -> None:
        """As Session says."""
        self._cursor.close()


def opened(tables: Tables) -> Session:
    """A session on these tables; close it."""
    match tables:
        case Warehouse():
            return DuckSession(tables)
        case EngineTables():
            return EngineSession(tables)
