"""Rules with more values than Trino compiles one by one: written otherwise where they never ran, and else as before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from runner.definitions.rule import All, AnyOf, Compare, Has, Holds, Not, OnColumn, Part, Sign, Test
from runner.project.sources import Column, Type
from runner.sandbox import query
from runner.sandbox.warehouse import Warehouse
from runner.sql import conditions, sizes

TEXTS = tuple(f"x{number:04}" for number in range(1_000))
VALUES = ["a x0500", "x0500 a", "x0500", "a", "", "it's", '"q\\', None]
SAID = (*TEXTS[:699], "it's", '"q\\')


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    made = Warehouse()
    made.create_database("shop")
    yield made
    made.close()


def true_for(warehouse: Warehouse, condition: str) -> list[object]:
    rows = ", ".join(f"({'NULL' if value is None else conditions.literal(value)})" for value in VALUES)
    texts = f"(VALUES {rows}) AS rows (value)"
    columns = "value, CASE WHEN value IS NULL THEN NULL ELSE SPLIT(value, ' ') END AS words"
    sql = f"SELECT value FROM (SELECT {columns} FROM {texts}) AS rows WHERE {condition}"
    with warehouse.cursor() as cursor:
        found = query.execute(sql, database="shop", scheduled_time=0, now=0, warehouse=warehouse, cursor=cursor)
    assert found
    return sorted((value for (value,) in found.rows), key=str)


@pytest.mark.parametrize(
    ("column", "few", "many"),
    [
        ("value", Has(Part.CONTAINS, SAID[-699:]), Has(Part.CONTAINS, SAID)),
        ("value", Has(Part.STARTS_WITH, TEXTS[:899]), Has(Part.STARTS_WITH, TEXTS[:900])),
        ("words", Holds(TEXTS[:649], every=False), Holds(TEXTS[:650], every=False)),
        ("words", Holds(TEXTS[:649], every=True), Holds(TEXTS[:650], every=True)),
    ],
)
def test_many_texts_are_one_array(warehouse: Warehouse, column: str, few: Test, many: Test) -> None:
    kind = Column(column, Type.TEXT if column == "value" else Type.LIST)
    assert "_MATCH(" not in conditions.holds(kind, column, few, "UTC")
    assert "_MATCH(" in conditions.holds(kind, column, many, "UTC")
    for write in (conditions.holds, conditions.fails):
        one_by_one = true_for(warehouse, write(kind, column, few, "UTC"))
        assert true_for(warehouse, write(kind, column, many, "UTC")) == one_by_one


def test_denied_they_are_one_array_sooner() -> None:
    """Trino compiles 814 of STARTS_WITH below a NOT, and 899 without it (measured on 423)."""
    kind = Column("value", Type.TEXT)
    for count, one_array in ((814, False), (815, True)):
        told = conditions.fails(kind, "value", Has(Part.STARTS_WITH, TEXTS[:count]), "UTC")
        assert ("_MATCH(" in told) is one_array


def pairs(count: int) -> AnyOf:
    """So many pairs of conditions, of which each pair is another."""
    return AnyOf(
        tuple(
            All((OnColumn("t", Compare(Sign.EQUALS, f"x{number}")), OnColumn("n", Compare(Sign.GTE, number))))
            for number in range(count)
        )
    )


def test_what_cannot_be_compiled_is_counted() -> None:
    values = AnyOf(tuple(OnColumn("t", Compare(Sign.EQUALS, text)) for text in TEXTS))
    assert sizes.largest(values) == 1  # Trino makes a list of it
    assert sizes.largest(All((pairs(300), values))) == 600
    assert sizes.largest(pairs(500)) == sizes.TOO_MANY
    assert sizes.largest(Not(All(pairs(2).parts))) == 2
    assert sizes.largest(OnColumn("t", Has(Part.CONTAINS, TEXTS))) == 0
