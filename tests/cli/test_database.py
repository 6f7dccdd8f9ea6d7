"""The database in which names of tables are looked up belongs to what would be delivered."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.place import Place

OPEN = "SELECT customer_id FROM customers WHERE spend >= 100"
NAMED = "SELECT customer_id FROM shop.customers WHERE spend >= 100"


@pytest.fixture
def shops(place: Place) -> Place:
    """A second database, whose customers are fewer; two cohorts, of which one names its database."""
    place.sql("UPDATE shop.customers SET spend = 500")
    place.sql("CREATE SCHEMA outlet")
    place.sql("CREATE TABLE outlet.customers AS SELECT * FROM shop.customers WHERE customer_id = 'ann'")
    place.cohort("buyers", OPEN, extra="guards: {max_removed: 100%}\n")
    place.cohort("named", NAMED)
    return place


def look_in(place: Place, database: str) -> None:
    path = Path(place.folder) / "cohorts" / "project.yml"
    lines = path.read_text("utf-8").splitlines()
    changed = [f"    database: {database}" if line.startswith("    database: ") else line for line in lines]
    path.write_text("\n".join(changed) + "\n", "utf-8")


def test_another_database_changes_what_names_mean(shops: Place) -> None:
    assert shops.run("sync").code == 0
    everybody = shops.members("buyers")
    look_in(shops, "outlet")
    told = shops.run("plan")
    assert "database changed: shop → outlet" in told.out
    assert "1 to update" in told.out
    assert shops.run("sync", "--select", "buyers").code == 0
    assert shops.members("buyers") == {"ann"} != everybody
    assert shops.members("named") == everybody
    assert shops.run("plan", "--detailed-exitcode").code == 0


def test_guards_hold_where_the_database_is_another(shops: Place) -> None:
    shops.cohort("buyers", OPEN, extra="guards: {max_removed: 1}\n")
    assert shops.run("sync").code == 0
    everybody = shops.members("buyers")
    look_in(shops, "outlet")
    assert "G003" in shops.run("sync").out
    assert shops.members("buyers") == everybody


def test_a_rule_over_a_source_without_a_database_changes_too(shops: Place) -> None:
    sources = "sources:\n  customers: {table: customers, key: customer_id, columns: {spend: number}}\n"
    shops.project(extra=sources)
    rule = "audience:\n  from: customers\n  where: {column: spend, gte: 100}\n"
    text = f"id: ruled\nname: Ruled\nguards: {{max_removed: 100%}}\n{rule}"
    (shops.folder / "cohorts" / "ruled.yml").write_text(text, "utf-8")
    assert shops.run("sync").code == 0
    look_in(shops, "outlet")
    assert "2 to update" in shops.run("plan").out


def test_a_ledger_that_never_knew_the_database_sends_nothing_again(shops: Place) -> None:
    """Rows of earlier versions do not say where names were looked up."""
    assert shops.run("sync").code == 0
    told = '"database":"shop",'
    shops.sql(f"UPDATE cohort_runner.cohort_ledger SET detail = REPLACE(detail, '{told}', '')")
    look_in(shops, "outlet")
    assert "Nothing to do" in shops.run("plan").out
