"""The plan as a value: one change for each cohort, with its action and its reasons; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.plan.guards import Counts
from runner.plan.ledger import Deployed, Destination
from runner.plan.reason import Reason
from runner.sql.query import Query
from runner.sql.suppressed import NO_ONE, Suppressed


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
    """One cohort's part of the plan."""

    destination: Destination
    action: Action
    reasons: tuple[Reason, ...]
    query: Query | None
    """None where no file wants the cohort."""
    deployed: Deployed
    counts: Counts | None = None
    """None until members are counted, or where they could not be."""
    refusals: tuple[Problem, ...] = ()
    """The guards that refuse the counts."""
    restored: str = ""
    """The snapshot that a rollback brings back, or nothing."""
    allowed: frozenset[str] = frozenset()
    """The guards that are overridden for this run."""
    cohort: Cohort | None = None
    """What the cohort's file says; None where there is no file."""
    stopped: Problem | None = None
    """The question that must be answered before anything is done."""
    uncounted: Problem | None = None
    """Why members could not be counted."""
    stopped_for: str = ""
    """The id of the new cohort that the question is about."""
    moved_to: Destination | None = None
    """The cohort that must be there before this one is withdrawn."""
    suppression: Suppressed = NO_ONE
    """The people who leave the cohort, whatever stops the rest."""

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
    """What a sync of one target would do."""

    target: str
    workspace: str
    changes: tuple[Change, ...]
    """Sorted by cohort."""
    withheld: tuple[Destination, ...] = ()
    """The cohorts in Braze that no readable file defines. They are left alone, because a
    file is unreadable and might be theirs.
    """
    stop: str = ""
    """Why all withdrawals are refused, or nothing."""
    not_selected: int = 0
    """How many cohorts a selection left out."""
    if_not_withdrawn: tuple[Change, ...] = ()
    """A change for every cohort to withdraw. It is carried out where the withdrawal is
    refused or withheld.
    """
    warnings: tuple[Problem, ...] = ()
    """What will happen soon, and what somebody forgot to clear away."""
    since: str = ""
    """The commit that the plan compares with; empty where it compares with Braze."""

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
