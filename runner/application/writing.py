"""Cohort files: a new one, and all of them in order."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runner.application import reading
from runner.definitions import fresh, layout
from runner.definitions import tree as trees
from runner.definitions.folder import documents_of
from runner.errors import ExitCode, InvalidDefinitions, Problem, Usage
from runner.files import documents, schemas
from runner.files.documents import Document
from runner.plan import selection
from runner.plan.selection import Selection
from runner.project import file as projects
from runner.project.file import Project
from runner.project.sources import Source

RESERVED = ("templates", "lists")
"""Folders under cohorts/ that hold no cohorts."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new cohort is to be; texts are empty where nobody said."""

    cohort: str
    name: str = ""
    description: str = ""
    owner: str = ""
    source: str = ""
    event: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person is asked when they write a new cohort: whether an owner is needed,
    and which sources of people there are.
    """

    needs_owner: bool
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """Cohort files whose keys are out of their usual order, the number of all files,
    and the problems of those that cannot be read. `only_checked`: none was changed.
    """

    paths: tuple[str, ...]
    files: int
    unreadable: tuple[Problem, ...]
    only_checked: bool

    @property
    def exit_code(self) -> ExitCode:
        """FAILED where a file should be changed, and was not."""
        if self.only_checked and self.paths:
            return ExitCode.FAILED
        return ExitCode.DONE


def choices(root: Path) -> Choices:
    """What there is to choose from in this project. Raises InvalidDefinitions."""
    loaded = reading.project(root)
    people = tuple(source.name for source in _people(loaded))
    return Choices(not loaded.defaults.owner, people)


def titled(cohort: str) -> str:
    """The name that a cohort's id suggests."""
    return cohort.replace("_", " ").capitalize()


