"""One try to bring one cohort to its wanted members, step by step (protocol section 4).

Whatever was perhaps delivered is in the ledger before it is sent: every step may be the last, and the next run heals.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from runner.definitions.cohort import Mode
from runner.errors import Blocked, CohortsError, Interrupted, Locked, Problem
from runner.identifiers import Handle
from runner.plan.guards import Counts, refusals
from runner.plan.ledger import DAY, Delivered, Deployed, Event
from runner.plan.plan import Action, Change
from runner.project import Reassert
from runner.sync import delta
from runner.sync.shared import Shared
from runner.sync.snapshots import refuse_lost
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
    are how many may run at once; ledger rows and counts wait for neither, since many cohorts share them. `tables`: the
    state database's, as the run began. `barred_table` holds those who are taken out of every cohort, if anybody is.
    """

    client: TreasureData
    database: str
    state: str
    writer: Writer
    tell: Listener
    queries: threading.Semaphore
    exports: threading.Semaphore
    counts: Shared[Attempt, Counts]
    tables: frozenset[str]
    barred_table: str = ""

    def barred(self, change: Change) -> str:
        """SELECT of those who are taken out of this cohort as of every other; nothing where it spares nobody."""
        if not self.barred_table or change.query is None or not change.query.barred:
            return ""
        return f'SELECT kind, label, value FROM "{self.state}"."{self.barred_table}"'


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
    if last is None or last.is_withdrawn or change.query is None:
        return Resend()
    if asked or (reassert.full and now - last.full_at >= reassert.full):
        return Resend(everyone=True)
    return Resend(now - reassert.recent if reassert.recent and now - last.recent_at >= DAY else None)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt's identity: every name it may use follows from it. `table` holds the wanted members, in mode `remove`
    those to take out; None: nobody is wanted. `rest`: a second one, of whom mode `remove` leaves in the cohort. `mode`
    is what is done in Braze: whoever is withdrawn leaves as in a mirror.
    """

    change: Change
    id: str
    table: str | None
    rest: str | None
    connection: str
    route: Route
    resend: Resend
    mode: Mode = Mode.MIRROR
    used: list[str] = field(default_factory=list)

    def key(self, site: Site, step: str) -> str:
        """The domain key of one step's job; never used for anything else."""
        return f"cohorts-{site.writer.ledger.id}-{self.id}-{step}"

    @property
    def left(self) -> str | None:
        """The table of whoever may be in the cohort when this is done; None: nobody."""
        return self.rest if self.mode is Mode.REMOVE else self.table


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
    table, rest = (delta.table_name(change.destination, epoch, number) for number in (0, 1))
    mode = change.query.cohort.mode if change.query else Mode.MIRROR
    return Attempt(
        change,
        id=table.removeprefix("members_"),
        table=table if change.action is not Action.WITHDRAW else None,
        rest=rest if mode is Mode.REMOVE and change.deployed.possible else None,
        connection=connection,
        route=route,
        resend=resend,
        mode=mode,
    )


def intent(attempt: Attempt) -> Mapping[str, object]:
    """What the ledger must know before anything is made: the attempt and its tables."""
    tables = [table for table in (attempt.table, attempt.rest) if table]
    told = {"attempt": attempt.id, "tables": tables, "action": attempt.change.action.value}
    return told | ({"allowed": sorted(attempt.change.allowed)} if attempt.change.allowed else {})


def carry_out(attempt: Attempt, site: Site) -> Done:
    """Snapshot, count, guard, record, remove, add, record. Raises GuardRefused, JobFailed, Unavailable, Locked.

    A failure before `sending` is recorded as harmless; after it, the attempt stays pending and the next run heals it.
    """
    change = attempt.change
    try:
        refuse_lost(change, site.tables)
        counts = _guarded(attempt, site, _counted(attempt, site))
    except CohortsError as exc:
        if not isinstance(exc, Locked | Interrupted):
            record_failure(attempt, site, exc, unsent=True)
        raise
    steps = steps_of(attempt, counts)
    send_all(attempt, site, steps, lambda step: _members_of(attempt, site, counts, step), size=counts.after)
    site.tell(change.id, "recording")
    site.writer.record((change.destination, Event.SYNCED, _synced(attempt, site, counts)))
    if attempt.mode is Mode.REMOVE:
        return Done(0, counts.entering, counts.after, counts.added - counts.entering)
    return Done(counts.entering, counts.removed, counts.after, counts.added - counts.entering)


