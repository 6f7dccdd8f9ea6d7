"""How every cohort stands: what is delivered, as of when, what comes next, and whether
it is too old; pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.plan.ledger import Deployed, Ledger
from runner.plan.plan import Action, Change, Plan
from runner.plan.schedule import next_due
from runner.project.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Standing:
    """One cohort. `change` is what a sync with `--due` would do, None where its file
    cannot be read. `as_of`: the time that its members are right for; None before its
    first sync, or where it is not known. `due_at`: when its schedule asks for it next,
    perhaps past; None where it asks for nothing. Both in unix seconds; `max_age` in
    seconds, 0 where any age will do.
    """

    id: str
    deployed: Deployed
    change: Change | None
    now: int
    as_of: int | None
    schedule: Schedule | None
    due_at: int | None
    max_age: int

    @property
    def is_due(self) -> bool:
        """True when its schedule asks for it now."""
        return self.due_at is not None and self.due_at <= self.now

    @property
    def old_since(self) -> int | None:
        """Since when nothing newer was delivered: the time of its members or, where it
        has none, of the first try that did not succeed; None where it was never tried.
        """
        last = self.deployed.delivered
        return (
            (self.as_of if last and not last.is_withdrawn else None)
            or self.deployed.tried_at
            or None
        )

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
    cohort = change.query.cohort if change and change.query else None
    schedule, max_age = (cohort.schedule, cohort.max_age) if cohort else (None, 0)
    last = deployed.delivered
    is_delivered = last and not last.is_withdrawn and last.as_of
    is_waiting = (
        is_delivered and not (change and change.is_held) and not _is_suspended(change)
    )
    return Standing(
        id=cohort_id,
        deployed=deployed,
        change=change,
        now=now,
        as_of=(last.as_of if last else 0) or None,
        schedule=schedule,
        due_at=next_due(schedule, last.as_of)
        if schedule and last and is_waiting
        else None,
        max_age=max_age,
    )


def _is_suspended(change: Change | None) -> bool:
    return change is not None and change.action in (Action.SUSPENDED, Action.SUPPRESS)
