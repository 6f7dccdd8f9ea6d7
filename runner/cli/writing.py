"""Commands that write cohort files: a new one, and all of them in order."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.errors import ExitCode, InvalidDefinitions

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.writing import Choices, Wish


def new(
    cohort: Annotated[
        str,
        typer.Argument(metavar="ID", help="The new cohort's id; asked for without it."),
    ] = "",
    name: Annotated[str, typer.Option(help="What Braze is to show.")] = "",
    description: Annotated[str, typer.Option(help="Who is meant, in words.")] = "",
    owner: Annotated[str, typer.Option(help="The team that answers for it.")] = "",
    source: Annotated[
        str, typer.Option("--from", metavar="SOURCE", help="A source of people.")
    ] = "",
    event: Annotated[
        str,
        typer.Option(
            metavar="SOURCE", help="A source of events that the first rule asks for."
        ),
    ] = "",
    folder: Annotated[str, typer.Option(help="A folder under cohorts/.")] = "",
) -> int:
    """Write a new cohort's file, with a first rule and a first test; asks for what is not given."""
    from runner.application import writing

    wish = writing.Wish(cohort, name, description, owner, source, event, folder)
    if sys.stdin.isatty():
        wish = _completed(wish, writing.choices(Path()))
    path = writing.new(Path(), wish)
    typer.echo(f"{path} is written, with a rule and a test to make your own.")
    typer.echo(
        f"Then: cohorts test -s {path.stem}, and cohorts review, which needs no key."
    )
    return ExitCode.DONE


def _completed(wish: Wish, choices: Choices) -> Wish:
    """Ask a person for what was not given; Enter takes what is proposed."""
    from runner.application.writing import titled

    cohort = wish.cohort or typer.prompt(
        "Id (lower-case letters, digits and underscores; never changes)"
    )
    name = wish.name or typer.prompt("Name in Braze", default=titled(cohort))
    description = wish.description or typer.prompt(
        "Who is meant, in words", default="", show_default=False
    )
    owner = wish.owner
    if not owner and choices.needs_owner:
        owner = typer.prompt("Owner")
    people = choices.people
    source = wish.source
    if not source and len(people) > 1:
        source = typer.prompt(
            f"Source of people ({', '.join(people)})", default=people[0]
        )
    return replace(
        wish,
        cohort=cohort,
        name=name,
        description=description,
        owner=owner,
        source=source,
    )


def fmt(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Change nothing; end with 1 where something would be."
        ),
    ] = False,
) -> int:
    """Bring the keys of cohort files into their usual order; comments go with their keys."""
    from runner.application import writing

    found = writing.order(Path(), only_check=check)
    suffix, verb = "", "changed"
    if check:
        suffix, verb = " would be", "would change"
    for path in found.paths:
        typer.echo(f"{path}{suffix} brought into order")
    typer.echo(f"{len(found.paths)} of {found.files} files {verb}.")
    if found.unreadable:
        raise InvalidDefinitions(found.unreadable)
    return found.exit_code


COMMANDS = (new, fmt)
