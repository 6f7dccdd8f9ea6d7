"""Limits that stop an attempt before anything is sent: the arithmetic, and the words of
a refusal; pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from runner.definitions.cohort import Cohort, Mode
from runner.errors import Problem
from runner.identifiers import Handle, Kind
from runner.plan.resending import NOTHING, Expected
from runner.project.file import Guards, Limit

MANY_WITHDRAWN = 5
SHARE_WITHDRAWN = Decimal(20)
"""Cohorts that may be withdrawn in one run where the project sets no limit: not more in
number, and not more in percent of those in Braze.
"""

GUARDS = (
    "allow_empty",
    "min_members",
    "max_members",
    "max_removed",
    "max_added",
    "max_invalid",
    "max_written_per_month",
)
"""Guards of a cohort that may be overridden for one run, and stand in files."""

MOVED = "moved"
"""The question whether a new cohort is an old one under another id; answered for one
run, or by `previous_id`.
"""

FRACTIONS = frozenset({"real", "double"})
"""Types of columns that cannot be identifiers: as text, their values lose digits."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many members of one handle there are."""

    handle: Handle
    before: int
    """Members possibly in Braze now."""
    after: int
    """Members wanted."""
    entering: int
    """Members wanted, and surely not in Braze."""
    missing: int
    """Members wanted, and not surely in Braze."""
    leaving: int
    """Members possibly in Braze, and not wanted."""
    merged: int = 0
    """Members wanted, and written in several ways that are one when normalized."""
    type: str = ""
    """The type of the identifier's column, as Trino names it."""


def is_shared(by_handle: Iterable[Count]) -> bool:
    """True where one person may have several names in a cohort: a Braze user has one external id,
    and one alias of each label, but several devices.
    """
    handles = {count.handle for count in by_handle if count.before or count.after}
    return len(handles) > 1 or any(handle.kind is Kind.DEVICE_ID for handle in handles)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many members a change is about. In mode `remove` the counts are of those taken
    out: `before` were, `after` are to be.
    """

    by_handle: tuple[Count, ...]
    whole: bool = False
    """True where everyone wanted is sent, whether known to be in Braze or not."""
    largest_today: int = 0
    """The cohort's largest size in 24 hours, or since removals that a person agreed to."""
    unusable: int = 0
    """Rows of the query that name nobody whom Braze could find."""
    rows: int = 0
    """Rows of the query."""
    suppressed: int = 0
    """Members who leave because `suppress` names them."""
    mode: Mode = Mode.MIRROR
    expected: Expected = NOTHING
    """What is written to Braze now and later."""

    @property
    def is_shared(self) -> bool:
        """True where one person may have several names in the cohort."""
        return is_shared(self.by_handle)

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
        if self.whole:
            return count.after
        return count.missing


@dataclass(frozen=True, slots=True)
class _Broken:
    """A guard that refuses some counts."""

    guard: str
    """Its name."""
    code: str
    """The error code."""
    what: str
    """The arithmetic in words."""
    enough: str
    """The value of the guard that would let the counts pass."""
    instead: str = "mend the query or rule"
    """What to do if the counts are wrong."""


def refusals(
    cohort: Cohort, counts: Counts, allowed: Collection[str] = ()
) -> tuple[Problem, ...]:
    """The refusals of all guards, but of those `allowed` for once, as problems at the
    line to change (docs/delivery.md, What stops a sync).

    A first sync is limited by `max_members` and `min_members` alone; percentages are of
    everybody who may be in Braze, and for removals also of the largest size in the last
    24 hours, so that many small losses do not add up unseen.
    """
    broken = (
        *_by_size(cohort.guards, counts),
        *_by_movement(cohort.guards, counts),
        *_by_writing(cohort.guards, counts),
    )
    return (
        *_unfit(cohort, counts),
        *(_refusal(cohort, each) for each in broken if each.guard not in allowed),
    )


