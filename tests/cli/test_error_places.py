"""What Treasure Data says of a query is told at the author's own place, not at one of the SQL around it."""

from __future__ import annotations

import re

import pytest
from tests.place import Place

MACRO = "{# money #}\n{% macro spent(least) %}spent_not >= {{ least }}{% endmacro %}"

TEMPLATE = """\
{% from "macros/money.sql" import spent %}

SELECT customer_id
FROM customers
WHERE {{ WHAT }}
"""

SHARED = """\
id: big
name: Big
audience:
  template: spenders.sql
  params: {least: 10}
"""

SOURCES = """
sources:
  customers:
    table: shop.customers
    key: customer_id
    columns: {spend: number, gone: text}
"""


def write(place: Place, name: str, text: str) -> None:
    file = place.folder / "cohorts" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def shared(place: Place, condition: str) -> None:
    write(place, "big.yml", SHARED)
    write(place, "templates/spenders.sql", TEMPLATE.replace("{{ WHAT }}", condition))
    write(place, "templates/macros/money.sql", MACRO)


def both(place: Place) -> list[str]:
    """What `plan --members` and `sync` say of the failure, from its place on."""
    told = place.run("plan", "--members").out + place.run("sync").out
    return re.findall(r"cohorts/\S+ R020 .*", told)


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("SELECT customer_id FROM customers WHERE spent_not > 1", "5:45"),
        ("SELECT customer_id FROM customers\n\n    -- wrong\n    WHERE spent_not > 1", "8:11"),
        ("\n    SELECT customer_id FROM customers WHERE spent_not > 1 ;", "6:45"),
        ("SELECT customer_id FROM customers WHERE customer_id <> 'a\n    b' AND spent_not > 1", "6:12"),
    ],
)
def test_in_the_cohorts_own_file(place: Place, sql: str, where: str) -> None:
    place.cohort("big", sql)
    told = both(place)
    assert len(told) == 2
    for line in told:
        assert line.startswith(f"cohorts/big.yml:{where} R020 big: ")
        assert "failed: Column 'spent_not' cannot be resolved; " in line


def test_in_a_template(place: Place) -> None:
    shared(place, "spend > {{ least }} OR spent_not > {{ least }}")
    assert [line.split(" R020")[0] for line in both(place)] == ["cohorts/templates/spenders.sql:5:30"] * 2


def test_in_a_macro(place: Place) -> None:
    shared(place, "spend > {{ least }} OR {{ spent(least) }}")
    assert [line.split(" R020")[0] for line in both(place)] == ["cohorts/templates/macros/money.sql:2:25"] * 2


def test_of_a_rule_it_is_the_rule(place: Place) -> None:
    place.project(extra=SOURCES)
    rule = "id: big\nname: Big\naudience:\n  from: customers\n  where: {column: gone, equals: x}\n"
    write(place, "big.yml", rule)
    assert [line.split(" R020")[0] for line in both(place)] == ["cohorts/big.yml:5:10"] * 2
    # over SQL of the author's own: the rule, or the SQL, whichever it is about
    base = "  sql: |\n    SELECT customer_id, gone FROM customers\n"
    write(place, "big.yml", rule.replace("  where", f"{base}  where"))
    assert [line.split(" R020")[0] for line in both(place)] == ["cohorts/big.yml:6:25"] * 2


def test_a_value_in_an_error_stays_hidden(place: Place) -> None:
    place.cohort("big", "SELECT customer_id FROM customers WHERE CAST(customer_id AS BIGINT) > 1")
    place.sql("INSERT INTO shop.customers VALUES ('customer_id', 1, 1), ('hedwig', 1, 1)")
    told = place.run("plan", "--members").out + place.run("sync").out
    assert "R020" in told
    for name in ("hedwig", "'customer_id'", "'ann'", "'bob'"):
        assert name not in told
