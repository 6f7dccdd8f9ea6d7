"""One try to bring one cohort to its wanted members: what it works with, and what its names are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.definitions.cohort import Mode
from runner.errors import Blocked, Problem
from runner.plan.events import Intent
from runner.plan.guards import Counts
from runner.plan.plan import Action, Change
from runner.plan.resending import Resend
from runner.project.file import Reassert
from runner.sync import delta
from runner.sync.shared import Shared
from runner.sync.writer import Writer
from runner.treasuredata.client import TreasureData
from runner.treasuredata.export import Route

Listener = Callable[[str, str], None]
"""Hears `(cohort id, what is being done)`; never a member."""


class GuardRefused(Blocked):
    """A guard stopped this attempt before anything was sent."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(
            problems[0].code, problems[0].what, problems[0].fix, at=problems[0].at
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Site:
    """Where an attempt works: Treasure Data, its databases, and the one writer of the
    ledger. `queries` and `exports` are how many may run at once; ledger rows and counts
    wait for neither, since many cohorts share them. `tables`: the state database's, as
    the run began; `reassert`: when members are sent again. `barred_table` holds those
    who are taken out of every cohort, if anybody is.
    """

    client: TreasureData
    database: str
    state: str
    writer: Writer
    tell: Listener
    queries: threading.Semaphore
    exports: threading.Semaphore
    counts: Shared[Attempt, Counts]
    tables: frozenset[str]
    reassert: Reassert
    barred_table: str = ""

    def barred(self, change: Change) -> str:
        """SELECT of those who are taken out of this cohort as of every other; nothing
        where it spares nobody.
        """
        if not self.barred_table or not change.suppression:
            return ""
        return f'SELECT kind, label, value FROM "{self.state}"."{self.barred_table}"'


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt's identity: every name it may use follows from it. `table` holds the
    wanted members, in mode `remove` those to take out; None: nobody is wanted. `rest`:
    a second one, of whom mode `remove` leaves in the cohort. `mode` is what is done in
    Braze: whoever is withdrawn leaves as in a mirror.
    """

    change: Change
    id: str
    table: str | None
    rest: str | None
    connection: str
    route: Route
    resend: Resend
    mode: Mode = Mode.MIRROR
    used: list[str] = field(default_factory=list)

    def key(self, site: Site, step: str) -> str:
        """The domain key of one step's job; never used for anything else."""
        return f"cohorts-{site.writer.ledger.id}-{self.id}-{step}"

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it makes."""
        return tuple(table for table in (self.table, self.rest) if table)

    @property
    def left(self) -> str | None:
        """The table of whoever may be in the cohort when this is done; None: nobody."""
        return self.rest if self.mode is Mode.REMOVE else self.table


@dataclass(frozen=True, slots=True)
class Done:
    """An attempt that ended well: members who are new, who left, who are in the cohort
    now, and who were sent although they may have been in it already.
    """

    added: int
    removed: int
    size: int
    sent_again: int


def begin(
    change: Change, epoch: int, *, connection: str, route: Route, resend: Resend
) -> Attempt:
    """The attempt for a change in this epoch."""
    table, rest = (
        delta.table_name(change.destination, epoch, number) for number in (0, 1)
    )
    mode = change.query.cohort.mode if change.query else Mode.MIRROR
    return Attempt(
        change,
        id=table.removeprefix("members_"),
        table=table if change.action is not Action.WITHDRAW else None,
        rest=rest if mode is Mode.REMOVE and change.deployed.possible else None,
        connection=connection,
        route=route,
        resend=resend,
        mode=mode,
    )


def intent(attempt: Attempt) -> Intent:
    """What the ledger must know before anything is made: the attempt and its tables."""
    change = attempt.change
    made = change.query if change.action is Action.CREATE else None
    return Intent(
        attempt=attempt.id,
        action=change.action.value,
        tables=attempt.tables,
        moved_from=made.previous_id if made else "",
        allowed=tuple(sorted(change.allowed)),
    )


def resolved(attempt: Attempt) -> tuple[str, ...]:
    """The attempts of whose traces nothing is left when this one ended well."""
    deployed = attempt.change.deployed
    return tuple(
        sorted(
            {
                attempt.id,
                *deployed.unfinished,
                *(pending.attempt for pending in deployed.pending),
            }
        )
    )
