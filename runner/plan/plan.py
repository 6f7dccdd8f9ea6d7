"""The plan: wanted queries against the ledger, one change a cohort, each with its why; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.plan import life, moves
from runner.plan.guards import Counts, too_many_withdrawn
from runner.plan.ledger import Deployed, Destination, Ledger
from runner.plan.schedule import clock, due_since
from runner.project import Limit
from runner.sql.query import Query


class Action(StrEnum):
    """What a sync would do with a cohort."""

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    RETRY = "retry"
    REFRESH = "refresh"
    WITHDRAW = "withdraw"
    ROLLBACK = "rollback"
    SUPPRESS = "suppress"
    SUSPENDED = "suspended"
    NONE = "none"


IDLE = frozenset({Action.NONE, Action.SUSPENDED})
"""Nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Change:
    """One cohort's part of the plan. `query` is None for a withdrawal; `cohort` is what its file says, if there is one;
    `restored` is the snapshot that a rollback brings back; `allowed` are the guards overridden for this run. `counts`
    and `refusals` are there once members are counted; `stopped` is a question that must be answered first, about the
    new cohort `stopped_for`. `moved_to`: a withdrawal that waits until the cohort is there.
    """

    destination: Destination
    action: Action
    reasons: tuple[str, ...]
    query: Query | None
    deployed: Deployed
    counts: Counts | None = None
    refusals: tuple[Problem, ...] = ()
    restored: str = ""
    allowed: frozenset[str] = frozenset()
    cohort: Cohort | None = None
    stopped: Problem | None = None
    stopped_for: str = ""
    moved_to: Destination | None = None

    @property
    def id(self) -> str:
        """The cohort's id; its id in Braze where no file defines it."""
        return self.cohort.id if self.cohort else self.destination.cohort_id

    @property
    def questions(self) -> tuple[Problem, ...]:
        """What must be answered before anything is done, if anything must."""
        return (self.stopped,) if self.stopped else ()

    @property
    def is_unfinished(self) -> bool:
        """True when the last attempt failed or was cut off."""
        return is_unfinished(self.deployed)

    @property
    def is_held(self) -> bool:
        """True after a rollback, until the definition changes."""
        last = self.deployed.delivered
        return bool(self.query and last and last.rejected == self.query.fingerprint)

    @property
    def name(self) -> str:
        """The name Braze is to show."""
        return self.query.cohort.name if self.query else self.deployed.name

    @property
    def sql_before(self) -> str:
        """The audience's SQL as last delivered, or nothing."""
        return self.deployed.delivered.sql if self.deployed.delivered else ""

    @property
    def sql_after(self) -> str:
        """The audience's SQL as wanted now, or nothing."""
        return self.query.audience if self.query else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync of one target would do, sorted by cohort. `withheld`: cohorts in Braze that no readable file defines,
    left alone because a file is unreadable and might be theirs. `stop`: why withdrawals are refused, or nothing.
    `not_selected`: how many cohorts a selection left out. `warnings`: what will happen soon.
    """

    target: str
    workspace: str
    changes: tuple[Change, ...]
    withheld: tuple[Destination, ...] = ()
    stop: str = ""
    not_selected: int = 0
    warnings: tuple[Problem, ...] = ()

    @property
    def due(self) -> tuple[Change, ...]:
        """The changes that a sync has work for; withdrawals only while they are not refused."""
        return tuple(
            change
            for change in self.changes
            if change.action not in IDLE and not (self.stop and change.action is Action.WITHDRAW)
        )

    @property
    def has_changes(self) -> bool:
        """True when anything is to be done, also if it is refused."""
        return any(change.action not in IDLE for change in self.changes)

    @property
    def refused(self) -> tuple[Change, ...]:
        """The changes that a guard or a question would stop."""
        return tuple(change for change in self.changes if change.refusals or change.stopped)

    def with_counts(self, counted: Mapping[Destination, tuple[Counts, tuple[Problem, ...]]]) -> Plan:
        """The same plan with members counted and guards checked."""
        return replace(
            self,
            changes=tuple(
                replace(change, counts=counted[change.destination][0], refusals=counted[change.destination][1])
                if change.destination in counted
                else change
                for change in self.changes
            ),
        )


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
) -> Plan:
    """The plan for one target. `refresh` syncs also what has not changed, `due` what is due by its schedule (by the
    ledger's clock); `may_withdraw` is False while any file is invalid: its id is unknown, so nothing can be called gone
    (protocol section 5). `timezone`: of dates in files.
    """
    day = life.today(ledger.now, timezone)
    wanted = {Destination(workspace, query.braze_id): query for query in queries}
    known = ledger.cohorts
    expired = {where: query.cohort for where, query in wanted.items() if life.is_expired(query.cohort, day)}
    moved = {
        Destination(workspace, query.previous_id): where
        for where, query in wanted.items()
        if query.previous_id and where not in expired
    }
    leaving = [where for where, deployed in known.items() if where not in wanted or where in expired]
    leaving = [where for where in leaving if _left_over(known[where])]
    changes = [
        _change(where, query, _of(known, where), _Now(refresh, ledger.now if due else 0, day))
        for where, query in wanted.items()
        if where not in expired
    ]
    changes += [
        Change(where, Action.NONE, (f"expired on {cohort.life.expires}",), None, _of(known, where), cohort=cohort)
        for where, cohort in expired.items()
        if where not in leaving
    ]
    if may_withdraw:
        changes += [
            _withdrawal(known[where], workspace, expired=expired.get(where), moved_to=moved.get(where))
            for where in leaving
        ]
    in_braze = sum(deployed.in_braze for deployed in known.values())
    gone = [where for where in leaving if where not in moved]
    return Plan(
        target=target,
        workspace=workspace,
        changes=tuple(sorted(_asked(changes, known, gone, workspace), key=lambda change: change.destination)),
        withheld=() if may_withdraw else tuple(sorted(leaving)),
        stop=too_many_withdrawn(len(gone), in_braze, max_withdrawn) if may_withdraw else "",
        warnings=tuple(sorted(warning for query in wanted.values() for warning in life.warnings(query.cohort, day))),
    )


@dataclass(frozen=True, slots=True)
class _Now:
    """What decides whether an unchanged cohort is synced: `due` is the time by which schedules are looked at (0: not at
    all, unix seconds).
    """

    refresh: bool
    due: int
    day: date


def _asked(
    changes: Sequence[Change], known: Mapping[Destination, Deployed], gone: Sequence[Destination], workspace: str
) -> list[Change]:
    """The changes, those marked about which there is a question: a new cohort that may be one that is gone."""
    new = [change.query for change in changes if change.action is Action.CREATE and change.query]
    left = [known[where] for where in gone if where.workspace == workspace]
    about: dict[Destination, tuple[Problem, str]] = {}
    for query, deployed, question in moves.questions([query for query in new if not query.previous_id], left):
        for where in (deployed.destination, Destination(workspace, query.braze_id)):
            about.setdefault(where, (question, query.cohort.id))
    return [
        replace(change, stopped=about[change.destination][0], stopped_for=about[change.destination][1])
        if change.destination in about
        else change
        for change in changes
    ]


def _of(known: Mapping[Destination, Deployed], where: Destination) -> Deployed:
    return known.get(where, Deployed(where))


def _left_over(deployed: Deployed) -> bool:
    """True when somebody may still be in Braze, or is kept out of it, or a withdrawal did not finish."""
    return deployed.in_braze or bool(deployed.taken_out)


def _withdrawal(deployed: Deployed, workspace: str, *, expired: Cohort | None, moved_to: Destination | None) -> Change:
    where = deployed.destination
    why = "its file is gone"
    if expired:
        why = f"expired on {expired.life.expires}"
    elif moved_to:
        why = f"moved to {moved_to.cohort_id}"
    elif where.workspace != workspace:
        why = f"the target's workspace is {workspace} now; here it was {where.workspace}"
    return Change(where, Action.WITHDRAW, (why,), None, deployed, cohort=expired, moved_to=moved_to)


def rollback(query: Query, deployed: Deployed) -> Change | None:
    """The change that brings back the members of the sync before the last; None where they are not kept any more."""
    before, last = deployed.previous, deployed.delivered
    if before is None or before.table is None or last is None:
        return None
    if {before.mode, last.mode} != {query.cohort.mode.value}:  # what was before meant something else
        return None
    where = deployed.destination
    return Change(where, Action.ROLLBACK, ("asked for",), query, deployed, restored=before.table, cohort=query.cohort)


def _change(where: Destination, query: Query, deployed: Deployed, now: _Now) -> Change:
    action, reasons = _why(query, deployed, now)
    if life.is_suspended(query.cohort, now.day):
        last = deployed.delivered
        looked_at = max(last.as_of, last.held_at) if last else now.due
        is_due = now.refresh or action is Action.RETRY or bool(_due(query, looked_at, now))
        action, reasons = _suspended(query, deployed, is_due=is_due)
    elif action is Action.CREATE and query.previous_id:
        reasons = (f"moved here from {query.previous_id}", *reasons[1:])
    return Change(where, action, reasons, query, deployed, cohort=query.cohort)


def _suspended(query: Query, deployed: Deployed, *, is_due: bool) -> tuple[Action, tuple[str, ...]]:
    """A suspended cohort stays as it is, but for those who must be taken out of every cohort."""
    suspended = query.cohort.life.suspended
    until = f"suspended until {suspended.until}: {suspended.reason}" if suspended else "suspended"
    barred = query.parts.get("suppression")
    before = deployed.delivered.parts.get("suppression") if deployed.delivered else None
    if barred and deployed.in_braze and (is_due or barred != before):
        return Action.SUPPRESS, (until, "only those leave who are taken out of every cohort")
    return Action.SUSPENDED, (until,)


def _why(query: Query, deployed: Deployed, now: _Now) -> tuple[Action, tuple[str, ...]]:
    last = deployed.delivered
    unfinished = (f"the last attempt did not finish{': ' + deployed.failure if deployed.failure else ''}",)
    if last is None or last.is_withdrawn:
        again = "was withdrawn before" if last else "not in Braze yet"
        if any(pending.adopted for pending in deployed.pending):
            again = "adopted: what is in Braze is known only roughly"
        return Action.CREATE, (again, *(unfinished if is_unfinished(deployed) else ()))
    if not last.fingerprint:
        return Action.UPDATE, unfinished
    if last.fingerprint != query.fingerprint:
        changed = sorted(part for part in {*query.parts, *last.parts} if last.parts.get(part) != query.parts.get(part))
        reasons = tuple(f"{part} changed" for part in changed) or ("fingerprint changed",)
        if is_unfinished(deployed):
            reasons += unfinished
        return (Action.RENAME if changed == ["name"] else Action.UPDATE), reasons
    if is_unfinished(deployed):
        return Action.RETRY, unfinished
    if last.rejected == query.fingerprint and not now.refresh:
        return Action.NONE, ("rolled back; held until its definition changes, or `--refresh`",)
    if now.refresh:
        return Action.REFRESH, ("refresh asked for",)
    if due := _due(query, last.as_of, now):
        return Action.REFRESH, (due,)
    return Action.NONE, ("unchanged",)


def _due(query: Query, as_of: int, now: _Now) -> str:
    """Since when what was synced as of a time is due by its schedule, in words; nothing where it is not."""
    schedule = query.cohort.schedule
    since = due_since(schedule, as_of, now.due) if schedule and now.due else None
    return f"due since {clock(since, schedule.zone)}" if schedule and since else ""


def is_unfinished(deployed: Deployed) -> bool:
    """True when the last attempt failed or was cut off."""
    return bool(deployed.unfinished) or any(not pending.adopted for pending in deployed.pending)