def _counted(attempt: Attempt, site: Site) -> Counts:
    change, deployed = attempt.change, attempt.change.deployed
    if attempt.table:
        site.tell(change.id, "querying")
        before = deployed.delivered.table if deployed.delivered else None
        before = deployed.taken_out if attempt.mode is Mode.REMOVE else before
        wanted = wanted_members(change, state=site.state, barred=site.barred(change))
        create(attempt, site, "next", delta.create_snapshot(wanted, before, table=attempt.table, state=site.state))
    if attempt.rest and attempt.table:
        left = delta.left_over(deployed, attempt.table, state=site.state)
        made = delta.create_snapshot(left, deployed.possible[0], table=attempt.rest, state=site.state)
        create(attempt, site, "rest", made)
    site.tell(change.id, "counting")
    return site.counts.ask(attempt)


def wanted_members(change: Change, *, state: str, barred: str) -> str:
    """The members that a change wants in the cohort; in mode `remove`, those whom it takes out. `barred` selects whom
    nobody may write to; nothing where there is nobody.
    """
    query, deployed = change.query, change.deployed
    if query is None:
        return delta.NOBODY
    if change.restored:
        restored = Deployed(deployed.destination, Delivered.of_table(change.restored))
        return delta.staying(restored, state=state, barred=barred)
    if query.cohort.mode is Mode.ADD:
        return delta.everybody(query.members(barred), deployed, state=state, barred=barred)
    if query.cohort.mode is Mode.REMOVE:
        return delta.with_barred(query.members(""), deployed, state=state, barred=barred)
    return query.members(barred)


def create(attempt: Attempt, site: Site, step: str, sql: str) -> None:
    """Make a table of an attempt. Raises JobFailed, Unavailable."""
    with site.queries:
        site.client.run(
            site.database,
            sql,
            key=attempt.key(site, step),
            scheduled_time=site.writer.started,
            what=f"{attempt.change.id}: the query",
        )


def _guarded(attempt: Attempt, site: Site, counts: Counts) -> Counts:
    """The counts, if no guard stops them. Who leaves because of `suppress` is only counted where it matters."""
    change = attempt.change
    if change.query is None or change.restored:
        return counts
    found = refusals(change.query.cohort, counts, change.allowed)
    barred = site.barred(change)
    if barred and any(problem.code == "G003" for problem in found):
        counts = replace(counts, barred=count_barred(attempt, site, barred))
        found = refusals(change.query.cohort, counts, change.allowed)
    if found:
        raise GuardRefused(found)
    return counts


def count_barred(attempt: Attempt, site: Site, barred: str) -> int:
    """How many may be in the cohort whom nobody may write to."""
    leaving = delta.leaving_barred(attempt.change.deployed, state=site.state, barred=barred)
    sql = f"SELECT COUNT(*) AS members\nFROM (\n{leaving}\n) AS leaving"
    key, what = attempt.key(site, "barred"), f"{attempt.change.id}: counting who is taken out of every cohort"
    rows = site.client.select(site.state, sql, key=key, scheduled_time=site.writer.started, what=what)
    return int(rows[0][0])


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
        delta.counted(rows, each.id, each.change.deployed, whole=each.resend.everyone, mode=each.mode) for each in asked
    ]


