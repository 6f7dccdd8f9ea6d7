"""A whole sync: plan, claim the ledger, fence what earlier attempts left, carry out,
sweep, answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from runner.errors import CohortsError, ExitCode, Locked
from runner.plan.ledger import Ledger
from runner.plan.plan import Change, Plan
from runner.project.file import Target
from runner.sync import attempts
from runner.sync.attempts import Outcome
from runner.sync.planned import open_ledger, plan_of
from runner.sync.progress import Doing, Due, Remark
from runner.sync.run_context import RunContext, RunOptions
from runner.sync.ways import Found, Routes, Way, routes, way_of
from runner.sync.writer import Writer, claim


@dataclass(frozen=True, slots=True)
class Summary:
    """How a sync ended: the plan it carried out and one outcome for each change that
    was due, in the plan's order.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    invalid_files: int


def plan_to_carry_out(context: RunContext, options: RunOptions, ledger: Ledger) -> Plan:
    """The plan for what is asked, against a ledger, once somebody has looked at it as
    they must. Raises what `plan_of` raises, and Stale.
    """
    plan = plan_of(context.project, options.wanted, ledger, options.request)
    return options.approval.approved(plan, ledger)


def sync(context: RunContext, options: RunOptions) -> Summary:
    """Bring every due cohort to its wanted members. One that fails stops neither the
    others nor the run.

    Raises what concerns the whole run: InvalidProject, AuthenticationFailed,
    Unavailable, Locked, Stale, Interrupted.
    """
    context.tell(Doing("", "reading the ledger"))
    ledger = open_ledger(context.table, context.target, create=True)
    context.fits(ledger)
    plan = plan_to_carry_out(context, options, ledger)
    if not plan.due:
        return Summary(plan, (), options.wanted.invalid_files)
    refuse_unproven(context.target, ledger)
    found = _routes(plan.due, context)
    with written(context, ledger, patience=options.patience) as writer:
        # another run may have written between the first look and the claim
        context.fits(writer.ledger)
        site = attempts.site_of(context, writer, options.concurrency)
        plan = plan_to_carry_out(context, options, writer.ledger)
        context.tell(Due(len(plan.due)))
        unsettled = attempts.fence(plan.due, site, context, options.concurrency)
        found |= _new_routes(plan, found, context)
        is_any_pending = any(change.deployed.pending for change in plan.due)
        if is_any_pending:
            # what was waited for may have recorded its end
            plan = plan_to_carry_out(context, options, writer.read())
            if attempts.fold(plan.due, found, unsettled, site, context, options):
                plan = plan_to_carry_out(context, options, writer.read())
                tables = context.client.tables(site.state)
                site = replace(site, tables=tables)
            found |= _new_routes(plan, found, context)
            context.tell(Due(len(plan.due)))
        outcomes = attempts.carry_out_all(
            plan, found, unsettled, site, context, options
        )
        attempts.sweep(site, context.checkpoint_rows)
    return Summary(plan, outcomes, options.wanted.invalid_files)


def _new_routes(plan: Plan, found: Routes, context: RunContext) -> dict[Way, Found]:
    """The routes of the ways that are not known yet."""
    new = []
    for change in plan.due:
        way = way_of(change, context.target)
        if way not in found:
            new.append(change)
    return _routes(new, context)


def _routes(due: Sequence[Change], context: RunContext) -> dict[Way, Found]:
    """The route of each change's way, on the target of a run."""
    return routes(due, context.client, context.project, context.target)


def exit_code(summary: Summary) -> ExitCode:
    """The exit code of a sync. Valid cohorts beside invalid files count as done."""
    codes = {_code_of(outcome) for outcome in summary.outcomes}
    if ExitCode.INTERRUPTED in codes:
        return ExitCode.INTERRUPTED
    if summary.plan.stop:
        codes.add(ExitCode.BLOCKED)
    if summary.invalid_files:
        codes.add(ExitCode.INVALID)
        if summary.plan.changes:
            codes.add(ExitCode.DONE)
    return common_code(codes)


def common_code(codes: Set[ExitCode]) -> ExitCode:
    """The exit code for several causes: DONE without any, MIXED where they differ."""
    if len(codes) > 1:
        return ExitCode.MIXED
    return next(iter(codes), ExitCode.DONE)


def _code_of(outcome: Outcome) -> ExitCode:
    """The exit code of one outcome."""
    if outcome.error is None:
        return ExitCode.DONE
    return ExitCode(outcome.error.exit_code)


def refuse_unproven(target: Target, ledger: Ledger) -> None:
    """The connector's setting keys are not public: one that ignored `operation` would
    turn removals into additions. Raises Locked where no canary has proven them.
    """
    if target.is_sandbox or target.mapping in ledger.verified:
        return
    raise Locked(
        "L007",
        f"target {target.name}: it is not proven that its Braze connection"
        " understands `export_settings`",
        f"run `cohorts doctor --target {target.name} --canary external_id:SOMEBODY`"
        " once, with a user of your own",
    )


@contextmanager
def written(
    context: RunContext, ledger: Ledger, *, patience: float, force: bool = False
) -> Iterator[Writer]:
    """The ledger's one writer, for as long as the block lasts; let go however it ends.
    Raises Locked.
    """
    context.tell(Doing("", "claiming the ledger"))
    writer = claim(
        context.table,
        ledger,
        context.run,
        patience=patience,
        tell=lambda what: context.tell(Remark(what)),
        pause=context.stop.wait,
        force=force,
    )
    try:
        yield writer
    finally:
        if not writer.overtaken:
            # where it cannot be let go, the lease runs out by itself
            with suppress(CohortsError):
                writer.release()
