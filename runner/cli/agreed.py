"""What was reviewed is what runs: a plan file, or comments on merged pull requests,
beside the plan of now.
"""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.cli.base import tree_at
from runner.cli.context import Usage, settings
from runner.cli.github import connected
from runner.errors import CohortsError, Position, Problem, Stale

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.github.api import GitHub
    from runner.plan.ledger import Destination
    from runner.plan.plan import Plan
    from runner.plan.reviewed import Item
    from runner.plan.setting_changes import Setting
    from runner.project.file import Project
    from runner.sql.wanted import Wanted

MOST_COMMITS = 100
"""Commits of the main branch whose pull requests are asked for, the newest first; most
often one or two do.
"""

POLICY = "review"

UNKNOWN = ("H003", "H004")
"""A commit that GitHub does not have: nobody can have reviewed it there."""

SHOWN = 20
"""Differences that are told one by one."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan that was kept: of which target, made when (unix seconds), its checksum,
    and what it would deliver.
    """

    target: str
    made_at: float
    checksum: str
    items: tuple[Item, ...]

    @property
    def words(self) -> str:
        """What the ledger keeps of it, as the reason of the sync."""
        made = datetime.fromtimestamp(self.made_at, UTC)
        return f"the plan {self.checksum[:19]} of {made:%Y-%m-%d %H:%M} UTC"


