"""Faults switched on for a while: where they strike, what they do, and how often."""

from __future__ import annotations

import math
import threading
from collections import Counter
from dataclasses import dataclass
from random import Random

from runner.sandbox import bodies
from runner.sandbox.bodies import Given, Shown
from runner.sandbox.catalogue import (
    KINDS,
    STORM_STATUSES,
    FaultPoint,
    is_possible,
    status_of,
)
from runner.sandbox.storm import Storm

SECONDS = 1.0


class BadFault(ValueError):
    """A fault that cannot be played."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What strikes. `match` is a part of the cohort id, SQL or path it strikes (any where empty).

    The first `after` matching events pass; of the others it strikes `times` (None:
    all), each with `chance`, drawn by a generator of its own that begins with `seed`.
    `seconds`: how slow or late. `retry_after`: that header of a `status:NNN`, as it is
    given; `date:5` becomes the HTTP date 5 seconds from now.
    """

    at: FaultPoint
    do: str
    match: str = ""
    times: int | None = 1
    after: int = 0
    chance: float = 1.0
    seed: int = 0
    seconds: float = SECONDS
    retry_after: str | None = None

    @property
    def status(self) -> int | None:
        """The HTTP status to answer, if that is what it does."""
        return status_of(self.do)


@dataclass(slots=True)
class _Armed:
    """A fault and what is left of it."""

    fault: Fault
    random: Random
    times: int | None
    after: int
    struck: int = 0

    def strikes(self, place: FaultPoint, about: tuple[str, ...]) -> bool:
        """Take an event; True when this one is struck."""
        if self.fault.at is not place or self.times == 0:
            return False
        if not any(self.fault.match in text for text in about):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.fault.chance < 1 and self.random.random() >= self.fault.chance:
            return False
        self.struck += 1
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults still to come, oldest first, and perhaps a storm."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._storm: Storm | None = None
        self._struck: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, given: Given) -> None:
        """Add one as the admin API spells it. Raises BadFault."""
        fault = _fault(given)
        with self._lock:
            chance = Random(fault.seed)  # noqa: S311
            self._armed.append(_Armed(fault, chance, fault.times, fault.after))

    def storm(self, given: Given) -> None:
        """Begin a storm as the admin API spells it; it replaces one that rages. Raises
        ValueError.
        """
        storm = Storm.of(given)
        with self._lock:
            self._storm = storm

    def clear(self) -> None:
        """Forget all, the storm and the counts too."""
        with self._lock:
            self._armed = []
            self._storm = None
            self._struck.clear()

    def shown(self) -> Shown:
        """As the admin API lists them: what is still to come, the storm, and what struck
        so far.
        """
        with self._lock:
            storm = None
            if self._storm:
                storm = self._storm.shown()
            return {
                "faults": [_shown(armed) for armed in self._armed],
                "storm": storm,
                "struck": dict(sorted(self._struck.items())),
            }

    def take(self, place: FaultPoint, *about: str) -> Fault | None:
        """The first fault that strikes here, counted down; `about` is what it may
        match, the line or SQL first.
        """
        if not self._armed and self._storm is None:
            return None
        with self._lock:
            fault = self._next(place, about)
            if fault:
                self._struck[f"{place} {fault.do}"] += 1
        return fault

    def _next(self, place: FaultPoint, about: tuple[str, ...]) -> Fault | None:
        """The fault that strikes, or what the storm does here."""
        for index, armed in enumerate(self._armed):
            if armed.strikes(place, about):
                if armed.times == 0:
                    del self._armed[index]
                return armed.fault
        storm = self._storm
        if storm is None:
            return None
        do = storm.strikes(place, about[0])
        if do is None:
            return None
        return Fault(place, do, seconds=storm.seconds)


def _fault(given: Given) -> Fault:
    """A fault as the admin API spells it. Raises BadFault."""
    unknown = sorted(set(given) - set(Fault.__dataclass_fields__))
    if unknown:
        listed = ", ".join(unknown)
        raise BadFault(f"a fault has no {listed}")
    at = given.get("at")
    if not isinstance(at, str) or at not in set(FaultPoint):
        places = ", ".join(FaultPoint)
        raise BadFault(f"at: one of {places}")
    place = FaultPoint(at)
    do = given.get("do")
    if not isinstance(do, str) or not is_possible(place, do):
        listed = ", ".join(sorted(KINDS[place]))
        if place in STORM_STATUSES:
            listed += ", status:NNN"
        raise BadFault(f"do at {place}: one of {listed}")
    try:
        return Fault(
            at=place,
            do=do,
            match=_match(given.get("match")),
            times=_times(given.get("times", 1)),
            after=bodies.whole(given.get("after", 0), "after"),
            chance=bodies.number(given.get("chance", 1), "chance"),
            seed=bodies.whole(given.get("seed", 0), "seed"),
            seconds=bodies.number(given.get("seconds", SECONDS), "seconds"),
            retry_after=_retry_after(given.get("retry_after")),
        )
    except bodies.BadValue as exc:
        raise BadFault(str(exc)) from None


def _match(given: object) -> str:
    """What a fault strikes; null is as good as nothing. Raises BadValue."""
    if given is None:
        return ""
    return bodies.text(given, "match")


def _times(given: object) -> int | None:
    """How often a fault strikes, or None for ever. Raises BadValue."""
    if given is None:
        return None
    return bodies.whole(given, "times")


def _retry_after(given: object) -> str | None:
    """The header as it is given. Raises BadValue where no number follows `date:`."""
    if given is None:
        return None
    if not isinstance(given, str):
        bodies.number(given, "retry_after")
        return str(given)
    if given.startswith("date:"):
        _check_seconds(given.removeprefix("date:"))
    return given


def _check_seconds(written: str) -> None:
    """Raises BadValue unless a text is a number."""
    try:
        seconds = float(written)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise bodies.BadValue("what follows date: must be a number")


def _shown(armed: _Armed) -> Shown:
    """With the numbers that are left; fields that were not given are left out."""
    fault = armed.fault
    shown: Shown = {
        "at": fault.at,
        "do": fault.do,
        "match": fault.match,
        "times": armed.times,
        "struck": armed.struck,
    }
    if armed.after:
        shown["after"] = armed.after
    if fault.chance and fault.chance < 1:
        shown["chance"] = fault.chance
    if fault.seed:
        shown["seed"] = fault.seed
    if fault.seconds not in (0, SECONDS):
        shown["seconds"] = fault.seconds
    if fault.retry_after:
        shown["retry_after"] = fault.retry_after
    return shown
