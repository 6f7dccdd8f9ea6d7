"""What a new repository is asked for: where its cohorts go, whose they are, and where
the command comes from.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from runner.errors import CohortsError, ExitCode
from runner.files import schemas
from runner.version import VERSION

SITE, DATABASE, WORKSPACE = "us", "my_database", "my-workspace"
"""What stands in the project file until somebody writes their own there."""

SANDBOX = "sandbox"
"""The target that every new repository has."""

_ACTION = re.compile(
    r"(?P<repository>[A-Za-z0-9][\w.-]*/[A-Za-z0-9_.][\w.-]*)@(?P<commit>.*)"
)
# a name, perhaps extras, and then one version, or an address that fixes the content
_PINNED = re.compile(
    r"[A-Za-z0-9][\w.-]*(\[[A-Za-z0-9][\w.,-]*\])?"
    r"(==[A-Za-z0-9][\w.+!-]*"
    r"| ?@ ?(git\+https://[\w./:%+-]+@[0-9a-f]{40}"
    r"|https://[\w./@:%+-]+#sha256=[0-9a-f]{64}))"
)
_WHEEL = re.compile(r"cohort_runner-[\w.!+]+-[\w.]+-[\w.]+-[\w.]+\.whl")
_OWNER = re.compile(
    r"@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9_.-]+)?|[\w.+-]+@[\w-]+(\.[\w-]+)+"
)


class BadAnswer(CohortsError):
    """An option of `cohorts init` that cannot be."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Requirement:
    """The command from a package index or an address, as pip is asked for it."""

    line: str

    @property
    def is_in_an_index(self) -> bool:
        """True where an index has it, and False where its line has the address."""
        return "==" in self.line


@dataclass(frozen=True, slots=True)
class Wheel:
    """The command from a wheel that lies in the new repository; `path` is where it is
    copied from.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Action:
    """The command from the composite action of a repository, at a commit."""

    repository: str
    commit: str


Runner = Requirement | Wheel | Action
"""Where the command comes from."""


@dataclass(frozen=True, slots=True)
class Answers:
    """All that the files of a new repository depend on. `owner` is a team or user of
    GitHub, or an empty text where nobody is named yet.
    """

    site: str
    database: str
    state_database: str
    workspace: str
    connection: str
    target: str
    owner: str
    runner: Runner

    def named(self) -> Answers:
        """With what stands in for what nobody gave, until it is written into the project file."""
        return replace(
            self,
            site=self.site or SITE,
            database=self.database or DATABASE,
            workspace=self.workspace or WORKSPACE,
        )

    @property
    def team(self) -> str:
        """Who answers for a cohort that names nobody, in the words of the project file."""
        return self.owner.rpartition("/")[2].removeprefix("@") or "crm-team"


def checked(answers: Answers) -> Answers:
    """The same answers. Raises BadAnswer for the first that no project file could hold."""
    if not re.search(_target()["propertyNames"]["pattern"] + r"\Z", answers.target):
        must = _target()["propertyNames"]["patternErrorMessage"]
        raise BadAnswer(
            "P120",
            f"--target {must}, but it is {answers.target[:60]!r}",
            "write for example production",
        )
    if answers.target == SANDBOX:
        what = f"--target cannot be {SANDBOX}, which is there anyway"
        raise BadAnswer("P120", what, "name the one that is real, such as production")
    sites = _target()["additionalProperties"]["properties"]["site"]["enum"]
    if answers.site not in sites:
        raise BadAnswer(
            "P120",
            f"--site cannot be {answers.site[:20]!r}",
            f"write one of {', '.join(sites)}",
        )
    for key in ("database", "state_database", "workspace", "connection"):
        _check(key, getattr(answers, key))
    if answers.workspace == SANDBOX:
        what = f"--workspace cannot be {SANDBOX}, which is the sandbox's own"
        raise BadAnswer(
            "P120", what, "give your Braze workspace a name of yours, such as shop-us"
        )
    if answers.owner and not _OWNER.fullmatch(answers.owner):
        what = f"--owner cannot be {answers.owner[:60]!r}"
        raise BadAnswer(
            "P120",
            what,
            "write a GitHub team or user, such as @acme/crm, or an e-mail address",
        )
    return answers


WHEEL = f"cohort_runner-{VERSION}-py3-none-any.whl"
"""The name of this version's wheel."""

