"""When cohorts are refreshed and how old they may become, as files say it: read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from cronsim import CronSim, CronSimError

from runner.errors import Problem
from runner.files.documents import Document, quoted
from runner.files.suggestions import suggestion

DEFAULT_ZONE = "UTC"
NEVER = "never"
"""Written where a default of the project is not wanted."""

SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
"""The seconds in each unit of an age."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Five fields of cron, and the time zone (IANA) whose clock they are read by."""

    cron: str
    zone: str

    @property
    def words(self) -> str:
        """When that is, such as `at 05:17 every day`."""
        told = CronSim(self.cron, datetime(2000, 1, 1, tzinfo=UTC)).explain()
        return told[0].lower() + told[1:]


def read(given: str | Mapping[str, Any], zone: str) -> Schedule | None:
    """A checked `schedule`; `zone` is the project's, for one that names none."""
    if isinstance(given, str):
        return None
    return Schedule(given["cron"], given.get("timezone", zone))


def seconds(given: str) -> int:
    """A checked `max_age` in seconds; 0 for `never`."""
    if given == NEVER:
        return 0
    count, unit = int(given[:-1]), given[-1]
    return count * SECONDS[unit]


def problems(document: Document, *parent: str) -> Iterator[Problem]:
    """What no JSON Schema can tell of the `schedule` and `timezone` in one group of a
    document. Parts that have not their shape are left out.
    """
    group: Any = document.data
    for step in parent:
        group = _group(group).get(step)
    group = _group(group)
    schedule = group.get("schedule")
    if isinstance(schedule, dict):
        if wrong := _wrong(schedule.get("cron")):
            at = document.at(*parent, "schedule", "cron")
            what = (
                f"the {wrong} of the schedule {quoted(schedule['cron'])} is impossible"
            )
            fix = (
                "write minute, hour, day of the month, month, day of the week, "
                'such as "0 6 * * *"'
            )
            yield Problem(at, "S011", what, fix)
        pointer = (*parent, "schedule", "timezone")
        yield from _zone(document, schedule.get("timezone"), *pointer)
    yield from _zone(document, group.get("timezone"), *parent, "timezone")


def _group(given: object) -> Mapping[str, Any]:
    """A group of keys; an empty one where something else stands."""
    if isinstance(given, dict):
        return given
    return {}


def _wrong(cron: object) -> str:
    """The field of a cron expression that cannot be; an empty text where all can."""
    if not isinstance(cron, str):
        return ""
    return _wrong_field(cron)


@cache
def _wrong_field(cron: str) -> str:
    try:
        CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as exc:
        return str(exc).removeprefix("Bad ").replace("day-of-", "day of the ")
    return ""


def _zone(document: Document, name: object, *pointer: str) -> Iterator[Problem]:
    """A time zone that there is not."""
    if not isinstance(name, str) or name in zones():
        return
    what = f"there is no time zone {quoted(name)}"
    yield Problem(document.at(*pointer), "S012", what, _other_zone(name))


def _other_zone(name: str) -> str:
    """What to do about a name that is no time zone; a city alone is a likely one."""
    places = [each for each in zones() if "/" in each]
    for place in places:
        if place.endswith(f"/{name}"):
            return f"perhaps you meant {place}"
    return suggestion(name, places, "write an IANA name such as Europe/Berlin")


@cache
def zones() -> tuple[str, ...]:
    """Every time zone there is. From the package, not from the machine: one may know
    names that another does not.
    """
    listed = (resources.files("tzdata") / "zones").read_text("utf-8")
    return tuple(sorted(listed.split()))
