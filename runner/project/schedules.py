"""When cohorts are refreshed and how old they may become, as files say it: read and checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from cronsim import CronSim, CronSimError

from runner.errors import Problem
from runner.files.documents import Document, quoted

DEFAULT_ZONE = "UTC"
NEVER = "never"
"""Written where a default of the project is not wanted."""

SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
"""Of the units of an age."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Five fields of cron, and the time zone (IANA) whose clock they are read by."""

    cron: str
    zone: str


def read(given: str | Mapping[str, Any], zone: str) -> Schedule | None:
    """A checked `schedule`; `zone` is the project's, for one that names none."""
    if isinstance(given, str):
        return None
    return Schedule(given["cron"], given.get("timezone", zone))


def seconds(given: str) -> int:
    """A checked `max_age` in seconds; 0 for `never`."""
    return 0 if given == NEVER else int(given[:-1]) * SECONDS[given[-1]]


def problems(document: Document, *parent: str) -> Iterator[Problem]:
    """What no JSON Schema can tell of the `schedule` and `timezone` in one group of a
    document that has its shape.
    """
    group: Any = document.data
    for step in parent:
        group = group.get(step, {})
    schedule = group.get("schedule")
    if isinstance(schedule, dict):
        if wrong := _wrong(schedule["cron"]):
            at = document.at(*parent, "schedule", "cron")
            what = f"the {wrong} of the schedule {quoted(schedule['cron'])} cannot be"
            fix = 'write minute, hour, day of the month, month, day of the week, such as "0 6 * * *"'
            yield Problem(at, "S011", what, fix)
        yield from _zone(
            document, schedule.get("timezone"), *parent, "schedule", "timezone"
        )
    yield from _zone(document, group.get("timezone"), *parent, "timezone")


@cache
def _wrong(cron: str) -> str:
    """The field of an expression that cannot be, or nothing."""
    try:
        CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as exc:
        return str(exc).removeprefix("Bad ").replace("day-of-", "day of the ")
    return ""


def _zone(document: Document, name: str | None, *pointer: str) -> Iterator[Problem]:
    if name is None or name in zones():
        return
    places = [each for each in zones() if "/" in each]
    close = [
        each for each in places if each.endswith(f"/{name}")
    ] or difflib.get_close_matches(name, places, 1)
    fix = (
        f"perhaps you meant {close[0]}"
        if close
        else "write an IANA name such as Europe/Berlin"
    )
    yield Problem(
        document.at(*pointer), "S012", f"there is no time zone {quoted(name)}", fix
    )


@cache
def zones() -> tuple[str, ...]:
    """Every time zone there is. From the package, not from the machine: one may know
    names that another does not.
    """
    return tuple(
        sorted((resources.files("tzdata") / "zones").read_text("utf-8").split())
    )
