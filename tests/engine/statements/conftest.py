"""A real Trino for these tests, whose address COHORTS_TRINO gives; without one they are not collected."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from benchmarks.engine import Engine

ADDRESS = os.environ.get("COHORTS_TRINO", "")
collect_ignore_glob = [] if ADDRESS else ["test_*.py"]

TABLES = {
    "customers": "'a' AS customer_id, 5 AS lifetime_value, 'US' AS country, 'e' AS email, 'd' AS device_id",
    "people": "'a' AS customer_id, 'd' AS device, 'e' AS email, 'p' AS phone, 5 AS spend",
    **{f"m{number}": "'external_id' AS kind, '' AS label, 'a' AS value, 1 AS spellings, '' AS type, 5 AS since"
       for number in range(10)},
}  # fmt: skip


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine, with the tables that statements here read in a schema of their own."""
    made = Engine(ADDRESS, os.environ.get("COHORTS_TRINO_CATALOG", "td"), "cohort_statements")
    made.run(f"CREATE SCHEMA IF NOT EXISTS {made.catalog}.{made.schema}")
    for name, columns in TABLES.items():
        made.run(f"DROP TABLE IF EXISTS {name}")
        made.run(f"CREATE TABLE {name} AS SELECT {columns}")
    yield made
    for name in TABLES:
        made.run(f"DROP TABLE {name}")
    made.run(f"DROP SCHEMA {made.catalog}.{made.schema}")
