"""Read a ledger's rows, in any order and with repetitions, as the `Ledger` they add up to; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from typing import TypeVar

from runner.plan.events import (
    Abandoned,
    Adopted,
    Bootstrap,
    Details,
    Ended,
    Failed,
    Held,
    Intent,
    Leased,
    OfAttempt,
    Released,
    Sending,
    Synced,
    Verified,
)
from runner.plan.ledger import (
    DAY,
    KEEP_PREVIOUS,
    Delivered,
    Deployed,
    Destination,
    Entry,
    Lease,
    Ledger,
    Pending,
    Row,
    Size,
    of_event,
)

AGREED = "max_removed"
"""The guard whose override says that a person agreed to the removals."""

Told = TypeVar("Told", bound=Details)
Rows = Sequence[Row[Told]]


def fold(entries: Iterable[Entry], *, now: int) -> Ledger:
    """The ledger that these rows add up to. `now` is the server's clock (unix seconds)."""
    # an INSERT may be applied and answered with an error, so rows may be there twice
    unique = {entry.row_id: entry for entry in entries}
    ordered = sorted(unique.values(), key=lambda entry: (entry.epoch, entry.sequence))
    by_destination: dict[Destination, list[Entry]] = {}
    for entry in ordered:
        by_destination.setdefault(entry.destination, []).append(entry)
    run_rows = by_destination.pop(Destination(), [])
    commit, settled = _commits(ordered)
    return Ledger(
        id=next((row.detail.ledger_id for row in of_event(run_rows, Bootstrap)), ""),
        epoch=max((row.epoch for row in ordered), default=0),
        now=now,
        cohorts={
            where: _deployed(where, rows, now)
            for where, rows in sorted(by_destination.items())
        },
        lease=_lease(run_rows),
        commit=commit,
        settled=settled,
        verified=frozenset(row.detail.mapping for row in of_event(run_rows, Verified)),
    )


def _commits(ordered: Iterable[Entry]) -> tuple[str, str]:
    """The commit of the last run that synced anything, and that of the last one of
    which all was compared with what was reviewed.
    """
    commit = ""
    settled = ""
    for row in of_event(ordered, Synced):
        if row.detail.commit:
            commit = row.detail.commit
        if row.detail.commit and row.detail.settles:
            settled = row.detail.commit
    return commit, settled


def _lease(run_rows: Sequence[Entry]) -> Lease | None:
    """The lease of the last run; None where no run ever wrote."""
    leases = of_event(run_rows, Leased)
    if not leases:
        return None
    last = leases[-1]
    detail = leases[-1].detail
    return Lease(
        token=detail.token,
        actor=detail.actor,
        host=detail.host,
        process=detail.process,
        address=detail.address,
        until=last.time + detail.seconds,
        released=any(row.epoch == last.epoch for row in of_event(run_rows, Released)),
    )


@dataclass(frozen=True, slots=True)
class _Attempts:
    """The rows of one cohort's attempts, in order, since it was abandoned last."""

    intents: Rows[Intent]
    claims: Rows[Sending | Adopted]
    ended_well: Rows[Ended]
    failures: Rows[Failed]

    @property
    def resolved(self) -> frozenset[str]:
        """Attempts of whose traces nothing is left."""
        return frozenset(
            attempt for row in self.ended_well for attempt in row.detail.resolves
        )

    @property
    def synced(self) -> Rows[Synced]:
        """Those that brought the cohort to its wanted members."""
        return of_event(self.ended_well, Synced)

    @property
    def unfinished(self) -> Rows[Intent]:
        """Attempts that began, and are not known to have ended well."""
        resolved = self.resolved
        return [row for row in self.intents if row.detail.attempt not in resolved]

    @property
    def failed(self) -> Rows[Failed]:
        """Failures that no later attempt has healed."""
        resolved = self.resolved
        return [row for row in self.failures if row.detail.attempt not in resolved]

    @property
    def open(self) -> Rows[Sending | Adopted]:
        """Attempts that may have sent something."""
        resolved = self.resolved
        return [row for row in self.claims if row.detail.attempt not in resolved]


