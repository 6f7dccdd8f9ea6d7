"""What a branch changes: the queries of two trees against each other, as a plan that
needs no ledger; pure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from runner.plan import life, making
from runner.plan.ledger import Delivered, Deployed, Destination, Ledger
from runner.plan.plan import Action, Change, Plan
from runner.project.file import Limit
from runner.sql.query import Query
from runner.sql.wanted import Wanted

SNAPSHOT = "base"
"""Stands for a table that nobody reads: a cohort of the base counts as being in Braze."""


def plan(
    before: Sequence[Query],
    after: Wanted,
    *,
    since: str,
    now: int,
    timezone: str,
    max_withdrawn: Limit | None,
    unreadable: Collection[str] = (),
) -> Plan:
    """The plan as if Braze held what the commit `since` wants. `now`: unix seconds;
    `unreadable`: paths of files that could not be read there.
    """
    day = life.today(now, timezone)
    there = [
        _there(query, now) for query in before if not life.is_expired(query.cohort, day)
    ]
    made = making.make(
        after.queries,
        Ledger(
            id="",
            epoch=0,
            now=now,
            cohorts={deployed.destination: deployed for deployed in there},
        ),
        target=after.target.name,
        workspace=after.target.workspace,
        refresh=False,
        may_withdraw=not after.invalid_files,
        max_withdrawn=max_withdrawn,
        timezone=timezone,
        barred=after.barred,
    )
    held = {
        Destination(query.workspace, query.braze_id)
        for query in before
        if life.is_suspended(query.cohort, day)
    }
    changes = tuple(
        _resumed(_told(change, unreadable), held) for change in made.changes
    )
    return replace(made, changes=changes, since=since)


def touched(plan: Plan) -> frozenset[Destination]:
    """The cohorts that a branch changes."""
    return frozenset(
        change.destination
        for change in plan.changes
        if change.action is not Action.NONE
    )


def _there(query: Query, now: int) -> Deployed:
    delivered = Delivered(
        SNAPSHOT,
        0,
        query.cohort.name,
        query.fingerprint,
        query.parts,
        query.audience,
        now,
        as_of=now,
        certain=SNAPSHOT,
        mode=query.cohort.mode.value,
    )
    return Deployed(Destination(query.workspace, query.braze_id), delivered)


def _resumed(change: Change, held: Collection[Destination]) -> Change:
    """The change of a cohort whose suspension a branch ends: what Braze got of it is
    not known, so it is looked at.
    """
    if (
        change.action is not Action.NONE
        or change.destination not in held
        or change.query is None
    ):
        return change
    return replace(
        change,
        action=Action.UPDATE,
        reasons=("its suspension ends, and what it wants now is sent",),
    )


def _told(change: Change, unreadable: Collection[str]) -> Change:
    """The change in words that fit a branch: of Braze nothing is known."""
    if change.action is Action.SUSPENDED and change.query:
        old = change.deployed.delivered.parts if change.deployed.delivered else {}
        parts = sorted(
            part
            for part in {*change.query.parts, *old}
            if change.query.parts.get(part) != old.get(part)
        )
        if parts:
            more = tuple(f"when it ends, {part} changed" for part in parts)
            return replace(change, reasons=(*change.reasons, *more))
    if change.action is not Action.CREATE or not change.cohort:
        return change
    is_old = change.cohort.document.path in unreadable
    first = "its file could not be read before" if is_old else "new"
    moved = change.reasons[0].startswith("moved here")
    return replace(
        change, reasons=(change.reasons[0] if moved else first, *change.reasons[1:])
    )
