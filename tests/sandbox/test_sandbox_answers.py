"""What Trino 423 answers, answered by the sandbox's DuckDB: each expected value was told by the engine itself."""

from __future__ import annotations

from typing import Any

import pytest
from runner.sandbox import query
from runner.sandbox.duck import table
from runner.sandbox.query import NotHere, QueryFailed
from runner.sandbox.warehouse import Warehouse
from runner.trino import functions

NOW = 1775000000
NAN = float("nan")


@pytest.fixture(scope="module")
def warehouse() -> Any:
    made = Warehouse()
    made.create_database("shop")
    yield made
    made.close()


def answered(warehouse: Warehouse, sql: str) -> list[list[Any]]:
    with warehouse.cursor() as cursor:
        rows = query.execute(sql, database="shop", scheduled_time=NOW, now=NOW, warehouse=warehouse, cursor=cursor)
    return [list(row) for row in rows.rows] if rows else []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("date_diff('year', date '2000-12-31', date '2026-01-01')", 25),
        ("date_diff('month', date '2020-01-31', date '2020-02-29')", 1),
        ("date_diff('day', timestamp '2020-01-01 12:00', timestamp '2020-01-02 11:59')", 0),
        ("date_diff('hour', timestamp '2020-01-01 12:00', timestamp '2020-01-01 10:59')", -1),
        ("split_part('a,b', ',', 3)", None),
        ("regexp_extract('abc', 'x')", None),
        ("regexp_replace('abc', '(b)', '[$1]')", "a[b]c"),
        ("format('%03d', 5)", "005"),
        ("1 / 3.0", "0.3"),
        ("2 / 3.0", "0.7"),
        ("cast(123.5e0 as varchar)", "1.235E2"),
        ("try_cast('1.5' as bigint)", None),
        ("try_cast(' 1 ' as bigint)", None),
        ("try_cast('0x10' as bigint)", None),
        ("try_cast('yes' as boolean)", None),
        ("cast('abcdef' as varchar(3))", "abc"),
        ("substr('hello', 0)", ""),
        ("contains(array[1, null], 2)", None),
        ("array_max(array[1, null, 3])", None),
        ("array_position(array[1], 2)", 0),
        ("json_extract_scalar('{\"a\":[1,2]}', '$.a')", None),
        ("extract(dow from date '2020-01-05')", 7),
        ("1e0 / 0", float("inf")),
        ("nan() = nan()", False),
        ("upper('straße')", "STRAßE"),
        ("to_iso8601(timestamp '2020-01-05 03:04:05')", "2020-01-05T03:04:05"),
        ("all_match(array[1, null], x -> x > 0)", None),
        ("zip_with(array[1, 2], array[3], (x, y) -> x + y)", [4, None]),
        ("format_datetime(timestamp '2020-01-05 13:02:03', 'yyyy-MM-dd HH:mm')", "2020-01-05 13:02"),
        ("td_time_format(0, '''it''''s'' yyyy')", "it's 1970"),
        ("normalize('e' || chr(769), NFC)", "é"),
        ("width_bucket(5.3, 0.2, 10.6, 5)", 3),
        ("url_extract_parameter('https://a.b/?x=1&y=2', 'y')", "2"),
        ("regexp_like('foobar', 'foo(?=bar)')", True),
        ("date_format(from_unixtime(0) at time zone 'Asia/Tokyo', '%H')", "09"),
        ("to_hex(xxhash64(to_utf8('a')))", "D24EC4F1A98C6E5B"),
        ("map_keys(map(array['b', 'a'], array[1, 2]))", ["b", "a"]),
        ("cast(json_parse('[1, null]') as array(bigint))", [1, None]),
        ("reduce(array[1, 2, 3], 0, (s, x) -> s + x, s -> s)", 6),
    ],
)
def test_it_answers_as_trino_does(warehouse: Warehouse, expression: str, value: object) -> None:
    assert answered(warehouse, f"SELECT {expression}") == [[value]]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("array[1, 2][3]", "Array subscript must be less than or equal to array length: 3 > 2"),
        ("array[1, 2][0]", "SQL array indices start at 1"),
        ("map(array['a'], array[1])['b']", "Key not present in map: b"),
        ("1 / 0", "Division by zero"),
        ("cast('abc' as integer)", "Cannot cast 'abc' to INT"),
        ("cast('x' as double)", "Cannot cast 'x' to DOUBLE"),
        ("cast('2020-13-01' as date)", "Value cannot be cast to date: 2020-13-01"),
        ("9223372036854775807 + 1", "bigint addition overflow: 9223372036854775807 + 1"),
        ("2147483647 * 2", "integer multiplication overflow: 2147483647 * 2"),
        ("cast(99999999999 as integer)", "Out of range for integer: 99999999999"),
        ("json_parse('bad')", "Cannot convert value to JSON: 'bad'"),
        ("regexp_extract('abc', 'b', 1)", "Pattern has 0 groups. Cannot access group 1"),
        ("split('abc', '')", "The delimiter may not be the empty string"),
        ("date '2020-01-01' + interval '1' hour", "Cannot add hour, minutes or seconds to a date"),
        ("(SELECT x FROM (VALUES 1, 2) AS t (x))", "Scalar sub-query has returned multiple rows"),
    ],
)
def test_a_value_that_trino_refuses_is_refused(warehouse: Warehouse, expression: str, message: str) -> None:
    with pytest.raises(QueryFailed) as told:
        answered(warehouse, f"SELECT {expression}")
    assert str(told.value) == message


