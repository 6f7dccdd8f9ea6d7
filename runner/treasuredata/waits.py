"""What the services have not answered yet, and what is said of it while that lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

AGAIN = 15.0
"""Seconds between two lines about the same service."""

TICK = 1.0
"""Seconds between two looks at what is waited for."""


class Service(StrEnum):
    """Who is waited for."""

    TREASURE_DATA = "Treasure Data"
    BRAZE = "Braze"


LONG = {Service.TREASURE_DATA: 15.0, Service.BRAZE: 30.0}
"""Seconds after which a wait is long, although nothing failed. A request ends within
seconds. An export is a job, and Braze may take its time.
"""

SILENCE = {
    Service.TREASURE_DATA: "has not answered yet",
    Service.BRAZE: "has not taken all of an export yet",
}
"""What a long wait means. Nobody but Treasure Data speaks to Braze, so all that is
known of Braze is that an export has not ended.
"""

Missed = Callable[[str], None]
"""Hears how an attempt failed, such as `answered 503`, when another one follows."""


@dataclass(slots=True, eq=False)
class _Wait:
    """One thing that is waited for. `doing` names it without any value; `most` is how
    many seconds it is tried; `missed` is how the last attempt failed.
    """

    service: Service
    doing: str
    since: float
    most: float
    missed: str = ""

    def is_news(self, now: float) -> bool:
        """True where people should hear of it."""
        return bool(self.missed) or now - self.since >= LONG[self.service]


class Waits:
    """Everything that is waited for now. Threads use it at the same time.

    `clock` returns seconds, and `tell` gets each line when it is time: at once when an
    attempt failed or a wait is long, then every 15 seconds while that lasts.
    """

    def __init__(self, clock: Callable[[], float], tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._waits: list[_Wait] = []
        self._told: dict[Service, float] = {}
        self._lock = threading.RLock()

    @contextmanager
    def on(self, service: Service, doing: str, *, most: float) -> Iterator[Missed]:
        """Something is waited for as long as the block lasts. Yields what is to be
        called when an attempt failed and another one may follow, within `most` seconds.
        """
        wait = _Wait(service, doing, self._clock(), most)

        def missed(how: str) -> None:
            if self._clock() - wait.since < most:
                wait.missed = how
                self.say()

        with self._lock:
            self._waits.append(wait)
        try:
            yield missed
        finally:
            with self._lock:
                self._waits.remove(wait)

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Long waits are noticed as long as the block lasts."""
        over = threading.Event()

        def tick() -> None:
            while not over.wait(TICK):
                self.say()

        thread = threading.Thread(target=tick, name="waits", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def say(self) -> None:
        """Tell what it is time to tell."""
        due = []
        with self._lock:
            now = self._clock()
            for service, line in self._lines(now).items():
                if now - self._told.get(service, now - AGAIN) >= AGAIN:
                    self._told[service] = now
                    due.append(line)
        for line in due:
            self._tell(line)

    def lines(self) -> Sequence[str]:
        """One line for each service that is waited for too long, as of now."""
        with self._lock:
            return tuple(self._lines(self._clock()).values())

    def _lines(self, now: float) -> dict[Service, str]:
        news = [wait for wait in self._waits if wait.is_news(now)]
        lines: dict[Service, str] = {}
        for service in Service:
            if waits := [wait for wait in news if wait.service is service]:
                lines[service] = _line(waits, now)
        return lines


def _line(waits: Sequence[_Wait], now: float) -> str:
    """The service, what is done about it and for how long, and the oldest wait."""
    first = waits[0]
    waited = int(now - first.since)
    said = f"{SILENCE[first.service]}. Waiting for {waited} s"
    if first.missed:
        said = f"{first.missed}. Trying again for about {first.most:.0f} s"
    if first.missed and waited:
        said = (
            f"{first.missed}. Trying again for {waited} s of about {first.most:.0f} s"
        )
    more = ""
    if len(waits) > 1:
        more = f", and {len(waits) - 1} more"
    return f"{first.service} {said}: {first.doing}{more}."
