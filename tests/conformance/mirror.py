"""An instrument: a pytest plugin that writes down every statement the sandbox carries out, with the tables it reads.

`pytest -p tests.conformance.mirror tests/cli` with the environment's `MIRROR` naming a folder writes there, for each
process, `statements-<worker>.jsonl` and the states of tables, each once. `tests.conformance.replay` plays the folder on
a real Trino. It wraps one function of the sandbox, and nothing that a test asks for is changed.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from runner.sandbox import query
from runner.sandbox.query import QueryFailed, Rows
from runner.sandbox.warehouse import Column, Warehouse
from tests.conformance.compare import not_here

MOST_ROWS = 1_000
"""A table that has more is not written down, nor a statement that reads it."""

TRINO = {
    "BIGINT": "bigint",
    "INTEGER": "bigint",
    "HUGEINT": "bigint",
    "DOUBLE": "double",
    "VARCHAR": "varchar",
    "BOOLEAN": "boolean",
    "VARCHAR[]": "array(varchar)",
    "BIGINT[]": "array(bigint)",
    "DOUBLE[]": "array(double)",
}
WORD = re.compile(r"\w+")


class Mirror:
    """Writes what it sees into a folder, one statement at a time, so that states are those a statement found."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder, self._lock, self._test = folder, threading.RLock(), ""
        self._log = (folder / f"statements-{worker}.jsonl").open("w", encoding="utf-8")
        self._kept: set[str] = set()
        self._warehouses: weakref.WeakKeyDictionary[Warehouse, int] = weakref.WeakKeyDictionary()
        self._numbers = itertools.count()
        self._execute = query.execute

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        """Remember which test runs."""
        self._test = item.nodeid
        return (yield)

    def execute(
        self,
        sql: str,
        *,
        database: str,
        scheduled_time: int,
        now: float,
        warehouse: Warehouse,
        cursor: duckdb.DuckDBPyConnection,
    ) -> Rows | None:
        """What the sandbox does, written down."""
        with self._lock:
            before = self._states(sql, warehouse)
            told: dict[str, Any] = {"error": "an internal error"}
            rows = None
            try:
                rows = self._execute(
                    sql, database=database, scheduled_time=scheduled_time, now=now, warehouse=warehouse, cursor=cursor
                )
                told = {"rows": None} if rows is None else {"rows": [list(row) for row in rows.rows]}
            except QueryFailed as exc:
                told = {"error": str(exc)}
                raise
            except not_here() as exc:
                told = {"not_here": str(exc)}
                raise
            finally:
                after = {} if rows is not None else self._states(sql, warehouse)
                entry = {"test": self._test, "sql": sql, "database": database, "scheduled_time": scheduled_time}
                entry["warehouse"] = self._warehouses.setdefault(warehouse, next(self._numbers))
                entry |= {"now": now, "before": before, "databases": warehouse.databases(), **told}
                entry["after"] = {name: state for name, state in after.items() if before.get(name) != state}
                entry["gone"] = sorted(before.keys() - after.keys()) if rows is None else []
                self._log.write(json.dumps(entry, default=str) + "\n")
                self._log.flush()
            return rows

    def _states(self, sql: str, warehouse: Warehouse) -> Mapping[str, str]:
        """The state of each table whose name is a word of the statement: the name of its file, or why there is none."""
        words = set(WORD.findall(sql.lower()))
        found = {}
        for database in warehouse.databases():
            for (name,) in warehouse.fetch(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND database_name = 'memory'", [database]
            ):
                if name in words:
                    found[f"{database}.{name}"] = self._state(database, name, warehouse)
        return found

    def _state(self, database: str, name: str, warehouse: Warehouse) -> str:
        columns = {column.name: _kind(column) for column in warehouse.columns(database, name) or ()}
        if not all(columns.values()):
            return "!a type that is not mirrored"
        rows = warehouse.fetch(f'SELECT * FROM "{database}"."{name}" LIMIT {MOST_ROWS + 1}')
        if len(rows) > MOST_ROWS:
            return "!too many rows"
        text = json.dumps({"columns": columns, "rows": sorted(rows, key=repr)}, default=str)
        state = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        if state not in self._kept:
            self._kept.add(state)
            (self._folder / f"{state}.json").write_text(text, encoding="utf-8")
        return state


def _kind(column: Column) -> str:
    """Trino's type of a column; nothing where it is not mirrored. A text may have a length of its own."""
    return column.trino if column.trino.startswith("varchar(") else TRINO.get(column.type, "")


def pytest_configure(config: pytest.Config) -> None:
    """Begin, where a folder is named."""
    named = os.environ.get("MIRROR")
    if not named:
        return
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    mirror = Mirror(folder, os.environ.get("PYTEST_XDIST_WORKER", "main"))
    query.execute = mirror.execute
    config.pluginmanager.register(mirror, "mirror")
