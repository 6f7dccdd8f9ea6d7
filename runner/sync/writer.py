"""The one writer: claims an epoch of the ledger, writes its rows in batches, and
notices when another run took over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain, count

from runner.errors import CohortsError, Interrupted, Locked
from runner.plan.compaction import covered
from runner.plan.events import Details, Leased, Released
from runner.plan.fold import fold
from runner.plan.ledger import Destination, Entry, Lease, Ledger, Row
from runner.sync.shared import Shared
from runner.treasuredata.client import JobFailed
from runner.treasuredata.ledger import LedgerRows, LedgerTable

LEASE = 600
"""Seconds a run may be silent before another may take its place; outlives a queue. A
shorter one is only ruder: a run that was overtaken is fenced, not trusted to stop.
"""

RENEWAL = 120.0
"""Seconds after which a lease is renewed."""

BURNED = 5
"""Claims of epochs in a row that may fail before a run gives up."""

LONGEST_PAUSE = 15.0
"""Seconds between two looks at a ledger that another run holds."""


@dataclass(frozen=True, slots=True)
class Run:
    """Who is writing, for the ledger and for the people who read it."""

    token: str
    """Unique to the run."""
    actor: str
    """The person or the CI's account that runs it."""
    host: str
    process: int
    address: str
    """The web address of the CI's run, or nothing."""
    commit: str
    reason: str = ""
    """The reason that a person gave for overrides, or nothing."""
    settles: bool = False
    """True where all of the tree was compared with what was reviewed, so that the next
    tree is compared with this one.
    """
    uncommitted: bool = False
    """True where files of cohorts are not as the commit has them."""

    def outlived(self, lease: Lease) -> bool:
        """True when the holder was a process of this host that is gone. Wrong once in a
        while, where hosts share a name, and harmless then: whoever is overtaken is
        fenced.
        """
        if lease.host != self.host:
            return False
        try:
            os.kill(lease.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
        return False


Told = tuple[Destination, Details]
"""What a ledger row is about, and what happened."""

MOST_ROWS = 200
"""Requests for rows that are written together."""


class Writer:
    """A claimed epoch. `ledger` is the ledger as read last; `started` is the server's
    time at the claim.
    """

    def __init__(self, table: LedgerTable, ledger: Ledger, run: Run) -> None:
        self._table = table
        self.ledger = ledger
        self.run = run
        self.epoch = ledger.epoch
        self.started = ledger.now
        self._sequence = count(1)
        self._rows: Shared[tuple[Sequence[Told], bool], None] = Shared(
            self._write, most=MOST_ROWS
        )
        self._renewed = time.monotonic()
        self.overtaken = False

    def record(self, *rows: Told, sure: bool = False) -> None:
        """Write rows, durable when this returns. Threads that write at the same time
        share one INSERT.

        `sure`: raise Locked unless the rows are visible and no run has claimed a later epoch
        (docs/delivery.md, One writer).
        """
        self._rows.ask((rows, sure))

    def _write(
        self, asked: Sequence[tuple[Sequence[Told], bool]]
    ) -> Sequence[CohortsError | None]:
        """Write what several threads ask for as one INSERT, and say of each whether its
        rows are sure.
        """
        made = []
        for rows, _ in asked:
            own = [self._entry(*row) for row in rows]
            made.append(own)
        entries = list(chain.from_iterable(made))
        first = entries[0].sequence
        key = f"cohorts-{self.ledger.id}-{self.epoch}-rows-{first}"
        self._table.append(self.ledger, entries, key=key)
        to_see: list[str] = []
        for each, (_, sure) in zip(made, asked, strict=True):
            if sure:
                to_see += [entry.row_id for entry in each]
        if not to_see:
            return [None] * len(asked)
        visible, highest = self._table.sees(to_see)
        self._check(highest)
        unseen = set(to_see) - visible
        return [_gone(each, unseen) for each in made]

    def _entry(self, destination: Destination, detail: Details) -> Entry:
        """A row of this run, with the next number."""
        sequence = next(self._sequence)
        return Row(
            f"{self.ledger.id}-{self.epoch}-{sequence}",
            self.epoch,
            sequence,
            destination,
            detail,
        )

    def renew(self) -> None:
        """Hold the lease longer, if it is time; raises Locked when another run has taken over."""
        if time.monotonic() - self._renewed > RENEWAL:
            self._renewed = time.monotonic()
            self.record((Destination(), _lease(self.run)), sure=True)

    def release(self) -> None:
        """Let others write at once, instead of when the lease runs out."""
        self.record((Destination(), Released(self.run.token)))

    def read(self) -> Ledger:
        """The ledger as it is now; raises Locked when another run has taken over."""
        self.rows()
        return self.ledger

    def rows(self) -> LedgerRows:
        """The rows that `ledger` is folded of now; raises Locked when another run has
        taken over.
        """
        rows = self._table.rows()
        self.ledger = fold(rows.entries, now=rows.now)
        self._check(self.ledger.epoch)
        return rows

    def copy(self, rows: LedgerRows) -> str:
        """Copy the rows that still matter into a table, and put it on record: whoever
        reads the ledger reads it and what comes after it. The table's name, or nothing
        where nothing could be covered. Raises JobFailed, and Locked when another run has
        taken over.
        """
        place = covered(rows.after(), rows.since, rows.now)
        if rows.table and place <= rows.since:
            return ""
        key = f"cohorts-{self.ledger.id}-{self.epoch}-checkpoint"
        made = self._table.copy(rows, place, made_in=self.epoch, key=key)
        self.record((Destination(), made))
        return made.table

    def _check(self, highest: int) -> None:
        """Raises Locked where another run has claimed a later epoch."""
        if highest > self.epoch:
            self.overtaken = True
            raise Locked(
                "L004",
                f"another run has taken over (epoch {highest}, ours was {self.epoch})",
                "let that run finish: it does what this run left unfinished",
            )


def _gone(rows: Sequence[Entry], unseen: set[str]) -> Locked | None:
    """The error of rows that were written together, if one of them is not there."""
    if all(row.row_id not in unseen for row in rows):
        return None
    return Locked(
        "L005",
        "a row just written to the ledger is not there",
        "run again; nothing was sent for it",
    )


def claim(
    table: LedgerTable,
    ledger: Ledger,
    run: Run,
    *,
    patience: float,
    tell: Callable[[str], None],
    pause: Callable[[float], object],
    force: bool = False,
) -> Writer:
    """Claim the epoch after the highest, waiting at most `patience` seconds for whoever
    holds it (`force`: not at all, and whoever it is). `pause` waits for seconds and
    says whether to give up. Raises Locked and Interrupted.

    The domain key follows from the epoch alone, so of two runs only one INSERT is ever
    made. A key that was used by a run whose INSERT failed leaves no row: that epoch is
    burned, and the next one is tried.
    """
    deadline = time.monotonic() + patience
    wait = 1.0
    burned = 0
    while burned < BURNED:
        if not force and (lease := _of_another(ledger, run)):
            if time.monotonic() >= deadline:
                raise Locked(
                    "L001",
                    f"another run is writing: {lease.words}",
                    _cure(lease, ledger.now),
                )
            tell(f"waiting for another run: {lease.words}")
            left = max(deadline - time.monotonic(), 0.1)
            if pause(min(wait, left)):
                raise Interrupted(
                    "R040",
                    "interrupted while another run was writing",
                    "run again later",
                )
            wait = min(wait * 1.5, LONGEST_PAUSE)
            ledger = table.read()
            continue
        epoch = ledger.epoch + 1 + burned
        row_id = f"{ledger.id}-{epoch}-0"
        row = Row(row_id, epoch, 0, Destination(), _lease(run))
        key = f"cohorts-{ledger.id}-{epoch}-claim"
        # under a burned key we see the other run's failure; the ledger decides
        with suppress(JobFailed):
            table.append(ledger, [row], key=key, once=True)
        ledger = table.read()
        if ledger.epoch == epoch and ledger.lease and ledger.lease.token == run.token:
            return Writer(table, ledger, run)
        burned += 1
        if ledger.epoch >= epoch:
            burned = 0  # another run has claimed it
    raise Locked(
        "L001", f"{BURNED} epochs in a row could not be claimed", "run again later"
    )


def _of_another(ledger: Ledger, run: Run) -> Lease | None:
    """The lease of another run that may still be writing."""
    lease = ledger.lease
    if lease is None or lease.token == run.token:
        return None
    if not lease.holds(ledger.now) or run.outlived(lease):
        return None
    return lease


def _lease(run: Run) -> Leased:
    return Leased(**asdict(run), seconds=LEASE)


def _cure(lease: Lease, now: int) -> str:
    """How to go on while another run holds the ledger."""
    minutes = max((lease.until - now + 59) // 60, 1)
    return (
        "wait until it has finished (`--lock-timeout 15m` waits for you);"
        f" if that run is dead, its hold ends in {minutes} min,"
        " or at once with `cohorts unlock`"
    )
