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

Ends = Sequence[Row[Ended]]
"""Rows of attempts that ended well, in order."""

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
    last = since
    young: set[int] = set()
    released: set[int] = set()
    for row in rows:
        place = place_of(row)
        if place <= since:
            continue
        last = max(last, place)
        if now - row.time < DAY:
            young.add(row.epoch)
        if isinstance(row.detail, Released):
            released.add(row.epoch)
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
    kept: dict[str, Entry] = {}
    tail: list[Entry] = []
    commits: list[Entry] = []
    place = START
    read = 0
    for rows in groups:
        if rows[0].destination == Destination():
            place = covered(rows, START, now)
        read += len(rows)
        old = _until(rows, place)
        tail += [row for row in rows if place_of(row) > place]
        kept |= _by_id(matters(old, place, now))
        # the commit that was synced last is known when all cohorts were read
        commits = _of_commits([*commits, *old])
    kept |= _by_id(commits)
    ordered = _in_order(kept.values())
    return Compacted((*ordered, *tail), place, read - len(tail), read)


def matters(rows: Iterable[Entry], place: Place, now: int) -> tuple[Entry, ...]:
    """The rows up to a place that still matter, in order, each once."""
    unique = _by_id(_until(rows, place))
    ordered = _in_order(unique.values())
    by_destination: dict[Destination, list[Entry]] = {}
    for row in ordered:
        of_cohort = by_destination.setdefault(row.destination, [])
        of_cohort.append(row)
    of_runs = by_destination.pop(Destination(), [])
    kept = [*_of_runs(of_runs), *_of_commits(ordered)]
    for of_cohort in by_destination.values():
        kept += _of_cohort(of_cohort, now)
    return tuple(_in_order(_by_id(kept).values()))


def _until(rows: Iterable[Entry], place: Place) -> list[Entry]:
    """The rows up to a place."""
    return [row for row in rows if place_of(row) <= place]


def _by_id(rows: Iterable[Entry]) -> dict[str, Entry]:
    """Each row once."""
    return {row.row_id: row for row in rows}


def _in_order(rows: Iterable[Entry]) -> list[Entry]:
    """Rows by epoch and sequence."""
    return sorted(rows, key=place_of)


def digest(rows: Iterable[Entry]) -> str:
    """A hash of rows, in any order and with repetitions."""
    told: dict[str, list[Any]] = {}
    for row in rows:
        where = row.destination
        told[row.row_id] = [
            row.epoch,
            row.sequence,
            where.workspace,
            where.cohort_id,
            row.event.value,
            row.detail.written(),
        ]
    text = json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_runs(rows: Sequence[Entry]) -> Iterator[Entry]:
    """Of the rows about whole runs: the first one, the last lease with its end, what a
    canary has proven, and the last row, which has the highest epoch.
    """
    yield from of_event(rows, Bootstrap, Verified)
    yield from rows[-1:]
    for last in of_event(rows, Leased)[-1:]:
        yield last
        for released in of_event(rows, Released):
            if released.epoch == last.epoch:
                yield released


def _of_commits(rows: Iterable[Entry]) -> list[Entry]:
    """The rows that say which commit was synced last, and which was settled last."""
    found: list[Entry] = []
    settled: list[Entry] = []
    for row in of_event(_in_order(rows), Synced):
        if row.detail.commit:
            found = [row]
        if row.detail.commit and row.detail.settles:
            settled = [row]
    return found + settled


def _of_cohort(rows: Sequence[Entry], now: int) -> Iterator[Entry]:
    """Of the rows of one cohort, those that matter."""
    for place, row in reversed(list(enumerate(rows))):
        if isinstance(row.detail, Abandoned):
            # without any row it would not be known that there was such a cohort
            yield row
            rows = rows[place + 1 :]
            break
    ended = of_event(rows, Synced, Held)
    ends: dict[str, Entry] = {}
    for end in ended:
        for attempt in end.detail.resolves:
            ends[attempt] = end
    begun = of_event(rows, Intent, Failed, Sending, Adopted)
    yield from [each for each in begun if each.detail.attempt not in ends]
    for each in _of_attempts(rows, ended, now):
        yield each
        # the row that ended an attempt says that nothing of the attempt is left to do
        if each.detail.attempt in ends:
            yield ends[each.detail.attempt]


def _of_attempts(rows: Sequence[Entry], ended: Ends, now: int) -> Iterator[Row[Any]]:
    """Of attempts that ended, the rows that are still looked at."""
    intents = of_event(rows, Intent)
    agreed = {row.detail.attempt for row in intents if is_agreed(row.detail)}
    deliveries = list(_deliveries(ended, agreed, now))
    delivering = {row.detail.attempt for row in deliveries}
    yield from deliveries
    yield from _of_creation(intents)
    for row in intents:
        if row.detail.attempt in agreed & delivering:
            yield row
    reached = of_event(rows, Sending, Adopted, Synced, Held)
    by_connection = [row for row in reached if row.detail.connection]
    yield from by_connection[-1:]


def _deliveries(ended: Ends, agreed: Set[str], now: int) -> Iterator[Row[Ended]]:
    """The rows of attempts that ended well: what is delivered, what a rollback brings
    back, that something was ever added, and the sizes that guards compare with. `agreed`
    are the attempts whose removals a person agreed to.
    """
    yield from ended[-1:]
    places = [place for place, row in enumerate(ended) if _is_synced(row)]
    if not places:
        return
    last = places[-1]
    yield ended[last]
    is_kept = now - ended[last].time < KEEP_PREVIOUS
    if last > 0 and is_kept:
        yield ended[last - 1]
    synced = [ended[place] for place in places]
    added = [row for row in synced if row.detail.added]
    yield from added[-1:]
    if not ended[-1].detail.sizes:
        yield from _with_sizes(ended, places, agreed, now)


def _with_sizes(
    ended: Ends, synced: Sequence[int], agreed: Set[str], now: int
) -> Iterator[Row[Ended]]:
    """The rows that tell the sizes where the last one does not: earlier versions did not
    write them. `synced` are the places of the deliveries.
    """
    begun = 0
    for place in synced:
        if _begins_anew(ended[place], agreed):
            begun = place
    counted = [place for place in synced if place >= begun]
    young = [place for place, row in enumerate(ended) if now - row.time < DAY]
    first_young = min(young, default=len(ended))
    before = [place for place in counted if place < first_young]
    first = max(before, default=begun)
    modes = {ended[place].detail.mode for place in counted}
    if len(modes) > 1:
        first = begun
    yield ended[begun]
    yield from ended[first:]


def _is_synced(row: Row[Ended]) -> bool:
    return isinstance(row.detail, Synced)


def _begins_anew(row: Row[Ended], agreed: Set[str]) -> bool:
    """True for a delivery from which on sizes are counted anew."""
    detail = row.detail
    return isinstance(detail, Synced) and begins_anew(detail, agreed)


def _of_creation(intents: Sequence[Row[Intent]]) -> Iterator[Row[Intent]]:
    """When the cohort was made last, and in whose place."""
    made: list[Row[Intent]] = []
    heirs: dict[str, Row[Intent]] = {}
    for row in intents:
        if row.detail.action == "create":
            made = [row]
        if row.detail.moved_from:
            heirs[row.detail.moved_from] = row
    yield from made
    yield from heirs.values()
