"""Treasure Data's functions in the real engine, as their documentation words them."""

from __future__ import annotations

import pytest
from runner.sandbox.engine.client import Connection
from runner.sandbox.engine.errors import StatementFailed

NOW = 1775000000
"""2026-03-31 23:33:20 UTC"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("td_scheduled_time()", NOW),
        ("now()", "2026-03-31 23:33:21.500 UTC"),
        ("current_date", "2026-03-31"),
        ("td_time_range(5, NULL, NULL)", True),
        ("td_time_range(5, 5, 5)", False),
        ("td_time_range(5, 5, NULL)", True),
        ("td_time_range(NULL, 1, 2)", None),
        ("td_time_range(5, NULL, '1970-01-02')", True),
        ("td_time_range(5, '1970-01-01', 6)", True),
        ("td_time_range(5, 1, '1970-01-01 00:00:05')", False),
        ("td_time_range(5, '1970-01-01', NULL, 'PDT')", False),
        ("td_time_range(5, '1970-01-01 JST')", True),
        ("td_interval(td_scheduled_time() - 86400, '-1d')", True),
        ("td_interval(td_scheduled_time(), '-1d')", False),
        ("td_interval(td_scheduled_time() - 60, '-1h/now')", True),
        ("td_interval_range('-7d', 'JST')", [1774364400, 1774969200]),
        ("td_interval_range('1M')", [1772323200, 1775001600]),
        ("td_time_add(0, '1d2h')", 93600),
        ("td_time_add('1970-01-02', '-1d', 'JST')", -32400),
        ("td_time_parse('2026-03-31 23:33:20')", NOW),
        ("td_time_parse('2026-04-01 08:33:20', 'JST')", NOW),
        ("td_time_format(0, 'yyyy-MM-dd HH:mm:ss')", "1970-01-01 00:00:00"),
        ("td_time_format(0, 'yyyy-MM-dd', 'PDT')", "1969-12-31"),
        ("td_time_string(0, 'd!')", "1970-01-01"),
        ("td_time_string(0, 'h', 'JST')", "1970-01-01 09:00:00+0900"),
        ("td_date_trunc('month', td_scheduled_time())", 1772323200),
        ("td_md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
        ("td_url_decode('a%20b')", "a b"),
        ("element_at(td_parse_agent('Mozilla/5.0 (Windows NT 6.1) Chrome/16.0.912.77'), 'os')", "Windows 7"),
    ],
)
def test_functions(connection: Connection, expression: str, expected: object) -> None:
    sql = f"SELECT {expression}"
    assert connection.execute(sql, scheduled_time=NOW, now=NOW + 1.5).rows == ((expected,),)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("td_ip_to_country_code('1.1.1.1')", "cannot tell what TD_IP_TO_COUNTRY_CODE answers"),
        ("td_currency_conv('2015-01-01', 'USD', 'JPY', 1.0)", "does not publish its exchange rates"),
        ("td_time_add(0, '1M')", "Invalid duration 1M"),
        ("td_interval(0, 'soon')", "Invalid interval soon"),
        ("td_time_parse('2026-01-01', 'Mars')", "Unknown time zone Mars"),
        ("td_time_range(0, true, 5)", "numbers and texts, not boolean"),
        ("td_time_range(0, 1.5)", r"numbers and texts, not decimal\(2,1\)"),
        ("td_time_range(0, 5, cast(NULL AS double))", "numbers and texts, not double"),
        ("td_time_range(0, date '1970-01-01')", "numbers and texts, not date"),
    ],
)
def test_what_they_do_not_take_is_told(connection: Connection, expression: str, words: str) -> None:
    with pytest.raises(StatementFailed, match=words):
        connection.execute(f"SELECT {expression}")


def test_a_session_ends_after_a_gap(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT person, td_sessionize_window(t, 10) OVER (PARTITION BY person ORDER BY t)"
        " FROM (VALUES (1, 1), (1, 5), (1, 15), (2, 1)) AS visits (person, t)"
    ).rows
    assert len({session for person, session in rows if person == 1}) == 2
    assert len({session for _, session in rows}) == 3
