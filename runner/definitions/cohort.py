"""A cohort as its author defined it, checked and with the project's defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from runner.documents import Document
from runner.project import Guards


class Mode(StrEnum):
    """What a sync may do in Braze: `mirror` makes the cohort hold exactly the wanted members."""

    MIRROR = "mirror"


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort file. `id` is Braze's `cohort_id` and never changes; `sql` is the template as written."""

    id: str
    name: str
    description: str
    owner: str
    sql: str
    external_id: str
    mode: Mode
    guards: Guards
    document: Document
