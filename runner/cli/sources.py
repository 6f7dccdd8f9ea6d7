"""Commands about declared sources: compared with what Treasure Data has, and filled from it."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.context import Usage, project, today, treasure_data, write
from runner.cli.options import TargetOption
from runner.errors import ExitCode, InvalidDefinitions

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.definitions.tables import Tables
    from runner.project.file import Project
    from runner.project.tables import Tables as KnownTables

app = typer.Typer(
    no_args_is_help=True,
    help="Compare declared sources with Treasure Data, or fill them from it.",
    rich_markup_mode=None,
)


@app.command()
def check(target: TargetOption = "sandbox") -> int:
    """List tables and columns of `sources` and of cohorts/tables.yml that do not exist
    in Treasure Data any more, or have another type there.
    """
    from runner.definitions import behind, tables

    loaded = project(target)
    kept = _kept()
    read = _read_by_queries(loaded)[0][target] if kept.document else frozenset()
    found = _found(loaded, target, *(read & kept.columns.keys()))
    problems = sorted(
        [
            *tables.problems(
                loaded.document, loaded.sources, found, loaded.targets[target].database
            ),
            *behind.behind(kept, found, read),
        ]
    )
    for problem in problems:
        typer.echo(str(problem))
    for line in behind.news(kept, found, read):
        typer.echo(f"information: {line}")
    if not problems:
        both = (
            f" and {_count(len(kept.columns.keys() & read), 'table')}"
            if kept.document
            else ""
        )
        typer.echo(
            f"{_count(len(loaded.sources), 'source')}{both} checked: no problems."
        )
    return ExitCode.FAILED if problems else ExitCode.DONE


@app.command()
def pull(
    table: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TABLE", help="New tables to declare, as database.table."
        ),
    ] = None,
    target: TargetOption = "sandbox",
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
    TABLE, print the lines to add.
    """
    from runner.definitions import tables
    from runner.project.file import FILE

    loaded = project(target)
    if keep_tables:
        if table:
            what = "--tables keeps the tables that queries read, and takes no TABLE"
            raise Usage("P114", what, "leave one of the two out")
        return _pull_tables(loaded, target)
    database = loaded.targets[target].database
    asked = [name if "." in name else f"{database}.{name}" for name in table or ()]
    found = _found(loaded, target, *asked)
    if unknown := [name for name in asked if name not in found]:
        raise Usage("P113", f"there is no table {unknown[0][:60]}", "correct its name")
    if asked:
        typer.echo(f"# to be put under `sources` in {FILE}; say what its key is")
        typer.echo("\n".join(tables.draft(name, found[name]) for name in asked))
        return ExitCode.DONE
    text, names = tables.with_new_columns(
        loaded.document, loaded.sources, found, database
    )
    if not names:
        typer.echo("Every column is declared already.")
        return ExitCode.DONE
    (Path() / FILE).write_text(text, encoding="utf-8")
    typer.echo(
        f"{len(names)} column{'s' * (len(names) != 1)} added to {FILE}: {', '.join(names)}."
    )
    return ExitCode.DONE


def _pull_tables(loaded: Project, target: str) -> int:
    """Write cohorts/tables.yml anew, with what queries of this target read as it is there."""
    from runner.definitions import behind
    from runner.project import tables

    before = tables.load(Path())
    old = (
        tables.NOTHING if isinstance(before, tuple) else before
    )  # a file that cannot be read is written anew
    read, are_all = _read_by_queries(loaded)
    mine = read[target]
    # a cohort with problems of its own may read any of those that are there
    others = frozenset().union(*read.values()) if are_all else old.columns.keys()
    found = _found(loaded, target, *mine)
    renewed = behind.renewed(old, found, mine, others)
    text = tables.text(renewed)
    write(Path() / tables.FILE, text)
    changed = not old.document or text != old.document.source
    kept = f"{_count(len(renewed), 'table')} in {tables.FILE}"
    typer.echo(f"{kept}{'.' if changed else ': nothing has changed.'}")
    for name in sorted(mine - found.keys()):
        typer.echo(
            f"information: {name}: read by a query, and not there (target {target})"
        )
    return ExitCode.DONE


def _read_by_queries(loaded: Project) -> tuple[Mapping[str, frozenset[str]], bool]:
    """The tables that good queries read, by target; and whether these are all queries."""
    from runner.definitions import tree as trees
    from runner.definitions.known import NOTHING_KNOWN
    from runner.sql import wanted as queries

    # a file that is behind must not be what keeps it from being written anew
    tree = replace(trees.load(Path(), loaded, today()), known=NOTHING_KNOWN)
    asked = {
        name: queries.wanted(tree, target) for name, target in loaded.targets.items()
    }
    read = {name: queries.tables_of(each, tree) for name, each in asked.items()}
    return read, not any(each.problems for each in asked.values())


def _kept() -> KnownTables:
    """What cohorts/tables.yml knows. Raises InvalidDefinitions."""
    from runner.project import tables

    loaded = tables.load(Path())
    if isinstance(loaded, tuple):
        raise InvalidDefinitions(loaded)
    return loaded


def _count(number: int, of: str) -> str:
    return f"{number} {of}{'s' * (number != 1)}"


def _found(loaded: Project, target: str, *more: str) -> Tables:
    """The columns of every database that sources, or tables asked for, are in."""
    from runner.definitions import tables

    here = loaded.targets[target]
    names = {
        *more,
        *(
            tables.full_name(source, here.database)
            for source in loaded.sources.values()
        ),
    }
    with treasure_data(here) as (client, _):
        return {
            f"{database}.{name}": columns
            for database in sorted({name.partition(".")[0] for name in names})
            for name, columns in client.columns(database).items()
        }
