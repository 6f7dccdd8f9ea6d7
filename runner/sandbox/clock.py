"""The sandbox's clock: this machine's with a lead, and moved forward at will."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime


class Clock:
    """What the sandbox calls now. Waiting (slow jobs, pauses) goes by the real clock all
    the same.
    """

    def __init__(self, ahead: float = 0.0) -> None:
        self._advanced = ahead
        self._lock = threading.Lock()

    @property
    def advanced(self) -> float:
        """How many seconds it is ahead of this machine's; below 0 where it is behind."""
        return self._advanced

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self._advanced

    def http_date(self, seconds: float) -> str:
        """The moment that many seconds from now, as HTTP headers write it."""
        moment = datetime.fromtimestamp(self.now() + seconds, UTC)
        return format_datetime(moment, usegmt=True)

    def advance(self, seconds: float) -> None:
        """Move it forward. Raises ValueError for a way back, which no service's clock
        takes.
        """
        # `not >=` refuses what is no number (NaN) too
        if not seconds >= 0:
            raise ValueError("advance: seconds, not below 0")
        with self._lock:
            self._advanced += seconds
