"""The ledger as values: a row of it, and what it knows of each cohort in Braze; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from runner.plan.events import Details, Event

Told_co = TypeVar("Told_co", bound=Details, covariant=True)

SCHEMA_VERSION = 1
"""The version of the ledger's rows. A ledger with rows of a newer one is refused."""

DAY = 86_400
KEEP_PREVIOUS = 7 * DAY
"""Seconds a replaced snapshot is kept, for a rollback (docs/delivery.md, A run)."""


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """A cohort in a Braze workspace. Both parts are empty where a ledger row is about
    the whole run.
    """

    workspace: str = ""
    """The target's name for the workspace."""
    cohort_id: str = ""
    """The cohort's id in Braze."""


@dataclass(frozen=True, slots=True)
class Row(Generic[Told_co]):
    """One ledger row. Rows are ordered by epoch and sequence, and never by time."""

    row_id: str
    """Unique to the row, however often it is written."""
    epoch: int
    sequence: int
    """The row's number within its epoch."""
    destination: Destination
    detail: Told_co
    """What happened."""
    time: int = 0
    """When it was written, by the server's clock; unix seconds. 0 until then."""

    @property
    def event(self) -> Event:
        """What happened."""
        return self.detail.event


Entry = Row[Details]
"""A row of any event."""


A = TypeVar("A", bound=Details)
B = TypeVar("B", bound=Details)
C = TypeVar("C", bound=Details)
D = TypeVar("D", bound=Details)


@overload
def of_event(rows: Iterable[Row[Any]], a: type[A], /) -> list[Row[A]]: ...
@overload
def of_event(
    rows: Iterable[Row[Any]], a: type[A], b: type[B], /
) -> list[Row[A | B]]: ...
@overload
def of_event(
    rows: Iterable[Row[Any]], a: type[A], b: type[B], c: type[C], /
) -> list[Row[A | B | C]]: ...
@overload
def of_event(
    rows: Iterable[Row[Any]], a: type[A], b: type[B], c: type[C], d: type[D], /
) -> list[Row[A | B | C | D]]: ...
def of_event(rows: Iterable[Row[Any]], *kinds: type[Any]) -> list[Row[Any]]:
    """The rows of some events, in their order."""
    return [row for row in rows if isinstance(row.detail, kinds)]


