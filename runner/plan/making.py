"""The plan made: wanted queries against the ledger, by the server's clock; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.plan import life, moves
from runner.plan.guards import too_many_withdrawn
from runner.plan.ledger import DAY, Deployed, Destination, Ledger
from runner.plan.plan import Action, Change, Plan, is_unfinished
from runner.plan.schedule import clock, due_since
from runner.project.file import Limit
from runner.sql.barred import NO_ONE, Barred
from runner.sql.fingerprint import SUPPRESSION
from runner.sql.query import Query


def make(
    queries: Iterable[Query],
    ledger: Ledger,
    *,
    target: str,
    workspace: str,
    refresh: bool,
    may_withdraw: bool,
    max_withdrawn: Limit | None = None,
    timezone: str = "UTC",
    due: bool = False,
    barred: Barred = NO_ONE,
) -> Plan:
    """The plan for one target. `refresh` syncs also what has not changed, `due` what is
    due by its schedule (by the ledger's clock); `may_withdraw` is False while any file
    is invalid: its id is unknown, so nothing can be called gone (docs/delivery.md, What
    stops a sync). `timezone`: of dates in files. `barred`: who is taken out of every
    cohort.
    """
    day = life.today(ledger.now, timezone)
    now = _Now(refresh, ledger.now if due else 0, day)
    wanted = {Destination(workspace, query.braze_id): query for query in queries}
    known = ledger.cohorts
    expired = {
        where: query.cohort
        for where, query in wanted.items()
        if life.is_expired(query.cohort, day)
    }
    moved = {
        Destination(workspace, query.previous_id): where
        for where, query in wanted.items()
        if query.previous_id and where not in expired
    }
    leaving = {
        where: deployed
        for where, deployed in known.items()
        if (where not in wanted or where in expired) and _left_over(deployed)
    }
    changes = [
        _change(where, query, _of(known, where), now)
        for where, query in wanted.items()
        if where not in expired
    ]
    changes += [
        Change(
            where,
            Action.NONE,
            (f"expired on {cohort.life.expires}",),
            None,
            _of(known, where),
            cohort=cohort,
        )
        for where, cohort in expired.items()
        if where not in leaving
    ]
    held = {
        change.destination for change in changes if change.action is Action.SUSPENDED
    }
    waiting = {where for where in held if not _of(known, where).is_there}
    if may_withdraw:
        changes += [
            _withdrawal(
                deployed,
                workspace,
                expired=expired.get(where),
                moved_to=moved.get(where),
            )
            if moved.get(where) not in waiting
            else Change(
                where,
                Action.SUSPENDED,
                (f"waits for {moved[where].cohort_id}",),
                None,
                deployed,
            )
            for where, deployed in leaving.items()
        ]
    in_braze = sum(deployed.is_kept for deployed in known.values())
    made = {
        change.destination for change in changes if change.action is Action.CREATE
    } | waiting
    heirs = {
        where
        for where, heir in moved.items()
        if heir in made
        or _of(known, heir).heir_of.get(where.cohort_id, -1)
        >= _of(known, where).made_in
    }
    gone = [
        where
        for where, deployed in leaving.items()
        if where not in heirs and deployed.is_kept
    ]
    asked = _asked(changes, known, gone, barred, may_withdraw=may_withdraw)
    return Plan(
        target=target,
        workspace=workspace,
        changes=tuple(sorted(asked, key=lambda change: change.destination)),
        kept=tuple(
            replace(_kept(deployed, barred, now), cohort=expired.get(where))
            for where, deployed in leaving.items()
        ),
        withheld=() if may_withdraw else tuple(sorted(leaving)),
        stop=too_many_withdrawn(len(gone), in_braze, max_withdrawn)
        if may_withdraw
        else "",
        warnings=tuple(
            sorted(
                warning
                for query in wanted.values()
                for warning in life.warnings(query.cohort, day)
            )
        ),
    )


ONLY = "only those leave who are taken out of every cohort"


@dataclass(frozen=True, slots=True)
class _Now:
    """What decides whether an unchanged cohort is synced: `due` is the time by which
    schedules are looked at (0: not at all, unix seconds).
    """

    refresh: bool
    due: int
    day: date


def _asked(
    changes: Sequence[Change],
    known: Mapping[Destination, Deployed],
    gone: Sequence[Destination],
    barred: Barred,
    *,
    may_withdraw: bool,
) -> list[Change]:
    """The changes; those are marked about which there is a question.

    The question is whether a new cohort is one that is gone, under another id.
    Where nothing may be withdrawn, some file cannot be used, and may be that of the old cohort.
    """
    new = [
        change.query
        for change in changes
        if change.action is Action.CREATE and change.query
    ]
    workspaces = {query.workspace for query in new}
    left = [known[where] for where in gone if where.workspace in workspaces]
    about: dict[Destination, tuple[Problem, str]] = {}
    for query, deployed, question in moves.questions(new, left, is_gone=may_withdraw):
        for where in (
            deployed.destination,
            Destination(query.workspace, query.braze_id),
        ):
            about.setdefault(where, (question, query.cohort.id))
    return [
        replace(
            change,
            stopped=about[change.destination][0],
            stopped_for=about[change.destination][1],
            barred=barred,
        )
        if change.destination in about
        else change
        for change in changes
    ]


def _of(known: Mapping[Destination, Deployed], where: Destination) -> Deployed:
    return known.get(where, Deployed(where))


def _left_over(deployed: Deployed) -> bool:
    """True when somebody may still be in Braze, or is kept out of it, or something was
    begun that nothing ended.
    """
    return deployed.in_braze or bool(deployed.taken_out or deployed.unfinished)


def _withdrawal(
    deployed: Deployed,
    workspace: str,
    *,
    expired: Cohort | None,
    moved_to: Destination | None,
) -> Change:
    where = deployed.destination
    why = "its file is gone"
    if expired:
        why = f"expired on {expired.life.expires}"
    elif moved_to:
        why = f"moved to {moved_to.cohort_id}"
    elif where.workspace != workspace:
        why = (
            f"the target's workspace is {workspace} now; here it was {where.workspace}"
        )
    return Change(
        where,
        Action.WITHDRAW,
        (why,),
        None,
        deployed,
        cohort=expired,
        moved_to=moved_to,
    )


def rollback(query: Query, deployed: Deployed) -> Change | None:
    """The change that brings back the members of the sync before the last; None where
    they are not kept any more.
    """
    before, last = deployed.previous, deployed.delivered
    if before is None or before.table is None or last is None:
        return None
    if {before.mode, last.mode} != {
        query.cohort.mode.value
    }:  # what was before meant something else
        return None
    where = deployed.destination
    return Change(
        where,
        Action.ROLLBACK,
        ("asked for",),
        query,
        deployed,
        restored=before.table,
        cohort=query.cohort,
        barred=query.barred,
    )


def _change(where: Destination, query: Query, deployed: Deployed, now: _Now) -> Change:
    action, reasons = _why(query, deployed, now)
    suspended, last = query.cohort.life.suspended, deployed.delivered
    if suspended and life.is_suspended(query.cohort, now.day):
        reasons = (f"suspended until {suspended.until}: {suspended.reason}",)
        action = (
            Action.SUPPRESS if _must_leave(query, deployed, now) else Action.SUSPENDED
        )
    elif (
        action is Action.NONE
        and last
        and last.rejected == query.fingerprint
        and _must_leave(query, deployed, now)
    ):
        action = Action.SUPPRESS
    elif action is Action.CREATE and query.previous_id:
        reasons = (f"moved here from {query.previous_id}", *reasons[1:])
    if action is Action.SUPPRESS:
        reasons = (*reasons, ONLY)
    return Change(
        where,
        action,
        reasons,
        query,
        deployed,
        cohort=query.cohort,
        barred=query.barred,
    )


def _must_leave(query: Query, deployed: Deployed, now: _Now) -> bool:
    """True when a cohort that stays as it is should lose those who are taken out of every cohort."""
    last = deployed.delivered
    looked_at = max(last.as_of, last.held_at) if last else now.due
    begun = bool(deployed.pending or deployed.unfinished)
    is_due = now.refresh or begun or bool(_due(query, looked_at, now))
    return (
        deployed.in_braze
        and bool(query.barred)
        and (is_due or _is_other_list(query.barred, deployed))
    )


def _is_other_list(barred: Barred, deployed: Deployed) -> bool:
    last = deployed.delivered
    return last is None or last.parts.get(SUPPRESSION) != barred.mark


def _kept(deployed: Deployed, barred: Barred, now: _Now) -> Change:
    """What is done to a cohort whose withdrawal is held back: once a day at most, since
    it has no schedule any more.
    """
    last = deployed.delivered
    is_due = now.refresh or bool(
        last and now.due - max(last.as_of, last.held_at) >= DAY
    )
    must = (
        deployed.in_braze
        and bool(barred)
        and (is_due or _is_other_list(barred, deployed))
    )
    action = Action.SUPPRESS if must else Action.SUSPENDED
    return Change(
        deployed.destination,
        action,
        ("its withdrawal is held back", ONLY),
        None,
        deployed,
        barred=barred,
    )


def _why(query: Query, deployed: Deployed, now: _Now) -> tuple[Action, tuple[str, ...]]:
    last = deployed.delivered
    unfinished = (_unfinished(deployed),)
    if last is None or last.is_withdrawn:
        again = "was withdrawn before" if last else "not in Braze yet"
        if any(pending.adopted for pending in deployed.pending):
            again = "adopted: what is in Braze is known only roughly"
        return Action.CREATE, (again, *(unfinished if is_unfinished(deployed) else ()))
    if not last.fingerprint:
        return Action.UPDATE, unfinished
    if last.fingerprint != query.fingerprint:
        changed = sorted(
            part
            for part in {*query.parts, *last.parts}
            if last.parts.get(part) != query.parts.get(part)
        )
        reasons = tuple(f"{part} changed" for part in changed) or (
            "fingerprint changed",
        )
        if is_unfinished(deployed):
            reasons += unfinished
        return (Action.RENAME if changed == ["name"] else Action.UPDATE), reasons
    if is_unfinished(deployed):
        return Action.RETRY, unfinished
    if last.rejected == query.fingerprint and not now.refresh:
        return Action.NONE, (
            "rolled back; held until its definition changes, or `--refresh`",
        )
    if now.refresh:
        return Action.REFRESH, ("refresh asked for",)
    if due := _due(query, last.as_of, now):
        return Action.REFRESH, (due,)
    return Action.NONE, ("unchanged",)


def _unfinished(deployed: Deployed) -> str:
    """How the last attempt ended. A guard's refusal is no accident: its code is told."""
    if deployed.failure_code.startswith("G"):
        return f"a guard refused the last attempt ({deployed.failure_code}): {deployed.failure}"
    why = f": {deployed.failure}" if deployed.failure else ""
    return f"the last attempt did not finish{why}"


def _due(query: Query, as_of: int, now: _Now) -> str:
    """Since when what was synced as of a time is due by its schedule, in words; nothing
    where it is not.
    """
    schedule = query.cohort.schedule
    since = due_since(schedule, as_of, now.due) if schedule and now.due else None
    return f"due since {clock(since, schedule.zone)}" if schedule and since else ""
