"""Databases and tables as Treasure Data has them, kept in DuckDB: a database is a
schema, every table has `time`.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb

from runner.sandbox.duck import library

DATABASE_OR_TABLE = re.compile(r"[a-z0-9_]{3,128}")
COLUMN = re.compile(r"[a-z_][a-z0-9_]*")
TIME = "time"

RESERVED = frozenset(
    {"main", "temp", "system", "memory", "information_schema", "pg_catalog"}
)
"""Names DuckDB keeps for itself."""

TRINO_NAMES = {
    "DOUBLE": "double",
    "FLOAT": "real",
    "BOOLEAN": "boolean",
    "VARCHAR": "varchar",
    "DATE": "date",
}
API_NAMES = {
    "DOUBLE": "double",
    "FLOAT": "float",
    "BOOLEAN": "boolean",
    "VARCHAR": "string",
}
INTEGERS = frozenset(
    {
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "INTEGER_LITERAL",
    }
)


Kinds = Mapping[str, str]
"""Trino's types of columns, by the names of these."""


class Refused(Exception):
    """What was asked for cannot be: the HTTP status and Treasure Data's words."""

    def __init__(self, status: int, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details


class ShownColumn(Protocol):
    """A column as results and the table list word it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def trino_type(self) -> str:
        """As a job's result schema words it."""

    @property
    def api_type(self) -> str:
        """As the table list words it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name, DuckDB's name of its type, and Trino's where it says more."""

    name: str
    type: str
    trino: str = ""

    @property
    def trino_type(self) -> str:
        """As Trino words it, also in a job's result schema."""
        if self.trino:
            return self.trino
        if self.type.endswith("[]"):
            inside = self.type.removesuffix("[]")
            element = Column(self.name, inside)
            return f"array({element.trino_type})"
        if self.type in {"INTEGER", "INTEGER_LITERAL"}:
            return "integer"
        if self.type in INTEGERS:
            return "bigint"
        if not self.type.startswith("TIMESTAMP"):
            return TRINO_NAMES.get(self.type, self.type.lower())
        if "ZONE" in self.type:
            return "timestamp(3) with time zone"
        return "timestamp(3)"

    @property
    def api_type(self) -> str:
        """As the table list words it."""
        if self.type.endswith("[]"):
            inside = self.type.removesuffix("[]")
            element = Column(self.name, inside)
            return f"array<{element.api_type}>"
        if self.type in INTEGERS:
            return "long"
        return API_NAMES.get(self.type, "string")


@dataclass(frozen=True, slots=True)
class Table:
    """A table's name, number of rows and columns (with `time`)."""

    name: str
    rows: int
    columns: tuple[ShownColumn, ...]


class Warehouse:
    """All data, in memory, at the `most` so much of it, such as 1GB. One writer at a
    time; readers never wait.
    """

    def __init__(self, most: str = "") -> None:
        self._root = duckdb.connect(
            ":memory:",
            config={
                "python_enable_replacements": "false",
                "python_scan_all_frames": "false",
            },
        )
        self._root.execute("SET TimeZone = 'UTC'")
        self._teaching = threading.Lock()
        self._taught: set[tuple[str, str]] = set()
        self._kinds: dict[tuple[str, str], Kinds] = {}
        always = [f'"py:{one}"(' for one in library.ALWAYS]
        self.teach(" ".join(always))
        for macro in library.MACROS:
            self._root.execute(f"CREATE MACRO {macro}")
        if most:
            self._root.execute(f"SET memory_limit = '{most}'")
        self._root.execute("SET enable_external_access = false")
        self._root.execute("SET lock_configuration = true")
        self.writing = threading.RLock()
        self._changes = 0
        self._databases: tuple[int, tuple[str, ...]] = (-1, ())

    def close(self) -> None:
        """Give everything back."""
        self._root.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own to the same data; close it."""
        return self._root.cursor()

    def teach(self, sql: str) -> None:
        """Make known to DuckDB what a statement calls in Python."""
        with self._teaching:
            for function in sorted(library.functions_in(sql) - self._taught):
                library.teach(self._root, *function)
                self._taught.add(function)

    def remember(self, database: str, table: str, kinds: Kinds) -> None:
        """Keep Trino's types of a table's columns, which may say more than DuckDB's, such
        as varchar(18).
        """
        known = self._kinds.get((database, table), {})
        self._kinds[database, table] = {**known, **kinds}

    def forget(self, database: str, table: str) -> None:
        """A table is gone, and what was remembered of it."""
        self._kinds.pop((database, table), None)

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a DuckDB statement."""
        with self.cursor() as cursor:
            return cursor.execute(sql, list(values)).fetchall()

    def databases(self) -> list[str]:
        """Names, sorted; remembered until they may have changed, since every statement
        asks for them.
        """
        changes = self._changes
        as_of, known = self._databases
        if as_of != changes:
            rows = self.fetch(
                "SELECT schema_name FROM duckdb_schemas()"
                " WHERE database_name = 'memory' AND NOT internal"
            )
            names = {str(name) for (name,) in rows}
            known = tuple(sorted(names - RESERVED))
            self._databases = (changes, known)
        return list(known)

    def anything(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a statement that may change databases too."""
        with self.writing:
            try:
                return self.fetch(sql)
            finally:
                self._changes += 1
                self._kinds.clear()

    def create_database(self, name: str) -> None:
        """Raises Refused: 422 for its name, 409 when it exists."""
        check_name(name, "Database")
        with self.writing:
            if name in self.databases():
                raise Refused(409, f"Database {name} already exists")
            self.anything(f'CREATE SCHEMA "{name}"')

    def delete_database(self, name: str) -> None:
        """With all its tables. Raises Refused 404."""
        with self.writing:
            self.check_database(name)
            self.anything(f'DROP SCHEMA "{name}" CASCADE')

    def check_database(self, name: str) -> None:
        """Raises Refused 404."""
        if name not in self.databases():
            raise Refused(404, f"Couldn't find Database with name = {name}")

    def tables(self, database: str) -> list[Table]:
        """Sorted by name. Raises Refused 404."""
        self.check_database(database)
        sizes = self.fetch(
            "SELECT table_name, estimated_size FROM duckdb_tables()"
            " WHERE schema_name = ? ORDER BY 1",
            [database],
        )
        described = self.fetch(
            "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = 'memory' AND schema_name = ? ORDER BY column_index",
            [database],
        )
        columns: dict[str, list[Column]] = defaultdict(list)
        for table, name, kind in described:
            column = Column(name, kind)
            columns[table].append(column)
        tables = []
        for name, size in sizes:
            own = tuple(columns[name])
            tables.append(Table(name, size, own))
        return tables

    def columns(self, database: str, table: str) -> tuple[Column, ...] | None:
        """A table's columns in order, or None where there is no such table."""
        quoted = f"{_quoted(database)}.{_quoted(table)}"
        try:
            # unlike duckdb_columns(), this does not read the whole catalogue, which
            # grows with every table
            rows = self.fetch(f"DESCRIBE {quoted}")
        except duckdb.CatalogException:
            return None
        kinds = self._kinds.get((database, table), {})
        columns = []
        for name, kind, *_ in rows:
            trino_type = kinds.get(name, "")
            columns.append(Column(name, kind, trino_type))
        return tuple(columns)

    def create_table(self, database: str, table: str) -> None:
        """An empty table with nothing but `time`. Raises Refused: 404, 409, 422."""
        check_name(table, "Table")
        with self.writing:
            self.check_database(database)
            if self.columns(database, table):
                raise Refused(409, f"Table {table} already exists")
            name = f"{_quoted(database)}.{_quoted(table)}"
            self.fetch(f'CREATE TABLE {name} ("{TIME}" BIGINT)')

    def delete_table(self, database: str, table: str) -> None:
        """Raises Refused 404."""
        with self.writing:
            self.check_database(database)
            if not self.columns(database, table):
                raise Refused(404, f"Couldn't find Table with name = {table}")
            self.fetch(f'DROP TABLE "{database}"."{table}"')
            self.forget(database, table)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def check_name(name: str, what: str) -> None:
    """Raises Refused 422 for a name Treasure Data does not take."""
    if not DATABASE_OR_TABLE.fullmatch(name) or name in RESERVED:
        raise Refused(
            422,
            f"{what} name {name!r} is invalid:"
            " 3 to 128 characters of lower case a-z, 0-9 and '_'",
        )
