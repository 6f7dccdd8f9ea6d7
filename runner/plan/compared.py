"""What a branch changes: the queries of two trees against each other, as a plan that
needs no ledger; pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from runner.definitions.cohort import Cohort
from runner.plan import life
from runner.plan.build import build_plan
from runner.plan.decision import changed_parts
from runner.plan.ledger import Delivered, Deployed, Destination, Ledger
from runner.plan.plan import Action, Change, Plan
from runner.plan.reason import Reason, Why
from runner.project.file import Limit
from runner.sql.query import Query
from runner.sql.wanted import Wanted

SNAPSHOT = "base"
"""The name of a snapshot that nobody reads: every cohort of the base counts as delivered."""


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
    cohorts = {deployed.destination: deployed for deployed in there}
    made = build_plan(
        after.queries,
        Ledger(id="", epoch=0, now=now, cohorts=cohorts),
        target=after.target.name,
        workspace=after.target.workspace,
        refresh=False,
        may_withdraw=not after.invalid_files,
        max_withdrawn=max_withdrawn,
        timezone=timezone,
        suppression=after.suppression,
    )
    suspended = {
        Destination(query.workspace, query.braze_id)
        for query in before
        if life.is_suspended(query.cohort, day)
    }
    told = [_told(change, unreadable) for change in made.changes]
    changes = tuple(_resumed(change, suspended) for change in told)
    return replace(made, changes=changes, since=since)


def touched(plan: Plan) -> frozenset[Destination]:
    """The cohorts that a branch changes."""
    return frozenset(
        change.destination
        for change in plan.changes
        if change.action is not Action.NONE
    )


def _there(query: Query, now: int) -> Deployed:
    """A cohort of the base, as if Braze held what it wants."""
    delivered = Delivered(
        table=SNAPSHOT,
        size=0,
        name=query.cohort.name,
        fingerprint=query.fingerprint,
        parts=query.parts,
        sql=query.audience,
        at=now,
        as_of=now,
        certain=SNAPSHOT,
        mode=query.cohort.mode.value,
        database=query.database,
    )
    return Deployed(Destination(query.workspace, query.braze_id), delivered)


def _resumed(change: Change, suspended: Collection[Destination]) -> Change:
    """The change, as an update where a branch ends the cohort's suspension: what Braze
    got of the cohort is not known, so people should look at it.
    """
    if change.action is not Action.NONE or change.query is None:
        return change
    if change.destination not in suspended:
        return change
    reasons = (Reason(Why.SUSPENSION_ENDS),)
    return replace(change, action=Action.UPDATE, reasons=reasons)


def _told(change: Change, unreadable: Collection[str]) -> Change:
    """The change in words that fit a branch: of Braze nothing is known."""
    if change.action is Action.SUSPENDED and change.query:
        return _of_suspended(change, change.query)
    if change.action is Action.CREATE and change.cohort:
        return _of_new(change, change.cohort, unreadable)
    return change


def _of_suspended(change: Change, query: Query) -> Change:
    """With what changed in the file, since it is sent when the suspension ends."""
    old: Mapping[str, str] = {}
    if change.deployed.delivered:
        old = change.deployed.delivered.parts
    parts = changed_parts(old, query.parts)
    more = [Reason(Why.CHANGED_WHILE_SUSPENDED, (part,)) for part in parts]
    return replace(change, reasons=(*change.reasons, *more))


def _of_new(change: Change, cohort: Cohort, unreadable: Collection[str]) -> Change:
    """With words for a cohort that the base does not have."""
    first, *others = change.reasons
    if first.why is Why.MOVED_FROM:
        return change
    first = Reason(Why.NEW)
    if cohort.document.path in unreadable:
        first = Reason(Why.UNREADABLE_BEFORE)
    return replace(change, reasons=(first, *others))
