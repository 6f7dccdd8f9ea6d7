"""Tables in the real engine: what Treasure Data's users do with them."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest
from runner.sandbox.engine.client import Connection
from runner.sandbox.engine.errors import StatementFailed
from runner.sandbox.engine.tables import EngineTables, Loaded

NOW = 1775000000


def _rows(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    return list(connection.execute(sql, schema="shop", scheduled_time=NOW, now=NOW).rows)


def _done(connection: Connection, *statements: str) -> None:
    for sql in statements:
        connection.execute(sql, schema="shop", scheduled_time=NOW, now=NOW)


def test_a_missing_or_null_time_is_that_of_the_query(connection: Connection) -> None:
    _done(
        connection,
        "CREATE TABLE made AS SELECT 1 AS n",
        "INSERT INTO made (n) VALUES (2)",
        "INSERT INTO made VALUES (3, NULL), (4, 77)",
        "CREATE TABLE timed AS SELECT 1 AS n, 5 AS time",
    )
    assert _rows(connection, "SELECT * FROM made ORDER BY n") == [(1, NOW), (2, NOW), (3, NOW), (4, 77)]
    assert connection.execute("SELECT * FROM timed", schema="shop").columns[1].type == "bigint"


def test_a_column_is_added_before_time(connection: Connection) -> None:
    _done(connection, "CREATE TABLE made (n bigint)", "INSERT INTO made (n) VALUES (1)")
    _done(connection, "ALTER TABLE made ADD COLUMN extra varchar", "INSERT INTO made VALUES (2, 'x', 9)")
    assert _rows(connection, "SELECT * FROM made ORDER BY n") == [(1, None, NOW), (2, "x", 9)]


def test_rows_are_deleted(connection: Connection) -> None:
    _done(connection, "CREATE TABLE made AS SELECT n, n AS time FROM UNNEST(sequence(1, 10000)) AS s (n)")
    _done(connection, "DELETE FROM made WHERE n % 2 = 0", "DELETE FROM made WHERE n < 11")
    assert _rows(connection, "SELECT count(*), min(n), sum(n) FROM made") == [(4995, 11, 24999975)]
    _done(connection, "DELETE FROM made")
    assert _rows(connection, "SELECT count(*) FROM made") == [(0,)]


def test_a_text_that_is_too_long_is_refused(connection: Connection) -> None:
    _done(connection, "CREATE TABLE made AS SELECT 'abc' AS label")
    with pytest.raises(StatementFailed, match=r"Cannot truncate non-space characters .* varchar\(4\) to varchar\(3\)"):
        _done(connection, "INSERT INTO made (label) VALUES ('abcd')")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE TABLE made AS SELECT 1.5 AS time", "Column 'time' is of type decimal"),
        ("CREATE TABLE nowhere.made AS SELECT 1 AS n", "nowhere"),
        ("SELECT n AS m FROM (VALUES 1) AS t (n) WHERE m = 1", "Column 'm' cannot be resolved"),
        ("UPDATE taken SET n = 2", "no UPDATE"),
        ("CREATE TABLE taken AS SELECT 1 AS n", "already exists"),
    ],
)
def test_what_trino_refuses_is_refused(connection: Connection, sql: str, words: str) -> None:
    _done(connection, "CREATE TABLE taken AS SELECT 1 AS n")
    with pytest.raises(StatementFailed, match=words):
        _done(connection, sql)


def test_a_query_that_fails_leaves_nothing(connection: Connection, tables: EngineTables) -> None:
    with pytest.raises(StatementFailed, match="Division by zero"):
        _done(connection, "CREATE TABLE made AS SELECT 1 / (n - 500) AS n FROM UNNEST(sequence(1, 1000)) AS s (n)")
    assert tables.tables("shop") == []


def test_one_query_that_is_out_of_memory_fails_and_others_go_on(connection: Connection, engine: str) -> None:
    failed: list[str] = []

    def greedy() -> None:
        with closing(Connection(engine)) as own:
            try:
                own.execute(
                    "SELECT array_agg(rpad('', 2000, 'x'))"
                    " FROM UNNEST(sequence(1, 1000)) a (x), UNNEST(sequence(1, 1000)) b (y)"
                )
            except StatementFailed as exc:
                failed.append(exc.name)

    thread = threading.Thread(target=greedy)
    thread.start()
    while thread.is_alive():
        assert _rows(connection, "SELECT 1") == [(1,)]
    assert failed == ["EXCEEDED_LOCAL_MEMORY_LIMIT"]


def test_a_query_is_killed(engine: str) -> None:
    with closing(Connection(engine)) as connection:
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        began = time.monotonic()
        with pytest.raises(StatementFailed, match="Query was canceled"):
            connection.execute(
                "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a (x), UNNEST(sequence(1, 10000)) b (y),"
                " UNNEST(sequence(1, 10000)) c (z)"
            )
        assert time.monotonic() - began < 20


def test_a_statement_may_be_nested_deeply(connection: Connection) -> None:
    depth = 1500
    assert _rows(connection, f"SELECT {'(' * depth}1{')' * depth}") == [(1,)]


def test_tables_are_loaded_and_listed(tables: EngineTables, connection: Connection) -> None:
    columns = {"id": "varchar", "tags": "array(varchar)", "ok": "boolean", "x": "double", "n": "bigint"}
    rows = [["O'Neil", ["a", None], True, 1.5, 1], ["ü", None, None, float("inf"), None]]
    tables.load([Loaded("shop", "given", columns, rows)], now=NOW)
    tables.load([Loaded("shop", "given", columns, rows[:1])], now=NOW)
    assert _rows(connection, "SELECT id, tags, ok, x, n, time FROM given WHERE n IS NULL") == [
        ("ü", None, None, float("inf"), None, NOW)
    ]
    (table,) = tables.tables("shop")
    assert (table.name, table.rows) == ("given", 3)
    assert [column.api_type for column in table.columns] == [
        "string",
        "array<string>",
        "boolean",
        "double",
        "long",
        "long",
    ]
    tables.load([Loaded("shop", "other", {"id": "varchar"}, [])], replace=True)
    assert [table.name for table in tables.tables("shop")] == ["other"]


def test_reads_and_writes_of_many_at_once_are_whole(tables: EngineTables, engine: str) -> None:
    tables.load([Loaded("shop", "given", {"n": "bigint"}, [])])
    problems: list[BaseException] = []

    def write() -> None:
        try:
            with closing(Connection(engine)) as own:
                for _ in range(3):
                    own.execute("INSERT INTO given (n) SELECT n FROM UNNEST(sequence(1, 100)) AS s (n)", schema="shop")
                    ((count,),) = own.execute("SELECT count(*) FROM given", schema="shop").rows
                    assert count % 100 == 0
        except (StatementFailed, AssertionError) as exc:
            problems.append(exc)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert tables.tables("shop")[0].rows == 1200
