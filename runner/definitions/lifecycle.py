"""When a cohort ends, is held, or came from another id: read from its file, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from runner.definitions.cohort import Life, Suspension
from runner.errors import Problem
from runner.files.documents import Document, quoted

LONGEST_SUSPENSION = timedelta(days=90)
"""A cohort held for longer is one that nobody looks after; from the day on which it is checked."""


def read(document: Document) -> Life:
    """The life that a file gives its cohort; its dates are good (see `problems`)."""
    data: Any = document.data
    suspended = data.get("suspend")
    return Life(
        expires=_day(data["expires"]) if "expires" in data else None,
        suspended=Suspension(suspended["reason"], until)
        if suspended and (until := _day(suspended["until"]))
        else None,
        previous_id=data.get("previous_id", ""),
    )


def problems(document: Document, today: date | None) -> Iterator[Problem]:
    """Days that no calendar has, and suspensions that last too long from `today` on
    (None: not looked at).
    """
    data: Any = document.data
    for pointer in (("expires",), ("suspend", "until")):
        text = data.get(pointer[0], {})
        text = text.get(pointer[1]) if len(pointer) > 1 else text
        if not text:
            continue
        day = _day(text)
        if day is None:
            fix = "write a date of the calendar"
            yield Problem(
                document.at(*pointer), "D020", f"there is no day {quoted(text)}", fix
            )
        elif pointer[0] == "suspend" and today and day - today > LONGEST_SUSPENSION:
            what = f"the suspension would last {(day - today).days} more days; {LONGEST_SUSPENSION.days} are the most"
            fix = f"write a day until {today + LONGEST_SUSPENSION}, and a later one when it comes near"
            yield Problem(document.at(*pointer), "D021", what, fix)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
