"""How many members a cohort shares with others, as far as they could be counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sharing:
    """The cohorts with which one shares members."""

    others: tuple[tuple[str, int], ...] = ()
    """Other cohorts, and how many of the members are in each, the most first."""
    unknown: str = ""
    """Why some or all could not be counted, or nothing."""

    def __bool__(self) -> bool:
        return bool(self.others or self.unknown)
