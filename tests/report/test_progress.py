"""What people who watch a run see of it."""

from __future__ import annotations

from itertools import count

import pytest
from runner.report.progress import Progress
from runner.sync.progress import Doing, Due, Ended, Remark


def seconds() -> Progress:
    """A progress whose clock goes on by a second whenever somebody looks at it."""
    ticks = count()
    return Progress(lambda: next(ticks))


def test_a_cohort_has_two_lines() -> None:
    progress = seconds()
    events = [
        Doing("", "reading the ledger"),
        Due(2),
        Doing("vips", "waiting to query", waits=True),
        Doing("vips", "making a snapshot"),
        Doing("vips", "counting the delta"),
        Ended("lapsed", code="C001"),
        Ended("vips", 1200, 3),
    ]
    assert list(filter(None, map(progress.hear, events))) == [
        "vips: making a snapshot",
        "lapsed: failed, C001 (1 of 2)",
        "vips: done after 0:03, 1,200 added, 3 removed (2 of 2)",
    ]


def test_what_people_wait_for_is_told() -> None:
    assert seconds().hear(Remark("waiting for another run: ann")) == "waiting for another run: ann"


def under_way(number: int) -> Progress:
    progress = Progress(lambda: 0.0)
    progress.hear(Due(number + 2))
    progress.hear(Ended("done"))
    progress.hear(Ended("bad", code="R020"))
    for each in range(number):
        progress.hear(Doing(f"cohort_{each:02}", "waiting to query", waits=each == 0))
    return progress


def test_the_view_counts_and_shows_who_waits_last() -> None:
    assert under_way(3).view(80, 24) == [
        "    0:00  1 done, 1 failed, 3 to go",
        "    0:00  cohort_01  waiting to query",
        "    0:00  cohort_02  waiting to query",
        "    0:00  cohort_00  waiting to query",
    ]


@pytest.mark.parametrize(("height", "rows"), [(60, 12), (24, 12), (10, 7), (4, 1), (3, 0), (1, 0)])
def test_the_view_is_bounded(height: int, rows: int) -> None:
    lines = under_way(40).view(80, height)
    assert len(lines) == rows + 2
    assert lines[-1] == f"          and {40 - rows} more cohorts"


@pytest.mark.parametrize("width", [20, 60, 80, 140])
def test_the_view_keeps_to_the_width(width: int) -> None:
    progress = under_way(2)
    progress.hear(Doing("a" * 128, "adding 1,204,311 by alias email"))
    lines = progress.view(width, 24)
    assert max(map(len, lines)) <= width
    if width >= 60:
        assert "adding 1,204,311 by" in lines[-2]  # the longest id leaves room for the step


def test_before_a_plan_the_view_shows_the_step() -> None:
    progress = Progress(lambda: 0.0)
    progress.hear(Doing("", "claiming the ledger"))
    assert progress.view(80, 24) == ["    0:00  claiming the ledger"]


@pytest.mark.parametrize(("passed", "shown"), [(7.9, "0:07"), (751, "12:31"), (3729, "1:02:09")])
def test_times(passed: float, shown: str) -> None:
    times = iter([0.0, passed])
    assert Progress(lambda: next(times)).view(80, 24)[0].strip() == shown
