"""The reasons why a cohort may not be synced, before and after its members are counted.

`plan --members` and `sync` ask here, so that a review refuses what the sync would
refuse, in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from runner.errors import CohortsError, Problems
from runner.plan.guards import Counts, refusals
from runner.plan.plan import Action, Change
from runner.sync.attempt import GuardRefused, Refusals
from runner.sync.snapshots import refuse_lost
from runner.sync.ways import Routes, Way

TOO_MANY_LEAVE = "G003"
"""The guard that does not count whom `suppress` takes out."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the services answered as the run began."""

    routes: Routes
    """How each cohort is reached, or why it cannot be."""
    tables: Collection[str]
    """The state database's tables."""
    late: Refusals
    """The refusals of the cohorts that read a source that is not loaded."""


def before_counting(change: Change, way: Way, known: Known) -> Iterator[CohortsError]:
    """What stops a change whatever its members are, the most important first."""
    route = known.routes.get(way)
    if isinstance(route, CohortsError):
        yield route
    if change.stopped:
        yield GuardRefused((change.stopped,))
    late = known.late.get(change.destination)
    if late:
        yield late
    try:
        refuse_lost(change, known.tables)
    except CohortsError as exc:
        yield exc


def judged(
    change: Change,
    counts: Counts,
    *,
    members_stay: bool,
    count_suppressed: Callable[[], int],
) -> tuple[Counts, Problems]:
    """The counts of a change, and every guard that refuses it. Raises CohortsError
    where `suppress` has a gap.

    `members_stay`: whoever is in the cohort stays, unless `suppress` names them.
    `count_suppressed` counts those whom `suppress` takes out; it costs a query, so it is
    asked only where that matters.
    """
    if change.suppression and members_stay:
        _refuse_uncovered(change, counts)
    # no guard holds back what must leave, or what a person brings back
    if change.query is None or change.action is Action.SUPPRESS or change.restored:
        return counts, ()
    found = refusals(change.query.cohort, counts, change.allowed)
    if change.suppression and any(problem.code == TOO_MANY_LEAVE for problem in found):
        counts = replace(counts, suppressed=count_suppressed())
        found = refusals(change.query.cohort, counts, change.allowed)
    return counts, found


def _refuse_uncovered(change: Change, counts: Counts) -> None:
    """Raise CohortsError where somebody may be in the cohort by a name that no list of
    `suppress` has.
    """
    handles = {count.handle for count in counts.by_handle if count.before}
    uncovered = sorted(handles - change.suppression.handles)
    if uncovered:
        names = " and ".join(map(str, uncovered))
        what = (
            f"{change.id} may hold people by {names},"
            " by which a list of `suppress` names nobody"
        )
        fix = "let every list of `suppress` name people in that way too"
        raise CohortsError("R043", what, fix)
