"""Decide what one cohort needs: its action, and the reasons; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from runner.plan import life
from runner.plan.ledger import DAY, Delivered, Deployed, Destination
from runner.plan.plan import Action, Change, is_unfinished
from runner.plan.reason import Reason, Why, changed
from runner.plan.schedule import clock, due_since
from runner.sql.fingerprint import SUPPRESSION
from runner.sql.query import Query
from runner.sql.suppressed import Suppressed

ONLY = Reason(Why.ONLY_SUPPRESSED_LEAVE)
"""The last reason of a change that only takes out the people of `suppress`."""

Reasons = tuple[Reason, ...]
"""Reasons, the most important first."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What decides whether a cohort that has not changed is synced."""

    refresh: bool
    """True where every cohort is synced."""
    due_by: int
    """Cohorts are synced whose schedule named a time until then (unix seconds); 0: no
    schedule is looked at.
    """
    day: date
    """Today, for the dates in files."""


def change_of(
    where: Destination, query: Query, deployed: Deployed, timing: Timing
) -> Change:
    """The change of a cohort that a file wants, and that has not expired."""
    action, reasons = _action(query, deployed, timing)
    suspended = query.cohort.life.suspended
    if suspended and life.is_suspended(query.cohort, timing.day):
        action = Action.SUSPENDED
        until = suspended.until.isoformat()
        reasons = (Reason(Why.SUSPENDED, (until, suspended.reason)),)
        if _must_suppress(query, deployed, timing):
            action = Action.SUPPRESS
    elif action is Action.NONE and _is_rolled_back(query, deployed):
        if _must_suppress(query, deployed, timing):
            action = Action.SUPPRESS
    elif action is Action.CREATE and query.previous_id:
        reasons = (Reason(Why.MOVED_FROM, (query.previous_id,)), *reasons[1:])
    if action is Action.SUPPRESS:
        reasons = (*reasons, ONLY)
    return Change(
        destination=where,
        action=action,
        reasons=reasons,
        query=query,
        deployed=deployed,
        cohort=query.cohort,
        suppression=query.suppression,
    )


def change_if_not_withdrawn(
    deployed: Deployed, suppression: Suppressed, timing: Timing
) -> Change:
    """The change of a cohort that no file wants, where its withdrawal is refused: the
    people of `suppress` leave it, and nobody else.
    """
    last = deployed.delivered
    is_due = timing.refresh
    if last and not is_due:
        # it has no schedule any more, so it is looked at once a day
        is_due = timing.due_by - _looked_at(last) >= DAY
    is_due = is_due or _is_other_list(suppression, deployed)
    action = Action.SUSPENDED
    if is_due and _may_suppress(deployed, suppression):
        action = Action.SUPPRESS
    return Change(
        destination=deployed.destination,
        action=action,
        reasons=(Reason(Why.WITHDRAWAL_HELD_BACK), ONLY),
        query=None,
        deployed=deployed,
        suppression=suppression,
    )


def rollback(query: Query, deployed: Deployed) -> Change | None:
    """The change that brings back the members of the sync before the last; None where
    they are not kept any more.
    """
    before = deployed.previous
    last = deployed.delivered
    if before is None or before.table is None or last is None:
        return None
    mode = query.cohort.mode.value
    if before.mode != mode or last.mode != mode:
        return None  # in another mode, the members of before meant something else
    return Change(
        destination=deployed.destination,
        action=Action.ROLLBACK,
        reasons=(Reason(Why.ROLLBACK_ASKED_FOR),),
        query=query,
        deployed=deployed,
        restored=before.table,
        cohort=query.cohort,
        suppression=query.suppression,
    )


