"""Limits that stop an attempt before anything is sent: the arithmetic, and the words of a refusal; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.identifiers import Handle
from runner.project import Limit

MAX_WITHDRAWN = Limit(count=5)
"""Cohorts that may be withdrawn in one run; also refused: over 20 % of those in Braze, where that is at least 2."""

FRACTIONS = frozenset({"real", "double"})
"""Types that no identifier can have: as text they lose digits."""


@dataclass(frozen=True, slots=True)
class Count:
    """Members of one handle. `before`: possibly in Braze now; `after`: wanted; `entering`: wanted, surely not in Braze;
    `missing`: wanted, not surely in Braze; `leaving`: possibly in Braze, not wanted; `merged`: wanted, and written in
    several ways that are one when normalized; `type`: of the column, as Trino names it.
    """

    handle: Handle
    before: int
    after: int
    entering: int
    missing: int
    leaving: int
    merged: int = 0
    type: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many members a change is about. `whole`: everyone wanted is sent, whether known to be in Braze or not;
    `largest_today`: the cohort's largest size in 24 hours.
    """

    by_handle: tuple[Count, ...]
    whole: bool = False
    largest_today: int = 0

    @property
    def before(self) -> int:
        """Members possibly in Braze now."""
        return sum(count.before for count in self.by_handle)

    @property
    def after(self) -> int:
        """Members wanted."""
        return sum(count.after for count in self.by_handle)

    @property
    def entering(self) -> int:
        """Members who are surely not in Braze yet."""
        return sum(count.entering for count in self.by_handle)

    @property
    def removed(self) -> int:
        """Members to remove."""
        return sum(count.leaving for count in self.by_handle)

    @property
    def added(self) -> int:
        """Members to add, those included who may be in Braze already."""
        return sum(self.added_of(count) for count in self.by_handle)

    def added_of(self, count: Count) -> int:
        """Members of one handle to add."""
        return count.after if self.whole else count.missing


def refusals(cohort: Cohort, counts: Counts) -> tuple[Problem, ...]:
    """Every guard that these counts break, as problems at the line to change. Limits: protocol section 5.

    A first sync is limited by `max_members` alone; percentages are of everybody who may be in Braze, and for removals
    also of the largest size in the last 24 hours, so that many small losses do not add up unseen.
    """
    guards, found = cohort.guards, list(_unfit(cohort, counts))
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
    if counts.before and _over(guards.max_added, counts.entering, counts.before):
        what = f"{_share(counts.entering, counts.before)} would enter, over the limit of {_limit(guards.max_added)}"
        found.append(_refusal(cohort, "G004", "max_added", what, str(counts.entering)))
    return tuple(found)


def _unfit(cohort: Cohort, counts: Counts) -> Iterator[Problem]:
    """Identifiers that would not arrive as they are meant."""
    of = {identifier.handle: identifier for identifier in cohort.identifiers}
    for count in counts.by_handle:
        identifier = of.get(count.handle)
        if identifier is None or not count.after:
            continue
        at = cohort.document.at("identifiers", *identifier.pointer)
        if count.type in FRACTIONS:
            what = (
                f"{cohort.id}: the column {identifier.column} is {count.type.upper()}, which would be sent like 1.2E7"
            )
            yield Problem(at, "G006", what, f"cast it in the query: CAST({identifier.column} AS BIGINT)")
        if count.merged:
            what = (
                f"{cohort.id}: {count.merged:,} values of {count.handle} are written in both small letters and capitals"
            )
            fix = "mend them at their source, or leave out `normalize: lower`"
            yield Problem(at, "G007", what, fix)


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
