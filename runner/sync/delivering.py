"""Carry out an attempt, step by step (docs/delivery.md, An attempt).

What may be delivered is in the ledger before it is sent: every step may be the last
one, and the next run heals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from runner.definitions.cohort import Mode
from runner.errors import CohortsError, Interrupted, Locked, Position
from runner.plan.events import Synced
from runner.plan.fold import is_agreed, is_left_empty, sizes_after
from runner.plan.guards import Counts
from runner.plan.ledger import Delivered, Deployed
from runner.plan.plan import Change
from runner.plan.written import expected, last_sent
from runner.sql.query import Query
from runner.sync import delta
from runner.sync.attempt import Attempt, Done, GuardRefused, Site, intent, resolved
from runner.sync.progress import Doing
from runner.sync.reasons import judged
from runner.sync.steps import RECORDING, Step, record_failure, send_all, steps_of
from runner.sync.writer import Writer
from runner.treasuredata.client import JobFailed, TreasureData
from runner.treasuredata.export import Operation


def carry_out(attempt: Attempt, site: Site) -> Done:
    """Snapshot, count, guard, record, remove, add, record. Raises GuardRefused,
    JobFailed, Unavailable, Locked.

    A failure before `sending` is recorded as harmless; after it, the attempt stays
    pending and the next run heals it.
    """
    change = attempt.change
    try:
        counts = _guarded(attempt, site, _counted(attempt, site))
    except CohortsError as exc:
        if not isinstance(exc, Locked | Interrupted):
            record_failure(attempt, site, exc)
        raise

    def members(step: Step) -> str:
        return _members_of(attempt, site, counts, step)

    send_all(attempt, site, steps_of(attempt, counts), members, size=counts.after)
    site.tell(Doing(change.id, RECORDING))
    site.writer.record((change.destination, _synced(attempt, site, counts)))
    sent_again = counts.added - counts.entering
    if attempt.mode is Mode.REMOVE:
        return Done(0, counts.entering, counts.after, sent_again)
    return Done(counts.entering, counts.removed, counts.after, sent_again)


def _counted(attempt: Attempt, site: Site) -> Counts:
    """Make the attempt's snapshots, and count them."""
    change = attempt.change
    if attempt.table:
        _snapshot_wanted(attempt, attempt.table, site)
        if attempt.rest:
            _snapshot_rest(attempt, attempt.table, attempt.rest, site)
    site.tell(Doing(change.id, "counting the delta"))
    return site.counts.ask(attempt)


def _snapshot_wanted(attempt: Attempt, table: str, site: Site) -> None:
    """Make the snapshot of the wanted members."""
    change = attempt.change
    suppressed = site.suppressed(change)
    wanted = wanted_members(change, state=site.state, suppressed=suppressed)
    before = _before(attempt)
    made = delta.create_snapshot(wanted, before, table=table, state=site.state)
    create(attempt, site, "next", made)


def _before(attempt: Attempt) -> str | None:
    """The snapshot that says since when each member is wanted; None: there is none."""
    deployed = attempt.change.deployed
    if attempt.mode is Mode.REMOVE:
        return deployed.taken_out
    if deployed.delivered is None:
        return None
    return deployed.delivered.table


def _snapshot_rest(attempt: Attempt, table: str, rest: str, site: Site) -> None:
    """Make the snapshot of those whom mode `remove` leaves in the cohort."""
    deployed = attempt.change.deployed
    left = delta.left_over(deployed, table, state=site.state)
    before = deployed.possible[0]
    made = delta.create_snapshot(left, before, table=rest, state=site.state)
    create(attempt, site, "rest", made)


def wanted_members(change: Change, *, state: str, suppressed: str) -> str:
    """A SELECT of the members that a change wants in the cohort; in mode `remove`, of
    those whom it takes out. `suppressed` selects the people of `suppress`; it is empty
    where there are none.
    """
    query = change.query
    deployed = change.deployed
    if query is None:
        return delta.NOBODY
    if change.restored:
        restored = Deployed(deployed.destination, Delivered.of_table(change.restored))
        return delta.staying(restored, state=state, suppressed=suppressed)
    if query.cohort.mode is Mode.ADD:
        wanted = query.members(suppressed)
        return delta.everybody(wanted, deployed, state=state, suppressed=suppressed)
    if query.cohort.mode is Mode.REMOVE:
        # whoever is suppressed is taken out too, so the list is not thinned
        listed = query.members("")
        return delta.with_suppressed(
            listed, deployed, state=state, suppressed=suppressed
        )
    return query.members(suppressed)


def create(attempt: Attempt, site: Site, step: str, sql: str) -> None:
    """Make a table of an attempt. Raises JobFailed, Unavailable."""
    cohort = attempt.change.id
    site.tell(Doing(cohort, "waiting to query", waits=True))
    with site.queries, at_the_authors(attempt.change.query):
        site.tell(Doing(cohort, "making a snapshot"))
        site.client.run(
            site.database,
            sql,
            key=attempt.key(site, step),
            scheduled_time=site.writer.started,
            what=f"{cohort}: the query",
        )


@contextmanager
def at_the_authors(query: Query | None) -> Iterator[None]:
    """An error in the author's SQL is told at its place in their file, not in the
    statement around it.
    """
    try:
        yield
    except JobFailed as exc:
        at = _place(exc, query)
        if at is None:
            raise
        raise exc.placed(at) from None


