"""What the lately merged pull requests showed to whoever reviewed them, and what
differs from the commit of the last sync.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.application.base import tree_at
from runner.environment import repository
from runner.environment.settings import Settings
from runner.errors import CohortsError
from runner.plan import marker, reviewed, setting_changes
from runner.plan.ledger import Destination
from runner.plan.setting_changes import Setting
from runner.project.file import FILE, Project
from runner.sql import wanted as queries
from runner.sql.query import Query
from runner.sql.wanted import Wanted

if TYPE_CHECKING:  # a type of a module that is imported late
    from runner.github.api import GitHub

MOST_COMMITS = 100
"""Commits of the main branch whose pull requests are asked for, the newest first; most
often one or two do.
"""

UNKNOWN = ("H003", "H004")
"""A commit that GitHub does not have: nobody can have reviewed it there."""


@dataclass(frozen=True, slots=True)
class Since:
    """What differs from a commit. `known` has the fingerprints of that commit's queries
    (None where that is not known); `settings` are those that are others now.
    """

    known: Mapping[Destination, str] | None = None
    settings: tuple[Setting, ...] = ()


class Reviews:
    """What the lately merged pull requests showed to whoever reviewed them. A run asks
    git and GitHub for it once, however often it plans.
    """

    def __init__(self, target: str, root: Path, settings: Settings) -> None:
        self._target, self._root, self._settings = target, root, settings
        self._seen: dict[str, str] = {}
        self._left: list[str] | None = None
        self._pulls: set[int] = set()
        self._since: dict[str, Since] = {}
        self._policies: dict[str, str] = {}

    @property
    def can_ask(self) -> bool:
        """True where GitHub can be asked: there is a token, and the repository is known."""
        here = self._settings.github
        return bool(here.token and here.repository)

    def policy(self, commit: str) -> str:
        """What `review` said in a commit; empty where that cannot be told."""
        if not repository.commit_of(self._root, commit):
            return ""
        if commit not in self._policies:
            self._policies[commit] = _policy_at(self._root, commit)
        return self._policies[commit]

    def since(self, commit: str, project: Project, asked: Wanted) -> Since:
        """What differs from a commit, which has to be in this clone."""
        if not repository.commit_of(self._root, commit):
            return Since()
        if repository.is_same(self._root, commit, "cohorts"):
            return Since(reviewed.by_destination(asked.queries))
        if commit not in self._since:
            self._since[commit] = _since(self._root, commit, project, asked)
        return self._since[commit]

    def unseen(self, marks: Collection[str], since: str) -> frozenset[str]:
        """The marks that are not what the pull requests merged since a commit showed
        last. Raises what GitHub's API raises.
        """
        if self._left is None:
            self._left = [*repository.merged_since(self._root, since, MOST_COMMITS)]
        # most runs ask GitHub nothing
        from runner.application.github import connected  # noqa: PLC0415

        with connected(self._settings) as github:
            while self._left and not self._are_seen(marks):
                self._read(self._left.pop(0), github)
        return reviewed.unseen(marks, self._seen)

    def _are_seen(self, marks: Collection[str]) -> bool:
        return all(mark[: reviewed.KEY] in self._seen for mark in marks)

    def _read(self, commit: str, github: GitHub) -> None:
        """Read the comments on the pull requests of a commit."""
        try:
            pulls = github.pulls_of(commit, self._settings.github.branch)
        except CohortsError as exc:
            if exc.code not in UNKNOWN:
                raise
            return
        for pull in pulls:
            if pull in self._pulls:
                continue
            self._pulls.add(pull)
            # the newest comment is the one that is edited
            for comment in reversed(github.own_comments(pull)):
                for mark in marker.read(comment.body, self._target):
                    # commits are read newest first: what was merged later has the last word
                    self._seen.setdefault(mark[: reviewed.KEY], mark)


def _policy_at(root: Path, commit: str) -> str:
    project, _ = tree_at(root, commit, FILE)
    if project is None:
        return ""
    return project.review


def _since(root: Path, commit: str, project: Project, asked: Wanted) -> Since:
    before, tree = tree_at(root, commit)
    if not before:
        return Since()
    name = asked.target.name
    there: tuple[Query, ...] = ()
    if name in before.targets:
        there = queries.wanted(tree, before.targets[name]).queries
    old = {cohort.id: cohort for cohort in tree.cohorts}
    cohorts = [query.cohort for query in asked.queries]
    settings = setting_changes.changed(before, project, name, old, cohorts)
    return Since(reviewed.by_destination(there), settings)
