"""What a person sees while a sync runs: a view on a terminal, lines in a log, and services that do not answer."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.place import KEY, Place
from tests.repositories import Repository
from tests.screens import Session, opened

VIPS = "SELECT customer_id FROM customers"
TIMED = re.compile(r"\d\d:\d\d:\d\dZ \S.*")


@pytest.fixture
def busy(place: Place) -> Place:
    """A repository with 20 cohorts, one of them with a fault, and jobs that take a moment."""
    for number in range(20):
        place.cohort(f"cohort_{number:02}", VIPS if number else "SELECT customer_id FROM nowhere")
    place.ask("POST", "options", {"job_seconds": 0.3})
    return place


@pytest.fixture
def few(place: Place) -> Place:
    """A repository with 2 cohorts, one of them with a fault."""
    place.cohort("good", VIPS)
    place.cohort("bad", "SELECT customer_id FROM nowhere")
    return place


def is_seen(text: str) -> Callable[[Session], bool]:
    return lambda session: text in session.plain


@pytest.mark.parametrize(("width", "height"), [(60, 10), (80, 24), (140, 40)])
def test_a_view_while_it_runs_and_the_same_answer_when_it_ended(busy: Place, width: int, height: int) -> None:
    session = opened(busy, "sync", width=width, height=height)
    session.read(is_seen("19 done, "))
    view = session.screen.lines
    assert re.fullmatch(r" +\d:\d\d  19 done, (0 failed, 1|1 failed, 0) to go", view[0])
    assert session.end() == 7
    frames = re.split(r"(?=\d:\d\d  \d+ done, )", session.plain)
    most = max(frame.count("cohort_") for frame in frames[:-1])
    assert most == min(12, height - 3)
    for step in ("claiming the ledger", "making a snapshot", "counting the delta", "recording in the ledger"):
        assert step in session.plain
    assert "adding 3 by external_id" in session.plain
    # the answer is all that is left, as it is without a view
    screen = session.screen
    assert screen.has_cursor
    assert screen.lines[0].startswith("  ✗ cohort_00")
    assert "57 members added, 0 removed." in " ".join(" ".join(screen.lines).split())
    assert "to go" not in "\n".join(screen.lines)
    assert busy.members("cohort_19") == {"ann", "bob", "eve"}


def test_the_answer_goes_where_it_went(few: Place, tmp_path: Path) -> None:
    out = tmp_path / "answer.txt"
    session = opened(few, "sync", width=80, out=out)
    assert session.end() == 7
    assert session.screen.lines == []
    assert len(out.read_text("utf-8").splitlines()) == 4


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(busy: Place, number: signal.Signals, code: int) -> None:
    session = opened(busy, "sync", "--concurrency", "1", width=80)
    session.read(is_seen("counting the delta"))
    session.process.send_signal(number)
    assert session.end() == code
    screen = session.screen
    assert screen.has_cursor
    assert screen.lines[:2] == [
        "Stopping after the steps that must be completed. Press Ctrl-C again to stop at",
        "once.",
    ]
    assert "R040" in "\n".join(screen.lines)
    assert "to go" not in "\n".join(screen.lines)


def test_an_error_leaves_no_view(busy: Place) -> None:
    session = opened(busy, "sync", width=80)
    session.read(is_seen("making a snapshot"))
    busy.fault("request", "status:401", times=None)
    assert session.end() == 4
    screen = session.screen
    assert screen.has_cursor
    assert screen.lines[0].startswith("R003 ")
    assert "to go" not in "\n".join(screen.lines)


def test_a_service_that_does_not_answer_stands_in_the_view(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.fault("request", "status:503", match="job/issue", times=3, after=4)
    session = opened(place, "sync", width=80)
    assert session.end() == 0
    assert "Treasure Data answered 503. Trying again for about 5 s: issuing a job." in session.written
    assert "Treasure Data" not in "\n".join(session.screen.lines)


def test_a_small_view_leaves_room_for_a_service_that_does_not_answer(busy: Place) -> None:
    busy.fault("request", "status:503", match="job/issue", times=6, after=10)
    session = opened(busy, "sync", width=40, height=8)
    assert session.end() == 7
    frames = [re.sub(r"\s+", " ", frame) for frame in re.split(r"(?=\d:\d\d  \d+ done, )", session.plain)]
    # the last one has the answer below it
    told = [frame for frame in frames[:-1] if "Treasure Data" in frame]
    assert [frame for frame in told if " more cohorts" in frame] != []
    assert [
        frame for frame in told if "answered 503. Trying again for" not in frame or ": issuing a job" not in frame
    ] == []


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False)],
)
def test_colours(few: Place, environment: dict[str, str], coloured: bool) -> None:
    few.ask("POST", "options", {"job_seconds": 0.3})
    session = opened(few, "sync", width=80, **environment)
    session.end()
    assert (re.search(r"\x1b\[32m\d+ done\x1b\[0m", session.written) is not None) is coloured
    assert (re.search(r"\x1b\[31m1 failed\x1b\[0m", session.written) is not None) is coloured
    # colours of other numbers cannot be read on every background
    assert set(re.findall(r"\x1b\[([\d;]*)m", session.written)) <= {"0", "31", "32"}


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"CI": "true"}])
def test_a_terminal_without_a_view(place: Place, environment: dict[str, str]) -> None:
    place.cohort("vips", VIPS)
    session = opened(place, "sync", width=80, **environment)
    assert session.end() == 0
    assert session.screen.lines[0].endswith("vips: making a snapshot")


def test_a_question_does_not_stand_in_a_view(place: Place) -> None:
    session = opened(place, "doctor", "--canary", "external_id:ann", width=80)
    session.read(is_seen("[y/N]: "))
    assert session.screen.lines[0] == "canary: adding one user"
    session.process.kill()
    session.end()


def test_the_view_begins_after_the_question_of_a_protected_target(place: Place) -> None:
    place.project(extra="    protected: true\n")
    place.cohort("vips", VIPS)
    repository = Repository.begun(place.folder)
    repository.commit()
    session = opened(place, "sync", width=80)
    session.read(is_seen("[y/N]: "))
    assert session.screen.lines[-1] == "Do this to sandbox? [y/N]:"
    os.write(session.terminal, b"y\n")
    assert session.end() == 0
    screen = session.screen.lines
    assert screen[0].startswith("Plan for target sandbox")
    assert "to go" in session.plain
    assert "to go" not in "\n".join(screen)
    assert place.members("vips") == {"ann", "bob", "eve"}


@pytest.mark.parametrize("environment", [{}, {"FORCE_COLOR": "1"}])
def test_a_log_has_two_lines_for_a_cohort(few: Place, environment: dict[str, str]) -> None:
    answer = few.run("sync", **environment)
    lines = answer.err.splitlines()
    assert all(TIMED.fullmatch(line) for line in lines), answer.err
    told = [re.sub(r"0:\d\d", "0:00", line[10:]) for line in lines]
    assert sorted(told[:2]) == ["bad: making a snapshot", "good: making a snapshot"]
    assert sorted(re.sub("[12] of", "N of", line) for line in told[2:]) == [
        "bad: failed after 0:00, R020 (N of 2)",
        "good: done after 0:00, 3 added, 0 removed (N of 2)",
    ]
    assert told[-1].endswith("(2 of 2)")


def test_a_log_of_nothing_to_do(place: Place) -> None:
    place.cohort("vips", VIPS)
    assert len(place.run("sync").err.splitlines()) == 2
    again = place.run("sync")
    assert "Nothing to do" in again.out
    assert again.err == ""


def test_every_command_tells_of_a_service_that_does_not_answer(place: Place) -> None:
    place.cohort("vips", VIPS)
    assert place.run("sync").code == 0
    for command in ("sync", "plan", "status", "drift", "verify"):
        place.fault("request", "status:503", times=2)
        answer = place.run(command)
        assert answer.code == 0, answer.err
        (line,) = answer.err.splitlines()
        assert TIMED.fullmatch(line)
        assert line[10:].startswith("Treasure Data answered 503. Trying again for about 2 s: ")


def test_what_is_told_of_a_service_names_no_member_and_no_secret(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers WHERE customer_id <> 'zoe'")
    place.ask("POST", "faults", {"storm": {"seed": 3, "rate": 0.4, "at": ["request"]}})
    err = "".join(place.run("sync", "--refresh", COHORTS_RETRY_SECONDS="20").err for _ in range(3))
    assert "Treasure Data " in err
    for hidden in (KEY, "zoe", "ann", "customer_id", "http"):
        assert hidden not in err


def test_a_quiet_sync_tells_of_no_service(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.fault("request", "status:503", times=2)
    answer = place.run("sync", "--quiet")
    assert (answer.code, answer.err) == (0, "")


def test_an_export_that_braze_does_not_take_is_told(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.fault("export", "late", seconds=32)
    answer = place.run("sync")
    assert answer.code == 0, answer.err
    assert re.search(
        r"Braze has not taken all of an export yet\. Waiting for 3\d s: vips: adding members \(job \d+\)\.", answer.err
    )