def _place(exc: JobFailed, query: Query | None) -> Position | None:
    """Where the error is in the author's file; None where it is not in their SQL."""
    if query is None or not exc.reason.line:
        return None
    return query.place(exc.sql, exc.reason.line, exc.reason.column)


def _guarded(attempt: Attempt, site: Site, counts: Counts) -> Counts:
    """The counts, if nothing stops the attempt. Raises GuardRefused, CohortsError."""

    change = attempt.change
    now = site.writer.started

    def leaving() -> int:
        return count_suppressed(attempt, site, site.suppressed(change))

    written = expected(change, counts, attempt.resend, site.reassert, now)
    counts, refused = judged(
        change,
        replace(counts, expected=written),
        members_stay=attempt.mode is not Mode.MIRROR,
        count_suppressed=leaving,
    )
    if refused:
        raise GuardRefused(refused)
    return counts


def count_suppressed(attempt: Attempt, site: Site, suppressed: str) -> int:
    """How many of the people whom `suppressed` selects may be in the cohort."""
    leaving = delta.leaving_suppressed(
        attempt.change.deployed, state=site.state, suppressed=suppressed
    )
    rows = site.client.select(
        site.state,
        f"SELECT COUNT(*) AS members\nFROM (\n{leaving}\n) AS leaving",
        key=attempt.key(site, "barred"),
        scheduled_time=site.writer.started,
        what=f"{attempt.change.id}: counting who is taken out of every cohort",
    )
    return int(rows[0][0])


def count(
    asked: Sequence[Attempt], client: TreasureData, state: str, writer: Writer
) -> Sequence[Counts | CohortsError]:
    """Counts for several attempts in one query, or errors. Where the query fails, each
    attempt is counted for itself, so that one cohort fails no other.
    """
    names = {attempt.id: _sets(attempt, state) for attempt in asked}
    what = "counting members of several cohorts"
    if len(asked) == 1:
        what = f"{asked[0].change.id}: counting members"
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
        alone = [count([attempt], client, state, writer) for attempt in asked]
        return [answer for answers in alone for answer in answers]
    return [
        delta.counted(
            rows,
            each.id,
            each.change.deployed,
            whole=each.resend.everyone,
            mode=each.mode,
        )
        for each in asked
    ]


def _sets(attempt: Attempt, state: str) -> delta.Sets:
    """The three sets of an attempt, over its snapshots."""
    return delta.sets_of(
        attempt.mode,
        attempt.change.deployed,
        next_sql=delta.members_of(attempt.table, state),
        state=state,
        recent_since=attempt.resend.recent_since,
    )


def _members_of(attempt: Attempt, site: Site, counts: Counts, step: Step) -> str:
    """A SELECT of the members that one export sends."""
    which = _sets(attempt, site.state)
    if step.one and counts.after:
        return delta.values_of(which.next, step.handle)
    if step.one:
        return delta.values_of(which.possible, step.handle)
    if step.operation is Operation.REMOVE and attempt.mode is not Mode.REMOVE:
        return which.removals(step.handle)
    return which.additions(step.handle, whole=counts.whole)


def _synced(attempt: Attempt, site: Site, counts: Counts) -> Synced:
    """The row of an attempt that is done."""
    change = attempt.change
    run = site.writer.run
    now = site.writer.started
    recent_at, full_at = last_sent(change, counts, attempt.resend, now)
    synced = Synced(
        attempt=attempt.id,
        table=attempt.left,
        size=counts.after,
        added=counts.added,
        removed=counts.removed,
        name=change.name,
        fingerprint="",
        parts={},
        sql=change.sql_after,
        resolves=resolved(attempt),
        commit=run.commit,
        full_at=full_at,
        recent_at=recent_at,
        rejected="",
        certain=attempt.table,
        taken_out=None,
        mode=attempt.mode.value,
        barred=counts.suppressed,
        connection=attempt.connection,
        setting_keys=attempt.route.setting_keys,
        # not when the row is written: a refresh that came due meanwhile would count as done
        as_of=now,
        settles=run.settles,
    )
    synced = _with_sizes(_with_query(synced, change), attempt, now)
    if attempt.mode is not Mode.REMOVE:
        return synced
    # what mode `remove` sends are removals, and nobody is certain to be left in the cohort
    return replace(
        synced, added=0, removed=counts.added, certain=None, taken_out=attempt.table
    )


def _with_sizes(synced: Synced, attempt: Attempt, now: int) -> Synced:
    """With the sizes before that guards still compare with. They begin anew where nobody
    is left, and where a person agreed to the removals.
    """
    if is_left_empty(synced) or is_agreed(intent(attempt)):
        return synced
    sizes = attempt.change.deployed.sizes
    still = sizes_after(sizes, taken_out=synced.barred, now=now)
    return replace(synced, sizes=tuple(map(str, still)))


def _with_query(synced: Synced, change: Change) -> Synced:
    """With what the query was. A rollback rejects it, and brings back an earlier time."""
    query = change.query
    previous = change.deployed.previous
    if query is None:
        return synced
    synced = replace(
        synced,
        fingerprint=query.fingerprint,
        parts=query.parts,
        database=query.database,
    )
    if not change.restored:
        return synced
    synced = replace(synced, rejected=query.fingerprint)
    if previous:
        synced = replace(synced, as_of=previous.as_of)
    return synced
