"""What was reviewed is what runs: a plan file, or comments on merged pull requests, beside the plan of now."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.cli.context import Usage, settings
from runner.cli.github import connected
from runner.errors import CohortsError, Position, Problem, Stale

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.plan.plan import Change, Plan
    from runner.plan.reviewed import Item
    from runner.project import Project

MOST_COMMITS = 30
"""Commits of the main branch whose pull requests are asked for, the newest first; most often one or two do."""

UNKNOWN = ("H003", "H004")
"""A commit that GitHub does not have: nobody can have reviewed it there."""

SHOWN = 20
"""Differences that are told one by one."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan that was kept: of which target, made when (unix seconds), and what it would deliver."""

    target: str
    made_at: float
    items: tuple[Item, ...]


def kept(path: Path, *, target: str, max_age: str) -> PlanFile:
    """Read a plan that `cohorts plan --out` kept. Raises Usage for what is none, Stale where it is too old."""
    from runner.plan import reviewed

    try:
        told: Mapping[str, Any] = json.loads(path.read_bytes())
        found = PlanFile(str(told["target"]), datetime.fromisoformat(told["made_at"]).timestamp(), reviewed.read(told))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        fix = "make one with `cohorts plan --out plan.json`, and leave it as it is"
        raise Usage("L020", f"{path} is no plan that can be read, or was changed since it was made", fix) from None
    if found.target != target:
        raise Usage(
            "L020", f"{path} is a plan for target {found.target[:60]}, not {target}", "make one for this target"
        )
    if told.get("since"):
        fix = "make one without `--offline`, with a key"
        raise Usage("L020", f"{path} compares with a commit, not with what Braze holds", fix)
    age = time.time() - found.made_at
    if age < -300:
        raise Usage("L020", f"{path} was made in the future", "make one with `cohorts plan --out plan.json`")
    if age > _seconds(max_age):
        made = f"{age / 3600:,.0f} hours" if age >= 7200 else f"{age / 60:,.0f} minutes"
        raise Stale("L018", f"{path} was made {made} ago; a plan is good for {max_age}", "plan again, and look at it")
    return found


def refuse_other(plan: Plan, of: PlanFile) -> None:
    """A plan that is not the one that was kept, with what differs. Raises Stale."""
    from runner.plan import reviewed

    found = [*reviewed.differences(of.items, reviewed.items(plan))]
    if found:
        more = [f"and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
        told = "".join(f"\n  {line}" for line in [*found[:SHOWN], *more])
        what = f"what is to be done is not what the plan has, in {len(found):,} cohorts"
        raise Stale("L019", what, f"plan again, look at it, and sync that; nothing was sent{told}")


class Reviews:
    """What the pull requests that were merged lately showed to whoever reviewed them; asked for once a run."""

    def __init__(self, target: str, root: Path) -> None:
        self._target, self._root = target, root
        self._marks: set[str] = set()
        self._left: list[str] | None = None
        self._pulls: set[int] = set()

    def unseen(self, plan: Plan) -> tuple[Change, ...]:
        """The changes that somebody decided in a file and that no merged pull request showed so. Raises what GitHub's
        API raises.
        """
        from runner import repository
        from runner.plan import reviewed

        left = reviewed.unseen(reviewed.decided(plan), self._marks)
        if self._left is None:
            self._left = [*repository.merged_lately(self._root, MOST_COMMITS)]
        while left and self._left:
            self._read(self._left.pop(0))
            left = reviewed.unseen(left, self._marks)
        return left

    def _read(self, commit: str) -> None:
        from runner.report import marker

        with connected() as github:
            try:
                pulls = {*github.pulls_of(commit)} - self._pulls
            except CohortsError as exc:
                if exc.code not in UNKNOWN:
                    raise
                return
            for pull in sorted(pulls):
                self._pulls.add(pull)
                for comment in github.own_comments(pull):
                    self._marks |= marker.read(comment.body, self._target)


def compared(plan: Plan, project: Project, reviews: Reviews) -> Plan:
    """The plan, warned of or refused (Stale) as the project's `review` says, where something was not reviewed so."""
    policy = project.review
    here = settings().github
    if policy == "off" or project.targets[plan.target].is_sandbox:
        return plan
    if not (here.token and here.repository):
        if policy == "warn":
            return plan
        from runner.plan import reviewed

        unseen = reviewed.decided(plan)
        why = "outside GitHub Actions there is no review to compare with"
    else:
        try:
            unseen, why = reviews.unseen(plan), "no pull request that was merged lately showed it so"
        except CohortsError as exc:
            if policy == "require":
                raise
            return replace(
                plan, warnings=(*plan.warnings, _warning(Position("cohorts/project.yml"), exc.what, exc.fix))
            )
    if not unseen:
        return plan
    fix = 'look at `cohorts plan`; if it is right, `--plan FILE`, or once `--allow unreviewed --reason "…"`'
    if policy == "require":
        names = ", ".join(change.id for change in unseen[:SHOWN]) + (", …" if len(unseen) > SHOWN else "")
        raise Stale("L021", f"not reviewed: {names}: {why}", fix)
    told = [
        _warning(
            change.cohort.document.at() if change.cohort else Position(change.id),
            f"{change.id}: to {change.action} now, and {why}",
            "look at it; with `review: require` in the project file it would not run",
        )
        for change in unseen
    ]
    return replace(plan, warnings=tuple(sorted({*plan.warnings, *told})))


def _warning(at: Position, what: str, fix: str) -> Problem:
    return Problem(at, "L021", what, fix)


def _seconds(text: str) -> int:
    if found := re.fullmatch(r"(\d{1,4})([mhd])", text):
        return int(found[1]) * {"m": 60, "h": 3600, "d": 86_400}[found[2]]
    raise Usage("P109", f"--max-age cannot be {text[:20]!r}", "write a number with m, h or d, such as 24h")
