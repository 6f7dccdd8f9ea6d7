"""An attempt as a value: the cohort's change, where it works, and the names it may use."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from runner.definitions.cohort import Mode
from runner.errors import Blocked, CohortsError, Problems
from runner.plan.events import Intent
from runner.plan.guards import Counts
from runner.plan.ledger import Destination
from runner.plan.plan import Action, Change
from runner.plan.resending import Resend
from runner.project.file import Reassert
from runner.sync import delta
from runner.sync.progress import Listener
from runner.sync.shared import Shared
from runner.sync.writer import Writer
from runner.treasuredata.client import TreasureData
from runner.treasuredata.export import Route

Refusals = Mapping[Destination, CohortsError]
"""Why destinations are not delivered to."""


class GuardRefused(Blocked):
    """A guard stopped this attempt before anything was sent."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(
            problems[0].code, problems[0].what, problems[0].fix, at=problems[0].at
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Site:
    """Where an attempt works: Treasure Data, its databases, and the one writer of the
    ledger.
    """

    client: TreasureData
    database: str
    """The target's database, in which the cohorts' queries run."""
    state: str
    """The state database."""
    writer: Writer
    tell: Listener
    queries: threading.Semaphore
    """Limits how many queries run at once. Ledger rows and counts do not wait for it,
    since many cohorts share them.
    """
    exports: threading.Semaphore
    """Limits how many exports run at once."""
    counts: Shared[Attempt, Counts]
    """Counts several cohorts in one query."""
    tables: frozenset[str]
    """The state database's tables, as the run began."""
    reassert: Reassert
    """When members are sent again."""
    suppression_table: str = ""
    """The table with the people of `suppress`, or nothing."""

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
    """One try to bring a cohort to its wanted members."""

    change: Change
    id: str
    """Every name that the attempt may use follows from it."""
    table: str | None
    """The table that will hold the wanted members or, in mode `remove`, those to take
    out; None where nobody is wanted.
    """
    rest: str | None
    """The table that will hold those whom mode `remove` leaves in the cohort, or those
    who are certain after a hold; None: nobody.
    """
    connection: str
    route: Route
    resend: Resend
    """Whom the attempt sends again."""
    mode: Mode = Mode.MIRROR
    """What is done in Braze. A withdrawal is a mirror of nobody."""

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
    """An attempt that ended well, in numbers of members."""

    added: int
    """Members who are new."""
    removed: int
    """Members who left."""
    size: int
    """Members in the cohort now."""
    sent_again: int
    """Members who were sent although they may have been in the cohort already."""


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
