"""A real engine for these tests, which `make test-engine` sets up and asks for; `make test` leaves them alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from runner.sandbox.engine import home, process
from runner.sandbox.engine.client import CATALOG, Connection
from runner.sandbox.engine.tables import EngineTables
from runner.sandbox.engine.trials import CATALOGS

collect_ignore_glob = [] if os.environ.get("COHORTS_TEST_ENGINE") else ["test_*.py"]

ENVIRONMENT = dict(os.environ)
"""As it was before tests are given a clean one."""


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
