"""Commands about declared sources: compared with what Treasure Data has, and filled from it."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from runner.cli.context import invocation, tell_more
from runner.cli.options import TargetOption
from runner.errors import ExitCode, Usage

app = typer.Typer(
    no_args_is_help=True,
    help="Compare declared sources with Treasure Data, or fill them from it.",
    rich_markup_mode=None,
)


@app.command()
def check(target: TargetOption = "") -> int:
    """List tables and columns of `sources` and of cohorts/tables.yml that do not exist
    in Treasure Data any more, or have another type there.
    """
    from runner.application import sources

    found = sources.compare(invocation(), target=target)
    for problem in found.problems:
        typer.echo(str(problem))
    tell_more(found.problems, sys.stdout)
    for line in found.news:
        typer.echo(f"information: {line}")
    if not found.problems:
        checked = _count(found.sources, "source")
        if found.tables is not None:
            checked += f" and {_count(found.tables, 'table')}"
        typer.echo(f"{checked} checked: no problems.")
    return found.exit_code


@app.command()
def pull(
    table: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TABLE", help="New tables to declare, as database.table."
        ),
    ] = None,
    target: TargetOption = "",
    keep_tables: Annotated[
        bool,
        typer.Option(
            "--tables",
            help="Save the columns and types of all tables that queries read"
            " in cohorts/tables.yml.",
        ),
    ] = False,
) -> int:
    """Add the columns that sources do not declare yet to cohorts/project.yml. For a new
    TABLE, print the lines to add. What is proposed from a look at some rows (`join`,
    `time`, `date`) has its reason in a comment.
    """
    if keep_tables:
        if table:
            what = "--tables keeps the tables that queries read, and takes no TABLE"
            raise Usage("P114", what, "leave out --tables, or leave out the table")
        _pull_tables(target)
    elif table:
        _draft(target, table)
    else:
        _pull_columns(target)
    return ExitCode.DONE


def _draft(target: str, names: list[str]) -> None:
    """Print what to declare for some tables."""
    from runner.application import sources
    from runner.project.file import FILE

    drafts = sources.drafts(invocation(), target=target, names=names)
    if drafts.texts:
        typer.echo(f"# to be put under `sources` in {FILE}; check what is proposed")
        typer.echo("\n".join(drafts.texts))
    for table, source in drafts.declared.items():
        told = f"information: {table} is declared already as {source} in {FILE}"
        typer.echo(f"{told}; `cohorts sources pull` adds its new columns", err=True)
    _tell_unseen(drafts.unseen)


def _pull_columns(target: str) -> None:
    """Fill the declared sources."""
    from runner.application import sources
    from runner.project.file import FILE

    pulled = sources.pull_columns(invocation(), target=target)
    if not pulled.names:
        typer.echo("Every column is declared already.")
        return
    added = _count(len(pulled.names), "column")
    typer.echo(f"{added} added to {FILE}: {', '.join(pulled.names)}.")
    _tell_unseen(pulled.unseen)


def _tell_unseen(unseen: Mapping[str, str]) -> None:
    """Say of which tables nothing could be proposed; not among what may be kept."""
    for table, why in unseen.items():
        line = f"information: nothing is proposed for {table} from its rows: {why}"
        typer.echo(line, err=True)


def _pull_tables(target: str) -> None:
    """Write the file of tables anew."""
    from runner.application import sources
    from runner.project.tables import FILE

    found = sources.pull_tables(invocation(), target=target)
    kept = f"{_count(found.number, 'table')} in {FILE}"
    if found.has_changed:
        typer.echo(f"{kept}.")
    else:
        typer.echo(f"{kept}: nothing has changed.")
    for name in found.missing:
        typer.echo(
            f"information: a query reads {name}, which does not exist (target {target})"
        )


def _count(number: int, of: str) -> str:
    if number == 1:
        return f"1 {of}"
    return f"{number} {of}s"
