"""Where in an author's text something stands that was told of the statement around it."""

from __future__ import annotations

import pytest
from runner.identifiers import Handle, Identifier, Kind
from runner.sql.members import export, members
from runner.sql.places import author_place
from runner.sync.delta import create_snapshot

BY_ID = Identifier(Handle(Kind.EXTERNAL_ID), "customer_id")

AUDIENCES = {
    "one line": "SELECT customer_id FROM customers WHERE wrong > 1",
    "many lines": "SELECT customer_id\n  FROM customers\n\n WHERE country = 'US'\n   AND wrong > 1",
    "a text over lines": "SELECT customer_id FROM customers\nWHERE note <> 'one\ntwo' AND wrong > 1",
    "other letters": "SELECT customer_id -- größe\nFROM customers WHERE /* ☃ */ wrong > 1",
}
"""Each has the word `wrong` once."""


def place(text: str, word: str = "wrong") -> tuple[int, int]:
    before = text[: text.index(word)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def statements(audience: str) -> dict[str, str]:
    made = members(audience, [BY_ID])
    return {
        "itself": audience,
        "members": made,
        "snapshot": create_snapshot(made, None, table="t", state="s"),
        "snapshot with the one before": create_snapshot(made, "before", table="t", state="s"),
        "export": export(audience, BY_ID),
    }


@pytest.mark.parametrize("name", AUDIENCES)
@pytest.mark.parametrize("kind", statements(""))
def test_a_place_in_a_statement_is_one_of_the_audience(name: str, kind: str) -> None:
    audience = AUDIENCES[name]
    statement = statements(audience)[kind]
    assert author_place(statement, audience, *place(statement)) == place(audience)


@pytest.mark.parametrize("name", AUDIENCES)
def test_what_stands_around_the_audience_is_none_of_it(name: str) -> None:
    audience = AUDIENCES[name]
    statement = statements(audience)["snapshot"]
    lines = audience.count("\n") + 1
    first = place(statement)[0] - place(audience)[0] + 1
    for number, line in enumerate(statement.split("\n"), 1):
        if not line:
            continue
        inside = author_place(statement, audience, number, len(line))
        assert (inside is not None) == (first <= number < first + lines), line


@pytest.mark.parametrize(("line", "column"), [(0, 0), (1, 0), (999, 1), (-1, 1)])
def test_places_that_are_nowhere(line: int, column: int) -> None:
    assert author_place("SELECT 1\nFROM t", "FROM t", line, column) is None


def test_an_audience_that_is_not_there() -> None:
    assert author_place("SELECT 1", "SELECT 2", 1, 1) is None
    assert author_place("SELECT 1", "\n\n", 1, 1) is None
    assert author_place("SELECT 1", "SELECT 1\nFROM t", 1, 1) is None


def test_an_audience_that_is_there_twice_is_the_one_at_the_place() -> None:
    statement = "(\n  SELECT a\n  FROM t\n)\nUNION\n(\n    SELECT a\n    FROM t\n)"
    assert author_place(statement, "SELECT a\nFROM t", 3, 8) == (2, 6)
    assert author_place(statement, "SELECT a\nFROM t", 8, 10) == (2, 6)
