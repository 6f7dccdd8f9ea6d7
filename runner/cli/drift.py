"""Whether Braze is as the main branch wants it."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from runner.cli import actions
from runner.cli.context import invocation, settings, tell_more
from runner.cli.folder import selected, typed
from runner.cli.options import (
    CohortsArgument,
    ExcludeOption,
    Report,
    ReportOption,
    SelectOption,
    TargetOption,
)
from runner.errors import ExitCode


def drift(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    target: TargetOption = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Save the text of an issue in this file, for `github issue`.",
        ),
    ] = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit with code 2 if there is drift."),
    ] = False,
    output: ReportOption = Report.TEXT,
) -> int:
    """List the differences between the files and what is in Braze, stale cohorts, and
    differences from the ledger. Sends nothing.
    """
    from runner.application import drift as application
    from runner.application.files import write
    from runner.report import drift as report
    from runner.report import github

    found = application.drift(
        invocation(),
        target=target,
        select=selected(ctx, cohorts, select),
        exclude=exclude or [],
    )
    out = typed(ctx, out)
    if out:
        write(out, report.page(found, address=settings().run_address))
    code = ExitCode.DONE
    if detailed_exitcode and found.is_there:
        code = ExitCode.CHANGES
    if output is Report.JSON:
        from runner.report import machine

        if found.failure:
            code = found.failure.exit_code
        typer.echo(machine.drifted(found, code))
        return code
    typer.echo(report.text(found))
    tell_more(found.wrong, sys.stdout)
    if output is Report.GITHUB:
        actions.summarize(report.page(found, address=""))
    # a target that cannot be looked at is told on every page before the run fails of it
    if found.failure:
        raise found.failure
    if output is Report.GITHUB:
        plans = [plan for plan in (found.plan,) if plan]
        failed = len(found.wrong)
        actions.put_out(github.tally(plans, failed=failed, exit_code=code))
    return code


COMMANDS = (drift,)