def _by_size(guards: Guards, counts: Counts) -> Iterator[_Broken]:
    """The guards on how many members there are."""
    if counts.after == 0 and not guards.allow_empty:
        what = "nobody qualifies"
        if counts.before:
            what = f"nobody qualifies any more (now {counts.before:,} members)"
        yield _Broken(guard="allow_empty", code="G001", what=what, enough="true")
    elif counts.after < guards.min_members:
        what = f"{counts.after:,} members, under the limit of {guards.min_members:,}"
        yield _Broken(
            guard="min_members", code="G008", what=what, enough=str(counts.after)
        )
    if counts.after > guards.max_members:
        what = f"{counts.after:,} members, over the limit of {guards.max_members:,}"
        yield _Broken(
            guard="max_members", code="G002", what=what, enough=str(counts.after)
        )
    if _over(guards.max_invalid, counts.unusable, counts.rows):
        share = f"{counts.unusable * 100 / counts.rows:.1f}% of the query's rows"
        limit = _limit(guards.max_invalid, "rows")
        what = (
            f"{share} ({counts.unusable:,} of {counts.rows:,}) name nobody that Braze"
            f" could find, over the limit of {limit}"
        )
        yield _Broken(
            guard="max_invalid", code="G009", what=what, enough=str(counts.unusable)
        )


def _by_movement(guards: Guards, counts: Counts) -> Iterator[_Broken]:
    """The guards on who enters and who leaves."""
    if counts.mode is Mode.REMOVE:
        yield from _by_taking_out(guards.max_removed, counts)
        return
    if not counts.before:
        return
    # that nobody is left is one refusal, not two
    if counts.after or guards.allow_empty:
        yield from _by_removal(guards.max_removed, counts)
    if _over(guards.max_added, counts.entering, counts.before):
        share = _share(counts.entering, counts.before)
        limit = _limit(guards.max_added)
        what = f"{share} would enter, over the limit of {limit}"
        yield _Broken(
            guard="max_added", code="G004", what=what, enough=str(counts.entering)
        )


def _by_taking_out(limit: Limit, counts: Counts) -> Iterator[_Broken]:
    """The removal guard of mode `remove`."""
    if not counts.before and limit.percent is not None:
        return  # a first sync: a share of nobody says nothing
    if _over(limit, counts.entering, counts.before):
        more = (
            f"{counts.entering:,} more members would be taken out,"
            f" in addition to {counts.before:,}"
        )
        what = f"{more}: over the limit of {_limit(limit)}"
        yield _Broken(
            guard="max_removed", code="G003", what=what, enough=str(counts.entering)
        )


def _by_removal(limit: Limit, counts: Counts) -> Iterator[_Broken]:
    """The removal guard, broken by this run or by all that left within 24 hours."""
    removed = (
        counts.removed - counts.suppressed
    )  # no guard holds back a withdrawn consent
    largest = max(counts.before, counts.largest_today)
    lost = max(removed, largest - counts.after - counts.suppressed)
    if _over(limit, removed, counts.before):
        share = _share(removed, counts.before)
        what = f"{share} would leave, over the limit of {_limit(limit)}"
        yield _Broken(guard="max_removed", code="G003", what=what, enough=str(lost))
    elif _over(limit, lost, largest):
        share = _share(lost, largest)
        what = (
            f"{share} would have left within 24 hours, over the limit of {_limit(limit)}:"
            f" the cohort had {largest:,} members in these hours,"
            f" and this sync removes {removed:,} of them"
        )
        yield _Broken(guard="max_removed", code="G003", what=what, enough=str(lost))


