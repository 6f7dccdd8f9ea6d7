"""Why a cohort changes whose own file does not, in a plan against the ledger: this tree
beside the commits that were synced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from runner.application.base import Base, around_here, base_at
from runner.definitions.cohort import Cohort
from runner.definitions.folder import TOP
from runner.environment import repository
from runner.environment.repository import NoSuchCommit
from runner.plan import causes
from runner.plan.plan import Action, Change, Plan
from runner.project.file import Project
from runner.sql.wanted import Wanted

MOST_READ = 3
"""How many commits are read for one plan. One is mostly enough: what was synced before
it has mostly not changed up to it.
"""

MOST_COMPARED = 20
"""How many commits are compared with this tree, file by file, without being read."""


def with_causes(plan: Plan, project: Project, asked: Wanted, root: Path) -> Plan:
    """The plan with the causes, as far as commits of this clone prove them. A commit
    proves what was delivered where its files want just what the ledger says was; else
    the plan stays as it is.
    """
    waiting = list(_with_same_file(plan, root))
    if not waiting:
        return plan
    here = around_here(project, asked, root)
    for _ in range(MOST_READ):
        commit = _newest(waiting)
        base = _read(root, commit, asked.target.name)
        if base:
            before = _delivered(base, asked.target.name, waiting)
            plan = causes.told(plan, before, base.around(asked.target.name), here)
            waiting = [change for change in waiting if change.id not in before]
        waiting = [change for change in waiting if _commit(change) != commit]
        if not waiting:
            break
    return plan


def _with_same_file(plan: Plan, root: Path) -> Iterator[Change]:
    """The updates of cohorts whose own files are as at the commit that was synced, while
    other files are not.
    """
    updates = [
        change
        for change in plan.changes
        if change.action is Action.UPDATE and _commit(change) and not _is_same(change)
    ]
    newest = sorted(updates, key=_synced_at, reverse=True)
    commits = list(dict.fromkeys(map(_commit, newest)))[:MOST_COMPARED]
    changed = {
        commit: repository.changed_files(root, commit, TOP) for commit in commits
    }
    for change in updates:
        others = changed.get(_commit(change))
        if others and change.cohort and change.cohort.document.path not in others:
            yield change


def _read(root: Path, commit: str, target: str) -> Base | None:
    """The tree of a commit; None where git cannot read all of it."""
    try:
        return base_at(root, commit, target)
    except (OSError, NoSuchCommit):
        return None


def _delivered(
    base: Base, target: str, changes: Sequence[Change]
) -> Mapping[str, Cohort]:
    """The cohorts of a commit that want what the ledger says was delivered, by id."""
    wanted = base.around(target).fingerprints
    return {
        change.id: base.cohorts[change.id]
        for change in changes
        if change.deployed.delivered
        and wanted.get(change.id) == change.deployed.delivered.fingerprint
    }


def _is_same(change: Change) -> bool:
    """True where the files want what was delivered, and something else is the reason."""
    last = change.deployed.delivered
    if last is None or change.query is None:
        return False
    return last.fingerprint == change.query.fingerprint


def _newest(changes: Sequence[Change]) -> str:
    """The commit at which one of the cohorts was synced last."""
    return _commit(max(changes, key=_synced_at))


def _synced_at(change: Change) -> int:
    """When a cohort was synced last, in unix seconds; 0 where it was not."""
    if change.deployed.delivered is None:
        return 0
    return change.deployed.delivered.at


def _commit(change: Change) -> str:
    """The commit at which a cohort was synced last, or nothing."""
    if change.deployed.delivered is None:
        return ""
    return change.deployed.delivered.commit