def changed_parts(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names of a fingerprint's parts that are not the same before and after, sorted."""
    names = sorted({*before, *after})
    return [name for name in names if before.get(name) != after.get(name)]


def _action(query: Query, deployed: Deployed, timing: Timing) -> tuple[Action, Reasons]:
    """The action that a cohort would need if it were not suspended, with the reasons."""
    last = deployed.delivered
    if last is None or last.is_withdrawn:
        return Action.CREATE, _why_created(deployed)
    if not last.fingerprint:
        # attempts were folded before the first one ended well: nothing is known to be wanted
        return Action.UPDATE, (_unfinished(deployed),)
    if last.fingerprint != query.fingerprint or _reads_elsewhere(query, last):
        return _updated(query, deployed, last)
    if is_unfinished(deployed):
        return Action.RETRY, (_unfinished(deployed),)
    return _unchanged(query, last, timing)


def _why_created(deployed: Deployed) -> Reasons:
    """Why the cohort is to be made in Braze."""
    why = Why.NOT_IN_BRAZE
    if deployed.delivered:
        why = Why.WITHDRAWN_BEFORE
    if any(pending.adopted for pending in deployed.pending):
        why = Why.ADOPTED
    if is_unfinished(deployed):
        return Reason(why), _unfinished(deployed)
    return (Reason(why),)


def _updated(
    query: Query, deployed: Deployed, last: Delivered
) -> tuple[Action, Reasons]:
    """The action where what would be delivered changed: a new name alone costs one member."""
    parts = changed_parts(last.parts, query.parts)
    reasons = tuple(map(changed, parts))
    if _reads_elsewhere(query, last):
        reasons += (Reason(Why.DATABASE_CHANGED, (last.database, query.database)),)
    if not reasons:
        reasons = (changed("fingerprint"),)
    if is_unfinished(deployed):
        reasons += (_unfinished(deployed),)
    if parts == ["name"] and not _reads_elsewhere(query, last):
        return Action.RENAME, reasons
    return Action.UPDATE, reasons


def _reads_elsewhere(query: Query, last: Delivered) -> bool:
    """True where names of tables mean others than when the cohort was last delivered.
    The database is no part of the fingerprint, so that ledgers of earlier versions, which
    do not tell it, send nobody again.
    """
    return bool(last.database) and query.reads_others_than_in(last.database)


def _unchanged(query: Query, last: Delivered, timing: Timing) -> tuple[Action, Reasons]:
    """The action where nothing changed, and the last attempt ended well."""
    if timing.refresh:
        return Action.REFRESH, (Reason(Why.REFRESH_ASKED_FOR),)
    if last.rejected == query.fingerprint:
        return Action.NONE, (Reason(Why.ROLLED_BACK),)
    if due := _due_since(query, last.as_of, timing):
        return Action.REFRESH, (Reason(Why.DUE, (due,)),)
    return Action.NONE, (Reason(Why.UNCHANGED),)


def _unfinished(deployed: Deployed) -> Reason:
    """How the last attempt ended. A guard's refusal is no accident: its code is told."""
    code = deployed.failure_code
    failure = deployed.failure
    if code.startswith("G"):
        return Reason(Why.REFUSED_BY_GUARD, (code, failure))
    if failure:
        return Reason(Why.FAILED, (failure,))
    return Reason(Why.UNFINISHED)


def _due_since(query: Query, as_of: int, timing: Timing) -> str:
    """Since when a cohort is due by its schedule, in words; nothing where it is not.
    `as_of` is the time that its members are right for (unix seconds).
    """
    schedule = query.cohort.schedule
    if schedule is None or not timing.due_by:
        return ""
    since = due_since(schedule, as_of, timing.due_by)
    if since is None:
        return ""
    return clock(since, schedule.zone)


def _is_rolled_back(query: Query, deployed: Deployed) -> bool:
    """True where a rollback put aside what the file wants now."""
    last = deployed.delivered
    return last is not None and last.rejected == query.fingerprint


def _must_suppress(query: Query, deployed: Deployed, timing: Timing) -> bool:
    """True when a cohort that stays as it is should lose the people of `suppress` now."""
    if not _may_suppress(deployed, query.suppression):
        return False
    begun = bool(deployed.pending or deployed.unfinished)
    if timing.refresh or begun or _is_other_list(query.suppression, deployed):
        return True
    last = deployed.delivered
    return last is not None and bool(_due_since(query, _looked_at(last), timing))


def _may_suppress(deployed: Deployed, suppression: Suppressed) -> bool:
    """True when there are people to take out, and a cohort that may hold them."""
    return deployed.in_braze and bool(suppression)


def _is_other_list(suppression: Suppressed, deployed: Deployed) -> bool:
    """True when the lists of `suppress` are not those that the cohort was last rid of."""
    last = deployed.delivered
    return last is None or last.parts.get(SUPPRESSION) != suppression.mark


def _looked_at(last: Delivered) -> int:
    """When the people of `suppress` were last taken out; unix seconds."""
    return max(last.as_of, last.held_at)
