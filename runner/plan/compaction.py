"""Which rows of the ledger still matter: those that are folded to the same ledger as all of
them, now and whatever comes after them; pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

from runner.plan.events import (
    Abandoned,
    Adopted,
    Bootstrap,
    Ended,
    Failed,
    Held,
    Intent,
    Leased,
    Released,
    Sending,
    Synced,
    Verified,
)
from runner.plan.fold import begins_anew, is_agreed
from runner.plan.ledger import (
    DAY,
    KEEP_PREVIOUS,
    Destination,
    Entry,
    Row,
    of_event,
)

BEFORE = -1
"""A sequence before every row of an epoch."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the ledger: after this row of this epoch."""

    epoch: int
    sequence: int


START = Place(-1, BEFORE)
"""The place before the first row."""


def place_of(row: Entry) -> Place:
    """The place right after a row."""
    return Place(row.epoch, row.sequence)


def covered(rows: Iterable[Entry], since: Place, now: int) -> Place:
    """The place up to which no row comes late any more: the last row that is there, or
    what is before the first epoch after `since` whose run was cut off within a day.
    `now` is in unix seconds; the highest epoch is that of the run which asks.
    """
    new = [row for row in rows if place_of(row) > since]
    last = max((place_of(row) for row in new), default=since)
    released = {row.epoch for row in of_event(new, Released)}
    young = {row.epoch for row in new if now - row.time < DAY}
    # nobody claims epoch 0, that of the first row
    cut_off = young - released - {0, last.epoch}
    if cut_off:
        return Place(min(cut_off), BEFORE)
    return last


@dataclass(frozen=True, slots=True)
class Compacted:
    """A ledger whose rows up to a place are those that still matter."""

    entries: tuple[Entry, ...]
    place: Place
    covered: int
    """How many rows there are up to that place, each as often as it is there."""
    read: int
    """How many rows there are in all."""


def compacted(groups: Iterable[Sequence[Entry]], now: int) -> Compacted:
    """What is left of a ledger that is read piece by piece: first the rows about whole
    runs, then those of one cohort after the other.
    """
    kept: list[Entry] = []
    tail: list[Entry] = []
    commits: list[Entry] = []
    place = START
    read = 0
    for rows in groups:
        if rows[0].destination == Destination():
            place = covered(rows, START, now)
        read += len(rows)
        old = [row for row in rows if place_of(row) <= place]
        tail += [row for row in rows if place_of(row) > place]
        kept += matters(old, place, now)
        # the commit that was synced last is known when all cohorts were read
        commits = list(_of_commits(sorted([*commits, *old], key=place_of)))
    unique = {row.row_id: row for row in (*kept, *commits)}
    entries = (*sorted(unique.values(), key=place_of), *tail)
    return Compacted(entries, place, read - len(tail), read)


def matters(rows: Iterable[Entry], place: Place, now: int) -> tuple[Entry, ...]:
    """The rows up to a place that still matter, in order, each once."""
    unique = {row.row_id: row for row in rows}
    ordered = [
        row for row in sorted(unique.values(), key=place_of) if place_of(row) <= place
    ]
    by_destination: dict[Destination, list[Entry]] = {}
    for row in ordered:
        by_destination.setdefault(row.destination, []).append(row)
    kept = {row.row_id for row in _of_runs(by_destination.pop(Destination(), []))}
    kept |= {row.row_id for row in _of_commits(ordered)}
    for of_cohort in by_destination.values():
        kept |= {row.row_id for row in _of_cohort(of_cohort, now)}
    return tuple(row for row in ordered if row.row_id in kept)


