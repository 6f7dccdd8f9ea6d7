"""What the instrument calls alike and what it does not."""

from __future__ import annotations

import pytest
from tests.conformance import replay, run
from tests.conformance.corpus import Answer

MISMATCH = "TYPE_MISMATCH: Insert query has mismatched column types: Table: [{}], Query: [{}]"


@pytest.mark.parametrize(
    ("table", "query", "lacks"),
    [
        ("varchar(1), integer, bigint", "varchar(4), integer", True),
        ("varchar(1), bigint, bigint", "varchar(4), integer", True),
        ("varchar(1), integer, bigint", "varchar(4)", False),
        ("varchar(1), integer, bigint", "varchar(4), double", False),
        ("varchar(1), integer", "varchar(4)", False),
    ],
)
def test_nothing_but_the_last_column_may_be_missing(table: str, query: str, lacks: bool) -> None:
    assert replay._lacks_time(MISMATCH.format(table, query)) is lacks


def test_time_is_the_last_of_all_columns() -> None:
    answer = Answer((("time", "bigint"), ("a", "varchar")), ((5, "x"),))
    turned = replay._with_time_last("SELECT * FROM chosen", answer)
    assert turned == Answer((("a", "varchar"), ("time", "bigint")), (("x", 5),))
    assert replay._with_time_last("SELECT time, a FROM chosen", answer) == answer


@pytest.mark.parametrize(
    ("told", "own"),
    [
        ("line 1:1: this statement is not supported by Treasure Data: SHOW TABLES", True),
        ("line 1:1: Table name 'ab' is invalid: 3 to 128 characters of a-z, 0-9 and _", True),
        ("line 1:8: Column 'nothing' cannot be resolved", False),
    ],
)
def test_rules_of_treasure_data_alone(told: str, own: bool) -> None:
    assert bool(replay.OWN_RULES.search(told)) is own


EXPECTED = "Unexpected parameters (varchar(3)) for function round. Expected: {}"


@pytest.mark.parametrize(
    ("functions", "still"),
    [
        ("round(real, integer), round(double), round(decimal(p,s))", True),
        ("round(decimal(p,s)), round(real, integer), round(double)", True),
        ("round(decimal(p,s)), round(real), round(double)", False),
    ],
)
def test_functions_may_be_listed_in_another_order(functions: str, still: bool) -> None:
    kept = Answer(error={"message": EXPECTED.format("round(double), round(decimal(p,s)), round(real, integer)")})
    assert run._still(kept, Answer(error={"message": EXPECTED.format(functions)})) is still
