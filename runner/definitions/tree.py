"""Every cohort file of a repository, read, checked by itself and against the others."""

from __future__ import annotations

import csv
import difflib
import io
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from runner import documents, identifiers, schedules, schemas
from runner.definitions import cases, life, references, rules
from runner.definitions.cases import Case
from runner.definitions.cohort import Cohort, Mode
from runner.definitions.rule import Audience
from runner.documents import Document, quoted
from runner.errors import Position, Problem
from runner.identifiers import Handle, Identifier
from runner.project import FILE, Project, Suppression

# At the top of cohorts/, not holding cohorts: what queries and rules refer to.
_OTHER_FOLDERS = frozenset(("templates", "lists"))
TEMPLATES = "cohorts/templates"
LISTS = "cohorts/lists"
_TEMPLATE = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*\.sql")
_SUFFIXES = (".yml", ".yaml")
_LISTED = (".csv", ".txt")


@dataclass(frozen=True, slots=True)
class Tree:
    """The cohorts whose files are good, sorted by id; every problem of the others; the number of files; the texts of
    shared templates by name, such as `lapsed.sql`; the lists of people who are taken out of every cohort.
    """

    cohorts: tuple[Cohort, ...]
    problems: tuple[Problem, ...]
    files: int
    templates: Mapping[str, str] = field(default_factory=dict)
    suppress: tuple[Suppression, ...] = ()


def load(root: Path, project: Project | None, today: date | None = None) -> Tree:
    """Read every cohort file under `cohorts/`. One bad file never hides another, good or bad. `today` is what limits
    of time are counted from; without it they are not looked at.

    Where the project file is bad there is no project: then there are problems, but no cohorts. Where there is no
    folder at all, the project's problem says so already.
    """
    if not (root / "cohorts").exists():
        return Tree((), (), 0)
    read = tuple(_read(root))
    templates, unreadable = _templates(root)
    lists, unlisted = read_lists(root)
    good = tuple(found for found in read if isinstance(found, Document))
    problems = {problem for found in read if isinstance(found, tuple) for problem in found}
    problems.update(unreadable, unlisted)
    audiences: dict[str, Audience | None] = {}
    tested: dict[str, tuple[Case, ...]] = {}
    for document in good:
        if found := schemas.problems(document, "cohort"):
            problems.update(found)
            continue
        problems.update(_lacking(document, project, templates))
        problems.update(schedules.problems(document), life.problems(document, today))
        if project:
            rule, wrong = rules.read(document, project.sources, lists, project.timezone)
            audiences[document.path] = rule
            problems.update(wrong or _unnamed(document, rule, project))
            if named := _identifiers(document, project):
                tested[document.path], wrong = cases.read(document, project.sources, named, project.timezone)
                problems.update(wrong)
    problems.update(_shared(good, "id", "D001"))
    problems.update(_shared(good, "name", "D002"))
    if not read:
        fix = "add a file such as cohorts/my_cohort.yml"
        problems.add(Problem(Position("cohorts/"), "D005", "there is no cohort file in this folder", fix))
    bad = {problem.at.path for problem in problems}
    cohorts = [
        replace(_cohort(document, project, templates, audiences[document.path]), cases=tested.get(document.path, ()))
        for document in good
        if project and document.path not in bad
    ]
    if project:
        unusable = frozenset(_id(document) for document in good if document.path in bad)
        meeting = (*_meeting(cohorts, project), *references.problems(cohorts, unusable))
        problems.update(meeting)
        meeting = (*meeting, *_suppressing(cohorts, project))
        problems.update(meeting)
        bad.update(problem.at.path for problem in meeting)
    kept = (cohort for cohort in cohorts if cohort.document.path not in bad)
    return Tree(
        cohorts=tuple(sorted(kept, key=lambda cohort: cohort.id)),
        problems=tuple(sorted(problems)),
        files=len(read),
        templates=templates,
        suppress=project.suppress if project else (),
    )


