"""The client of Trino's protocol, against a small server that plays it, faults included."""

from __future__ import annotations

import math
from contextlib import closing
from typing import Any

import pytest
from runner.sandbox.engine import client
from runner.sandbox.engine.client import Connection, Typed
from runner.sandbox.engine.errors import EngineProblem, StatementFailed
from tests.engine.coordinator import answering


def _column(name: str, kind: str, **signature: Any) -> dict[str, Any]:
    raw, _, _ = kind.partition("(")
    return {"name": name, "type": kind, "typeSignature": {"rawType": raw, "arguments": [], **signature}}


def _of(kind: str) -> dict[str, Any]:
    return {"kind": "TYPE", "value": {"rawType": kind, "arguments": []}}


def test_pages_are_followed_and_values_are_pythons() -> None:
    field = {"kind": "NAMED_TYPE", "value": {"typeSignature": {"rawType": "double", "arguments": []}}}
    columns = [
        _column("n", "bigint"),
        _column("x", "double"),
        _column("b", "varbinary"),
        _column("a", "array(double)", arguments=[_of("double")]),
        _column("m", "map(varchar, double)", arguments=[_of("varchar"), _of("double")]),
        _column("r", "row(double)", arguments=[field]),
        _column("d", "decimal(3, 1)"),
    ]
    first = {"nextUri": "NEXT"}
    second = {"nextUri": "NEXT", "columns": columns}
    third = {"nextUri": "NEXT", "columns": columns, "data": [[1, "NaN", "AP8=", [1, "Infinity"], {"k": 2}, [3], "1.5"]]}
    last = {"columns": columns, "data": [[None] * 7]}
    with answering([first, second, third, last]) as server, closing(Connection(server.url)) as connection:
        result = connection.execute("SELECT 1", schema="shop", scheduled_time=5, now=7.25)
        assert result.columns[0] == Typed("n", "bigint")
        values, nothing = result.rows
        assert values[0] == 1
        assert math.isnan(values[1])
        assert values[2:] == (b"\x00\xff", [1.0, math.inf], {"k": 2.0}, [3.0], "1.5")
        assert nothing == (None,) * 7
        method, path, body, headers = server.asked[0]
        assert (method, path, body) == ("POST", "/v1/statement", "SELECT 1")
        assert headers["x-trino-catalog"] == "td"
        assert headers["x-trino-schema"] == "shop"
        assert headers["x-trino-trace-token"] == "5/7.250"


def test_a_change_is_told_from_rows() -> None:
    change = {"updateType": "INSERT", "columns": [_column("rows", "bigint")], "data": [[2]]}
    with answering([change]) as server, closing(Connection(server.url)) as connection:
        assert connection.execute("INSERT INTO t SELECT 1").is_change


def test_an_error_has_its_name_its_words_and_its_place() -> None:
    error = {
        "errorName": "COLUMN_NOT_FOUND",
        "message": "line 2:8: Column 'x' cannot be resolved",
        "errorLocation": {"lineNumber": 2, "columnNumber": 8},
    }
    with answering([{"nextUri": "NEXT"}, {"error": error}]) as server, closing(Connection(server.url)) as connection:
        with pytest.raises(StatementFailed, match="Column 'x' cannot be resolved") as caught:
            connection.execute("SELECT\n       x")
        assert (caught.value.name, caught.value.line, caught.value.column) == ("COLUMN_NOT_FOUND", 2, 8)


def test_an_engine_that_is_overloaded_is_asked_again() -> None:
    done = {"columns": [_column("n", "bigint")], "data": [[1]]}
    with answering([503, 502, done]) as server, closing(Connection(server.url)) as connection:
        assert connection.execute("SELECT 1").rows == ((1,),)


@pytest.mark.parametrize(
    ("answer", "words"),
    [("drop", "cannot be reached"), ("garbage", "cannot be reached"), (404, "answered with status 404")],
)
def test_an_engine_that_fails_in_the_middle_is_told(answer: str | int, words: str) -> None:
    with (
        answering([{"nextUri": "NEXT"}, answer]) as server,
        closing(Connection(server.url)) as connection,
        pytest.raises(EngineProblem, match=words),
    ):
        connection.execute("SELECT 1")


def test_an_engine_that_is_gone_is_told() -> None:
    with answering([{}]) as server:
        url = server.url
    with closing(Connection(url)) as connection, pytest.raises(EngineProblem, match="cannot be reached"):
        connection.execute("SELECT 1")


def test_an_engine_that_stays_overloaded_is_told() -> None:
    with (
        answering([503]) as server,
        closing(Connection(server.url, patience=0.2)) as connection,
        pytest.raises(EngineProblem, match="answered with status 503"),
    ):
        connection.execute("SELECT 1")


def test_a_statement_is_canceled() -> None:
    with answering([{"nextUri": "NEXT"}]) as server, closing(Connection(server.url)) as connection:
        connection.cancel()
        with pytest.raises(StatementFailed, match="Query was canceled"):
            connection.execute("SELECT 1")
        assert [method for method, *_ in server.asked] == ["POST", "DELETE"]


def test_names_and_texts_are_written_as_sql() -> None:
    assert client.text_literal("O'Neil") == "'O''Neil'"
    assert client.quoted("shop", 'a"b') == '"shop"."a""b"'
