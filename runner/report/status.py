"""The status of every cohort, as people read it: a line each, and more below it where needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from runner.plan.ledger import Deployed
from runner.plan.plan import IDLE, Action, Change
from runner.plan.reason import Why
from runner.plan.standing import Standing
from runner.report.lists import column_widths, many

Row = tuple[str, str, str, str, str]

HEADER: Row = ("COHORT", "MEMBERS", "AS OF (UTC)", "NEXT DUE", "STATE")

NARROW: Row = ("COHORT", "MEMBERS", "AGE", "NEXT DUE", "STATE")

MINUTE = 60
HOUR = 3_600
DAY = 86_400
"""In seconds."""


LEAST_NAME = 12
"""Characters of a cohort's id that a narrow terminal shows at least."""


def status(shown: Sequence[Standing], width: int = 0) -> str:
    """What is in Braze by the ledger's account, as of when, what comes next, and what
    is wrong, for every cohort, in rows of at most `width` characters where that can be
    (0: as long as they are). Where it is narrow, the time of the members gives way to
    their age, and then ids are cut.
    """
    rows = [HEADER, *(_row(each) for each in shown)]
    below = [[], *(list(_below(each)) for each in shown)]
    if width and _width(rows) > width:
        rows = [NARROW, *(_short_row(each) for each in shown)]
    over = _width(rows) - width
    if width and over > 0:
        rows = _with_shorter_names(rows, over)
    lines = []
    widths = column_widths(rows)
    for row, more in zip(rows, below, strict=True):
        lines.append(_aligned(row, widths))
        lines += [f"    {text}" for text in more]
    stale = sum(each.is_stale for each in shown)
    if stale:
        cohorts = many(len(shown), "cohort")
        lines += ["", f"{stale:,} of {cohorts} stale."]
    return "\n".join(lines)


def _with_shorter_names(rows: Sequence[Row], less: int) -> list[Row]:
    """Rows whose ids are so much shorter, as far as LEAST_NAME allows."""
    widest, *_ = column_widths(rows)
    longest = max(widest - less, LEAST_NAME)
    shorter: list[Row] = []
    for name, size, as_of, due, state in rows:
        row = (_cut(name, longest), size, as_of, due, state)
        shorter.append(row)
    return shorter


def _width(rows: Sequence[Row]) -> int:
    """The width of the widest row, with two spaces between columns."""
    gaps = 2 * (len(HEADER) - 1)
    return sum(column_widths(rows)) + gaps


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return f"{text[: longest - 1]}…"


def _short_row(each: Standing) -> Row:
    """As `_row`, with the age of the members alone, and times without year and zone."""
    name, size, _, due, state = _row(each)
    age = "-"
    if each.as_of is not None:
        age = ago(each.now - each.as_of)
    if due[:1].isdigit():
        due = due[len("2026-") : len("2026-01-31 12:00")]
    return name, size, age, due, state


def _aligned(row: Row, widths: Sequence[int]) -> str:
    """A row with its columns below those of the others; the last needs no width."""
    name, size, as_of, due, state = row
    cells = [
        name.ljust(widths[0]),
        size.rjust(widths[1]),  # a number
        as_of.ljust(widths[2]),
        due.ljust(widths[3]),
        state,
    ]
    return "  ".join(cells)


def _row(each: Standing) -> Row:
    """The cells of one cohort."""
    state = _state(each.change)
    if each.is_stale:
        state += ", STALE"
    size = _size(each.deployed)
    as_of = _as_of(each)
    due = _next(each)
    return each.id, size, as_of, due, state


def _size(deployed: Deployed) -> str:
    """How many qualified at the last sync."""
    if deployed.delivered is None:
        return "-"
    return f"{deployed.delivered.size:,}"


def _as_of(each: Standing) -> str:
    """The time that the members are right for, and how long ago it is."""
    if each.as_of is None:
        return "-"
    age = ago(each.now - each.as_of)
    minute = _minute(each.as_of)
    return f"{minute} ({age})"


def _state(change: Change | None) -> str:
    """One word or two for how a cohort stands; None is a file that cannot be read."""
    if change is None:
        return "unreadable"
    if change.action not in IDLE:
        return f"to {change.action}"
    if change.action is Action.SUSPENDED:
        return "suspended"
    if change.query is None:
        return "expired"
    if change.is_rolled_back:
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
    zone = ZoneInfo(each.schedule.zone)
    local = _utc(each.due_at).astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M %Z}"


def _below(each: Standing) -> Iterator[str]:
    """Why it is not just in sync."""
    deployed = each.deployed
    if each.change is None:
        yield "its file cannot be read"
    else:
        yield from _reasons(each.change, deployed.failure)
    if deployed.pending:
        yield "pending: an attempt may have sent something, and nothing shows that it ended"
    if deployed.failure:
        yield _failure(each)
    if each.is_stale:
        yield f"STALE: {_too_old(each)}"
    if deployed.failure or each.is_stale:
        yield from _owner(each.change)


def _owner(change: Change | None) -> Iterator[str]:
    """Who answers for a cohort, where a file names somebody."""
    if change and change.cohort and change.cohort.owner:
        yield f"owner: {change.cohort.owner}"


def _reasons(change: Change, failure: str) -> Iterator[str]:
    """The reasons of a change on one line, if it has any."""
    told = []
    for reason in change.reasons:
        # a failure has a line of its own, with its time
        is_failure = failure and reason.why in (Why.FAILED, Why.REFUSED_BY_GUARD)
        if reason.why is not Why.UNCHANGED and not is_failure:
            told.append(str(reason))
    if told:
        yield "; ".join(told)


def _failure(each: Standing) -> str:
    """When and how the last attempt failed, with the error's own words."""
    deployed = each.deployed
    code = deployed.failure_code
    how = "failed"
    if code.startswith("G"):
        how = f"refused by guard {code}"
    minute = _minute(deployed.failed_at)
    age = ago(each.now - deployed.failed_at)
    # the line above names the cohort
    said = deployed.failure.removeprefix(f"{each.id}: ")
    return f"{how} {minute} UTC ({age}): {said}"


def _too_old(each: Standing) -> str:
    """Why a cohort is stale: its members are old, or it never had any."""
    limit = _exactly(each.max_age)
    since = each.old_since
    if since is None or since == each.as_of:
        return f"older than its max_age of {limit}"
    tried = ago(each.now - since)
    return f"first tried {tried}, and its max_age is {limit}"


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
