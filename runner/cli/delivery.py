"""Commands that bring cohorts to Braze, and tell how they are."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.actions import leave_plan, leave_sync
from runner.cli.agreed import Reviews, compared, kept, refuse_other
from runner.cli.base import base_of, offline_plan
from runner.cli.context import (
    Stop,
    Usage,
    confirm,
    patience,
    place,
    selected,
    tell_problems,
    treasure_data,
    wanted,
    write,
)
from runner.cli.context import project as project_of
from runner.cli.notices import noticed, tell
from runner.cli.options import (
    AllowOption,
    ConcurrencyOption,
    DueOption,
    ExcludeOption,
    LockOption,
    Output,
    OutputOption,
    ReassertOption,
    RefreshOption,
    Report,
    ReportOption,
    SelectOption,
    TargetOption,
    YesOption,
)
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.plan.ledger import Ledger
    from runner.plan.plan import Plan
    from runner.project.file import Project
    from runner.sql.wanted import Wanted
    from runner.sync.place import How, Place
    from runner.sync.planned import Request
    from runner.sync.run import Summary


def plan(
    target: TargetOption = "sandbox",
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
    from runner.environment import repository
    from runner.plan import selection
    from runner.report import machine, terminal
    from runner.sync.planned import Request

    project, asked = wanted(target)
    if offline or base:
        if members or refresh or due or reassert:
            what = "without Treasure Data, nothing is counted, due or refreshed"
            raise Usage(
                "P114", what, "leave --offline and --base out, or the other option"
            )
        made = selected(
            offline_plan(project, asked, base_of(Path(), base)), select, exclude
        )
    else:
        chosen = selection.read(select or [], exclude or [])
        request = Request(refresh, due, reassert, chosen)
        made = _live(project, asked, request, members=members)
    told = machine.plan(
        made, asked.problems, commit=repository.commit(Path()), now=int(time.time())
    )
    if out:
        write(out, f"{told}\n")
    typer.echo(told if output is Report.JSON else terminal.plan(made, counted=members))
    tell_problems(asked.problems, output)
    blocked, failed = (
        bool(made.stop or made.refused),
        any(change.uncounted for change in made.changes),
    )
    code = plan_exit_code(
        asked,
        blocked=blocked,
        failed=failed,
        changes=detailed_exitcode and made.has_changes,
    )
    if output is Report.GITHUB:
        how = (
            "without Treasure Data nobody can"
            if offline or base
            else "<code>--members</code> counts them"
        )
        leave_plan(
            made,
            asked,
            code,
            {"plan_path": str(out)} if out else {},
            uncounted="" if members else how,
        )
    return code


def _live(project: Project, asked: Wanted, request: Request, *, members: bool) -> Plan:
    """The plan by the ledger's account, with members counted if they are to be."""
    from runner.sync.counting import Counter, counted
    from runner.sync.planned import look

    with treasure_data(asked.target) as (client, table):
        ledger, made = look(table, project, asked, request)
        if members:
            now, token = ledger.now or int(time.time()), secrets.token_hex(8)
            counter = Counter(
                client, asked.target, token, now, project, request.reassert
            )
            made = counted(made, counter)
    return made


def plan_exit_code(
    asked: Wanted, *, blocked: bool, failed: bool, changes: bool
) -> ExitCode:
    """A plan's exit code: an unsafe change fails in review, not on merge."""
    if asked.problems:
        return ExitCode.MIXED if asked.queries else ExitCode.INVALID
    if failed:
        return ExitCode.FAILED
    if blocked:
        return ExitCode.BLOCKED
    return ExitCode.CHANGES if changes else ExitCode.DONE


@noticed
def sync(
    target: TargetOption = "sandbox",
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
    output: ReportOption = Report.TEXT,
) -> int:
    """Bring every cohort that changed, or whose last attempt is unfinished, to its wanted
    members in Braze.
    """
    from runner.plan import overrides, selection
    from runner.sync.place import How
    from runner.sync.planned import Request, plan_of

    granted = overrides.read(allow or [], reason)
    project, asked = wanted(target)
    agreed = kept(plan_file, target=target, max_age=max_age) if plan_file else None
    reviews = Reviews(target, Path())
    request = Request(
        refresh, due, reassert, selection.read(select or [], exclude or []), granted
    )

    def planned(ledger: Ledger) -> Plan:
        chosen = plan_of(project, asked, ledger, request)
        if agreed:
            refuse_other(chosen, agreed)
            return chosen
        return (
            chosen
            if granted.unreviewed
            else compared(chosen, project, asked, reviews, last=ledger.settled)
        )

    how, stop = How(planned, concurrency, patience(lock_timeout), reassert), Stop()
    why = reason or (agreed.words if agreed else "")
    settles = not (
        agreed or select or exclude or asked.problems
    )  # then all of this tree was looked at, or allowed
    with place(
        project,
        asked.target,
        stop=stop,
        allow_old_tree=granted.old_tree,
        reason=why,
        settles=settles,
    ) as here:
        summary = synced(here, how, asked, yes=yes)
    return told(summary, asked, stop, output)


