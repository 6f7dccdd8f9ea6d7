"""The rows that matter are folded to the same ledger as all rows, whatever comes after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from random import Random
from typing import Any

import pytest
from runner.plan.compaction import Place, compacted, covered, digest, matters
from runner.plan.events import (
    Abandoned,
    Adopted,
    Bootstrap,
    Checkpoint,
    Details,
    Event,
    Failed,
    Held,
    Intent,
    Leased,
    Released,
    Sending,
    Synced,
    Verified,
    read,
)
from runner.plan.fold import fold, is_agreed, is_left_empty, sizes_after
from runner.plan.ledger import DAY, Deployed, Destination, Entry, Row

BEGUN = 1_800_000_000
RUN = Destination()
COHORTS = (Destination("shop", "vips"), Destination("shop", "fans"))
ENDED = {
    "removed": 0,
    "name": "VIPs",
    "fingerprint": "f",
    "parts": {},
    "full_at": 0,
    "recent_at": 0,
    "rejected": "",
}


@dataclass
class History:
    """A ledger that grows as runs write it; some are cut off, and some write late."""

    draw: Callable[[Sequence[Any]], Any]
    now: int = BEGUN
    epoch: int = 0
    upgraded: int = 0
    """The epoch from which on rows have sizes."""
    rows: list[Entry] = field(default_factory=list)
    sequences: dict[int, int] = field(default_factory=dict)

    def write(self, where: Destination, detail: Details, *, epoch: int | None = None) -> Entry:
        at = self.epoch if epoch is None else epoch
        sequence = self.sequences.get(at, -1) + 1
        self.sequences[at] = sequence
        row = Row(f"l-{at}-{sequence}", at, sequence, where, detail, self.now)
        self.rows.append(row)
        return row

    def later(self) -> None:
        self.now += self.draw([0, 60, 3_600, 3_600, 40_000, DAY, 9 * DAY])

    def run(self) -> None:
        """One run over some of the cohorts."""
        draw = self.draw
        self.later()
        self.epoch += draw([1, 2])
        if draw([True] * 9 + [False]):
            self.write(RUN, Leased("token", "ann", "host", 1, "", 600, commit=f"c{self.epoch}"))
        for where in draw([COHORTS[:1], COHORTS[:1], COHORTS, ()]):
            self.attempt(where, draw(["sync"] * 9 + ["hold", "adopt", "abandon"]))
        if draw([True, False]):
            self.write(RUN, Verified(draw(["m1", "m2"])))
        if draw([True] * 4 + [False]):
            self.write(RUN, Released("token"))

    def attempt(self, where: Destination, what: str) -> None:
        """One attempt or act; its rows perhaps in an earlier epoch, as those of a late run."""
        epoch = self.epoch
        if epoch > 2 and self.draw(range(10)) == 0:
            epoch -= 1
        name = f"{where.cohort_id}-{len(self.rows)}"
        if what == "abandon":
            self.write(where, Abandoned("ann", "why"), epoch=epoch)
        elif what == "adopt":
            connection = self.draw(["", "braze"])
            self.write(where, Adopted(name, f"m_{name}", "VIPs", (), 5, connection), epoch=epoch)
        else:
            before = fold(self.rows, now=self.now).cohorts.get(where, Deployed(where))
            began = self.begin(name)
            self.write(where, began, epoch=epoch)
            self.end(where, began, before, what, epoch)

    def begin(self, name: str) -> Intent:
        action = self.draw(["create", *["refresh"] * 6, "rollback"])
        allowed = self.draw([*[()] * 6, ("max_removed",)])
        moved = self.draw(["", "", "old"])
        return Intent(name, action, (f"m_{name}",), moved, allowed)

    def end(self, where: Destination, began: Intent, before: Deployed, what: str, epoch: int) -> None:
        """How an attempt ends: anywhere."""
        draw, name = self.draw, began.attempt
        end = draw(["well"] * 9 + ["cut off", "failed", "failed late", "sending"])
        connection = draw(["", "braze"])
        if end == "failed":
            self.write(where, Failed(name, "R020", "broken", unsent=True), epoch=epoch)
        if end in ("failed late", "sending") or (end == "well" and draw([True, False])):
            self.write(where, Sending(name, f"m_{name}", "VIPs", connection, {}, ("k",)), epoch=epoch)
        if end == "failed late":
            self.write(where, Failed(name, "R020", "broken", unsent=False, keys=("k",)), epoch=epoch)
        if end == "well":
            self.now += draw([0, 5, 600])
            self.write(where, self.ended(began, before, what, connection), epoch=epoch)

    def ended(self, began: Intent, before: Deployed, what: str, connection: str) -> Synced | Held:
        """The last row of an attempt that ended well, as a run writes it that saw what was `before`."""
        draw, name = self.draw, began.attempt
        taken_out = draw([0, 0, 3])
        told = ENDED | {
            "attempt": name,
            "table": f"m_{name}",
            "size": draw([0, 5, 40, 50, 90, 100]),
            "added": draw([0, 4]),
            "sql": f"SELECT {name}",
            "commit": draw(["", "c1"]),
            "resolves": sorted({name, *before.unfinished, *(each.attempt for each in before.pending)}),
            "barred": taken_out,
            "mode": draw(["mirror"] * 6 + ["add", "remove"]),
            "connection": connection,
            "settles": draw([True, False]),
        }
        row = read(Event.HELD if what == "hold" else Event.SYNCED, told, self.now)
        assert isinstance(row, Synced | Held)
        begins_anew = isinstance(row, Synced) and (is_left_empty(row) or is_agreed(began))
        if self.epoch < self.upgraded or begins_anew:
            return row
        sizes = sizes_after(before.sizes, taken_out=taken_out, now=self.now)
        return replace(row, sizes=tuple(map(str, sizes)))


@pytest.mark.parametrize("seed", range(8))
def test_the_same_ledger(seed: int) -> None:
    draw = Random(seed).choice
    for _ in range(250):
        play(draw)


def play(draw: Callable[[Sequence[Any]], Any]) -> None:
    """One history: after each run, what is kept and what came after it are folded to the same as all rows."""
    history = History(draw, upgraded=draw([0, 4, 99]))
    history.write(RUN, Bootstrap("l"))
    since = Place(-1, -1)
    copy: tuple[Entry, ...] = ()
    for _ in range(draw(range(2, 12))):
        before = len(history.rows)
        history.run()
        late = [row for row in history.rows[before:] if Place(row.epoch, row.sequence) <= since]
        if late:
            # a row that comes late makes a checkpoint useless, and all rows are read
            found = compacted(groups(history.rows), history.now)
            copied = [row for row in found.entries if Place(row.epoch, row.sequence) <= found.place]
            since, copy = found.place, tuple(copied)
            assert found.read == len(history.rows)
        tail = [row for row in history.rows if Place(row.epoch, row.sequence) > since]
        if draw([True, False]):
            history.later()
            place = covered(tail, since, history.now)
            if place > since:
                copy = matters([*copy, *tail], place, history.now)
                since = place
                history.write(RUN, Checkpoint("t", place.epoch, place.sequence, 1, digest(copy)))
                tail = [row for row in history.rows if Place(row.epoch, row.sequence) > since]
        now = history.now + draw([0, 60, DAY, 8 * DAY])
        assert fold([*copy, *tail], now=now) == fold(history.rows, now=now)
    whole = compacted(groups(history.rows), history.now)
    assert fold(whole.entries, now=now) == fold(history.rows, now=now)
    assert whole.covered == sum(Place(row.epoch, row.sequence) <= whole.place for row in history.rows)


def groups(rows: Sequence[Entry]) -> list[list[Entry]]:
    """The rows as they are read in order: about runs first, then of one cohort after the other."""
    ordered = sorted(rows, key=lambda row: (row.destination, row.epoch, row.sequence))
    return [list(group) for _, group in groupby(ordered, key=lambda row: row.destination)]


def test_what_is_kept_does_not_grow_with_time() -> None:
    """An hour's refresh of a cohort, a year long: a few rows matter."""
    rows: list[Entry] = [Row("l-0-0", 0, 0, RUN, Bootstrap("l"), BEGUN)]
    for hour in range(24 * 30):
        epoch, at = hour + 1, BEGUN + hour * 3_600
        lease = Leased("token", "ann", "host", 1, "", 600, commit="c1")
        before = fold(rows[-40:], now=at).cohorts.get(COHORTS[0])
        sizes = tuple(map(str, sizes_after(before.sizes if before else (), taken_out=0, now=at)))
        told = ENDED | {
            "attempt": f"a{hour}",
            "table": f"m{hour}",
            "size": 100 + hour % 7,
            "added": 1,
            "sql": "SELECT 1",
            "commit": "c1",
            "resolves": [f"a{hour}"],
        }
        ended = read(Event.SYNCED, told, at)
        assert isinstance(ended, Synced)
        written: list[tuple[Destination, Details]] = [
            (RUN, lease), (COHORTS[0], Intent(f"a{hour}", "refresh")), (COHORTS[0], replace(ended, sizes=sizes)),
            (RUN, Released("token")),
        ]  # fmt: skip
        rows += [Row(f"l-{epoch}-{n}", epoch, n, where, what, at) for n, (where, what) in enumerate(written)]
    now = rows[-1].time + 60
    kept = matters(rows, covered(rows, Place(-1, -1), now), now)
    assert len(kept) < 10
    assert fold(kept, now=now) == fold(rows, now=now)


def test_a_digest_does_not_depend_on_order_or_repetition() -> None:
    rows = [Row("l-0-0", 0, 0, RUN, Bootstrap("l"), BEGUN), Row("l-1-0", 1, 0, RUN, Released("t"), BEGUN)]
    assert digest(rows) == digest([rows[1], rows[0], replace(rows[0], time=5)])
    assert digest(rows) != digest([rows[0], replace(rows[1], detail=Released("u"))])


def test_what_was_cut_off_is_not_covered_for_a_day() -> None:
    lease = Leased("token", "ann", "host", 1, "", 600)
    rows = [
        Row("l-0-0", 0, 0, RUN, Bootstrap("l"), BEGUN - 9 * DAY),
        Row("l-1-0", 1, 0, RUN, lease, BEGUN),
        Row("l-2-0", 2, 0, RUN, lease, BEGUN + 60),
        Row("l-2-1", 2, 1, RUN, Released("token"), BEGUN + 70),
        Row("l-3-0", 3, 0, RUN, lease, BEGUN + 80),
    ]
    start = Place(-1, -1)
    assert covered(rows, start, BEGUN + 90) == Place(1, -1)
    assert covered(rows, start, BEGUN + 2 * DAY) == Place(3, 0)