def _deployed(where: Destination, rows: Sequence[Entry], now: int) -> Deployed:
    """What the rows of one cohort add up to."""
    rows = _since_abandoned(rows)
    attempts = _Attempts(
        of_event(rows, Intent),
        of_event(rows, Sending, Adopted),
        of_event(rows, Synced, Held),
        of_event(rows, Failed),
    )
    delivered = None
    if attempts.ended_well:
        delivered = _delivered(attempts.ended_well[-1])
    if delivered and attempts.synced:
        # a hold has no commit, and leaves what was wanted as it was
        delivered = replace(delivered, commit=attempts.synced[-1].detail.commit)
    previous = _previous(attempts.ended_well, now)
    unfinished = attempts.unfinished
    connection, setting_keys = _reached(rows)
    created = [row.epoch for row in attempts.intents if row.detail.action == "create"]
    sizes = sizes_after(_sizes(attempts), taken_out=0, now=now)
    deployed = Deployed(
        destination=where,
        delivered=delivered,
        pending=_pending(attempts),
        unfinished=tuple(row.detail.attempt for row in unfinished),
        ever_added=any(row.detail.added for row in attempts.synced),
        largest_today=_largest(sizes, now),
        sizes=sizes,
        tables=_tables(delivered, previous, attempts),
        connection=connection,
        setting_keys=setting_keys,
        previous=previous,
        heir_of={
            row.detail.moved_from: row.epoch
            for row in attempts.intents
            if row.detail.moved_from
        },
        made_in=max(created, default=0),
    )
    return _with_failure(deployed, unfinished, attempts.failed)


def _since_abandoned(rows: Sequence[Entry]) -> Sequence[Entry]:
    """The rows after the one in which a person told the ledger to forget the cohort."""
    abandoned = [
        place for place, row in enumerate(rows) if isinstance(row.detail, Abandoned)
    ]
    return rows[max(abandoned, default=-1) + 1 :]


def _with_failure(
    deployed: Deployed, unfinished: Rows[Intent], failed: Rows[Failed]
) -> Deployed:
    """With what is known of attempts that did not end well."""
    if unfinished:
        deployed = replace(deployed, tried_at=unfinished[0].time)
    if not failed:
        return deployed
    last = failed[-1]
    deployed = replace(deployed, failure=last.detail.what, failed_at=last.time)
    # if another attempt began since, it was cut off: the code would be that of an older one
    if unfinished and unfinished[-1].detail.attempt == last.detail.attempt:
        return replace(deployed, failure_code=last.detail.code)
    return deployed


def _pending(attempts: _Attempts) -> tuple[Pending, ...]:
    """What may have sent something; of one that failed, only what it did send."""
    used = {
        row.detail.attempt: row.detail.keys
        for row in attempts.failed
        if not row.detail.unsent
    }
    return tuple(
        Pending(
            attempt=row.detail.attempt,
            table=row.detail.table,
            name=row.detail.name,
            export_keys=used.get(row.detail.attempt, row.detail.export_keys),
            adopted=isinstance(row.detail, Adopted),
        )
        for row in attempts.open
    )


def _reached(rows: Sequence[Entry]) -> tuple[str, dict[str, str]]:
    """The connection by which the cohort was reached last, and what its settings are called.

    A cohort of nobody is synced, and an adopted one is there, without ever sending.
    """
    for row in reversed(of_event(rows, Sending, Adopted, Synced, Held)):
        if row.detail.connection:
            return row.detail.connection, dict(row.detail.setting_keys)
    return "", {}


def _tables(
    delivered: Delivered | None, previous: Delivered | None, attempts: _Attempts
) -> frozenset[str]:
    """Snapshots that a sweep must leave."""
    # an attempt that failed before `sending` ended in its own process: it can send nothing any more
    ended = attempts.resolved | {
        row.detail.attempt for row in attempts.failures if row.detail.unsent
    }
    going_on = [
        row.detail
        for row in (*attempts.intents, *attempts.open)
        if row.detail.attempt not in ended
    ]
    named = [_named(detail) for detail in going_on]
    if delivered:
        named.append(delivered.tables)
    if previous:
        named.append(previous.tables)
    return frozenset().union(*named)


def _named(detail: OfAttempt) -> frozenset[str]:
    """The snapshots that an attempt's row names: it may make two."""
    match detail:
        case Intent(tables=tables):
            return frozenset(tables)
        case Sending(table=table, tables=tables):
            return frozenset(each for each in (table, *tables) if each)
        case Adopted(table=table) | Synced(table=table) | Held(table=table):
            return frozenset(each for each in (table,) if each)
        case Failed():
            return frozenset()


