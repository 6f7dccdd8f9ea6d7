"""Counts who would enter and leave, with read-only queries: what a reviewer wants to know before anything is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runner.errors import Problem
from runner.plan.guards import Counts, refusals
from runner.plan.ledger import Destination
from runner.plan.plan import Change, Plan
from runner.project import Reassert
from runner.sync import delta
from runner.sync.attempt import resend
from runner.treasuredata.client import TreasureData

AT_ONCE = 4
"""Queries run side by side; how many Treasure Data runs at once is set by contract (wire facts 4)."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Where to count: databases, the run's token for job keys, and the time of its queries (unix seconds). `everyone`:
    all members are to be sent again.
    """

    client: TreasureData
    database: str
    state: str
    token: str
    now: int
    reassert: Reassert
    everyone: bool = False


def counted(plan: Plan, counter: Counter) -> Plan:
    """The plan with members counted and guards checked for every due change. Raises JobFailed or Unavailable."""

    def one(change: Change) -> tuple[Destination, tuple[Counts, tuple[Problem, ...]]]:
        counts = _counts(change, counter)
        refused = refusals(change.query.cohort, counts) if change.query else ()
        return change.destination, (counts, refused)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return plan.with_counts(dict(pool.map(one, plan.due)))


def _counts(change: Change, counter: Counter) -> Counts:
    members = change.query.members if change.query else delta.NOBODY
    again = resend(change, counter.reassert, counter.now, asked=counter.everyone)
    which = delta.sets(change.deployed, next_sql=members, state=counter.state, recent_since=again.recent_since)
    rows = counter.client.select(
        counter.database,
        delta.count({"": which}),
        key=f"cohorts-{counter.token}-count-{change.id}",
        scheduled_time=counter.now,
        what=f"{change.id}: counting members",
    )
    return delta.counted(rows, "", change.deployed, whole=again.everyone)
