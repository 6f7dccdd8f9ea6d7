"""A storm: faults of every kind at a rate, the same ones at the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from runner.sandbox import bodies
from runner.sandbox.bodies import Given, Shown
from runner.sandbox.catalogue import FaultPoint, is_possible, stormy

DELAY = 0.05
"""Seconds that slow and late things take in a storm."""

FIELDS = {"seed", "rate", "kinds", "at"}
JOB_ISSUE = "/v3/job/issue/"


Kinds = tuple[str, ...]
"""What may be done to an event."""


class BadStorm(ValueError):
    """A storm that cannot rage."""


@dataclass(slots=True)
class Storm:
    """Each stream of events (a place; on the wire each method and path without its last
    parts) draws by itself.

    So what strikes the third look at a job does not depend on what else happens in between.
    """

    seed: int
    rate: float
    kinds: Mapping[FaultPoint, Kinds]
    seconds: float = DELAY
    _streams: dict[str, Random] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Given) -> Storm:
        """A storm as the admin API spells it: `seed`, `rate`, perhaps `kinds` and the
        places `at`. Raises BadStorm.
        """
        unknown = set(given) - FIELDS
        if unknown:
            listed = ", ".join(sorted(unknown))
            raise BadStorm(f"a storm has no {listed}")
        try:
            seed = bodies.whole(given.get("seed", 0), "seed")
            rate = bodies.number(given.get("rate"), "rate")
            named = _texts(given, "kinds")
            at = _texts(given, "at") or list(FaultPoint)
            places = [FaultPoint(place) for place in at]
        except ValueError:
            raise BadStorm(
                "a storm has a seed, a rate,"
                f" and lists of kinds and of places ({', '.join(FaultPoint)})"
            ) from None
        if not 0 <= rate <= 1:
            raise BadStorm("rate: from 0 to 1")
        if given.get("kinds") is None:
            anything = {place: stormy(place) for place in places}
            return cls(seed, rate, anything)
        kinds = {place: _possible(place, named) for place in places}
        lost = set(named).difference(*kinds.values())
        if lost:
            listed = ", ".join(sorted(lost))
            raise BadStorm(f"none of these places can play {listed}")
        return cls(seed, rate, kinds)

    def shown(self) -> Shown:
        """As the admin API lists it."""
        shown: Shown = {}
        for place, kinds in self.kinds.items():
            if kinds:
                shown[place.value] = list(kinds)
        return {"seed": self.seed, "rate": self.rate, "kinds": shown}

    def strikes(self, place: FaultPoint, line: str) -> str | None:
        """What to do to this event, if anything."""
        random = self._stream(place, line)
        # both are drawn whatever happens: each event takes two of its stream
        drawn = random.random()
        which = random.random()
        kinds = self.kinds.get(place, ())
        if JOB_ISSUE not in line:
            kinds = tuple(kind for kind in kinds if kind != "key_taken")
        if not kinds or drawn >= self.rate:
            return None
        index = int(which * len(kinds))
        return kinds[index]

    def _stream(self, place: FaultPoint, line: str) -> Random:
        """The dice of the stream that an event belongs to."""
        name = f"{place} "
        if place in {FaultPoint.REQUEST, FaultPoint.BRAZE}:
            parts = line.split("/")
            name += "/".join(parts[:4])
        random = self._streams.get(name)
        if random is None:
            random = Random(f"{self.seed} {name}")  # noqa: S311 - a test's dice
            self._streams[name] = random
        return random


def _texts(given: Given, name: str) -> list[str]:
    """A list of the body; empty without one, and where it is null. Raises BadValue."""
    if given.get(name) is None:
        return []
    return bodies.texts(given[name], name)


def _possible(place: FaultPoint, named: Sequence[str]) -> Kinds:
    """Of the kinds that are named, those that a place can play."""
    return tuple(do for do in named if is_possible(place, do))
