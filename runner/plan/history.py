"""The ledger as a log for people: what happened to each cohort, by whom and why; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from runner.plan.ledger import Destination, Entry, Event


class Result(StrEnum):
    """How an attempt or an act ended. `UNKNOWN`: cut off, or still under way."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Who:
    """Who ran it: a person or a CI's account, the commit and the run's address where known, and the reason given."""

    actor: str = ""
    commit: str = ""
    address: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One attempt on a cohort, or one act of a person. `at`: unix seconds, the server's clock. `members` is how many
    qualified; `added` includes those sent again. `destination` is empty where it is about the whole target.
    """

    at: int
    destination: Destination
    what: str
    result: Result
    who: Who
    members: int | None = None
    added: int | None = None
    removed: int | None = None
    error: str = ""
    allowed: tuple[str, ...] = ()


_ACTS = frozenset({Event.BOOTSTRAP, Event.VERIFIED, Event.ADOPTED, Event.ABANDONED})
"""Events that are records of their own; all others belong to an attempt or to the run's lease."""


def records(entries: Iterable[Entry]) -> tuple[Record, ...]:
    """The log, newest first. An attempt is one record, whatever rows it left."""
    unique = {entry.row_id: entry for entry in entries}
    ordered = sorted(unique.values(), key=lambda entry: (entry.epoch, entry.sequence))
    who = {entry.epoch: _who(entry.detail) for entry in ordered if entry.event is Event.LEASE}
    ends = {
        entry.detail["attempt"]: entry for entry in ordered if entry.event in (Event.SYNCED, Event.HELD, Event.FAILED)
    }  # the last of an attempt
    found = []
    for entry in ordered:
        by = who.get(entry.epoch, Who())
        if entry.event in _ACTS:
            found.append(_act(entry, by))
        elif entry.event is Event.INTENT:
            found.append(_attempt(entry, ends.get(entry.detail["attempt"]), by))
    return tuple(reversed(found))


def _act(entry: Entry, by: Who) -> Record:
    return Record(entry.time, entry.destination, str(entry.event), Result.DONE, by, members=entry.detail.get("size"))


def _attempt(intent: Entry, end: Entry | None, by: Who) -> Record:
    action, allowed = str(intent.detail["action"]), tuple(intent.detail.get("allowed", ()))
    if end is None:
        return Record(intent.time, intent.destination, action, Result.UNKNOWN, by, allowed=allowed)
    detail: Mapping[str, Any] = end.detail
    if end.event is Event.FAILED:
        error = f"{detail['code']} {detail['what']}"
        return Record(end.time, end.destination, action, Result.FAILED, by, error=error, allowed=allowed)
    counts = detail["size"], detail["added"], detail["removed"]
    return Record(end.time, end.destination, action, Result.DONE, by, *counts, allowed=allowed)


def _who(lease: Mapping[str, Any]) -> Who:
    return Who(lease["actor"], lease.get("commit", ""), lease.get("address", ""), lease.get("reason", ""))
