"""One try to bring one cohort to its wanted members, step by step (protocol section 4).

Whatever was perhaps delivered is in the ledger before it is sent: every step may be the last, and the next run heals.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from runner.errors import Blocked, CohortsError, Interrupted, Locked, Problem
from runner.identifiers import Handle
from runner.plan.guards import Counts, refusals
from runner.plan.ledger import DAY, Event
from runner.plan.plan import Action, Change
from runner.project import Reassert
from runner.sync import delta
from runner.sync.shared import Shared
from runner.sync.writer import Writer
from runner.treasuredata import export
from runner.treasuredata.client import JobFailed, TreasureData
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
    """Where an attempt works: Treasure Data, its databases, and the one writer of the ledger. `queries` and `exports`
    are how many may run at once; ledger rows and counts wait for neither, since many cohorts share them.
    """

    client: TreasureData
    database: str
    state: str
    writer: Writer
    tell: Listener
    queries: threading.Semaphore
    exports: threading.Semaphore
    counts: Shared[Attempt, Counts]


@dataclass(frozen=True, slots=True)
class Resend:
    """What is sent again because Braze may not have known somebody: the young members, or everyone."""

    recent_since: int | None = None
    everyone: bool = False


def resend(change: Change, reassert: Reassert, now: int, *, asked: bool = False) -> Resend:
    """What a change sends again. Young members once a day at most, or an hourly sync would pay for each of them 168
    times. `now` in unix seconds.
    """
    last = change.deployed.delivered
    if last is None or last.table is None or change.query is None:
        return Resend()
    if asked or (reassert.full and now - last.full_at >= reassert.full):
        return Resend(everyone=True)
    return Resend(now - reassert.recent if reassert.recent and now - last.recent_at >= DAY else None)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt's identity: every name it may use follows from it. `table` None: a withdrawal, nobody is wanted."""

    change: Change
    id: str
    table: str | None
    connection: str
    route: Route
    resend: Resend
    used: list[str] = field(default_factory=list)

    def key(self, site: Site, step: str) -> str:
        """The domain key of one step's job; never used for anything else."""
        return f"cohorts-{site.writer.ledger.id}-{self.id}-{step}"


@dataclass(frozen=True, slots=True)
class Done:
    """An attempt that ended well: members who are new, who left, who are in the cohort now, and who were sent although
    they may have been in it already.
    """

    added: int
    removed: int
    size: int
    sent_again: int


def begin(change: Change, epoch: int, *, connection: str, route: Route, resend: Resend) -> Attempt:
    """The attempt for a change in this epoch."""
    table = delta.table_name(change.destination, epoch, 0)
    has_members = change.action is not Action.WITHDRAW
    return Attempt(change, table.removeprefix("members_"), table if has_members else None, connection, route, resend)


def intent(attempt: Attempt) -> Mapping[str, object]:
    """What the ledger must know before anything is made: the attempt and its table."""
    told = {"attempt": attempt.id, "table": attempt.table, "action": attempt.change.action.value}
    return told | ({"allowed": sorted(attempt.change.allowed)} if attempt.change.allowed else {})


def carry_out(attempt: Attempt, site: Site) -> Done:
    """Snapshot, count, guard, record, remove, add, record. Raises GuardRefused, JobFailed, Unavailable, Locked.

    A failure before `sending` is recorded as harmless; after it, the attempt stays pending and the next run heals it.
    """
    change = attempt.change
    try:
        counts = _counted(attempt, site)
        if change.query and not change.restored and (refused := refusals(change.query.cohort, counts, change.allowed)):
            raise GuardRefused(refused)
    except CohortsError as exc:
        if not isinstance(exc, Locked | Interrupted):
            _record_failure(attempt, site, exc, unsent=True)
        raise
    steps = steps_of(attempt, counts)
    if steps:
        _record_sending(attempt, site, counts, steps)
    try:
        for step in steps:
            with site.exports:
                _send(attempt, site, counts, step)
    except JobFailed as exc:  # anything else may still be running, or sent by somebody else
        _record_failure(attempt, site, exc, unsent=False)
        raise
    site.tell(change.id, "recording")
    site.writer.record((change.destination, Event.SYNCED, _synced(attempt, site, counts)))
    return Done(counts.entering, counts.removed, counts.after, counts.added - counts.entering)


def _counted(attempt: Attempt, site: Site) -> Counts:
    change = attempt.change
    if attempt.table:
        site.tell(change.id, "querying")
        members = delta.members_of(change.restored, site.state) if change.restored else ""
        if change.query and not change.restored:
            members = change.query.members
        with site.queries:
            site.client.run(
                site.database,
                delta.create_snapshot(members, change.deployed, table=attempt.table, state=site.state),
                key=attempt.key(site, "next"),
                scheduled_time=site.writer.started,
                what=f"{change.id}: the query",
            )
    site.tell(change.id, "counting")
    return site.counts.ask(attempt)


