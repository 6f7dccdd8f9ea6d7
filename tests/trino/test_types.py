"""Types as Trino 423 has them; each expectation is what the engine answered."""

from __future__ import annotations

import pytest
from runner.trino.casts import castable
from runner.trino.types import coerces, common, comparable, orderable, parse_type


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("varchar", "varchar"),
        ("VARCHAR(3)", "varchar(3)"),
        ("int", "integer"),
        ("double precision", "double"),
        ("decimal", "decimal(38,0)"),
        ("decimal(10)", "decimal(10,0)"),
        ("decimal(10, 2)", "decimal(10,2)"),
        ("timestamp", "timestamp(3)"),
        ("timestamp with time zone", "timestamp(3) with time zone"),
        ("timestamp(6) with time zone", "timestamp(6) with time zone"),
        ("interval day to second", "interval day to second"),
        ("array(row(x bigint, varchar))", "array(row(x bigint, varchar))"),
        ('row("A b" integer, x map(varchar, integer))', "row(A b integer, x map(varchar, integer))"),
        ("hyperloglog", "HyperLogLog"),
        ("char", "char(1)"),
    ],
)
def test_a_type_is_read_and_shown(text: str, shown: str) -> None:
    assert str(parse_type(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("text", "float", "numeric(3)", "bigint(3)", "array", "timestamp(13)", "char(70000)", "geometry"),
        *("decimal(39,1)", "decimal(5,6)", "map(hyperloglog, bigint)", "varchar(3) x", "array(bigint", ""),
    ],
)
def test_what_is_no_type_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"type|DECIMAL"):
        parse_type(text)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("integer", "bigint", "bigint"),
        ("integer", "decimal(2,1)", "decimal(11,1)"),
        ("decimal(3,2)", "bigint", "decimal(21,2)"),
        ("decimal(2,1)", "double", "double"),
        ("decimal(2,1)", "real", "real"),
        ("varchar(3)", "varchar", "varchar"),
        ("char(3)", "varchar(6)", "char(6)"),
        ("char(3)", "varchar", "char(65536)"),
        ("date", "timestamp(0)", "timestamp(0)"),
        ("time(0)", "time(0) with time zone", "time(0) with time zone"),
        ("timestamp(6)", "timestamp(3) with time zone", "timestamp(6) with time zone"),
        ("array(integer)", "array(decimal(2,1))", "array(decimal(11,1))"),
        ("map(varchar(1), integer)", "map(varchar(3), decimal(2,1))", "map(varchar(3), decimal(11,1))"),
        ("row(a integer, b integer)", "row(a bigint, c integer)", "row(a bigint, integer)"),
        ("unknown", "date", "date"),
        ("integer", "varchar", None),
        ("json", "varchar", None),
        ("boolean", "integer", None),
        ("date", "varchar", None),
        ("interval day to second", "interval year to month", None),
        ("row(integer)", "row(integer, integer)", None),
    ],
)
def test_two_types_meet(one: str, other: str, shared: str | None) -> None:
    expected = None if shared is None else parse_type(shared)
    assert common(parse_type(one), parse_type(other)) == expected
    assert common(parse_type(other), parse_type(one)) == expected


@pytest.mark.parametrize(
    ("source", "target", "converts"),
    [
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("varchar(3)", "varchar", True),
        ("varchar", "varchar(3)", False),
        ("char(3)", "varchar", False),
        ("varchar(3)", "char(5)", True),
        ("row(a integer)", "row(b bigint)", True),
        ("unknown", "array(bigint)", True),
        ("bigint", "unknown", False),
        ("varchar", "bigint", False),
    ],
)
def test_a_type_is_converted_without_a_cast(source: str, target: str, *, converts: bool) -> None:
    assert coerces(parse_type(source), parse_type(target)) is converts


@pytest.mark.parametrize(
    ("source", "target", "exists"),
    [
        ("integer", "varchar", True),
        ("integer", "date", False),
        ("array(integer)", "array(date)", False),
        ("row(integer, integer)", "row(bigint, varchar)", True),
        ("json", "array(array(bigint))", True),
        ("json", "array(date)", False),
        ("array(date)", "json", True),
        ("array(varbinary)", "json", False),
        ("row(integer, integer)", "row(integer, map(varchar, integer))", False),
    ],
)
def test_there_is_a_cast(source: str, target: str, *, exists: bool) -> None:
    assert castable(parse_type(source), parse_type(target)) is exists


def test_what_can_be_compared_and_ordered() -> None:
    assert comparable(parse_type("map(integer, integer)"))
    assert not orderable(parse_type("map(integer, integer)"))
    assert not orderable(parse_type("json"))
    assert comparable(parse_type("color"))
    assert not comparable(parse_type("array(hyperloglog)"))
    assert orderable(parse_type("row(date, array(varchar))"))
