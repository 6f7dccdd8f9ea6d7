"""The project file, and the cohorts' files as queries of one target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from runner.definitions import folder
from runner.definitions import tree as trees
from runner.definitions.tree import Tree
from runner.environment import repository
from runner.errors import InvalidDefinitions, Problem, Usage
from runner.plan import selection as selections
from runner.plan.selection import (
    BadSelection,
    Candidate,
    Selection,
    of_cohort,
    without_plan,
)
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


def is_uncommitted(root: Path) -> bool:
    """True where files of cohorts, or what they use, are not as this tree's commit has
    them; False outside git.
    """
    return repository.is_changed(root, folder.TOP, folder.SUFFIXES)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The queries of selected cohorts, and the problems of the selected files."""

    queries: tuple[Query, ...]
    problems: tuple[Problem, ...]


def chosen_queries(
    asked: Wanted, select: Sequence[str], exclude: Sequence[str] = ()
) -> Chosen:
    """What is selected; all of it where nothing is named. A file that cannot be used
    answers to its path and to its own name. Raises BadSelection, and InvalidDefinitions
    where what was meant is perhaps among the bad files.
    """
    selection = selections.read(select, exclude)
    if selection == Selection():
        return Chosen(asked.queries, asked.problems)
    good = [of_cohort(query.cohort) for query in asked.queries]
    unusable = {each.at.path for each in asked.problems}
    bad = [Candidate(Path(path).stem, path) for path in sorted(unusable)]
    try:
        found = without_plan([*good, *bad], selection)
    except BadSelection:
        if not asked.problems:
            raise
        raise InvalidDefinitions(asked.problems) from None
    ids = {each.id for each in found if each.cohort}
    paths = {each.path for each in found}
    queries = tuple(query for query in asked.queries if query.cohort.id in ids)
    problems = tuple(each for each in asked.problems if each.at.path in paths)
    return Chosen(queries, problems)


def of_files(
    problems: Sequence[Problem], tree: Tree, files: frozenset[str]
) -> tuple[Problem, ...]:
    """The problems without those of cohort files that are not among `files`."""
    others = set(tree.paths) - files
    return tuple(each for each in problems if each.at.path not in others)


def chosen_files(tree: Tree, selection: Selection) -> frozenset[str]:
    """The paths of the selected cohort files, from the repository's root. A file that
    cannot be read answers to its path and to its own name. Raises BadSelection.
    """
    good = {cohort.document.path: of_cohort(cohort) for cohort in tree.cohorts}
    candidates = [
        good.get(path, Candidate(Path(path).stem, path)) for path in tree.paths
    ]
    return frozenset(each.path for each in without_plan(candidates, selection))


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
            "correct the id; `cohorts list` lists the ids, and `cohorts validate` says"
            " which files have problems (neither needs a key)"
        ),
    )
