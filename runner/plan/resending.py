"""Which members are sent again in case Braze knows them by now, and how many over time; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from runner.plan.ledger import DAY
from runner.plan.schedule import next_due
from runner.project.file import Reassert
from runner.project.schedules import Schedule

WEEK, MONTH = 7 * DAY, 30 * DAY

ROUNDS = 12
"""Times that everybody is sent again, over which the pace is averaged: a schedule is not even."""


@dataclass(frozen=True, slots=True)
class Resend:
    """Whom one sync sends again."""

    recent_since: int | None = None
    """Members wanted since then (unix seconds); None: nobody because of their age."""
    everyone: bool = False
    """True where all members are sent."""


def resend(
    reassert: Reassert,
    *,
    recent_at: int,
    full_at: int,
    now: int,
    asked: bool = False,
) -> Resend:
    """Whom a sync sends again. `recent_at` and `full_at` are when young members, and
    when all, were last sent; all times in unix seconds. Everyone is sent where that is
    `asked` for.
    """
    if asked or (reassert.full and now - full_at >= reassert.full):
        return Resend(everyone=True)
    # once a day at most, or an hourly sync would pay for each young member 168 times
    if reassert.recent and now - recent_at >= DAY:
        return Resend(recent_since=now - reassert.recent)
    return Resend()


@dataclass(frozen=True, slots=True)
class Synced:
    """One sync in numbers. Times in unix seconds."""

    at: int
    members: int
    """Members in the cohort after the sync."""
    young: int
    """Members whom no sync before wanted."""
    recent_at: int
    """When young members were last sent, this sync included."""
    full_at: int
    """When all members were last sent, this sync included."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How many identifiers a cohort writes to Braze, each of which costs. Nobody who
    enters or leaves after this sync is counted.
    """

    this_sync: int = 0
    """Identifiers that the sync itself writes."""
    first_week: int = 0
    """Identifiers of the seven days that begin with the sync."""
    usual_month: int = 0
    """Identifiers of 30 days later on."""
    in_a_month: int = 0
    """Identifiers that `max_written_per_month` limits."""


NOTHING = Expected()
"""Nobody is written."""


def sent_again(
    synced: Synced, schedule: Schedule | None, reassert: Reassert, *, seconds: int
) -> int:
    """How many identifiers later syncs by the schedule send again within so many seconds."""
    if schedule is None:
        return 0
    until = synced.at + seconds
    return sum(
        number for at, number in _later(synced, schedule, reassert, until) if at < until
    )


def usual_month(
    members: int, schedule: Schedule | None, reassert: Reassert, now: int
) -> int:
    """How many identifiers 30 days take where nobody enters or leaves: everyone is sent again at
    the first time of the schedule after `reassert.full`. `now` in unix seconds.
    """
    if schedule is None or not reassert.full:
        return 0
    begin = end = next_due(schedule, now)
    for _ in range(ROUNDS):
        end = next_due(schedule, end + reassert.full - 1)
    return math.ceil(members * MONTH * ROUNDS / (end - begin))


def _later(
    synced: Synced, schedule: Schedule, reassert: Reassert, until: int
) -> Iterator[tuple[int, int]]:
    """The syncs that may send somebody again, each with its time and how many it sends. All other
    times of the schedule are passed over: there may be thousands.
    """
    at = synced.at
    recent_at = synced.recent_at
    full_at = synced.full_at
    while at < until:
        asked: list[int] = []
        if reassert.full:
            asked.append(full_at + reassert.full)
        if recent_at + DAY <= synced.at + reassert.recent:
            asked.append(recent_at + DAY)
        if not asked:
            return
        at = next_due(schedule, max(min(asked) - 1, at))
        again = resend(reassert, recent_at=recent_at, full_at=full_at, now=at)
        recent_at = at
        if again.everyone:
            full_at = at
            yield at, synced.members
        elif again.recent_since is not None and synced.at >= again.recent_since:
            yield at, synced.young
