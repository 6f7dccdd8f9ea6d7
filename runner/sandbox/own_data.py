"""Data that is given to a sandbox in the place of the sample shop."""

from __future__ import annotations

from dataclasses import dataclass

from runner.sandbox.braze import User
from runner.sandbox.duck.storage import name, storage
from runner.sandbox.engine.tables import EngineTables, Loaded
from runner.sandbox.sessions import Tables
from runner.sandbox.warehouse import Warehouse
from runner.trino.types import parse_type


@dataclass(frozen=True, slots=True)
class OwnData:
    """Databases, tables with their rows, the users whom each workspace of Braze knows,
    and the connections, each a name and its workspace. Each table is in one of the
    databases.
    """

    databases: tuple[str, ...]
    tables: tuple[Loaded, ...]
    users: tuple[User, ...]
    connections: tuple[tuple[str, str], ...]


def fill(tables: Tables, data: OwnData) -> None:
    """Make the databases and the tables. Raises Refused, EngineProblem."""
    for database in data.databases:
        tables.create_database(database)
    match tables:
        case Warehouse():
            for table in data.tables:
                _make(tables, table)
        case EngineTables():
            tables.load(data.tables)


def _make(warehouse: Warehouse, table: Loaded) -> None:
    """Make one table in DuckDB."""
    database = name(table.database)
    made = f"{database}.{name(table.name)}"
    kinds = [storage(parse_type(kind)) for kind in table.columns.values()]
    declared = []
    for column, kind in zip(table.columns, kinds, strict=True):
        declared.append(f"{name(column)} {kind}")
    columns = ", ".join(declared)
    warehouse.fetch(f"CREATE TABLE {made} ({columns})")
    # a list for each column is much faster than a value for each cell
    cells = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind in kinds)
    values = [list(column) for column in zip(*table.rows, strict=True)]
    if values:
        warehouse.fetch(f"INSERT INTO {made} SELECT {cells}", values)
