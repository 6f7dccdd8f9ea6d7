"""Commands that write cohort files: a new one, and all of them in order."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.cli.context import Usage, project
from runner.errors import ExitCode, InvalidDefinitions, Problem

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.files.documents import Document
    from runner.project.file import Project
    from runner.project.sources import Source


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command was given; empty where it was not."""

    cohort: str
    name: str
    description: str
    owner: str
    source: str
    event: str
    folder: str


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
    loaded = project("")
    asked = _Asked(cohort, name, description, owner, source, event, folder)
    path = _written(asked, loaded, Path(), may_ask=sys.stdin.isatty())
    typer.echo(f"{path} is written, with a rule and a test to make your own.")
    typer.echo(
        f"Then: cohorts test -s {path.stem}, and cohorts review, which needs no key."
    )
    return ExitCode.DONE


def fmt(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Change no file. Exit with code 1 if a file would change."
        ),
    ] = False,
) -> int:
    """Sort the keys of cohort files into their usual order; comments move with their keys."""
    from runner.definitions import layout
    from runner.definitions.folder import documents_of
    from runner.files.documents import Document

    changed: list[str] = []
    unreadable: list[Problem] = []
    files = list(documents_of(Path()))
    for path, document in files:
        if not isinstance(document, Document):
            unreadable += document
        elif (text := layout.formatted(document)) != path.read_text("utf-8-sig"):
            changed.append(document.path)
            if not check:
                path.write_text(text, encoding="utf-8")
    for shown in changed:
        typer.echo(f"{shown}{' would be' if check else ''} brought into order")
    typer.echo(
        f"{len(changed)} of {len(files)} files {'would change' if check else 'changed'}."
    )
    if unreadable:
        raise InvalidDefinitions(unreadable)
    return ExitCode.FAILED if check and changed else ExitCode.DONE


def _written(asked: _Asked, loaded: Project, root: Path, *, may_ask: bool) -> Path:
    """The new file. Raises Usage for what cannot be, and where nobody can be asked for
    what is missing.
    """
    from runner.definitions import fresh
    from runner.definitions.folder import documents_of
    from runner.files import documents, schemas

    given = _completed(asked, loaded) if may_ask else asked
    if not given.cohort:
        raise Usage("P112", "the new cohort has no id", "write `cohorts new my_cohort`")
    known = {
        "cohort_id": given.cohort,
        "name": given.name or _titled(given.cohort),
        "description": given.description,
    }
    owner = given.owner if given.owner or loaded.defaults.owner else "my-team"
    named = loaded.defaults.identifiers
    people = [source for source in loaded.sources.values() if not source.has_events]
    if not named:
        raise Usage(
            "P112",
            "the project has no `defaults.identifiers`",
            "add them, so that new cohorts can use them",
        )
    if people or given.source:
        source = _source(given.source or people[0].name, people)
        events = [each for each in loaded.sources.values() if each.has_events]
        event = _source(given.event, events) if given.event else None
        text = fresh.of_source(
            **known, owner=owner, source=source, events=event, named=named
        )
    else:
        text = fresh.of_sql(**known, owner=owner, named=named)
    folder = root / "cohorts" / _inside(given.folder)
    path = folder / f"{given.cohort}.yml"
    document = documents.parse(text.encode(), str(path))
    found = (
        schemas.problems(document, "cohort")
        if isinstance(document, documents.Document)
        else document
    )
    if found:
        raise InvalidDefinitions(found)
    same = (
        at
        for at, found in documents_of(root)
        if isinstance(found, documents.Document) and _id(found) == given.cohort
    )
    if there := path if path.exists() else next(same, None):
        raise Usage(
            "P112",
            f"the cohort {given.cohort} is there already: {there}",
            "choose another id, or edit that file",
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _completed(asked: _Asked, loaded: Project) -> _Asked:
    """Asks a person for what was not given."""
    cohort = asked.cohort or typer.prompt(
        "Id (lower-case letters, digits and underscores; never changes)"
    )
    name = asked.name or typer.prompt("Name in Braze", default=_titled(cohort))
    description = asked.description or typer.prompt(
        "Who is meant, in words", default="", show_default=False
    )
    owner = asked.owner or ("" if loaded.defaults.owner else typer.prompt("Owner"))
    people = [
        source.name for source in loaded.sources.values() if not source.has_events
    ]
    source = asked.source
    if not source and len(people) > 1:
        source = typer.prompt(
            f"Source of people ({', '.join(people)})", default=people[0]
        )
    return replace(
        asked,
        cohort=cohort,
        name=name,
        description=description,
        owner=owner,
        source=source,
    )


def _id(read: Document | tuple[Problem, ...]) -> object:
    data: Any = () if isinstance(read, tuple) else read.data
    return data.get("id") if isinstance(data, dict) else None


def _titled(cohort: str) -> str:
    return cohort.replace("_", " ").capitalize()


def _source(name: str, known: Sequence[Source]) -> Source:
    found = next((source for source in known if source.name == name), None)
    if found is None:
        close = difflib.get_close_matches(name, [source.name for source in known], 1)
        names = (
            ", ".join(source.name for source in known)
            or "none is declared in cohorts/project.yml"
        )
        fix = f"perhaps you meant {close[0]}" if close else f"use one of: {names}"
        raise Usage("P112", f"there is no such source {name[:60]!r}", fix)
    return found


def _inside(folder: str) -> str:
    """A folder under cohorts/, as typed with or without it. Raises Usage."""
    inner = folder.strip("/").removeprefix("cohorts").strip("/")
    if inner and not re.fullmatch(r"[\w-]+(/[\w-]+)*", inner):
        raise Usage(
            "P112",
            f"{folder[:60]!r} is no folder under cohorts/",
            "write for example --folder growth",
        )
    if inner.split("/")[0] in ("templates", "lists"):
        raise Usage(
            "P112",
            f"cohorts/{inner.split('/')[0]}/ does not hold cohorts",
            "choose another folder",
        )
    return inner


COMMANDS = (new, fmt)
