"""When a cohort is due by its schedule, from the time as of which it was last synced; pure."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim

from runner.project.schedules import Schedule


@lru_cache(maxsize=4096)  # cohorts of one run share its time, and many share a schedule
def next_due(schedule: Schedule, as_of: int) -> int:
    """The first time after `as_of` that the schedule names (unix seconds both). There
    is one: the rarest that cronsim takes, a certain weekday on 29 February, comes again
    within 40 years, and it looks 50 ahead.

    By the wall clock of its zone, as Debian's cron does it: a time that spring leaves
    out comes right after the gap, and one that autumn has twice comes at the first;
    what runs by minutes or hours (`*`) takes both.
    """
    start = datetime.fromtimestamp(as_of, ZoneInfo(schedule.zone))
    # started in an hour that comes twice, cronsim may name the earlier of the two, which is over
    times = (int(found.timestamp()) for found in CronSim(schedule.cron, start))
    return next(at for at in times if at > as_of)


def due_since(schedule: Schedule | None, as_of: int, now: int) -> int | None:
    """The first time after `as_of` that the schedule named, or None where that is still
    to come. All times in unix seconds.
    """
    if schedule is None:
        return None
    at = next_due(schedule, as_of)
    if at > now:
        return None
    return at


def clock(at: int, zone: str) -> str:
    """A time as people of that zone read it: `2026-11-24 06:00 Europe/Berlin`."""
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"
