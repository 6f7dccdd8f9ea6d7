"""With which other cohorts one shares members, as far as it could be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sharing:
    """Other cohorts and how many of the members are in them too, the most first;
    `unknown`: why some, or all, could not be told.
    """

    others: tuple[tuple[str, int], ...] = ()
    unknown: str = ""

    def __bool__(self) -> bool:
        return bool(self.others or self.unknown)
