"""Commands that bring cohorts to Braze, and tell how they are."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import actions
from runner.cli.context import (
    invocation,
    patience,
    settings,
    show,
    tell_problems,
    terminal_width,
)
from runner.cli.folder import selected, typed
from runner.cli.notices import noticed, tell
from runner.cli.options import (
    AllowOption,
    CohortsArgument,
    ConcurrencyOption,
    DueOption,
    ExcludeOption,
    LockOption,
    Output,
    OutputOption,
    QuietOption,
    ReassertOption,
    RefreshOption,
    Report,
    ReportOption,
    SelectOption,
    TargetOption,
    YesOption,
)
from runner.cli.progress import Stop, confirmation, watched
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.planning import Planned, PlanOptions
    from runner.application.syncing import Synced


def plan(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    target: TargetOption = "",
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    members: Annotated[
        bool,
        typer.Option("--members", help="Count the members who would enter and leave."),
    ] = False,
    refresh: RefreshOption = False,
    due: DueOption = False,
    reassert: ReassertOption = False,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline",
            help="Compare with the commit where this branch began, not with Braze. Needs no key.",
        ),
    ] = False,
    base: Annotated[
        str,
        typer.Option(
            "--base",
            metavar="REF",
            help="Like --offline, but compare with this commit.",
        ),
    ] = "",
    detailed_exitcode: Annotated[
        bool,
        typer.Option(
            "--detailed-exitcode",
            help="Exit with code 2 if a sync would change anything.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Also save the plan as JSON in this file, for `sync --plan`.",
        ),
    ] = None,
    output: ReportOption = Report.TEXT,
) -> int:
    """Show what a sync would do and why; sends nothing."""
    from runner.application import planning
    from runner.application.files import write
    from runner.report import machine, more, terminal

    options = planning.PlanOptions(
        target,
        selected(ctx, cohorts, select),
        exclude or [],
        refresh=refresh,
        due=due,
        reassert=reassert,
        members=members,
        offline=offline,
        base=base,
    )
    found = planning.plan(invocation(), options)
    problems = found.wanted.problems
    text = machine.plan(
        found.plan,
        problems,
        commit=found.commit,
        now=found.made_at,
        uncommitted=found.uncommitted,
    )
    out = typed(ctx, out)
    if out:
        write(out, f"{text}\n")
    if output is Report.JSON:
        typer.echo(text)
    else:
        show(terminal.plan(found.plan, counted=members))
    tell_problems(problems, output, more.of_plan(found.plan))
    code = found.exit_code
    if detailed_exitcode and code is ExitCode.DONE and found.plan.has_changes:
        code = ExitCode.CHANGES
    if output is Report.GITHUB:
        _leave_plan(found, code, out, uncounted=_uncounted(options))
    return code


def _uncounted(options: PlanOptions) -> str:
    """Why a plan has no members counted, in GitHub's markup; empty where it has."""
    if options.members:
        return ""
    if options.compares_with_commit:
        return "without Treasure Data nobody can"
    return "<code>--members</code> counts them"


def _leave_plan(
    found: Planned, code: ExitCode, out: Path | None, *, uncounted: str
) -> None:
    """Leave a plan in GitHub Actions: what a guard stops on its line, the plan as a page,
    and numbers.
    """
    from runner.application.reviewing import Review
    from runner.report import github
    from runner.report.review import summary

    problems = found.wanted.problems
    notes = [*github.of_problems("error", problems), *github.of_plan(found.plan)]
    actions.annotate(notes)
    shown = Review(
        found.plan.target,
        found.plan,
        problems,
        uncounted=uncounted,
        address=settings().run_address,
    )
    actions.summarize(summary(shown))
    failed = sum(bool(change.uncounted) for change in found.plan.changes)
    outputs = github.tally([found.plan], failed=failed, exit_code=code)
    if out:
        outputs["plan_path"] = str(out)
    actions.put_out(outputs)


