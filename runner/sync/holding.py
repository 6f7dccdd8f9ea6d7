"""Carry out a smaller attempt that adds nobody: it takes out the people of `suppress`,
or folds what many attempts left pending into two snapshots.

Since it adds nobody, nothing more is certain afterwards than before (docs/delivery.md,
Folding).
"""

from __future__ import annotations

from dataclasses import replace

from runner.errors import CohortsError, Interrupted, Locked
from runner.plan.events import Held
from runner.plan.fold import sizes_after
from runner.plan.guards import Counts
from runner.plan.ledger import Delivered, Deployed
from runner.plan.plan import Change, is_unfinished
from runner.plan.resending import Resend
from runner.sql.fingerprint import SUPPRESSION
from runner.sync import delta
from runner.sync.attempt import Attempt, Done, Site, resolved
from runner.sync.delivering import create
from runner.sync.progress import Doing
from runner.sync.reasons import judged
from runner.sync.snapshots import refuse_lost
from runner.sync.steps import RECORDING, Step, record_failure, removals_of, send_all
from runner.treasuredata.export import Operation, Route

MANY_PENDING = 8
"""Pending attempts of a cohort that are folded, since its queries would read a snapshot
for each of them.
"""

NOTHING = Delivered(None, 0, "", "", {}, "", 0)
"""What is known of a cohort before its first delivery."""

SUPPRESSING = 2
FOLDING = 4
"""Numbers in the names of the tables: 0 and 1 are those of the cohort's attempt in the
same run.
"""


def begin(
    change: Change, epoch: int, number: int, *, connection: str, route: Route
) -> Attempt:
    """A smaller attempt; `number` is SUPPRESSING or FOLDING. It tells Braze no new name."""
    table = delta.table_name(change.destination, epoch, number)
    attempt = Attempt(
        replace(change, query=None),
        table.removeprefix("members_"),
        table,
        None,
        connection,
        route,
        Resend(),
    )
    if not change.deployed.certain:
        return attempt
    return replace(
        attempt, rest=delta.table_name(change.destination, epoch, number + 1)
    )


def carry_out(attempt: Attempt, site: Site) -> Done:
    """Snapshot who may stay, remove the others, record. Raises JobFailed, Unavailable, Locked."""
    change = attempt.change
    suppressed = site.suppressed(change)
    try:
        refuse_lost(change, site.tables)
        _snapshot(attempt, site, suppressed)
        site.tell(Doing(change.id, "counting the delta"))
        counts = site.counts.ask(attempt)
        # there is no query whose guards could refuse, but `suppress` may have a gap
        judged(change, counts, members_stay=True, count_suppressed=lambda: 0)
    except CohortsError as exc:
        if not isinstance(exc, Locked | Interrupted):
            record_failure(attempt, site, exc)
        raise

    def members(step: Step) -> str:
        return _members_of(attempt, site, suppressed, step)

    send_all(attempt, site, _steps(attempt, counts), members, size=counts.after)
    site.tell(Doing(change.id, RECORDING))
    site.writer.record((change.destination, _held(attempt, site, counts)))
    return Done(0, counts.removed, counts.after, 0)


def _steps(attempt: Attempt, counts: Counts) -> list[Step]:
    """What is sent when people are taken out: removals, and one addition where Braze
    may not know the cohort.
    """
    removals = removals_of(counts)
    if not _adds_one(attempt.change.deployed, counts):
        return removals
    anybody = next(count for count in counts.by_handle if count.after)
    return [Step("first", Operation.ADD, anybody.handle, 1, one=True), *removals]


def _adds_one(deployed: Deployed, counts: Counts) -> bool:
    """True where one member who stays is sent first: a removal from a cohort that Braze
    does not know may fail for ever.
    """
    return bool(counts.removed and counts.after and not deployed.ever_added)


def _members_of(attempt: Attempt, site: Site, suppressed: str, step: Step) -> str:
    """A SELECT of the members that one export sends."""
    if step.one:
        return delta.members_of(attempt.table, site.state)
    if not suppressed:
        return delta.NOBODY
    deployed = attempt.change.deployed
    return delta.leaving_suppressed(deployed, state=site.state, suppressed=suppressed)


def _snapshot(attempt: Attempt, site: Site, suppressed: str) -> None:
    """Make a snapshot of whoever may stay, and another one of whoever certainly stays."""
    deployed = attempt.change.deployed
    state = site.state
    before = None
    if deployed.delivered:
        before = deployed.delivered.table
    if attempt.table:
        members = delta.staying(deployed, state=state, suppressed=suppressed)
        made = delta.create_snapshot(members, before, table=attempt.table, state=state)
        create(attempt, site, "staying", made)
    if attempt.rest:
        members = delta.staying(
            deployed, state=state, suppressed=suppressed, certain=True
        )
        made = delta.create_snapshot(members, before, table=attempt.rest, state=state)
        create(attempt, site, "certain", made)


def _held(attempt: Attempt, site: Site, counts: Counts) -> Held:
    """The row of an attempt that is done: who may be in Braze now, and who certainly is."""
    change = attempt.change
    deployed = attempt.change.deployed
    last = deployed.delivered or NOTHING
    parts = dict(last.parts)
    if change.suppression:
        parts[SUPPRESSION] = change.suppression.mark
    size = counts.after
    if deployed.taken_out:
        size = last.size  # mode `remove` counts those whom it took out
    sizes = sizes_after(
        deployed.sizes, taken_out=counts.removed, now=site.writer.started
    )
    certain = attempt.rest
    if counts.whole:
        # a removal may have taken out a person who is wanted under another name
        certain = None
    return Held(
        attempt=attempt.id,
        table=attempt.table,
        size=size,
        added=int(_adds_one(deployed, counts)),
        removed=counts.removed,
        name=deployed.name,
        fingerprint=last.fingerprint,
        parts=parts,
        sql=last.sql,
        resolves=resolved(attempt),
        commit="",
        full_at=last.full_at,
        recent_at=last.recent_at,
        rejected=last.rejected,
        certain=certain,
        taken_out=deployed.taken_out,
        mode=last.mode,
        barred=counts.removed,
        connection=attempt.connection,
        setting_keys=attempt.route.setting_keys,
        as_of=last.as_of,
        database=last.database,
        owed=is_unfinished(deployed),
        names=deployed.names,
        held_at=site.writer.started,
        sizes=tuple(map(str, sizes)),
    )


def needs_folding(change: Change) -> bool:
    """True when so much is pending that it should be folded first."""
    return len(change.deployed.pending) >= MANY_PENDING
