"""A whole sync: plan, claim the ledger, fence what earlier attempts left, carry out, sweep, answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from runner.errors import AuthenticationFailed, CohortsError, ExitCode, Interrupted, InvalidProject, Locked
from runner.plan import plan as planning
from runner.plan.guards import Counts
from runner.plan.ledger import Destination, Event, Ledger
from runner.plan.plan import Change, Plan
from runner.project import Project, Target
from runner.sql.wanted import Wanted
from runner.sync import attempt as attempts
from runner.sync import delta
from runner.sync.attempt import Attempt, Done, Listener, Site
from runner.sync.shared import Shared, side_by_side
from runner.sync.ways import Way, routes, way_of
from runner.sync.writer import Run, Writer, claim
from runner.treasuredata import export
from runner.treasuredata.client import TreasureData
from runner.treasuredata.export import Route
from runner.treasuredata.ledger import LedgerTable

SETTLE = 0.2
"""Seconds until what an earlier export wrote is in Braze: 10 to 100 ms, by its documentation (wire facts 3)."""

COUNTED_TOGETHER = 8
"""Cohorts counted in one query: Trino refuses one with more than some 100 stages, and each cohort takes several."""

EXPORTS = 2
"""Exports at once for each query at once: one reads a difference only, and mostly waits for Braze."""

WAITING = 16
"""Cohorts under way for each that queries or sends: the others wait for ledger rows and counts, which they share."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one change ended."""

    change: Change
    done: Done | None = None
    error: CohortsError | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """How a sync ended: the plan it carried out and one outcome for each change that was due, in the plan's order."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    invalid_files: int


@dataclass(frozen=True, slots=True)
class How:
    """How a sync is to be done: what is due, how many cohorts at once, how long to wait for another run (seconds)."""

    planned: Callable[[Ledger], Plan]
    concurrency: int = 4
    patience: float = 0
    reassert: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What a run works with. `stop` is set when it is to end; `fits` refuses a ledger that this tree must not write."""

    target: Target
    project: Project
    client: TreasureData
    table: LedgerTable
    run: Run
    stop: threading.Event
    tell: Listener
    fits: Callable[[Ledger], None]


def read_plan(project: Project, wanted: Wanted, ledger: Ledger, *, refresh: bool, due: bool = False) -> Plan:
    """The plan for what is wanted against a ledger; `due`: also what is due by its schedule."""
    return planning.make(
        wanted.queries,
        ledger,
        target=wanted.target.name,
        workspace=wanted.target.workspace,
        refresh=refresh,
        may_withdraw=not wanted.invalid_files,
        max_withdrawn=project.max_withdrawn,
        due=due,
    )


def refuse_shared_connection(plan: Plan, project: Project, target: Target) -> None:
    """A connection leads to one workspace: under two names, one would be emptied while the other is filled.

    Raises InvalidProject.
    """
    for change in plan.changes:
        before = change.destination.workspace
        if before != target.workspace and change.deployed.connection == target.connection:
            raise InvalidProject(
                "P105",
                f"the workspace is {target.workspace} now, but its connection {target.connection} led to {before}",
                f"give another workspace its own connection; if only the name changed, write {before} again",
                at=project.document.at("targets", target.name, "workspace"),
            )


def open_ledger(table: LedgerTable, target: Target, *, create: bool) -> Ledger:
    """Read the ledger. Only the sandbox's is created by itself; a missing one elsewhere is never "create all".

    Without `create`, a sandbox without a ledger reads as an empty one. Raises Locked.
    """
    if not table.exists():
        if not target.is_sandbox:
            raise Locked(
                "L006",
                f"target {target.name}: {target.state_database} holds no ledger: what is in Braze is not known",
                f"on the first day, `cohorts bootstrap --target {target.name}`; on any other, look at `state_database`",
            )
        if not create:
            return Ledger(id="", epoch=0, now=0)
        table.bootstrap()
    return table.read()


def sync(place: Place, how: How, *, invalid_files: int) -> Summary:
    """Bring every due cohort to its wanted members. One that fails stops neither the others nor the run.

    Raises what concerns the whole run: InvalidProject, AuthenticationFailed, Unavailable, Locked, Stale, Interrupted.
    """
    ledger = open_ledger(place.table, place.target, create=True)
    place.fits(ledger)
    planned = how.planned(ledger)
    if not planned.due:
        return Summary(planned, (), invalid_files)
    refuse_unproven(place.target, ledger)
    found = routes(planned.due, place.client, place.project, place.target)
    with written(place, ledger, patience=how.patience) as writer:
        place.fits(writer.ledger)
        site = _site(place, writer, how.concurrency)
        planned = how.planned(writer.ledger)
        unsettled = _settle(planned.due, site, place, how.concurrency)
        if any(change.deployed.pending for change in planned.due):  # what was waited for may have recorded its end
            planned = how.planned(writer.read())
        new = [change for change in planned.due if way_of(change, place.target) not in found]
        found |= routes(new, place.client, place.project, place.target)
        outcomes = _carry_out_all(planned, found, unsettled, site, place, how)
        _sweep(site)
    return Summary(planned, outcomes, invalid_files)


