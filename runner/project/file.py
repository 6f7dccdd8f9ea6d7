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
from runner.project.sources import Source

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
    """Limits that stop an attempt before anything is sent (docs/delivery.md, What stops a sync).

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
        """These guards, with the limits of a file's checked `guards` in the place of their own."""
        return Guards(
            max_members=int(given.get("max_members", self.max_members)),
            min_members=int(given.get("min_members", self.min_members)),
            max_added=_limit(given["max_added"])
            if "max_added" in given
            else self.max_added,
            max_removed=_limit(given["max_removed"])
            if "max_removed" in given
            else self.max_removed,
            max_invalid=_limit(given["max_invalid"])
            if "max_invalid" in given
            else self.max_invalid,
            allow_empty=given.get("allow_empty", self.allow_empty),
            max_written_per_month=given.get(
                "max_written_per_month", self.max_written_per_month
            ),
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A Treasure Data site and database, a Braze workspace (an identity), a connection (a way).

    `prefix` goes in front of every id in Braze. `vars` are the project's with the
    target's own in their place.
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
        """True for the target named `sandbox` on loopback: it needs no setting up.
        Nothing else speaks without TLS.
        """
        return self.name == "sandbox" and self.endpoint.startswith("http://")

    def braze_id(self, cohort_braze_id: str) -> str:
        """The id that a cohort has in this target's workspace."""
        return self.prefix + cohort_braze_id

    @property
    def mapping(self) -> str:
        """A short hash of what the connector's settings are called: what a canary proves."""
        return hashlib.sha256(
            repr(sorted(self.export_settings.items())).encode()
        ).hexdigest()[:16]


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
    sources: Mapping[str, Source] = field(default_factory=dict)
    review: str = "warn"


def load(root: Path) -> Project | tuple[Problem, ...]:
    """Read and check the project file of a repository; where it has problems, all of them, sorted."""
    folder = root / "cohorts"
    if missing := _missing(folder):
        return (missing,)
    document = documents.read(root / FILE, FILE, inside=folder)
    if isinstance(document, tuple):
        return document
    if found := schemas.problems(document, "project"):
        return found
    if unusable := (
        *schedules.problems(document),
        *schedules.problems(document, "defaults"),
        *sources.problems(document),
    ):
        return tuple(sorted(unusable))
    project = _project(document)
    return tuple(sorted((*_meeting(project), *_contrary(project)))) or project


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
            what = f"targets {other} and {name} keep their memory in the same database"
            yield Problem(
                at, "P004", what, "give each target a `state_database` of its own"
            )
        other = workspaces.setdefault((target.workspace, target.prefix), name)
        if other != name:
            at = project.document.at("targets", name, "workspace")
            what = f"targets {other} and {name} write the same cohorts of workspace {target.workspace}"
            yield Problem(
                at,
                "P005",
                what,
                f"give one of them another workspace, or a prefix such as `prefix: {name}_`",
            )


def _contrary(project: Project) -> Iterator[Problem]:
    """Values that are fine by themselves, but not beside another."""
    document, reassert = project.document, project.reassert
    if 0 < reassert.full < reassert.recent:
        recent, full = (
            f"{seconds // DAY}d" for seconds in (reassert.recent, reassert.full)
        )
        what = f"`recent` ({recent}) is longer than `full` ({full}), when everybody is sent again"
        data: Any = document.data
        at = document.at(
            "reassert", "recent" if "recent" in data["reassert"] else "full"
        )
        yield Problem(at, "P008", what, "make `recent` at most as long as `full`")
    for name, target in project.targets.items():
        if target.state_database == target.database:
            at = document.at("targets", name, "state_database")
            what = f"the target {name} would keep its memory among the tables of {target.database}"
            yield Problem(at, "P006", what, "give it a `state_database` of its own")
        yield from _equal_settings(target, document)


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
    if not folder.is_dir():
        what, fix = (
            "there is no folder cohorts/ here",
            "go to the folder that holds it; `cohorts init` writes one",
        )
        return Problem(Position("cohorts/"), "P001", what, fix)
    file = folder / "project.yml"
    if file.exists() or file.is_symlink():
        return None
    if (folder / "project.yaml").exists():
        return Problem(
            Position(MISNAMED),
            "P002",
            "the project file has the wrong name",
            f"rename it to {FILE}",
        )
    return Problem(
        Position(FILE),
        "P003",
        "the project file is missing",
        "`cohorts init` writes one",
    )


def _project(document: Document) -> Project:
    data: Any = document.data
    defaults, variables = data.get("defaults", {}), data.get("vars", {})
    timezone = data.get("timezone", schedules.DEFAULT_ZONE)
    return Project(
        targets={
            name: _target(name, given, variables)
            for name, given in sorted(data["targets"].items())
        },
        defaults=Defaults(
            owner=defaults.get("owner"),
            identifiers=identifiers.read(defaults.get("identifiers", {})),
            mode=defaults.get("mode", "mirror"),
            schedule=schedules.read(
                defaults.get("schedule", schedules.NEVER), timezone
            ),
            max_age=schedules.seconds(defaults.get("max_age", schedules.NEVER)),
        ),
        guards=Guards(max_members=data["guards"]["max_members"]).with_limits(
            data["guards"]
        ),
        max_withdrawn=_limit(data["guards"]["max_withdrawn"])
        if "max_withdrawn" in data["guards"]
        else None,
        reassert=Reassert(
            **{
                name: DAY * int(days.removesuffix("d"))
                for name, days in data.get("reassert", {}).items()
            }
        ),
        vars=variables,
        document=document,
        suppress=tuple(_suppression(given) for given in data.get("suppress", ())),
        timezone=timezone,
        sources=sources.read(document),
        review=data.get("review", "warn"),
    )


def _suppression(given: str | Mapping[str, Any]) -> Suppression:
    if isinstance(given, str):
        return Suppression(cohort=given)
    return Suppression(
        table=given["table"], identifiers=identifiers.read(given["identifiers"])
    )


def _target(
    name: str, given: Mapping[str, Any], variables: Mapping[str, Variable]
) -> Target:
    return Target(
        name=name,
        endpoint=_SITES[given["site"]]
        if "site" in given
        else given["endpoint"].rstrip("/"),
        database=given["database"],
        state_database=given["state_database"],
        workspace=given["workspace"],
        connection=given["connection"],
        prefix=given.get("prefix", ""),
        protected=given.get("protected", False),
        export_settings={setting: setting for setting in _SETTINGS}
        | given.get("export_settings", {}),
        vars={**variables, **given.get("vars", {})},
    )


def _limit(given: str | float) -> Limit:
    if isinstance(given, str):
        return Limit(percent=Decimal(given.removesuffix("%")))
    return Limit(count=int(given))
