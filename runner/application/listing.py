"""Which cohorts the files define."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from runner.application import reading
from runner.definitions import tree as trees
from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.plan import selection


class Kind(StrEnum):
    """How a cohort says who is meant."""

    RULE = "rule"
    TEMPLATE = "template"
    SQL = "sql"


@dataclass(frozen=True, slots=True)
class Listed:
    """The selected cohorts, sorted by id, and the problems of the other selected files."""

    cohorts: tuple[Cohort, ...]
    problems: tuple[Problem, ...]


def listed(
    root: Path, day: date, *, select: Sequence[str], exclude: Sequence[str]
) -> Listed:
    """The cohorts of a repository; no key is needed. Raises InvalidDefinitions where the
    project file cannot be used, and BadSelection.
    """
    tree = trees.load(root, reading.project(root), day)
    asked = selection.read(select, exclude)
    files = reading.chosen_files(tree, asked)
    cohorts = [each for each in tree.cohorts if each.document.path in files]
    return Listed(tuple(cohorts), reading.of_files(tree.problems, tree, files))


def kind(cohort: Cohort) -> Kind:
    """A rule, also one that narrows a query; else a shared template, or SQL of its own."""
    if cohort.rule is not None:
        return Kind.RULE
    if cohort.template:
        return Kind.TEMPLATE
    return Kind.SQL
