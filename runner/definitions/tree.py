"""Every cohort file of a repository, read, checked by itself and against the others."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from runner import identifiers
from runner.definitions import cases, folder, lifecycle, references, rule_reader
from runner.definitions.cases import Case
from runner.definitions.cohort import Cohort, Mode
from runner.definitions.known import ANYTHING, NOTHING_KNOWN, Known
from runner.definitions.rule import Audience
from runner.errors import Position, Problem
from runner.files import schemas
from runner.files.documents import Document, quoted
from runner.identifiers import Handle, Identifier
from runner.project import schedules, tables
from runner.project.file import FILE, Project, Suppression
from runner.project.tables import NOTHING

_TEMPLATED = re.compile(r"\{\{|\{%")


@dataclass(frozen=True, slots=True)
class Tree:
    """The cohorts whose files are good, sorted by id; every problem of the others; the
    number of files; the texts of shared templates by name, such as `lapsed.sql`; the
    lists of people who are taken out of every cohort; what is known of tables.
    `clashing`: cohorts whose files are good by themselves, but not beside the others;
    sorted by path.
    """

    cohorts: tuple[Cohort, ...]
    problems: tuple[Problem, ...]
    files: int
    templates: Mapping[str, str] = field(default_factory=dict)
    suppress: tuple[Suppression, ...] = ()
    known: Known = NOTHING_KNOWN
    clashing: tuple[Cohort, ...] = ()


def load(root: Path, project: Project | None, today: date | None = None) -> Tree:
    """Read every cohort file under `cohorts/`. One bad file never hides another, good
    or bad. `today` is what limits of time are counted from; without it they are not
    looked at.

    Where the project file is bad there is no project: then there are problems, but no
    cohorts. Where there is no folder at all, the project's problem says so already.
    """
    if not (root / "cohorts").exists():
        return Tree((), (), 0)
    read = tuple(folder.cohorts(root))
    templates, unreadable = folder.templates(root)
    lists, unlisted = folder.lists(root)
    known = tables.load(root)
    file = NOTHING if isinstance(known, tuple) else known
    good = tuple(found for found in read if isinstance(found, Document))
    problems = {
        problem for found in read if isinstance(found, tuple) for problem in found
    }
    problems.update(known if isinstance(known, tuple) else ())
    problems.update(unreadable, unlisted)
    audiences: dict[str, Audience | None] = {}
    tested: dict[str, tuple[Case, ...]] = {}
    for document in good:
        if found := schemas.problems(document, "cohort"):
            problems.update(found)
            continue
        problems.update(_lacking(document, project, templates))
        problems.update(
            schedules.problems(document), lifecycle.problems(document, today)
        )
        if project:
            rule, wrong = rule_reader.read(
                document, project.sources, lists, project.timezone
            )
            audiences[document.path] = rule
            problems.update(wrong or _unnamed(document, rule, project))
            if named := _identifiers(document, project):
                stored = Known(file, project.sources).stored_in(
                    [each.database for each in project.targets.values()]
                )
                tested[document.path], wrong = cases.read(
                    document, project.sources, named, project.timezone, stored
                )
                problems.update(wrong)
    faulty = {problem.at.path for problem in problems}
    readable = [
        replace(
            _cohort(document, project, templates, audiences[document.path]),
            cases=tested.get(document.path, ()),
        )
        for document in good
        if project and document.path not in faulty
    ]
    problems.update(_shared(good, "id", "D001"))
    problems.update(_shared(good, "name", "D002"))
    bad = {problem.at.path for problem in problems}
    cohorts = [cohort for cohort in readable if cohort.document.path not in bad]
    if project:
        unusable = frozenset(_id(document) for document in good if document.path in bad)
        meeting = (*_meeting(cohorts, project), *references.problems(cohorts, unusable))
        problems.update(meeting)
        meeting = (
            *meeting,
            *_suppressing(cohorts, project),
            *_unlisted(project, Known(file, project.sources)),
        )
        problems.update(meeting)
        bad.update(problem.at.path for problem in meeting)
    kept = (cohort for cohort in cohorts if cohort.document.path not in bad)
    clashing = (cohort for cohort in readable if cohort.document.path in bad)
    return Tree(
        cohorts=tuple(sorted(kept, key=lambda cohort: cohort.id)),
        problems=tuple(sorted(problems)),
        files=len(read),
        templates=templates,
        suppress=project.suppress if project else (),
        known=Known(file, project.sources if project else {}),
        clashing=tuple(sorted(clashing, key=lambda cohort: cohort.document.path)),
    )


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
            yield Problem(
                at,
                code,
                what,
                f"give each cohort {'an id' if key == 'id' else 'a name'} of its own",
            )


def _meeting(cohorts: Sequence[Cohort], project: Project) -> Iterator[Problem]:
    """Cohorts that are one cohort in Braze, of one target or of two in the same workspace."""
    places: dict[tuple[str, str], list[tuple[Cohort, str]]] = defaultdict(list)
    for target in project.targets.values():
        for cohort in cohorts:
            places[target.workspace, target.braze_id(cohort.braze_id)].append(
                (cohort, target.name)
            )
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
        other = (
            heirs.setdefault(cohort.life.previous_id, cohort)
            if cohort.life.previous_id
            else cohort
        )
        if other is not cohort:
            what = f"{other.document.path} was {quoted(cohort.life.previous_id)} before, too"
            fix = "a cohort can be moved to one other: choose"
            yield Problem(cohort.document.at("previous_id"), "D024", what, fix)
        if former := ids.get(cohort.life.previous_id):
            what = f"the previous id {quoted(former.braze_id)} is that of a cohort which is still there"
            fix = f"remove {former.document.path}, or this line"
            yield Problem(
                cohort.document.at("previous_id"),
                "D022",
                f"{what} ({former.document.path})",
                fix,
            )


def _suppressing(cohorts: Sequence[Cohort], project: Project) -> Iterator[Problem]:
    """Lists of suppressed people that are not there, or that name people in no way a
    cohort does: fail closed.
    """
    by_id = {cohort.id: cohort for cohort in cohorts}
    lists = []
    for number, listed in enumerate(project.suppress):
        at = project.document.at("suppress", number)
        if listed.cohort and listed.cohort not in by_id:
            close = difflib.get_close_matches(listed.cohort, by_id, 1)
            fix = (
                f"perhaps you meant {close[0]}"
                if close
                else "mend its file, or correct the id"
            )
            yield Problem(
                at,
                "P020",
                f"there is no good cohort {quoted(listed.cohort)} to suppress",
                fix,
            )
            continue
        named = (
            by_id[listed.cohort].identifiers if listed.cohort else listed.identifiers
        )
        lists.append(
            (listed.cohort or listed.table, {identifier.handle for identifier in named})
        )
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


def _unlisted(project: Project, known: Known) -> Iterator[Problem]:
    """Tables of suppressed people, and columns that name them, which are not in the file of tables."""
    for number, listed in enumerate(project.suppress):
        table = known.table(listed.table, "") if listed.table else ANYTHING
        at = ("suppress", number)
        if table is None:
            fix = (
                "correct its name, or run `cohorts sources pull --tables` if it is new"
            )
            place = project.document.at(*at, "table")
            yield Problem(
                place, "Q011", f"there is no table {listed.table} in {tables.FILE}", fix
            )
        elif table.whole:
            for one in listed.identifiers:
                if one.column.lower() not in table.columns:
                    close = difflib.get_close_matches(one.column, table.columns, 1)
                    fix = (
                        f"perhaps you meant {close[0]}" if close else "correct its name"
                    )
                    place = project.document.at(*at, "identifiers", *one.pointer)
                    yield Problem(
                        place, "Q012", f"{listed.table} has no column {one.column}", fix
                    )


def _words(handles: set[Handle]) -> str:
    return " and ".join(str(handle) for handle in sorted(handles))


def _lacking(
    document: Document, project: Project | None, templates: Mapping[str, str]
) -> Iterator[Problem]:
    """What only another file could have supplied: a template, or a default of the project."""
    data: Any = document.data
    name = data["audience"].get("template")
    if name and name not in templates:
        close = difflib.get_close_matches(
            name, templates, 1
        ) or difflib.get_close_matches(f"{name}.sql", templates, 1)
        fix = (
            f"perhaps you meant {close[0]}"
            if close
            else "add the file, or correct the name"
        )
        at = document.at("audience", "template")
        yield Problem(
            at,
            "D008",
            f"there is no template {quoted(name)} in {folder.TEMPLATES}/",
            fix,
        )
    if found := _TEMPLATED.search(data["name"]):
        mark = f"the name has `{found[0]}` in it"
        what = f"{mark}, and a name is no template: Braze would show it as it stands"
        yield Problem(document.at("name"), "D009", what, "write the name out")
    if project is None:
        return
    if "owner" not in data and project.defaults.owner is None:
        fix = "add `owner: your-team`, or `defaults: {owner: your-team}` to cohorts/project.yml"
        yield Problem(document.at(), "D003", "nobody owns this cohort", fix)
    if "identifiers" not in data and not project.defaults.identifiers:
        fix = "add `identifiers: {external_id: column}`, here or under `defaults` in cohorts/project.yml"
        what = "it is not said which columns identify people in Braze"
        yield Problem(document.at(), "D004", what, fix)


def _unnamed(
    document: Document, rule: Audience | None, project: Project
) -> Iterator[Problem]:
    """Identifiers that a rule's source does not have."""
    data: Any = document.data
    if rule is None or {"sql", "template"} & data["audience"].keys():
        return
    for one in _identifiers(document, project):
        if one.column not in rule.source.columns:
            close = difflib.get_close_matches(one.column, rule.source.columns, 1)
            fix = (
                f"perhaps you meant {close[0]}"
                if close
                else f"declare it under `sources` in {FILE}"
            )
            what = f"the source {rule.source.name} has no column {quoted(one.column)} to identify people by"
            at = (
                document.at("identifiers", *one.pointer)
                if "identifiers" in data
                else document.at("audience", "from")
            )
            yield Problem(at, "C011", what, fix)


def _identifiers(document: Document, project: Project) -> tuple[Identifier, ...]:
    data: Any = document.data
    return (
        identifiers.read(data["identifiers"])
        if "identifiers" in data
        else project.defaults.identifiers
    )


def _id(document: Document) -> str:
    data: Any = document.data
    return str(data.get("id")) if isinstance(data, dict) else ""


def _cohort(
    document: Document,
    project: Project,
    templates: Mapping[str, str],
    rule: Audience | None,
) -> Cohort:
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
        sql=templates[audience["template"]]
        if "template" in audience
        else audience.get("sql", ""),
        template=audience.get("template", ""),
        params=audience.get("params", {}),
        identifiers=_identifiers(document, project),
        mode=Mode(data.get("mode", defaults.mode)),
        guards=project.guards.with_limits(data.get("guards", {})),
        document=document,
        life=lifecycle.read(document),
        schedule=schedules.read(data["schedule"], project.timezone)
        if "schedule" in data
        else defaults.schedule,
        max_age=schedules.seconds(data["max_age"])
        if "max_age" in data
        else defaults.max_age,
        rule=rule,
        unsuppressed=data.get("suppress", {}).get("reason", ""),
    )
