"""What one SELECT may be: every refusal with its code and place, and what is let through."""

from __future__ import annotations

import pytest
from runner.identifiers import Handle, Identifier, Kind
from runner.sql.checks import check
from runner.sql.tokens import without_end

ID = (Identifier(Handle(Kind.EXTERNAL_ID), "customer_id"),)


def findings(sql: str) -> list[tuple[str, int, int]]:
    return [(found.code, found.line, found.column) for found in check(without_end(sql), sql, ID)]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("", [("Q001", 1, 1)]),
        ("SELECT customer_id FROM t; SELECT 1", [("Q003", 1, 28)]),
        ("EXECUTE x", [("Q004", 1, 1)]),
        ("WITH a AS (SELECT 1) DELETE FROM t", [("Q004", 1, 22)]),
        ("WITH FUNCTION f() RETURNS int RETURN 1 SELECT f() AS customer_id", [("Q004", 1, 1)]),
        ("SELECT ROW(1, 2).* FROM t", [("Q005", 1, 8)]),
        ("TABLE t", [("Q004", 1, 1)]),
        ("SELECT customer_id FROM t UNION (SELECT * FROM u)", [("Q005", 1, 41)]),
        ("(SELECT customer_id FROM a LIMIT 3)", [("Q006", 1, 28)]),
        ("(SELECT customer_id FROM a) UNION (SELECT customer_id FROM b LIMIT 3)", [("Q006", 1, 62)]),
        ("SELECT customer_id FROM a\nOFFSET 2 ROWS", [("Q006", 2, 1)]),
        ("SELECT nullif(a, '') FROM t", [("Q007", 1, 1)]),
        ("SELECT customer_id, b AS customer_id FROM t", [("Q008", 1, 1)]),
        ("SELECT customer_id\nFROM TABLE(x(1))", [("Q009", 2, 6)]),
        ("SELECT if(a, fail(customer_id)) AS customer_id FROM t", [("Q009", 1, 14)]),
        ('SELECT customer_id FROM t WHERE "FAIL" (customer_id)', [("Q009", 1, 33)]),
        ("SELECT customer_id FROM system.runtime.queries", [("Q009", 1, 25)]),
        (
            "SELECT customer_id FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS fail(1))",
            [("Q009", 1, 68)],
        ),
        ("SELECT customer_id INTO x FROM t", [("Q010", 1, 20)]),
        ("SELECT customer_id FROM t WHERE a = ?", [("Q010", 1, 37)]),
        ("SELECT customer_id FROM t WHERE a == 1", [("Q002", 1, 36)]),
        ("SELECT customer_id FROM t WHERE a REGEXP 'x'", [("Q002", 1, 35)]),
        ("SELECT customer_id FROM a) x, (SELECT 1 FROM b", [("Q002", 1, 26)]),
    ],
)
def test_refused(sql: str, found: list[tuple[str, int, int]]) -> None:
    assert findings(sql) == found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT customer_id FROM t; -- the end",
        "SELECT count(*) AS customer_id FROM t",
        "WITH a AS (SELECT * FROM t) SELECT customer_id FROM a",
        "SELECT customer_id FROM (SELECT customer_id FROM t ORDER BY spend DESC LIMIT 100) AS best",
        "SELECT customer_id FROM t WHERE TD_INTERVAL(time, '-7d') AND TD_TIME_RANGE(time, NULL, TD_SCHEDULED_TIME())",
        'SELECT "Customer_Id" FROM t',
        "SELECT customer_id FROM t WHERE a = 'it''s; select * from information_schema.x limit 5'",
        "SELECT customer_id FROM UNNEST(ARRAY['a']) AS t (customer_id)",
        "SELECT customer_id FROM t WHERE a IN (" + ", ".join(["1"] * 5000) + ")",
    ],
)
def test_let_through(sql: str) -> None:
    assert findings(sql) == []


def test_a_long_list_hides_no_second_statement() -> None:
    assert findings("SELECT customer_id FROM t WHERE a IN (" + "1, " * 5000 + "1); DROP TABLE t")[0][0] == "Q003"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'u77' FROM t",
        "SELECT customer_id FROM t WHERE a = 'b' 'u77'",
        "SELECT customer_id FROM t WHERE a == 'u77'",
        "SELECT customer_id FROM t WHERE a = 5 'u77' 6",
        "SELECT customer_id FROM t LIMIT 5, 7777",
    ],
)
def test_messages_tell_no_members(sql: str) -> None:
    found = check(sql, sql, ID)
    assert found
    assert not any(secret in f"{one.what} {one.fix}" for one in found for secret in ("u77", "7777"))
