"""Who a cohort is, and how many its members were when it was last synced."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from runner.application import reading
from runner.application.connecting import treasure_data
from runner.application.invocation import Invocation
from runner.application.rendering import about
from runner.definitions.cohort import Cohort
from runner.errors import CohortsError, InvalidDefinitions, Problem, Usage
from runner.plan.ledger import Delivered, Ledger
from runner.project.file import Project, Target
from runner.sync.planned import open_ledger


@dataclass(frozen=True, slots=True)
class Size:
    """How many members a cohort had when it was last synced, and how many seconds ago
    that was; `members` is None before its first sync. `unknown` says why nobody can
    tell, and is empty where the ledger was read.
    """

    members: int | None = None
    age: int = 0
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """A cohort beside all cohorts of its project. `is_suppressed`: the project takes
    people out of it.
    """

    cohort: Cohort
    everybody: tuple[Cohort, ...]
    is_suppressed: bool
    size: Size


def describe(invocation: Invocation, *, target: str, cohort: str) -> Description:
    """Look a cohort up, in the files and, where there is a key, in the ledger. Raises
    InvalidDefinitions where its file cannot be used, and Usage P103 where there is none.
    """
    project, asked = reading.wanted(invocation.root, invocation.day, target)
    cohorts = tuple(query.cohort for query in asked.queries)
    found = _named(cohort, cohorts, asked.problems)
    return Description(
        found,
        cohorts,
        _is_suppressed(found, project),
        _size(invocation, found, project.targets[target]),
    )


def _named(
    cohort: str, cohorts: Sequence[Cohort], problems: Sequence[Problem]
) -> Cohort:
    for each in cohorts:
        if each.id == cohort:
            return each
    if mine := about(problems, cohort):
        raise InvalidDefinitions(mine)
    fix = (
        "correct the id, or run `cohorts validate` to see which files have"
        " problems (it needs no key)"
    )
    close = difflib.get_close_matches(cohort, [each.id for each in cohorts], 1)
    if close:
        fix = f"perhaps you meant {close[0]}"
    raise Usage("P103", f"there is no cohort {cohort[:60]!r}", fix)


def _is_suppressed(cohort: Cohort, project: Project) -> bool:
    """A list of those who are taken out is itself not suppressed."""
    lists = {listed.cohort for listed in project.suppress}
    return bool(project.suppress) and cohort.id not in lists


def _size(invocation: Invocation, cohort: Cohort, target: Target) -> Size:
    if not invocation.settings.td_api_key:
        return Size(unknown="not known without a key (TD_API_KEY)")
    try:
        with treasure_data(invocation, target) as (_, table):
            ledger = open_ledger(table, target, create=False)
    except CohortsError as exc:
        # who they are is the question; how many, an addition
        return Size(unknown=f"not known ({exc.what})")
    last = _last_delivered(ledger, cohort, target)
    if last is None:
        return Size()
    return Size(last.size, ledger.now - last.as_of)


def _last_delivered(ledger: Ledger, cohort: Cohort, target: Target) -> Delivered | None:
    braze_id = target.braze_id(cohort.braze_id)
    for where, deployed in ledger.cohorts.items():
        is_here = where.workspace == target.workspace and where.cohort_id == braze_id
        if is_here and deployed.delivered is not None:
            return deployed.delivered
    return None
