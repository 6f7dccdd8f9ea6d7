"""Cohorts that name people in several ways, end to end: who is in Braze is said by user, not by identifier."""

from __future__ import annotations

from typing import Any

import requests
from tests.place import Place

PEOPLE = [
    # customer, email, device: what the shop knows
    ("x1", "Ann@Example.com", "d1"),
    ("x2", "bob@example.com", None),
    (None, "eve@example.com", "d3"),
    (None, None, "d4"),
    ("  x5 ", "  ", ""),
]
USERS: list[dict[str, Any]] = [
    {"external_id": "x1", "aliases": {"email": "ann@example.com"}, "devices": ["d1"]},
    {"external_id": "x2", "aliases": {"email": "bob@example.com"}},
    {"external_id": "x3", "aliases": {"email": "eve@example.com"}},
    {"devices": ["d4", "d5"]},
    {"external_id": "x5"},
    {"external_id": "x6"},
]
SQL = "SELECT customer_id, email, device FROM people"


def people(place: Place, rows: list[tuple[str | None, str | None, str | None]]) -> None:
    """Replace the shop's people."""
    place.sql("CREATE OR REPLACE TABLE shop.people (customer_id VARCHAR, email VARCHAR, device VARCHAR, time BIGINT)")
    for row in rows:
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in row)
        place.sql(f"INSERT INTO shop.people VALUES ({values}, 1)")


def known(place: Place, users: list[dict[str, Any]]) -> None:
    """Make Braze know these users."""
    requests.post(f"{place.url}/sandbox/users", json={"users": users}, timeout=10).raise_for_status()


def reach(place: Place, identifiers: str, sql: str = SQL) -> None:
    """The cohort, by these identifiers."""
    place.cohort("people", sql, extra=f"identifiers: {identifiers}\n")


ALL = "{external_id: customer_id, device_id: device, aliases: {email: {column: email, normalize: lower}}}"


def test_each_identifier_gets_an_export_of_its_own(place: Place) -> None:
    people(place, PEOPLE)
    known(place, USERS)
    reach(place, ALL)
    place.requests()
    answer = place.run("sync")
    assert answer.code == 0
    assert "9 added, 0 removed, 9 qualify" in answer.out  # identifiers: x1 x2 x5, d1 d3 d4, three e-mails
    assert place.members("people") == {"x1", "x2", "x3", "d4", "x5"}
    assert place.requests()["jobs"]["result_export"] == 3
    rendered = place.run("render", "people").out
    assert [line for line in rendered.splitlines() if line.startswith(("-- ", "SELECT"))] == [
        "-- people · People · target sandbox · by external_id",
        'SELECT DISTINCT member AS "user_ids"',
        "-- people · People · target sandbox · by device_id",
        'SELECT DISTINCT member AS "device_ids"',
        "-- people · People · target sandbox · by alias email",
        'SELECT DISTINCT member AS "email"',
    ]


def test_who_is_wanted_under_another_name_stays(place: Place) -> None:
    """x2 is no longer wanted by external id, but bob@example.com is: the removal takes them out, and they return."""
    people(place, PEOPLE)
    known(place, USERS)
    reach(place, ALL)
    place.run("sync")
    people(place, [row if row[0] != "x2" else (None, *row[1:]) for row in PEOPLE])
    answer = place.run("sync", "--refresh")
    assert "0 added, 1 removed, 8 qualify (8 sent again)" in answer.out
    assert place.members("people") == {"x1", "x2", "x3", "d4", "x5"}


def test_other_identifiers_for_the_same_people_are_a_change(place: Place) -> None:
    people(place, PEOPLE)
    known(place, USERS)
    reach(place, "{external_id: customer_id}")
    place.run("sync")
    assert place.members("people") == {"x1", "x2", "x5"}
    reach(place, "{aliases: {email: {column: email, normalize: lower}}}")
    assert "identifiers changed" in place.run("plan").out
    assert place.run("sync").code == 0
    assert place.members("people") == {"x1", "x2", "x3"}


