"""When a cohort ends, is held, or came from another id: read from its file, and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    return Life(
        expires=_day(data.get("expires", "")),
        suspended=_suspension(data),
        previous_id=data.get("previous_id", ""),
    )


def _suspension(data: Mapping[str, Any]) -> Suspension | None:
    if "suspend" not in data:
        return None
    until = _day(data["suspend"]["until"])
    if until is None:
        return None
    return Suspension(data["suspend"]["reason"], until)


def problems(document: Document, today: date | None) -> Iterator[Problem]:
    """Days that no calendar has, and suspensions that last too long from `today` on
    (None: not looked at).
    """
    data: Any = document.data
    if "expires" in data and _day(data["expires"]) is None:
        yield _no_day(document, "expires")
    if "suspend" not in data:
        return
    until = _day(data["suspend"]["until"])
    if until is None:
        yield _no_day(document, "suspend", "until")
    elif today and until - today > LONGEST_SUSPENSION:
        what = (
            f"the suspension ends in {(until - today).days} days, and at most"
            f" {LONGEST_SUSPENSION.days} are allowed"
        )
        fix = (
            f"write a day until {today + LONGEST_SUSPENSION}, "
            "and a later one when it comes near"
        )
        yield Problem(document.at("suspend", "until"), "D021", what, fix)


def _no_day(document: Document, *pointer: str) -> Problem:
    text: Any = document.data
    for key in pointer:
        text = text[key]
    what = f"there is no day {quoted(text)}"
    return Problem(document.at(*pointer), "D020", what, "write a date of the calendar")


def _day(text: str) -> date | None:
    """A day of the calendar; None where there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
