"""Limits that stop an attempt before anything is sent: the arithmetic, and the words of a refusal; pure."""

from __future__ import annotations

from dataclasses import dataclass

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.project import Limit

MAX_WITHDRAWN = Limit(count=5)
"""Cohorts that may be withdrawn in one run; also refused: over 20 % of those in Braze, where that is at least 2."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many members a change is about.

    `before`: possibly in Braze now; `after`: wanted; `largest_today`: in 24 hours.
    """

    before: int
    after: int
    added: int
    removed: int
    largest_today: int = 0


def refusals(cohort: Cohort, counts: Counts) -> tuple[Problem, ...]:
    """Every guard that these counts break, as problems at the line to change. Limits: protocol section 5.

    A first sync is limited by `max_members` alone; percentages are of everybody who may be in Braze, and for removals
    also of the largest size in the last 24 hours, so that many small losses do not add up unseen.
    """
    guards, found = cohort.guards, []
    if counts.after == 0 and not guards.allow_empty:
        found.append(
            _refusal(
                cohort,
                "G001",
                "allow_empty",
                f"nobody qualifies any more (now {counts.before:,} members)",
                "true",
            )
        )
    if counts.after > guards.max_members:
        found.append(
            _refusal(
                cohort,
                "G002",
                "max_members",
                f"{counts.after:,} members, over the limit of {guards.max_members:,}",
                str(counts.after),
            )
        )
    largest = max(counts.before, counts.largest_today)
    lost = max(counts.removed, largest - counts.after)
    emptied = counts.after == 0 and not guards.allow_empty  # said already
    if (
        counts.before
        and not emptied
        and (_over(guards.max_removed, counts.removed, counts.before) or _over(guards.max_removed, lost, largest))
    ):
        what = f"{_share(lost, largest)} would leave, over the limit of {_limit(guards.max_removed)}"
        found.append(_refusal(cohort, "G003", "max_removed", what, str(lost)))
    if counts.before and _over(guards.max_added, counts.added, counts.before):
        what = f"{_share(counts.added, counts.before)} would enter, over the limit of {_limit(guards.max_added)}"
        found.append(_refusal(cohort, "G004", "max_added", what, str(counts.added)))
    return tuple(found)


def too_many_withdrawn(withdrawn: int, in_braze: int) -> str:
    """Why so many withdrawals are refused, or nothing. `in_braze` counts the cohorts that may hold members now."""
    count = MAX_WITHDRAWN.count or 0
    if withdrawn > count:
        return f"{withdrawn} cohorts would be withdrawn, over the limit of {count}"
    if withdrawn >= 2 and withdrawn * 5 > in_braze:
        return f"{withdrawn} of {in_braze} cohorts would be withdrawn, over the limit of 20%"
    return ""


def _over(limit: Limit, moved: int, base: int) -> bool:
    over_count = limit.count is None or moved > limit.count
    over_percent = limit.percent is None or moved * 100 > limit.percent * base
    return moved > 0 and over_count and over_percent


def _limit(limit: Limit) -> str:
    parts = [f"{limit.percent.normalize():f}%"] if limit.percent is not None else []
    parts += [f"{limit.count:,} members"] if limit.count is not None else []
    return " and ".join(parts)


def _share(moved: int, base: int) -> str:
    return f"{moved * 100 / base:.1f}% of the members ({moved:,} of {base:,})"


def _refusal(cohort: Cohort, code: str, guard: str, what: str, enough: str) -> Problem:
    return Problem(
        cohort.document.key_at("guards", guard),
        code,
        f"{cohort.id}: {what}",
        f"if this is right, set `guards: {{{guard}: {enough}}}` in this file; if not, mend the query",
    )
