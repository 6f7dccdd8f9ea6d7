"""The tree that a branch is compared with: read from git, with nothing of it in the
folder that is worked in.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.application.invocation import Invocation
from runner.definitions import folder
from runner.definitions import tree as trees
from runner.definitions.cohort import Cohort
from runner.definitions.tree import Tree
from runner.environment import repository
from runner.environment.repository import NoSuchCommit
from runner.github.events import event
from runner.plan import causes, compared
from runner.plan.causes import Around
from runner.plan.plan import Plan
from runner.project import file as projects
from runner.project.file import Project
from runner.sql import wanted as queries
from runner.sql.query import Query
from runner.sql.wanted import Wanted

BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where this branch began, if nobody says so: the first of these that there is."""


@dataclass(frozen=True, slots=True)
class Base:
    """The tree that a branch is compared with. `project` is None where its file cannot
    be used; `cohorts` are by id and `wanted` by target; `unreadable` are the paths of
    the files that could not be read. `templates` and `lists` are by name.
    """

    commit: str
    project: Project | None
    cohorts: Mapping[str, Cohort]
    wanted: Mapping[str, Wanted]
    unreadable: frozenset[str]
    templates: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def around(self, target: str) -> Around:
        """What the cohorts of the base use, for one target."""
        if self.project is None or target not in self.project.targets:
            return Around()
        return around(
            self.project, target, self.queries(target), self.templates, self.lists
        )

    def queries(self, target: str) -> tuple[Query, ...]:
        """The queries of a target; none where the base has no such target."""
        there = self.wanted.get(target)
        if there is None:
            return ()
        return there.queries

    def endpoint(self, target: str) -> str:
        """Where the base sends the key of a target to; empty where it has no such target."""
        if self.project is None or target not in self.project.targets:
            return ""
        return self.project.targets[target].endpoint


def base_of(invocation: Invocation, asked: str) -> Base:
    """The tree to compare with, read from git; `asked` is a commit or branch, or empty.
    Raises NoSuchCommit.
    """
    root = invocation.root
    commit = _base_commit(root, asked, invocation.settings.github.event_path)
    return base_at(root, commit)


def base_at(root: Path, commit: str, target: str = "") -> Base:
    """The tree of a commit, with the queries of all its targets, or of one. Raises
    NoSuchCommit.
    """
    project, tree = tree_at(root, commit)
    if not project:
        return Base(commit, None, {}, {}, frozenset())
    wanted = {
        name: queries.wanted(tree, each)
        for name, each in project.targets.items()
        if target in ("", name)
    }
    unreadable = {
        problem.at.path for each in wanted.values() for problem in each.problems
    }
    cohorts = {cohort.id: cohort for cohort in tree.cohorts}
    return Base(
        commit,
        project,
        cohorts,
        wanted,
        frozenset(unreadable),
        tree.templates,
        tree.lists,
    )


def around(
    project: Project,
    target: str,
    found: Sequence[Query],
    templates: Mapping[str, str],
    lists: Mapping[str, tuple[str, ...]],
) -> Around:
    """What the cohorts of a tree use, for one target."""
    fingerprints = {query.cohort.id: query.fingerprint for query in found}
    variables = project.targets[target].vars
    return Around(variables, templates, lists, project.sources, fingerprints)


def with_causes(
    plan: Plan, project: Project, asked: Wanted, base: Base, root: Path
) -> Plan:
    """The plan with why a cohort changes whose own file does not."""
    here = around_here(project, asked, root)
    return causes.told(plan, base.cohorts, base.around(asked.target.name), here)


def around_here(project: Project, asked: Wanted, root: Path) -> Around:
    """What the cohorts of this tree use, for the target that is asked for."""
    templates, _ = folder.templates(root)
    lists, _ = folder.lists(root)
    return around(project, asked.target.name, asked.queries, templates, lists)


def tree_at(
    root: Path, commit: str, under: str = "cohorts"
) -> tuple[Project | None, Tree]:
    """The project file and the cohorts of a commit, or only what lies under a path. The
    project is None where there was none yet, or none that can be read.
    """
    with tempfile.TemporaryDirectory(prefix="cohorts-base-") as folder:
        place = Path(folder)
        repository.write_out(root, commit, under, place)
        project = projects.load(place)
        if isinstance(project, tuple):
            return None, trees.load(place, None)
        return project, trees.load(place, project)


def offline_plan(project: Project, asked: Wanted, base: Base, *, now: int) -> Plan:
    """What this tree changes, compared with the base; no service is asked. `now` is in
    unix seconds.
    """
    return compared.plan(
        base.queries(asked.target.name),
        asked,
        since=base.commit,
        now=now,
        timezone=project.timezone,
        max_withdrawn=project.max_withdrawn,
        unreadable=base.unreadable,
    )


def _base_commit(root: Path, asked: str, event_path: str) -> str:
    if asked:
        return repository.branched_from(root, asked)
    if event_path:
        commit = _base_of_event(root, Path(event_path))
        if commit:
            return commit
    for branch in BRANCHES:
        if repository.commit_of(root, branch):
            return repository.branched_from(root, branch)
    raise _no_base(root)


def _base_of_event(root: Path, path: Path) -> str:
    """The commit that a pull request is compared with; empty where the event names none."""
    told = event(path)
    parents = repository.parents(root)
    if told.head and len(parents) == 2 and parents[1] == told.head:
        # what the pull request was merged into for this run is perhaps newer than the event
        return parents[0]
    if told.base:
        return repository.branched_from(root, told.base)
    return ""


def _no_base(root: Path) -> NoSuchCommit:
    if not repository.commit(root):
        fix = "go to a clone, or commit what is here first"
        return NoSuchCommit(
            "L017", "there is no commit here, so nothing to compare with", fix
        )
    fix = "name a commit with `--base`"
    if repository.is_shallow(root):
        fix += ", or fetch the rest of this shallow clone: `git fetch --unshallow`"
    return NoSuchCommit("L017", "there is no main branch to compare with", fix)
