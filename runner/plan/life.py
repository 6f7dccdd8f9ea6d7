"""Whether a cohort has expired or is suspended, and warnings before that changes; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from runner.definitions.cohort import Cohort
from runner.errors import Problem

EXPIRY_WARNING = timedelta(days=14)
"""How long before its last day a cohort's expiry is told."""

SUSPENSION_WARNING = timedelta(days=7)
"""How long before its last day the end of a suspension is told."""


def today(now: int, timezone: str) -> date:
    """The day that dates in files are compared with: the day of `now` (unix seconds, by
    the server's clock) in the project's time zone.
    """
    return datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(timezone)).date()


def is_expired(cohort: Cohort, day: date) -> bool:
    """True after the cohort's last day. Expiry beats suspension."""
    return cohort.life.expires is not None and day > cohort.life.expires


def is_suspended(cohort: Cohort, day: date) -> bool:
    """True until the suspension's last day is over."""
    return cohort.life.suspended is not None and day <= cohort.life.suspended.until


def warnings(cohort: Cohort, day: date) -> Iterator[Problem]:
    """What a person should know before it happens, or forgot to clear away."""
    yield from _of_expiry(cohort, day)
    yield from _of_suspension(cohort, day)


def _of_expiry(cohort: Cohort, day: date) -> Iterator[Problem]:
    """The warning about a cohort's last day, if it is near or over."""
    expires = cohort.life.expires
    if expires is None:
        return
    at = cohort.document.at("expires")
    if day > expires:
        what = (
            f"{cohort.id} expired on {expires}: it is empty, or the next sync"
            " empties it"
        )
        fix = "remove the file, or set a later day to bring it back"
        yield Problem(at=at, code="W002", what=what, fix=fix)
    elif expires - day <= EXPIRY_WARNING:
        when = f"{cohort.id} expires after {expires}, {_ahead(expires, day)}"
        what = f"{when}: everybody is taken out then"
        yield Problem(
            at=at, code="W001", what=what, fix="set a later day if it is still needed"
        )


def _of_suspension(cohort: Cohort, day: date) -> Iterator[Problem]:
    """The warning about the end of a suspension, if it is near or over."""
    if cohort.life.suspended is None:
        return
    until = cohort.life.suspended.until
    at = cohort.document.at
    if day > until:
        what = f"{cohort.id}: the suspension ended on {until}; it is synced again"
        yield Problem(at=at("suspend"), code="W004", what=what, fix="remove `suspend`")
    elif until - day <= SUSPENSION_WARNING:
        when = f"the suspension ends after {until}, {_ahead(until, day)}"
        fix = "then it is synced again; set a later day to hold it longer"
        yield Problem(
            at=at("suspend", "until"), code="W003", what=f"{cohort.id}: {when}", fix=fix
        )


def _ahead(then: date, day: date) -> str:
    """How far a day is ahead, in words."""
    days = (then - day).days
    if days == 0:
        return "today"
    if days == 1:
        return "tomorrow"
    return f"in {days} days"