def _templates(root: Path) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """Every file under `cohorts/templates/` by its name, used or not; and what is wrong with others."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    top = root / TEMPLATES
    for path in sorted(top.rglob("*.sql")) if top.is_dir() else ():
        name = path.relative_to(top).as_posix()
        shown = f"{TEMPLATES}/{_printable(name)}"
        text = documents.read_text(path, shown, inside=root / "cohorts")
        if not isinstance(text, str):
            problems += text
        elif not _TEMPLATE.fullmatch(name):
            fix = "use lower-case letters, digits and underscores, and the ending .sql"
            problems.append(Problem(Position(shown), "D007", "this name cannot be used for a template", fix))
        else:
            found[name] = text
    return found, tuple(problems)


def read_lists(root: Path) -> tuple[Mapping[str, tuple[str, ...]], tuple[Problem, ...]]:
    """The values of every file under `cohorts/lists/`, by its name: the first of each line, without blank lines."""
    found: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    top = root / LISTS
    for path in sorted(top.rglob("*")) if top.is_dir() else ():
        if path.suffix not in _LISTED or not path.is_file():
            continue
        name = path.relative_to(top).as_posix()
        text = documents.read_text(path, f"{LISTS}/{_printable(name)}", inside=root / "cohorts")
        if not isinstance(text, str):
            problems += text
        elif path.suffix == ".csv":
            rows = csv.reader(io.StringIO(text))
            found[name] = tuple(row[0].strip() for row in rows if row and row[0].strip())
        else:
            found[name] = tuple(line.strip() for line in text.splitlines() if line.strip())
    return found, tuple(problems)


def documents_of(root: Path) -> Iterator[tuple[Path, Document | tuple[Problem, ...]]]:
    """Every cohort file with its place on the disk, read or with what is wrong with it."""
    top = root / "cohorts"
    for path, shown in _files(top, "cohorts", _OTHER_FOLDERS) if top.is_dir() else ():
        if not path.is_symlink():
            yield path, documents.read(path, shown, inside=top)


def _read(root: Path) -> Iterator[Document | tuple[Problem, ...]]:
    top = root / "cohorts"
    for path, shown in _files(top, "cohorts", _OTHER_FOLDERS):
        if path.is_symlink() and path.is_dir():
            what = "this is a link to a folder, which is not followed"
            yield (Problem(Position(shown), "F002", what, "put the folder itself here"),)
        else:
            yield documents.read(path, shown, inside=top)


def _files(folder: Path, shown: str, skipped: frozenset[str] = frozenset()) -> Iterator[tuple[Path, str]]:
    """Cohort files, linked folders and folders that cannot be looked into; hidden ones are left out."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder, shown
        return
    for entry in entries:
        path, name = Path(entry.path), f"{shown}/{_printable(entry.name)}"
        if entry.name.startswith(".") or entry.name in skipped:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(path, name)
        elif (entry.name.lower().endswith(_SUFFIXES) and name != FILE) or entry.is_dir():
            yield path, name


def _printable(name: str) -> str:
    """A file's name as it can be shown: on one line, and in UTF-8 whatever the disk has."""
    return name if name.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in name)


def _shared(good: Sequence[Document], key: str, code: str) -> Iterator[Problem]:
    """Files that give a value which must be one cohort's alone; files with other faults count too."""
    places: dict[str, list[tuple[Position, str]]] = defaultdict(list)
    for document in good:
        value = document.data.get(key) if isinstance(document.data, dict) else None
        if isinstance(value, str):
            same = value if key == "id" else value.strip().casefold()
            places[same].append((document.at(key), value))
    for found in places.values():
        for at, value in found if len(found) > 1 else ():
            other = found[1][0] if at == found[0][0] else found[0][0]
            more = f" and in {len(found) - 2} more" if len(found) > 2 else ""
            what = f"the {key} {quoted(value.strip())} is also used at {other}{more}"
            yield Problem(at, code, what, f"give each cohort {'an id' if key == 'id' else 'a name'} of its own")


def _meeting(cohorts: Sequence[Cohort], project: Project) -> Iterator[Problem]:
    """Cohorts that are one cohort in Braze, of one target or of two in the same workspace."""
    places: dict[tuple[str, str], list[tuple[Cohort, str]]] = defaultdict(list)
    for target in project.targets.values():
        for cohort in cohorts:
            places[target.workspace, target.braze_id(cohort.braze_id)].append((cohort, target.name))
    for (workspace, braze_id), found in places.items():
        for cohort, name in found if len(found) > 1 else ():
            other, other_name = found[1] if (cohort, name) == found[0] else found[0]
            key = "braze_id" if cohort.braze_id != cohort.id else "id"
            where = "" if name == other_name else f" for target {name}"
            both = f"and so is {other.id} ({other.document.path})"
            what = f"this is {quoted(braze_id)} in workspace {workspace}{where}, {both}"
            fix = "give one of them another id, or one of the targets another prefix"
            yield Problem(cohort.document.at(key), "D006", what, fix)
    ids = {cohort.braze_id: cohort for cohort in cohorts}
    heirs: dict[str, Cohort] = {}
    for cohort in cohorts:
        other = heirs.setdefault(cohort.life.previous_id, cohort) if cohort.life.previous_id else cohort
        if other is not cohort:
            what = f"{other.document.path} was {quoted(cohort.life.previous_id)} before, too"
            fix = "a cohort can be moved to one other: choose"
            yield Problem(cohort.document.at("previous_id"), "D024", what, fix)
        if former := ids.get(cohort.life.previous_id):
            what = f"the previous id {quoted(former.braze_id)} is that of a cohort which is still there"
            fix = f"remove {former.document.path}, or this line"
            yield Problem(cohort.document.at("previous_id"), "D022", f"{what} ({former.document.path})", fix)


