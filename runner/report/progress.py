"""How far a run is, for people who watch it: lines of a log, or the view of a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from runner.report.lists import many
from runner.sync.progress import Doing, Due, Ended, Event, Remark

SHOWN = 12
"""Cohorts that the view of a terminal shows at most."""

BESIDE, SHORTEST = 36, 12
"""Characters of a line that are not the cohort's id, so that steps can be read; and how
much of an id is shown at least.
"""


@dataclass(slots=True)
class _UnderWay:
    """A cohort whose sync goes on: when that began, its step, and when the step began."""

    since: float
    step: Doing
    step_since: float
    is_told: bool = False
    """True once the log has a line about it."""


class Progress:
    """What the events of a run add up to. `clock` returns seconds. Threads tell at the
    same time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._due = 0
        self._done = 0
        self._failed = 0
        self._step = ""
        self._under_way: dict[str, _UnderWay] = {}
        self._lock = threading.RLock()

    def hear(self, event: Event) -> str:
        """Take an event. Returns the line of a log about it, or nothing: a cohort has one
        line when its sync begins, and one when it ends. The run as a whole has none,
        unless people wait for something.
        """
        with self._lock:
            match event:
                case Due():
                    self._due = event.cohorts
                    return ""
                case Remark():
                    self._step = event.text
                    return event.text
                case Doing(cohort=""):
                    self._step = event.step
                    return ""
                case Doing():
                    return self._hear_step(event)
                case Ended():
                    return self._hear_end(event)

    def _hear_step(self, event: Doing) -> str:
        now = self._clock()
        found = self._under_way.get(event.cohort)
        if found is None:
            found = self._under_way[event.cohort] = _UnderWay(now, event, now)
        found.step, found.step_since = event, now
        if found.is_told or event.waits:
            return ""
        found.is_told = True
        return f"{event.cohort}: {event.step}"

    def _hear_end(self, event: Ended) -> str:
        took = ""
        if found := self._under_way.pop(event.cohort, None):
            took = f" after {_duration(self._clock() - found.since)}"
        how = f"done{took}, {event.added:,} added, {event.removed:,} removed"
        if event.code:
            how = f"failed{took}, {event.code}"
            self._failed += 1
        else:
            self._done += 1
        ended = self._done + self._failed
        return f"{event.cohort}: {how} ({ended:,} of {self._due:,})"

    def view(self, width: int, height: int) -> Sequence[str]:
        """The lines that a terminal of this size shows: how far the run is, and cohorts
        under way with their step and for how long they are in it. Fewer than `height` lines.
        """
        with self._lock:
            now = self._clock()
            head = f"{_duration(now - self._began):>8}  {self._head()}"
            rows = [head, *self._rows(now, width, min(SHOWN, height - 3))]
        return [_cut(row, width) for row in rows]

    def _head(self) -> str:
        """How many cohorts are done, failed and to go; before that is known, the step."""
        if not self._due:
            return self._step
        left = max(0, self._due - self._done - self._failed)
        return f"{self._done:,} done, {self._failed:,} failed, {left:,} to go"

    def _rows(self, now: float, width: int, most: int) -> Iterator[str]:
        """One line for each cohort that fits; whoever waits for its turn comes last."""
        busy = sorted(self._under_way.items(), key=lambda each: each[1].step.waits)
        shown = busy[: max(0, most)]
        widest = max((len(name) for name, _ in shown), default=0)
        column = min(widest, max(SHORTEST, width - BESIDE))
        for name, found in shown:
            took = _duration(now - found.step_since)
            yield f"{took:>8}  {_cut(name, column):<{column}}  {found.step.step}"
        if more := len(busy) - len(shown):
            yield f"{'':>8}  and {many(more, 'more cohort')}"


def _duration(seconds: float) -> str:
    """Such as `0:07`, `12:31` or `1:02:09`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}"


def _cut(text: str, width: int) -> str:
    """A text of at most `width` characters; an ellipsis stands for what is missing."""
    if len(text) <= width:
        return text
    return f"{text[: max(0, width - 1)]}…"