def test_a_number_with_a_fraction_is_no_identifier(place: Place) -> None:
    place.sql("CREATE TABLE shop.numbers AS SELECT CAST(12000000 AS DOUBLE) AS customer_id, CAST(7 AS BIGINT) AS other")
    known(place, [{"external_id": "7"}])
    place.cohort("numbers", "SELECT customer_id FROM numbers", extra="identifiers: {external_id: customer_id}\n")
    for command in (["plan", "--members"], ["sync"]):
        answer = place.run(*command)
        assert answer.code == 6
        what = "cohorts/numbers.yml:6:28 G006 numbers: the column customer_id is DOUBLE, which would be sent like 1.2E7"
        assert what in answer.out
    place.cohort("numbers", "SELECT other FROM numbers", extra="identifiers: {external_id: other}\n")
    assert place.run("sync").code == 0
    assert place.members("numbers") == {"7"}


def test_values_that_become_one_are_refused(place: Place) -> None:
    people(place, [("x1", "Ann@example.com", None), ("x2", "ann@example.com", None)])
    reach(place, "{aliases: {email: {column: email, normalize: lower}}}")
    answer = place.run("sync")
    assert answer.code == 6
    assert "G007 people: 1 values of alias email" in answer.out
    assert "example.com" not in answer.out + answer.err


def test_people_whom_braze_comes_to_know_later(place: Place) -> None:
    people(place, [("x1", None, None), ("x9", None, None)])
    known(place, USERS)
    reach(place, "{external_id: customer_id}")
    place.run("sync")
    known(place, [{"external_id": "x9"}])
    assert "0 added, 0 removed, 2 qualify\n" in place.run("sync", "--refresh").out  # once a day at most
    assert place.members("people") == {"x1"}
    aged = "regexp_replace(detail, '\"recent_at\":[0-9]+', '\"recent_at\":0')"
    place.sql(f"UPDATE cohort_runner.cohort_ledger SET detail = {aged}")
    assert "2 now → 2; 0 enter, 0 leave; 2 sent again" in place.run("plan", "--refresh", "--members").out
    assert "0 added, 0 removed, 2 qualify (2 sent again)" in place.run("sync", "--refresh").out
    assert place.members("people") == {"x1", "x9"}
    assert "(2 sent again)" in place.run("sync", "--reassert").out


CAPITALS: list[dict[str, Any]] = [
    {"external_id": "x1", "aliases": {"Email_ID": "ann@example.com"}},
    {"external_id": "x2", "aliases": {"email_id": "bob@example.com"}},
    {"external_id": "x3", "aliases": {"Email_ID": "eve@example.com"}},
]


def test_a_label_with_capitals_reaches_braze_as_it_is_written(place: Place) -> None:
    """Braze tells `Email_ID` from `email_id`; Trino keeps the capitals of a column that a SELECT names in quotes."""
    rows = [(None, "ann@example.com", None), (None, "bob@example.com", None), (None, "eve@example.com", None)]
    people(place, rows)
    known(place, CAPITALS)
    reach(place, "{aliases: {Email_ID: email}}")
    assert 'SELECT DISTINCT member AS "Email_ID"' in place.run("render", "people").out
    assert place.run("plan", "--members").code == 0
    assert "3 added, 0 removed, 3 qualify" in place.run("sync").out
    assert place.members("people") == {"x1", "x3"}
    people(place, rows[:2])
    assert "0 added, 1 removed, 2 qualify" in place.run("sync", "--refresh").out
    assert place.members("people") == {"x1"}


def test_labels_that_differ_in_capitals_alone_are_two(place: Place) -> None:
    people(place, [(None, "ann@example.com", "bob@example.com")])
    known(place, CAPITALS)
    reach(place, "{aliases: {Email_ID: email, email_id: device}}")
    assert "2 added, 0 removed, 2 qualify" in place.run("sync").out
    assert place.members("people") == {"x1", "x2"}


def test_people_are_suppressed_by_a_label_with_capitals(place: Place) -> None:
    people(place, [(None, "ann@example.com", None), (None, "eve@example.com", None)])
    known(place, CAPITALS)
    place.cohort("stopped", "SELECT 'EVE@example.com' AS email", extra="identifiers: {aliases: {Email_ID: email}}\n")
    place.project(extra="suppress: [stopped]\n")
    reach(place, "{aliases: {Email_ID: email}}")
    assert place.run("sync", "people").code == 0
    assert place.members("people") == {"x1"}
