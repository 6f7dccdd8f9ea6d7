"""Every cohort file of a repository, read, checked by itself and against the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from runner import identifiers
from runner.definitions import (
    cases,
    conflicts,
    folder,
    lifecycle,
    references,
    rule_reader,
)
from runner.definitions.cases import Case
from runner.definitions.cohort import Cohort, Mode
from runner.definitions.known import NOTHING_KNOWN, Known
from runner.definitions.rule import Audience
from runner.errors import Position, Problem
from runner.files import schemas
from runner.files.documents import Document, quoted
from runner.files.suggestions import suggestion
from runner.identifiers import Identifier
from runner.project import schedules, tables
from runner.project.file import FILE, Project, Suppression
from runner.project.schedules import Schedule
from runner.project.tables import NOTHING, Tables

_LACKS = {"D003": "owner", "D004": "identifiers"}
"""The keys that these problems miss."""

_TEMPLATED = re.compile(r"\{\{|\{%")


@dataclass(frozen=True, slots=True)
class Tree:
    """All cohort files of a repository.

    `cohorts` are those whose files are good, sorted by id. `problems` are all problems
    of the other files, sorted. `files` is the number of files. `templates` are the
    texts of shared templates by name, such as `lapsed.sql`; `lists` are the values of
    lists by name. `suppress` are the lists of people who are taken out of every cohort.
    `known` is what is known of tables. `clashing` are cohorts of bad files whose query
    is good by itself, sorted by path.
    """

    cohorts: tuple[Cohort, ...]
    problems: tuple[Problem, ...]
    files: int
    templates: Mapping[str, str] = field(default_factory=dict)
    suppress: tuple[Suppression, ...] = ()
    known: Known = NOTHING_KNOWN
    clashing: tuple[Cohort, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of all cohorts, sorted; a bad file is known by its problems."""
        read = {cohort.document.path for cohort in (*self.cohorts, *self.clashing)}
        return tuple(sorted(read | _paths(self.problems)))


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What every cohort file is checked with; `today` is None where time is not looked at."""

    project: Project | None
    templates: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]
    known: Known
    today: date | None


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
    templates, template_problems = folder.templates(root)
    lists, list_problems = folder.lists(root)
    stored, table_problems = _stored(root)
    problems = {*template_problems, *list_problems, *table_problems}

    known = Known(stored)
    suppress: tuple[Suppression, ...] = ()
    if project:
        known = Known(stored, project.sources)
        suppress = project.suppress
    around = _Surroundings(project, templates, lists, known, today)

    documents: list[Document] = []
    readable: list[Cohort] = []
    for found in read:
        if not isinstance(found, Document):
            problems.update(found)
            continue
        documents.append(found)
        checked = _checked(found, around)
        problems.update(checked.problems)
        if checked.cohort:
            readable.append(checked.cohort)
    problems.update(conflicts.same_ids(documents))
    problems.update(conflicts.same_names(documents))
    if project:
        problems.update(_between(documents, readable, problems, project, known))

    bad = _paths(problems)
    good = [cohort for cohort in readable if cohort.document.path not in bad]
    clashing = [cohort for cohort in readable if cohort.document.path in bad]
    return Tree(
        cohorts=tuple(sorted(good, key=lambda cohort: cohort.id)),
        problems=tuple(sorted(problems)),
        files=len(read),
        templates=templates,
        suppress=suppress,
        known=known,
        clashing=tuple(sorted(clashing, key=lambda cohort: cohort.document.path)),
        lists=lists,
    )


def _stored(root: Path) -> tuple[Tables, tuple[Problem, ...]]:
    """What the file of tables knows, and its problems: with one, nothing is known."""
    loaded = tables.load(root)
    if isinstance(loaded, tuple):
        return NOTHING, loaded
    return loaded, ()


def _between(
    documents: Sequence[Document],
    readable: Sequence[Cohort],
    problems: Iterable[Problem],
    project: Project,
    known: Known,
) -> set[Problem]:
    """Problems of cohorts beside each other; files with `problems` already are left out."""
    bad = _paths(problems)
    cohorts = [cohort for cohort in readable if cohort.document.path not in bad]
    unusable = frozenset(
        _id(document) for document in documents if document.path in bad
    )
    return {
        *conflicts.same_destinations(cohorts, project),
        *conflicts.previous_ids(cohorts),
        *references.problems(cohorts, unusable),
        *conflicts.suppression(cohorts, project),
        *conflicts.suppression_tables(project, known),
    }


def _paths(problems: Iterable[Problem]) -> set[str]:
    return {problem.at.path for problem in problems}


def _id(document: Document) -> str:
    data: Any = document.data
    if not isinstance(data, dict):
        return ""
    return str(data.get("id"))


@dataclass(frozen=True, slots=True)
class _Checked:
    """What is wrong with a file by itself, and the cohort that it defines; also that of
    a bad file, where the fault lies beside its query, so that all problems of the query
    are told at once.
    """

    cohort: Cohort | None
    problems: tuple[Problem, ...]


def _checked(document: Document, around: _Surroundings) -> _Checked:
    """Check a file by itself. Without a project there is no cohort, and perhaps no
    problem either.
    """
    misshapen = schemas.problems(document, "cohort")
    told = {problem.at for problem in misshapen}
    of_time = [each for each in schedules.problems(document) if each.at not in told]
    problems = [*misshapen, *of_time]
    bad = frozenset(_key_of(document, problem.at) for problem in misshapen)
    if misshapen:
        # what follows relies on the shape that the schema demands
        document = _without(document, bad)
        left = schemas.problems(document, "cohort")
        if left and all(problem.code == schemas.MISSING for problem in left):
            problems += lifecycle.problems(document, around.today)
        if left:
            return _Checked(None, tuple(problems))
    problems += lifecycle.problems(document, around.today)
    cohort, others = _whole(document, around, bad)
    return _Checked(cohort, (*problems, *others))


def _without(document: Document, bad: frozenset[str]) -> Document:
    """The file without some of its keys."""
    data: Any = document.data
    if not isinstance(data, dict):
        return document
    kept = {key: value for key, value in data.items() if key not in bad}
    return replace(document, data=kept)


def _key_of(document: Document, at: Position) -> str:
    """The key of the file in which a place lies: the last one that begins before it."""
    found = ""
    for pointer, begins in document.keys.items():
        if len(pointer) == 1 and begins <= at:
            found = str(pointer[0])
    return found


def _whole(
    document: Document, around: _Surroundings, bad: frozenset[str]
) -> tuple[Cohort | None, tuple[Problem, ...]]:
    """The cohort of a file of the right shape, as far as its query can be told, and the
    problems of the query and the tests. `bad` are keys that were taken out of the file.
    """
    project = around.project
    lacking = _lacking(document, project, around.templates)
    problems = [each for each in lacking if _LACKS.get(each.code) not in bad]
    if project is None:
        return None, tuple(problems)
    rule, rule_problems = rule_reader.read(
        document, project.sources, around.lists, project.timezone
    )
    problems += rule_problems
    # which columns the query must return is not known
    if "identifiers" in bad:
        return None, tuple(problems)
    if not rule_problems:
        problems += _unnamed(document, rule, project)
    is_told = not problems
    tests, test_problems = _tests(document, project, around.known)
    problems += test_problems
    cohort = None
    if is_told:
        cohort = _cohort(document, project, around.templates, rule, tests)
    return cohort, tuple(problems)


def _tests(
    document: Document, project: Project, known: Known
) -> tuple[tuple[Case, ...], tuple[Problem, ...]]:
    """The tests of a file and their problems; none without identifiers, which is a
    problem of its own.
    """
    named = _identifiers(document, project)
    if not named:
        return (), ()
    stored = known.stored_in([target.database for target in project.targets.values()])
    return cases.read(document, project.sources, named, project.timezone, stored)


def _lacking(
    document: Document, project: Project | None, templates: Mapping[str, str]
) -> Iterator[Problem]:
    """What a file lacks that only another file could supply: a template, or a default
    of the project. A name that is written as a template is told here too.
    """
    data: Any = document.data
    template = data["audience"].get("template")
    if template and template not in templates:
        what = f"there is no template {quoted(template)} in {folder.TEMPLATES}/"
        yield Problem(
            document.at("audience", "template"),
            "D008",
            what,
            _other_template(template, templates),
        )
    if found := _TEMPLATED.search(data["name"]):
        what = (
            f"the name has `{found[0]}` in it, but names are not templates: "
            "Braze would show the braces"
        )
        yield Problem(document.at("name"), "D009", what, "write the name out")
    if project is None:
        return
    if "owner" not in data and project.defaults.owner is None:
        fix = (
            "add `owner: your-team`, "
            "or `defaults: {owner: your-team}` to cohorts/project.yml"
        )
        yield Problem(document.at(), "D003", "nobody owns this cohort", fix)
    if "identifiers" not in data and not project.defaults.identifiers:
        what = "`identifiers` is missing: which column identifies people in Braze"
        fix = (
            "add `identifiers: {external_id: column}`, "
            "here or under `defaults` in cohorts/project.yml"
        )
        yield Problem(document.at(), "D004", what, fix)


def _other_template(name: str, templates: Mapping[str, str]) -> str:
    """What to do about a template's name that is not known; its ending may be missing."""
    otherwise = suggestion(
        f"{name}.sql", templates, "add the file, or correct the name"
    )
    return suggestion(name, templates, otherwise)


