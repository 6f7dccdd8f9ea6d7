"""Build the plan of one target: a change for every cohort, and whether withdrawals are
refused; pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.plan import life, moves
from runner.plan.decision import Timing, change_if_not_withdrawn, change_of
from runner.plan.guards import too_many_withdrawn
from runner.plan.ledger import Deployed, Destination, Ledger
from runner.plan.plan import Action, Change, Plan
from runner.plan.reason import Reason, Why
from runner.project.file import Limit
from runner.sql.query import Query
from runner.sql.suppressed import NO_ONE, Suppressed


def build_plan(
    queries: Iterable[Query],
    ledger: Ledger,
    *,
    target: str,
    workspace: str,
    refresh: bool,
    may_withdraw: bool,
    max_withdrawn: Limit | None = None,
    timezone: str = "UTC",
    due: bool = False,
    suppression: Suppressed = NO_ONE,
) -> Plan:
    """The plan for one target, with its changes sorted by cohort.

    `refresh` also syncs the cohorts that have not changed. `due` also syncs those whose
    schedule asks for it, by the ledger's clock. `may_withdraw` is False while any file
    is invalid: the id in that file is not known, so no cohort can be called gone
    (docs/delivery.md, What stops a sync). `timezone` is that of the dates in files.
    `suppression` are the people who are taken out of every cohort.
    """
    timing = Timing(refresh, 0, life.today(ledger.now, timezone))
    if due:
        timing = replace(timing, due_by=ledger.now)
    cohorts = _sorted_out(queries, ledger.cohorts, workspace, timing)
    changes = [
        change_of(where, query, cohorts.deployed(where), timing)
        for where, query in cohorts.wanted.items()
        if where not in cohorts.expired
    ]
    waiting = _waiting(changes)
    gone = _gone(cohorts, changes, waiting)
    changes += _already_expired(cohorts)
    if may_withdraw:
        changes += _withdrawals(cohorts, workspace, waiting)
    questions = _questions(changes, cohorts, gone, is_gone=may_withdraw)
    changes = [
        _with_question(change, questions, suppression=suppression) for change in changes
    ]
    if_not_withdrawn = [
        replace(
            change_if_not_withdrawn(deployed, suppression, timing),
            cohort=cohorts.expired.get(where),
        )
        for where, deployed in cohorts.leaving.items()
    ]
    warnings = [
        warning
        for query in cohorts.wanted.values()
        for warning in life.warnings(query.cohort, timing.day)
    ]
    plan = Plan(
        target=target,
        workspace=workspace,
        changes=tuple(sorted(changes, key=lambda change: change.destination)),
        if_not_withdrawn=tuple(if_not_withdrawn),
        warnings=tuple(sorted(warnings)),
    )
    if not may_withdraw:
        return replace(plan, withheld=tuple(sorted(cohorts.leaving)))
    in_braze = sum(deployed.is_managed for deployed in cohorts.known.values())
    return replace(plan, stop=too_many_withdrawn(len(gone), in_braze, max_withdrawn))


@dataclass(frozen=True, slots=True)
class _Cohorts:
    """The cohorts of the files and of the ledger, by what is to become of them."""

    wanted: Mapping[Destination, Query]
    """All cohorts of the files."""
    expired: Mapping[Destination, Cohort]
    """The cohorts of the files whose last day is over."""
    known: Mapping[Destination, Deployed]
    """All cohorts of the ledger."""
    leaving: Mapping[Destination, Deployed]
    """The cohorts of the ledger that are to be withdrawn."""
    successors: Mapping[Destination, Destination]
    """The cohorts that move, each with the new cohort in its place."""

    def deployed(self, where: Destination) -> Deployed:
        """What the ledger knows of a cohort, or that it knows nothing."""
        return self.known.get(where, Deployed(where))


def _sorted_out(
    queries: Iterable[Query],
    known: Mapping[Destination, Deployed],
    workspace: str,
    timing: Timing,
) -> _Cohorts:
    """The cohorts of the files and of the ledger, by what is to become of them."""
    wanted = {Destination(workspace, query.braze_id): query for query in queries}
    expired = {
        where: query.cohort
        for where, query in wanted.items()
        if life.is_expired(query.cohort, timing.day)
    }
    successors = {
        Destination(workspace, query.previous_id): where
        for where, query in wanted.items()
        if query.previous_id and where not in expired
    }
    staying = wanted.keys() - expired.keys()
    leaving = {
        where: deployed
        for where, deployed in known.items()
        if where not in staying and _has_traces(deployed)
    }
    return _Cohorts(wanted, expired, known, leaving, successors)


def _has_traces(deployed: Deployed) -> bool:
    """True when somebody may still be in Braze, or is kept out of it, or an attempt
    began that nothing ended.
    """
    return deployed.is_managed or bool(deployed.unfinished)


def _waiting(changes: Iterable[Change]) -> frozenset[Destination]:
    """The new cohorts that are not made yet, because they are suspended."""
    return frozenset(
        change.destination
        for change in changes
        if change.action is Action.SUSPENDED and not change.deployed.is_there
    )


def _already_expired(cohorts: _Cohorts) -> Iterator[Change]:
    """The expired cohorts of which nothing is left: they are shown, and stay as they are."""
    for where, cohort in cohorts.expired.items():
        if where not in cohorts.leaving:
            yield Change(
                destination=where,
                action=Action.NONE,
                reasons=(_expired(cohort),),
                query=None,
                deployed=cohorts.deployed(where),
                cohort=cohort,
            )


def _withdrawals(
    cohorts: _Cohorts, workspace: str, waiting: frozenset[Destination]
) -> Iterator[Change]:
    """The changes of the cohorts to withdraw."""
    for where, deployed in cohorts.leaving.items():
        successor = cohorts.successors.get(where)
        if successor in waiting:
            # emptied now, its people would be in neither cohort until the suspension ends
            yield Change(
                destination=where,
                action=Action.SUSPENDED,
                reasons=(Reason(Why.WAITS_FOR, (successor.cohort_id,)),),
                query=None,
                deployed=deployed,
            )
        else:
            expired = cohorts.expired.get(where)
            why = _why_withdrawn(where, workspace, expired, successor)
            yield Change(
                destination=where,
                action=Action.WITHDRAW,
                reasons=(why,),
                query=None,
                deployed=deployed,
                cohort=expired,
                moved_to=successor,
            )


def _why_withdrawn(
    where: Destination,
    workspace: str,
    expired: Cohort | None,
    successor: Destination | None,
) -> Reason:
    """The reason. An expiry goes before a move."""
    if expired:
        return _expired(expired)
    if successor:
        return Reason(Why.MOVED_TO, (successor.cohort_id,))
    if where.workspace != workspace:
        return Reason(Why.OTHER_WORKSPACE, (workspace, where.workspace))
    return Reason(Why.FILE_GONE)


def _expired(cohort: Cohort) -> Reason:
    return Reason(Why.EXPIRED, (str(cohort.life.expires),))


def _gone(
    cohorts: _Cohorts, changes: Iterable[Change], waiting: frozenset[Destination]
) -> list[Destination]:
    """The withdrawals that may be accidents, and that the limit on withdrawals counts.
    A cohort that was moved on purpose is none.
    """
    made = {change.destination for change in changes if change.action is Action.CREATE}
    made |= waiting
    return [
        where
        for where, deployed in cohorts.leaving.items()
        if deployed.is_managed and not _is_moved(where, cohorts, made)
    ]


def _is_moved(where: Destination, cohorts: _Cohorts, made: set[Destination]) -> bool:
    """True when another cohort takes this one's place now, or was made in its place."""
    successor = cohorts.successors.get(where)
    if successor is None:
        return False
    if successor in made:
        return True
    # an id may be used again: the move counts only if it is younger than the cohort
    moved_in = cohorts.deployed(successor).heir_of.get(where.cohort_id, -1)
    return moved_in >= cohorts.deployed(where).made_in


