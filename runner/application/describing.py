"""Who a cohort is, and how many its members were when it was last synced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.application import reading
from runner.application.invocation import Invocation
from runner.definitions.cohort import Cohort
from runner.errors import CohortsError, InvalidDefinitions
from runner.plan.ledger import Delivered, Ledger
from runner.project.file import Project, Target


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


def describe(
    invocation: Invocation,
    *,
    target: str,
    select: Sequence[str],
    exclude: Sequence[str],
) -> tuple[Description, ...]:
    """Look the selected cohorts up, in the files and, where there is a key, in the
    ledger. Raises InvalidDefinitions where a selected file cannot be used, and
    BadSelection.
    """
    project, asked = reading.wanted(invocation.root, invocation.day, target)
    chosen = reading.chosen_queries(asked, select, exclude)
    if chosen.problems:
        raise InvalidDefinitions(chosen.problems)
    everybody = tuple(query.cohort for query in asked.queries)
    found = [query.cohort for query in chosen.queries]
    sizes = _sizes(invocation, found, project.targets[target])
    return tuple(
        Description(cohort, everybody, _is_suppressed(cohort, project), size)
        for cohort, size in zip(found, sizes, strict=True)
    )


def _is_suppressed(cohort: Cohort, project: Project) -> bool:
    """A list of those who are taken out is itself not suppressed."""
    lists = {listed.cohort for listed in project.suppress}
    return bool(project.suppress) and cohort.id not in lists


def _sizes(
    invocation: Invocation, cohorts: Sequence[Cohort], target: Target
) -> list[Size]:
    """How many members each had; the ledger is read once."""
    if not invocation.settings.td_api_key:
        return [Size(unknown="not known without a key (TD_API_KEY)")] * len(cohorts)
    # without a key nobody must pay for the client of Treasure Data
    from runner.application import live  # noqa: PLC0415

    try:
        ledger = live.ledger(invocation, target)
    except CohortsError as exc:
        # who they are is the question; how many, an addition
        return [Size(unknown=f"not known ({exc.what})")] * len(cohorts)
    return [_size(ledger, cohort, target) for cohort in cohorts]


def _size(ledger: Ledger, cohort: Cohort, target: Target) -> Size:
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
