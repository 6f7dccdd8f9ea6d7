"""`cohorts sources`: what is declared, compared with the tables that are there, and filled from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from runner.sql import sampled
from tests.place import Place

SOURCES = """
# what rules may use
sources:
  # who
  people:
    table: shop.people   # nightly
    key: customer_id
    columns:
      country: text   # ISO
      born: date
  orders: {table: orders, join: customer_id, time: time, columns: {amount: number}}   # what
  bare: {table: shop.bare, key: customer_id, columns: {}}
# the end
"""


AGAIN = "rows looked at name somebody again"
OF_EVENTS = "of events write join: …, and time: time"

VISITS = """
CREATE TABLE shop.visits AS SELECT
  'v' || n AS visit_id,
  'c' || n % 20 AS customer_id,
  CASE WHEN n % 3 = 0 THEN NULL ELSE '2026-03-' || lpad((n % 31 + 1)::VARCHAR, 2, '0') END AS day,
  CASE WHEN n = 7 THEN 'unknown' ELSE '2026-03-31' END AS mostly_days,
  '2026-3-1' AS short_days,
  '2026-03-31 10:00:00' AS moment,
  NULL::VARCHAR AS empty,
  1700000000 + n AS time
FROM range(120) AS numbers (n)
"""

NEW = "people.tags, people.n, people.time, orders.sku, bare.level, bare.time"


@pytest.fixture
def shop(place: Place) -> Place:
    place.project(extra=SOURCES)
    columns = "customer_id VARCHAR, country VARCHAR, born VARCHAR, tags VARCHAR[], n DOUBLE, time BIGINT"
    place.sql(f"CREATE TABLE shop.people ({columns})")
    place.sql("CREATE TABLE shop.orders (customer_id VARCHAR, amount BIGINT, sku VARCHAR, time BIGINT)")
    place.sql("CREATE TABLE shop.bare (customer_id VARCHAR, level BIGINT, time BIGINT)")
    return place


def text(place: Place) -> str:
    return (place.folder / "cohorts" / "project.yml").read_text("utf-8")


def test_what_is_as_declared(shop: Place) -> None:
    answer = shop.run("sources", "check")
    assert (answer.code, answer.out) == (0, "3 sources checked: no problems.\n")


def test_what_is_not_there_any_more(shop: Place) -> None:
    shop.sql("DROP TABLE shop.bare")
    shop.sql("ALTER TABLE shop.people DROP COLUMN country")
    shop.sql("CREATE OR REPLACE TABLE shop.orders (customer_id VARCHAR, amount VARCHAR, time BIGINT)")
    answer = shop.run("sources", "check")
    assert answer.code == 1
    lines = [line.split(";")[0] for line in answer.out.splitlines()]
    start = text(shop).splitlines().index("sources:") + 1
    assert lines == [
        f"cohorts/project.yml:{start + 6}:7 C021 shop.people has no column country",
        f"cohorts/project.yml:{start + 8}:68 C022 shop.orders.amount is string there, which is not number",
        f"cohorts/project.yml:{start + 9}:17 C020 the table shop.bare of the source bare does not exist",
    ]


def test_new_columns_are_put_into_the_text(shop: Place) -> None:
    before = text(shop)
    answer = shop.run("sources", "pull")
    assert (answer.code, answer.out) == (
        0,
        f"6 columns added to cohorts/project.yml: {NEW}.\n",
    )
    after = text(shop)
    added = "      tags: list\n      n: number\n      time: time\n"
    expected = before.replace("born: date\n", f"born: date\n{added}")
    expected = expected.replace("{amount: number}", "{amount: number, sku: text}")
    assert after == expected.replace("columns: {}", "columns: {level: number, time: time}")
    assert shop.run("sources", "check").code == 0
    assert shop.run("sources", "pull").out == "Every column is declared already.\n"
    assert shop.run("validate").out.splitlines()[0].startswith("warning: cohorts/ D005")


def test_a_new_table_is_drafted(shop: Place) -> None:
    answer = shop.run("sources", "pull", "shop.customers")
    assert answer.code == 0
    assert answer.out == (
        "# to be put under `sources` in cohorts/project.yml; check what is proposed\n"
        "  customers:\n"
        "    table: shop.customers\n"
        f"    key: customer_id   # proposed: 0 of 3 {AGAIN}; {OF_EVENTS}\n"
        "    columns:\n"
        "      customer_id: text\n"
        "      spend: number\n"
    )
    known = shop.run("sources", "pull", "people", "shop.customers")
    assert (known.code, known.out) == (0, answer.out)
    told = "information: shop.people is declared already as people in cohorts/project.yml"
    assert known.err == f"{told}; `cohorts sources pull` adds its new columns\n"
    assert shop.run("sources", "pull", "shop.orders").out == ""
    assert shop.run("sources", "pull", "nowhere").code == 64
    assert shop.run("sources", "pull", "other.nowhere").code == 64


def test_a_key_is_needed(tmp_path: Path, shop: Place) -> None:
    assert shop.run("sources", "check", TD_API_KEY="").code == 4


def draft(place: Place, table: str) -> list[str]:
    """The lines of a draft, without the first and the indentation."""
    answer = place.run("sources", "pull", table)
    assert (answer.code, answer.err) == (0, "")
    return [line.strip() for line in answer.out.splitlines()[1:]]


def test_events_are_proposed_by_their_rows(shop: Place) -> None:
    shop.sql(VISITS)
    assert draft(shop, "shop.visits") == [
        "visits:",
        "table: shop.visits",
        f"join: customer_id   # proposed: 100 of 120 {AGAIN}, as events do; of people write key: …",
        "time: time   # proposed: it has 120 values in 120 rows looked at; Treasure Data finds rows fast by it",
        "columns:",
        "visit_id: text",
        "customer_id: text",
        "day: date   # proposed: 80 of 80 values looked at are days",
        "mostly_days: text",
        "short_days: text",
        "moment: text",
        "empty: text",
    ]


def test_a_proposal_is_a_source_that_the_project_takes(shop: Place) -> None:
    shop.sql(VISITS)
    drafted = shop.run("sources", "pull", "shop.visits").out
    project = shop.folder / "cohorts" / "project.yml"
    project.write_text(text(shop).replace("sources:\n", f"sources:\n{drafted}"), "utf-8")
    shop.cohort("fans", "SELECT customer_id FROM visits WHERE day > '2026-03-01'")
    assert shop.run("sources", "check").out == "4 sources checked: no problems.\n"
    assert shop.run("validate").code == 0


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("100, '2026', 5", ["join: customer_id   # proposed: 99 of 100", "time: TODO   # not time: it is the same"]),
        (
            "100, '2026', NULL",
            ["join: customer_id   # proposed: 99 of 100", "time: TODO   # the column of unix seconds"],
        ),
        ("0, '2026', 5", ["key: customer_id   # a guess by its name; or of events: join: …, and time: time"]),
    ],
)
def test_what_is_not_evident_is_left_to_a_person(shop: Place, rows: str, says: list[str]) -> None:
    number, day, time = rows.split(", ")
    columns = f"'ann' AS customer_id, {day} AS year, {time}::BIGINT AS time"
    shop.sql(f"CREATE TABLE shop.visits AS SELECT {columns} FROM range({number})")
    lines = draft(shop, "shop.visits")
    assert [line.startswith(said) for line, said in zip(lines[2:], says, strict=False)] == [True] * len(says)
    assert not any("date" in line for line in lines)


def test_a_few_repeated_people_are_no_events(shop: Place) -> None:
    repeated = "CASE WHEN n < 2 THEN 'c1' ELSE 'c' || n END AS customer_id"
    shop.sql(f"CREATE TABLE shop.members AS SELECT {repeated}, n AS time FROM range(100) AS numbers (n)")
    assert draft(shop, "shop.members")[2] == f"key: customer_id   # proposed: 1 of 100 {AGAIN}; {OF_EVENTS}"


def test_of_several_ids_none_is_proposed(shop: Place) -> None:
    shop.sql("CREATE TABLE shop.stores AS SELECT 's' AS store_id, 'r' AS region_id, 'n' AS name, 1 AS time")
    shop.sql("CREATE TABLE shop.words AS SELECT 'w' AS word, 1 AS time")
    expected = "key: store_id   # a guess by its name; or region_id; or of events: join: …, and time: time"
    assert draft(shop, "shop.stores")[2] == expected
    assert draft(shop, "shop.words")[2] == "key: TODO   # or, of events: join: …, and time: time"


def test_the_key_of_a_source_is_surer_than_an_identifier(place: Place) -> None:
    place.project(extra="sources: {people: {table: shop.people, key: member_id, columns: {}}}\n")
    place.sql("CREATE TABLE shop.badges AS SELECT 'c' AS customer_id, 'm' AS member_id, 1 AS time")
    assert draft(place, "shop.badges")[2].startswith("key: member_id   # proposed: ")


def test_new_columns_that_hold_days_are_proposed_as_dates(shop: Place) -> None:
    shop.sql("INSERT INTO shop.people VALUES ('ann', '2026-03-31', '1990-01-01', ['a'], 1.0, 5)")
    shop.sql("ALTER TABLE shop.people ADD COLUMN joined VARCHAR DEFAULT '2026-03-31'")
    shop.sql("ALTER TABLE shop.orders ADD COLUMN sent VARCHAR")
    shop.sql("INSERT INTO shop.orders VALUES ('ann', 5, 's-1', 5, '2026-04-01')")
    answer = shop.run("sources", "pull")
    assert (answer.code, answer.err) == (0, "")
    why = "proposed: 1 of 1 values looked at are days"
    after = text(shop)
    assert f"      joined: date   # {why}\n" in after
    assert f"columns: {{amount: number, sku: text, sent: date   # {why}\n" in after
    # what a person has declared stays, whatever the rows hold
    assert "      country: text   # ISO\n" in after
    assert shop.run("sources", "check").out == "3 sources checked: no problems.\n"
    assert shop.run("sources", "pull").out == "Every column is declared already.\n"


def test_a_key_that_may_not_query_gets_a_guess(shop: Place) -> None:
    shop.fault("request", "status:403", match="job/issue")
    answer = shop.run("sources", "pull", "shop.customers")
    assert answer.code == 0
    assert "    key: customer_id   # a guess by its name; or of events: join: …, and time: time\n" in answer.out
    assert answer.err.startswith("information: nothing is proposed for shop.customers from its rows: ")
    shop.fault("query", "fail")
    answer = shop.run("sources", "pull")
    assert (answer.code, answer.out) == (0, f"6 columns added to cohorts/project.yml: {NEW}.\n")
    assert answer.err.startswith(
        "information: nothing is proposed for shop.orders from its rows: looking at a few rows"
    )


def test_a_look_returns_counts_alone() -> None:
    assert sampled.select("shop.visits", ("customer_id", "time"), ("day",)) == (
        "SELECT\n"
        "  COUNT(*),\n"
        "  COUNT(customer_id),\n"
        "  COUNT(DISTINCT customer_id),\n"
        "  COUNT(day),\n"
        "  COUNT_IF(REGEXP_LIKE(day, '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$')),\n"
        "  COUNT(time),\n"
        "  COUNT(DISTINCT time)\n"
        "FROM (SELECT customer_id, day, time FROM shop.visits LIMIT 10000) AS looked_at"
    )
