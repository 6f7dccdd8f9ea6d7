"""A service's words, with what may be a member taken out; and how long it asks to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import urllib3
from runner.treasuredata.wire import NoAnswer, persist, retry_after
from runner.treasuredata.words import Reason, hidden, reason


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Cannot cast 'ann' to BIGINT", "Cannot cast '…' to BIGINT"),
        ("line 1:8: Column 'spent' cannot be resolved", "line 1:8: Column 'spent' cannot be resolved"),
        ("Table 'shop.customers' does not exist", "Table 'shop.customers' does not exist"),
        ("Column 'ann@example.com' cannot", "Column '…' cannot"),
        ("bad value ann@example.com here", "bad value … here"),
        ("member 1234567 is odd", "member … is odd"),
        ("two\nlines", "two lines"),
    ],
)
def test_hidden(said: str, shown: str) -> None:
    assert hidden(said) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "Query 2026_1 failed: Cannot cast value to UUID: ann smith",
            "Query 2026_1 failed: Cannot cast value to UUID: …",
        ),
        (
            "Query 2026_1 failed: Duplicate map keys (ann smith) are not allowed",
            "Query 2026_1 failed: Duplicate map keys: …",
        ),
        (
            "Query 2026_1 failed: Query exceeded per-node memory limit of 1GB [Allocated: 1GB]",
            "Query 2026_1 failed: Query exceeded per-node memory limit of 1GB: …",
        ),
        ("Not a valid base-10 number: ann", "Not a valid base-10 number: …"),
        (
            "Query x failed: line 1:8: Column 'spent' cannot be resolved",
            "Query x failed: line 1:8: Column 'spent' cannot be resolved",
        ),
        ("Division by zero", "Division by zero"),
    ],
)
def test_what_a_job_says_of_data_is_hidden(said: str, shown: str) -> None:
    assert reason({"stderr": said}, "").text == shown


@pytest.mark.parametrize(("given", "seconds"), [("7", 7.0), ("", None), ("soon", None)])
def test_retry_after_in_seconds(given: str, seconds: float | None) -> None:
    assert retry_after(urllib3.HTTPResponse(headers={"Retry-After": given})) == seconds


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    found = retry_after(urllib3.HTTPResponse(headers={"Retry-After": later}))
    assert found is not None
    assert 25 < found <= 30


def test_persistence_is_bounded_and_the_last_word_is_kept() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        raise NoAnswer("answered 503")

    with pytest.raises(NoAnswer, match="answered 503"):
        persist(ask, seconds=1)
    assert 1 < len(asked) < 20


SQL = """SELECT p.country AS "Ort" FROM people p WHERE email = 'ann' AND plan = 'gold' AND lower(p.email) = 'eve'"""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "line 1:8: 'p.country' must be an aggregate expression",
            "line 1:8: 'p.country' must be an aggregate expression",
        ),
        (
            "line 1:8: Ambiguous reference to column name 'country'",
            "line 1:8: Ambiguous reference to column name 'country'",
        ),
        (
            "line 1:8: Ambiguous reference to column name 'COUNTRY'",
            "line 1:8: Ambiguous reference to column name 'COUNTRY'",
        ),
        ("line 1:8: 'lower(p.email)' must be", "line 1:8: 'lower(p.email)' must be"),
        ("line 1:8: 'Ort' is bad", "line 1:8: 'Ort' is bad"),
        # a text of the query may be a member, and so may be what is no name in it
        ("line 1:8: 'ann' is not a valid DATE literal", "line 1:8: '…' is not a valid DATE literal"),
        ("line 1:8: 'bob' is bad", "line 1:8: '…' is bad"),
        ("line 1:8: 'gold' is bad", "line 1:8: '…' is bad"),
        ("line 1:8: 'lower(p.email || 'ann')' must be", "line 1:8: '…' must be"),
        ("line 1:8: 'lower(country, ' ann')' must be", "line 1:8: '…' must be"),
        ("line 1:8: 'country' and 'people' and 'ann'", "line 1:8: '…'"),
        # while rows are read, a value may be the same as a name
        ("Cannot cast 'country' to BIGINT", "Cannot cast '…' to BIGINT"),
    ],
)
def test_names_of_the_query_are_shown_and_its_texts_are_not(said: str, shown: str) -> None:
    assert reason({"stderr": said}, SQL).text == shown


def test_a_place_in_the_sql() -> None:
    found = reason({"stderr": "Query 7 failed: line 20:53: Column 'countri' cannot be resolved"}, SQL)
    assert (found.line, found.column) == (20, 53)
    assert found.without_place == "Query 7 failed: Column 'countri' cannot be resolved"
    assert reason({"stderr": "Division by zero"}, SQL) == Reason("Division by zero")
