"""All attempts of a run: earlier ones are fenced, pending ones folded, and the due ones
carried out, many side by side.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from runner.errors import AuthenticationFailed, CohortsError, Interrupted, Locked
from runner.plan.guards import Counts
from runner.plan.ledger import Destination
from runner.plan.overrides import UNSETTLED
from runner.plan.plan import Action, Change, Plan
from runner.plan.written import resend_of
from runner.sql.suppressed import NO_ONE
from runner.sync import attempt as one
from runner.sync import delivering, delta, holding, loaded, steps
from runner.sync.attempt import Attempt, Done, GuardRefused, Refusals, Site
from runner.sync.progress import Doing, Ended
from runner.sync.reasons import Known, before_counting
from runner.sync.run_context import RunContext, RunOptions
from runner.sync.shared import Shared, side_by_side
from runner.sync.ways import Routes, Way, way_of
from runner.sync.writer import Writer
from runner.treasuredata import checkpoints, export
from runner.treasuredata.client import Rows

BRAZE_DELAY = 0.1
"""Seconds until Braze has worked off what an earlier export sent (docs/services.md,
Braze's partner API).
"""

COUNTED_TOGETHER = 8
"""Cohorts counted in one query: Trino refuses a query with more than some 100 stages,
and each cohort takes several.
"""

EXPORTS = 2
"""Exports at once for each query at once. An export reads a difference only, and mostly
waits for Braze.
"""

WAITING = 16
"""Cohorts under way for each that queries or sends: the others wait for ledger rows and
counts, which they share.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one change ended."""

    change: Change
    done: Done | None = None
    """What was done; None where there is an error."""
    error: CohortsError | None = None
    suppressed: Done | None = None
    """What a cohort lost although a guard stopped it: the people of `suppress`, to whom
    nobody may write.
    """


def site_of(context: RunContext, writer: Writer, concurrency: int) -> Site:
    """Where the attempts of a run work."""
    client = context.client
    target = context.target

    def counted(asked: Sequence[Attempt]) -> Sequence[Counts | CohortsError]:
        return delivering.count(asked, client, target.state_database, writer)

    counts = Shared(counted, most=COUNTED_TOGETHER, at_once=max(1, concurrency // 4))
    return Site(
        client=client,
        database=target.database,
        state=target.state_database,
        writer=writer,
        tell=context.tell,
        queries=threading.Semaphore(concurrency),
        exports=threading.Semaphore(concurrency * EXPORTS),
        counts=counts,
        # read once: while the ledger is ours, nobody else sweeps
        tables=client.tables(target.state_database),
        reassert=context.project.reassert,
    )


def fence(
    due: Sequence[Change], site: Site, context: RunContext, concurrency: int
) -> dict[Destination, CohortsError]:
    """Make sure that nothing which an earlier attempt issued can still act. The errors
    of the cohorts for which that could not be done, unless that was allowed.
    """

    def fenced(change: Change) -> CohortsError | None:
        return _fence(change, site)

    left = [change for change in due if change.deployed.pending]
    errors = side_by_side(
        fenced,
        left,
        threads=concurrency * WAITING,
        keep=site.writer.renew,
        stop=context.stop,
    )
    if left:
        context.stop.wait(BRAZE_DELAY)
    return {change.destination: error for change, error in errors if error}


def _fence(change: Change, site: Site) -> CohortsError | None:
    """Fence one cohort. Returns why that failed, unless that was allowed."""
    site.tell(Doing(change.id, "fencing an earlier attempt"))
    keys: list[str] = []
    for pending in change.deployed.pending:
        keys += pending.export_keys
    try:
        for key in keys:
            export.settle(
                site.client,
                site.state,
                key,
                scheduled_time=site.writer.started,
                what=f"{change.id}: waiting for an earlier attempt",
            )
    except (AuthenticationFailed, Locked, Interrupted):
        raise
    except CohortsError as exc:
        if UNSETTLED not in change.allowed:
            return exc
    return None


def fold(
    due: Sequence[Change],
    found: Routes,
    unfenced: Refusals,
    site: Site,
    context: RunContext,
    options: RunOptions,
) -> bool:
    """Fold what many attempts left pending, so that queries stay small; False where
    there was nothing to fold. A cohort that cannot be folded stays as it was.
    """
    begun: list[Attempt] = []
    for change in due:
        way = way_of(change, context.target)
        route = found.get(way)
        if change.destination in unfenced or not holding.needs_folding(change):
            continue
        if isinstance(route, export.Route):
            begun.append(_begin_folding(change, way, route, site))

    def folded(attempt: Attempt) -> None:
        _fold(attempt, site)

    if not begun:
        return False
    _announce(begun, site)
    side_by_side(
        folded,
        begun,
        threads=options.concurrency * WAITING,
        keep=site.writer.renew,
        stop=context.stop,
    )
    return True


def _begin_folding(
    change: Change, way: Way, route: export.Route, site: Site
) -> Attempt:
    """The attempt that folds a cohort."""
    # folding takes nobody out
    bare = replace(change, query=None, suppression=NO_ONE)
    return holding.begin(
        bare,
        site.writer.epoch,
        holding.FOLDING,
        connection=way[0],
        route=route,
    )


def _fold(attempt: Attempt, site: Site) -> None:
    """Fold one cohort; it stays as it was where that fails."""
    try:
        holding.carry_out(attempt, site)
    except (AuthenticationFailed, Locked, Interrupted):
        raise
    except CohortsError:
        # the cohort is tried unfolded, and fails there by itself if it must
        return


def carry_out_all(
    planned: Plan,
    found: Routes,
    unfenced: Refusals,
    site: Site,
    context: RunContext,
    options: RunOptions,
) -> tuple[Outcome, ...]:
    """Carry out what is due; one outcome each, in the plan's order. Whoever is moved
    leaves the old cohort when the new one is there.
    """
    due = planned.due
    site, no_list = _with_suppression(due, site)
    unable = _unable(due, found, no_list, site, context)
    begun, outcomes = _begin_all(due, found, unfenced, site, context, options)
    for outcome in outcomes:
        site.tell(_ended(outcome))
    if begun:
        _announce(begun, site)
    first = [attempt for attempt in begun if not attempt.change.moved_to]
    outcomes += _side_by_side(
        first, _there(site, outcomes), unable, site, context, options
    )
    moved = [attempt for attempt in begun if attempt.change.moved_to]
    outcomes += _side_by_side(
        moved, _there(site, outcomes), unable, site, context, options
    )
    ended = {outcome.change.destination for outcome in outcomes}
    if ended != {change.destination for change in due}:
        raise AssertionError("the set that was synced is not the set that was planned")
    return tuple(sorted(outcomes, key=lambda outcome: outcome.change.destination))


def _there(site: Site, outcomes: Sequence[Outcome]) -> set[Destination]:
    """The cohorts that are in Braze, by the ledger or since they were synced now."""
    known = site.writer.ledger.cohorts
    there = {where for where, deployed in known.items() if deployed.is_there}
    return there | {outcome.change.destination for outcome in outcomes if outcome.done}


def _unable(
    due: Sequence[Change],
    found: Routes,
    no_list: CohortsError | None,
    site: Site,
    context: RunContext,
) -> dict[Destination, CohortsError]:
    """The changes that must not be carried out whatever their members are, each with why."""

    def asked(sql: str) -> Rows:
        return _asked(site, sql)

    late = loaded.refused(due, context.project, site.writer.started, asked)
    known = Known(found, site.tables, late)
    unable: dict[Destination, CohortsError] = {}
    for change in due:
        way = way_of(change, context.target)
        reason = next(before_counting(change, way, known), None)
        if reason:
            unable[change.destination] = reason
        # a withdrawal takes out everybody, whoever is suppressed
        if no_list and change.suppression and change.action is not Action.WITHDRAW:
            unable[change.destination] = no_list
    return unable


def _begin_all(
    due: Sequence[Change],
    found: Routes,
    unfenced: Refusals,
    site: Site,
    context: RunContext,
    options: RunOptions,
) -> tuple[list[Attempt], list[Outcome]]:
    """The attempts for what is due, and the outcomes of those that cannot begin."""
    begun: list[Attempt] = []
    outcomes: list[Outcome] = []
    for change in due:
        way = way_of(change, context.target)
        route = found[way]
        error = unfenced.get(change.destination)
        if error:
            outcomes.append(Outcome(change, error=error))
        elif isinstance(route, CohortsError):
            outcomes.append(Outcome(change, error=route))
        else:
            begun.append(_begin(change, way, route, site, context, options))
    return begun, outcomes


def _asked(site: Site, sql: str) -> Rows:
    """The rows of a question about the target's own tables."""
    return site.client.select(
        site.database,
        sql,
        key=f"cohorts-{site.writer.ledger.id}-{site.writer.epoch}-loaded",
        scheduled_time=site.writer.started,
        what="looking whether sources are loaded (`max_lag`)",
    )


def _with_suppression(
    due: Sequence[Change], site: Site
) -> tuple[Site, CohortsError | None]:
    """The site with a table of the people of `suppress`; or why there is none: then no
    cohort may be synced that they are taken out of.
    """
    people = next((change.suppression.sql for change in due if change.suppression), "")
    if not people:
        return site, None
    table = delta.suppression_table(site.writer.epoch)
    site.tell(Doing("", "querying whom `suppress` takes out"))
    try:
        site.client.run(
            site.database,
            delta.create_suppression(people, table=table, state=site.state),
            key=f"cohorts-{site.writer.ledger.id}-{table}",
            scheduled_time=site.writer.started,
            what="the query of those who are taken out of every cohort (`suppress`)",
        )
    except (AuthenticationFailed, Locked, Interrupted):
        raise
    except CohortsError as exc:
        return site, exc
    return replace(site, suppression_table=table), None


def _begin(
    change: Change,
    way: Way,
    route: export.Route,
    site: Site,
    context: RunContext,
    options: RunOptions,
) -> Attempt:
    """The attempt for a change, which sends nothing yet."""
    epoch = site.writer.epoch
    connection = way[0]
    if change.action is Action.SUPPRESS:
        return holding.begin(
            change, epoch, holding.SUPPRESSING, connection=connection, route=route
        )
    again = resend_of(
        change, context.project.reassert, site.writer.started, asked=options.reassert
    )
    return one.begin(change, epoch, connection=connection, route=route, resend=again)


def _announce(begun: Sequence[Attempt], site: Site) -> None:
    """Put attempts on record, before anything is made for them."""
    rows = [(each.change.destination, one.intent(each)) for each in begun]
    site.writer.record(*rows)


def _side_by_side(
    begun: Sequence[Attempt],
    there: Collection[Destination],
    unable: Refusals,
    site: Site,
    context: RunContext,
    options: RunOptions,
) -> list[Outcome]:
    """Carry out attempts in several threads, and say how each ended."""

    def carried_out(attempt: Attempt) -> Outcome:
        found = outcome(attempt)
        site.tell(_ended(found))
        return found

    def outcome(attempt: Attempt) -> Outcome:
        error = _reason_against(attempt.change, there, unable)
        if error is None:
            return _outcome(attempt, site)
        steps.record_failure(attempt, site, error)
        if isinstance(error, GuardRefused):
            return _only_suppressed(attempt, site, error)
        return Outcome(attempt.change, error=error)

    ended = side_by_side(
        carried_out,
        begun,
        threads=options.concurrency * WAITING,
        keep=site.writer.renew,
        stop=context.stop,
    )
    return [
        found or Outcome(attempt.change, error=_not_begun(attempt))
        for attempt, found in ended
    ]


def _ended(outcome: Outcome) -> Ended:
    """What is told of an outcome."""
    cohort, done = outcome.change.id, outcome.done
    if outcome.error:
        return Ended(cohort, code=outcome.error.code)
    if done:
        return Ended(cohort, done.added, done.removed)
    return Ended(cohort)


def _reason_against(
    change: Change,
    there: Collection[Destination],
    unable: Refusals,
) -> CohortsError | None:
    """Why an attempt must not be carried out, or nothing."""
    # emptied before the new cohort is there, its people would be in neither
    if change.moved_to and change.moved_to not in there:
        return _not_moved(change, change.moved_to.cohort_id)
    return unable.get(change.destination)


def _not_begun(attempt: Attempt) -> Interrupted:
    """The error for a cohort that an interruption left out."""
    return Interrupted(
        "R040",
        (
            f"{attempt.change.id}: the run was interrupted before this cohort's"
            " sync began"
        ),
        "run again: the next sync takes it up",
    )


def _not_moved(change: Change, to: str) -> CohortsError:
    """The error for a cohort that is not emptied, since it was not moved."""
    what = f"{change.id}: not emptied, since {to}, to which it is moved, was not synced"
    return CohortsError("R042", what, f"mend {to}, then run again")


def _outcome(attempt: Attempt, site: Site) -> Outcome:
    """Carry out an attempt. Raises what stops the whole run."""
    change = attempt.change
    try:
        if change.action is Action.SUPPRESS:
            return Outcome(change, done=holding.carry_out(attempt, site))
        return Outcome(change, done=delivering.carry_out(attempt, site))
    except (AuthenticationFailed, Locked):
        raise  # nobody else could be served either
    except GuardRefused as exc:
        return _only_suppressed(attempt, site, exc)
    except CohortsError as exc:
        return Outcome(change, error=exc)


def _only_suppressed(attempt: Attempt, site: Site, refused: CohortsError) -> Outcome:
    """The outcome of a cohort that a guard stopped. The people of `suppress` leave it
    all the same.
    """
    change = attempt.change
    try:
        if not _may_hold_suppressed(attempt, site):
            return Outcome(change, error=refused)
        smaller = holding.begin(
            change,
            site.writer.epoch,
            holding.SUPPRESSING,
            connection=attempt.connection,
            route=attempt.route,
        )
        _announce([smaller], site)
        done = holding.carry_out(smaller, site)
        return Outcome(change, error=refused, suppressed=done)
    except (AuthenticationFailed, Locked):
        raise
    except CohortsError as exc:
        return Outcome(change, error=exc)


def _may_hold_suppressed(attempt: Attempt, site: Site) -> bool:
    """True where people of `suppress` may be in the cohort."""
    suppressed = site.suppressed(attempt.change)
    if not suppressed or not attempt.change.deployed.possible:
        return False
    return delivering.count_suppressed(attempt, site, suppressed) > 0


def sweep(site: Site, checkpoint_rows: int) -> None:
    """Drop tables of earlier epochs that nothing needs, by the ledger as read back. Where
    more than `checkpoint_rows` rows came since the last checkpoint, make another one
    first. Failing it harms nothing.
    """
    with suppress(CohortsError):
        rows = site.writer.rows()
        # whoever reads just now may read by the checkpoint of before
        keep = site.writer.ledger.protected_tables | {rows.table}
        made = ""
        if rows.read > checkpoint_rows:
            made = site.writer.copy(rows)
        for table in sorted(site.client.tables(site.state) - keep - {made}):
            epoch = delta.snapshot_epoch(table) or checkpoints.made_in(table)
            if epoch is not None and epoch < site.writer.epoch:
                site.client.delete_table(site.state, table)