def digest(rows: Iterable[Entry]) -> str:
    """A hash of rows, in any order and with repetitions."""
    told = {
        row.row_id: [
            row.row_id,
            row.epoch,
            row.sequence,
            row.destination.workspace,
            row.destination.cohort_id,
            row.event.value,
            row.detail.written(),
        ]
        for row in rows
    }
    text = json.dumps(sorted(told.items()), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_runs(rows: Sequence[Entry]) -> Iterator[Entry]:
    """Of the rows about whole runs: the first one, the last lease with its end, what a
    canary has proven, and the last row, which has the highest epoch.
    """
    yield from of_event(rows, Bootstrap, Verified)
    yield from rows[-1:]
    leases = of_event(rows, Leased)
    if leases:
        last = leases[-1]
        yield last
        yield from (row for row in of_event(rows, Released) if row.epoch == last.epoch)


def _of_commits(ordered: Sequence[Entry]) -> Iterator[Entry]:
    """The rows that say which commit was synced last, and which was settled last."""
    synced = [row for row in of_event(ordered, Synced) if row.detail.commit]
    yield from synced[-1:]
    yield from [row for row in synced if row.detail.settles][-1:]


def _of_cohort(rows: Sequence[Entry], now: int) -> Iterator[Entry]:
    """Of the rows of one cohort, those that matter."""
    forgotten = [
        place for place, row in enumerate(rows) if isinstance(row.detail, Abandoned)
    ]
    if forgotten:
        # without any row it would not be known that there was such a cohort
        yield rows[forgotten[-1]]
        rows = rows[forgotten[-1] + 1 :]
    ended = of_event(rows, Synced, Held)
    ends = {attempt: row for row in ended for attempt in row.detail.resolves}
    unresolved = [
        row
        for row in of_event(rows, Intent, Failed, Sending, Adopted)
        if row.detail.attempt not in ends
    ]
    kept = [*unresolved, *_of_attempts(rows, ended, now)]
    yield from kept
    # the row that ended an attempt says that nothing of the attempt is left to do
    yield from [ends[row.detail.attempt] for row in kept if row.detail.attempt in ends]


def _of_attempts(
    rows: Sequence[Entry], ended: Sequence[Row[Ended]], now: int
) -> Iterator[Row[Any]]:
    """Of attempts that ended, the rows that are still looked at."""
    intents = of_event(rows, Intent)
    agreed = {row.detail.attempt for row in intents if is_agreed(row.detail)}
    deliveries = list(_deliveries(ended, agreed, now))
    delivering = {row.detail.attempt for row in deliveries}
    yield from deliveries
    yield from [row for row in intents if row.detail.attempt in agreed & delivering]
    yield from _of_creation(intents)
    reached = of_event(rows, Sending, Adopted, Synced, Held)
    yield from [row for row in reached if row.detail.connection][-1:]


def _deliveries(
    ended: Sequence[Row[Ended]], agreed: Set[str], now: int
) -> Iterator[Row[Ended]]:
    """The rows of attempts that ended well: what is delivered, what a rollback brings
    back, that something was ever added, and the sizes that guards compare with. `agreed`
    are the attempts whose removals a person agreed to.
    """
    yield from ended[-1:]
    synced = [
        place for place, row in enumerate(ended) if isinstance(row.detail, Synced)
    ]
    if not synced:
        return
    last = synced[-1]
    yield ended[last]
    if last > 0 and now - ended[last].time < KEEP_PREVIOUS:
        yield ended[last - 1]
    yield from [ended[place] for place in synced if ended[place].detail.added][-1:]
    if not ended[-1].detail.sizes:
        yield from _with_sizes(ended, synced, agreed, now)


def _with_sizes(
    ended: Sequence[Row[Ended]], synced: Sequence[int], agreed: Set[str], now: int
) -> Iterator[Row[Ended]]:
    """The rows that tell the sizes where the last one does not: earlier versions did not
    write them. `synced` are the places of the deliveries.
    """
    begin_anew = [place for place in synced if _begins_anew(ended[place], agreed)]
    begun = max(begin_anew, default=0)
    counted = [place for place in synced if place >= begun]
    young = [place for place, row in enumerate(ended) if now - row.time < DAY]
    before = [place for place in counted if place < min(young, default=len(ended))]
    first = max(before, default=begun)
    if len({ended[place].detail.mode for place in counted}) > 1:
        first = begun
    yield ended[begun]
    yield from ended[first:]


def _begins_anew(row: Row[Ended], agreed: Set[str]) -> bool:
    detail = row.detail
    return isinstance(detail, Synced) and begins_anew(detail, agreed)


def _of_creation(intents: Sequence[Row[Intent]]) -> Iterator[Row[Intent]]:
    """When the cohort was made last, and in whose place."""
    made = [row for row in intents if row.detail.action == "create"]
    yield from made[-1:]
    heirs = {row.detail.moved_from: row for row in intents if row.detail.moved_from}
    yield from heirs.values()
