"""An attempt carried out, step by step (docs/delivery.md, An attempt).

Whatever was perhaps delivered is in the ledger before it is sent: every step may be the
last, and the next run heals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from runner.definitions.cohort import Mode
from runner.errors import CohortsError, Interrupted, Locked
from runner.plan.events import Synced
from runner.plan.guards import Counts
from runner.plan.ledger import Delivered, Deployed
from runner.plan.plan import Change
from runner.plan.written import expected, last_sent
from runner.sync import delta
from runner.sync.attempt import Attempt, Done, GuardRefused, Site, resolved
from runner.sync.reasons import judged
from runner.sync.steps import Step, record_failure, send_all, steps_of
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
            record_failure(attempt, site, exc, unsent=True)
        raise
    steps = steps_of(attempt, counts)
    send_all(
        attempt,
        site,
        steps,
        lambda step: _members_of(attempt, site, counts, step),
        size=counts.after,
    )
    site.tell(change.id, "recording")
    site.writer.record((change.destination, _synced(attempt, site, counts)))
    if attempt.mode is Mode.REMOVE:
        return Done(0, counts.entering, counts.after, counts.added - counts.entering)
    return Done(
        counts.entering, counts.removed, counts.after, counts.added - counts.entering
    )


def _counted(attempt: Attempt, site: Site) -> Counts:
    change, deployed = attempt.change, attempt.change.deployed
    if attempt.table:
        site.tell(change.id, "querying")
        before = deployed.delivered.table if deployed.delivered else None
        before = deployed.taken_out if attempt.mode is Mode.REMOVE else before
        wanted = wanted_members(change, state=site.state, barred=site.barred(change))
        create(
            attempt,
            site,
            "next",
            delta.create_snapshot(
                wanted, before, table=attempt.table, state=site.state
            ),
        )
    if attempt.rest and attempt.table:
        left = delta.left_over(deployed, attempt.table, state=site.state)
        made = delta.create_snapshot(
            left, deployed.possible[0], table=attempt.rest, state=site.state
        )
        create(attempt, site, "rest", made)
    site.tell(change.id, "counting")
    return site.counts.ask(attempt)


def wanted_members(change: Change, *, state: str, barred: str) -> str:
    """The members that a change wants in the cohort; in mode `remove`, those whom it
    takes out. `barred` selects whom nobody may write to; nothing where there is nobody.
    """
    query, deployed = change.query, change.deployed
    if query is None:
        return delta.NOBODY
    if change.restored:
        restored = Deployed(deployed.destination, Delivered.of_table(change.restored))
        return delta.staying(restored, state=state, barred=barred)
    if query.cohort.mode is Mode.ADD:
        return delta.everybody(
            query.members(barred), deployed, state=state, barred=barred
        )
    if query.cohort.mode is Mode.REMOVE:
        return delta.with_barred(
            query.members(""), deployed, state=state, barred=barred
        )
    return query.members(barred)


def create(attempt: Attempt, site: Site, step: str, sql: str) -> None:
    """Make a table of an attempt. Raises JobFailed, Unavailable."""
    with site.queries, at_the_authors(attempt.change):
        site.client.run(
            site.database,
            sql,
            key=attempt.key(site, step),
            scheduled_time=site.writer.started,
            what=f"{attempt.change.id}: the query",
        )


@contextmanager
def at_the_authors(change: Change) -> Iterator[None]:
    """An error in the author's SQL is told at its place in their file, not in the
    statement around it.
    """
    try:
        yield
    except JobFailed as exc:
        reason = exc.reason
        at = (
            change.query.place(exc.sql, reason.line, reason.column)
            if change.query and reason.line
            else None
        )
        if at is None:
            raise
        raise exc.placed(at) from None


def _guarded(attempt: Attempt, site: Site, counts: Counts) -> Counts:
    """The counts, if nothing stops the attempt. Raises GuardRefused, CohortsError."""

    def leaving() -> int:
        return count_barred(attempt, site, site.barred(attempt.change))

    again, now = attempt.resend, site.writer.started
    counts = replace(
        counts, expected=expected(attempt.change, counts, again, site.reassert, now)
    )
    are_kept = attempt.mode is not Mode.MIRROR
    counts, refused = judged(
        attempt.change, counts, are_kept=are_kept, count_barred=leaving
    )
    if refused:
        raise GuardRefused(refused)
    return counts


def count_barred(attempt: Attempt, site: Site, barred: str) -> int:
    """How many may be in the cohort whom nobody may write to."""
    leaving = delta.leaving_barred(
        attempt.change.deployed, state=site.state, barred=barred
    )
    sql = f"SELECT COUNT(*) AS members\nFROM (\n{leaving}\n) AS leaving"
    key, what = (
        attempt.key(site, "barred"),
        f"{attempt.change.id}: counting who is taken out of every cohort",
    )
    rows = site.client.select(
        site.state, sql, key=key, scheduled_time=site.writer.started, what=what
    )
    return int(rows[0][0])


def count(
    asked: Sequence[Attempt], client: TreasureData, state: str, writer: Writer
) -> Sequence[Counts | CohortsError]:
    """Counts for several attempts in one query; where that fails, each for itself: it
    fails only those it must.
    """
    names = {attempt.id: _sets(attempt, state) for attempt in asked}
    what = (
        f"{asked[0].change.id}: counting members"
        if len(asked) == 1
        else "counting members of several cohorts"
    )
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
        return [
            answer
            for attempt in asked
            for answer in count([attempt], client, state, writer)
        ]
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
    sets = delta.taking_out if attempt.mode is Mode.REMOVE else delta.sets
    return sets(
        attempt.change.deployed,
        next_sql=delta.members_of(attempt.table, state),
        state=state,
        recent_since=attempt.resend.recent_since,
    )


def _members_of(attempt: Attempt, site: Site, counts: Counts, step: Step) -> str:
    which = _sets(attempt, site.state)
    if step.one:
        return delta.values_of(
            which.next if counts.after else which.possible, step.handle
        )
    if step.operation is Operation.REMOVE and attempt.mode is not Mode.REMOVE:
        return which.removals(step.handle)
    return which.additions(step.handle, whole=counts.whole)


def _synced(attempt: Attempt, site: Site, counts: Counts) -> Synced:
    change, query, run = attempt.change, attempt.change.query, site.writer.run
    removing = attempt.mode is Mode.REMOVE
    recent_at, full_at = last_sent(change, counts, attempt.resend, site.writer.started)
    return Synced(
        attempt=attempt.id,
        table=attempt.left,
        size=counts.after,
        added=0 if removing else counts.added,
        removed=counts.added if removing else counts.removed,
        name=change.name,
        fingerprint=query.fingerprint if query else "",
        parts=query.parts if query else {},
        sql=query.audience if query else "",
        resolves=resolved(attempt),
        commit=run.commit,
        full_at=full_at,
        recent_at=recent_at,
        rejected=query.fingerprint if query and change.restored else "",
        certain=None if removing else attempt.table,
        taken_out=attempt.table if removing else None,
        mode=attempt.mode.value,
        barred=counts.suppressed,
        connection=attempt.connection,
        setting_keys=attempt.route.setting_keys,
        as_of=_as_of(change, site.writer.started),
        settles=run.settles,
    )


def _as_of(change: Change, now: int) -> int:
    """When the query ran (unix seconds); not when its row is written, or a refresh that
    comes due meanwhile would be taken for done. A rollback brings back an earlier time.
    """
    previous = change.deployed.previous
    return previous.as_of if change.restored and previous else now
