"""One thing noticed, the names of all, and how seriously a project takes each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from runner.errors import Position, Problem
from runner.project.file import Project


class Level(StrEnum):
    """What becomes of it."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class Name(StrEnum):
    """As the project file names them, in the order of their codes."""

    NO_TIME_FILTER = "no_time_filter"
    NOT_REPEATABLE = "not_repeatable"
    SAME_AS_ANOTHER = "same_as_another"
    UNUSED_TEMPLATE = "unused_template"
    UNUSED_SOURCE = "unused_source"
    CROSS_JOIN = "cross_join"
    COMPARED_TYPES = "compared_types"
    DEPRECATED_COLUMN = "deprecated_column"
    REPEATED_IDENTIFIER = "repeated_identifier"
    PERSONAL_DATA = "personal_data"
    NOT_IN_CODEOWNERS = "not_in_codeowners"
    NO_TESTS = "no_tests"
    TWO_READINGS = "two_readings"


OFF = frozenset(
    {
        Name.UNUSED_SOURCE,
        Name.REPEATED_IDENTIFIER,
        Name.NOT_IN_CODEOWNERS,
        Name.NO_TESTS,
    }
)
"""What is not looked for unless a project asks for it; the others are warnings."""


_CODES = {
    Name.NO_TIME_FILTER: "N001",
    Name.NOT_REPEATABLE: "N002",
    Name.SAME_AS_ANOTHER: "N003",
    Name.UNUSED_TEMPLATE: "N004",
    Name.UNUSED_SOURCE: "N005",
    Name.CROSS_JOIN: "N006",
    Name.COMPARED_TYPES: "N007",
    Name.DEPRECATED_COLUMN: "N008",
    Name.REPEATED_IDENTIFIER: "N009",
    Name.PERSONAL_DATA: "N010",
    Name.NOT_IN_CODEOWNERS: "N011",
    Name.NO_TESTS: "N012",
    Name.TWO_READINGS: "N013",
}


@dataclass(frozen=True, slots=True)
class Lint:
    """What was noticed; without a name it is a policy's, and always an error."""

    name: Name | None
    problem: Problem


def noticed(name: Name, at: Position, what: str, fix: str) -> Lint:
    """A lint of this name, with the code that goes with it."""
    return Lint(name, Problem(at, _CODES[name], what, fix))


def against_policy(code: str, at: Position, what: str, fix: str) -> Lint:
    """What the policy of a project does not allow, or a fault in the policy itself."""
    return Lint(None, Problem(at, code, what, fix))


def levels(project: Project) -> Mapping[Name, Level]:
    """How seriously each is taken."""
    data: Any = project.document.data
    given = data.get("lints", {})
    found = {}
    for name in Name:
        usual = Level.WARNING
        if name in OFF:
            usual = Level.OFF
        found[name] = Level(given.get(name, usual))
    return found