WAYS = (
    "a repository at a commit (OWNER/REPOSITORY@COMMIT), a version in a package index of"
    f" yours (cohort-runner[sandbox]=={VERSION}), or a wheel ({WHEEL}),"
    " which is copied into the repository"
)
"""Where the command may come from, in words."""


def installed(origin: str) -> str:
    """Where a new repository can install the command from as this one was installed, in
    the words of `--runner`; empty where that is not known. `origin`: the text of
    `direct_url.json` (PEP 610), empty where it came from an index: whether that index
    has the name is not known, nor whose it is there.
    """
    if not origin:
        return ""
    told = json.loads(origin)
    address = str(told.get("url", ""))
    source = told.get("vcs_info") or {}
    if source.get("vcs") == "git" and address.startswith("https://"):
        return f"cohort-runner[sandbox] @ git+{address}@{source.get('commit_id')}"
    if "archive_info" not in told or not address.endswith(".whl"):
        return ""
    if address.startswith("file://"):
        return unquote(address.removeprefix("file://"))
    digest = (told["archive_info"].get("hashes") or {}).get("sha256", "")
    if not digest:
        return ""
    return f"cohort-runner[sandbox] @ {address}#sha256={digest}"


def runner(text: str) -> Runner:
    """Where the command comes from, as written in `--runner`. Raises BadAnswer for what
    may be another one tomorrow.
    """
    given = text.strip()
    if found := _ACTION.fullmatch(given):
        if not re.fullmatch(r"[0-9a-f]{40}", found["commit"]):
            what = f"--runner names no commit of {found['repository'][:60]}"
            fix = "write the commit's 40 digits after the @, since a branch or a tag can be moved"
            raise BadAnswer("P120", what, fix)
        return Action(found["repository"], found["commit"])
    if given.endswith(".whl") and "#" not in given:
        return _wheel(Path(given))
    if not _PINNED.fullmatch(given):
        what = f"--runner cannot be {given[:60]!r}"
        fix = (
            f"write {WAYS};"
            " an address ends with @ and a commit's 40 digits, or with #sha256= and the file's"
        )
        raise BadAnswer("P120", what, fix)
    return Requirement(given)


def _wheel(path: Path) -> Wheel:
    """A wheel of this command. Raises BadAnswer."""
    if not _WHEEL.fullmatch(path.name):
        what = f"--runner: {path.name[:60]!r} is no wheel of cohort-runner"
        raise BadAnswer("P120", what, f"write for example {WHEEL}")
    if not path.is_file():
        what = f"--runner: there is no file {path}"
        raise BadAnswer("P120", what, "correct the path")
    return Wheel(path)


def _check(key: str, value: str) -> None:
    """Raises BadAnswer where the project's schema does not take a value."""
    schema = _target()["additionalProperties"]["properties"][key]
    # `$` would also take a line break at the end
    pattern = schema["pattern"].removesuffix("$") + r"\Z"
    is_too_long = len(value) > schema.get("maxLength", 255)
    if is_too_long or not re.search(pattern, value):
        must = schema["patternErrorMessage"]
        option = key.replace("_", "-")
        fix = f"write for example {schema['examples'][0]}"
        raise BadAnswer("P120", f"--{option} {must}, but it is {value[:60]!r}", fix)


@cache
def _target() -> Any:
    """The part of the project's schema that says what a target may be."""
    return json.loads(schemas.text("project"))["properties"]["targets"]
