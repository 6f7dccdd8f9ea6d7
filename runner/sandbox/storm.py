"""A storm: faults of every kind at a rate, the same ones at the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from runner.sandbox.catalogue import Place, is_possible, stormy

DELAY = 0.05
"""Seconds that slow and late things take in a storm."""

JOB_ISSUE = "/v3/job/issue/"


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
    kinds: Mapping[Place, tuple[str, ...]]
    seconds: float = DELAY
    _streams: dict[str, Random] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Storm:
        """A storm as the admin API spells it: `seed`, `rate`, perhaps `kinds` and the
        places `at`. Raises BadStorm.
        """
        if unknown := sorted(set(given) - {"seed", "rate", "kinds", "at"}):
            raise BadStorm(f"a storm has no {', '.join(unknown)}")
        try:
            seed, rate = int(given.get("seed", 0)), float(given["rate"])
            places = [Place(str(place)) for place in given.get("at") or Place]
            named = (
                None
                if given.get("kinds") is None
                else [str(kind) for kind in given["kinds"]]
            )
        except (KeyError, TypeError, ValueError):
            raise BadStorm(
                f"a storm has a seed, a rate, and lists of kinds and of places ({', '.join(Place)})"
            ) from None
        if not 0 <= rate <= 1:
            raise BadStorm("rate: from 0 to 1")
        kinds = {
            place: stormy(place)
            if named is None
            else tuple(do for do in named if is_possible(place, do))
            for place in places
        }
        if lost := sorted(set(named or ()).difference(*kinds.values())):
            raise BadStorm(f"none of these places can play {', '.join(lost)}")
        return cls(seed, rate, kinds)

    def shown(self) -> dict[str, Any]:
        """As the admin API lists it."""
        return {
            "seed": self.seed,
            "rate": self.rate,
            "kinds": {
                place.value: list(kinds) for place, kinds in self.kinds.items() if kinds
            },
        }

    def strikes(self, place: Place, line: str) -> str | None:
        """What to do to this event, if anything."""
        kinds = self.kinds.get(place, ())
        on_the_wire = place in {Place.REQUEST, Place.BRAZE}
        stream = f"{place} {'/'.join(line.split('/')[:4]) if on_the_wire else ''}"
        random = self._streams.get(stream)
        if random is None:
            random = self._streams[stream] = Random(f"{self.seed} {stream}")  # noqa: S311 - a test's dice
        drawn, which = random.random(), random.random()
        if JOB_ISSUE not in line:
            kinds = tuple(kind for kind in kinds if kind != "key_taken")
        return kinds[int(which * len(kinds))] if kinds and drawn < self.rate else None
