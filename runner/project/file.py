"""`cohorts/project.yml`: targets, variables, defaults and guards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from runner import identifiers
from runner.errors import Position, Problem
from runner.files import documents, schemas
from runner.files.documents import Document, quoted
from runner.identifiers import Identifier
from runner.project import schedules, sources
from runner.project.schedules import Schedule
from runner.project.sources import Sources

Variable = str | int | float | bool | None | list["Variable"] | dict[str, "Variable"]

FILE, MISNAMED = "cohorts/project.yml", "cohorts/project.yaml"

DAY = 86_400

# Treasure Data's API by region: https://docs.treasuredata.com/ "Sites and Endpoints"
_SITES = {
    "us": "https://api.treasuredata.com",
    "tokyo": "https://api.treasuredata.co.jp",
    "eu": "https://api.eu01.treasuredata.com",
    "ap02": "https://api.ap02.treasuredata.com",
    "ap03": "https://api.ap03.treasuredata.com",
}

# The names of the Braze connector's settings are not published; these are the console's
# in snake case.
_SETTINGS = ("cohort_id", "cohort_name", "operation", "aliases", "thread_count")


@dataclass(frozen=True, slots=True)
class Limit:
    """A guard's limit on members moved: over `count` and over `percent` (of the members
    possibly in Braze).

    A limit given by the user has one of the two; the defaults have both, and both must
    be passed to refuse.
    """

    count: int | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits that stop an attempt before anything is sent (docs/delivery.md, What stops
    a sync).

    There is no `max_written_per_month` where it is None.
    """

    max_members: int
    min_members: int = 0
    max_added: Limit = Limit(count=1000, percent=Decimal(50))
    max_removed: Limit = Limit(count=100, percent=Decimal(30))
    max_invalid: Limit = Limit(count=1000, percent=Decimal(10))
    allow_empty: bool = False
    max_written_per_month: int | None = None

    def with_limits(self, given: Mapping[str, Any]) -> Guards:
        """These guards, with those limits in their place that a file's checked `guards`
        give.
        """
        return Guards(
            max_members=int(given.get("max_members", self.max_members)),
            min_members=int(given.get("min_members", self.min_members)),
            max_added=_given_limit(given, "max_added") or self.max_added,
            max_removed=_given_limit(given, "max_removed") or self.max_removed,
            max_invalid=_given_limit(given, "max_invalid") or self.max_invalid,
            allow_empty=given.get("allow_empty", self.allow_empty),
            max_written_per_month=given.get(
                "max_written_per_month", self.max_written_per_month
            ),
        )


