"""Commands that write cohort files: a new one, and all of them in order."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.asking import Questions
from runner.cli.folder import selected
from runner.cli.options import CohortsArgument, ExcludeOption, SelectOption
from runner.errors import ExitCode, InvalidDefinitions

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.writing import Choices, Wish


def new(
    cohort: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The new cohort's id. Without it, the command asks for it.",
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="The name that Braze shows.")] = "",
    description: Annotated[
        str, typer.Option(help="A description of the people in the cohort.")
    ] = "",
    owner: Annotated[str, typer.Option(help="The team that owns the cohort.")] = "",
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="The source of people that the cohort selects from.",
        ),
    ] = "",
    event: Annotated[
        str,
        typer.Option(
            metavar="SOURCE", help="A source of events that the first rule asks for."
        ),
    ] = "",
    folder: Annotated[
        str, typer.Option(help="The folder for the file, under cohorts/.")
    ] = "",
) -> int:
    """Write a new cohort's file, with a first rule and a first test. The command asks
    for missing options.
    """
    from runner.application import writing

    wish = writing.Wish(cohort, name, description, owner, source, event, folder)
    if sys.stdin.isatty():
        wish = _completed(wish, writing.choices(Path()))
    path = writing.new(Path(), wish)
    typer.echo(f"{path} is written, with a rule and a test to make your own.")
    typer.echo(f"Then: cohorts test -s {path.stem}, and cohorts describe {path.stem}.")
    return ExitCode.DONE


def _completed(wish: Wish, choices: Choices) -> Wish:
    """Ask a person for what was not given; Enter takes what is proposed. Each answer is
    checked when it is given.
    """
    from runner.application import writing

    def fits(**answer: str) -> None:
        writing.check(Path(), replace(wish, **answer))

    questions = Questions()
    # a name is what people have; the id follows from it
    if not wish.name and not wish.cohort:
        found = questions.ask("--name", "Name in Braze", lambda each: fits(name=each))
        wish = replace(wish, name=found)
    if not wish.cohort:
        found = questions.ask(
            "",
            "Id (lower-case letters, digits and underscores; never changes)",
            lambda each: fits(cohort=each),
            default=writing.id_of(wish.name),
        )
        wish = replace(wish, cohort=found)
    if not wish.name:
        found = questions.ask(
            "--name",
            "Name in Braze",
            lambda each: fits(name=each),
            default=writing.titled(wish.cohort),
        )
        wish = replace(wish, name=found)
    if not wish.description:
        found = questions.ask(
            "--description",
            "Who is meant, in words",
            lambda each: fits(description=each),
            may_be_empty=True,
        )
        wish = replace(wish, description=found)
    if not wish.owner and choices.needs_owner:
        found = questions.ask("--owner", "Owner", lambda each: fits(owner=each))
        wish = replace(wish, owner=found)
    people = choices.people
    if not wish.source and len(people) > 1:
        question = f"Source of people ({', '.join(people)})"
        found = questions.ask(
            "--from", question, lambda each: fits(source=each), default=people[0]
        )
        wish = replace(wish, source=found)
    return wish


def fmt(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Change no file. Exit with code 1 if a file would change."
        ),
    ] = False,
) -> int:
    """Sort the keys of cohort files into their usual order; comments move with their keys."""
    from runner.application import writing

    found = writing.order(
        Path(),
        only_check=check,
        select=selected(ctx, cohorts, select),
        exclude=exclude or [],
    )
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