_Question = tuple[Problem, str]
"""A question, and the id of the new cohort that it is about."""


def _questions(
    changes: Iterable[Change],
    cohorts: _Cohorts,
    gone: Sequence[Destination],
    *,
    is_gone: bool,
) -> dict[Destination, _Question]:
    """Whether a new cohort is one that is gone, under another id: asked of both.

    `is_gone` is False where some file cannot be used: it may be that of the old cohort.
    """
    new = [
        change.query
        for change in changes
        if change.action is Action.CREATE and change.query
    ]
    workspaces = {query.workspace for query in new}
    left = [cohorts.known[where] for where in gone if where.workspace in workspaces]
    found: dict[Destination, _Question] = {}
    for query, deployed, question in moves.questions(new, left, is_gone=is_gone):
        where = Destination(query.workspace, query.braze_id)
        found.setdefault(deployed.destination, (question, query.cohort.id))
        found.setdefault(where, (question, query.cohort.id))
    return found


def _with_question(
    change: Change,
    questions: Mapping[Destination, _Question],
    *,
    suppression: Suppressed,
) -> Change:
    """The change, stopped by a question if there is one. The people of `suppress` leave
    it all the same.
    """
    if change.destination not in questions:
        return change
    question, new_id = questions[change.destination]
    return replace(
        change, stopped=question, stopped_for=new_id, suppression=suppression
    )