def _sets(attempt: Attempt, state: str) -> delta.Sets:
    sets = delta.taking_out if attempt.mode is Mode.REMOVE else delta.sets
    return sets(
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
    """Removals, finished, then additions; never an export of nobody, one for each handle. Mode `remove` adds nobody."""
    change, deployed = attempt.change, attempt.change.deployed
    sent = Operation.REMOVE if attempt.mode is Mode.REMOVE else Operation.ADD
    removals = removals_of(counts)
    additions = [
        Step(f"{sent.value}-{number}", sent, count.handle, added)
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
        if anybody and sent is Operation.ADD:
            first = [Step("first", Operation.ADD, anybody.handle, 1, one=True)]
    return (*first, *removals, *additions)


def removals_of(counts: Counts) -> list[Step]:
    """One export for each handle of which somebody leaves."""
    return [
        Step(f"remove-{number}", Operation.REMOVE, count.handle, count.leaving)
        for number, count in enumerate(counts.by_handle)
        if count.leaving
    ]


def _members_of(attempt: Attempt, site: Site, counts: Counts, step: Step) -> str:
    which = _sets(attempt, site.state)
    if step.one:
        return which.next if counts.after else which.possible
    if step.operation is Operation.REMOVE and attempt.mode is not Mode.REMOVE:
        return which.removals
    return which.additions(whole=counts.whole)


def send_all(attempt: Attempt, site: Site, steps: Sequence[Step], members: Callable[[Step], str], *, size: int) -> None:
    """On record first, then one export after the other. Raises JobFailed, Unavailable, Locked."""
    if not steps:
        return
    _record_sending(attempt, site, steps, size)
    try:
        for step in steps:
            with site.exports:
                _send(attempt, site, step, members(step))
    except JobFailed as exc:  # anything else may still be running, or sent by somebody else
        record_failure(attempt, site, exc, unsent=False)
        raise


def _send(attempt: Attempt, site: Site, step: Step, members: str) -> None:
    change = attempt.change
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


def record_failure(attempt: Attempt, site: Site, exc: CohortsError, *, unsent: bool) -> None:
    """Why it failed. `keys`: what it sent under; nothing else will come from it."""
    detail = {"attempt": attempt.id, "code": exc.code, "what": exc.what, "unsent": unsent, "keys": attempt.used}
    with suppress(CohortsError):  # the failure itself is what the user must hear; without this row it is due too
        site.writer.record((attempt.change.destination, Event.FAILED, detail))


def _record_sending(attempt: Attempt, site: Site, steps: Sequence[Step], size: int) -> None:
    """The durable record of what may be delivered, with all that is ever needed to take it back."""
    change = attempt.change
    detail = {
        "attempt": attempt.id,
        "table": attempt.left,
        "tables": [table for table in (attempt.table, attempt.rest) if table],
        "size": size,
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
    removing = attempt.mode is Mode.REMOVE
    whole = counts.whole or not (deployed.taken_out if removing else deployed.certain)
    return {
        "attempt": attempt.id,
        "table": attempt.left,
        "certain": None if removing else attempt.table,
        "taken_out": attempt.table if removing else None,
        "mode": attempt.mode.value,
        "size": counts.after,
        "added": 0 if removing else counts.added,
        "removed": counts.added if removing else counts.removed,
        "name": change.name,
        "fingerprint": query.fingerprint if query else "",
        "parts": dict(query.parts) if query else {},
        "sql": query.audience if query else "",
        "resolves": resolved(attempt),
        "commit": site.writer.run.commit,
        "full_at": now if whole or last is None else last.full_at,
        "recent_at": now if whole or last is None or attempt.resend.recent_since is not None else last.recent_at,
        "rejected": change.query.fingerprint if change.query and change.restored else "",
        # not when this row is written: a refresh that comes due meanwhile must not be taken for done
        "as_of": deployed.previous.as_of if change.restored and deployed.previous else now,
    }


def resolved(attempt: Attempt) -> list[str]:
    """The attempts of whose traces nothing is left when this one ended well."""
    deployed = attempt.change.deployed
    return sorted({attempt.id, *deployed.unfinished, *(pending.attempt for pending in deployed.pending)})
