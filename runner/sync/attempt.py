"""An attempt as a value: the cohort's change, where it works, and the names it may use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

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
    ledger. `queries` and `exports` limit how many run at once; ledger rows and counts
    wait for neither, since many cohorts share them. `tables` are those of the state
    database, as the run began. `reassert` says when members are sent again.
    `suppression_table` holds the people of `suppress`, if there are any.
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
    suppression_table: str = ""

    def suppressed(self, change: Change) -> str:
        """A SELECT of the people whom `suppress` takes out of this cohort; empty where
        it takes out nobody.
        """
        table = self.suppression_table
        if not table or not change.suppression:
            return ""
        return f'SELECT kind, label, value FROM "{self.state}"."{table}"'


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt: every name that it may use follows from its `id`. `table` will hold
    the wanted members or, in mode `remove`, those to take out; None where nobody is
    wanted. `rest` will hold those whom mode `remove` leaves in the cohort. `mode` is
    what is done in Braze: a withdrawal is a mirror of nobody.
    """

    change: Change
    id: str
    table: str | None
    rest: str | None
    connection: str
    route: Route
    resend: Resend
    mode: Mode = Mode.MIRROR

    def key(self, site: Site, step: str) -> str:
        """The domain key of one step's job; never used for anything else."""
        return f"cohorts-{site.writer.ledger.id}-{self.id}-{step}"

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the attempt makes."""
        return tuple(table for table in (self.table, self.rest) if table)

    @property
    def left(self) -> str | None:
        """The table of whoever may be in the cohort when this is done; None: nobody."""
        if self.mode is Mode.REMOVE:
            return self.rest
        return self.table


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
    table = delta.table_name(change.destination, epoch, 0)
    attempt = Attempt(
        change,
        id=table.removeprefix("members_"),
        table=table,
        rest=None,
        connection=connection,
        route=route,
        resend=resend,
        mode=mode_of(change),
    )
    if change.action is Action.WITHDRAW:
        return replace(attempt, table=None)
    if attempt.mode is Mode.REMOVE and change.deployed.possible:
        return replace(attempt, rest=delta.table_name(change.destination, epoch, 1))
    return attempt


def mode_of(change: Change) -> Mode:
    """What is done in Braze for a change: without a query, a mirror of nobody."""
    if change.query is None:
        return Mode.MIRROR
    return change.query.cohort.mode


def intent(attempt: Attempt) -> Intent:
    """What the ledger must know before anything is made: the attempt and its tables."""
    change = attempt.change
    moved_from = ""
    if change.query and change.action is Action.CREATE:
        moved_from = change.query.previous_id
    return Intent(
        attempt=attempt.id,
        action=change.action.value,
        tables=attempt.tables,
        moved_from=moved_from,
        allowed=tuple(sorted(change.allowed)),
    )


def resolved(attempt: Attempt) -> tuple[str, ...]:
    """The attempts of which nothing is left to do once this one ended well, itself
    included.
    """
    deployed = attempt.change.deployed
    pending = [each.attempt for each in deployed.pending]
    return tuple(sorted({attempt.id, *deployed.unfinished, *pending}))
