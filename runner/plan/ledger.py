"""What the ledger remembers, folded into what is known of each cohort in Braze; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1
"""Of the ledger's rows. A ledger with a newer one is refused."""

DAY = 86_400
KEEP_PREVIOUS = 7 * DAY
"""Seconds a replaced snapshot is kept, for a rollback (protocol section 5)."""


class Event(StrEnum):
    """What a ledger row says happened."""

    BOOTSTRAP = "bootstrap"
    LEASE = "lease"
    INTENT = "intent"
    FAILED = "failed"
    SENDING = "sending"
    SYNCED = "synced"


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """A cohort in a Braze workspace: what a ledger row is about. Both empty where a row is about the whole run."""

    workspace: str = ""
    cohort_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger row. `time` is the server's clock, unix seconds, 0 until written; order is (epoch, sequence) only."""

    row_id: str
    epoch: int
    sequence: int
    destination: Destination
    event: Event
    detail: Mapping[str, Any]
    time: int = 0


@dataclass(frozen=True, slots=True)
class Pending:
    """An attempt that may have sent something and is not known to have ended. `table` None: a withdrawal.

    `export_keys` and `synced_key` are the domain keys of everything it may still have running.
    """

    attempt: str
    table: str | None
    name: str
    export_keys: tuple[str, ...]
    synced_key: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the last finished attempt left in Braze. `table` None: withdrawn, nobody is left. `at`: unix seconds."""

    table: str | None
    size: int
    name: str
    fingerprint: str
    parts: Mapping[str, str]
    sql: str
    at: int


@dataclass(frozen=True, slots=True)
class Deployed:
    """All that is known of one cohort in Braze."""

    destination: Destination
    delivered: Delivered | None = None
    pending: tuple[Pending, ...] = ()
    unfinished: tuple[str, ...] = ()
    failure: str = ""
    ever_added: bool = False
    largest_today: int = 0
    tables: frozenset[str] = frozenset()

    @property
    def in_braze(self) -> bool:
        """True when somebody may be in the cohort."""
        return bool(self.pending) or bool(self.delivered and self.delivered.table)

    @property
    def possible(self) -> tuple[str, ...]:
        """Snapshots whose union holds everybody who may be in the cohort."""
        named = [
            self.delivered.table if self.delivered else None,
            *(pending.table for pending in self.pending),
        ]
        return tuple(dict.fromkeys(table for table in named if table))

    @property
    def certain(self) -> tuple[str, ...]:
        """Snapshots whose intersection is certainly in the cohort; empty when nobody is certain."""
        named = [
            self.delivered.table if self.delivered else None,
            *(pending.table for pending in self.pending),
        ]
        return () if None in named else tuple(dict.fromkeys(table for table in named if table))

    @property
    def names(self) -> tuple[str, ...]:
        """Every name Braze may show, the latest last."""
        last = [self.delivered.name] if self.delivered else []
        return tuple(dict.fromkeys([*last, *(pending.name for pending in self.pending)]))

    @property
    def name(self) -> str:
        """The name Braze was last told, or may have been."""
        return self.names[-1] if self.names else ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole ledger: its identity, the highest epoch, the server's time at reading (unix seconds), every cohort.

    `holder` is the token of the run that claimed the highest epoch, `holder_words` the same for people.
    """

    id: str
    epoch: int
    now: int
    cohorts: Mapping[Destination, Deployed] = field(default_factory=dict)
    holder: str = ""
    holder_words: str = ""

    @property
    def protected_tables(self) -> frozenset[str]:
        """Snapshots a sweep must leave: delivered, recently replaced, or named by an attempt that may go on."""
        return frozenset().union(*(deployed.tables for deployed in self.cohorts.values()))


def fold(entries: Iterable[Entry], *, now: int) -> Ledger:
    """The ledger's rows, in any order and possibly repeated, as what they mean. `now` is the server's clock."""
    unique = {entry.row_id: entry for entry in entries}
    ordered = sorted(unique.values(), key=lambda entry: (entry.epoch, entry.sequence))
    by_destination: dict[Destination, list[Entry]] = {}
    for entry in ordered:
        by_destination.setdefault(entry.destination, []).append(entry)
    run_rows = by_destination.pop(Destination(), [])
    lease = next((row.detail for row in reversed(run_rows) if row.event is Event.LEASE), None)
    return Ledger(
        id=next((str(row.detail["ledger_id"]) for row in run_rows if row.event is Event.BOOTSTRAP), ""),
        epoch=max((row.epoch for row in ordered), default=0),
        now=now,
        cohorts={where: _deployed(where, rows, now) for where, rows in sorted(by_destination.items())},
        holder=str(lease["token"]) if lease else "",
        holder_words=f"{lease['actor']} on {lease['host']} {lease['address']}".strip() if lease else "",
    )


def _deployed(where: Destination, rows: list[Entry], now: int) -> Deployed:
    synced = [row for row in rows if row.event is Event.SYNCED]
    last = synced[-1] if synced else None
    resolved = {attempt for row in synced for attempt in row.detail["resolves"]}
    # an attempt that failed before `sending` ended in its own process: it can send nothing any more
    ended = resolved | {row.detail["attempt"] for row in rows if row.event is Event.FAILED and row.detail["unsent"]}
    failures = [row for row in rows if row.event is Event.FAILED and row.detail["attempt"] not in resolved]
    intents = [row for row in rows if row.event is Event.INTENT]
    sending = [row for row in rows if row.event is Event.SENDING and row.detail["attempt"] not in resolved]
    return Deployed(
        destination=where,
        delivered=_delivered(last) if last else None,
        pending=tuple(
            Pending(
                row.detail["attempt"],
                row.detail["table"],
                row.detail["name"],
                tuple(row.detail["export_keys"]),
                row.detail["synced_key"],
            )
            for row in sending
        ),
        unfinished=tuple(row.detail["attempt"] for row in intents if row.detail["attempt"] not in resolved),
        failure=str(failures[-1].detail["what"]) if failures else "",
        ever_added=any(row.detail["added"] for row in synced),
        largest_today=_largest(synced, now),
        tables=frozenset(
            row.detail["table"]
            for row in (
                *([last] if last else []),
                *(row for row in synced[:-1] if _replaced_recently(row, synced, now)),
                *(row for row in (*intents, *sending) if row.detail["attempt"] not in ended),
            )
            if row.detail["table"]
        ),
    )


def _delivered(row: Entry) -> Delivered:
    detail = row.detail
    return Delivered(
        table=detail["table"],
        size=detail["size"],
        name=detail["name"],
        fingerprint=detail["fingerprint"],
        parts=detail["parts"],
        sql=detail["sql"],
        at=row.time,
    )


def _replaced_recently(row: Entry, synced: list[Entry], now: int) -> bool:
    """True for the snapshot just before the last one, while a rollback may still want it."""
    return len(synced) > 1 and row is synced[-2] and now - synced[-1].time < KEEP_PREVIOUS


def _largest(synced: list[Entry], now: int) -> int:
    """The largest size the cohort had in the last 24 hours, that of a day ago included."""
    recent = [row.detail["size"] for row in synced if now - row.time < DAY]
    before = [row.detail["size"] for row in synced if now - row.time >= DAY]
    return max([*recent, *before[-1:]], default=0)
