"""The ledger as a log for people: what happened to each cohort, by whom and why; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from runner.plan.events import (
    Abandoned,
    Adopted,
    Bootstrap,
    Checkpoint,
    Ended,
    Failed,
    Held,
    Intent,
    Leased,
    Released,
    Sending,
    Synced,
    Verified,
)
from runner.plan.ledger import Destination, Entry, Row, of_event


class Result(StrEnum):
    """How an attempt or an act ended. `UNKNOWN`: cut off, or still under way."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Who:
    """Who ran it, and why. What is not known is empty."""

    actor: str = ""
    """A person, or a CI's account."""
    commit: str = ""
    uncommitted: bool = False
    """True where files of cohorts were not as the commit has them."""
    address: str = ""
    """The web address of the CI's run."""
    reason: str = ""
    """The reason that a person gave."""


@dataclass(frozen=True, slots=True)
class Record:
    """One attempt on a cohort, or one act of a person."""

    at: int
    """Unix seconds, by the server's clock."""
    destination: Destination
    """Empty where the record is about the whole target."""
    what: str
    result: Result
    who: Who
    members: int | None = None
    """How many qualified; None where that is not known."""
    added: int | None = None
    """How many were added, those sent again included."""
    removed: int | None = None
    error: str = ""
    allowed: tuple[str, ...] = ()
    """The guards that were overridden."""


def records(entries: Iterable[Entry]) -> tuple[Record, ...]:
    """The log, newest first. An attempt is one record, whatever rows it left."""
    # an INSERT may be applied and answered with an error, so rows may be there twice
    unique = {entry.row_id: entry for entry in entries}
    ordered = sorted(unique.values(), key=lambda entry: (entry.epoch, entry.sequence))
    who = {row.epoch: _who(row.detail) for row in of_event(ordered, Leased)}
    # an attempt may have several rows; the last one counts
    ends = {row.detail.attempt: row for row in of_event(ordered, Synced, Held, Failed)}
    found = []
    for entry in ordered:
        by = who.get(entry.epoch, Who())
        match entry.detail:
            case Bootstrap() | Verified() | Abandoned():
                found.append(_act(entry, by))
            case Adopted(size=size):
                found.append(_act(entry, by, size))
            case Intent() as intent:
                found.append(_attempt(entry, intent, ends.get(intent.attempt), by))
            case Leased() | Released() | Checkpoint():
                pass  # they belong to a run
            case Failed() | Sending() | Synced() | Held():
                pass  # they belong to an attempt
    return tuple(reversed(found))


def _act(entry: Entry, by: Who, members: int | None = None) -> Record:
    """The record of what a person did."""
    return Record(
        at=entry.time,
        destination=entry.destination,
        what=str(entry.event),
        result=Result.DONE,
        who=by,
        members=members,
    )


def _attempt(
    row: Entry, intent: Intent, end: Row[Ended | Failed] | None, by: Who
) -> Record:
    """The record of an attempt, by the row that ended it."""
    began = Record(
        at=row.time,
        destination=row.destination,
        what=intent.action,
        result=Result.UNKNOWN,
        who=by,
        allowed=intent.allowed,
    )
    if end is None:
        return began
    ended = replace(began, at=end.time, destination=end.destination)
    match end.detail:
        case Failed(code=code, what=what):
            return replace(ended, result=Result.FAILED, error=f"{code} {what}")
        case Synced() | Held() as done:
            return replace(
                ended,
                result=Result.DONE,
                members=done.size,
                added=done.added,
                removed=done.removed,
            )


def _who(lease: Leased) -> Who:
    """Who ran it, by the lease."""
    return Who(
        lease.actor,
        lease.commit,
        uncommitted=lease.uncommitted,
        address=lease.address,
        reason=lease.reason,
    )