@dataclass(frozen=True, slots=True)
class Pending:
    """An attempt that may have sent something, and is not known to have ended."""

    attempt: str
    table: str | None
    """The snapshot of whom it sent; None for a withdrawal."""
    name: str
    """The name that it may have told Braze."""
    export_keys: tuple[str, ...]
    """The domain keys of every export that it may still have running, or may still
    submit; none for an adoption. Its `synced` row needs no fence: coming late, the row is
    ordered before the epoch that took over.
    """
    adopted: bool = False
    """True where a person told who is in the cohort, and nothing was sent."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the last finished attempt left in Braze. Times in unix seconds."""

    table: str | None
    """The snapshot of everybody who may be in the cohort; None: nobody is left."""
    size: int
    """How many members the snapshot has; in mode `remove`, that of those taken out."""
    name: str
    fingerprint: str
    parts: Mapping[str, str]
    """The parts of the fingerprint, each a hash."""
    sql: str
    at: int
    """When the attempt's last row was written."""
    recent_at: int = 0
    """When young members were last sent, whether Braze has them or not."""
    full_at: int = 0
    """When all members were last sent, whether Braze has them or not."""
    rejected: str = ""
    """The fingerprint that a rollback put aside, or nothing."""
    as_of: int = 0
    """The time that its query ran as of."""
    held_at: int = 0
    """When only the people of `suppress` were taken out since, or 0."""
    owed: bool = False
    """True where an attempt was cut off, and what it wanted is still to be done."""
    names: tuple[str, ...] = ()
    """All names that Braze may show, where that is not sure."""
    certain: str | None = None
    """The snapshot of who certainly is in the cohort; None: nobody is."""
    taken_out: str | None = None
    """The snapshot of those whom mode `remove` took out; None: nobody."""
    mode: str = "mirror"
    database: str = ""
    """Where the query's names of tables were looked up; earlier versions did not tell."""
    commit: str = ""
    """The commit that the last sync was at; empty where there was none."""

    @classmethod
    def of_table(cls, table: str) -> Delivered:
        """As if the members of a snapshot were delivered, and nothing else were known."""
        return cls(table, 0, "", "", {}, "", 0, certain=table)

    @property
    def is_withdrawn(self) -> bool:
        """True where nothing of the cohort is left in Braze, and nobody is kept out of it."""
        return self.table is None and self.taken_out is None

    @property
    def counted(self) -> str | None:
        """The snapshot whose members `size` counts: of mode `remove`, those who are taken out."""
        return self.taken_out or self.table

    @property
    def tables(self) -> frozenset[str]:
        """Every snapshot that this names."""
        return frozenset(
            table for table in (self.table, self.certain, self.taken_out) if table
        )


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a cohort after a delivery, without those whom `suppress` took out
    since.
    """

    mode: str
    at: int
    """When it was delivered; unix seconds."""
    members: int

    @classmethod
    def read(cls, text: str) -> Size:
        """A size as `__str__` writes it. Raises ValueError."""
        mode, at, members = text.split(":")
        return cls(mode, int(at), int(members))

    def __str__(self) -> str:
        return f"{self.mode}:{self.at}:{self.members}"


@dataclass(frozen=True, slots=True)
class Deployed:
    """All that is known of one cohort in Braze. Times in unix seconds."""

    destination: Destination
    delivered: Delivered | None = None
    """What the last finished attempt left; None where there was none."""
    pending: tuple[Pending, ...] = ()
    unfinished: tuple[str, ...] = ()
    """The attempts that began, and are not known to have ended well."""
    failure: str = ""
    """Why an attempt failed that no later one has healed."""
    ever_added: bool = False
    """True once an addition succeeded, so that Braze knows the cohort."""
    largest_today: int = 0
    """The largest size in the last 24 hours, or since removals that a person agreed to."""
    sizes: tuple[Size, ...] = ()
    """The sizes that `largest_today` is taken of, the oldest first."""
    tables: frozenset[str] = frozenset()
    """The snapshots that must not be dropped."""
    connection: str = ""
    """The connection by which the cohort was last reached."""
    setting_keys: Mapping[str, str] = field(default_factory=dict)
    """What that connection's settings are called."""
    previous: Delivered | None = None
    """What a rollback can bring back."""
    failure_code: str = ""
    """The error code of the last attempt; empty where that one was cut off."""
    failed_at: int = 0
    tried_at: int = 0
    """When the first attempt since the last success began."""
    heir_of: Mapping[str, int] = field(default_factory=dict)
    """The ids in Braze in whose place it was made, each with the epoch."""
    made_in: int = 0
    """The epoch in which it was made last."""

    @property
    def in_braze(self) -> bool:
        """True when somebody may be in the cohort."""
        return bool(self.pending) or bool(self.delivered and self.delivered.table)

    @property
    def is_managed(self) -> bool:
        """True when somebody may be in the cohort, or is kept out of it."""
        return self.in_braze or bool(self.taken_out)

    @property
    def is_there(self) -> bool:
        """True once it was delivered, and was not withdrawn since."""
        return self.delivered is not None and not self.delivered.is_withdrawn

    @property
    def possible(self) -> tuple[str, ...]:
        """Snapshots whose union holds everybody who may be in the cohort."""
        named = [pending.table for pending in self.pending]
        if self.delivered:
            named = [self.delivered.table, *named]
        return tuple(dict.fromkeys(table for table in named if table))

    @property
    def certain(self) -> tuple[str, ...]:
        """Snapshots whose intersection is certainly in the cohort; empty when nobody is certain."""
        if self.delivered is None:
            return ()
        named = [self.delivered.certain, *(pending.table for pending in self.pending)]
        if None in named:
            return ()  # of an empty set and others, nobody is in all
        return tuple(dict.fromkeys(table for table in named if table))

    @property
    def taken_out(self) -> str | None:
        """The snapshot of those who were certainly removed by mode `remove`, and not
        added since; None: nobody was.
        """
        if self.delivered is None or self.pending:
            return None
        return self.delivered.taken_out

    @property
    def names(self) -> tuple[str, ...]:
        """Every name Braze may show, the latest last."""
        told: list[str] = []
        if self.delivered:
            told += self.delivered.names or [self.delivered.name]
        told += [pending.name for pending in self.pending if pending.name]
        return tuple(dict.fromkeys(told))

    @property
    def name(self) -> str:
        """The name Braze was last told, or may have been."""
        return next(reversed(self.names), "")


@dataclass(frozen=True, slots=True)
class Lease:
    """Who claimed the highest epoch, and until when (unix seconds, by the server's clock)."""

    token: str
    actor: str
    host: str
    process: int
    address: str
    until: int
    released: bool

    @property
    def words(self) -> str:
        """The holder, for people."""
        return f"{self.actor} on {self.host} {self.address}".strip()

    def holds(self, now: int) -> bool:
        """True while nobody else should write."""
        return not self.released and now < self.until


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole ledger."""

    id: str
    epoch: int
    """The highest one."""
    now: int
    """The server's time at which the ledger was read; unix seconds."""
    cohorts: Mapping[Destination, Deployed] = field(default_factory=dict)
    lease: Lease | None = None
    """The lease of the highest epoch."""
    commit: str = ""
    """The commit of the last run that synced anything."""
    settled: str = ""
    """The commit of the last run of which all was compared with what was reviewed."""
    verified: frozenset[str] = frozenset()
    """The hashes of the setting mappings that a canary has proven."""

    @property
    def protected_tables(self) -> frozenset[str]:
        """Snapshots a sweep must leave: delivered, recently replaced, or named by an
        attempt that may go on.
        """
        return frozenset().union(
            *(deployed.tables for deployed in self.cohorts.values())
        )
