"""Count who would enter and leave, with read-only queries, for a review of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

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
from runner.sync.attempt import GuardRefused, mode_of
from runner.sync.delivering import at_the_authors, wanted_members
from runner.sync.reasons import Known, before_counting, judged
from runner.sync.snapshots import rests_on
from runner.sync.ways import Routes, routes, way_of
from runner.treasuredata.client import Rows, TreasureData

SUPPRESSED = "SELECT kind, label, value FROM barred_people"
"""Selects the people of `suppress` from the WITH clause that each query begins with."""

AT_ONCE = 4
"""Queries run side by side; a contract sets how many (docs/services.md, Treasure Data's Trino)."""

MOST_OTHERS = 200
"""Cohorts that one is compared with for shared members, the largest."""

OTHERS_AT_ONCE = 40
"""Cohorts that one query compares with: each takes a stage, and Trino runs no query of
more than 150.
"""


@dataclass(frozen=True, slots=True)
class Counter:
    """Where to count, and for when."""

    client: TreasureData
    target: Target
    token: str
    """Unique to the command: the domain keys of its jobs begin with it."""
    now: int
    """The time that the queries run as of; unix seconds."""
    project: Project
    everyone: bool = False
    """True where all members are to be sent again."""


def counted(plan: Plan, counter: Counter) -> Plan:
    """The plan with members counted and guards checked for every due change; a query
    that fails hides no other's. Raises Unavailable.
    """

    def asked(sql: str) -> Rows:
        return counter.client.select(
            counter.target.database,
            sql,
            key=f"cohorts-{counter.token}-loaded",
            scheduled_time=counter.now,
            what="looking whether sources are loaded (`max_lag`)",
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
            at = exc.at or _position(change)
            return replace(change, uncounted=Problem(at, exc.code, exc.what, exc.fix))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return plan.with_changes(pool.map(one, plan.due))


def _position(change: Change) -> Position:
    """Where a message about a change points to."""
    if change.cohort is None:
        return Position(change.id)
    return change.cohort.document.at()


def _routes(plan: Plan, counter: Counter) -> Routes:
    """How each change is reached; nothing where the key may not look connections up,
    since a review's key need not be able to send.
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

    def suppressed() -> int:
        return _count_suppressed(change, counter)

    counts, refused = judged(
        change,
        _counts(change, counter),
        members_stay=change.action is Action.SUPPRESS
        or mode_of(change) is not Mode.MIRROR,
        count_suppressed=suppressed,
    )
    # a question is told by itself
    shown = [problem for problem in early if problem != change.stopped]
    return replace(change, counts=counts, refusals=(*refused, *shown))


def _suppressed(change: Change) -> str:
    """A SELECT of the people whom `suppress` takes out; empty where it takes out nobody."""
    if not change.suppression:
        return ""
    return SUPPRESSED


def _counts(change: Change, counter: Counter) -> Counts:
    """The counts of a change, by one query. Raises CohortsError."""
    state = counter.target.state_database
    suppressed = _suppressed(change)
    if change.action is Action.SUPPRESS:
        mode = Mode.MIRROR
        members = delta.staying(change.deployed, state=state, suppressed=suppressed)
    else:
        mode = mode_of(change)
        members = wanted_members(change, state=state, suppressed=suppressed)
    reassert = counter.project.reassert
    again = resend_of(change, reassert, counter.now, asked=counter.everyone)
    which = delta.sets_of(
        mode,
        change.deployed,
        next_sql=members,
        state=state,
        recent_since=again.recent_since,
    )
    with at_the_authors(change.query):
        rows = counter.client.select(
            counter.target.database,
            _with_people(change, delta.count({"": which})),
            key=f"cohorts-{counter.token}-count-{change.id}",
            scheduled_time=counter.now,
            what=f"{change.id}: counting members",
        )
    counts = delta.counted(rows, "", change.deployed, whole=again.everyone, mode=mode)
    written = expected(change, counts, again, reassert, counter.now)
    return replace(counts, expected=written)


def overlaps(
    plan: Plan, ledger: Ledger, counter: Counter
) -> dict[Destination, Sharing]:
    """The other cohorts of its workspace with which each new or updated cohort shares
    most members, and how many; of the others as they were delivered last. What could
    not be counted is said so, and stops nothing.
    """
    delivered = {
        where: deployed.delivered
        for where, deployed in ledger.cohorts.items()
        if deployed.delivered
    }
    largest = sorted(delivered, key=lambda where: (-delivered[where].size, where))
    tables = {where: delivered[where].table for where in largest}

    def one(change: Change) -> Sharing:
        return _sharing(change, _others(change.destination, tables), counter)

    looked = [change for change in plan.due if _is_compared(change)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(one, looked))
    return {
        change.destination: sharing
        for change, sharing in zip(looked, found, strict=True)
        if sharing
    }


def _is_compared(change: Change) -> bool:
    """True for a change of whose members people should know who shares them."""
    if change.counts is None or not change.counts.after:
        return False
    return change.action in (Action.CREATE, Action.UPDATE)


def _others(
    mine: Destination, tables: Mapping[Destination, str | None]
) -> list[tuple[str, str]]:
    """The other cohorts of the same workspace, by their ids, each with its snapshot."""
    others = [
        (where.cohort_id, table)
        for where, table in tables.items()
        if where.workspace == mine.workspace and where != mine and table
    ]
    return others[:MOST_OTHERS]


def _sharing(
    change: Change, others: Sequence[tuple[str, str]], counter: Counter
) -> Sharing:
    """What a change shares with other cohorts, some of them at a time."""
    found: list[tuple[str, int]] = []
    unknown = ""
    for first in range(0, len(others), OTHERS_AT_ONCE):
        some = dict(others[first : first + OTHERS_AT_ONCE])
        try:
            found += _shared(change, some, first, counter)
        except CohortsError as exc:
            unknown = str(exc)
    most = sorted(found, key=lambda each: (-each[1], each[0]))
    return Sharing(tuple(most[: delta.MOST_SHARED]), unknown)


def _shared(
    change: Change, others: Mapping[str, str], first: int, counter: Counter
) -> list[tuple[str, int]]:
    """How many members a change shares with some other cohorts, by their snapshots."""
    state = counter.target.state_database
    wanted = wanted_members(change, state=state, suppressed=_suppressed(change))
    rows = counter.client.select(
        counter.target.database,
        _with_people(change, delta.shared(wanted, others, state=state)),
        key=f"cohorts-{counter.token}-shared-{change.id}-{first}",
        scheduled_time=counter.now,
        what=f"{change.id}: counting whom it shares",
    )
    return [(str(name), int(number)) for name, number in rows]


def _with_people(change: Change, sql: str) -> str:
    """A query with the people of `suppress` in front: written once, however often the
    query reads them.
    """
    if not change.suppression:
        return sql
    return f"WITH barred_people AS (\n{change.suppression.sql}\n)\n{sql}"


def _count_suppressed(change: Change, counter: Counter) -> int:
    """How many of the people of `suppress` may be in the cohort."""
    leaving = delta.leaving_suppressed(
        change.deployed, state=counter.target.state_database, suppressed=SUPPRESSED
    )
    sql = f"SELECT COUNT(*) AS members\nFROM (\n{leaving}\n) AS leaving"
    rows = counter.client.select(
        counter.target.database,
        _with_people(change, sql),
        key=f"cohorts-{counter.token}-barred-{change.id}",
        scheduled_time=counter.now,
        what=f"{change.id}: counting who is taken out of every cohort",
    )
    return int(rows[0][0])