def _by_writing(guards: Guards, counts: Counts) -> Iterator[_Broken]:
    """The guard on what the cohort writes to Braze in a month."""
    limit = guards.max_written_per_month
    told = counts.expected
    if limit is None or told.in_a_month <= limit:
        return
    what = (
        f"{told.in_a_month:,} identifiers would be written in a month,"
        f" over the limit of {limit:,} ({told.this_sync:,} by this sync,"
        f" {told.first_week:,} in the first week with it, {told.usual_month:,} in a usual month)"
    )
    instead = "mend the query, or refresh it less often (`schedule`, `reassert`)"
    yield _Broken(
        guard="max_written_per_month",
        code="G012",
        what=what,
        enough=str(told.in_a_month),
        instead=instead,
    )


def _unfit(cohort: Cohort, counts: Counts) -> Iterator[Problem]:
    """Identifiers that would not arrive as they are meant."""
    of = {identifier.handle: identifier for identifier in cohort.identifiers}
    for count in counts.by_handle:
        identifier = of.get(count.handle)
        if identifier is None or not count.after:
            continue
        at = cohort.document.at("identifiers", *identifier.pointer)
        if count.type in FRACTIONS:
            type_name = count.type.upper()
            what = (
                f"{cohort.id}: the column {identifier.column} is {type_name},"
                " which would be sent like 1.2E7"
            )
            yield Problem(
                at=at,
                code="G006",
                what=what,
                fix=f"cast it in the query: CAST({identifier.column} AS BIGINT)",
            )
        if count.merged:
            what = (
                f"{cohort.id}: {count.merged:,} values of {count.handle} are written"
                " in both small letters and capitals"
            )
            fix = "mend them at their source, or leave out `normalize: lower`"
            yield Problem(at=at, code="G007", what=what, fix=fix)


def too_many_withdrawn(
    withdrawn: int, in_braze: int, limit: Limit | None = None
) -> str:
    """Why so many withdrawals are refused, or nothing. `in_braze` counts the cohorts
    that may hold members now; without a limit of the project's: more than 5, or more
    than 20 % where that is at least 2.
    """
    if limit is None:
        if withdrawn < 2:
            return ""  # one of a few cohorts is a large share, and seldom an accident
        limit = Limit(count=MANY_WITHDRAWN)
        if withdrawn <= MANY_WITHDRAWN:
            limit = Limit(percent=SHARE_WITHDRAWN)
    if limit.count is not None and withdrawn > limit.count:
        cohorts = "cohort" + "s" * (withdrawn != 1)
        would = f"{withdrawn} {cohorts} would be withdrawn"
        return f"{would}, over the limit of {limit.count}"
    if limit.percent is not None and withdrawn * 100 > limit.percent * in_braze:
        would = f"{withdrawn} of {in_braze} cohorts would be withdrawn"
        return f"{would}, over the limit of {limit.percent.normalize():f}%"
    return ""


def _over(limit: Limit, moved: int, base: int) -> bool:
    """True when members who move are over a limit; of two parts of a limit, over both."""
    over_count = limit.count is None or moved > limit.count
    over_percent = limit.percent is None or moved * 100 > limit.percent * base
    return moved > 0 and over_count and over_percent


def _limit(limit: Limit, of: str = "members") -> str:
    """A limit in words."""
    parts: list[str] = []
    if limit.percent is not None:
        parts.append(f"{limit.percent.normalize():f}%")
    if limit.count is not None:
        parts.append(f"{limit.count:,} {of}")
    return " and ".join(parts)


def _share(moved: int, base: int) -> str:
    """Members who move, as a share of all, in words."""
    return f"{moved * 100 / base:.1f}% of the members ({moved:,} of {base:,})"


def _refusal(cohort: Cohort, broken: _Broken) -> Problem:
    """A guard's refusal, at the line of the file that would let it pass."""
    once = f'or let it pass once: `--allow {broken.guard}:{cohort.id} --reason "…"`'
    setting = f"`guards: {{{broken.guard}: {broken.enough}}}`"
    return Problem(
        at=cohort.document.key_at("guards", broken.guard),
        code=broken.code,
        what=f"{cohort.id}: {broken.what}",
        fix=f"if this is right, set {setting} in this file, {once}; if not, {broken.instead}",
    )
