"""The status of every cohort, as people read it: a line each, and below it what needs a word more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from runner.plan.plan import IDLE, Action
from runner.plan.standing import Standing

HEADER = ("COHORT", "MEMBERS", "AS OF (UTC)", "NEXT DUE", "STATE")


def status(shown: Sequence[Standing]) -> str:
    """What is in Braze by the ledger's account, as of when, what comes next, and what is wrong."""
    rows = [HEADER, *(_row(each) for each in shown)]
    below: list[list[str]] = [[], *(list(_below(each)) for each in shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for row, more in zip(rows, below, strict=True):
        cells = (
            f"{row[0]:<{widths[0]}}",
            f"{row[1]:>{widths[1]}}",
            f"{row[2]:<{widths[2]}}",
            f"{row[3]:<{widths[3]}}",
        )
        lines.append("  ".join((*cells, row[4])))
        lines += [f"    {text}" for text in more]
    stale = sum(each.is_stale for each in shown)
    if stale:
        lines += [
            "",
            f"{stale:,} of {len(shown):,} cohort{'s' * (len(shown) != 1)} stale.",
        ]
    return "\n".join(lines)


def _row(each: Standing) -> tuple[str, str, str, str, str]:
    last = each.deployed.delivered
    size = f"{last.size:,}" if last else "-"
    as_of = (
        "-"
        if each.as_of is None
        else f"{_minute(each.as_of)} ({ago(each.now - each.as_of)})"
    )
    return (
        each.id,
        size,
        as_of,
        _next(each),
        f"{_state(each)}{', STALE' if each.is_stale else ''}",
    )


def _state(each: Standing) -> str:
    if each.change is None:
        return "unreadable"
    if each.change.action not in IDLE:
        return f"to {each.change.action}"
    if each.change.action is Action.SUSPENDED:
        return "suspended"
    if each.change.query is None:
        return "expired"
    return "held" if each.change.is_rolled_back else "in sync"


def _next(each: Standing) -> str:
    if each.change and each.change.action not in IDLE | {Action.REFRESH}:
        return "next sync"
    if each.due_at is None or each.schedule is None:
        return "-"
    return "now" if each.is_due else _local(each.due_at, each.schedule.zone)


def _below(each: Standing) -> Iterator[str]:
    """Why it is not just in sync."""
    failure = each.deployed.failure
    if each.change is None:
        yield "its file cannot be read"
    else:  # a failure is told with its time, below
        why = [
            why
            for why in each.change.reasons
            if why != "unchanged" and not (failure and why.endswith(failure))
        ]
        yield from ["; ".join(why)] if why else []
    if each.deployed.pending:
        yield "pending: an attempt may have sent something, and is not known to have ended"
    if failure:
        at = each.deployed.failed_at
        code = each.deployed.failure_code
        how = f"refused by guard {code}" if code.startswith("G") else "failed"
        said = failure.removeprefix(f"{each.id}: ")  # its own line names it
        yield f"{how} {_minute(at)} UTC ({ago(each.now - at)}): {said}"
    if each.is_stale:
        yield f"STALE: {_too_old(each)}"


def _too_old(each: Standing) -> str:
    limit = _exactly(each.max_age)
    if each.old_since is None or each.old_since == each.as_of:
        return f"older than its max_age of {limit}"
    return f"first tried {ago(each.now - each.old_since)}, and its max_age is {limit}"


def ago(seconds: int) -> str:
    """A time that has passed, in words: `3 h ago`."""
    minutes = seconds // 60
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    return (
        f"{minutes // 60} h ago"
        if minutes < 48 * 60
        else f"{minutes // (24 * 60)} days ago"
    )


def _exactly(seconds: int) -> str:
    """An age as files say it: `26h`."""
    size, unit = next(
        (size, unit)
        for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"))
        if seconds % size == 0
    )
    return f"{seconds // size}{unit}"


def _minute(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def _local(at: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
