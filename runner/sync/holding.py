"""What is done to a cohort that is to stay as it is: only those leave who are taken out
of every cohort, and what many attempts left pending is folded into two snapshots.

Nobody is added, so nothing more is certain afterwards than before (docs/delivery.md, Folding).
"""

from __future__ import annotations

from dataclasses import replace

from runner.errors import CohortsError, Interrupted, Locked
from runner.plan.events import Held
from runner.plan.guards import Counts
from runner.plan.ledger import Delivered, Deployed
from runner.plan.plan import Change, is_unfinished
from runner.plan.resending import Resend
from runner.sql.fingerprint import SUPPRESSION
from runner.sync import delta
from runner.sync.attempt import Attempt, Done, Site, resolved
from runner.sync.delivering import create
from runner.sync.reasons import judged
from runner.sync.snapshots import refuse_lost
from runner.sync.steps import Step, record_failure, removals_of, send_all
from runner.treasuredata.export import Operation, Route

MANY_PENDING = 8
"""Pending attempts of a cohort that are folded: its queries would read a snapshot for each of them.
"""

NOTHING = Delivered(None, 0, "", "", {}, "", 0)
"""What is known of a cohort before its first delivery."""

SUPPRESSING, FOLDING = 2, 4
"""Numbers of the tables that a hold makes, beside 0 and 1 of an attempt of the same run."""


def begin(
    change: Change, epoch: int, number: int, *, connection: str, route: Route
) -> Attempt:
    """The attempt that holds a cohort; `number` is SUPPRESSING or FOLDING. It tells
    Braze no new name.
    """
    change = replace(change, query=None)
    table, rest = (
        delta.table_name(change.destination, epoch, number + extra) for extra in (0, 1)
    )
    certain = rest if change.deployed.certain else None
    return Attempt(
        change,
        table.removeprefix("members_"),
        table,
        certain,
        connection,
        route,
        Resend(),
    )


def carry_out(attempt: Attempt, site: Site) -> Done:
    """Snapshot who may stay, remove the others, record. Raises JobFailed, Unavailable, Locked."""
    change, deployed = attempt.change, attempt.change.deployed
    barred = site.barred(change)
    try:
        refuse_lost(change, site.tables)
        site.tell(change.id, "looking who must leave")
        _snapshot(attempt, site, barred)
        counts = site.counts.ask(attempt)
        judged(
            change, counts, are_kept=True, count_barred=lambda: 0
        )  # there is no query whose guards could refuse
    except CohortsError as exc:
        if not isinstance(exc, Locked | Interrupted):
            record_failure(attempt, site, exc, unsent=True)
        raise
    steps = removals_of(counts)
    if (
        steps and not deployed.ever_added and counts.after
    ):  # a removal from a cohort unknown to Braze may fail for ever
        anybody = next(count for count in counts.by_handle if count.after)
        steps = [Step("first", Operation.ADD, anybody.handle, 1, one=True), *steps]
    leaving = (
        delta.leaving_barred(deployed, state=site.state, barred=barred)
        if barred
        else delta.NOBODY
    )
    staying = delta.members_of(attempt.table, site.state)
    send_all(
        attempt,
        site,
        steps,
        lambda step: staying if step.one else leaving,
        size=counts.after,
    )
    site.tell(change.id, "recording")
    site.writer.record((change.destination, _held(attempt, site, counts)))
    return Done(0, counts.removed, counts.after, 0)


def _snapshot(attempt: Attempt, site: Site, barred: str) -> None:
    deployed = attempt.change.deployed
    before = deployed.delivered.table if deployed.delivered else None
    for table, certain in ((attempt.table, False), (attempt.rest, True)):
        if table:
            members = delta.staying(
                deployed, state=site.state, barred=barred, certain=certain
            )
            made = delta.create_snapshot(members, before, table=table, state=site.state)
            create(attempt, site, "certain" if certain else "staying", made)


def _held(attempt: Attempt, site: Site, counts: Counts) -> Held:
    """What is in Braze now: who may be, and who certainly is. A removal may take out a
    person who is still in under another name, so where people have several, nobody is
    certain after one.
    """
    change, deployed = attempt.change, attempt.change.deployed
    last = deployed.delivered or NOTHING
    suppression = {SUPPRESSION: change.suppression.mark} if change.suppression else {}
    return Held(
        attempt=attempt.id,
        table=attempt.table,
        size=last.size if deployed.taken_out else counts.after,
        added=int(bool(counts.removed and not deployed.ever_added and counts.after)),
        removed=counts.removed,
        name=deployed.name,
        fingerprint=last.fingerprint,
        parts={**last.parts, **suppression},
        sql=last.sql,
        resolves=resolved(attempt),
        commit="",
        full_at=last.full_at,
        recent_at=last.recent_at,
        rejected=last.rejected,
        certain=None if counts.whole else attempt.rest,
        taken_out=deployed.taken_out,
        mode=last.mode,
        barred=counts.removed,
        connection=attempt.connection,
        setting_keys=attempt.route.setting_keys,
        as_of=last.as_of,
        owed=is_unfinished(deployed),
        names=deployed.names,
        held_at=site.writer.started,
    )


def is_due(deployed: Deployed) -> bool:
    """True when so much is pending that it should be folded first."""
    return len(deployed.pending) >= MANY_PENDING
