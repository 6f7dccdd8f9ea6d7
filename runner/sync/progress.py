"""What a run tells of itself while it goes on: ids, steps and numbers, never a member."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Due:
    """The run has a plan, and so many cohorts are due in it."""

    cohorts: int


@dataclass(frozen=True, slots=True)
class Doing:
    """A cohort begins a step; without a cohort, the run as a whole does. `waits`: it is
    not its turn yet.
    """

    cohort: str
    step: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """The run as a whole does something that people wait for, such as another run."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The sync of a cohort ended, with so many members added and removed. `code` is
    that of its error; it is empty where it ended well.
    """

    cohort: str
    added: int = 0
    removed: int = 0
    code: str = ""


Event = Due | Doing | Remark | Ended

Listener = Callable[[Event], None]
"""Hears what a run tells; threads call it at the same time."""
