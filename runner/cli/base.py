"""The tree that a branch is compared with: read from git, with nothing of it in the
folder that is worked in.
"""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.context import settings
from runner.errors import CohortsError

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.definitions.cohort import Cohort
    from runner.definitions.tree import Tree
    from runner.plan.plan import Plan
    from runner.project.file import Project
    from runner.sql.wanted import Wanted

BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where this branch began, if nobody says so: the first of these that there is."""


@dataclass(frozen=True, slots=True)
class Base:
    """The tree that a branch is compared with: its commit, its project file if that can
    be used, its cohorts by id, by target its queries, and the paths of the files that
    could not be read.
    """

    commit: str
    project: Project | None
    cohorts: Mapping[str, Cohort]
    wanted: Mapping[str, Wanted]
    unreadable: frozenset[str]


def base_of(root: Path, asked: str) -> Base:
    """The tree to compare with, read from git. Raises NoSuchCommit."""
    from runner.sql import wanted as queries

    commit = _base_commit(root, asked)
    project, tree = tree_at(root, commit)
    if not project:
        return Base(commit, None, {}, {}, frozenset())
    wanted = {
        name: queries.wanted(tree, target) for name, target in project.targets.items()
    }
    bad = frozenset(
        problem.at.path for each in wanted.values() for problem in each.problems
    )
    return Base(
        commit, project, {cohort.id: cohort for cohort in tree.cohorts}, wanted, bad
    )


def tree_at(
    root: Path, commit: str, under: str = "cohorts"
) -> tuple[Project | None, Tree]:
    """The project file and the cohorts of a commit, or only what lies under a path; no
    project where there was none yet, or none that can be read.
    """
    from runner.definitions import tree as trees
    from runner.environment import repository
    from runner.project import file as projects

    with tempfile.TemporaryDirectory(prefix="cohorts-base-") as folder:
        place = Path(folder)
        repository.write_out(root, commit, under, place)
        project = projects.load(place)
        return (
            (None, trees.load(place, None))
            if isinstance(project, tuple)
            else (project, trees.load(place, project))
        )


def _base_commit(root: Path, asked: str) -> str:
    from runner.environment import repository

    if asked:
        return repository.branched_from(root, asked)
    if settings().github.event_path:
        from runner.github.events import event

        told = event(Path(settings().github.event_path))
        parents = repository.parents(root)
        if told.head and len(parents) == 2 and parents[1] == told.head:
            return parents[
                0
            ]  # what the pull request was merged into for this run, newer than the event perhaps
        if told.base:
            return repository.branched_from(root, told.base)
    for branch in BRANCHES:
        if repository.commit_of(root, branch):
            return repository.branched_from(root, branch)
    raise _no_base(root)


def _no_base(root: Path) -> CohortsError:
    from runner.environment import repository

    if not repository.commit(root):
        fix = "go to a clone, or commit what is here first"
        return repository.NoSuchCommit(
            "L017", "there is no commit here, so nothing to compare with", fix
        )
    fix = "name a commit with `--base`"
    if repository.is_shallow(root):
        fix += ", or fetch the rest of this shallow clone: `git fetch --unshallow`"
    return repository.NoSuchCommit(
        "L017", "there is no main branch to compare with", fix
    )


def offline_plan(project: Project, asked: Wanted, base: Base) -> Plan:
    """What this tree changes, compared with another one; no service is asked."""
    from runner.plan import compared

    there = base.wanted.get(asked.target.name)
    return compared.plan(
        there.queries if there else (),
        asked,
        since=base.commit,
        now=int(time.time()),
        timezone=project.timezone,
        max_withdrawn=project.max_withdrawn,
        unreadable=base.unreadable,
    )
