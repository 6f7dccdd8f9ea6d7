"""Verify a ledger: list and count its snapshots, with read-only queries alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runner.errors import CohortsError, ExitCode, Locked
from runner.plan.fold import fold
from runner.plan.ledger import Entry
from runner.project.file import Target
from runner.sync import audit
from runner.sync.attempts import COUNTED_TOGETHER
from runner.sync.audit import Discrepancy, RowAudit
from runner.sync.planned import open_ledger
from runner.treasuredata.client import JobFailed, TreasureData
from runner.treasuredata.ledger import LedgerRows, LedgerTable

AT_ONCE = 4
"""Queries run side by side."""

LOOKS = 3
"""Times that the ledger is read, because a run wrote to it meanwhile."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was compared, and what is not as the ledger says."""

    cohorts: int
    snapshots: int
    found: tuple[Discrepancy, ...]

    @property
    def exit_code(self) -> ExitCode:
        """FAILED where something is not as the ledger says; a warning does not count."""
        if all(each.is_warning for each in self.found):
            return ExitCode.DONE
        return ExitCode.FAILED


@dataclass(frozen=True, slots=True)
class _Asker:
    """Asks one database for sizes; `key` begins the domain keys of its jobs, `now` is
    their time (unix seconds).
    """

    client: TreasureData
    state: str
    key: str
    now: int

    def sizes(self, tables: Sequence[str]) -> dict[str, int | CohortsError]:
        """Sizes of some snapshots in one query; where that fails, each for itself."""
        try:
            rows = self.client.select(
                self.state,
                audit.sizes(tables, self.state),
                key=f"{self.key}-{tables[0]}-{len(tables)}",
                scheduled_time=self.now,
                what="counting snapshots",
            )
        except JobFailed as exc:
            if len(tables) == 1:
                return {tables[0]: exc}
            found: dict[str, int | CohortsError] = {}
            for table in tables:
                found |= self.sizes([table])
            return found
        return {str(name): int(members) for name, members in rows}


def verify(
    client: TreasureData, table: LedgerTable, target: Target, *, token: str
) -> Verified:
    """Compare what the ledger says with what is there; `token` is unique to this
    command. Raises Locked for a ledger that cannot be used, or while runs keep writing.
    """
    if not table.exists():
        # refuses any target but the sandbox, which may have none yet
        open_ledger(table, target, create=False)
        return Verified(0, 0, ())
    for look in range(LOOKS):
        rows, seen = _seen(table)
        now = rows.now
        ledger = fold(rows.entries, now=now)
        there = client.tables(target.state_database)
        named = audit.snapshots(ledger)
        present = sorted({snapshot.table for snapshot in named} & there)
        key = f"cohorts-{token}-verify-{look}"
        asker = _Asker(client, target.state_database, key, now)
        counted = _counted(present, asker)
        found = audit.discrepancies(seen, ledger, there, counted)
        if not found or _seen(table)[0].read == rows.read:
            return Verified(len(ledger.cohorts), len(named), found)
    raise Locked(
        "L001",
        "a run is writing, so what is compared changes meanwhile",
        "verify again when it has ended",
    )


def _seen(table: LedgerTable) -> tuple[LedgerRows, RowAudit]:
    """The rows that still matter, and an audit that has seen all. Raises Locked."""
    audits: list[RowAudit] = []

    def begin() -> Callable[[Sequence[Entry]], None]:
        # a reading that breaks begins anew
        audits.append(RowAudit())
        return audits[-1].see

    rows = table.whole(begin)
    return rows, audits[-1]


def _counted(tables: Sequence[str], asker: _Asker) -> dict[str, int | CohortsError]:
    """The sizes of snapshots, many in one query, several queries at once."""
    groups = [
        tables[first : first + COUNTED_TOGETHER]
        for first in range(0, len(tables), COUNTED_TOGETHER)
    ]
    found: dict[str, int | CohortsError] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for sizes in pool.map(asker.sizes, groups):
            found |= sizes
    return found
