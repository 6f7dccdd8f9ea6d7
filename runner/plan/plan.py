"""The plan: wanted queries against the ledger, one change a cohort, each with its why; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from runner.errors import Problem
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
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Change:
    """One cohort's part of the plan. `query` is None for a withdrawal; `restored` is the snapshot that a rollback
    brings back; `allowed` are the guards overridden for this run. `counts` and `refusals` are there once members are
    counted.
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

    @property
    def id(self) -> str:
        """The cohort's id; its id in Braze where no file defines it."""
        return self.query.cohort.id if self.query else self.destination.cohort_id

    @property
    def is_unfinished(self) -> bool:
        """True when the last attempt failed or was cut off."""
        return _is_unfinished(self.deployed)

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
    `not_selected`: how many cohorts a selection left out.
    """

    target: str
    workspace: str
    changes: tuple[Change, ...]
    withheld: tuple[Destination, ...] = ()
    stop: str = ""
    not_selected: int = 0

    @property
    def due(self) -> tuple[Change, ...]:
        """The changes that a sync has work for; withdrawals only while they are not refused."""
        return tuple(
            change
            for change in self.changes
            if change.action is not Action.NONE and not (self.stop and change.action is Action.WITHDRAW)
        )

    @property
    def has_changes(self) -> bool:
        """True when anything is to be done, also if it is refused."""
        return any(change.action is not Action.NONE for change in self.changes)

    @property
    def refused(self) -> tuple[Change, ...]:
        """The changes that a guard would stop."""
        return tuple(change for change in self.changes if change.refusals)

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
    due: bool = False,
) -> Plan:
    """The plan for one target. `refresh` syncs also what has not changed, `due` what is due by its schedule (by the
    ledger's clock); `may_withdraw` is False while any file is
    invalid: its id is unknown, so nothing can be called gone (protocol section 5).
    """
    wanted = {Destination(workspace, query.braze_id): query for query in queries}
    known = ledger.cohorts
    gone = [where for where, deployed in known.items() if where not in wanted and _left_over(deployed)]
    changes = [
        _change(where, query, known.get(where, Deployed(where)), refresh=refresh, now=ledger.now if due else 0)
        for where, query in wanted.items()
    ]
    if may_withdraw:
        changes += [_withdrawal(known[where], workspace) for where in gone]
    in_braze = sum(deployed.in_braze for deployed in known.values())
    return Plan(
        target=target,
        workspace=workspace,
        changes=tuple(sorted(changes, key=lambda change: change.destination)),
        withheld=() if may_withdraw else tuple(sorted(gone)),
        stop=too_many_withdrawn(len(gone), in_braze, max_withdrawn) if may_withdraw else "",
    )


def _left_over(deployed: Deployed) -> bool:
    """True when somebody may still be in Braze, or a withdrawal did not finish."""
    return deployed.in_braze


def _withdrawal(deployed: Deployed, workspace: str) -> Change:
    where = deployed.destination
    why = "its file is gone"
    if where.workspace != workspace:
        why = f"the target's workspace is {workspace} now; here it was {where.workspace}"
    return Change(where, Action.WITHDRAW, (why,), None, deployed)


def rollback(query: Query, deployed: Deployed) -> Change | None:
    """The change that brings back the members of the sync before the last; None where they are not kept any more."""
    before = deployed.previous
    if before is None or before.table is None:
        return None
    where = deployed.destination
    return Change(where, Action.ROLLBACK, ("asked for",), query, deployed, restored=before.table)


def _change(where: Destination, query: Query, deployed: Deployed, *, refresh: bool, now: int) -> Change:
    action, reasons = _why(query, deployed, refresh=refresh, now=now)
    return Change(where, action, reasons, query, deployed)


def _why(query: Query, deployed: Deployed, *, refresh: bool, now: int) -> tuple[Action, tuple[str, ...]]:
    """What to do and why; at time 0 nothing is due by its schedule."""
    last = deployed.delivered
    unfinished = (f"the last attempt did not finish{': ' + deployed.failure if deployed.failure else ''}",)
    if last is None or last.table is None:
        again = "was withdrawn before" if last else "not in Braze yet"
        if any(pending.adopted for pending in deployed.pending):
            again = "adopted: what is in Braze is known only roughly"
        return Action.CREATE, (again, *(unfinished if _is_unfinished(deployed) else ()))
    if last.fingerprint != query.fingerprint:
        changed = sorted(part for part, value in query.parts.items() if last.parts.get(part) != value)
        reasons = tuple(f"{part} changed" for part in changed) or ("fingerprint changed",)
        if _is_unfinished(deployed):
            reasons += unfinished
        return (Action.RENAME if changed == ["name"] else Action.UPDATE), reasons
    if _is_unfinished(deployed):
        return Action.RETRY, unfinished
    if last.rejected == query.fingerprint and not refresh:
        return Action.NONE, ("rolled back; held until its definition changes, or `--refresh`",)
    if refresh:
        return Action.REFRESH, ("refresh asked for",)
    schedule = query.cohort.schedule
    if schedule and (since := due_since(schedule, last.as_of, now)):
        return Action.REFRESH, (f"due since {clock(since, schedule.zone)}",)
    return Action.NONE, ("unchanged",)


def _is_unfinished(deployed: Deployed) -> bool:
    return bool(deployed.unfinished) or any(not pending.adopted for pending in deployed.pending)
