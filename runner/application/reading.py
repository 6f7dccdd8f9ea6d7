"""The project file, and the cohorts' files as queries of one target."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from runner.definitions import tree as trees
from runner.errors import InvalidDefinitions, Usage
from runner.project import file as projects
from runner.project.file import Project
from runner.sql import wanted as queries
from runner.sql.query import Query
from runner.sql.wanted import Wanted


def project(root: Path, target: str = "") -> Project:
    """The project file; where a target is named, it has that target. Raises
    InvalidDefinitions and Usage.
    """
    loaded = projects.load(root)
    if isinstance(loaded, tuple):
        raise InvalidDefinitions([*loaded, *trees.load(root, None).problems])
    if target and target not in loaded.targets:
        known = ", ".join(sorted(loaded.targets))
        raise Usage("P102", f"there is no target {target!r}", f"choose one of: {known}")
    return loaded


def wanted(root: Path, day: date, target: str) -> tuple[Project, Wanted]:
    """The project file, and the queries of one target. Raises InvalidDefinitions only
    where there are problems and no query can be used.
    """
    loaded = project(root, target)
    tree = trees.load(root, loaded, day)
    asked = queries.wanted(tree, loaded.targets[target])
    if asked.problems and not asked.queries:
        raise InvalidDefinitions(asked.problems)
    return loaded, asked


def query_of(asked: Wanted, cohort: str) -> Query:
    """The query of a cohort. Raises Usage P103 where no good file defines it."""
    for query in asked.queries:
        if query.cohort.id == cohort:
            return query
    raise no_cohort(cohort)


def no_cohort(cohort: str) -> Usage:
    """The error P103 for a cohort that no good file defines."""
    return Usage(
        "P103",
        f"there is no cohort {cohort!r}",
        (
            "correct the id, or run `cohorts validate` to see which files have"
            " problems (it needs no key)"
        ),
    )
