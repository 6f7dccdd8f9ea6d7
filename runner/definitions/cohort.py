"""A cohort as its author defined it, checked and with the project's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runner.documents import Document
from runner.identifiers import Identifier
from runner.project import Guards, Variable
from runner.schedules import Schedule


class Mode(StrEnum):
    """What a sync may do in Braze: `mirror` makes the cohort hold exactly the wanted members."""

    MIRROR = "mirror"


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort file. `id` never changes; `braze_id` is Braze's `cohort_id`, without a target's prefix; `sql` is the
    template as written, `template` the name of the file that it comes from (nothing where it is written out), `params`
    what the file gives it; `identifiers` are sorted, and at least one; without a
    `schedule` it is never due by time; `max_age` in seconds, 0 where any age will do.
    """

    id: str
    braze_id: str
    name: str
    description: str
    owner: str
    tags: tuple[str, ...]
    sql: str
    template: str
    params: Mapping[str, Variable]
    identifiers: tuple[Identifier, ...]
    mode: Mode
    guards: Guards
    document: Document
    schedule: Schedule | None = None
    max_age: int = 0

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the query that hold identifiers: their values are members."""
        return frozenset(identifier.column for identifier in self.identifiers)
