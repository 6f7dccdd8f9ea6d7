"""Compare what the ledger says with the tables that are there, and with itself; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.errors import CohortsError
from runner.plan.events import Bootstrap, Failed, Held, Intent, Leased, Sending, Synced
from runner.plan.ledger import Delivered, Deployed, Destination, Entry, Ledger, of_event
from runner.sync import delta
from runner.sync.snapshots import ways_out

RESTORE = (
    "compare the ledger with a copy of its table, restore the missing"
    " rows, and find out who writes to it"
)

ANNOUNCED = (Failed, Sending, Synced, Held)
"""The events that an attempt may write after its `intent`."""


Sizes = Mapping[str, int | CohortsError]
"""The rows of each table, or why they could not be counted."""


@dataclass(frozen=True, slots=True, order=True)
class Discrepancy:
    """One thing that is not as the ledger says; sorts by cohort."""

    destination: Destination
    """Empty where it is about no cohort."""
    code: str
    what: str
    fix: str
    is_warning: bool = False
    """True where everything in Braze may be right all the same."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that must be there."""

    deployed: Deployed
    table: str
    size: int | None = None
    """How many members it holds by the ledger; None where the ledger does not say."""
    for_rollback: bool = False
    """True where nothing but a rollback needs it."""


def snapshots(ledger: Ledger) -> tuple[Snapshot, ...]:
    """Every snapshot that must be there: delivered, pending, or kept for a rollback."""
    found: dict[str, Snapshot] = {}
    for deployed in ledger.cohorts.values():
        if deployed.delivered:
            for snapshot in _of(deployed, deployed.delivered):
                found[snapshot.table] = snapshot
        for pending in deployed.pending:
            if pending.table:
                found.setdefault(pending.table, Snapshot(deployed, pending.table))
        if deployed.previous:
            for snapshot in _of(deployed, deployed.previous):
                kept = replace(snapshot, for_rollback=True)
                found.setdefault(snapshot.table, kept)
    return tuple(found.values())


def _of(deployed: Deployed, delivered: Delivered) -> Iterator[Snapshot]:
    """The snapshots of one delivery."""
    for table in sorted(delivered.tables):
        if table == delivered.counted:
            yield Snapshot(deployed, table, delivered.size)
        else:
            yield Snapshot(deployed, table)


def sizes(tables: Sequence[str], state: str) -> str:
    """A read-only query for the sizes of snapshots: one row each, its name and how many
    members it holds.
    """
    return "\nUNION ALL\n".join(_size(table, state) for table in tables)


def _size(table: str, state: str) -> str:
    """A query for the size of one snapshot."""
    return (
        f"SELECT CAST('{table}' AS VARCHAR) AS snapshot, COUNT(*) AS members\n"
        f'FROM "{state}"."{table}" WHERE kind <> \'\''
    )


def discrepancies(
    rows: RowAudit,
    ledger: Ledger,
    tables: frozenset[str],
    counted: Sizes,
) -> tuple[Discrepancy, ...]:
    """Everything that is not as the ledger says, sorted. `rows` has seen every row of it;
    `tables` are all those of the state database; `counted` has the size of every snapshot
    that is there, or why it could not be counted.
    """
    found = [*_left_over(ledger, tables), *rows.found()]
    for snapshot in snapshots(ledger):
        found += _of_snapshot(snapshot, tables, counted)
    return tuple(sorted(found))


def _of_snapshot(
    snapshot: Snapshot,
    tables: frozenset[str],
    counted: Sizes,
) -> Iterator[Discrepancy]:
    """What is not right about one snapshot."""
    where = snapshot.deployed.destination
    table = snapshot.table
    if table not in tables:
        yield _missing(snapshot)
        return
    size = counted[table]
    if isinstance(size, CohortsError):
        what = f"the snapshot {table} cannot be counted: {size.what}"
        yield Discrepancy(where, size.code, what, size.fix)
    elif snapshot.size is not None and size != snapshot.size:
        counted_so = f"the snapshot {table} holds {size:,} members"
        what = f"{counted_so}, and the ledger says {snapshot.size:,}"
        fix = _ways_out(where).replace("bring the table back", "restore the table", 1)
        yield Discrepancy(where, "L014", what, fix)


def _missing(snapshot: Snapshot) -> Discrepancy:
    """The discrepancy about a snapshot that is gone."""
    where = snapshot.deployed.destination
    table = snapshot.table
    if snapshot.for_rollback:
        what = f"the snapshot {table}, kept for a rollback, is gone"
        fix = "nothing else needs it; the next sync replaces it"
        return Discrepancy(where, "L013", what, fix, is_warning=True)
    what = f"the snapshot {table} is gone, so it is not known who is in Braze"
    return Discrepancy(where, "L013", what, _ways_out(where))


def _ways_out(where: Destination) -> str:
    """How to go on without a snapshot."""
    # the ledger does not know the id that a file gives the cohort
    return ways_out(where.cohort_id, where.cohort_id, defined=True)


def _left_over(ledger: Ledger, tables: frozenset[str]) -> Iterator[Discrepancy]:
    """Snapshots of earlier epochs that nothing needs; the next run that writes drops them."""
    left = 0
    for table in tables - ledger.protected_tables:
        epoch = delta.snapshot_epoch(table)
        if epoch is not None and epoch < ledger.epoch:
            left += 1
    if left == 0:
        return
    what = f"{left:,} snapshots are left over from earlier runs"
    if left == 1:
        what = "1 snapshot is left over from earlier runs"
    fix = "you need to do nothing: the next sync deletes them"
    yield Discrepancy(Destination(), "L015", what, fix, is_warning=True)


class RowAudit:
    """Rows that cannot be all that their run wrote: those of an attempt without an
    intent, and those of an epoch without a lease. It sees the rows about whole runs
    first, then those of one cohort after the other.
    """

    def __init__(self) -> None:
        self._claimed: set[int] = set()
        self._unclaimed: Counter[int] = Counter()
        self._found: list[Discrepancy] = []

    def see(self, rows: Sequence[Entry]) -> None:
        """Look at the rows of one cohort, or at those about whole runs."""
        unique = {row.row_id: row for row in rows}.values()
        self._claimed.update(row.epoch for row in of_event(unique, Leased, Bootstrap))
        self._unclaimed.update(
            row.epoch for row in unique if row.epoch not in self._claimed
        )
        self._found += _of_attempts(tuple(unique))

    def found(self) -> Iterator[Discrepancy]:
        """What is not right with the rows that were seen."""
        yield from self._found
        for epoch, rows in self._unclaimed.items():
            plural = "s" * (rows > 1)
            rows_of = f"epoch {epoch} has {rows:,} row{plural}"
            what = f"{rows_of}, and the row with which its run began is missing"
            yield Discrepancy(Destination(), "L016", what, RESTORE)


def _of_attempts(rows: Sequence[Entry]) -> Iterator[Discrepancy]:
    """Rows of an attempt whose intent is missing."""
    intents = set()
    for intent in of_event(rows, Intent):
        intents.add((intent.destination, intent.detail.attempt))
    orphans: dict[tuple[Destination, int], set[str]] = defaultdict(set)
    for row in of_event(rows, *ANNOUNCED):
        where = row.destination
        if (where, row.detail.attempt) not in intents:
            orphans[where, row.epoch].add(row.event)
    for (where, epoch), events in orphans.items():
        listed = ", ".join(sorted(events))
        rows_of = f"epoch {epoch} has rows ({listed}) of an attempt"
        what = f"{rows_of} whose first row is missing"
        yield Discrepancy(where, "L016", what, RESTORE)
