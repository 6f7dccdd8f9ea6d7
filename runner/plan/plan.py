"""The plan as a value: one change for each cohort, with its action and its reasons; pure."""

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
    """What a sync would do with a cohort. `SUPPRESS` takes out the people of `suppress`
    only; `SUSPENDED` and `NONE` leave the cohort as it is.
    """

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
"""The actions for which a sync does nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """One cohort's part of the plan.

    `query` is None where no file wants the cohort. `cohort` is what its file says, if
    there is one. `restored` is the snapshot that a rollback brings back. `allowed` are
    the guards overridden for this run. `counts` and `refusals` are there once members
    are counted; `uncounted` says why they could not be. `stopped` is a question that
    must be answered first, about the new cohort whose id is `stopped_for`. `moved_to`
    is the cohort that must be there before this one is withdrawn. `suppression` are the
    people who leave the cohort, whatever stops the rest.
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
    suppression: Barred = NO_ONE

    @property
    def id(self) -> str:
        """The cohort's id; its id in Braze where no file defines it."""
        if self.cohort is None:
            return self.destination.cohort_id
        return self.cohort.id

    @property
    def questions(self) -> tuple[Problem, ...]:
        """The question that must be answered first, or nothing."""
        if self.stopped is None:
            return ()
        return (self.stopped,)

    @property
    def is_unfinished(self) -> bool:
        """True when the last attempt failed or was cut off."""
        return is_unfinished(self.deployed)

    @property
    def is_rolled_back(self) -> bool:
        """True after a rollback, until the definition changes."""
        last = self.deployed.delivered
        if last is None or self.query is None:
            return False
        return last.rejected == self.query.fingerprint

    @property
    def name(self) -> str:
        """The name Braze is to show."""
        if self.query is None:
            return self.deployed.name
        return self.query.cohort.name

    @property
    def sql_before(self) -> str:
        """The audience's SQL as last delivered, or nothing."""
        if self.deployed.delivered is None:
            return ""
        return self.deployed.delivered.sql

    @property
    def sql_after(self) -> str:
        """The audience's SQL as wanted now, or nothing."""
        if self.query is None:
            return ""
        return self.query.audience


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync of one target would do, sorted by cohort.

    `withheld` are cohorts in Braze that no readable file defines; they are left alone,
    because a file is unreadable and might be theirs. `stop` says why withdrawals are
    refused, or nothing. `if_not_withdrawn` has a change for every cohort to withdraw:
    it is carried out where the withdrawal is refused or withheld. `not_selected` counts
    the cohorts that a selection left out. `warnings` say what will happen soon. `since`
    is the commit that the plan compares with; where it is empty, that is Braze.
    """

    target: str
    workspace: str
    changes: tuple[Change, ...]
    withheld: tuple[Destination, ...] = ()
    stop: str = ""
    not_selected: int = 0
    if_not_withdrawn: tuple[Change, ...] = ()
    warnings: tuple[Problem, ...] = ()
    since: str = ""

    @property
    def due(self) -> tuple[Change, ...]:
        """The changes that a sync has work for; withdrawals only while they are not refused."""
        due = [change for change in self.changes if change.action not in IDLE]
        if self.stop:
            due = [change for change in due if change.action is not Action.WITHDRAW]
        due += self.instead_of_withdrawals
        return tuple(sorted(due, key=lambda change: change.destination))

    @property
    def instead_of_withdrawals(self) -> tuple[Change, ...]:
        """What a sync has to do with the cohorts whose withdrawal is refused or withheld."""
        if not self.stop and not self.withheld:
            return ()
        return tuple(
            change for change in self.if_not_withdrawn if change.action not in IDLE
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
        changed = (new.get(change.destination, change) for change in self.changes)
        return replace(self, changes=tuple(changed))


def is_unfinished(deployed: Deployed) -> bool:
    """True when the last attempt failed or was cut off."""
    if deployed.unfinished:
        return True
    if deployed.delivered and deployed.delivered.owed:
        return True
    return any(not pending.adopted for pending in deployed.pending)
