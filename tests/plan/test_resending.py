"""What is sent again: at which syncs, and what that comes to."""

from __future__ import annotations

import pytest
from runner.plan.ledger import DAY
from runner.plan.resending import (
    MONTH,
    WEEK,
    Resend,
    Synced,
    resend,
    sent_again,
    usual_month,
)
from runner.project.file import Reassert
from runner.project.schedules import Schedule

NOON = 1_800_014_400
"""2027-01-15 12:00 UTC."""

USUAL, NEVER = Reassert(), Reassert(recent=0, full=0)
DAILY = Schedule("0 12 * * *", "UTC")


def first(members: int, *, at: int = NOON) -> Synced:
    """A first sync: all of its members are young."""
    return Synced(at, members, members, at, at)


@pytest.mark.parametrize(
    ("cron", "at", "days"),
    [
        ("0 12 * * *", NOON, 6),  # a day later, and so on; the seventh day is another week
        ("0 6 * * *", NOON, 6),  # not before a day is over
        ("0 * * * *", NOON, 6),  # once a day at most
        ("*/10 * * * *", NOON + 1, 6),
        ("0 12 * * 1,4", NOON, 2),
        ("0 12 1 * *", NOON, 0),
    ],
)
def test_young_members_are_sent_again_in_the_first_week(cron: str, at: int, days: int) -> None:
    schedule = Schedule(cron, "UTC")
    assert sent_again(first(1000, at=at), schedule, USUAL, seconds=WEEK) == days * 1000


def test_nothing_is_sent_again_without_a_schedule() -> None:
    assert sent_again(first(1000), None, USUAL, seconds=MONTH) == 0
    assert usual_month(1000, None, USUAL, NOON) == 0


def test_nothing_is_sent_again_where_the_project_says_so() -> None:
    assert sent_again(first(1000), DAILY, NEVER, seconds=MONTH) == 0
    assert usual_month(1000, DAILY, NEVER, NOON) == 0


def test_only_the_young_are_sent_again_before_everyone_is() -> None:
    synced = Synced(NOON, members=1000, young=10, recent_at=NOON, full_at=NOON - 27 * DAY)
    # two days of the young, then everyone, then the young again
    assert sent_again(synced, DAILY, USUAL, seconds=WEEK) == 2 * 10 + 1000 + 3 * 10


def test_everyone_sent_again_counts_for_the_young_of_that_day() -> None:
    synced = Synced(NOON, members=5, young=5, recent_at=NOON, full_at=NOON)
    assert sent_again(synced, DAILY, Reassert(recent=2 * DAY, full=2 * DAY), seconds=WEEK) == 20


@pytest.mark.parametrize(
    ("cron", "full", "expected"),
    [
        ("0 12 * * *", 30, 1000),
        ("*/10 * * * *", 30, 1000),
        ("0 12 * * *", 7, 4286),
        ("0 12 * * 1", 7, 4286),
        ("0 12 * * 1", 30, 858),  # five weeks go by
        ("0 12 * * 1", 1, 4286),
        ("0 12 29 2 *", 30, 21),
    ],
)
def test_a_usual_month_follows_from_the_schedule(cron: str, full: int, expected: int) -> None:
    reassert = Reassert(full=full * DAY)
    assert usual_month(1000, Schedule(cron, "UTC"), reassert, NOON) == expected


def test_a_million_members_that_never_change() -> None:
    """What a first sync of a million leads to: seven millions in the first week."""
    million = first(1_000_000)
    assert 1_000_000 + sent_again(million, DAILY, USUAL, seconds=WEEK) == 7_000_000
    assert usual_month(1_000_000, DAILY, USUAL, NOON) == 1_000_000


def test_a_sync_sends_again_what_is_due() -> None:
    def at(days: float, *, asked: bool = False) -> Resend:
        now = NOON + int(days * DAY)
        return resend(USUAL, recent_at=NOON, full_at=NOON - 20 * DAY, now=now, asked=asked)

    assert at(0.9) == Resend()
    assert at(1) == Resend(recent_since=NOON - 6 * DAY)
    assert at(10) == Resend(everyone=True)
    assert at(0, asked=True) == Resend(everyone=True)
