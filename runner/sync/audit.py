"""What the ledger says, compared with the tables that are there and with itself; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.errors import CohortsError
from runner.plan.events import Bootstrap, Failed, Held, Intent, Leased, Sending, Synced
from runner.plan.ledger import Deployed, Destination, Entry, Ledger, of_event
from runner.sync import delta
from runner.sync.snapshots import ways_out

RESTORE = "compare the ledger with a copy of it, bring back what is missing, and find out who writes to it"

ANNOUNCED = (Failed, Sending, Synced, Held)
"""What an attempt writes after its `intent`."""


@dataclass(frozen=True, slots=True, order=True)
class Discrepancy:
    """One thing that is not as the ledger says; sorts by cohort. `destination` is empty
    where it is about no cohort. A warning keeps nothing from being right.
    """

    destination: Destination
    code: str
    what: str
    fix: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that must be there, and how many members it holds by the ledger's
    account (None: it does not say). `kept`: only for a rollback.
    """

    deployed: Deployed
    table: str
    size: int | None = None
    kept: bool = False


def snapshots(ledger: Ledger) -> tuple[Snapshot, ...]:
    """Every snapshot that must be there: delivered, pending, or kept for a rollback."""
    found: dict[str, Snapshot] = {}
    for deployed in ledger.cohorts.values():
        last, before = deployed.delivered, deployed.previous
        for table in sorted(last.tables) if last else ():
            found[table] = Snapshot(
                deployed, table, last.size if last and table == last.counted else None
            )
        for pending in deployed.pending:
            if pending.table:
                found.setdefault(pending.table, Snapshot(deployed, pending.table))
        for table in sorted(before.tables) if before else ():
            size = before.size if before and table == before.counted else None
            found.setdefault(table, Snapshot(deployed, table, size, kept=True))
    return tuple(found.values())


def sizes(tables: Sequence[str], state: str) -> str:
    """A read-only query for the sizes of snapshots: one row each, its name and how many
    members it holds.
    """
    return "\nUNION ALL\n".join(
        f"SELECT CAST('{table}' AS VARCHAR) AS snapshot, COUNT(*) AS members\n"
        f'FROM "{state}"."{table}" WHERE kind <> \'\''
        for table in tables
    )


def discrepancies(
    entries: Iterable[Entry],
    ledger: Ledger,
    tables: frozenset[str],
    counted: Mapping[str, int | CohortsError],
) -> tuple[Discrepancy, ...]:
    """Everything that is not as the ledger says, sorted. `tables` are all of the state
    database's; `counted` has the size of every snapshot that is there, or why it could
    not be counted.
    """
    found = [
        *(
            each
            for snapshot in snapshots(ledger)
            for each in _of_snapshot(snapshot, tables, counted)
        ),
        *_left_over(ledger, tables),
        *_of_rows(entries),
    ]
    return tuple(sorted(found))


def _of_snapshot(
    snapshot: Snapshot,
    tables: frozenset[str],
    counted: Mapping[str, int | CohortsError],
) -> Iterator[Discrepancy]:
    where, table = snapshot.deployed.destination, snapshot.table
    name = where.cohort_id
    if snapshot.table not in tables:
        if snapshot.kept:
            fix = "nothing else needs it; the next sync replaces it"
            yield Discrepancy(
                where,
                "L013",
                f"the snapshot {table}, kept for a rollback, is gone",
                fix,
                is_warning=True,
            )
        else:
            what = f"the snapshot {table} is gone, so it is not known who is in Braze"
            yield Discrepancy(where, "L013", what, ways_out(name, name, defined=True))
        return
    size = counted[table]
    if isinstance(size, CohortsError):
        yield Discrepancy(
            where,
            size.code,
            f"the snapshot {table} cannot be counted: {size.what}",
            size.fix,
        )
    elif snapshot.size is not None and size != snapshot.size:
        what = f"the snapshot {table} holds {size:,} members, and the ledger says {snapshot.size:,}"
        yield Discrepancy(where, "L014", what, ways_out(name, name, defined=True))


def _left_over(ledger: Ledger, tables: frozenset[str]) -> Iterator[Discrepancy]:
    """Snapshots of earlier epochs that nothing needs: what the next run that writes sweeps."""
    needed = ledger.protected_tables
    epochs = {table: delta.snapshot_epoch(table) for table in tables - needed}
    left = sum(epoch is not None and epoch < ledger.epoch for epoch in epochs.values())
    if left:
        what = f"{left:,} snapshot{'s are' if left > 1 else ' is'} left over from earlier runs"
        yield Discrepancy(
            Destination(), "L015", what, "nothing: the next run sweeps", is_warning=True
        )


def _of_rows(entries: Iterable[Entry]) -> Iterator[Discrepancy]:
    """Rows that no run can have written alone: what an attempt did, without its intent;
    an epoch, without its lease.
    """
    unique = {entry.row_id: entry for entry in entries}.values()
    intents = {
        (row.destination, row.detail.attempt) for row in of_event(unique, Intent)
    }
    claimed = {row.epoch for row in of_event(unique, Leased, Bootstrap)}
    orphans: dict[tuple[Destination, int], set[str]] = defaultdict(set)
    unclaimed: dict[int, int] = defaultdict(int)
    for announced in of_event(unique, *ANNOUNCED):
        if (announced.destination, announced.detail.attempt) not in intents:
            orphans[announced.destination, announced.epoch].add(announced.event)
    for row in unique:
        if row.epoch not in claimed:
            unclaimed[row.epoch] += 1
    for (where, epoch), events in orphans.items():
        what = f"epoch {epoch} has rows ({', '.join(sorted(events))}) of an attempt that it never announced"
        yield Discrepancy(where, "L016", what, RESTORE)
    for epoch, rows in unclaimed.items():
        what = f"epoch {epoch} has {rows:,} row{'s' * (rows > 1)}, and no run that claimed it"
        yield Discrepancy(Destination(), "L016", what, RESTORE)
