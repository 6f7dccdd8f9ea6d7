"""A real engine for these tests, which `make test-engine` sets up and asks for; `make test` leaves them alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import pytest
from benchmarks.engine import Engine
from runner.sandbox.engine import home, process
from runner.sandbox.engine.client import CATALOG, Connection
from runner.sandbox.engine.tables import EngineTables
from runner.sandbox.engine.trials import CATALOGS

collect_ignore_glob = [] if os.environ.get("COHORTS_TEST_ENGINE") else ["test_*.py"]

ENVIRONMENT = dict(os.environ)
"""As it was before tests are given a clean one."""


STATE = "cohort_statements"
"""The schema of statements that the runner writes."""

CUSTOMERS = (
    "'a' AS customer_id, 'US' AS country, 'e' AS email, 'e' AS email_address, 'd' AS device_id, 'x' AS note,"
    " 600 AS spend, 2 AS refund"
)
SNAPSHOT = "'external_id' AS kind, '' AS label, 'a' AS value, 1 AS spellings, '' AS type, 5 AS since"
TABLES = {
    "customers": CUSTOMERS,
    "purchases": "'a' AS customer_id, 'home' AS category",
    "people": "'a' AS customer_id, 'd' AS device, 'e' AS email, 'e' AS email_address, 'p' AS phone, 5 AS spend",
    **{f"snap{number}": SNAPSHOT for number in range(10)},
}
"""Tables and their one row: of golden statements, and snapshots."""


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """The address of an engine with catalogs for a sandbox and for trials."""
    installed = home.installed(ENVIRONMENT)
    with process.running(installed, ENVIRONMENT, catalogs=[CATALOG, *CATALOGS]) as url:
        yield url


@pytest.fixture
def tables(engine: str) -> EngineTables:
    """The sandbox's tables, without any."""
    made = EngineTables(engine)
    for database in made.databases():
        made.delete_database(database)
    made.create_database("shop")
    return made


@pytest.fixture
def connection(engine: str, tables: EngineTables) -> Iterator[Connection]:
    """A client of the engine, beside an empty database `shop`."""
    with closing(Connection(engine)) as made:
        yield made


@pytest.fixture(scope="module")
def asked(engine: str) -> Iterator[Engine]:
    """The engine as the benchmark asks it, with the tables that the runner's own statements read."""
    made = Engine(engine, CATALOG, STATE)
    made.run(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{STATE}")
    for name, columns in TABLES.items():
        made.run(f"DROP TABLE IF EXISTS {name}")
        made.run(f"CREATE TABLE {name} AS SELECT {columns}")
    yield made
    for name in TABLES:
        made.run(f"DROP TABLE {name}")
    made.run(f"DROP SCHEMA {CATALOG}.{STATE}")
