"""On a terminal a problem is shown with its line and a mark; elsewhere alone."""

from __future__ import annotations

import os
import pty
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from runner.errors import Position, Problem
from runner.report.marked import WIDEST, marked
from tests.place import COHORTS, KEY, Place
from tests.screens import opened
from tests.terminal import typed


def problem(line: int, column: int) -> Problem:
    return Problem(Position("cohorts/one.yml", line, column), "S003", "it is wrong", "mend it")


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        ("  a: [b]", 6, ["  12 |   a: [b]", "     |      ^"]),
        ("\ta: b", 5, ["  12 |  a: b", "     |     ^"]),
        ("a: \x1b[31mred\u202e", 1, ["  12 | a:  [31mred ", "     | ^"]),
        ("", 1, []),
    ],
)
def test_a_line_and_its_mark(line: str, column: int, shown: list[str]) -> None:
    told = marked(problem(12, column), line).splitlines()
    assert told == [str(problem(12, column)), *shown]


def test_a_long_line_is_cut_around_the_place() -> None:
    lines = marked(problem(1, 500), "x" * 499 + "!" + "y" * 500).splitlines()
    assert len(lines[1]) <= WIDEST + 8
    assert lines[1][lines[2].index("^")] == "!"


def test_nothing_is_wider_than_the_terminal() -> None:
    long = Problem(Position("cohorts/one.yml", 12, 50), "S003", "it is wrong " * 9, "type `cohorts help` " * 9)
    told = marked(long, "x" * 49 + "!" + "y" * 49, 40).splitlines()
    assert [each for each in told if len(each) > 40] == []
    assert told[-2][told[-1].index("^")] == "!"
    assert [each for each in told if each.count("`") % 2] == []  # no command is broken
    assert marked(long, "", 40).splitlines() == told[:-2]


def on_a_terminal(place: Place, *arguments: str, width: int = 80) -> tuple[int, str]:
    """The exit code of a command, and what it prints on a terminal of this width."""
    ours, theirs = pty.openpty()
    around = {name: value for name, value in os.environ.items() if name != "CI"}
    around |= {"COLUMNS": str(width), "TD_API_KEY": KEY}
    started = subprocess.Popen([COHORTS, *arguments], cwd=place.folder, stdout=theirs, stdin=theirs, env=around)
    os.close(theirs)
    told = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        told += piece
    os.close(ours)
    return started.wait(30), told.decode()


def test_only_a_terminal_shows_it(place: Place) -> None:
    (place.folder / "cohorts" / "bad.yml").write_text("id: bad\nname: 12\naudience: {sql: SELECT 1}\n")
    assert " | name: 12" not in place.run("validate").out
    code, told = on_a_terminal(place, "validate")
    assert code == 3
    assert "  2 | name: 12\r\n    |       ^" in told


def test_the_exact_sql_is_for_a_terminal_alone(place: Place) -> None:
    place.cohort("one", "SELECT customer_id FROM customers WHERE customer_id = 'ann'")
    assert "'ann'" not in place.run("render").out
    refused = place.run("render", "--exact")
    assert (refused.code, refused.err.split(" ")[0], refused.out) == (64, "P134", "")
    code, told = on_a_terminal(place, "render", "--exact")
    assert code == 0
    assert "'ann'" in told


@pytest.mark.parametrize("width", [50, 80, 200])
def test_a_message_keeps_to_the_terminal(place: Place, width: int) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers", extra="gards: {max_members: 10}\n")
    code, told = on_a_terminal(place, "validate", width=width)
    assert code == 3
    lines = told.splitlines()
    assert [each for each in lines if len(each) > width] == []
    assert lines[0].startswith("cohorts/vips.yml:")
    shown, mark = next(pair for pair in pairwise(lines) if pair[1].endswith("^"))
    assert shown[mark.index("^") :].startswith("gards")


def test_a_failure_keeps_to_the_terminal(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers")
    place.project(url="http://127.0.0.1:9")
    session = opened(place, "plan", width=50, COHORTS_RETRY_SECONDS="0")
    assert session.end() != 0
    told = [line for line in session.written.splitlines() if not line.startswith("Treasure Data did not answer")]
    assert told[0].startswith("R010 ")
    assert [each for each in told if each.count("`") % 2] == []  # no command is broken
    assert [each for each in told if len(each) > 50] == []


@pytest.mark.parametrize("variable", ["CI", "GITHUB_ACTIONS"])
def test_the_exact_sql_is_not_for_the_terminal_of_a_ci(place: Place, variable: str) -> None:
    place.cohort("one", "SELECT customer_id FROM customers WHERE customer_id = 'ann'")
    code, screen = typed(place.folder, ["render", "--exact"], (), **{variable: "true"})
    assert code == 64
    assert "P134 --exact shows values that may name people, and the log of a CI keeps them" in " ".join(screen.split())
    assert "'ann'" not in screen


def test_a_file_that_is_gone_meanwhile(tmp_path: Path) -> None:
    assert marked(problem(3, 2), "") == str(problem(3, 2))
