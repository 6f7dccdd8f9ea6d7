"""Requests and jobs that are held until somebody lets them go on: crash points, and
deeds that outlive their doer.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from runner.sandbox.bodies import Shown

LONGEST_WAIT = 60.0
"""Seconds that a look at what is held waits at most."""

ACTED_WAIT = 10.0
"""Seconds that a release waits for a request to have acted."""


class Release(StrEnum):
    """How something that was held goes on."""

    GO = "go"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Held:
    """One request (`line`: method and path) or job. `when`: before or after it acted;
    `after` keeps only the answer.
    """

    id: int
    line: str
    when: str
    job: str | None = None
    how: Future[Release] = field(default_factory=Future, repr=False)
    done: threading.Event = field(default_factory=threading.Event, repr=False)


class Holds:
    """What is held now, oldest first."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._changed = threading.Condition()
        self._ids = count(1)

    def hold(self, line: str, when: str, job: str | None = None) -> Held:
        """List something as held; whoever holds it waits for its `how`, then sets its `done`."""
        with self._changed:
            held = Held(next(self._ids), line, when, job)
            self._held[held.id] = held
            self._changed.notify_all()
        return held

    def forget(self, held: Held) -> None:
        """It goes on by itself: its job was killed, or the sandbox ends."""
        with self._changed:
            self._held.pop(held.id, None)
        held.how.cancel()
        held.done.set()

    def shown(self, wait: float = 0.0, after: int = 0) -> list[Shown]:
        """What is held with an id above `after`; waits up to so many seconds for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._since(after), min(wait, LONGEST_WAIT))
            found = self._since(after)
        return [_shown(held) for held in found]

    def _since(self, after: int) -> list[Held]:
        """What is held with an id above that."""
        return [held for held in self._held.values() if held.id > after]

    def release(self, which: int | str, how: Release) -> list[int]:
        """Let one go on by its id, one by its job's, or `all`; returns the ids once
        those requests have acted.
        """
        with self._changed:
            chosen = [held for held in self._held.values() if _is_meant(held, which)]
            for held in chosen:
                del self._held[held.id]
        # set here, outside the lock: the waiting side may run at once
        released = [held for held in chosen if held.how.set_running_or_notify_cancel()]
        for held in released:
            held.how.set_result(how)
        for held in released:
            if held.job is None:
                held.done.wait(ACTED_WAIT)
        return [held.id for held in released]


def _shown(held: Held) -> Shown:
    """As the admin API lists it; a request has no job."""
    shown: Shown = {"id": held.id, "line": held.line, "when": held.when}
    if held.job:
        shown["job"] = held.job
    return shown


def _is_meant(held: Held, which: int | str) -> bool:
    return which in {"all", held.id, f"job {held.job}"}
