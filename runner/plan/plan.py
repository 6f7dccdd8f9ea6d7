"""The plan: wanted queries against the ledger, one change a cohort, each with its why; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.plan.guards import Counts
from runner.plan.ledger import Deployed, Destination
from runner.sql.barred import NO_ONE, Barred
from runner.sql.query import Query


class Action(StrEnum):
    """What a sync would do with a cohort."""

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    RETRY = "retry"
    REFRESH = "refresh"
    WITHDRAW = "withdraw"
    ROLLBACK = "rollback"
    SUPPRESS = "suppress"
    SUSPENDED = "suspended"
    NONE = "none"


IDLE = frozenset({Action.NONE, Action.SUSPENDED})
"""Nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Change:
    """One cohort's part of the plan. `query` is None for a withdrawal; `cohort` is what
    its file says, if there is one; `restored` is the snapshot that a rollback brings
    back; `allowed` are the guards overridden for this run. `counts` and `refusals` are
    there once members are counted; `uncounted`: why they could not be. `stopped` is a
    question that must be answered first, about the new cohort `stopped_for`.
    `moved_to`: a withdrawal that waits until the cohort is there. `barred`: who must
    leave whatever stops it.
    """

    destination: Destination
    action: Action
    reasons: tuple[str, ...]
    query: Query | None
    deployed: Deployed
    counts: Counts | None = None
    refusals: tuple[Problem, ...] = ()
    restored: str = ""
    allowed: frozenset[str] = frozenset()
    cohort: Cohort | None = None
    stopped: Problem | None = None
    uncounted: Problem | None = None
    stopped_for: str = ""
    moved_to: Destination | None = None
    barred: Barred = NO_ONE

    @property
    def id(self) -> str:
        """The cohort's id; its id in Braze where no file defines it."""
        return self.cohort.id if self.cohort else self.destination.cohort_id

    @property
    def questions(self) -> tuple[Problem, ...]:
        """What must be answered before anything is done, if anything must."""
        return (self.stopped,) if self.stopped else ()

    @property
    def is_unfinished(self) -> bool:
        """True when the last attempt failed or was cut off."""
        return is_unfinished(self.deployed)

    @property
    def is_held(self) -> bool:
        """True after a rollback, until the definition changes."""
        last = self.deployed.delivered
        return bool(self.query and last and last.rejected == self.query.fingerprint)

    @property
    def name(self) -> str:
        """The name Braze is to show."""
        return self.query.cohort.name if self.query else self.deployed.name

    @property
    def sql_before(self) -> str:
        """The audience's SQL as last delivered, or nothing."""
        return self.deployed.delivered.sql if self.deployed.delivered else ""

    @property
    def sql_after(self) -> str:
        """The audience's SQL as wanted now, or nothing."""
        return self.query.audience if self.query else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync of one target would do, sorted by cohort. `withheld`: cohorts in
    Braze that no readable file defines, left alone because a file is unreadable and
    might be theirs. `stop`: why withdrawals are refused, or nothing. `not_selected`:
    how many cohorts a selection left out. `kept`: what must be done to those whose
    withdrawal is held back. `warnings`: what will happen soon. `since`: the commit that
    it is compared with; empty: what Braze holds.
    """

    target: str
    workspace: str
    changes: tuple[Change, ...]
    withheld: tuple[Destination, ...] = ()
    stop: str = ""
    not_selected: int = 0
    kept: tuple[Change, ...] = ()
    warnings: tuple[Problem, ...] = ()
    since: str = ""

    @property
    def due(self) -> tuple[Change, ...]:
        """The changes that a sync has work for; withdrawals only while they are not refused."""
        due = [change for change in self.changes if change.action not in IDLE]
        if self.stop:
            due = [change for change in due if change.action is not Action.WITHDRAW]
        return tuple(
            sorted([*due, *self.held_back], key=lambda change: change.destination)
        )

    @property
    def held_back(self) -> tuple[Change, ...]:
        """What a sync has to do with cohorts whose withdrawal is held back."""
        return (
            tuple(each for each in self.kept if each.action not in IDLE)
            if self.stop or self.withheld
            else ()
        )

    @property
    def has_changes(self) -> bool:
        """True when anything is to be done, also if it is refused."""
        return any(change.action not in IDLE for change in self.changes)

    @property
    def refused(self) -> tuple[Change, ...]:
        """The changes that a guard or a question would stop."""
        return tuple(
            change for change in self.changes if change.refusals or change.stopped
        )

    def with_changes(self, changes: Iterable[Change]) -> Plan:
        """The same plan with some changes in the place of those of the same destinations."""
        new = {change.destination: change for change in changes}
        return replace(
            self,
            changes=tuple(
                new.get(change.destination, change) for change in self.changes
            ),
        )


def is_unfinished(deployed: Deployed) -> bool:
    """True when the last attempt failed or was cut off."""
    owed = deployed.delivered is not None and deployed.delivered.owed
    return (
        owed
        or bool(deployed.unfinished)
        or any(not pending.adopted for pending in deployed.pending)
    )
