"""Counts who would enter and leave, with read-only queries: what a reviewer wants to
know before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from runner.definitions.cohort import Mode
from runner.errors import (
    AuthenticationFailed,
    CohortsError,
    Position,
    Problem,
    Unavailable,
)
from runner.plan.guards import Counts
from runner.plan.ledger import Destination, Ledger
from runner.plan.plan import Action, Change, Plan
from runner.plan.sharing import Sharing
from runner.plan.written import expected, resend_of
from runner.project.file import Project, Target
from runner.sync import delta, loaded
from runner.sync.attempt import GuardRefused
from runner.sync.delivering import at_the_authors, wanted_members
from runner.sync.reasons import Known, before_counting, judged
from runner.sync.snapshots import rests_on
from runner.sync.ways import Found, Way, routes, way_of
from runner.treasuredata.client import TreasureData

BARRED = "SELECT kind, label, value FROM barred_people"

AT_ONCE = 4
"""Queries run side by side; a contract sets how many (docs/services.md, Treasure Data's Trino)."""


MOST_OTHERS = 200
"""Cohorts that one is compared with for shared members, the largest."""

OTHERS_AT_ONCE = 40
"""Of them in one query: each takes a stage, and Trino runs no query of more than 150."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Where to count: the target, the run's token for job keys, and the time of its
    queries (unix seconds). `everyone`: all members are to be sent again.
    """

    client: TreasureData
    target: Target
    token: str
    now: int
    project: Project
    everyone: bool = False


def counted(plan: Plan, counter: Counter) -> Plan:
    """The plan with members counted and guards checked for every due change; a query
    that fails hides no other's. Raises Unavailable.
    """

    def asked(sql: str) -> Sequence[Sequence[Any]]:
        what = "looking whether sources are loaded (`max_lag`)"
        key = f"cohorts-{counter.token}-loaded"
        return counter.client.select(
            counter.target.database, sql, key=key, scheduled_time=counter.now, what=what
        )

    known = Known(
        _routes(plan, counter),
        _tables(plan, counter),
        loaded.refused(plan.due, counter.project, counter.now, asked),
    )

    def one(change: Change) -> Change:
        try:
            return _counted(change, known, counter)
        except (AuthenticationFailed, Unavailable):
            raise
        except CohortsError as exc:
            at = exc.at or (
                change.cohort.document.at() if change.cohort else Position(change.id)
            )
            return replace(change, uncounted=Problem(at, exc.code, exc.what, exc.fix))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return plan.with_changes(pool.map(one, plan.due))


def _routes(plan: Plan, counter: Counter) -> Mapping[Way, Found]:
    """How each change is reached; nothing where the key may not look connections up:
    one that only reads need not.
    """
    try:
        return routes(plan.due, counter.client, counter.project, counter.target)
    except AuthenticationFailed:
        return {}


def _tables(plan: Plan, counter: Counter) -> frozenset[str]:
    """The state database's tables; on the first day there is no such database, and no
    snapshot that could be lost.
    """
    if not any(rests_on(change.deployed) for change in plan.due):
        return frozenset()
    return counter.client.tables(counter.target.state_database)


def _counted(change: Change, known: Known, counter: Counter) -> Change:
    """The change with its counts and all that refuses it. Raises what stops it whatever
    its members are.
    """
    early: list[Problem] = []
    for reason in before_counting(change, way_of(change, counter.target), known):
        if not isinstance(reason, GuardRefused):
            raise reason
        early += reason.problems
    are_kept = change.action is Action.SUPPRESS or _mode(change) is not Mode.MIRROR
    counts, refused = judged(
        change,
        _counts(change, counter),
        are_kept=are_kept,
        count_barred=lambda: _barred(change, counter),
    )
    shown = (
        problem for problem in early if problem != change.stopped
    )  # a question is told by itself
    return replace(change, counts=counts, refusals=(*refused, *shown))


def _mode(change: Change) -> Mode:
    return change.query.cohort.mode if change.query else Mode.MIRROR


def _counts(change: Change, counter: Counter) -> Counts:
    barred = BARRED if change.suppression else ""
    mode = _mode(change)
    if change.action is Action.SUPPRESS:
        members, mode = (
            delta.staying(
                change.deployed, state=counter.target.state_database, barred=barred
            ),
            Mode.MIRROR,
        )
    else:
        members = wanted_members(
            change, state=counter.target.state_database, barred=barred
        )
    reassert = counter.project.reassert
    again = resend_of(change, reassert, counter.now, asked=counter.everyone)
    sets = delta.taking_out if mode is Mode.REMOVE else delta.sets
    which = sets(
        change.deployed,
        next_sql=members,
        state=counter.target.state_database,
        recent_since=again.recent_since,
    )
    with at_the_authors(change):
        rows = counter.client.select(
            counter.target.database,
            _with_barred(change, delta.count({"": which})),
            key=f"cohorts-{counter.token}-count-{change.id}",
            scheduled_time=counter.now,
            what=f"{change.id}: counting members",
        )
    counts = delta.counted(rows, "", change.deployed, whole=again.everyone, mode=mode)
    return replace(
        counts, expected=expected(change, counts, again, reassert, counter.now)
    )


def overlaps(
    plan: Plan, ledger: Ledger, counter: Counter
) -> dict[Destination, Sharing]:
    """With which other cohorts of its workspace each new or updated one shares most
    members, and how many; of the others as they were delivered last. What cannot be
    told is said: it decides nothing.
    """
    sizes = {
        where: deployed.delivered
        for where, deployed in ledger.cohorts.items()
        if deployed.delivered
    }
    largest = sorted(sizes, key=lambda where: (-sizes[where].size, where))

    def one(change: Change) -> Sharing:
        mine = change.destination
        others = [
            (where.cohort_id, table)
            for where in largest
            if where.workspace == mine.workspace
            and where != mine
            and (table := sizes[where].table)
        ][:MOST_OTHERS]
        found: list[tuple[str, int]] = []
        unknown = ""
        for first in range(0, len(others), OTHERS_AT_ONCE):
            try:
                found += _shared(
                    change, dict(others[first : first + OTHERS_AT_ONCE]), first, counter
                )
            except CohortsError as exc:
                unknown = str(exc)
        most = sorted(found, key=lambda each: (-each[1], each[0]))[: delta.MOST_SHARED]
        return Sharing(tuple(most), unknown)

    looked = [
        each
        for each in plan.due
        if each.counts
        and each.counts.after
        and each.action in (Action.CREATE, Action.UPDATE)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {
            change.destination: found
            for change, found in zip(looked, pool.map(one, looked), strict=True)
            if found
        }


def _shared(
    change: Change, others: Mapping[str, str], first: int, counter: Counter
) -> list[tuple[str, int]]:
    """How many members a change shares with some other cohorts, by their snapshots."""
    wanted = wanted_members(
        change,
        state=counter.target.state_database,
        barred=BARRED if change.suppression else "",
    )
    rows = counter.client.select(
        counter.target.database,
        _with_barred(
            change, delta.shared(wanted, others, state=counter.target.state_database)
        ),
        key=f"cohorts-{counter.token}-shared-{change.id}-{first}",
        scheduled_time=counter.now,
        what=f"{change.id}: counting whom it shares",
    )
    return [(str(name), int(number)) for name, number in rows]


def _with_barred(change: Change, sql: str) -> str:
    """The lists of whom is taken out of every cohort, written once however often they
    are asked for.
    """
    return (
        f"WITH barred_people AS (\n{change.suppression.sql}\n)\n{sql}"
        if change.suppression
        else sql
    )


def _barred(change: Change, counter: Counter) -> int:
    leaving = delta.leaving_barred(
        change.deployed, state=counter.target.state_database, barred=BARRED
    )
    rows = counter.client.select(
        counter.target.database,
        _with_barred(
            change, f"SELECT COUNT(*) AS members\nFROM (\n{leaving}\n) AS leaving"
        ),
        key=f"cohorts-{counter.token}-barred-{change.id}",
        scheduled_time=counter.now,
        what=f"{change.id}: counting who is taken out of every cohort",
    )
    return int(rows[0][0])
