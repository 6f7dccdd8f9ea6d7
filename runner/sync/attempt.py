"""One try to bring one cohort to its wanted members, step by step (protocol section 4).

Whatever was perhaps delivered is in the ledger before it is sent: every step may be the last, and the next run heals.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from runner.errors import Blocked, CohortsError, Locked, Problem
from runner.plan.guards import Counts, refusals
from runner.plan.ledger import Event
from runner.plan.plan import Change
from runner.sync import delta
from runner.sync.writer import Writer
from runner.treasuredata import export
from runner.treasuredata.client import TreasureData
from runner.treasuredata.export import Operation, Route

Listener = Callable[[str, str], None]
"""Hears `(cohort id, what is being done)`; never a member."""


class GuardRefused(Blocked):
    """A guard stopped this attempt before anything was sent."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems[0].code, problems[0].what, problems[0].fix, at=problems[0].at)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Site:
    """Where an attempt works: Treasure Data, the databases, the way into Braze, and the one writer of the ledger."""

    client: TreasureData
    database: str
    state: str
    connection: str
    route: Route
    writer: Writer


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt's identity: every name it may use follows from it. `table` None: a withdrawal, nobody is wanted."""

    change: Change
    id: str
    table: str | None

    def key(self, site: Site, step: str) -> str:
        """The domain key of one step's job; never used for anything else."""
        return f"cohorts-{site.writer.ledger.id}-{self.id}-{step}"

    def export_keys(self, site: Site) -> list[str]:
        """Every key under which something may reach Braze."""
        return [self.key(site, step) for step in ("first", "remove", "add")]


@dataclass(frozen=True, slots=True)
class Done:
    """An attempt that ended well: members added, removed, and in the cohort now."""

    added: int
    removed: int
    size: int


def begin(change: Change, epoch: int) -> Attempt:
    """The attempt for a change in this epoch."""
    table = delta.table_name(change.destination, epoch, 0)
    return Attempt(change, table.removeprefix("members_"), table if change.query else None)


def intent(attempt: Attempt) -> tuple[Event, dict[str, object]]:
    """What the ledger must know before anything is made: the attempt and its table."""
    action = attempt.change.action.value
    return Event.INTENT, {"attempt": attempt.id, "table": attempt.table, "action": action}


def carry_out(attempt: Attempt, site: Site, tell: Listener) -> Done:
    """Snapshot, count, guard, record, remove, add, record. Raises GuardRefused, JobFailed, Unavailable, Locked.

    A failure before `sending` is recorded as harmless; after it, the attempt stays pending and the next run heals it.
    """
    change = attempt.change
    try:
        counts = _counted(attempt, site, tell)
        if change.query and (refused := refusals(change.query.cohort, counts)):
            raise GuardRefused(refused)
    except CohortsError as exc:
        if not isinstance(exc, Locked):
            _record_failure(attempt, site, exc)
        raise
    _record_sending(attempt, site, counts)
    _send(attempt, site, counts, tell)
    tell(change.id, "recording")
    _record_synced(attempt, site, counts)
    return Done(counts.added, counts.removed, counts.after)


def _counted(attempt: Attempt, site: Site, tell: Listener) -> Counts:
    change = attempt.change
    if attempt.table and change.query:
        tell(change.id, "querying")
        site.client.run(
            site.database,
            delta.create_snapshot(change.query.members, change.deployed, table=attempt.table, state=site.state),
            key=attempt.key(site, "next"),
            scheduled_time=site.writer.started,
            what=f"{change.id}: the query",
        )
    tell(change.id, "counting")
    rows = site.client.select(
        site.state,
        delta.count(_sets(attempt, site)),
        key=attempt.key(site, "count"),
        scheduled_time=site.writer.started,
        what=f"{change.id}: counting members",
    )
    before, after, added, removed = (int(value) for value in rows[0])
    return Counts(before, after, added, removed, change.deployed.largest_today)


def _sets(attempt: Attempt, site: Site) -> delta.Sets:
    return delta.sets(attempt.change.deployed, next_sql=delta.members_of(attempt.table, site.state), state=site.state)


def _send(attempt: Attempt, site: Site, counts: Counts, tell: Listener) -> None:
    """Removals, finished, then additions; never an export of nobody."""
    change, which = attempt.change, _sets(attempt, site)
    deployed = change.deployed
    moved = counts.added or counts.removed
    renamed = any(name != change.name for name in deployed.names) and (counts.before or counts.after)
    # a removal from a cohort Braze has never heard of may fail for ever, and a name travels only with members
    if (counts.removed and not deployed.ever_added) or (renamed and not moved):
        anybody = which.next if counts.after else which.possible
        _export(attempt, site, delta.export(anybody, one=True), Operation.ADD, "first")
    if counts.removed:
        tell(change.id, f"removing {counts.removed:,}")
        _export(attempt, site, delta.export(which.removals), Operation.REMOVE, "remove")
    if counts.added:
        tell(change.id, f"adding {counts.added:,}")
        _export(attempt, site, delta.export(which.additions), Operation.ADD, "add")


def _export(attempt: Attempt, site: Site, sql: str, operation: Operation, step: str) -> None:
    change = attempt.change
    export.send(
        site.client,
        site.state,
        sql,
        site.route.settings(cohort_id=change.id, name=change.name, operation=operation),
        via=site.route,
        key=attempt.key(site, step),
        scheduled_time=site.writer.started,
        what=f"{change.id}: {'adding' if operation is Operation.ADD else 'removing'} members",
    )


def _record_failure(attempt: Attempt, site: Site, exc: CohortsError) -> None:
    detail = {"attempt": attempt.id, "code": exc.code, "what": exc.what, "unsent": True}
    row = site.writer.entry(attempt.change.destination, Event.FAILED, detail)
    with suppress(
        CohortsError
    ):  # the failure itself is what the user must hear; without this row the attempt is due too
        site.writer.append([row], key=attempt.key(site, "failed"))


def _record_sending(attempt: Attempt, site: Site, counts: Counts) -> None:
    """The durable record of what may be delivered, with all that is ever needed to take it back."""
    change = attempt.change
    row = site.writer.entry(
        change.destination,
        Event.SENDING,
        {
            "attempt": attempt.id,
            "table": attempt.table,
            "size": counts.after,
            "name": change.name,
            "workspace": change.destination.workspace,
            "connection": site.connection,
            "setting_keys": dict(site.route.setting_keys),
            "labels": [],
            "export_keys": attempt.export_keys(site),
            "synced_key": attempt.key(site, "synced"),
        },
    )
    site.writer.append([row], key=attempt.key(site, "sending"))
    site.writer.still_ours(row)


def _record_synced(attempt: Attempt, site: Site, counts: Counts) -> None:
    change, deployed = attempt.change, attempt.change.deployed
    query = change.query
    resolves = {attempt.id, *deployed.unfinished, *(pending.attempt for pending in deployed.pending)}
    row = site.writer.entry(
        change.destination,
        Event.SYNCED,
        {
            "attempt": attempt.id,
            "table": attempt.table,
            "size": counts.after,
            "added": counts.added,
            "removed": counts.removed,
            "name": change.name,
            "fingerprint": query.fingerprint if query else "",
            "parts": dict(query.parts) if query else {},
            "sql": query.audience if query else "",
            "resolves": sorted(resolves),
        },
    )
    site.writer.append([row], key=attempt.key(site, "synced"))