def count(
    asked: Sequence[Attempt], client: TreasureData, state: str, writer: Writer
) -> Sequence[Counts | CohortsError]:
    """Counts for several attempts in one query; where that fails, each for itself: it fails only those it must."""
    names = {attempt.id: _sets(attempt, state) for attempt in asked}
    what = f"{asked[0].change.id}: counting members" if len(asked) == 1 else "counting members of several cohorts"
    try:
        rows = client.select(
            state,
            delta.count(names),
            key=f"cohorts-{writer.ledger.id}-{asked[0].id}-count-{len(asked)}",
            scheduled_time=writer.started,
            what=what,
        )
    except JobFailed as exc:
        if len(asked) == 1:
            return [exc]
        return [answer for attempt in asked for answer in count([attempt], client, state, writer)]
    return [
        delta.counted(rows, attempt.id, attempt.change.deployed, whole=attempt.resend.everyone) for attempt in asked
    ]


def _sets(attempt: Attempt, state: str) -> delta.Sets:
    return delta.sets(
        attempt.change.deployed,
        next_sql=delta.members_of(attempt.table, state),
        state=state,
        recent_since=attempt.resend.recent_since,
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One export of an attempt. `one`: a single member, to make the cohort or to tell its name."""

    name: str
    operation: Operation
    handle: Handle
    members: int
    one: bool = False


def steps_of(attempt: Attempt, counts: Counts) -> tuple[Step, ...]:
    """Removals, finished, then additions; never an export of nobody, one for each handle."""
    change, deployed = attempt.change, attempt.change.deployed
    removals = [
        Step(f"remove-{number}", Operation.REMOVE, count.handle, count.leaving)
        for number, count in enumerate(counts.by_handle)
        if count.leaving
    ]
    additions = [
        Step(f"add-{number}", Operation.ADD, count.handle, added)
        for number, count in enumerate(counts.by_handle)
        if (added := counts.added_of(count))
    ]
    renamed = any(name != change.name for name in deployed.names) and change.name
    first: list[Step] = []
    # a removal from a cohort Braze has never heard of may fail for ever, and a name travels only with members
    if (removals and not deployed.ever_added) or (renamed and not removals and not additions):
        anybody = next((c for c in counts.by_handle if c.after), None) or next(
            (c for c in counts.by_handle if c.before), None
        )
        if anybody:
            first = [Step("first", Operation.ADD, anybody.handle, 1, one=True)]
    return (*first, *removals, *additions)


def _send(attempt: Attempt, site: Site, counts: Counts, step: Step) -> None:
    change, which = attempt.change, _sets(attempt, site.state)
    if step.one:
        members = which.next if counts.after else which.possible
    elif step.operation is Operation.REMOVE:
        members = which.removals
    else:
        members = which.additions(whole=counts.whole)
    verb = "removing" if step.operation is Operation.REMOVE else "adding"
    site.tell(change.id, f"{verb} {step.members:,} by {step.handle}")
    attempt.used.append(attempt.key(site, step.name))
    export.send(
        site.client,
        site.state,
        delta.export(members, step.handle, one=step.one),
        attempt.route.settings(
            cohort_id=change.destination.cohort_id, name=change.name, operation=step.operation, handle=step.handle
        ),
        via=attempt.route,
        key=attempt.key(site, step.name),
        scheduled_time=site.writer.started,
        what=f"{change.id}: {verb} members",
    )


def _record_failure(attempt: Attempt, site: Site, exc: CohortsError, *, unsent: bool) -> None:
    """Why it failed. `keys`: what it sent under; nothing else will come from it."""
    detail = {"attempt": attempt.id, "code": exc.code, "what": exc.what, "unsent": unsent, "keys": attempt.used}
    with suppress(CohortsError):  # the failure itself is what the user must hear; without this row it is due too
        site.writer.record((attempt.change.destination, Event.FAILED, detail))


def _record_sending(attempt: Attempt, site: Site, counts: Counts, steps: tuple[Step, ...]) -> None:
    """The durable record of what may be delivered, with all that is ever needed to take it back."""
    change = attempt.change
    detail = {
        "attempt": attempt.id,
        "table": attempt.table,
        "size": counts.after,
        "name": change.name,
        "workspace": change.destination.workspace,
        "connection": attempt.connection,
        "setting_keys": dict(attempt.route.setting_keys),
        "export_keys": [attempt.key(site, step.name) for step in steps],
    }
    site.writer.record((change.destination, Event.SENDING, detail), sure=True)


def _synced(attempt: Attempt, site: Site, counts: Counts) -> Mapping[str, object]:
    change, deployed = attempt.change, attempt.change.deployed
    query, last, now = change.query, deployed.delivered, site.writer.started
    whole = counts.whole or not deployed.certain
    return {
        "attempt": attempt.id,
        "table": attempt.table,
        "size": counts.after,
        "added": counts.added,
        "removed": counts.removed,
        "name": change.name,
        "fingerprint": query.fingerprint if query else "",
        "parts": dict(query.parts) if query else {},
        "sql": query.audience if query else "",
        "resolves": sorted({attempt.id, *deployed.unfinished, *(pending.attempt for pending in deployed.pending)}),
        "commit": site.writer.run.commit,
        "full_at": now if whole or last is None else last.full_at,
        "recent_at": now if whole or last is None or attempt.resend.recent_since is not None else last.recent_at,
        "rejected": change.query.fingerprint if change.query and change.restored else "",
        # not when this row is written: a refresh that comes due meanwhile must not be taken for done
        "as_of": deployed.previous.as_of if change.restored and deployed.previous else now,
    }
