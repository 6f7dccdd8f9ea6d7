"""Functions of Trino 423 and of Treasure Data: their signatures, and which of them a call means.

Each expectation is what the engine answered, to `SELECT typeof(…)` or with its error.
"""

from __future__ import annotations

import pytest
from runner.trino import functions
from runner.trino.resolution import Ambiguous, resolve
from runner.trino.types import parse_type


def test_every_signature_can_be_read() -> None:
    assert len(functions.names()) > 330
    for name in functions.names():
        assert functions.signatures(name), name


def test_names_are_compared_without_regard_to_case() -> None:
    assert functions.signatures("LOWER") == functions.signatures("lower")
    assert not functions.signatures("no_such_function")


def test_the_data_names_the_engine_and_its_sources() -> None:
    assert functions._TRINO.read_text("utf-8").startswith("# Trino 423:")
    for line in functions._TREASURE_DATA.read_text("utf-8").splitlines()[1:]:
        assert line.split("\t")[6].startswith("Documentation"), line


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("concat", "concat(char(x), char(y)) | concat(array(E), E) E | concat(E, array(E)) E"),
        ("greatest", "greatest(E) E:orderable"),
        ("array_join", "array_join(array(T), varchar) T:castableTo(varchar)"),
        ("array_sort", "array_sort(array(e)) E:orderable | array_sort(array(t), function(t,t,integer)) T"),
        ("cardinality", "cardinality(hyperloglog)"),
    ],
)
def test_signatures_are_shown_as_trino_does(name: str, shown: str) -> None:
    assert " | ".join(map(str, functions.signatures(name))).startswith(shown)


@pytest.mark.parametrize(
    ("name", "given", "returns"),
    [
        ("concat", ["varchar(1)", "varchar(3)"], "varchar"),
        ("concat", ["char(3)", "varchar(1)"], "char(4)"),
        ("concat", ["unknown", "varchar(1)"], "array(varchar(1))"),
        ("concat", ["varchar(1)", "unknown"], "array(varchar(1))"),
        ("concat", ["unknown", "varchar(1)", "varchar(1)"], "varchar"),
        ("concat", ["array(integer)", "decimal(2,1)"], "array(decimal(11,1))"),
        ("concat", ["integer", "array(integer)"], "array(integer)"),
        ("round", ["unknown"], "tinyint"),
        ("array_distinct", ["unknown"], "array(unknown)"),
        ("element_at", ["unknown", "integer"], "unknown"),
        ("cardinality", ["unknown"], "bigint"),
        ("map_keys", ["unknown"], "array(unknown)"),
        ("at_timezone", ["unknown", "varchar(3)"], "timestamp(3) with time zone"),
        ("greatest", ["integer", "decimal(2,1)", "double"], "double"),
        ("sum", ["integer"], "bigint"),
        ("sum", ["decimal(2,1)"], "decimal(38,1)"),
        ("avg", ["integer"], "double"),
        ("avg", ["decimal(2,1)"], "decimal(2,1)"),
        ("$ADD", ["unknown", "integer"], "integer"),
        ("$ADD", ["date", "interval day to second"], "date"),
        ("$ADD", ["timestamp(0)", "interval day to second"], "timestamp(3)"),
        ("$ADD", ["timestamp(0)", "interval year to month"], "timestamp(0)"),
        ("$SUBTRACT", ["date", "date"], "interval day to second"),
        ("$SUBTRACT", ["timestamp(0)", "date"], "interval day to second"),
        ("td_time_range", ["bigint", "varchar(10)", "unknown"], "boolean"),
        ("td_time_range", ["integer", "unknown", "bigint", "varchar(3)"], "boolean"),
    ],
)
def test_a_call_means_the_form_that_trino_takes(name: str, given: list[str], returns: str) -> None:
    found = resolve(name, [parse_type(one) for one in given])
    assert found is not None
    assert not isinstance(found, Ambiguous)
    assert str(found.returns) == returns


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("concat", ["varchar(1)", "integer"]),
        ("strpos", ["char(3)", "varchar(1)"]),
        ("greatest", ["integer", "varchar(1)"]),
        ("sum", ["varchar(1)"]),
        ("count", ["integer", "integer"]),
        ("$ADD", ["date", "integer"]),
        ("array_join", ["array(varbinary)", "varchar(1)"]),
        ("lower", ["integer"]),
        ("td_time_range", ["bigint"]),
    ],
)
def test_no_form_takes_these(name: str, given: list[str]) -> None:
    assert resolve(name, [parse_type(one) for one in given]) is None


@pytest.mark.parametrize(
    ("name", "given", "forms"),
    [
        ("date_add", ["varchar(3)", "bigint", "unknown"], 5),
        ("substr", ["unknown", "integer"], 2),
        ("reverse", ["unknown"], 3),
        ("$NEGATION", ["unknown"], 9),
        ("concat", ["varchar", "unknown"], 2),
    ],
)
def test_a_bare_null_may_mean_several(name: str, given: list[str], forms: int) -> None:
    found = resolve(name, [parse_type(one) for one in given])
    assert isinstance(found, Ambiguous)
    assert len(found.forms) == forms
    assert found.message.startswith("Could not choose a best candidate operator. Explicit type casts must be added.")
