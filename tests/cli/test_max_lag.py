"""A source that is not loaded holds back the cohorts that read it, and no others."""

from __future__ import annotations

from tests.place import Place

SOURCES = """
sources:
  customers: {table: shop.customers, key: customer_id, columns: {spend: number}}
  orders: {table: shop.orders, join: customer_id, time: time, max_lag: 26h, columns: {amount: number}}
  gone: {table: shop.gone, join: customer_id, time: time, max_lag: 26h, columns: {amount: number}}
"""
RULE = """\
id: buyers
name: Buyers
audience: {from: customers, where: {event: orders}}
"""
HOUR = 3_600


def orders(place: Place, age: int, *names: str) -> None:
    """Orders, each so many seconds old by the sandbox's clock."""
    moment = int(place.ask("GET", "clock")["now"]) - age
    place.sql("CREATE OR REPLACE TABLE shop.orders (customer_id VARCHAR, amount BIGINT, time BIGINT)")
    for name in names:
        place.sql(f"INSERT INTO shop.orders VALUES ('{name}', 5, {moment})")


def begin(place: Place) -> None:
    place.project(extra=SOURCES)
    (place.folder / "cohorts" / "buyers.yml").write_text(RULE, "utf-8")
    place.cohort("in_sql", "SELECT customer_id FROM shop.orders")
    place.cohort("others", "SELECT customer_id FROM customers")
    orders(place, HOUR, "ann", "bob")
    assert place.run("sync").code == 0
    assert place.members("buyers") == place.members("in_sql") == {"ann", "bob"}


def test_what_reads_a_late_source_waits(place: Place) -> None:
    begin(place)
    orders(place, 27 * HOUR, "ann")
    place.sql("DELETE FROM shop.customers WHERE customer_id = 'eve'")
    answer = place.run("sync", "--refresh")
    assert answer.code == 7
    assert answer.out.count("G011") == 2
    assert "buyers: the source orders has no row younger than 26h" in answer.out
    assert place.members("buyers") == place.members("in_sql") == {"ann", "bob"}
    assert place.members("others") == {"ann", "bob"}
    # what waits is due until it is loaded
    assert place.run("sync").code == 6
    orders(place, HOUR, "ann")
    assert place.run("sync").code == 0
    assert place.members("buyers") == place.members("in_sql") == {"ann"}


def test_it_may_be_allowed_once_and_the_plan_tells_before(place: Place) -> None:
    begin(place)
    orders(place, 27 * HOUR, "ann")
    plan = place.run("plan", "--refresh", "--members")
    assert plan.code == 6
    assert plan.out.count("G011") == 2
    allowed = place.run("sync", "--refresh", "--allow", "max_lag:buyers", "--reason", "a holiday")
    assert allowed.code == 7
    assert place.members("buyers") == {"ann"}
    assert place.members("in_sql") == {"ann", "bob"}
    assert "max_lag" in place.run("history", "buyers", "--output", "json").out


def test_whoever_must_leave_leaves_all_the_same(place: Place) -> None:
    begin(place)
    place.project(extra=SOURCES + "suppress: [opted_out]\n")
    empty = "guards: {allow_empty: true}\n"
    place.cohort("opted_out", "SELECT customer_id FROM customers WHERE spend = 1", extra=empty)
    assert place.run("sync").code == 0
    orders(place, 27 * HOUR, "ann", "bob")
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id = 'bob'")
    assert place.run("sync", "--refresh").code == 7
    assert place.members("buyers") == {"ann"}


def test_a_source_that_cannot_be_looked_at_holds_back_its_own(place: Place) -> None:
    begin(place)
    place.cohort("of_gone", "SELECT customer_id FROM shop.gone")
    answer = place.run("sync")
    assert answer.code == 1
    assert "looking whether sources are loaded" in answer.out
    assert "does not exist" in answer.out


def test_without_such_sources_nobody_asks(place: Place) -> None:
    begin(place)
    place.requests()
    place.cohort("more", "SELECT customer_id FROM customers")
    assert place.run("sync").code == 0
    with_sql = place.requests()["jobs"]
    place.cohort("buying", "SELECT customer_id FROM shop.orders")
    assert place.run("sync").code == 0
    assert sum(place.requests()["jobs"].values()) == sum(with_sql.values()) + 1