def _unnamed(
    document: Document, rule: Audience | None, project: Project
) -> Iterator[Problem]:
    """Identifiers whose column a rule's source does not have."""
    data: Any = document.data
    # SQL of the author's own returns these columns itself
    if rule is None or "sql" in data["audience"] or "template" in data["audience"]:
        return
    source = rule.source
    for identifier in _identifiers(document, project):
        column = identifier.column
        if column in source.columns:
            continue
        what = (
            f"the source {source.name} has no column {quoted(column)} "
            "to identify people by"
        )
        fix = suggestion(
            column, source.columns, f"declare it under `sources` in {FILE}"
        )
        yield Problem(_named_at(document, identifier), "C011", what, fix)


def _named_at(document: Document, identifier: Identifier) -> Position:
    """Where a file gives an identifier; its source where the project's default counts."""
    data: Any = document.data
    if "identifiers" in data:
        return document.at("identifiers", *identifier.pointer)
    return document.at("audience", "from")


def _identifiers(document: Document, project: Project) -> tuple[Identifier, ...]:
    """A file's own identifiers, or the project's default."""
    data: Any = document.data
    if "identifiers" in data:
        return identifiers.read(data["identifiers"])
    return project.defaults.identifiers


def _cohort(
    document: Document,
    project: Project,
    templates: Mapping[str, str],
    rule: Audience | None,
    tests: tuple[Case, ...],
) -> Cohort:
    """The cohort of a file without problems, with the project's defaults filled in."""
    data: Any = document.data
    audience = data["audience"]
    defaults = project.defaults
    template = audience.get("template", "")
    sql = audience.get("sql", "")
    if template:
        sql = templates[template]
    return Cohort(
        id=data["id"],
        braze_id=data.get("braze_id", data["id"]),
        name=data["name"],
        description=data.get("description", ""),
        owner=data.get("owner", defaults.owner),
        tags=tuple(data.get("tags", ())),
        sql=sql,
        template=template,
        params=audience.get("params", {}),
        identifiers=_identifiers(document, project),
        mode=Mode(data.get("mode", defaults.mode)),
        guards=project.guards.with_limits(data.get("guards", {})),
        document=document,
        life=lifecycle.read(document),
        schedule=_schedule(document, project),
        max_age=_max_age(document, project),
        rule=rule,
        cases=tests,
        unsuppressed=data.get("suppress", {}).get("reason", ""),
    )


def _schedule(document: Document, project: Project) -> Schedule | None:
    """A file's own schedule, or the project's default."""
    data: Any = document.data
    if "schedule" in data:
        return schedules.read(data["schedule"], project.timezone)
    return project.defaults.schedule


def _max_age(document: Document, project: Project) -> int:
    """In seconds, 0 where any age will do."""
    data: Any = document.data
    if "max_age" in data:
        return schedules.seconds(data["max_age"])
    return project.defaults.max_age
