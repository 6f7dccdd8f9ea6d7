"""A look at the people whom a query finds, for a person on a terminal."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from typing import Annotated

import typer

from runner.cli.context import invocation, only_on_a_terminal
from runner.cli.folder import selected
from runner.cli.options import TargetOption
from runner.errors import ExitCode

WARNING = """\
A preview may show identifiers of people. They would stay in what your terminal
remembers, and for 7 days in Treasure Data, among the results of jobs. Without
them you see how many rows there are, and how long their values.\
"""


def preview(
    ctx: typer.Context,
    cohorts: Annotated[
        list[str],
        typer.Argument(
            metavar="COHORT|FILE", help="These cohorts: ids, files or folders."
        ),
    ],
    target: TargetOption = "",
) -> int:
    """Run the queries of cohorts, as `render` prints them, and show their first ten
    rows. Only on a terminal, and never in a CI.

    It asks before it shows identifiers of people. Without a yes it shows how many of
    the first ten rows there are, and how long their values are. It sends nothing to
    Braze, and needs no ledger and no connection.
    """
    from runner.application import previewing
    from runner.report import previewed

    only_on_a_terminal(
        "a preview may show identifiers of people",
        "run it on a terminal; elsewhere `cohorts plan --members` counts them",
        sys.stdin,
        sys.stdout,
    )
    found = previewing.preview(
        invocation(), target=target, select=selected(ctx, cohorts, None), ask=_agreed
    )
    for each in found:
        typer.echo(f"\n{previewed.text(each, target)}")
    return ExitCode.DONE


def _agreed() -> bool:
    typer.echo(WARNING, err=True)
    return typer.confirm("Show identifiers?", err=True)


COMMANDS = (preview,)