def id_of(name: str) -> str:
    """The id that a name suggests: `Lapsed buyers (90 days)` is `lapsed_buyers_90_days`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def check(root: Path, wish: Wish) -> None:
    """Check what is known of a new cohort so far. Raises Usage P112, and
    InvalidDefinitions.
    """
    _refuse_name(wish.cohort)
    loaded = reading.project(root)
    whole = replace(wish, cohort=wish.cohort or "a_cohort")
    path = root / "cohorts" / _inside(wish.folder) / f"{whole.cohort}.yml"
    _refuse_invalid(_text(whole, loaded), path)
    if wish.cohort:
        _refuse_taken(root, path, wish.cohort)


def new(root: Path, wish: Wish) -> Path:
    """Write a new cohort's file, with a first rule and a first test; returns where it
    is. Raises Usage P112, and InvalidDefinitions.
    """
    loaded = reading.project(root)
    if not wish.cohort:
        raise Usage("P112", "the new cohort has no id", "write `cohorts new my_cohort`")
    _refuse_name(wish.cohort)
    text = _text(wish, loaded)
    folder = root / "cohorts" / _inside(wish.folder)
    path = folder / f"{wish.cohort}.yml"
    _refuse_invalid(text, path)
    _refuse_taken(root, path, wish.cohort)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def order(
    root: Path,
    *,
    only_check: bool,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Ordered:
    """Bring the keys of the selected cohort files into their usual order, or say which
    are not in it. Raises BadSelection.
    """
    changed: list[str] = []
    unreadable: list[Problem] = []
    files = _selected(root, select, exclude)
    for path, document in files:
        if not isinstance(document, Document):
            unreadable += document
            continue
        text = layout.formatted(document)
        # a file may begin with a byte order mark, which is not of its text
        if text == path.read_text("utf-8-sig"):
            continue
        changed.append(document.path)
        if not only_check:
            path.write_text(text, encoding="utf-8")
    return Ordered(tuple(changed), len(files), tuple(unreadable), only_check)


def _selected(
    root: Path, select: Sequence[str], exclude: Sequence[str]
) -> list[tuple[Path, Document | tuple[Problem, ...]]]:
    """The selected cohort files; all of them where nothing is named."""
    files = list(documents_of(root))
    asked = selection.read(select, exclude)
    if asked == Selection():
        return files
    project = None
    loaded = projects.load(root)
    if isinstance(loaded, Project):
        project = loaded
    chosen = reading.chosen_files(trees.load(root, project), asked)
    return [
        (path, found)
        for path, found in files
        if path.relative_to(root).as_posix() in chosen
    ]


def _people(loaded: Project) -> list[Source]:
    return [source for source in loaded.sources.values() if not source.has_events]


def _text(wish: Wish, loaded: Project) -> str:
    """The new file: a rule on a source of people, or a query where none is declared."""
    identifiers = loaded.defaults.identifiers
    if not identifiers:
        raise Usage(
            "P112",
            "the project has no `defaults.identifiers`",
            "add them to cohorts/project.yml, then run the command again",
        )
    name = wish.name or titled(wish.cohort)
    owner = wish.owner
    if not owner and not loaded.defaults.owner:
        owner = "my-team"
    people = _people(loaded)
    if not people and not wish.source:
        return fresh.of_sql(
            wish.cohort,
            name,
            owner=owner,
            description=wish.description,
            named=identifiers,
        )
    source = _source(wish.source or people[0].name, loaded, events=False)
    return fresh.of_source(
        wish.cohort,
        name,
        owner=owner,
        description=wish.description,
        source=source,
        events=_event(wish, loaded),
        named=identifiers,
    )


def _event(wish: Wish, loaded: Project) -> Source | None:
    if not wish.event:
        return None
    return _source(wish.event, loaded, events=True)


def _source(name: str, loaded: Project, *, events: bool) -> Source:
    """The source of this name, of events or of people. Raises Usage P112."""
    known = [each for each in loaded.sources.values() if each.has_events == events]
    for source in known:
        if source.name == name:
            return source
    names = [source.name for source in known]
    if name in loaded.sources:
        raise Usage("P112", *_other_kind(name, names, events=events))
    close = difflib.get_close_matches(name, names, 1)
    if close:
        fix = f"perhaps you meant {close[0]}"
    else:
        listed = ", ".join(names) or "none is declared in cohorts/project.yml"
        fix = f"use one of: {listed}"
    raise Usage("P112", f"there is no such source {name[:60]!r}", fix)


def _other_kind(name: str, fitting: Sequence[str], *, events: bool) -> tuple[str, str]:
    """What is wrong with a source of the other kind, and what to write."""
    listed = ", ".join(fitting) or "a source that you declare in cohorts/project.yml"
    if events:
        what = f"{name} is a source of people, and --event takes events"
        return what, f"write --event with one of: {listed}"
    what = f"{name} is a source of events, and --from takes people"
    return what, f"write --from with one of: {listed}; events go to --event {name}"


def _refuse_name(cohort: str) -> None:
    """Raises Usage P112 for a name where an id is wanted."""
    suggested = id_of(cohort)
    if suggested and cohort != suggested and suggested[:1].isalpha():
        what = (
            "`id` must be lower-case letters, digits and underscores,"
            f" but it is {cohort[:60]!r}"
        )
        raise Usage("P112", what, f"write {suggested[:63]}")


def _refuse_invalid(text: str, path: Path) -> None:
    """A name or an id may be one that no cohort can have. Raises InvalidDefinitions."""
    document = documents.parse(text.encode(), str(path))
    if not isinstance(document, Document):
        raise InvalidDefinitions(document)
    if found := schemas.problems(document, "cohort"):
        raise InvalidDefinitions(found)


def _refuse_taken(root: Path, path: Path, cohort: str) -> None:
    """Raises Usage P112 where a file has this cohort already."""
    if there := _same(root, path, cohort):
        raise Usage(
            "P112",
            f"the cohort {cohort} is there already: {there}",
            "choose another id, or edit that file",
        )


def _same(root: Path, path: Path, cohort: str) -> Path | None:
    """The file that has this cohort already."""
    if path.exists():
        return path
    for at, found in documents_of(root):
        if isinstance(found, Document) and _id(found) == cohort:
            return at
    return None


def _id(document: Document) -> object:
    """The id that a file has; None where it is no mapping."""
    data: object = document.data
    if isinstance(data, dict):
        return data.get("id")
    return None


def _inside(folder: str) -> str:
    """A folder under cohorts/, as typed with or without it. Raises Usage P112."""
    inner = folder.strip("/").removeprefix("cohorts").strip("/")
    if inner and not re.fullmatch(r"[\w-]+(/[\w-]+)*", inner):
        raise Usage(
            "P112",
            f"{folder[:60]!r} is no folder under cohorts/",
            "write for example --folder growth",
        )
    top = inner.partition("/")[0]
    if top in RESERVED:
        raise Usage(
            "P112",
            f"cohorts/{top}/ does not hold cohorts",
            "choose another folder",
        )
    return inner