@dataclass(frozen=True, slots=True)
class Target:
    """Where cohorts go: a Treasure Data site and database, a Braze workspace, and the
    connection to it.

    `endpoint` is the site's API. `prefix` goes in front of every id in Braze. `vars` are
    the project's, with the target's own in their place.
    """

    name: str
    endpoint: str
    database: str
    state_database: str
    workspace: str
    connection: str
    prefix: str
    protected: bool
    export_settings: Mapping[str, str]
    vars: Mapping[str, Variable]

    @property
    def is_sandbox(self) -> bool:
        """True for the target named `sandbox` on loopback: it needs no setting up."""
        return self.name == "sandbox" and is_local(self.endpoint)

    def braze_id(self, cohort_braze_id: str) -> str:
        """The id that a cohort has in this target's workspace."""
        return self.prefix + cohort_braze_id

    @property
    def mapping(self) -> str:
        """A short hash of what the connector's settings are called: what a canary proves."""
        settings = repr(sorted(self.export_settings.items()))
        return hashlib.sha256(settings.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a cohort file may leave out. `max_age` in seconds, 0 where there is none."""

    owner: str | None
    identifiers: tuple[Identifier, ...]
    mode: str
    schedule: Schedule | None = None
    max_age: int = 0


@dataclass(frozen=True, slots=True)
class Reassert:
    """Seconds: members who qualify for less than `recent` are added again, everyone
    after `full`. 0: never.
    """

    recent: int = 7 * DAY
    full: int = 30 * DAY


@dataclass(frozen=True, slots=True)
class Suppression:
    """People who are taken out of every cohort: the members of a cohort, or the rows of
    a table (`database.table`) with the columns that name them.
    """

    cohort: str = ""
    table: str = ""
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """The project file, checked. `guards` has every limit filled in; `max_withdrawn` is
    None where it gives none; `timezone` is that of dates in files, and of schedules
    that name none; `review`: what a sync does with a change that no merged pull request
    showed: `require`, `warn` or `off`.
    """

    targets: Mapping[str, Target]
    defaults: Defaults
    guards: Guards
    max_withdrawn: Limit | None
    reassert: Reassert
    vars: Mapping[str, Variable]
    document: Document
    suppress: tuple[Suppression, ...] = ()
    timezone: str = schedules.DEFAULT_ZONE
    sources: Sources = field(default_factory=dict)
    review: str = "warn"


def is_local(endpoint: str) -> bool:
    """True for a sandbox's address: the schema lets nothing else speak without TLS."""
    return endpoint.startswith("http://")


def load(root: Path) -> Project | tuple[Problem, ...]:
    """Read and check the project file of a repository. Where it has problems, all of them
    are returned instead, sorted.
    """
    folder = root / "cohorts"
    if missing := _missing(folder):
        return (missing,)
    document = documents.read(root / FILE, FILE, inside=folder)
    if isinstance(document, tuple):
        return document
    if found := schemas.problems(document, "project"):
        return found
    unusable = (
        *schedules.problems(document),
        *schedules.problems(document, "defaults"),
        *sources.problems(document),
    )
    if unusable:
        return tuple(sorted(unusable))
    project = _project(document)
    contrary = (*_meeting(project), *_contrary(project))
    if contrary:
        return tuple(sorted(contrary))
    return project


def target_names(root: Path) -> tuple[str, ...]:
    """The names of a repository's targets; none where its project file cannot be read."""
    folder = root / "cohorts"
    document = documents.read(root / FILE, FILE, inside=folder)
    if isinstance(document, tuple) or not isinstance(document.data, dict):
        return ()
    targets = document.data.get("targets")
    if not isinstance(targets, dict):
        return ()
    return tuple(str(name) for name in targets)


def _meeting(project: Project) -> Iterator[Problem]:
    """Targets that would write over each other: the same memory, or the same cohorts in
    the same workspace.
    """
    memories: dict[tuple[str, str], str] = {}
    workspaces: dict[tuple[str, str], str] = {}
    for name, target in project.targets.items():
        other = memories.setdefault((target.endpoint, target.state_database), name)
        if other != name:
            at = project.document.at("targets", name, "state_database")
            what = f"targets {other} and {name} have the same `state_database`"
            fix = "give each target a `state_database` of its own"
            yield Problem(at, "P004", what, fix)
        other = workspaces.setdefault((target.workspace, target.prefix), name)
        if other != name:
            at = project.document.at("targets", name, "workspace")
            what = (
                f"targets {other} and {name} write the same cohorts "
                f"of workspace {target.workspace}"
            )
            fix = (
                "give one of them another workspace, "
                f"or a prefix such as `prefix: {name}_`"
            )
            yield Problem(at, "P005", what, fix)


def _contrary(project: Project) -> Iterator[Problem]:
    """Values that are fine by themselves, but not beside another."""
    document = project.document
    # 0 is never
    if 0 < project.reassert.full < project.reassert.recent:
        yield _too_recent(project.reassert, document)
    for name, target in project.targets.items():
        if target.state_database == target.database:
            at = document.at("targets", name, "state_database")
            what = (
                f"the target {name} has the same `state_database` and `database`,"
                f" {target.database}"
            )
            yield Problem(at, "P006", what, "give it a `state_database` of its own")
        yield from _equal_settings(target, document)


def _too_recent(reassert: Reassert, document: Document) -> Problem:
    data: Any = document.data
    # one of the two is given: together the defaults are fine
    key = "full"
    if "recent" in data["reassert"]:
        key = "recent"
    recent, full = reassert.recent // DAY, reassert.full // DAY
    what = (
        f"`recent` ({recent}d) is longer than `full` ({full}d), "
        "when everybody is sent again"
    )
    fix = "make `recent` at most as long as `full`"
    return Problem(document.at("reassert", key), "P008", what, fix)


def _equal_settings(target: Target, document: Document) -> Iterator[Problem]:
    """Settings of the connector that are called alike."""
    data: Any = document.data
    given = data["targets"][target.name].get("export_settings", {})
    called: dict[str, str] = {}
    for setting in sorted(target.export_settings, key=lambda setting: setting in given):
        other = called.setdefault(target.export_settings[setting], setting)
        if other != setting:
            at = document.at("targets", target.name, "export_settings", setting)
            what = f"the settings {other} and {setting} are both called {quoted(given[setting])}"
            yield Problem(at, "P007", what, "give each setting a name of its own")


def _missing(folder: Path) -> Problem | None:
    """What to say where there is no project file; None where there is one."""
    if not folder.is_dir():
        what = "there is no folder cohorts/ here"
        fix = "go to the folder that holds it; `cohorts init` writes one"
        return Problem(Position("cohorts/"), "P001", what, fix)
    file = folder / "project.yml"
    # a link to nothing is there, and reading it says what is wrong with it
    if file.exists() or file.is_symlink():
        return None
    if (folder / "project.yaml").exists():
        what = "the project file has the wrong name"
        return Problem(Position(MISNAMED), "P002", what, f"rename it to {FILE}")
    what = "the project file is missing"
    return Problem(Position(FILE), "P003", what, "`cohorts init` writes one")


def _project(document: Document) -> Project:
    """The project of a file that has its shape."""
    data: Any = document.data
    guards, variables = data["guards"], data.get("vars", {})
    timezone = data.get("timezone", schedules.DEFAULT_ZONE)
    targets: dict[str, Target] = {}
    for name, given in sorted(data["targets"].items()):
        targets[name] = _target(name, given, variables)
    return Project(
        targets=targets,
        defaults=_defaults(data.get("defaults", {}), timezone),
        guards=Guards(max_members=guards["max_members"]).with_limits(guards),
        max_withdrawn=_given_limit(guards, "max_withdrawn"),
        reassert=_reassert(data.get("reassert", {})),
        vars=variables,
        document=document,
        suppress=tuple(_suppression(given) for given in data.get("suppress", ())),
        timezone=timezone,
        sources=sources.read(document),
        review=data.get("review", "warn"),
    )


def _defaults(given: Mapping[str, Any], timezone: str) -> Defaults:
    return Defaults(
        owner=given.get("owner"),
        identifiers=identifiers.read(given.get("identifiers", {})),
        mode=given.get("mode", "mirror"),
        schedule=schedules.read(given.get("schedule", schedules.NEVER), timezone),
        max_age=schedules.seconds(given.get("max_age", schedules.NEVER)),
    )


def _reassert(given: Mapping[str, str]) -> Reassert:
    seconds = {key: DAY * int(days.removesuffix("d")) for key, days in given.items()}
    return Reassert(**seconds)


def _suppression(given: str | Mapping[str, Any]) -> Suppression:
    if isinstance(given, str):
        return Suppression(cohort=given)
    return Suppression(
        table=given["table"], identifiers=identifiers.read(given["identifiers"])
    )


def _target(
    name: str, given: Mapping[str, Any], variables: Mapping[str, Variable]
) -> Target:
    # the schema demands exactly one of `site` and `endpoint`
    endpoint = _SITES.get(given.get("site", "")) or given["endpoint"].rstrip("/")
    # each setting is called by its own name, unless the file says otherwise
    settings = {setting: setting for setting in _SETTINGS}
    return Target(
        name=name,
        endpoint=endpoint,
        database=given["database"],
        state_database=given["state_database"],
        workspace=given["workspace"],
        connection=given["connection"],
        prefix=given.get("prefix", ""),
        protected=given.get("protected", False),
        export_settings=settings | given.get("export_settings", {}),
        vars={**variables, **given.get("vars", {})},
    )


def _given_limit(guards: Mapping[str, Any], name: str) -> Limit | None:
    """A limit of a file's `guards`; None where the file does not give it."""
    if name not in guards:
        return None
    given = guards[name]
    if isinstance(given, str):
        return Limit(percent=Decimal(given.removesuffix("%")))
    return Limit(count=int(given))