@pytest.mark.parametrize("read", ["parse_datetime('2024-1-1', 'yyyy')", "date_parse('2024-1-1', '%Y')"])
def test_a_text_longer_than_its_pattern_is_refused(warehouse: Warehouse, read: str) -> None:
    with pytest.raises(QueryFailed, match='Invalid format: "2024-1-1"'):
        answered(warehouse, f"SELECT {read}")


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT approx_percentile(x, 0.5) FROM (VALUES 1, 2) AS t (x)", "approx_percentile"),
        ("SELECT uuid()", "uuid"),
        ("SELECT array_agg(x) FROM (VALUES 1, 2) AS t (x)", "array_agg without ORDER BY"),
        ("SELECT regexp_like('a', '\\p{IsHan}')", "a regular expression with \\p"),
        ("SELECT * FROM (VALUES 1) AS t (x) TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE"),
        ("SELECT arbitrary(x) FROM (VALUES 1, 2) AS t (x)", "arbitrary of several values"),
        ("SELECT cast('a' as char(3))", "the type char"),
    ],
)
def test_what_is_not_here_says_so(warehouse: Warehouse, sql: str, what: str) -> None:
    with pytest.raises(NotHere) as told:
        answered(warehouse, sql)
    assert str(told.value) == (f"this sandbox cannot tell what Trino answers for {what}; run with --engine trino")


def test_what_need_not_be_evaluated_does_not_fail(warehouse: Warehouse) -> None:
    sql = "SELECT x FROM (VALUES 'a', '5') AS t (x) WHERE x <> 'a' AND cast(x AS bigint) > 1"
    assert answered(warehouse, sql) == [["5"]]
    sql = "SELECT try(cast(x AS bigint)) FROM (VALUES 'a', '5') AS t (x)"
    assert answered(warehouse, sql) == [[None], [5]]


def test_a_table_keeps_the_length_of_its_texts(warehouse: Warehouse) -> None:
    answered(warehouse, "CREATE TABLE kept AS SELECT 'abc' AS a, 1 AS b")
    with pytest.raises(QueryFailed) as told:
        answered(warehouse, "INSERT INTO kept (a, b) SELECT 'abcd', 2")
    assert str(told.value) == (
        "Cannot truncate non-space characters when casting from varchar(4) to varchar(3) on INSERT"
    )
    answered(warehouse, "INSERT INTO kept (a, b) SELECT 'ab ', 2")
    assert answered(warehouse, "SELECT a FROM kept ORDER BY b") == [["abc"], ["ab "]]


def test_no_function_is_both_the_same_and_not_here() -> None:
    assert not table.NOT_HERE & set(table.SAME)
    assert not table.NOT_HERE_OF_TREASURE_DATA & set(table.SAME)


def test_every_function_is_in_the_table() -> None:
    assert [name for name in functions.names() if not table.is_known(name)] == []


def test_the_table_has_no_other_functions() -> None:
    listed = {*table.SAME, *table.NOT_HERE, *table.NOT_HERE_OF_TREASURE_DATA}
    read_by_the_parser = {"coalesce", "format", "if", "nullif", "try"}
    assert listed - set(functions.names()) == read_by_the_parser
