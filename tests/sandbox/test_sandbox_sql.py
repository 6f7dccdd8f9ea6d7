"""Trino's SQL on DuckDB: statements, names, `time`, messages, and Treasure Data's time functions to the second."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from runner.sandbox import tdtime
from tests.sandbox.sandbox_world import NOW, World


def table(world: World, name: str) -> str:
    world.done(f"DROP TABLE IF EXISTS {name}")
    world.done(f"CREATE TABLE {name} AS SELECT 'x' AS a, 1 AS b")
    return name


def test_time_is_filled_in_and_last(world: World) -> None:
    name = table(world, "filled")
    [[a, b, moment]] = world.rows(f"SELECT * FROM {name}")
    assert (a, b) == ("x", 1)
    assert abs(moment - time.time()) < 10


def test_a_time_that_is_selected_stays(world: World) -> None:
    world.done("CREATE TABLE chosen AS SELECT 5 AS time, 'x' AS a")
    assert world.rows("SELECT * FROM chosen") == [["x", 5]]


@pytest.mark.parametrize(
    ("insert", "row"),
    [
        ("(b, a) SELECT 2, 'y'", ["y", 2, "now"]),
        ("(a) SELECT 'y'", ["y", None, "now"]),
        ("(time, a) SELECT 7, 'y'", ["y", None, 7]),
        ("SELECT 'y', 2", ["y", 2, "now"]),
        ("SELECT 'y', 2, 7", ["y", 2, 7]),
        ("WITH s AS (SELECT 'y' AS q) SELECT q, 2 FROM s", ["y", 2, "now"]),
    ],
)
def test_inserts(world: World, insert: str, row: list[Any]) -> None:
    name = table(world, "inserted")
    world.done(f"INSERT INTO {name} {insert}")
    [[a, b, moment]] = world.rows(f"SELECT a, b, time FROM {name} WHERE a = 'y'")
    assert [a, b, "now" if abs(moment - time.time()) < 10 else moment] == row


def test_a_column_is_added_before_time(world: World) -> None:
    name = table(world, "widened")
    world.done(f"ALTER TABLE {name} ADD COLUMN c VARCHAR")
    world.done(f"INSERT INTO {name} SELECT 'y', 2, 'z'")
    assert [row[:3] for row in world.rows(f"SELECT * FROM {name} ORDER BY a")] == [["x", 1, None], ["y", 2, "z"]]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        # a result keeps the capitals that are written, and a table does not (measured on Trino 423)
        ("SELECT DISTINCT 'a' AS \"Email_ID\"", ["Email_ID"]),
        ("SELECT 1 AS Email_ID, 2", ["Email_ID", "_col1"]),
        ("SELECT Email_ID FROM capitals", ["Email_ID"]),
        ("SELECT c.EMAIL_ID FROM capitals c", ["EMAIL_ID"]),
        ("SELECT * FROM capitals", ["email_id", "time"]),
        ("SELECT email_id FROM (SELECT 'x' AS \"Email_ID\")", ["email_id"]),
    ],
)
def test_capitals_of_names(world: World, sql: str, names: list[str]) -> None:
    world.done("DROP TABLE IF EXISTS capitals")
    world.done("CREATE TABLE capitals AS SELECT 'x' AS \"Email_ID\"")
    assert [name for name, *_ in world.run(sql)["hive_result_schema"]] == names


def test_delete_and_drop(world: World) -> None:
    name = table(world, "shrunk")
    world.done(f"DELETE FROM {name} WHERE a = 'x'")
    assert world.rows(f"SELECT COUNT(*) AS n FROM {name}") == [[0]]
    world.done(f"DROP TABLE {name}")
    assert world.error(f"SELECT * FROM {name}") == "line 1:15: Table 'td.shop.shrunk' does not exist"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT x FROM customers", "line 1:8: Column 'x' cannot be resolved"),
        ("SELECT c.email,\n  c.x FROM customers c", "line 2:3: Column 'c.x' cannot be resolved"),
        ("SELECT 1 FROM nope", "line 1:15: Table 'td.shop.nope' does not exist"),
        ("SELECT 1 FROM nope.customers", "line 1:15: Schema 'nope' does not exist"),
        ("SELECT nope(1) AS n", "line 1:8: Function 'nope' not registered"),
        ("SELECT 1 / 0 AS n", "Division by zero"),
        ("SELECT CAST(email AS BIGINT) AS n FROM customers WHERE customer_id = 'c000001'", "Cannot cast"),
        ("SELECT email, COUNT(*) AS n FROM customers", "'email' must be an aggregate expression"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT FROM WHERE", "mismatched input"),
        ("CREATE TABLE customers AS SELECT 1 AS a", "Destination table 'td.shop.customers' already exists"),
        ("CREATE TABLE unnamed AS SELECT COUNT(*) FROM customers", "Column name not specified at position 1"),
        ('CREATE TABLE unnamed AS SELECT 1 AS "A b"', "Column name 'a b' is invalid"),
        ("CREATE TABLE ab AS SELECT 1 AS a", "Table name 'ab' is invalid"),
        ("CREATE TABLE twice AS SELECT 1 AS a, 2 AS a", "Column name 'a' specified more than once"),
        ("INSERT INTO nope SELECT 1", "Table 'td.shop.nope' does not exist"),
        ("INSERT INTO customers (nope) SELECT 1", "does not exist in target table: nope"),
        ("INSERT INTO customers SELECT 1", "1 expression(s) but expected 9 target column(s)"),
        ("DROP TABLE nope", "Table 'td.shop.nope' does not exist"),
        ("SELECT TD_INTERVAL(b, '-1d') FROM (VALUES 1) AS t (b)", "td_interval(anything but the column time)"),
        ("SELECT TD_TIME_PARSE('2020-01-01', 'Atlantis') AS t", "Unknown time zone Atlantis"),
        ("SELECT TD_TIME_ADD(0, '-1M') AS t", "Invalid duration"),
    ],
)
def test_failures_say_why(world: World, sql: str, message: str) -> None:
    assert message in world.error(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE customers SET email = ''",
        "DELETE FROM customers",
        "TRUNCATE TABLE customers",
        "MERGE INTO customers USING purchases ON true WHEN MATCHED THEN DELETE",
        "CREATE TABLE empty_one (a BIGINT)",
        "CREATE VIEW seen AS SELECT 1 AS a",
        "CREATE OR REPLACE VIEW seen AS SELECT 1 AS a",
        "DROP SCHEMA shop",
        "ALTER TABLE customers DROP COLUMN email",
        "ALTER TABLE customers RENAME TO others",
        "INSERT INTO customers VALUES (1)",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "COPY customers TO 'out.csv'",
        "ATTACH 'x.db'",
        "SET lock_configuration = false",
        "SELECT * FROM read_csv('pyproject.toml')",
        "SELECT * FROM 'pyproject.toml'",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
    ],
)
def test_statements_refused(world: World, sql: str) -> None:
    before = world.rows("SELECT COUNT(*) AS n, COUNT(email) AS e FROM customers")
    assert world.error(sql).startswith("line ")
    assert world.rows("SELECT COUNT(*) AS n, COUNT(email) AS e FROM customers") == before


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 / 2e0", 3.5),
        ("CAST(12000000e0 AS VARCHAR)", "1.2E7"),
        ("CAST(123.5e0 AS VARCHAR)", "1.235E2"),
        ("CAST(0.00001e0 AS VARCHAR)", "1.0E-5"),
        ("CAST(0.0005e0 AS VARCHAR)", "5.0E-4"),
        ("CAST(12 AS VARCHAR)", "12"),
        ("TRIM('\t a \n')", "a"),
        ("LTRIM(' a ') || '|'", "a |"),
        ("TRY_CAST('x' AS BIGINT)", None),
        ("DATE_DIFF('day', DATE '2020-01-01', DATE '2020-03-01')", 60),
        ("FROM_UNIXTIME(0)", "1970-01-01 00:00:00.000 UTC"),
        ("DATE '2020-02-29'", "2020-02-29"),
        ("REGEXP_LIKE('abc', 'b')", True),
        ("CONTAINS(ARRAY['a', 'b'], 'b')", True),
        ("ANY_MATCH(ARRAY[1, 2], x -> x > 1)", True),
        ("CARDINALITY(SPLIT('a,b', ','))", 2),
        ("CONCAT('a', 'b')", "ab"),
        ("SUBSTR('abcd', 2, 2)", "bc"),
        ("1.5", "1.5"),
    ],
)
def test_expressions(world: World, expression: str, value: object) -> None:
    assert world.rows(f"SELECT {expression} AS value") == [[value]]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT n FROM (VALUES 1, 2) AS t (n) UNION SELECT 3 EXCEPT SELECT 2 ORDER BY 1", [[1], [3]]),
        ("SELECT n FROM (VALUES 1, 2) AS t (n) INTERSECT SELECT 2", [[2]]),
        (
            (
                "SELECT a.n, b.n FROM (VALUES 1, 2) AS a (n)"
                " FULL OUTER JOIN (VALUES 2, 3) AS b (n) ON a.n = b.n ORDER BY 1, 2"
            ),
            [[1, None], [2, 2], [None, 3]],
        ),
        ("SELECT u FROM UNNEST(ARRAY[1, 2]) AS t (u)", [[1], [2]]),
        (
            "SELECT MAX_BY(a, b) AS m, ARRAY_AGG(a ORDER BY a) AS l FROM (VALUES (1, 9), (2, 8)) AS t (a, b)",
            [[1, [1, 2]]],
        ),
        ("SELECT APPROX_DISTINCT(a) AS n, COUNT_IF(a > 1) AS m FROM (VALUES 1, 2) AS t (a)", [[2, 1]]),
        (
            (
                "WITH customers AS (SELECT customer_id FROM customers WHERE customer_id = 'c000001')"
                " SELECT * FROM customers"
            ),
            [["c000001"]],
        ),
        ("SELECT shop.customers.customer_id FROM shop.customers WHERE customer_id = 'c000002'", [["c000002"]]),
        (
            (
                'SELECT "c"."customer_id" FROM "shop"."customers" AS "c"'
                " WHERE customer_id LIKE 'c00000_' ORDER BY 1 LIMIT 1"
            ),
            [["c000001"]],
        ),
    ],
)
def test_queries(world: World, query: str, rows: list[list[Any]]) -> None:
    assert world.rows(query) == rows


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("TD_SCHEDULED_TIME()", NOW),
        ("TD_TIME_ADD(TD_SCHEDULED_TIME(), '-7d')", NOW - 7 * 86400),
        ("TD_TIME_ADD('2016-06-26', '-1h', 'JST')", 1466866800 - 3600),
        ("TD_TIME_ADD(moment, '1d')", 86400),
        ("TD_TIME_PARSE('2016-06-26 08:23:45')", NOW),
        ("TD_TIME_PARSE('2016-06-26', 'JST')", 1466866800),
        ("TD_TIME_PARSE('2016-06-26', 'America/Los_Angeles')", 1466924400),
        ("TD_TIME_PARSE('no time')", None),
        ("TD_DATE_TRUNC('day', TD_SCHEDULED_TIME())", 1466899200),
        ("TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'America/Los_Angeles')", 1466924400),
        ("TD_DATE_TRUNC('week', TD_SCHEDULED_TIME())", 1466380800),
        ("TD_DATE_TRUNC('quarter', TD_SCHEDULED_TIME())", 1459468800),
        ("TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd HH:mm:ss z')", "2016-06-26 08:23:45 UTC"),
        ("TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy/MM/dd''T''HH', 'JST')", "2016/06/26T17"),
        ("TD_TIME_FORMAT(NULL, 'yyyy')", None),
        ("TD_TIME_STRING(TD_SCHEDULED_TIME(), 'd!')", "2016-06-26"),
        ("TD_TIME_STRING(TD_SCHEDULED_TIME(), 'M!', 'JST')", "2016-06"),
        ("TD_TIME_STRING(TD_SCHEDULED_TIME(), 'h')", "2016-06-26 08:00:00+0000"),
    ],
)
def test_time_functions(world: World, call: str, value: object) -> None:
    rows = world.rows(f"SELECT {call} AS value FROM (VALUES 0) AS t (moment)", scheduled_time=str(NOW))
    assert rows == [[value]]


@pytest.mark.parametrize(
    ("call", "start", "end"),
    [
        ("TD_TIME_RANGE(time, '2016-06-26', '2016-06-27')", 1466899200, 1466985600),
        ("TD_TIME_RANGE(time, '2016-06-26', '2016-06-27', 'JST')", 1466866800, 1466953200),
        ("TD_TIME_RANGE(time, '2016-06-26 01:00:00', NULL)", 1466902800, None),
        ("TD_TIME_RANGE(time, '2016-06-26')", 1466899200, None),
        ("TD_TIME_RANGE(time, NULL, 1466902800)", None, 1466902800),
        ("TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d'), TD_SCHEDULED_TIME())", NOW - 90 * 86400, NOW),
        ("TD_INTERVAL(time, '-7d')", 1466294400, 1466899200),
        ("TD_INTERVAL(time, '-1d/-1d')", 1466726400, 1466812800),
        ("TD_INTERVAL(time, '-1h/now')", 1466924400, NOW),
        ("TD_INTERVAL(time, '1d')", 1466899200, 1466985600),
        ("TD_INTERVAL(time, '-1M', 'JST')", 1464706800 - 31 * 86400, 1464706800),
        ("TD_INTERVAL(t.time, '-1w')", 1465776000, 1466380800),
    ],
)
def test_bounds_are_half_open(world: World, call: str, start: int | None, end: int | None) -> None:
    edges = sorted({edge + step for edge in (start, end) if edge is not None for step in (-1, 0)})
    values = ", ".join(map(str, edges))
    rows = world.rows(
        f"SELECT time FROM (VALUES {values}) AS t (time) WHERE {call} ORDER BY 1", scheduled_time=str(NOW)
    )
    assert [moment for (moment,) in rows] == [
        edge for edge in edges if (start is None or edge >= start) and (end is None or edge < end)
    ]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("0d", "06-26 00:00:00", "06-26 00:00:00"),
        ("-7d/now", "06-19 00:00:00", "06-26 01:23:45"),
        ("+7d/now", "06-26 01:23:45", "07-03 00:00:00"),
        ("-1h/0m", "06-26 00:00:00", "06-26 01:23:00"),
        ("-3d/2016-04-07", "04-04 00:00:00", "04-07 00:00:00"),
        ("-1M/-1M", "04-01 00:00:00", "05-01 00:00:00"),
        ("-1M/0d", "05-01 00:00:00", "06-26 00:00:00"),
        ("-1q", "01-01 00:00:00", "04-01 00:00:00"),
    ],
)
def test_intervals_in_a_zone(text: str, start: str, end: str) -> None:
    where = tdtime.zone("PDT")
    bounds = [
        datetime.fromtimestamp(edge, where).strftime("%m-%d %H:%M:%S") for edge in tdtime.interval(text, NOW, where)
    ]
    assert bounds == [start, end]


def test_a_day_has_23_hours_when_clocks_change() -> None:
    now = int(datetime(2024, 3, 11, 12, tzinfo=UTC).timestamp())
    start, end = tdtime.interval("-1d", now, tdtime.zone("America/Los_Angeles"))
    assert end - start == 23 * 3600


def test_a_sequence_of_dates_goes_back_by_months(world: World) -> None:
    """Each date is counted from the first one, so that December has its 31st day again."""
    sql = "SELECT sequence(DATE '2024-01-31', DATE '2023-10-31', INTERVAL - '1' MONTH) AS days"
    assert world.rows(sql) == [[["2024-01-31", "2023-12-31", "2023-11-30", "2023-10-31"]]]
