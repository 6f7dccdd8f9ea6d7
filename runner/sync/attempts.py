"""All attempts of a run: what earlier ones left is settled, then each is carried out,
many side by side.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from runner.errors import AuthenticationFailed, CohortsError, Interrupted, Locked
from runner.plan.guards import Counts
from runner.plan.ledger import Destination
from runner.plan.overrides import UNSETTLED
from runner.plan.plan import Action, Change, Plan
from runner.plan.written import resend_of
from runner.sql.barred import NO_ONE
from runner.sync import attempt as one
from runner.sync import delivering, delta, holding, loaded, steps
from runner.sync.attempt import Attempt, Done, GuardRefused, Site
from runner.sync.place import How, Place
from runner.sync.reasons import Known, before_counting
from runner.sync.shared import Shared, side_by_side
from runner.sync.ways import Found, Way, way_of
from runner.sync.writer import Writer
from runner.treasuredata import export

SETTLE = 0.1
"""Seconds until an earlier export has settled in Braze (docs/services.md, Braze's partner API)."""

COUNTED_TOGETHER = 8
"""Cohorts counted in one query: Trino refuses one with more than some 100 stages, and
each cohort takes several.
"""

EXPORTS = 2
"""Exports at once for each query at once: one reads a difference only, and mostly waits for Braze.
"""

WAITING = 16
"""Cohorts under way for each that queries or sends: the others wait for ledger rows and
counts, which they share.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one change ended. `held`: what a cohort that a guard stopped lost all the
    same, since nobody may write to whom `suppress` names.
    """

    change: Change
    done: Done | None = None
    error: CohortsError | None = None
    held: Done | None = None


def site_of(place: Place, writer: Writer, concurrency: int) -> Site:
    """Where the attempts of a run work."""
    client, target = place.client, place.target

    def counted(asked: Sequence[Attempt]) -> Sequence[Counts | CohortsError]:
        return delivering.count(asked, client, target.state_database, writer)

    queries, exports = (
        threading.Semaphore(concurrency),
        threading.Semaphore(concurrency * EXPORTS),
    )
    counts = Shared(counted, most=COUNTED_TOGETHER, at_once=max(1, concurrency // 4))
    tables = client.tables(
        target.state_database
    )  # while the ledger is ours, nobody else sweeps
    return Site(
        client,
        target.database,
        target.state_database,
        writer,
        place.tell,
        queries,
        exports,
        counts,
        tables,
        place.project.reassert,
    )


def settle(
    due: Sequence[Change], site: Site, place: Place, concurrency: int
) -> dict[Destination, CohortsError]:
    """Make sure that nothing which an earlier attempt issued can still act. What cannot
    be settled fails its cohort only, unless that was allowed.
    """

    def settled(change: Change) -> CohortsError | None:
        site.tell(change.id, "looking after an earlier attempt")
        keys = (
            key for pending in change.deployed.pending for key in pending.export_keys
        )
        try:
            for key in keys:
                what = f"{change.id}: waiting for an earlier attempt"
                export.settle(
                    site.client,
                    site.state,
                    key,
                    scheduled_time=site.writer.started,
                    what=what,
                )
        except (AuthenticationFailed, Locked, Interrupted):
            raise
        except CohortsError as exc:
            return None if UNSETTLED in change.allowed else exc
        return None

    left = [change for change in due if change.deployed.pending]
    errors = side_by_side(
        settled,
        left,
        threads=concurrency * WAITING,
        keep=site.writer.renew,
        stop=place.stop,
    )
    if left:
        place.stop.wait(SETTLE)
    return {change.destination: error for change, error in errors if error}


def fold(
    due: Sequence[Change],
    found: Mapping[Way, Found],
    unsettled: Mapping[Destination, CohortsError],
    site: Site,
    place: Place,
    how: How,
) -> bool:
    """Fold what many attempts left pending, so that queries stay small; False where
    there was nothing to fold. One that fails is as it was.
    """
    begun = []
    for change in due:
        route = found.get(way_of(change, place.target))
        if (
            isinstance(route, export.Route)
            and change.destination not in unsettled
            and holding.is_due(change.deployed)
        ):
            bare = replace(
                change, query=None, suppression=NO_ONE
            )  # folding takes nobody out
            connection = way_of(change, place.target)[0]
            begun.append(
                holding.begin(
                    bare,
                    site.writer.epoch,
                    holding.FOLDING,
                    connection=connection,
                    route=route,
                )
            )

    def folded(attempt: Attempt) -> None:
        try:
            holding.carry_out(attempt, site)
        except (AuthenticationFailed, Locked, Interrupted):
            raise
        except CohortsError:
            return  # it is tried unfolded, and fails there by itself if it must

    if begun:
        _announce(begun, site)
        threads = how.concurrency * WAITING
        side_by_side(
            folded, begun, threads=threads, keep=site.writer.renew, stop=place.stop
        )
    return bool(begun)


def carry_out_all(
    planned: Plan,
    found: Mapping[Way, Found],
    unsettled: Mapping[Destination, CohortsError],
    site: Site,
    place: Place,
    how: How,
) -> tuple[Outcome, ...]:
    """Carry out what is due; one outcome each, in the plan's order. Whoever is moved
    leaves the old cohort when the new one is there.
    """
    site, unbarred = _barring(planned.due, site)
    begun, outcomes = [], []
    unable: dict[Destination, CohortsError] = {}
    late = loaded.refused(
        planned.due, place.project, site.writer.started, lambda sql: _asked(site, sql)
    )
    known = Known(found, site.tables, late)
    for change in planned.due:
        way = way_of(change, place.target)
        route = found[way]
        error = unsettled.get(change.destination) or (
            None if isinstance(route, export.Route) else route
        )
        if error or not isinstance(route, export.Route):
            outcomes.append(Outcome(change, error=error))
            continue
        begun.append(_begin(change, way, route, site, place, how))
        if reason := next(before_counting(change, way, known), None):
            unable[change.destination] = reason
        if unbarred and change.suppression and change.action is not Action.WITHDRAW:
            unable[change.destination] = unbarred
    if begun:
        _announce(begun, site)
    for moved in (False, True):
        part = [attempt for attempt in begun if bool(attempt.change.moved_to) is moved]
        outcomes += _side_by_side(part, tuple(outcomes), unable, site, place, how)
    if {outcome.change.destination for outcome in outcomes} != {
        change.destination for change in planned.due
    }:
        raise AssertionError("the set that was synced is not the set that was planned")
    return tuple(sorted(outcomes, key=lambda outcome: outcome.change.destination))


def _asked(site: Site, sql: str) -> Sequence[Sequence[Any]]:
    """The rows of a question about the target's own tables."""
    key = f"cohorts-{site.writer.ledger.id}-{site.writer.epoch}-loaded"
    what = "looking whether sources are loaded (`max_lag`)"
    return site.client.select(
        site.database, sql, key=key, scheduled_time=site.writer.started, what=what
    )


def _barring(due: Sequence[Change], site: Site) -> tuple[Site, CohortsError | None]:
    """The people who are taken out of every cohort, in a table of this run; or why they
    are not known: then no cohort may be synced that they are taken out of.
    """
    barred = next((change.suppression.sql for change in due if change.suppression), "")
    if not barred:
        return site, None
    table = delta.barred_name(site.writer.epoch)
    site.tell("", "looking who is taken out of every cohort")
    try:
        site.client.run(
            site.database,
            delta.create_barred(barred, table=table, state=site.state),
            key=f"cohorts-{site.writer.ledger.id}-{table}",
            scheduled_time=site.writer.started,
            what="the query of those who are taken out of every cohort (`suppress`)",
        )
    except (AuthenticationFailed, Locked, Interrupted):
        raise
    except CohortsError as exc:
        return site, exc
    return replace(site, barred_table=table), None


def _begin(
    change: Change, way: Way, route: export.Route, site: Site, place: Place, how: How
) -> Attempt:
    epoch, connection = site.writer.epoch, way[0]
    if change.action is Action.SUPPRESS:
        return holding.begin(
            change, epoch, holding.SUPPRESSING, connection=connection, route=route
        )
    again = resend_of(
        change, place.project.reassert, site.writer.started, asked=how.reassert
    )
    return one.begin(change, epoch, connection=connection, route=route, resend=again)


def _announce(begun: Sequence[Attempt], site: Site) -> None:
    """On record before anything is made."""
    site.writer.record(*((each.change.destination, one.intent(each)) for each in begun))


def _side_by_side(
    begun: Sequence[Attempt],
    before: Sequence[Outcome],
    unable: Mapping[Destination, CohortsError],
    site: Site,
    place: Place,
    how: How,
) -> list[Outcome]:
    known = site.writer.ledger.cohorts
    there = {where for where, deployed in known.items() if deployed.is_there}
    there |= {outcome.change.destination for outcome in before if outcome.done}

    def outcome(attempt: Attempt) -> Outcome:
        error = unable.get(attempt.change.destination)
        if attempt.change.moved_to and attempt.change.moved_to not in there:
            error = _not_moved(attempt.change)
        if error:
            steps.record_failure(attempt, site, error, unsent=True)
            return (
                _held(attempt, site, error)
                if isinstance(error, GuardRefused)
                else Outcome(attempt.change, error=error)
            )
        return _outcome(attempt, site)

    threads = how.concurrency * WAITING
    ended = side_by_side(
        outcome, begun, threads=threads, keep=site.writer.renew, stop=place.stop
    )
    return [
        found or Outcome(attempt.change, error=_not_begun(attempt))
        for attempt, found in ended
    ]


def _not_begun(attempt: Attempt) -> Interrupted:
    return Interrupted(
        "R040",
        f"{attempt.change.id}: interrupted before it began",
        "run again; it is due again",
    )


def _not_moved(change: Change) -> CohortsError:
    to = change.moved_to.cohort_id if change.moved_to else ""
    what = f"{change.id}: not emptied, since {to}, to which it is moved, was not synced"
    return CohortsError("R042", what, f"mend {to}, then run again")


def _outcome(attempt: Attempt, site: Site) -> Outcome:
    change = attempt.change
    try:
        if change.action is Action.SUPPRESS:
            return Outcome(change, done=holding.carry_out(attempt, site))
        return Outcome(change, done=delivering.carry_out(attempt, site))
    except (AuthenticationFailed, Locked):
        raise  # nobody else could be served either
    except GuardRefused as exc:
        return _held(attempt, site, exc)
    except CohortsError as exc:
        return Outcome(change, error=exc)


def _held(attempt: Attempt, site: Site, refused: CohortsError) -> Outcome:
    """A guard stopped the cohort, but not the removal of those who are taken out of every cohort."""
    change = attempt.change
    barred = site.barred(change)
    try:
        if (
            not barred
            or not change.deployed.possible
            or not delivering.count_barred(attempt, site, barred)
        ):
            return Outcome(change, error=refused)
        number, way = holding.SUPPRESSING, attempt
        held = holding.begin(
            change,
            site.writer.epoch,
            number,
            connection=way.connection,
            route=way.route,
        )
        _announce([held], site)
        return Outcome(change, error=refused, held=holding.carry_out(held, site))
    except (AuthenticationFailed, Locked):
        raise
    except CohortsError as exc:
        return Outcome(change, error=exc)


def sweep(site: Site) -> None:
    """Drop snapshots of earlier epochs that nothing needs, by the ledger as read back.
    Failing it harms nothing.
    """
    with suppress(CohortsError):
        keep = site.writer.read().protected_tables
        for table in sorted(site.client.tables(site.state)):
            epoch = delta.snapshot_epoch(table)
            if epoch is not None and epoch < site.writer.epoch and table not in keep:
                site.client.delete_table(site.state, table)
