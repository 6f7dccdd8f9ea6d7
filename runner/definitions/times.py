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
"""Of the units of a length of time."""

_REVERSED = "this stretch of time ends before it begins"


class Times:
    """Reads times; what is wrong with them is noted."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def day(self, text: Any, at: Pointer) -> date | None:
        """A day of the calendar."""
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", str(text)):
                return date.fromisoformat(str(text))
        except ValueError:
            pass
        self._notes.tell(
            at,
            "C005",
            f"there is no day {quoted(text)}",
            "write a date of the calendar, such as 2026-03-31",
        )
        return None

    def window(
        self, name: str, given: Any, at: Pointer, *, days_only: bool
    ) -> Window | None:
        """A stretch of time, by the name of its test."""
        match name:
            case "within" | "within_next":
                length = self._length(given, at, days_only=days_only)
                return (
                    Window(FromNow(-length), FromNow(0))
                    if name == "within"
                    else Window(FromNow(0), FromNow(length))
                )
            case "calendar":
                return _calendar(given)
            case "before" | "after":
                day = self.day(given, at)
                if day is None:
                    return None
                return (
                    Window(None, day)
                    if name == "before"
                    else Window(day + timedelta(days=1), None)
                )
            case _:
                return self._from_to(given, at, days_only=days_only)

    def _from_to(
        self, given: Sequence[Any], at: Pointer, *, days_only: bool
    ) -> Window | None:
        edges = [
            self._edge(edge, (*at, number), days_only=days_only)
            for number, edge in enumerate(given)
        ]
        match edges:
            case [FromNow(first) as start, FromNow(last) as end]:
                if first >= last:
                    self._notes.tell(
                        at, "C009", _REVERSED, "write the earlier time first"
                    )
                return Window(start, end)
            case [date() as start, date() as end]:
                if start > end:
                    self._notes.tell(
                        at, "C009", _REVERSED, "write the earlier day first"
                    )
                    return None
                return Window(start, end + timedelta(days=1))
            case _:
                if None not in edges:
                    what = "one edge is a day, the other a time from now"
                    fix = "write two dates, or two times such as [-30d, -7d]"
                    self._notes.tell(at, "C005", what, fix)
                return None

    def _edge(self, given: Any, at: Pointer, *, days_only: bool) -> Edge | None:
        if isinstance(given, str) and given[-1:] in SECONDS:
            return FromNow(self._length(given, at, days_only=days_only))
        return self.day(given, at)

    def _length(self, given: str, at: Pointer, *, days_only: bool) -> int:
        if days_only and given[-1] == "h":
            self._notes.tell(
                at, "C005", "a date knows no hours", "write days, such as 7d"
            )
        return int(given[:-1]) * SECONDS[given[-1]]


def _calendar(name: str) -> Window:
    unit = {"today": Unit.DAY, "yesterday": Unit.DAY}.get(name) or Unit(
        name.partition("_")[2]
    )
    last = name == "yesterday" or name.startswith("last_")
    return (
        Window(Begin(unit, -1), Begin(unit, 0))
        if last
        else Window(Begin(unit, 0), Begin(unit, 1))
    )
