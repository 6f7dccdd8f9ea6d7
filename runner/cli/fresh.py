"""Asks for what a new cohort needs, and writes its file."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from runner.cli.context import Usage
from runner.errors import InvalidDefinitions

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.project import Project
    from runner.sources import Source


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was given; empty where it was not."""

    cohort: str
    name: str
    description: str
    owner: str
    source: str
    event: str
    folder: str


def written(asked: Asked, loaded: Project, root: Path, *, may_ask: bool) -> Path:
    """The new file. Raises Usage for what cannot be, and where nobody can be asked for what is missing."""
    from runner import documents, schemas
    from runner.definitions import fresh

    given = _completed(asked, loaded) if may_ask else asked
    if not given.cohort:
        raise Usage("P112", "the new cohort has no id", "write `cohorts new my_cohort`")
    known = {"cohort_id": given.cohort, "name": given.name or _titled(given.cohort), "description": given.description}
    owner = given.owner if given.owner or loaded.defaults.owner else "my-team"
    named = loaded.defaults.identifiers
    people = [source for source in loaded.sources.values() if not source.has_events]
    if not named:
        raise Usage("P112", "the project has no `defaults.identifiers`", "add them, so that new cohorts can use them")
    if people or given.source:
        source = _source(given.source or people[0].name, people)
        events = [each for each in loaded.sources.values() if each.has_events]
        event = _source(given.event, events) if given.event else None
        text = fresh.of_source(**known, owner=owner, source=source, events=event, named=named)
    else:
        text = fresh.of_sql(**known, owner=owner, named=named)
    folder = root / "cohorts" / _inside(given.folder)
    path = folder / f"{given.cohort}.yml"
    document = documents.parse(text.encode(), str(path))
    found = schemas.problems(document, "cohort") if isinstance(document, documents.Document) else document
    if found:
        raise InvalidDefinitions(found)
    if path.exists():
        raise Usage("P112", f"{path} is there already", "choose another id, or edit that file")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _completed(asked: Asked, loaded: Project) -> Asked:
    """Asks a person for what was not given."""
    cohort = asked.cohort or typer.prompt("Id (lower-case letters, digits and underscores; never changes)")
    name = asked.name or typer.prompt("Name in Braze", default=_titled(cohort))
    description = asked.description or typer.prompt("Who is meant, in words", default="", show_default=False)
    owner = asked.owner or ("" if loaded.defaults.owner else typer.prompt("Owner"))
    people = [source.name for source in loaded.sources.values() if not source.has_events]
    source = asked.source
    if not source and len(people) > 1:
        source = typer.prompt(f"Source of people ({', '.join(people)})", default=people[0])
    return replace(asked, cohort=cohort, name=name, description=description, owner=owner, source=source)


def _titled(cohort: str) -> str:
    return cohort.replace("_", " ").capitalize()


def _source(name: str, known: Sequence[Source]) -> Source:
    found = next((source for source in known if source.name == name), None)
    if found is None:
        close = difflib.get_close_matches(name, [source.name for source in known], 1)
        names = ", ".join(source.name for source in known) or "none is declared in cohorts/project.yml"
        fix = f"perhaps you meant {close[0]}" if close else f"use one of: {names}"
        raise Usage("P112", f"there is no such source {name[:60]!r}", fix)
    return found


def _inside(folder: str) -> str:
    """A folder under cohorts/, as typed with or without it. Raises Usage."""
    inner = folder.strip("/").removeprefix("cohorts").strip("/")
    if inner and not re.fullmatch(r"[\w-]+(/[\w-]+)*", inner):
        raise Usage("P112", f"{folder[:60]!r} is no folder under cohorts/", "write for example --folder growth")
    if inner.split("/")[0] in ("templates", "lists"):
        raise Usage("P112", f"cohorts/{inner.split('/')[0]}/ does not hold cohorts", "choose another folder")
    return inner
