"""What is done to one cohort or one ledger besides a sync: roll back, adopt, abandon,
unlock.
"""

from __future__ import annotations

import re

from runner.application import reading, syncing
from runner.application.connecting import writing_context
from runner.application.invocation import Invocation, Watched
from runner.application.syncing import Confirmation, Synced
from runner.errors import Usage
from runner.plan.ledger import Destination
from runner.sync import upkeep
from runner.sync.planned import Request
from runner.sync.run_context import RunOptions

TABLE = re.compile(r"[a-z0-9_]{3,128}\.[a-z0-9_]{3,128}")


def rollback(
    invocation: Invocation,
    watched: Watched,
    confirmation: Confirmation,
    *,
    target: str,
    cohort: str,
    reason: str,
    patience: float,
) -> Synced:
    """Bring back a cohort's members of before its last sync. `patience` is in seconds.
    Raises Usage P103, CohortsError A003, and what a sync raises.
    """
    project, asked = reading.wanted(invocation.root, invocation.day, target)
    query = reading.query_of(asked, cohort)
    options = RunOptions(asked, Request(rollback=query), patience=patience)
    # who goes back may well stand on an older commit
    with writing_context(
        invocation, project, asked.target, watched, allow_old_tree=True, reason=reason
    ) as context:
        return syncing.carry_out(context, options, confirmation)


def adopt(
    invocation: Invocation,
    watched: Watched,
    *,
    target: str,
    cohort: str,
    members_from: str,
    patience: float,
) -> int:
    """Put the rows of a table on record as members of a cohort that Braze has already;
    returns how many there are. `members_from` is `database.table`; `patience` is in
    seconds. Raises Usage, Locked, and CohortsError A001.
    """
    project, asked = reading.wanted(invocation.root, invocation.day, target)
    query = reading.query_of(asked, cohort)
    if not TABLE.fullmatch(members_from):
        raise Usage(
            "P110",
            f"--members-from {members_from[:80]!r} is not the name of a table",
            "write database.table",
        )
    with writing_context(invocation, project, asked.target, watched) as context:
        return upkeep.adopt(context, query, members_from, patience=patience)


def abandon(
    invocation: Invocation,
    watched: Watched,
    *,
    target: str,
    cohort: str,
    workspace: str,
    reason: str,
    patience: float,
) -> None:
    """Forget a cohort, by its id in Braze; its members stay there. An empty `workspace`
    is the target's. Raises Usage, Locked, and CohortsError A002.
    """
    project = reading.project(invocation.root, target)
    here = project.targets[target]
    destination = Destination(workspace or here.workspace, cohort)
    with writing_context(invocation, project, here, watched, reason=reason) as context:
        upkeep.abandon(context, destination, patience=patience)


def unlock(invocation: Invocation, watched: Watched, *, target: str) -> str:
    """Take the ledger from a run that is dead; returns who held it, or nothing."""
    project = reading.project(invocation.root, target)
    with writing_context(
        invocation, project, project.targets[target], watched
    ) as context:
        return upkeep.unlock(context)
