"""`cohorts/project.yml`: targets, variables, defaults and guards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from runner import documents, schemas
from runner.documents import Document
from runner.errors import Position, Problem

Variable = str | int | float | bool | None | list["Variable"] | dict[str, "Variable"]

FILE = "cohorts/project.yml"

# Treasure Data's API by region: https://docs.treasuredata.com/ "Sites and Endpoints"
_SITES = {
    "us": "https://api.treasuredata.com",
    "tokyo": "https://api.treasuredata.co.jp",
    "eu": "https://api.eu01.treasuredata.com",
    "ap02": "https://api.ap02.treasuredata.com",
    "ap03": "https://api.ap03.treasuredata.com",
}

# The names of the Braze connector's settings are not published; these are the console's in snake case.
_SETTINGS = ("cohort_id", "cohort_name", "operation", "aliases", "thread_count")


@dataclass(frozen=True, slots=True)
class Limit:
    """A guard's limit on members moved: over `count` and over `percent` (of the members possibly in Braze).

    A limit given by the user has one of the two; the defaults have both, and both must be passed to refuse.
    """

    count: int | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits that stop an attempt before anything is sent. Sources: protocol section 5."""

    max_members: int
    max_added: Limit = Limit(count=1000, percent=Decimal(50))
    max_removed: Limit = Limit(count=100, percent=Decimal(30))
    allow_empty: bool = False

    def with_limits(self, given: Mapping[str, Any]) -> Guards:
        """These guards, with the limits of a file's checked `guards` in the place of their own."""
        return Guards(
            max_members=int(given.get("max_members", self.max_members)),
            max_added=_limit(given["max_added"]) if "max_added" in given else self.max_added,
            max_removed=_limit(given["max_removed"]) if "max_removed" in given else self.max_removed,
            allow_empty=given.get("allow_empty", self.allow_empty),
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A Treasure Data site and database, a Braze workspace (an identity), a connection (a way).

    `vars` are the project's with the target's own in their place.
    """

    name: str
    endpoint: str
    database: str
    state_database: str
    workspace: str
    connection: str
    export_settings: Mapping[str, str]
    vars: Mapping[str, Variable]

    @property
    def is_sandbox(self) -> bool:
        """Only loopback is spoken to without TLS, and only the sandbox lives there."""
        return self.endpoint.startswith("http://")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a cohort file may leave out."""

    owner: str | None
    external_id: str | None
    mode: str


@dataclass(frozen=True, slots=True)
class Project:
    """The project file, checked. `guards` has every limit filled in."""

    targets: Mapping[str, Target]
    defaults: Defaults
    guards: Guards
    vars: Mapping[str, Variable]
    document: Document


def load(root: Path) -> Project | tuple[Problem, ...]:
    """Read and check the project file of a repository; where it has problems, all of them, sorted."""
    folder = root / "cohorts"
    if missing := _missing(folder):
        return (missing,)
    document = documents.read(root / FILE, FILE, inside=folder)
    if isinstance(document, tuple):
        return document
    return schemas.problems(document, "project") or _project(document)


def _missing(folder: Path) -> Problem | None:
    if not folder.is_dir():
        what, fix = (
            "there is no folder cohorts/ here",
            "go to the folder that holds it; README shows what to put in it",
        )
        return Problem(Position("cohorts/"), "P001", what, fix)
    file = folder / "project.yml"
    if file.exists() or file.is_symlink():
        return None
    if (folder / "project.yaml").exists():
        return Problem(
            Position("cohorts/project.yaml"),
            "P002",
            "the project file has the wrong name",
            f"rename it to {FILE}",
        )
    return Problem(Position(FILE), "P003", "the project file is missing", "README shows what to put in it")


def _project(document: Document) -> Project:
    data: Any = document.data
    defaults, variables = data.get("defaults", {}), data.get("vars", {})
    return Project(
        targets={name: _target(name, given, variables) for name, given in sorted(data["targets"].items())},
        defaults=Defaults(
            owner=defaults.get("owner"),
            external_id=defaults.get("identifiers", {}).get("external_id"),
            mode=defaults.get("mode", "mirror"),
        ),
        guards=Guards(max_members=data["guards"]["max_members"]).with_limits(data["guards"]),
        vars=variables,
        document=document,
    )


def _target(name: str, given: Mapping[str, Any], variables: Mapping[str, Variable]) -> Target:
    return Target(
        name=name,
        endpoint=_SITES[given["site"]] if "site" in given else given["endpoint"].rstrip("/"),
        database=given["database"],
        state_database=given["state_database"],
        workspace=given["workspace"],
        connection=given["connection"],
        export_settings={setting: setting for setting in _SETTINGS} | given.get("export_settings", {}),
        vars={**variables, **given.get("vars", {})},
    )


def _limit(given: str | float) -> Limit:
    if isinstance(given, str):
        return Limit(percent=Decimal(given.removesuffix("%")))
    return Limit(count=int(given))
