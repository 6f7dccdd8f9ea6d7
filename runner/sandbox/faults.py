"""Faults switched on for a while: where they strike, what they match, what they do, and how often."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any

STATUS = re.compile(r"status:([45]\d\d)")


class Place(StrEnum):
    """Where a fault strikes."""

    QUERY = "query"
    EXPORT = "export"
    REQUEST = "request"
    BRAZE = "braze"


ON_THE_WIRE = frozenset({"reset_before", "reset_after", "hang"})
POSSIBLE: Mapping[Place, frozenset[str]] = {
    Place.QUERY: frozenset({"fail", "hang"}),
    Place.EXPORT: frozenset({"fail", "half", "hang"}),
    Place.REQUEST: ON_THE_WIRE,
    Place.BRAZE: ON_THE_WIRE,
}
"""What each place can do besides, on the wire, answering `status:NNN`."""


class BadFault(ValueError):
    """A fault that cannot be played."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`match` is a part of the cohort id, SQL or path it strikes (any where empty); `times` how often still."""

    at: Place
    do: str
    match: str = ""
    times: int = 1

    @property
    def status(self) -> int | None:
        """The HTTP status to answer, if that is what it does."""
        match = STATUS.fullmatch(self.do)
        return int(match[1]) if match else None


class Faults:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self._left: tuple[Fault, ...] = ()
        self._lock = threading.Lock()

    def add(self, given: Mapping[str, Any]) -> None:
        """Add one as the admin API spells it. Raises BadFault."""
        try:
            place = Place(str(given.get("at")))
        except ValueError:
            raise BadFault(f"at: one of {', '.join(Place)}") from None
        fault = Fault(place, str(given.get("do")), str(given.get("match") or ""), int(given.get("times", 1)))
        answers = place in {Place.REQUEST, Place.BRAZE} and fault.status in set(HTTPStatus)
        if fault.do not in POSSIBLE[place] and not answers:
            raise BadFault(f"do at {place}: one of {', '.join(sorted(POSSIBLE[place]))}, or status:NNN on the wire")
        with self._lock:
            self._left = (*self._left, fault)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._left = ()

    def shown(self) -> list[dict[str, Any]]:
        """As the admin API lists them."""
        return [asdict(fault) for fault in self._left]

    def take(self, place: Place, *about: str) -> Fault | None:
        """The first fault that strikes here, counted down."""
        with self._lock:
            for index, fault in enumerate(self._left):
                if fault.at is place and any(fault.match in text for text in about):
                    left = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    self._left = (*self._left[:index], *left, *self._left[index + 1 :])
                    return fault
        return None
