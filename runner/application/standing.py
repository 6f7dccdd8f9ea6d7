"""How cohorts stand by the ledger's account: status, history, and the ledger beside its
tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runner.application import reading
from runner.application.connecting import treasure_data
from runner.application.invocation import Invocation
from runner.definitions.cohort import Cohort
from runner.errors import ExitCode, Problem
from runner.plan import selection, standing
from runner.plan.history import Record, records
from runner.plan.plan import Plan
from runner.plan.selection import BadSelection, Candidate, Selection
from runner.plan.standing import Standing
from runner.sync import verify as verifying
from runner.sync.planned import Request, look
from runner.sync.verify import Verified


@dataclass(frozen=True, slots=True)
class Status:
    """How each cohort stands, the plan that says what is due, the ledger's time (unix
    seconds), and the problems of files.
    """

    standings: tuple[Standing, ...]
    plan: Plan
    now: int
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> ExitCode:
        """FAILED where a cohort is stale."""
        if any(each.is_stale for each in self.standings):
            return ExitCode.FAILED
        return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class History:
    """Records of what was synced, the newest first, and how many there are in all."""

    records: tuple[Record, ...]
    total: int


def status(
    invocation: Invocation,
    *,
    target: str,
    select: Sequence[str],
    exclude: Sequence[str],
) -> Status:
    """How the selected cohorts stand; nothing is written. Raises what reading the files
    and the ledger raises.
    """
    project, asked = reading.wanted(invocation.root, invocation.day, target)
    # what a schedule makes due is due too, though only `sync --due` would sync it
    request = Request(due=True, selection=selection.read(select, exclude))
    with treasure_data(invocation, asked.target) as (_, table):
        ledger, plan = look(table, project, asked, request)
    found = standing.standings(ledger, plan)
    return Status(tuple(found), plan, ledger.now, asked.problems)


def history(
    invocation: Invocation,
    *,
    target: str,
    select: Sequence[str],
    exclude: Sequence[str],
    limit: int,
) -> History:
    """What was synced, by the ledger's account; it needs no cohort files, except to
    select by what they say. A `limit` of 0 means all records. Raises BadSelection.
    """
    asked = selection.read(select, exclude)
    here = reading.project(invocation.root, target).targets[target]
    with treasure_data(invocation, here) as (_, table):
        if not table.exists():
            return _nothing(asked)
        chosen = None
        if asked != Selection():
            chosen = _chosen(invocation, target, table.cohorts(), asked)
        if chosen == frozenset():
            return History((), 0)
        entries, total = table.newest(limit, chosen)
    found = records(entries)
    if chosen is not None:
        found = tuple(each for each in found if each.destination.cohort_id in chosen)
    return History(found[: limit or None], total)


def _nothing(asked: Selection) -> History:
    """The history of a target that nothing was synced to. Raises BadSelection where
    somebody asks for a cohort.
    """
    if asked != Selection():
        raise _not_synced()
    return History((), 0)


def _not_synced() -> BadSelection:
    what = "nothing was synced to this target yet"
    return BadSelection("P106", what, "sync first")


def _chosen(
    invocation: Invocation, target: str, ids: frozenset[str], asked: Selection
) -> frozenset[str]:
    """The ids in Braze that are selected. Raises BadSelection."""
    if not ids:
        raise _not_synced()
    cohorts = _by_braze_id(invocation, target, asked)
    candidates = [_candidate(each, cohorts.get(each)) for each in sorted(ids)]
    return frozenset(each.id for each in selection.without_plan(candidates, asked))


def _by_braze_id(
    invocation: Invocation, target: str, asked: Selection
) -> Mapping[str, Cohort]:
    """The cohorts of the files by their ids in Braze; none where nothing asks for them."""
    if not any(term.asks_for_files for term in selection.terms(asked)):
        return {}
    project, wanted = reading.wanted(invocation.root, invocation.day, target)
    here = project.targets[target]
    cohorts = [query.cohort for query in wanted.queries]
    return {here.braze_id(cohort.braze_id): cohort for cohort in cohorts}


def _candidate(braze_id: str, cohort: Cohort | None) -> Candidate:
    if cohort is None:
        return Candidate(braze_id)
    return replace(selection.of_cohort(cohort), id=braze_id)


def verify(invocation: Invocation, *, target: str) -> Verified:
    """The ledger beside the tables that are there; nothing is written, and no cohort
    files are needed.
    """
    here = reading.project(invocation.root, target).targets[target]
    with treasure_data(invocation, here) as (client, table):
        return verifying.verify(client, table, here, token=invocation.token())
