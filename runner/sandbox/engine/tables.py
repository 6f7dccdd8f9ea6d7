"""Databases and tables that are kept in the engine, as the sandbox's API, pages and
admin use them.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from runner.sandbox.engine.client import (
    CATALOG,
    Connection,
    Result,
    Typed,
    quoted,
    text_literal,
)
from runner.sandbox.engine.errors import EngineProblem, StatementFailed
from runner.sandbox.query import QueryFailed, Rows
from runner.sandbox.warehouse import TIME, Refused, Table, check_name

ENGINE = "$engine"
"""The schema of what the engine tells of itself; no database can have this name."""

LISTED = 'SELECT table_schema, table_name, row_count, column_name, type FROM "$engine".columns'
API_NAMES = {
    "tinyint": "int",
    "smallint": "int",
    "integer": "int",
    "bigint": "long",
    "real": "float",
    "double": "double",
    "boolean": "boolean",
}
JOBS = re.compile(
    r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*"
    r"(select|with|values|table|create\s+table|insert|drop\s+table|alter\s+table"
    r"|delete|explain|show|describe|desc)\b",
    re.IGNORECASE | re.DOTALL,
)
"""How a statement begins that a job may carry out; the engine would do more, such as CALL."""

LOADED_AT_ONCE = 4_000_000
"""Characters of rows in one statement; the engine takes 20 million."""


@dataclass(frozen=True, slots=True)
class EngineColumn:
    """A column by its name and Trino's name of its type."""

    name: str
    type: str

    @property
    def trino_type(self) -> str:
        """As a job's result schema words it."""
        return self.type

    @property
    def api_type(self) -> str:
        """As the table list words it."""
        if self.type.startswith("array("):
            inside = self.type.removeprefix("array(").removesuffix(")")
            element = EngineColumn(self.name, inside)
            return f"array<{element.api_type}>"
        return API_NAMES.get(self.type, "string")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table to load: Trino's types by column, and the rows' values in that order."""

    database: str
    name: str
    columns: Mapping[str, str]
    rows: Sequence[Sequence[Any]]


class EngineTables:
    """All data of one of the engine's catalogs."""

    def __init__(self, url: str, catalog: str = CATALOG) -> None:
        self._url = url
        self._catalog = catalog
        self.writing = threading.RLock()
        self._databases: frozenset[str] | None = None

    def close(self) -> None:
        """Nothing is held: the engine ends with whoever started it."""

    def connection(self) -> Connection:
        """A client of one's own; close it."""
        return Connection(self._url, self._catalog)

    def databases(self) -> list[str]:
        """Names, sorted; remembered until they may have changed, since every job asks for them."""
        known = self._databases
        if known is None:
            names = {str(name) for (name,) in self._ask("SHOW SCHEMAS").rows}
            known = self._databases = frozenset(names - {"information_schema", ENGINE})
        return sorted(known)

    def anything(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a statement that may change databases too. Raises QueryFailed."""
        with self.writing:
            try:
                return list(self._ask(sql).rows)
            except StatementFailed as exc:
                raise QueryFailed(exc.message) from None
            finally:
                self._databases = None

    def create_database(self, name: str) -> None:
        """Raises Refused: 422 for its name, 409 when it exists."""
        check_name(name, "Database")
        with self.writing:
            if name in self.databases():
                raise Refused(409, f"Database {name} already exists")
            self.anything(f"CREATE SCHEMA {quoted(name)}")

    def delete_database(self, name: str) -> None:
        """With all its tables. Raises Refused 404."""
        with self.writing:
            self.check_database(name)
            self.anything(f"DROP SCHEMA {quoted(name)} CASCADE")

    def check_database(self, name: str) -> None:
        """Raises Refused 404."""
        if name not in self.databases():
            raise Refused(404, f"Couldn't find Database with name = {name}")

    def tables(self, database: str) -> list[Table]:
        """Sorted by name. Raises Refused 404."""
        self.check_database(database)
        listed = self._ask(
            f"{LISTED} WHERE table_schema = {text_literal(database)}"
            " ORDER BY table_name, position"
        )
        sizes: dict[str, int] = {}
        columns: dict[str, list[EngineColumn]] = {}
        for _, table, count, column, kind in listed.rows:
            sizes[table] = count
            columns.setdefault(table, []).append(EngineColumn(column, kind))
        return [
            Table(name, count, tuple(columns[name])) for name, count in sizes.items()
        ]

    def create_table(self, database: str, table: str) -> None:
        """An empty table with nothing but `time`. Raises Refused: 404, 409, 422."""
        check_name(table, "Table")
        self.check_database(database)
        self._change(
            f'CREATE TABLE {quoted(database, table)} ("{TIME}" bigint)',
            "TABLE_ALREADY_EXISTS",
            Refused(409, f"Table {table} already exists"),
        )

    def delete_table(self, database: str, table: str) -> None:
        """Raises Refused 404."""
        self.check_database(database)
        self._change(
            f"DROP TABLE {quoted(database, table)}",
            "TABLE_NOT_FOUND",
            Refused(404, f"Couldn't find Table with name = {table}"),
        )

    def load(
        self,
        tables: Iterable[Loaded],
        *,
        replace: bool = False,
        now: float | None = None,
    ) -> None:
        """Make tables with their rows, or add rows to them; with `replace`, in place of
        all that there are.

        A row without `time` is one of `now`. Raises EngineProblem.
        """
        with closing(self.connection()) as connection:
            for part in _parts(tables, replace=replace):
                connection.execute(
                    f'CALL "$engine".load({text_literal(part)})', now=now
                )
        self._databases = None

    def _change(self, sql: str, name: str, refusal: Refused) -> None:
        """Carry out a statement; a failure of this name is told by the refusal. Raises Refused."""
        try:
            self._ask(sql)
        except StatementFailed as exc:
            if exc.name == name:
                raise refusal from None
            raise Refused(422, exc.message) from None

    def _ask(self, sql: str) -> Result:
        """The result of a statement. Raises Refused 500 where the engine is down."""
        with closing(self.connection()) as connection:
            try:
                return connection.execute(sql)
            except EngineProblem as exc:
                raise Refused(500, str(exc)) from None


class EngineSession:
    """The statements of one job on the engine."""

    def __init__(self, tables: EngineTables) -> None:
        self._connection = tables.connection()

    def execute(
        self, sql: str, *, database: str, scheduled_time: int, now: float
    ) -> Rows | None:
        """Rows for a SELECT, None for what has no result. Raises QueryFailed, also when
        it was interrupted.
        """
        if not JOBS.match(sql):
            raise QueryFailed(
                "line 1:1: a job of this sandbox reads tables,"
                " or makes, fills, changes and drops them"
            )
        try:
            result = self._connection.execute(
                sql.rstrip().rstrip(";"),
                schema=database,
                scheduled_time=scheduled_time,
                now=now,
            )
        except StatementFailed as exc:
            raise QueryFailed(exc.message) from None
        except EngineProblem as exc:
            raise QueryFailed(str(exc)) from None
        if result.is_change:
            return None
        return Rows(_shown(result.columns), result.rows)

    def interrupt(self) -> None:
        """End what runs, within about a second."""
        self._connection.cancel()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def _shown(columns: Iterable[Typed]) -> tuple[EngineColumn, ...]:
    return tuple(EngineColumn(column.name, column.type) for column in columns)


def _parts(tables: Iterable[Loaded], *, replace: bool) -> Iterator[str]:
    """What one statement loads each: many small tables at once, a large one in several goes."""
    begun: list[str] = []
    length = 0
    for table in tables:
        head = json.dumps(
            {
                "schema": table.database,
                "name": table.name,
                "columns": [[*column] for column in table.columns.items()],
            }
        )[:-1]
        for rows in _chunks(table.rows):
            begun.append(f'{head}, "rows": [{rows}]}}')
            length += len(rows)
            if length >= LOADED_AT_ONCE:
                yield _call(begun, replace=replace)
                begun = []
                length = 0
                replace = False
    if begun or replace:
        yield _call(begun, replace=replace)


def _call(tables: Sequence[str], *, replace: bool) -> str:
    """One call of the loader as JSON: its tables, and whether they replace what is there."""
    does_replace = json.dumps(replace)
    listed = ", ".join(tables)
    return f'{{"replace": {does_replace}, "tables": [{listed}]}}'


def _chunks(rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """JSON of the rows, at least one part, which may be empty."""
    begun: list[str] = []
    length = 0
    for row in rows:
        begun.append(json.dumps(row))
        length += len(begun[-1])
        if length >= LOADED_AT_ONCE:
            yield ", ".join(begun)
            begun = []
            length = 0
    if begun or not rows:
        yield ", ".join(begun)