def _delivered(row: Row[Ended]) -> Delivered:
    """What an attempt that ended well left in Braze."""
    detail = row.detail
    delivered = Delivered(
        table=detail.table,
        size=detail.size,
        name=detail.name,
        fingerprint=detail.fingerprint,
        parts=detail.parts,
        sql=detail.sql,
        at=row.time,
        recent_at=detail.recent_at,
        full_at=detail.full_at,
        rejected=detail.rejected,
        as_of=detail.as_of,
        certain=detail.certain,
        taken_out=detail.taken_out,
        mode=detail.mode,
        database=detail.database,
    )
    if isinstance(detail, Synced):
        return delivered
    return replace(
        delivered, held_at=detail.held_at, owed=detail.owed, names=detail.names
    )


def _previous(ended_well: Rows[Ended], now: int) -> Delivered | None:
    """What was delivered before the last sync, while a rollback may still want it."""
    synced = [
        place for place, row in enumerate(ended_well) if isinstance(row.detail, Synced)
    ]
    last = max(synced, default=0)
    if last == 0 or now - ended_well[last].time >= KEEP_PREVIOUS:
        return None
    return _delivered(ended_well[last - 1])


def _agreed(intents: Rows[Intent]) -> frozenset[str]:
    """The attempts whose removals a person had agreed to, by an override of that guard or
    by a rollback. Both are on record in the rows of every version.
    """
    return frozenset(row.detail.attempt for row in intents if is_agreed(row.detail))


def is_agreed(intent: Intent) -> bool:
    """True where a person agreed to the removals of an attempt."""
    return AGREED in intent.allowed or intent.action == "rollback"


def _since_agreed(attempts: _Attempts) -> Rows[Synced]:
    """The deliveries from the last one on at which the largest size begins anew."""
    synced = attempts.synced
    agreed = _agreed(attempts.intents)
    first = 0
    for place, row in enumerate(synced):
        if begins_anew(row.detail, agreed):
            first = place
    return synced[first:]


def begins_anew(detail: Synced, agreed: Set[str]) -> bool:
    """True where sizes are counted anew from a delivery on."""
    return detail.attempt in agreed or is_left_empty(detail)


def is_left_empty(detail: Synced) -> bool:
    """True where nobody is left, so that a sync after it has nothing to lose."""
    # mode `remove` counts those whom it takes out: 0 of them says nothing of who is in the cohort
    return not detail.size and detail.mode != "remove"


def _sizes(attempts: _Attempts) -> tuple[Size, ...]:
    """The sizes that guards compare with, the oldest first, without those whom
    `suppress` took out since.

    They begin anew at a delivery whose removals were agreed to, since nobody has to agree
    twice to the same removals; and where nobody was left, since a first sync has nothing
    to lose.
    """
    if not attempts.ended_well:
        return ()
    last = attempts.ended_well[-1]
    if not last.detail.sizes:
        return _sizes_of_rows(attempts)
    before = tuple(map(Size.read, last.detail.sizes))
    if isinstance(last.detail, Synced):
        return (*before, Size(last.detail.mode, last.time, last.detail.size))
    return before


def _sizes_of_rows(attempts: _Attempts) -> tuple[Size, ...]:
    """The sizes by the rows of all deliveries."""
    left = 0
    sizes: dict[str, int] = {}
    for row in reversed(attempts.ended_well):
        sizes[row.row_id] = row.detail.size - left
        left += row.detail.barred
    return tuple(
        Size(row.detail.mode, row.time, sizes[row.row_id])
        for row in _since_agreed(attempts)
    )


def sizes_after(sizes: Sequence[Size], *, taken_out: int, now: int) -> tuple[Size, ...]:
    """The sizes that an attempt puts on record that ends now (unix seconds): those of
    the last 24 hours, and the last one before them of each mode. `taken_out`: how many
    members `suppress` takes out.
    """
    before = {each.mode: each for each in sizes if now - each.at >= DAY}
    still: list[Size] = []
    for each in sizes:
        is_recent = now - each.at < DAY
        if is_recent or each is before.get(each.mode):
            still.append(replace(each, members=each.members - taken_out))
    return tuple(still)


def _largest(sizes: Sequence[Size], now: int) -> int:
    """The largest size that the cohort had in the last 24 hours, and at the beginning of
    them; in its mode of now.
    """
    alike = [each for each in sizes if each.mode == sizes[-1].mode]
    recent = [each.members for each in alike if now - each.at < DAY]
    before = [each.members for each in alike if now - each.at >= DAY]
    return max([*recent, *before[-1:]], default=0)
