"""The one writer: claims an epoch of the ledger, writes its rows in batches, and notices when another run took over."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

from runner.errors import CohortsError, Interrupted, Locked
from runner.plan.ledger import Destination, Entry, Event, Lease, Ledger
from runner.treasuredata.client import JobFailed
from runner.treasuredata.ledger import LedgerTable

LEASE = 600
"""Seconds a run may be silent before another may take its place; outlives a queue. A shorter one is only ruder: a run
that was overtaken is fenced, not trusted to stop.
"""

RENEWAL = 120.0
"""Seconds after which a lease is renewed."""

BURNED = 5
"""Epochs in a row whose claim may have failed before we give up."""

LONGEST_PAUSE = 15.0
"""Seconds between two looks at a ledger that another run holds."""


@dataclass(frozen=True, slots=True)
class Run:
    """Who is writing, for the ledger: a token unique to the run, people and places for whoever reads it."""

    token: str
    actor: str
    host: str
    process: int
    address: str
    commit: str
    reason: str = ""

    def outlived(self, lease: Lease) -> bool:
        """True when the holder was a process of this host that is gone. Wrong once in a while, where hosts share a
        name, and harmless then: whoever is overtaken is fenced.
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


@dataclass(slots=True)
class _Waiting:
    """Rows that a thread wants written, and what came of it. `sure`: also see them, under no higher epoch."""

    rows: tuple[tuple[Destination, Event, Mapping[str, Any]], ...]
    sure: bool
    done: bool = False
    error: CohortsError | None = None
    ids: list[str] = field(default_factory=list)


class Writer:
    """A claimed epoch. `ledger` is the ledger as read last; `started` is the server's time at the claim."""

    def __init__(self, table: LedgerTable, ledger: Ledger, run: Run) -> None:
        self._table, self.ledger, self.run = table, ledger, run
        self.epoch, self.started = ledger.epoch, ledger.now
        self._sequence = count(1)
        self._waiting: list[_Waiting] = []
        self._waiting_lock, self._writing_lock = threading.Lock(), threading.Lock()
        self._renewed = time.monotonic()
        self.overtaken = False

    def record(self, *rows: tuple[Destination, Event, Mapping[str, Any]], sure: bool = False) -> None:
        """Write rows, durable when this returns. Threads that write at the same time share one INSERT.

        `sure`: raise Locked unless the rows are visible and no run has claimed a later epoch (protocol section 3).
        """
        mine = _Waiting(rows, sure)
        with self._waiting_lock:
            self._waiting.append(mine)
        with self._writing_lock:  # whoever comes first writes for all who wait behind
            if not mine.done:
                self._write()
        if mine.error:
            raise mine.error

    def _write(self) -> None:
        with self._waiting_lock:
            batch, self._waiting = self._waiting, []
        entries: list[Entry] = []
        for one in batch:
            made = [self._entry(*row) for row in one.rows]
            one.ids = [entry.row_id for entry in made]
            entries += made
        error: CohortsError | None = None
        visible: frozenset[str] = frozenset()
        try:
            key = f"cohorts-{self.ledger.id}-{self.epoch}-rows-{entries[0].sequence}"
            self._table.append(self.ledger, entries, key=key)
            asked = [row_id for one in batch if one.sure for row_id in one.ids]
            if asked:
                visible, highest = self._table.sees(asked)
                self._check(highest)
        except CohortsError as exc:
            error = exc
        for one in batch:
            one.done, one.error = True, error
            if not error and one.sure and not visible.issuperset(one.ids):
                one.error = Locked(
                    "L005", "a row just written to the ledger is not there", "run again; nothing was sent for it"
                )

    def _entry(self, destination: Destination, event: Event, detail: Mapping[str, Any]) -> Entry:
        sequence = next(self._sequence)
        return Entry(f"{self.ledger.id}-{self.epoch}-{sequence}", self.epoch, sequence, destination, event, detail)

    def renew(self) -> None:
        """Hold the lease longer, if it is time; raises Locked when another run has taken over."""
        if time.monotonic() - self._renewed > RENEWAL:
            self._renewed = time.monotonic()
            self.record((Destination(), Event.LEASE, _lease(self.run)), sure=True)

    def release(self) -> None:
        """Let others write at once, instead of when the lease runs out."""
        self.record((Destination(), Event.RELEASED, {"token": self.run.token}))

    def read(self) -> Ledger:
        """The ledger as it is now; raises Locked when another run has taken over."""
        self.ledger = self._table.read()
        self._check(self.ledger.epoch)
        return self.ledger

    def _check(self, highest: int) -> None:
        if highest > self.epoch:
            self.overtaken = True
            raise Locked(
                "L004",
                f"another run has taken over (epoch {highest}, ours was {self.epoch})",
                "let that run finish; what this one left unfinished is due again",
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
    """Claim the epoch after the highest, waiting at most `patience` seconds for whoever holds it (`force`: not at all,
    and whoever it is). `pause` waits for seconds and says whether to give up. Raises Locked and Interrupted.

    The domain key follows from the epoch alone, so of two runs only one INSERT is ever made. A key that was used by a
    run whose INSERT failed leaves no row: that epoch is burned, and the next one is tried.
    """
    deadline, wait, burned = time.monotonic() + patience, 1.0, 0
    while burned < BURNED:
        lease = ledger.lease
        if lease and not force and lease.token != run.token and lease.holds(ledger.now) and not run.outlived(lease):
            if time.monotonic() >= deadline:
                raise Locked("L001", f"another run is writing: {lease.words}", _cure(lease, ledger.now))
            tell(f"waiting for another run: {lease.words}")
            if pause(min(wait, max(deadline - time.monotonic(), 0.1))):
                raise Interrupted("R040", "interrupted while another run was writing", "run again later")
            wait = min(wait * 1.5, LONGEST_PAUSE)
            ledger = table.read()
            continue
        epoch = ledger.epoch + 1 + burned
        row = Entry(f"{ledger.id}-{epoch}-0", epoch, 0, Destination(), Event.LEASE, _lease(run))
        with suppress(JobFailed):  # under a burned key we see the other run's failure; the ledger decides
            table.append(ledger, [row], key=f"cohorts-{ledger.id}-{epoch}-claim")
        ledger = table.read()
        if ledger.epoch == epoch and ledger.lease and ledger.lease.token == run.token:
            return Writer(table, ledger, run)
        burned = burned + 1 if ledger.epoch < epoch else 0
    raise Locked("L001", f"{BURNED} epochs in a row could not be claimed", "run again later")


def _lease(run: Run) -> Mapping[str, Any]:
    return asdict(run) | {"seconds": LEASE}


def _cure(lease: Lease, now: int) -> str:
    minutes = max((lease.until - now + 59) // 60, 1)
    return (
        "wait until it has finished (`--lock-timeout 15m` waits for you); if that run is dead, its hold ends in"
        f" {minutes} min, or at once with `cohorts unlock`"
    )
