"""`cohorts sources`: what is declared, compared with the tables that are there, and filled from them."""

from __future__ import annotations

from pathlib import Path

import pytest
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
    assert shop.run("validate").out.splitlines()[0].startswith("warning: cohorts/:1:1 D005")


def test_a_new_table_is_drafted(shop: Place) -> None:
    answer = shop.run("sources", "pull", "shop.customers")
    assert answer.code == 0
    assert answer.out == (
        "# to be put under `sources` in cohorts/project.yml; say what its key is\n"
        "  customers:\n"
        "    table: shop.customers\n"
        "    key: customer_id   # or, of events: join: …, and time: time\n"
        "    columns:\n"
        "      customer_id: text\n"
        "      spend: number\n"
    )
    assert shop.run("sources", "pull", "nowhere").code == 64
    assert shop.run("sources", "pull", "other.nowhere").code == 64


def test_a_key_is_needed(tmp_path: Path, shop: Place) -> None:
    assert shop.run("sources", "check", TD_API_KEY="").code == 4
