"""A whole sync: plan, claim the ledger, wait for what earlier attempts left running, carry out, sweep, answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from runner.errors import AuthenticationFailed, CohortsError, ExitCode, Locked
from runner.plan import plan as planning
from runner.plan.ledger import Destination, Ledger
from runner.plan.plan import Change, Plan
from runner.project import Project, Target
from runner.sql.wanted import Wanted
from runner.sync import attempt as attempts
from runner.sync import delta
from runner.sync.attempt import Attempt, Done, Listener, Site
from runner.sync.writer import Run, claim
from runner.treasuredata import export
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerTable


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


def read_plan(wanted: Wanted, ledger: Ledger, *, refresh: bool) -> Plan:
    """The plan for what is wanted against a ledger."""
    return planning.make(
        wanted.queries,
        ledger,
        target=wanted.target.name,
        workspace=wanted.target.workspace,
        refresh=refresh,
        may_withdraw=not wanted.invalid_files,
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
                "check `state_database`; this version sets up the sandbox only",
            )
        if not create:
            return Ledger(id="", epoch=0, now=0)
        table.bootstrap()
    return table.read()


def sync(
    wanted: Wanted,
    project: Project,
    client: TreasureData,
    table: LedgerTable,
    run: Run,
    tell: Listener,
    *,
    refresh: bool,
) -> Summary:
    """Bring every due cohort to its wanted members. One that fails stops neither the others nor the run.

    Raises what concerns the whole run: InvalidProject, AuthenticationFailed, Unavailable, Locked.
    """
    target = wanted.target
    ledger = open_ledger(table, target, create=True)
    planned = read_plan(wanted, ledger, refresh=refresh)
    if not planned.due:
        return Summary(planned, (), wanted.invalid_files)
    _refuse_unproven(target)
    route = export.route(
        client,
        target.connection,
        target.export_settings,
        at=project.document.at("targets", target.name, "connection"),
    )
    tell("", "claiming the ledger")
    writer = claim(table, ledger, run)
    site = Site(client, target.database, target.state_database, target.connection, route, writer)
    unsettled = _settle(read_plan(wanted, writer.ledger, refresh=refresh), site, tell)
    planned = read_plan(wanted, writer.read(), refresh=refresh)
    outcomes = _carry_out_all(planned, unsettled, site, tell)
    if {outcome.change.destination for outcome in outcomes} != {change.destination for change in planned.due}:
        raise AssertionError("the set that was synced is not the set that was planned")
    _sweep(site)
    return Summary(planned, outcomes, wanted.invalid_files)


def exit_code(summary: Summary) -> ExitCode:
    """All of one cause: that cause's code; otherwise MIXED. Valid cohorts beside invalid files count as done."""
    codes = {ExitCode(outcome.error.exit_code) if outcome.error else ExitCode.DONE for outcome in summary.outcomes}
    if summary.plan.stop:
        codes.add(ExitCode.BLOCKED)
    if summary.invalid_files:
        codes.add(ExitCode.INVALID)
        if summary.plan.changes:
            codes.add(ExitCode.DONE)
    return codes.pop() if len(codes) == 1 else ExitCode.MIXED if codes else ExitCode.DONE


def _refuse_unproven(target: Target) -> None:
    """The connector's setting keys are not public: one that ignored `operation` would turn removals into additions."""
    if not target.is_sandbox:
        raise Locked(
            "L007",
            f"target {target.name}: it is not proven that its Braze connection understands `export_settings`",
            "this version sends to the sandbox only; validate, render and plan work for every target",
        )


def _settle(planned: Plan, site: Site, tell: Listener) -> dict[Destination, CohortsError]:
    """Wait until nothing that an earlier attempt issued can still act. What cannot be settled fails its cohort only."""
    unsettled: dict[Destination, CohortsError] = {}
    for change in planned.due:
        for pending in change.deployed.pending:
            tell(change.id, "waiting for an earlier attempt")
            try:
                for key in pending.export_keys:
                    export.settle(site.client, key, what=f"{change.id}: waiting for an earlier attempt")
                export.settle_insert(site.client, pending.synced_key)
            except AuthenticationFailed:
                raise
            except CohortsError as exc:
                unsettled[change.destination] = exc
    return unsettled


def _carry_out_all(
    planned: Plan, unsettled: dict[Destination, CohortsError], site: Site, tell: Listener
) -> tuple[Outcome, ...]:
    begun = [attempts.begin(change, site.writer.epoch) for change in planned.due if change.destination not in unsettled]
    _record_intents(begun, site)
    outcomes = [_outcome(attempt, site, tell) for attempt in begun]
    failed = [
        Outcome(change, error=unsettled[change.destination])
        for change in planned.due
        if change.destination in unsettled
    ]
    return tuple(sorted([*outcomes, *failed], key=lambda outcome: outcome.change.destination))


def _record_intents(begun: Sequence[Attempt], site: Site) -> None:
    """One INSERT for the whole run."""
    rows = [site.writer.entry(attempt.change.destination, *attempts.intent(attempt)) for attempt in begun]
    if rows:
        site.writer.append(rows, key=f"cohorts-{site.writer.ledger.id}-{site.writer.epoch}-intents")


def _outcome(attempt: Attempt, site: Site, tell: Listener) -> Outcome:
    try:
        return Outcome(attempt.change, done=attempts.carry_out(attempt, site, tell))
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