def exit_code(summary: Summary) -> ExitCode:
    """All of one cause: that cause's code; otherwise MIXED. Valid cohorts beside invalid files count as done."""
    codes = {ExitCode(outcome.error.exit_code) if outcome.error else ExitCode.DONE for outcome in summary.outcomes}
    if ExitCode.INTERRUPTED in codes:
        return ExitCode.INTERRUPTED
    if summary.plan.stop:
        codes.add(ExitCode.BLOCKED)
    if summary.invalid_files:
        codes.add(ExitCode.INVALID)
        if summary.plan.changes:
            codes.add(ExitCode.DONE)
    return codes.pop() if len(codes) == 1 else ExitCode.MIXED if codes else ExitCode.DONE


def refuse_unproven(target: Target, ledger: Ledger) -> None:
    """The connector's setting keys are not public: one that ignored `operation` would turn removals into additions."""
    if not target.is_sandbox and target.mapping not in ledger.verified:
        raise Locked(
            "L007",
            f"target {target.name}: it is not proven that its Braze connection understands `export_settings`",
            f"run `cohorts doctor --target {target.name} --canary external_id:SOMEBODY` once, with a user of your own",
        )


@contextmanager
def written(place: Place, ledger: Ledger, *, patience: float, force: bool = False) -> Iterator[Writer]:
    """The ledger's one writer, for as long as the block lasts; let go however it ends. Raises Locked."""
    place.tell("", "claiming the ledger")
    writer = claim(
        place.table,
        ledger,
        place.run,
        patience=patience,
        tell=lambda what: place.tell("", what),
        pause=place.stop.wait,
        force=force,
    )
    try:
        yield writer
    finally:
        if not writer.overtaken:
            with suppress(CohortsError):  # then the lease runs out by itself
                writer.release()


def _site(place: Place, writer: Writer, concurrency: int) -> Site:
    client, target = place.client, place.target

    def counted(asked: Sequence[Attempt]) -> Sequence[Counts | CohortsError]:
        return attempts.count(asked, client, target.state_database, writer)

    queries, exports = threading.Semaphore(concurrency), threading.Semaphore(concurrency * EXPORTS)
    counts = Shared(counted, most=COUNTED_TOGETHER, at_once=max(1, concurrency // 4))
    return Site(client, target.database, target.state_database, writer, place.tell, queries, exports, counts)


def _settle(due: Sequence[Change], site: Site, place: Place, concurrency: int) -> dict[Destination, CohortsError]:
    """Make sure that nothing which an earlier attempt issued can still act. What cannot be settled fails its cohort
    only.
    """

    def one(change: Change) -> CohortsError | None:
        site.tell(change.id, "looking after an earlier attempt")
        keys = (key for pending in change.deployed.pending for key in pending.export_keys)
        try:
            for key in keys:
                what = f"{change.id}: waiting for an earlier attempt"
                export.settle(site.client, site.state, key, scheduled_time=site.writer.started, what=what)
        except (AuthenticationFailed, Locked, Interrupted):
            raise
        except CohortsError as exc:
            return exc
        return None

    left = [change for change in due if change.deployed.pending]
    errors = side_by_side(one, left, threads=concurrency * WAITING, keep=site.writer.renew, stop=place.stop)
    if left:
        place.stop.wait(SETTLE)
    return {change.destination: error for change, error in errors if error}


def _carry_out_all(
    planned: Plan,
    found: Mapping[Way, Route | CohortsError],
    unsettled: Mapping[Destination, CohortsError],
    site: Site,
    place: Place,
    how: How,
) -> tuple[Outcome, ...]:
    begun, outcomes = [], []
    for change in planned.due:
        way = way_of(change, place.target)
        route = found[way]
        error = unsettled.get(change.destination) or (None if isinstance(route, Route) else route)
        if error or not isinstance(route, Route):
            outcomes.append(Outcome(change, error=error))
            continue
        again = attempts.resend(change, place.project.reassert, site.writer.started, asked=how.reassert)
        begun.append(attempts.begin(change, site.writer.epoch, connection=way[0], route=route, resend=again))
    if begun:
        site.writer.record(*((a.change.destination, Event.INTENT, attempts.intent(a)) for a in begun))
    ended = side_by_side(
        lambda attempt: _outcome(attempt, site),
        begun,
        threads=how.concurrency * WAITING,
        keep=site.writer.renew,
        stop=place.stop,
    )
    outcomes += [outcome or Outcome(attempt.change, error=_not_begun(attempt)) for attempt, outcome in ended]
    if {outcome.change.destination for outcome in outcomes} != {change.destination for change in planned.due}:
        raise AssertionError("the set that was synced is not the set that was planned")
    return tuple(sorted(outcomes, key=lambda outcome: outcome.change.destination))


def _not_begun(attempt: Attempt) -> Interrupted:
    return Interrupted("R040", f"{attempt.change.id}: interrupted before it began", "run again; it is due again")


def _outcome(attempt: Attempt, site: Site) -> Outcome:
    try:
        return Outcome(attempt.change, done=attempts.carry_out(attempt, site))
    except (AuthenticationFailed, Locked):
        raise  # nobody else could be served either
    except CohortsError as exc:
        return Outcome(attempt.change, error=exc)


def _sweep(site: Site) -> None:
    """Drop snapshots of earlier epochs that nothing needs, by the ledger as read back. Failing it harms nothing."""
    with suppress(CohortsError):
        keep = site.writer.read().protected_tables
        for table in sorted(site.client.tables(site.state)):
            epoch = delta.snapshot_epoch(table)
            if epoch is not None and epoch < site.writer.epoch and table not in keep:
                site.client.delete_table(site.state, table)