def synced(here: Place, how: How, asked: Wanted, *, yes: bool) -> Summary:
    """Ask where a target is protected, then sync."""
    from runner.sync.run import sync as carry_out

    confirm(here, how.planned, yes=yes)
    return carry_out(here, how, invalid_files=asked.invalid_files)


def told(summary: Summary, asked: Wanted, stop: Stop, output: Output | Report) -> int:
    """Print how a sync ended; its exit code."""
    from runner.report import machine, terminal
    from runner.sync.run import exit_code

    code = exit_code(summary)
    if output == Output.JSON:
        typer.echo(machine.summary(summary, code, asked.problems))
    else:
        typer.echo(terminal.summary(summary))
        for warning in (
            summary.plan.warnings if output == Report.GITHUB or summary.outcomes else ()
        ):
            typer.echo(f"warning: {warning}", err=True)
    tell_problems(asked.problems, output)
    if output == Report.GITHUB:
        leave_sync(summary, asked, code)
    tell(summary)
    return 128 + stop.signal if stop.signal and code is ExitCode.INTERRUPTED else code


def status(
    target: TargetOption = "sandbox",
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show every cohort by the ledger: its members in Braze, the time that they are
    right for, and whether it is due, failed or stale.
    """
    from runner.plan import selection
    from runner.plan.standing import standings
    from runner.report import machine
    from runner.report import status as report
    from runner.sync.planned import Request, look

    project, asked = wanted(target)
    request = Request(due=True, selection=selection.read(select or [], exclude or []))
    with treasure_data(asked.target) as (_, table):
        ledger, shown = look(table, project, asked, request)
    found = standings(ledger, shown)
    if output is Output.JSON:
        typer.echo(machine.status(shown, found, ledger.now, asked.problems))
    else:
        typer.echo(report.status(found))
    tell_problems(asked.problems, output)
    return ExitCode.FAILED if any(each.is_stale for each in found) else ExitCode.DONE


def history(
    cohort: Annotated[
        str, typer.Argument(help="The cohort's id in Braze. Without it: all cohorts.")
    ] = "",
    target: TargetOption = "sandbox",
    limit: Annotated[
        int,
        typer.Option(
            min=0, help="The greatest number of records, the newest first; 0 shows all."
        ),
    ] = 50,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show what the ledger records: what was synced, when, by whom and why. Needs no cohort files."""
    from runner.plan.history import records
    from runner.report import machine, terminal

    with treasure_data(project_of(target).targets[target]) as (_, table):
        found = records(table.entries()[0]) if table.exists() else ()
    mine = [
        each for each in found if not cohort or each.destination.cohort_id == cohort
    ]
    if cohort and not mine:
        known = sorted({each.destination.cohort_id for each in found} - {""})
        fix = (
            f"known are: {', '.join(known[:10])}"
            if known
            else "nothing was synced to this target yet"
        )
        raise Usage("P103", f"the ledger knows no cohort {cohort[:60]!r}", fix)
    shown = mine[:limit] if limit else mine
    typer.echo(
        machine.history(shown)
        if output is Output.JSON
        else terminal.history(shown, of=len(mine))
    )
    return ExitCode.DONE


@noticed
def rollback(
    cohort: Annotated[str, typer.Argument(help="The cohort's id.")],
    reason: Annotated[
        str, typer.Option("--reason", help="The reason; the ledger keeps it.")
    ],
    target: TargetOption = "sandbox",
    lock_timeout: LockOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.TEXT,
) -> int:
    """Bring back the members that a cohort had before its last sync, and hold the
    cohort until its definition changes.
    """
    from runner.sync.place import How
    from runner.sync.upkeep import rolled_back

    project, asked = wanted(target)
    query = next((query for query in asked.queries if query.cohort.id == cohort), None)
    if query is None:
        raise Usage(
            "P103",
            f"there is no cohort {cohort!r}",
            "`cohorts validate` lists what is wrong with the files, and needs no key",
        )
    stop = Stop()
    with place(
        project, asked.target, stop=stop, allow_old_tree=True, reason=reason
    ) as here:
        how = How(
            lambda ledger: rolled_back(here, asked, query, ledger),
            patience=patience(lock_timeout),
        )
        summary = synced(here, how, asked, yes=yes)
    return told(summary, asked, stop, output)


COMMANDS = (plan, sync, status, history, rollback)
