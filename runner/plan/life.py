"""Whether a cohort has expired or is suspended, and what comes soon, by the server's clock; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from runner.definitions.cohort import Cohort
from runner.errors import Problem

EXPIRY_WARNING, SUSPENSION_WARNING = timedelta(days=14), timedelta(days=7)
"""How long before it happens it is said."""


def today(now: int, timezone: str) -> date:
    """The day on which files' dates are looked at; `now` in unix seconds."""
    return datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(timezone)).date()


def is_expired(cohort: Cohort, day: date) -> bool:
    """True after the cohort's last day. Expiry beats suspension."""
    return cohort.life.expires is not None and day > cohort.life.expires


def is_suspended(cohort: Cohort, day: date) -> bool:
    """True until the suspension's last day is over."""
    return cohort.life.suspended is not None and day <= cohort.life.suspended.until


def warnings(cohort: Cohort, day: date) -> Iterator[Problem]:
    """What a person should know before it happens, or forgot to clear away."""
    expires, suspended, at = (
        cohort.life.expires,
        cohort.life.suspended,
        cohort.document.at,
    )
    if expires and day > expires:
        what = f"{cohort.id} expired on {expires}: nobody is in it any more, or will be"
        yield Problem(
            at("expires"),
            "W002",
            what,
            "remove the file, or set a later day to bring it back",
        )
    elif expires and expires - day <= EXPIRY_WARNING:
        what = f"{cohort.id} expires after {expires}, {_ahead(expires, day)}: everybody is taken out then"
        yield Problem(
            at("expires"), "W001", what, "set a later day if it is still needed"
        )
    if suspended and day > suspended.until:
        what = f"{cohort.id}: the suspension ended on {suspended.until}; it is synced again"
        yield Problem(at("suspend"), "W004", what, "remove `suspend`")
    elif suspended and suspended.until - day <= SUSPENSION_WARNING:
        what = f"{cohort.id}: the suspension ends after {suspended.until}, {_ahead(suspended.until, day)}"
        fix = "then it is synced again; set a later day to hold it longer"
        yield Problem(at("suspend", "until"), "W003", what, fix)


def _ahead(then: date, day: date) -> str:
    days = (then - day).days
    return "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"
