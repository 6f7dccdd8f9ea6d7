"""Commands about declared sources: compared with what Treasure Data has, and filled from it."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.context import Usage, project, treasure_data
from runner.cli.options import TargetOption
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.definitions.tables import Tables
    from runner.project import Project

app = typer.Typer(
    no_args_is_help=True,
    help="Compare declared sources with Treasure Data, or fill them from it.",
    rich_markup_mode=None,
)


@app.command()
def check(target: TargetOption = "sandbox") -> int:
    """Tell which tables and columns of `sources` do not exist there any more, or are of another type."""
    from runner.definitions import tables

    loaded = project(target)
    found = _found(loaded, target)
    problems = sorted(tables.problems(loaded.document, loaded.sources, found, loaded.targets[target].database))
    for problem in problems:
        typer.echo(str(problem))
    count = len(loaded.sources)
    if not problems:
        typer.echo(f"{count} source{'s' * (count != 1)} checked: no problems.")
    return ExitCode.FAILED if problems else ExitCode.DONE


@app.command()
def pull(
    table: Annotated[
        list[str] | None, typer.Argument(metavar="TABLE", help="Tables to be declared: database.table.")
    ] = None,
    target: TargetOption = "sandbox",
) -> int:
    """Add to cohorts/project.yml the columns that sources do not declare yet; of a new TABLE, print what to declare."""
    from runner.definitions import tables
    from runner.project import FILE

    loaded = project(target)
    database = loaded.targets[target].database
    asked = [name if "." in name else f"{database}.{name}" for name in table or ()]
    found = _found(loaded, target, *asked)
    if unknown := [name for name in asked if name not in found]:
        raise Usage("P113", f"there is no table {unknown[0][:60]}", "correct its name")
    if asked:
        typer.echo(f"# to be put under `sources` in {FILE}; say what its key is")
        typer.echo("\n".join(tables.draft(name, found[name]) for name in asked))
        return ExitCode.DONE
    text, names = tables.with_new_columns(loaded.document, loaded.sources, found, database)
    if not names:
        typer.echo("Every column is declared already.")
        return ExitCode.DONE
    (Path() / FILE).write_text(text, encoding="utf-8")
    typer.echo(f"{len(names)} column{'s' * (len(names) != 1)} added to {FILE}: {', '.join(names)}.")
    return ExitCode.DONE


def _found(loaded: Project, target: str, *more: str) -> Tables:
    """The columns of every database that sources, or tables asked for, are in."""
    from runner.definitions import tables

    here = loaded.targets[target]
    names = {*more, *(tables.full_name(source, here.database) for source in loaded.sources.values())}
    with treasure_data(here) as (client, _):
        return {
            f"{database}.{name}": columns
            for database in sorted({name.partition(".")[0] for name in names})
            for name, columns in client.columns(database).items()
        }