@noticed
def sync(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    target: TargetOption = "",
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    refresh: RefreshOption = False,
    due: DueOption = False,
    reassert: ReassertOption = False,
    concurrency: ConcurrencyOption = 4,
    lock_timeout: LockOption = None,
    yes: YesOption = False,
    allow: AllowOption = None,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            envvar="COHORTS_REASON",
            help="The reason for --allow; the ledger keeps it.",
        ),
    ] = "",
    plan_file: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Sync exactly this saved plan. If anything else would be delivered,"
            " send nothing and exit with code 8.",
        ),
    ] = None,
    max_age: Annotated[
        str,
        typer.Option(
            "--max-age", metavar="24h", help="The greatest age of the saved plan."
        ),
    ] = "24h",
    quiet: QuietOption = False,
    output: ReportOption = Report.TEXT,
) -> int:
    """Bring every cohort that changed, or whose last attempt is unfinished, to its wanted
    members in Braze.
    """
    from runner.application import syncing

    options = syncing.SyncOptions(
        target,
        selected(ctx, cohorts, select),
        exclude or [],
        refresh=refresh,
        due=due,
        reassert=reassert,
        concurrency=concurrency,
        patience=patience(lock_timeout),
        allow=allow or [],
        reason=reason,
        plan_file=typed(ctx, plan_file),
        max_age=max_age,
    )
    stop = Stop()
    found = syncing.sync(
        invocation(),
        options,
        watched(stop, quiet=quiet),
        confirmation(target, yes=yes),
    )
    return _told(found, stop, output, quiet=quiet)


def _told(
    found: Synced, stop: Stop, output: Output | Report, *, quiet: bool = False
) -> int:
    """Print how a sync ended, or, `quiet`, what of it failed; returns its exit code."""
    from runner.report import machine, more, terminal

    code = found.exit_code
    summary = found.summary
    if output == Output.JSON:
        typer.echo(machine.summary(summary, code, found.problems))
    else:
        text = terminal.summary(summary)
        if quiet:
            text = terminal.quiet(text)
        show(text)
        # on a terminal a run without work has nothing to warn of
        if summary.outcomes or output == Report.GITHUB:
            for warning in summary.plan.warnings:
                typer.echo(f"warning: {warning}", err=True)
    tell_problems(found.problems, output, more.of_summary(summary))
    if output == Report.GITHUB:
        _leave_sync(found, code)
    tell(summary)
    return stop.exit_code(code)


def _leave_sync(found: Synced, code: ExitCode) -> None:
    """Leave a sync in GitHub Actions: who failed, at their files, how everybody fared as
    a page, and numbers.
    """
    from runner.report import github, synced

    summary = found.summary
    actions.annotate(
        [
            *github.of_problems("error", found.problems),
            *github.of_sync(summary),
            *github.of_problems("warning", summary.plan.warnings),
        ]
    )
    address = settings().run_address
    actions.summarize(synced.page(summary, found.problems, address=address))
    codes = [each.error.exit_code for each in summary.outcomes if each.error]
    blocked = codes.count(ExitCode.BLOCKED)
    # those that the plan refused are in the tally of the plan already
    refused = max(0, blocked - len(summary.plan.refused))
    actions.put_out(
        github.tally(
            [summary.plan],
            failed=len(codes) - blocked,
            exit_code=code,
            refused=refused,
        )
    )


def status(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    target: TargetOption = "",
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show every cohort by the ledger: its members in Braze, the time that they are
    right for, and whether it is due, failed or stale.
    """
    from runner.application import standing
    from runner.report import machine
    from runner.report import status as report

    found = standing.status(
        invocation(),
        target=target,
        select=selected(ctx, cohorts, select),
        exclude=exclude or [],
    )
    if output is Output.JSON:
        text = machine.status(found.plan, found.standings, found.now, found.problems)
        typer.echo(text)
    else:
        show(report.status(found.standings, terminal_width()))
    tell_problems(found.problems, output)
    return found.exit_code


def history(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    target: TargetOption = "",
    limit: Annotated[
        int,
        typer.Option(
            min=0, help="The greatest number of records, the newest first; 0 shows all."
        ),
    ] = 50,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show what the ledger records: what was synced, when, by whom and why. Ids are those
    in Braze. Needs no cohort files.
    """
    from runner.application import standing
    from runner.report import machine, terminal

    found = standing.history(
        invocation(),
        target=target,
        select=selected(ctx, cohorts, select),
        exclude=exclude or [],
        limit=limit,
    )
    if output is Output.JSON:
        typer.echo(machine.history(found.records))
    else:
        typer.echo(terminal.history(found.records, of=found.total))
    return ExitCode.DONE


@noticed
def rollback(
    cohort: Annotated[str, typer.Argument(help="The cohort's id.")],
    reason: Annotated[
        str, typer.Option("--reason", help="The reason; the ledger keeps it.")
    ],
    target: TargetOption = "",
    lock_timeout: LockOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.TEXT,
) -> int:
    """Bring back the members that a cohort had before its last sync, and hold the
    cohort until its definition changes.
    """
    from runner.application import upkeep

    stop = Stop()
    found = upkeep.rollback(
        invocation(),
        watched(stop),
        confirmation(target, yes=yes),
        target=target,
        cohort=cohort,
        reason=reason,
        patience=patience(lock_timeout),
    )
    return _told(found, stop, output)


COMMANDS = (plan, sync, status, history, rollback)
