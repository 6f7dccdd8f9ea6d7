"""The state of every cohort: what is delivered, as of when, what comes next, and
whether it is too old; pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from runner.plan.ledger import Delivered, Deployed, Ledger
from runner.plan.plan import Action, Change, Plan
from runner.plan.schedule import next_due
from runner.project.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of one cohort. Times in unix seconds."""

    id: str
    deployed: Deployed
    change: Change | None
    """What a sync with `--due` would do; None where the cohort's file cannot be read."""
    now: int
    as_of: int | None
    """The time that its members are right for; None where that is not known."""
    schedule: Schedule | None
    due_at: int | None
    """The time, perhaps past, at which its schedule asks for it next; None: it does not."""
    max_age: int
    """Seconds; 0 where any age will do."""

    @property
    def is_due(self) -> bool:
        """True when its schedule asks for it now."""
        return self.due_at is not None and self.due_at <= self.now

    @property
    def old_since(self) -> int | None:
        """Since when nothing newer was delivered (unix seconds). That is the time of its
        members or, where it has none, of the first attempt that did not succeed; None
        where there was no attempt.
        """
        last = self.deployed.delivered
        if self.as_of and last and not last.is_withdrawn:
            return self.as_of
        return self.deployed.tried_at or None

    @property
    def is_stale(self) -> bool:
        """True when what was delivered is older than `max_age`, or nothing was in as
        long a time of trying. Never while it is suspended: that is meant, and has an
        end.
        """
        if not self.max_age or self.old_since is None or _is_suspended(self.change):
            return False
        return self.now - self.old_since > self.max_age


def standings(ledger: Ledger, shown: Plan) -> tuple[Standing, ...]:
    """Every cohort of a plan that was made with `due`, those left alone at the end; by
    the ledger's clock.
    """
    changed = [
        _standing(change.id, change.deployed, change, ledger.now)
        for change in shown.changes
    ]
    withheld = [
        _standing(where.cohort_id, ledger.cohorts[where], None, ledger.now)
        for where in shown.withheld
    ]
    return (*changed, *withheld)


def _standing(
    cohort_id: str, deployed: Deployed, change: Change | None, now: int
) -> Standing:
    found = Standing(
        id=cohort_id,
        deployed=deployed,
        change=change,
        now=now,
        as_of=None,
        schedule=None,
        due_at=None,
        max_age=0,
    )
    last = deployed.delivered
    if last:
        # 0 stands in rows that do not say it
        found = replace(found, as_of=last.as_of or None)
    if change is None or change.query is None:
        return found
    cohort = change.query.cohort
    found = replace(found, schedule=cohort.schedule, max_age=cohort.max_age)
    if cohort.schedule and last and _follows_schedule(change, last):
        return replace(found, due_at=next_due(cohort.schedule, last.as_of))
    return found


def _follows_schedule(change: Change, last: Delivered) -> bool:
    """False where a sync does something else first, or nothing."""
    if last.is_withdrawn or not last.as_of:
        return False
    return not change.is_rolled_back and not _is_suspended(change)


def _is_suspended(change: Change | None) -> bool:
    return change is not None and change.action in (Action.SUSPENDED, Action.SUPPRESS)
