"""What a rule means, row by row, from the words of its file: written apart from the runner, to be compared with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
HOURS = {"h": 1, "d": 24, "w": 168}
PERIODS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True)
class World:
    """Rows of tables, what columns hold, who is in other cohorts, and the time that a run is for."""

    now: int
    zone: str
    types: Mapping[str, str]
    people: Sequence[Row]
    events: Mapping[str, Sequence[Row]]
    cohorts: Mapping[str, set[str]] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """By the zone's clock."""
        return datetime.fromtimestamp(self.now, ZoneInfo(self.zone)).date()


def who(rule: Mapping[str, Any], world: World) -> set[str]:
    """The keys of the people for whom a rule holds."""
    return {person["id"] for person in world.people if holds(rule, person, world)}


def holds(rule: Mapping[str, Any], row: Row, world: World) -> bool:
    """Whether a rule holds of one row."""
    if "column" in rule:
        tests = {name: given for name, given in rule.items() if name != "column"}
        kind = world.types[rule["column"]]
        return all(passes(name, given, row[rule["column"]], kind, world) for name, given in tests.items())
    if "cohort" in rule:
        return row["id"] in world.cohorts[rule["cohort"]]
    if "event" in rule:
        return did(rule, row, world)
    found = {name: [holds(part, row, world) for part in parts] for name, parts in rule.items()}
    groups = {"all": all, "any": any, "none": lambda parts: not any(parts)}
    return all(groups[name](parts) for name, parts in found.items())


def passes(name: str, given: Any, value: Any, kind: str, world: World) -> bool:
    """Whether a value passes one test."""
    if name == "is_null":
        return (value is None) == given
    if name == "not_equals":
        return not passes("equals", given, value, kind, world)
    if name == "not_in":
        return not passes("in", given, value, kind, world)
    if value is None:
        return False
    if kind == "boolean" and name == "equals":
        return bool(value) is given
    if name in ("contains", "starts_with", "ends_with"):
        texts = [given] if isinstance(given, str) else given
        found = {"contains": str.__contains__, "starts_with": str.startswith, "ends_with": str.endswith}[name]
        return any(found(value, text) for text in texts)
    if name == "between" and kind == "number":
        return bool(given[0] <= value <= given[1])
    simple = {
        "equals": lambda: value == given,
        "in": lambda: value in given,
        "gt": lambda: value > given,
        "gte": lambda: value >= given,
        "lt": lambda: value < given,
        "lte": lambda: value <= given,
        "matches": lambda: re.search(given, value) is not None,
        "any_of": lambda: bool(set(given) & set(value)),
        "all_of": lambda: set(given) <= set(value),
        "anniversary_within_next": lambda: comes_round(value, int(given[:-1]), world.today),
    }
    if name in simple:
        return bool(simple[name]())
    if kind == "date":
        return on_days(name, given, date.fromisoformat(value), world.today)
    return at_time(name, given, value, world)


def comes_round(birthday: str, days: int, today: date) -> bool:
    """Whether a day of the year comes within so many days."""
    born = date.fromisoformat(birthday)
    for ahead in range(days):
        day = today + timedelta(days=ahead)
        if (day.month, day.day) == (born.month, born.day):
            return True
        leap = (born.month, born.day) == (2, 29) and (day.month, day.day) == (2, 28)
        if leap and (day + timedelta(days=1)).month == 3:
            return True
    return False


def on_days(name: str, given: Any, day: date, today: date) -> bool:
    """Whether a date lies in a window."""
    if name == "before":
        return day < date.fromisoformat(given)
    if name == "after":
        return day > date.fromisoformat(given)
    if name == "calendar":
        first, behind = period(given, today)
        return first <= day < behind
    if name == "within":
        return 0 <= (today - day).days < length(given) // 24
    if name == "within_next":
        return 0 <= (day - today).days < length(given) // 24
    start, end = given
    if re.match(r"\d{4}-", start):
        return date.fromisoformat(start) <= day <= date.fromisoformat(end)
    # days are counted from today on both sides: -2d begins with yesterday, +2d ends with tomorrow
    first, last = length(start) // 24, length(end) // 24
    ahead = (day - today).days
    begins = first + 1 if first < 0 else first
    ends = last if last <= 0 else last - 1
    return begins <= ahead <= ends


def at_time(name: str, given: Any, moment: int, world: World) -> bool:
    """Whether a moment lies in a window."""
    if name in ("before", "after"):
        day = date.fromisoformat(given)
        return moment < begin(day, world) if name == "before" else moment >= begin(day + timedelta(days=1), world)
    if name == "calendar":
        first, behind = period(given, world.today)
        return begin(first, world) <= moment < begin(behind, world)
    if name == "within":
        return world.now - length(given) * 3600 <= moment < world.now
    if name == "within_next":
        return world.now <= moment < world.now + length(given) * 3600
    start, end = given
    if re.match(r"\d{4}-", start):
        behind = date.fromisoformat(end) + timedelta(days=1)
        return begin(date.fromisoformat(start), world) <= moment < begin(behind, world)
    return world.now + length(start) * 3600 <= moment < world.now + length(end) * 3600


def begin(day: date, world: World) -> int:
    """When a day begins by the zone's clock."""
    return int(datetime.combine(day, time(), ZoneInfo(world.zone)).timestamp())


def length(text: str) -> int:
    """In hours."""
    return int(text[:-1]) * HOURS[text[-1]]


def period(name: str, today: date) -> tuple[date, date]:
    """The first day of a period of the calendar, and the first day after it."""
    if name in ("today", "yesterday"):
        first = today - timedelta(days=name == "yesterday")
        return first, first + timedelta(days=1)
    which, unit = name.split("_")
    if unit == "week":
        first = today - timedelta(days=today.weekday() + 7 * (which == "last"))
        return first, first + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    number = (today.year * 12 + today.month - 1) // months - (which == "last")
    return month(number * months), month((number + 1) * months)


def month(number: int) -> date:
    """The first day of a month, counted from the year 0."""
    return date(number // 12, number % 12 + 1, 1)


def did(rule: Mapping[str, Any], person: Row, world: World) -> bool:
    """Whether somebody's events are as a condition says."""
    mine = theirs(rule["event"], rule, person, world)
    if "where" in rule:
        mine = [event for event in mine if holds(rule["where"], event, world)]
    measures = {name: rule[name] for name in ("count", "distinct", "sum", "avg", "min", "max") if name in rule}
    if not measures and not mine:
        return False
    for name, tests in measures.items():
        value = measured(name, tests.get("column", ""), mine)
        if not all(passes(test, given, value, "number", world) for test, given in tests.items() if test != "column"):
            return False
    if "none_after" not in rule:
        return True
    others = theirs(rule["none_after"], rule, person, world)
    return bool(mine) and not any(event["time"] > max(each["time"] for each in mine) for event in others)


def theirs(name: str, rule: Mapping[str, Any], person: Row, world: World) -> list[Row]:
    """Somebody's events in the window of a condition."""
    found = [event for event in world.events[name] if event["who"] == person["id"]]
    for window in ("within", "between", "calendar"):
        if window in rule:
            found = [event for event in found if at_time(window, rule[window], event["time"], world)]
    return found


def measured(name: str, column: str, events: Sequence[Row]) -> float | None:
    """A measure of events; None where there is none."""
    if name == "count":
        return len(events)
    values = [event[column] for event in events if event[column] is not None]
    if name == "distinct":
        return len(set(values))
    if name == "sum":
        return sum(values)
    if not values:
        return None
    return {"avg": sum(values) / len(values), "min": min(values), "max": max(values)}[name]
