"""The project's `review`: what the merged pull requests showed, beside what a sync is
about to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from runner.application.base import tree_at
from runner.application.github import connected
from runner.environment import repository
from runner.environment.settings import Settings
from runner.errors import CohortsError, Position, Problem, Stale
from runner.github.api import GitHub
from runner.plan import marker, reviewed, settled
from runner.plan.ledger import Destination, Ledger
from runner.plan.plan import Plan
from runner.plan.settled import Setting
from runner.project.file import FILE, Project
from runner.sql import wanted as queries
from runner.sql.query import Query
from runner.sql.wanted import Wanted

MOST_COMMITS = 100
"""Commits of the main branch whose pull requests are asked for, the newest first; most
often one or two do.
"""

POLICY = "review"
"""The name of the setting itself, as a changed setting is named."""

UNKNOWN = ("H003", "H004")
"""A commit that GitHub does not have: nobody can have reviewed it there."""

SHOWN = 20
"""Cohorts and settings that are told one by one."""

CURE = (
    "look at `cohorts plan`; if it is right, `--plan FILE`,"
    ' or once `--allow unreviewed --reason "…"`'
)


@dataclass(frozen=True, slots=True)
class Since:
    """What differs from a commit. `known` has the fingerprints of that commit's queries
    (None where that is not known); `settings` are those that are others now.
    """

    known: Mapping[Destination, str] | None = None
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody must have reviewed: where it stands, its name, and what is to become of it."""

    at: Position
    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """The claims that no review showed so, and why that is said of them."""

    claims: tuple[Claim, ...]
    why: str

    @property
    def names(self) -> tuple[str, ...]:
        """Cohorts and settings, as a person knows them."""
        return tuple(claim.name for claim in self.claims)


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


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """Warns of what nobody reviewed, or refuses it, as the project's `review` says."""

    project: Project
    wanted: Wanted
    reviews: Reviews

    def approved(self, plan: Plan, ledger: Ledger) -> Plan:
        """The plan, with a warning for each thing that was not reviewed. Raises Stale
        L021 where the policy is `require`, and what GitHub's API raises.
        """
        if self.wanted.target.is_sandbox or not plan.due:
            return plan
        last = ledger.settled
        policy = self._policy(last)
        can_ask = self.reviews.can_ask
        if policy == "off" or (policy == "warn" and not can_ask):
            return plan
        claims = self._claims(plan, last)
        if not claims:
            return plan
        try:
            found = self._unreviewed(claims, last)
        except CohortsError as exc:
            if policy == "require":
                raise
            at = self.project.document.at()
            return _warned(plan, [_warning(at, exc.what, exc.fix)])
        return self._judged(plan, found, policy)

    def _policy(self, last: str) -> str:
        """A `require` of the commit that was looked at last holds until a change of it
        was reviewed; else anybody could merge a change of the policy, and after it all else.
        """
        if "require" in (self.project.review, self.reviews.policy(last)):
            return "require"
        return self.project.review

    def _claims(self, plan: Plan, last: str) -> dict[str, Claim]:
        """What must have been reviewed, by mark."""
        since = self.reviews.since(last, self.project, self.wanted)
        settings = _of_settings(since, self.wanted, self.project.document.path)
        return {**_of_changes(plan, since), **settings}

    def _unreviewed(self, claims: Mapping[str, Claim], last: str) -> Unreviewed:
        if not self.reviews.can_ask:
            why = "outside GitHub Actions there is no review to compare with"
            return Unreviewed(tuple(claims.values()), why)
        unseen = self.reviews.unseen(claims, last)
        found = [claim for mark, claim in claims.items() if mark in unseen]
        why = "no pull request that was merged lately showed it so"
        return Unreviewed(tuple(found), why)

    def _judged(self, plan: Plan, found: Unreviewed, policy: str) -> Plan:
        if POLICY not in found.names:
            # a change of the policy was reviewed, or there is none: it says what holds now
            policy = self.project.review
        if policy == "require" and found.claims:
            names = ", ".join(found.names[:SHOWN])
            if len(found.names) > SHOWN:
                names += ", …"
            raise Stale("L021", f"not reviewed: {names}: {found.why}", CURE)
        if policy != "warn":
            return plan
        fix = "look at it; with `review: require` in the project file it would not run"
        warnings = [
            _warning(claim.at, f"{claim.what}, and {found.why}", fix)
            for claim in found.claims
        ]
        return _warned(plan, warnings)


def _of_changes(plan: Plan, since: Since) -> dict[str, Claim]:
    claims = {}
    for change in reviewed.decided(plan, since.known):
        at = Position(change.id)
        if change.cohort:
            at = change.cohort.document.at()
        what = f"{change.id}: to {change.action} now"
        claims[reviewed.item(change).mark] = Claim(at, change.id, what)
    return claims


def _of_settings(since: Since, asked: Wanted, path: str) -> dict[str, Claim]:
    """The claims of changed settings; `path` is the project file's."""
    documents = {query.cohort.id: query.cohort.document for query in asked.queries}
    claims = {}
    for setting in since.settings:
        at = Position(path)
        if setting.cohort:
            at = documents[setting.cohort].at(*setting.name.split("."))
        claim = Claim(at, setting.title, str(setting))
        claims[reviewed.mark_of(setting)] = claim
    return claims


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
    settings = settled.changed(before, project, name, old, cohorts)
    return Since(reviewed.by_destination(there), settings)


def _warned(plan: Plan, warnings: Iterable[Problem]) -> Plan:
    return replace(plan, warnings=tuple(sorted({*plan.warnings, *warnings})))


def _warning(at: Position, what: str, fix: str) -> Problem:
    return Problem(at, "L021", what, fix)
