"""What `cli` hands to the application: the folder, the environment's settings, time
and randomness, and the ways to tell progress and to stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from runner.environment.settings import Settings
from runner.sync.progress import Listener
from runner.treasuredata.waits import Waits


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of the program. `root` is the folder of the repository. `sandbox_seconds`
    says how long a sandbox that does not answer is asked again. `clock` returns unix
    seconds by this machine; `random_hex` returns so many random bytes as hexadecimal text.
    `waits` tells of a service that does not answer.
    """

    root: Path
    settings: Settings
    sandbox_seconds: float
    clock: Callable[[], float]
    random_hex: Callable[[int], str]
    waits: Waits

    @property
    def now(self) -> int:
        """The time by this machine's clock, in whole unix seconds."""
        return int(self.clock())

    @property
    def day(self) -> date:
        """The day by this machine's clock: files are checked by it, cohorts go by the server's."""
        return datetime.fromtimestamp(self.clock(), UTC).date()

    def token(self) -> str:
        """A new random text that tells this run's jobs from those of others."""
        return self.random_hex(8)


@dataclass(frozen=True, slots=True)
class Watch:
    """How a run that writes is watched: `stop` is set when it is to end, `tell` hears
    how far it is, and `waits` tells of a service that does not answer.
    """

    stop: threading.Event
    tell: Listener
    waits: Waits


Watched = AbstractContextManager[Watch]
"""The watch of a run that is entered once the run begins. Until then, while files are
read, Ctrl-C ends the program at once.
"""