def kept(path: Path, *, target: str, max_age: str) -> PlanFile:
    """Read a plan that `cohorts plan --out` kept. Raises Usage for what is none, Stale
    where it is too old.
    """
    from runner.plan import reviewed

    try:
        told: Mapping[str, Any] = json.loads(path.read_bytes())
        made_at = datetime.fromisoformat(told["made_at"]).timestamp()
        found = PlanFile(
            str(told["target"]), made_at, str(told["checksum"]), reviewed.read(told)
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        fix = "make one with `cohorts plan --out plan.json`, and leave it as it is"
        raise Usage(
            "L020",
            f"{path} is no plan that can be read, or was changed since it was made",
            fix,
        ) from None
    if found.target != target:
        raise Usage(
            "L020",
            f"{path} is a plan for target {found.target[:60]}, not {target}",
            "make one for this target",
        )
    if told.get("since"):
        fix = "make one without `--offline`, with a key"
        raise Usage(
            "L020", f"{path} compares with a commit, not with what Braze holds", fix
        )
    age = time.time() - found.made_at
    if age < -300:
        raise Usage(
            "L020",
            f"{path} was made in the future",
            "make one with `cohorts plan --out plan.json`",
        )
    if age > _seconds(max_age):
        made = f"{age / 3600:,.0f} hours" if age >= 7200 else f"{age / 60:,.0f} minutes"
        raise Stale(
            "L018",
            f"{path} was made {made} ago; a plan is good for {max_age}",
            "plan again, and look at it",
        )
    return found


def refuse_other(plan: Plan, of: PlanFile) -> None:
    """A plan that is not the one that was kept, with what differs. Raises Stale."""
    from runner.plan import reviewed
    from runner.report.lists import many

    found = [*reviewed.differences(of.items, reviewed.items(plan))]
    if found:
        more = [f"and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
        told = "".join(f"\n  {line}" for line in [*found[:SHOWN], *more])
        what = f"what is to be done is not what the plan has, in {many(len(found), 'cohort')}"
        raise Stale(
            "L019",
            what,
            f"plan again, look at it, and sync that; nothing was sent{told}",
        )


@dataclass(frozen=True, slots=True)
class Since:
    """What was looked at before: the fingerprints of its queries (None: that is not
    known), and which settings are others now.
    """

    known: Mapping[Destination, str] | None = None
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody must have reviewed: where it stands, its name, and what is to become of it."""

    at: Position
    name: str
    what: str


class Reviews:
    """What the pull requests that were merged lately showed to whoever reviewed them;
    asked for once a run.
    """

    def __init__(self, target: str, root: Path) -> None:
        self._target, self._root = target, root
        self._seen: dict[str, str] = {}
        self._left: list[str] | None = None
        self._pulls: set[int] = set()
        self._since: dict[str, Since] = {}
        self._policies: dict[str, str] = {}

    def policy(self, commit: str) -> str:
        """What `review` said in the tree that was looked at last; nothing where that
        cannot be told.
        """
        from runner.environment import repository
        from runner.project.file import FILE

        if not repository.commit_of(self._root, commit):
            return ""
        if commit not in self._policies:
            before, _ = tree_at(self._root, commit, FILE)
            self._policies[commit] = before.review if before else ""
        return self._policies[commit]

    def since(self, commit: str, project: Project, asked: Wanted) -> Since:
        """What is other than in the tree that was looked at last; it has to be in this clone."""
        from runner.environment import repository
        from runner.plan import reviewed

        if not repository.commit_of(self._root, commit):
            return Since()
        if repository.is_same(self._root, commit, "cohorts"):
            return Since(reviewed.by_destination(asked.queries))
        if commit not in self._since:
            self._since[commit] = _since(self._root, commit, project, asked)
        return self._since[commit]

    def unseen(self, marks: Collection[str], since: str) -> frozenset[str]:
        """The marks that are not what a pull request that was merged since a commit
        showed last. Raises what GitHub's API raises.
        """
        from runner.environment import repository
        from runner.plan import reviewed

        if self._left is None:
            self._left = [*repository.merged_since(self._root, since, MOST_COMMITS)]
        with connected() as github:
            while self._left and not all(
                mark[: reviewed.KEY] in self._seen for mark in marks
            ):
                self._read(self._left.pop(0), github)
        return reviewed.unseen(marks, self._seen)

    def _read(self, commit: str, github: GitHub) -> None:
        from runner.plan import reviewed
        from runner.report import marker

        try:
            pulls = github.pulls_of(commit, settings().github.branch)
        except CohortsError as exc:
            if exc.code not in UNKNOWN:
                raise
            return
        for pull in pulls:
            if pull in self._pulls:
                continue
            self._pulls.add(pull)
            for comment in reversed(
                github.own_comments(pull)
            ):  # the newest is the one that is edited
                for mark in marker.read(comment.body, self._target):
                    self._seen.setdefault(
                        mark[: reviewed.KEY], mark
                    )  # what was merged later has the last word


def compared(
    plan: Plan, project: Project, asked: Wanted, reviews: Reviews, *, last: str
) -> Plan:
    """The plan, warned of or refused (Stale) as the project's `review` says, where
    something was not reviewed so. A `require` of the commit that was looked at `last`
    holds until a change of it was reviewed.
    """
    here = settings().github
    if asked.target.is_sandbox or not plan.due:
        return plan
    policy = (
        "require"
        if "require" in (project.review, reviews.policy(last))
        else project.review
    )
    can_ask = bool(here.token and here.repository)
    if policy == "off" or (policy == "warn" and not can_ask):
        return plan
    since = reviews.since(last, project, asked)
    waiting = {
        **_of_changes(plan, since),
        **_of_settings(since, asked, project.document.path),
    }
    if not waiting:
        return plan
    if not can_ask:
        unseen, why = (
            frozenset(waiting),
            "outside GitHub Actions there is no review to compare with",
        )
    else:
        try:
            unseen, why = (
                reviews.unseen(waiting, last),
                "no pull request that was merged lately showed it so",
            )
        except CohortsError as exc:
            if policy == "require":
                raise
            return _warned(plan, [_warning(project.document.at(), exc.what, exc.fix)])
    found = [each for mark, each in waiting.items() if mark in unseen]
    if POLICY not in (each.name for each in found):
        policy = project.review
    if policy == "require" and found:
        names = ", ".join(each.name for each in found[:SHOWN]) + (
            ", …" if len(found) > SHOWN else ""
        )
        fix = 'look at `cohorts plan`; if it is right, `--plan FILE`, or once `--allow unreviewed --reason "…"`'
        raise Stale("L021", f"not reviewed: {names}: {why}", fix)
    fix = "look at it; with `review: require` in the project file it would not run"
    told = [_warning(each.at, f"{each.what}, and {why}", fix) for each in found]
    return _warned(plan, told) if policy == "warn" else plan


def _of_changes(plan: Plan, since: Since) -> dict[str, Claim]:
    from runner.plan import reviewed

    return {
        reviewed.item(change).mark: Claim(
            change.cohort.document.at() if change.cohort else Position(change.id),
            change.id,
            f"{change.id}: to {change.action} now",
        )
        for change in reviewed.decided(plan, since.known)
    }


def _of_settings(since: Since, asked: Wanted, place: str) -> dict[str, Claim]:
    from runner.plan import reviewed

    places = {query.cohort.id: query.cohort.document for query in asked.queries}
    return {
        reviewed.mark_of(setting): Claim(
            places[setting.cohort].at(*setting.name.split("."))
            if setting.cohort
            else Position(place),
            setting.title,
            str(setting),
        )
        for setting in since.settings
    }


def _since(root: Path, commit: str, project: Project, asked: Wanted) -> Since:
    from runner.plan import reviewed, setting_changes
    from runner.sql import wanted as queries

    before, tree = tree_at(root, commit)
    if not before:
        return Since()
    name = asked.target.name
    there = (
        queries.wanted(tree, before.targets[name]).queries
        if name in before.targets
        else ()
    )
    old = {cohort.id: cohort for cohort in tree.cohorts}
    others = setting_changes.changed(
        before, project, name, old, [query.cohort for query in asked.queries]
    )
    return Since(reviewed.by_destination(there), others)


def _warned(plan: Plan, told: Iterable[Problem]) -> Plan:
    return replace(plan, warnings=tuple(sorted({*plan.warnings, *told})))


def _warning(at: Position, what: str, fix: str) -> Problem:
    return Problem(at, "L021", what, fix)


def _seconds(text: str) -> int:
    if found := re.fullmatch(r"(\d{1,4})([mhd])", text):
        return int(found[1]) * {"m": 60, "h": 3600, "d": 86_400}[found[2]]
    raise Usage(
        "P109",
        f"--max-age cannot be {text[:20]!r}",
        "write a number with m, h or d, such as 24h",
    )
