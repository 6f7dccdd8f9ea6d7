"""The one writer: claims an epoch of the ledger, numbers its rows, and notices when another run took over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from runner.errors import Locked
from runner.plan.ledger import Destination, Entry, Event, Ledger
from runner.treasuredata.client import JobFailed
from runner.treasuredata.ledger import LedgerTable

CLAIMS = 5
"""Epochs tried in a row before giving up; each one tried in vain was claimed or burned by another run."""


@dataclass(frozen=True, slots=True)
class Run:
    """Who is writing, for the ledger: a token unique to the run, people and places for whoever reads it."""

    token: str
    actor: str
    host: str
    address: str
    commit: str


class Writer:
    """A claimed epoch. `ledger` is the ledger as read after the claim; `started` is the server's time then."""

    def __init__(self, table: LedgerTable, ledger: Ledger, epoch: int, sequence: int) -> None:
        self._table, self.ledger, self.epoch = table, ledger, epoch
        self._sequence = count(sequence)

    @property
    def started(self) -> int:
        """Unix seconds by the server's clock: what relative times in queries are relative to."""
        return self.ledger.now

    def entry(self, destination: Destination, event: Event, detail: Mapping[str, Any]) -> Entry:
        """The next row of this epoch."""
        sequence = next(self._sequence)
        return Entry(f"{self.ledger.id}-{self.epoch}-{sequence}", self.epoch, sequence, destination, event, detail)

    def append(self, entries: Sequence[Entry], *, key: str) -> None:
        """Write rows, durable when this returns."""
        self._table.append(self.ledger, entries, key=key)

    def read(self) -> Ledger:
        """The ledger as it is now; raises Locked when another run has taken over."""
        self.ledger = self._table.read()
        self._check(self.ledger.epoch)
        return self.ledger

    def still_ours(self, row: Entry) -> None:
        """Raise Locked unless this row is visible and no run has claimed a later epoch."""
        visible, highest = self._table.sees(row.row_id)
        if not visible:
            raise Locked("L005", "a row just written to the ledger is not there", "run again; nothing was sent for it")
        self._check(highest)

    def _check(self, highest: int) -> None:
        if highest > self.epoch:
            raise Locked(
                "L004",
                f"another run has taken over (epoch {highest}, ours was {self.epoch})",
                "let that run finish; what this one left unfinished is due again",
            )


def claim(table: LedgerTable, ledger: Ledger, run: Run) -> Writer:
    """Claim the epoch after the highest; raises Locked when another run has claimed it.

    The domain key follows from the epoch alone, so of two runs only one INSERT is ever made. A key that was used by a
    run whose INSERT failed leaves no row: that epoch is burned, and the next one is tried.
    """
    for epoch in range(ledger.epoch + 1, ledger.epoch + 1 + CLAIMS):
        detail = {
            "token": run.token,
            "actor": run.actor,
            "host": run.host,
            "address": run.address,
            "commit": run.commit,
        }
        row = Entry(f"{ledger.id}-{epoch}-0", epoch, 0, Destination(), Event.LEASE, detail)
        with suppress(JobFailed):  # under a burned key we see the other run's failure; the ledger decides
            table.append(ledger, [row], key=f"cohorts-{ledger.id}-{epoch}-claim")
        after = table.read()
        if after.epoch == epoch and after.holder == run.token:
            return Writer(table, after, epoch, 1)
        if after.epoch >= epoch:
            raise Locked(
                "L001",
                f"another run is writing: {after.holder_words}",
                "wait until it has finished, then run again",
            )
    raise Locked("L001", f"{CLAIMS} epochs in a row could not be claimed", "run again later")
