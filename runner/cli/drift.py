"""Whether Braze is as the main branch wants it: a plan, how old members are, and the
ledger beside its tables.
"""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.context import Usage, settings, treasure_data, wanted, write
from runner.cli.options import TargetOption, Words, WordsOption
from runner.errors import CohortsError, ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.report.drift import Drift


def drift(
    target: TargetOption = "sandbox",
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
    output: WordsOption = Words.TEXT,
) -> int:
    """List the differences between the files and what is in Braze, stale cohorts, and
    differences from the ledger. Sends nothing.
    """
    from runner.cli import actions
    from runner.report import drift as report
    from runner.report import github

    found = _looked(target)
    if out:
        write(out, report.page(found, address=settings().run_address))
    typer.echo(report.text(found))
    code = ExitCode.CHANGES if detailed_exitcode and found.is_there else ExitCode.DONE
    if output is Words.GITHUB:
        actions.summarize(report.page(found, address=""))
    if found.failure:
        raise found.failure
    if output is Words.GITHUB:
        actions.put_out(
            github.tally(
                [found.plan] if found.plan else [],
                failed=len(found.wrong),
                exit_code=code,
            )
        )
    return code


def _looked(target: str) -> Drift:
    """What is there; a failure is part of it, so that it is told too."""
    from runner.plan.standing import standings
    from runner.report.drift import Drift
    from runner.sync.planned import Request, look
    from runner.sync.verify import verify

    try:
        project, asked = wanted(target)
        with treasure_data(asked.target) as (client, table):
            ledger, made = look(table, project, asked, Request())
            verified = verify(client, table, asked.target, token=secrets.token_hex(8))
    except Usage:
        raise
    except CohortsError as exc:
        return Drift(target, failure=exc)
    stale = [each for each in standings(ledger, made) if each.is_stale]
    return Drift(target, made, stale, verified, asked.invalid_files)


COMMANDS = (drift,)