def _suppressing(cohorts: Sequence[Cohort], project: Project) -> Iterator[Problem]:
    """Lists of suppressed people that are not there, or that name people in no way a cohort does: fail closed."""
    by_id = {cohort.id: cohort for cohort in cohorts}
    lists = []
    for number, listed in enumerate(project.suppress):
        at = project.document.at("suppress", number)
        if listed.cohort and listed.cohort not in by_id:
            close = difflib.get_close_matches(listed.cohort, by_id, 1)
            fix = f"perhaps you meant {close[0]}" if close else "mend its file, or correct the id"
            yield Problem(at, "P020", f"there is no good cohort {quoted(listed.cohort)} to suppress", fix)
            continue
        named = by_id[listed.cohort].identifiers if listed.cohort else listed.identifiers
        lists.append((listed.cohort or listed.table, {identifier.handle for identifier in named}))
    for cohort in cohorts:
        handles = {identifier.handle for identifier in cohort.identifiers}
        for name, known in lists:
            is_list = cohort.id in {listed.cohort for listed in project.suppress}
            if not (is_list or cohort.unsuppressed or handles <= known):
                what = (
                    f"{name} (`suppress` in {FILE}) names people by {_words(known)}, this cohort by {_words(handles)}:"
                    " its people cannot all be taken out"
                )
                fix = f"let {name} name people by {_words(handles - known)} too"
                yield Problem(cohort.document.at("identifiers"), "D023", what, fix)


def _words(handles: set[Handle]) -> str:
    return " and ".join(str(handle) for handle in sorted(handles))


def _lacking(document: Document, project: Project | None, templates: Mapping[str, str]) -> Iterator[Problem]:
    """What only another file could have supplied: a template, or a default of the project."""
    data: Any = document.data
    name = data["audience"].get("template")
    if name and name not in templates:
        close = difflib.get_close_matches(name, templates, 1) or difflib.get_close_matches(f"{name}.sql", templates, 1)
        fix = f"perhaps you meant {close[0]}" if close else "add the file, or correct the name"
        at = document.at("audience", "template")
        yield Problem(at, "D008", f"there is no template {quoted(name)} in {TEMPLATES}/", fix)
    if project is None:
        return
    if "owner" not in data and project.defaults.owner is None:
        fix = "add `owner: your-team`, or `defaults: {owner: your-team}` to cohorts/project.yml"
        yield Problem(document.at(), "D003", "nobody owns this cohort", fix)
    if "identifiers" not in data and not project.defaults.identifiers:
        fix = "add `identifiers: {external_id: column}`, here or under `defaults` in cohorts/project.yml"
        what = "it is not said which columns identify people in Braze"
        yield Problem(document.at(), "D004", what, fix)


def _unnamed(document: Document, rule: Audience | None, project: Project) -> Iterator[Problem]:
    """Identifiers that a rule's source does not have."""
    data: Any = document.data
    if rule is None or {"sql", "template"} & data["audience"].keys():
        return
    for one in _identifiers(document, project):
        if one.column not in rule.source.columns:
            close = difflib.get_close_matches(one.column, rule.source.columns, 1)
            fix = f"perhaps you meant {close[0]}" if close else f"declare it under `sources` in {FILE}"
            what = f"the source {rule.source.name} has no column {quoted(one.column)} to identify people by"
            at = document.at("identifiers", *one.pointer) if "identifiers" in data else document.at("audience", "from")
            yield Problem(at, "C011", what, fix)


def _identifiers(document: Document, project: Project) -> tuple[Identifier, ...]:
    data: Any = document.data
    return identifiers.read(data["identifiers"]) if "identifiers" in data else project.defaults.identifiers


def _id(document: Document) -> str:
    data: Any = document.data
    return str(data.get("id")) if isinstance(data, dict) else ""


def _cohort(document: Document, project: Project, templates: Mapping[str, str], rule: Audience | None) -> Cohort:
    data: Any = document.data
    audience = data["audience"]
    defaults = project.defaults
    return Cohort(
        id=data["id"],
        braze_id=data.get("braze_id", data["id"]),
        name=data["name"],
        description=data.get("description", ""),
        owner=data.get("owner", defaults.owner),
        tags=tuple(data.get("tags", ())),
        sql=templates[audience["template"]] if "template" in audience else audience.get("sql", ""),
        template=audience.get("template", ""),
        params=audience.get("params", {}),
        identifiers=_identifiers(document, project),
        mode=Mode(data.get("mode", defaults.mode)),
        guards=project.guards.with_limits(data.get("guards", {})),
        document=document,
        life=life.read(document),
        schedule=schedules.read(data["schedule"], project.timezone) if "schedule" in data else defaults.schedule,
        max_age=schedules.seconds(data["max_age"]) if "max_age" in data else defaults.max_age,
        rule=rule,
        unsuppressed=data.get("suppress", {}).get("reason", ""),
    )
