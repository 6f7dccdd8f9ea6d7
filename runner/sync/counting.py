"""Counts who would enter and leave, with read-only queries: what a reviewer wants to know before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from runner.definitions.cohort import Mode
from runner.errors import AuthenticationFailed, CohortsError, Position, Problem, Unavailable
from runner.plan.guards import Counts, refusals
from runner.plan.ledger import Destination, Ledger
from runner.plan.plan import Action, Change, Plan
from runner.plan.sharing import Sharing
from runner.plan.written import expected, resend_of
from runner.project import Project
from runner.sync import delta, loaded
from runner.sync.attempt import GuardRefused
from runner.sync.delivering import at_the_authors, wanted_members
from runner.treasuredata.client import TreasureData

BARRED = "SELECT kind, label, value FROM barred_people"

AT_ONCE = 4
"""Queries run side by side; how many Treasure Data runs at once is set by contract (wire facts 4)."""


MOST_OTHERS = 200
"""Cohorts that one is compared with for shared members, the largest."""

OTHERS_AT_ONCE = 40
"""Of them in one query: each takes a stage, and Trino runs no query of more than 150."""


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
    project: Project
    everyone: bool = False


def counted(plan: Plan, counter: Counter) -> Plan:
    """The plan with members counted and guards checked for every due change; a query that fails hides no other's.
    Raises Unavailable.
    """

    def asked(sql: str) -> Sequence[Sequence[Any]]:
        what = "looking whether sources are loaded (`max_lag`)"
        key = f"cohorts-{counter.token}-loaded"
        return counter.client.select(counter.database, sql, key=key, scheduled_time=counter.now, what=what)

    late = loaded.refused(plan.due, counter.project, counter.now, asked)

    def one(change: Change) -> Change:
        try:
            return _with(_counted(change, counter), late.get(change.destination))
        except (AuthenticationFailed, Unavailable):
            raise
        except CohortsError as exc:
            at = exc.at or (change.cohort.document.at() if change.cohort else Position(change.id))
            return replace(change, uncounted=Problem(at, exc.code, exc.what, exc.fix))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return plan.with_changes(pool.map(one, plan.due))


def _with(change: Change, refused: CohortsError | None) -> Change:
    """The change with what else stops it. Raises what is no guard's."""
    if isinstance(refused, GuardRefused):
        return replace(change, refusals=(*change.refusals, *refused.problems))
    if refused:
        raise refused
    return change


def _counted(change: Change, counter: Counter) -> Change:
    counts, query = _counts(change, counter), change.query
    if query is None or change.action is Action.SUPPRESS:  # what must leave is held back by no guard
        return replace(change, counts=counts)
    refused = refusals(query.cohort, counts)
    if query.barred and any(problem.code == "G003" for problem in refused):
        counts = replace(counts, barred=_barred(change, counter))
        refused = refusals(query.cohort, counts)
    return replace(change, counts=counts, refusals=refused)


def _counts(change: Change, counter: Counter) -> Counts:
    barred = BARRED if change.barred else ""
    mode = change.query.cohort.mode if change.query else Mode.MIRROR
    if change.action is Action.SUPPRESS:
        members, mode = delta.staying(change.deployed, state=counter.state, barred=barred), Mode.MIRROR
    else:
        members = wanted_members(change, state=counter.state, barred=barred)
    reassert = counter.project.reassert
    again = resend_of(change, reassert, counter.now, asked=counter.everyone)
    sets = delta.taking_out if mode is Mode.REMOVE else delta.sets
    which = sets(change.deployed, next_sql=members, state=counter.state, recent_since=again.recent_since)
    with at_the_authors(change):
        rows = counter.client.select(
            counter.database,
            _with_barred(change, delta.count({"": which})),
            key=f"cohorts-{counter.token}-count-{change.id}",
            scheduled_time=counter.now,
            what=f"{change.id}: counting members",
        )
    counts = delta.counted(rows, "", change.deployed, whole=again.everyone, mode=mode)
    return replace(counts, expected=expected(change, counts, again, reassert, counter.now))


def overlaps(plan: Plan, ledger: Ledger, counter: Counter) -> dict[Destination, Sharing]:
    """With which other cohorts of its workspace each new or updated one shares most members, and how many; of the
    others as they were delivered last. What cannot be told is said: it decides nothing.
    """
    sizes = {where: deployed.delivered for where, deployed in ledger.cohorts.items() if deployed.delivered}
    largest = sorted(sizes, key=lambda where: (-sizes[where].size, where))

    def one(change: Change) -> Sharing:
        mine = change.destination
        others = [
            (where.cohort_id, table)
            for where in largest
            if where.workspace == mine.workspace and where != mine and (table := sizes[where].table)
        ][:MOST_OTHERS]
        found: list[tuple[str, int]] = []
        unknown = ""
        for first in range(0, len(others), OTHERS_AT_ONCE):
            try:
                found += _shared(change, dict(others[first : first + OTHERS_AT_ONCE]), first, counter)
            except CohortsError as exc:
                unknown = str(exc)
        most = sorted(found, key=lambda each: (-each[1], each[0]))[: delta.MOST_SHARED]
        return Sharing(tuple(most), unknown)

    looked = [
        each for each in plan.due if each.counts and each.counts.after and each.action in (Action.CREATE, Action.UPDATE)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {change.destination: found for change, found in zip(looked, pool.map(one, looked), strict=True) if found}


def _shared(change: Change, others: Mapping[str, str], first: int, counter: Counter) -> list[tuple[str, int]]:
    """How many members a change shares with some other cohorts, by their snapshots."""
    wanted = wanted_members(change, state=counter.state, barred=BARRED if change.barred else "")
    rows = counter.client.select(
        counter.database,
        _with_barred(change, delta.shared(wanted, others, state=counter.state)),
        key=f"cohorts-{counter.token}-shared-{change.id}-{first}",
        scheduled_time=counter.now,
        what=f"{change.id}: counting whom it shares",
    )
    return [(str(name), int(number)) for name, number in rows]


def _with_barred(change: Change, sql: str) -> str:
    """The lists of whom is taken out of every cohort, written once however often they are asked for."""
    return f"WITH barred_people AS (\n{change.barred.sql}\n)\n{sql}" if change.barred else sql


def _barred(change: Change, counter: Counter) -> int:
    leaving = delta.leaving_barred(change.deployed, state=counter.state, barred=BARRED)
    rows = counter.client.select(
        counter.database,
        _with_barred(change, f"SELECT COUNT(*) AS members\nFROM (\n{leaving}\n) AS leaving"),
        key=f"cohorts-{counter.token}-barred-{change.id}",
        scheduled_time=counter.now,
        what=f"{change.id}: counting who is taken out of every cohort",
    )
    return int(rows[0][0])
