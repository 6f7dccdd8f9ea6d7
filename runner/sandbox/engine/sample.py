"""The sample shop in the engine: the very rows that DuckDB makes, carried over."""

from __future__ import annotations

from contextlib import closing

from runner.sandbox.engine.tables import EngineTables, Loaded
from runner.sandbox.options import Shop
from runner.sandbox.sample import People, fill_warehouse, known
from runner.sandbox.warehouse import Warehouse


def fill(tables: EngineTables, shop: Shop, now: int) -> People:
    """Make the database `shop`; returns whom Braze knows of it."""
    with closing(Warehouse()) as warehouse:
        fill_warehouse(warehouse, shop, now)
        for table in warehouse.tables("shop"):
            columns = {column.name: column.trino_type for column in table.columns}
            rows = warehouse.fetch(f'SELECT * FROM shop."{table.name}"')
            tables.load([Loaded("shop", table.name, columns, rows)])
        return known(warehouse)
