"""A terminal's width is kept, no command is broken, and colours are where they are seen."""

from __future__ import annotations

import re

import pytest
from runner.report.screen import fitted
from tests.place import Place
from tests.report.test_marked import on_a_terminal

LONG = "  ! vips  retry     the last attempt failed; run `cohorts sync --target production --select vips` again, please"


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_a_line_is_broken_between_words_and_never_in_a_command(width: int) -> None:
    lines = fitted(LONG, width, coloured=False).splitlines()
    assert " ".join(line.strip() for line in lines).split() == LONG.split()
    command = "`cohorts sync --target production --select vips`"
    assert sum(command in line for line in lines) == 1
    assert all(len(line) <= width or line.strip() == command for line in lines)


def test_no_word_is_broken_at_a_hyphen() -> None:
    assert fitted("see docs at crm-team", 16, coloured=False) == "see docs at\n  crm-team"


def test_sql_and_short_lines_stay_as_they_are() -> None:
    sql = f"      + SELECT {'a, ' * 50}b"
    assert fitted(f"one\n{sql}\n", 20, coloured=False) == f"one\n{sql}\n"
    assert fitted(LONG, 0, coloured=False) == LONG


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  + vips  create", "  \x1b[32m  + vips\x1b[0m  create"),
        ("  - old  withdraw", "\x1b[31m  - old\x1b[0m  withdraw"),
        ("  ~ vips  update", "  \x1b[33m  ~ vips\x1b[0m  update"),
        ("  ↻ vips  refresh", "  \x1b[33m  ↻ vips\x1b[0m  refresh"),
        ("  → vips  rename", "  \x1b[33m  → vips\x1b[0m  rename"),
        ("  ✓ vips", "\x1b[32m  ✓\x1b[0m vips"),
        ("  ✗ vips", "\x1b[31m  ✗\x1b[0m vips"),
        ("      BLOCKED G002", "\x1b[31mBLOCKED\x1b[0m G002"),
        ("      FAILED R020", "\x1b[31mFAILED\x1b[0m R020"),
        ("vips  STALE", "vips  \x1b[31mSTALE\x1b[0m"),
        ("vips  in sync", "vips  \x1b[32min sync\x1b[0m"),
        ("      + SELECT 1", "\x1b[32m      + SELECT 1\x1b[0m"),
        ("      - SELECT 1", "\x1b[31m      - SELECT 1\x1b[0m"),
        ("      @@ -1 +1 @@", "\x1b[2m      @@ -1 +1 @@\x1b[0m"),
        ("warning: soon", "\x1b[33mwarning:\x1b[0m soon"),
        ("plain", "plain"),
    ],
)
def test_colours_have_a_meaning(line: str, shown: str) -> None:
    assert fitted(line, 0, coloured=True).lstrip() == shown.lstrip()


def test_colours_are_where_they_are_seen(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers")
    assert "\x1b" not in place.run("plan").out
    assert "\x1b[32m  + vips" in place.run("plan", FORCE_COLOR="1").out
    assert "\x1b" not in place.run("plan", FORCE_COLOR="1", NO_COLOR="1").out


def test_an_empty_variable_is_none(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers")
    assert "\x1b[32m  + vips" in place.run("plan", FORCE_COLOR="1", NO_COLOR="").out
    assert "\x1b" not in place.run("plan", FORCE_COLOR="").out


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_row_of_status_is_wider_than_the_terminal(place: Place, width: int) -> None:
    name = "customers_who_bought_shoes_in_the_last_month"
    place.cohort(name, "SELECT customer_id FROM customers", extra="schedule: {cron: '5 0 * * *'}\n")
    assert place.run("sync").code == 0
    code, told = on_a_terminal(place, "status", width=width)
    assert code == 0
    lines = re.sub(r"\x1b\[\d+m", "", told).splitlines()
    assert max(map(len, lines)) <= width
    assert ("AS OF (UTC)" in told) is (width == 140)
    assert len(lines) == 2


def test_status_is_narrow_only_where_it_must_be(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers", extra="schedule: {cron: '5 0 * * *'}\n")
    assert place.run("sync").code == 0
    widest = max(map(len, place.run("status").out.splitlines()))
    assert "AS OF (UTC)" in on_a_terminal(place, "status", width=widest)[1]
    code, told = on_a_terminal(place, "status", width=widest - 1)
    assert (code, "AS OF (UTC)" in told) == (0, False)
    assert max(map(len, re.sub(r"\x1b\[\d+m", "", told).splitlines())) < widest


@pytest.mark.parametrize("width", [80, 180])
def test_no_row_of_a_list_is_wider_than_the_terminal(place: Place, width: int) -> None:
    name = "Customers who bought shoes in the last month, or socks at any time"
    place.cohort("shoe_buyers", "SELECT customer_id FROM customers", name=name, extra="owner: the-whole-crm-team\n")
    code, told = on_a_terminal(place, "list", width=width)
    assert code == 0
    lines = told.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) == 2
    assert (name in told) is (width == 180)
