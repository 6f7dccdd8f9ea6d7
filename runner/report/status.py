"""The status of every cohort, as people read it: a line each, and below it what needs a word more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from runner.plan.ledger import Deployed
from runner.plan.plan import IDLE, Action, Change
from runner.plan.standing import Standing
from runner.report.lists import many

HEADER = ("COHORT", "MEMBERS", "AS OF (UTC)", "NEXT DUE", "STATE")

MINUTE, HOUR, DAY = 60, 3_600, 86_400
"""In seconds."""


def status(shown: Sequence[Standing]) -> str:
    """What is in Braze by the ledger's account, as of when, what comes next, and what is wrong."""
    rows = [HEADER, *(_row(each) for each in shown)]
    below: list[list[str]] = [[], *(list(_below(each)) for each in shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for row, more in zip(rows, below, strict=True):
        cells = [
            row[0].ljust(widths[0]),
            row[1].rjust(widths[1]),  # a number
            row[2].ljust(widths[2]),
            row[3].ljust(widths[3]),
            row[4],
        ]
        lines.append("  ".join(cells))
        lines += [f"    {text}" for text in more]
    stale = sum(each.is_stale for each in shown)
    if stale:
        lines += ["", f"{stale:,} of {many(len(shown), 'cohort')} stale."]
    return "\n".join(lines)


def _row(each: Standing) -> tuple[str, str, str, str, str]:
    state = _state(each.change)
    if each.is_stale:
        state += ", STALE"
    return each.id, _size(each.deployed), _as_of(each), _next(each), state


def _size(deployed: Deployed) -> str:
    if deployed.delivered is None:
        return "-"
    return f"{deployed.delivered.size:,}"


def _as_of(each: Standing) -> str:
    if each.as_of is None:
        return "-"
    return f"{_minute(each.as_of)} ({ago(each.now - each.as_of)})"


def _state(change: Change | None) -> str:
    if change is None:
        return "unreadable"
    if change.action not in IDLE:
        return f"to {change.action}"
    if change.action is Action.SUSPENDED:
        return "suspended"
    if change.query is None:
        return "expired"
    if change.is_held:
        return "held"
    return "in sync"


def _next(each: Standing) -> str:
    """When the cohort is synced next, in the time zone of its schedule."""
    # a refresh waits for the schedule, every other change is made by the next sync
    waits = IDLE | {Action.REFRESH}
    if each.change and each.change.action not in waits:
        return "next sync"
    if each.due_at is None or each.schedule is None:
        return "-"
    if each.is_due:
        return "now"
    local = _utc(each.due_at).astimezone(ZoneInfo(each.schedule.zone))
    return f"{local:%Y-%m-%d %H:%M %Z}"


def _below(each: Standing) -> Iterator[str]:
    """Why it is not just in sync."""
    deployed = each.deployed
    if each.change is None:
        yield "its file cannot be read"
    else:
        yield from _reasons(each.change, deployed.failure)
    if deployed.pending:
        yield "pending: an attempt may have sent something, and is not known to have ended"
    if deployed.failure:
        yield _failure(each)
    if each.is_stale:
        yield f"STALE: {_too_old(each)}"


def _reasons(change: Change, failure: str) -> Iterator[str]:
    """The reasons of a change on one line, if it has any."""
    told = []
    for reason in change.reasons:
        # a failure has a line of its own, with its time
        is_failure = failure and reason.endswith(failure)
        if reason != "unchanged" and not is_failure:
            told.append(reason)
    if told:
        yield "; ".join(told)


def _failure(each: Standing) -> str:
    at = each.deployed.failed_at
    code = each.deployed.failure_code
    how = "failed"
    if code.startswith("G"):
        how = f"refused by guard {code}"
    # the line above names the cohort
    said = each.deployed.failure.removeprefix(f"{each.id}: ")
    return f"{how} {_minute(at)} UTC ({ago(each.now - at)}): {said}"


def _too_old(each: Standing) -> str:
    limit = _exactly(each.max_age)
    if each.old_since is None or each.old_since == each.as_of:
        return f"older than its max_age of {limit}"
    return f"first tried {ago(each.now - each.old_since)}, and its max_age is {limit}"


def ago(seconds: int) -> str:
    """A time that has passed, in words: `3 h ago`."""
    if seconds < MINUTE:
        return "just now"
    if seconds < 2 * HOUR:
        return f"{seconds // MINUTE} min ago"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} h ago"
    return f"{seconds // DAY} days ago"


def _exactly(seconds: int) -> str:
    """An age as files say it: `26h`, in the largest unit that leaves no rest."""
    if seconds % DAY == 0:
        return f"{seconds // DAY}d"
    if seconds % HOUR == 0:
        return f"{seconds // HOUR}h"
    return f"{seconds // MINUTE}m"


def _minute(at: int) -> str:
    return f"{_utc(at):%Y-%m-%d %H:%M}"


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
