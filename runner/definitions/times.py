"""Days and stretches of time in a rule, read from what its author wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from runner.definitions.notes import Notes
from runner.definitions.rule import Begin, Edge, FromNow, Unit, Window
from runner.files.documents import Pointer, quoted

SECONDS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}
"""The seconds in each unit of a length of time."""

_REVERSED = "the end of this range is before its beginning"


class Times:
    """Reads times; what is wrong with them is noted."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def day(self, text: Any, at: Pointer) -> date | None:
        """A day of the calendar; None, and a problem, where there is no such day."""
        try:
            # fromisoformat() reads other forms, too, such as 20260331
            if re.fullmatch(r"\d{4}-\d\d-\d\d", str(text)):
                return date.fromisoformat(str(text))
        except ValueError:
            pass
        what = f"there is no day {quoted(text)}"
        fix = "write a date of the calendar, such as 2026-03-31"
        self._notes.tell(at, "C005", what, fix)
        return None

    def window(
        self, name: str, given: Any, at: Pointer, *, days_only: bool
    ) -> Window | None:
        """A stretch of time, by the name of its test; None where it is bad. A column of
        dates has `days_only`.
        """
        match name:
            case "within":
                start = self._from_now(f"-{given}", at, days_only=days_only)
                return Window(start, FromNow(0))
            case "within_next":
                end = self._from_now(given, at, days_only=days_only)
                return Window(FromNow(0), end)
            case "calendar":
                return _calendar(given)
            case "before":
                return self._before(given, at)
            case "after":
                return self._after(given, at)
            case _:
                return self._from_to(given, at, days_only=days_only)

    def _before(self, given: Any, at: Pointer) -> Window | None:
        day = self.day(given, at)
        if day is None:
            return None
        return Window(None, day)

    def _after(self, given: Any, at: Pointer) -> Window | None:
        """From the next day on: `after` leaves out the day itself."""
        day = self.day(given, at)
        if day is None:
            return None
        return Window(day + timedelta(days=1), None)

    def _from_to(
        self, given: Sequence[Any], at: Pointer, *, days_only: bool
    ) -> Window | None:
        """A stretch of time with both its ends; they must be of one kind."""
        edges = [
            self._edge(edge, (*at, number), days_only=days_only)
            for number, edge in enumerate(given)
        ]
        match edges:
            case [FromNow(first) as start, FromNow(last) as end]:
                if first >= last:
                    fix = "write the earlier time first"
                    self._notes.tell(at, "C009", _REVERSED, fix)
                return Window(start, end)
            case [date() as start, date() as end]:
                if start > end:
                    fix = "write the earlier day first"
                    self._notes.tell(at, "C009", _REVERSED, fix)
                    return None
                # the last day belongs to it, and a window is without its end
                return Window(start, end + timedelta(days=1))
            case _:
                if None not in edges:
                    what = "one end of the range is a day, the other a time from now"
                    fix = "write two dates, or two times such as [-30d, -7d]"
                    self._notes.tell(at, "C005", what, fix)
                return None

    def _edge(self, given: Any, at: Pointer, *, days_only: bool) -> Edge | None:
        """An end of a stretch: a length of time from now, or a day."""
        if isinstance(given, str) and given[-1:] in SECONDS:
            return self._from_now(given, at, days_only=days_only)
        return self.day(given, at)

    def _from_now(self, given: str, at: Pointer, *, days_only: bool) -> FromNow:
        """A time from now, such as `-30d`."""
        count, unit = int(given[:-1]), given[-1]
        if days_only and unit == "h":
            what = "a column of dates has no hours"
            self._notes.tell(at, "C005", what, "write days, such as 7d")
        return FromNow(count * SECONDS[unit], in_hours=unit == "h")


def _calendar(name: str) -> Window:
    """A unit of the calendar: `today`, `yesterday`, or such as `this_week` and `last_month`."""
    if name == "today":
        return _unit(Unit.DAY, 0)
    if name == "yesterday":
        return _unit(Unit.DAY, -1)
    which, _, unit = name.partition("_")
    if which == "last":
        return _unit(Unit(unit), -1)
    return _unit(Unit(unit), 0)


def _unit(unit: Unit, shift: int) -> Window:
    return Window(Begin(unit, shift), Begin(unit, shift + 1))
