"""A cohort as its author defined it, checked and with the project's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from runner.definitions.cases import Case
from runner.definitions.rule import Audience, InCohort
from runner.files.documents import Document
from runner.identifiers import Identifier
from runner.project.file import Guards, Variable
from runner.project.schedules import Schedule


class Mode(StrEnum):
    """What a sync does in Braze: the cohort holds exactly who qualifies, or they are
    only let in, or only taken out.
    """

    MIRROR = "mirror"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why a cohort is held as it is, and the last day on which it is."""

    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Life:
    """When a cohort ends (its last day), whether it is suspended, and the id in Braze
    that it had before, if any.
    """

    expires: date | None = None
    suspended: Suspension | None = None
    previous_id: str = ""


@dataclass(frozen=True, slots=True)
class Cohort:
    """What one cohort file says.

    `id` never changes. `braze_id` is Braze's `cohort_id`, without a target's prefix.
    `sql` is the template as written, empty where there is none. `template` is the name
    of the file that it comes from, empty where the SQL is written out; `params` are
    what the cohort's file gives it. `rule` says who of a source's people is meant, or
    of those whom `sql` finds. `identifiers` are sorted, and there is at least one.
    Without a `schedule` the cohort is never due by time. `max_age` is in seconds, 0
    where any age will do. `unsuppressed` is the reason why those stay in this cohort
    who are taken out of every other one; it is empty where they are taken out.
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
    life: Life = Life()
    schedule: Schedule | None = None
    max_age: int = 0
    rule: Audience | None = None
    cases: tuple[Case, ...] = ()
    unsuppressed: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """The columns whose values tell who somebody is: those of identifiers, and what
        sources call personal.
        """
        named = frozenset(identifier.column for identifier in self.identifiers)
        if self.rule is None:
            return named
        return named | self.rule.personal

    @property
    def references(self) -> tuple[InCohort, ...]:
        """The references to other cohorts in its rule; none where there is no rule."""
        if self.rule is None:
            return ()
        return self.rule.cohorts
