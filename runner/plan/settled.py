"""What two trees differ in beside queries: where a target leads, limits, and each cohort's own dates; no fingerprint of
what would be delivered has any of it; pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from runner.definitions.cohort import Cohort
from runner.project import DAY, Project

OF_PROJECT = ("review", "guards", "max_withdrawn", "suppress", "reassert", "timezone")
OF_TARGET = (
    "endpoint",
    "database",
    "state_database",
    "workspace",
    "connection",
    "prefix",
    "protected",
    "export_settings",
)
OF_COHORT = ("guards", "unsuppressed", "schedule")
OF_LIFE = ("expires", "suspended", "previous_id")

WRITTEN = {"max_withdrawn": "guards.max_withdrawn", "suspended": "suspend", "unsuppressed": "suppress"}
"""What a file calls them, where that is something else."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """A setting that is another one than before: of which cohort, if of one, its name, and both values in words."""

    cohort: str
    name: str
    was: str
    now: str

    @property
    def title(self) -> str:
        """What it is called where there are others."""
        return f"{self.cohort}: {self.name}" if self.cohort else self.name

    def __str__(self) -> str:
        return f"{self.title}: {self.was} → {self.now}"


def of_project(before: Project | None, after: Project, target: str) -> Iterator[Setting]:
    """Each setting of a target that is another one than before; none where there was no such target."""
    old, new = before.targets.get(target) if before else None, after.targets[target]
    if before is None or old is None:
        return
    yield from _each("", f"targets.{target}.", old, new, OF_TARGET)
    yield from _each("", "", before, after, OF_PROJECT)


def of_cohorts(before: Mapping[str, Cohort], after: Iterable[Cohort]) -> Iterator[Setting]:
    """Each limit or date of a cohort that is another one than before; `before` by id. A new cohort has none."""
    for cohort in after:
        if old := before.get(cohort.id):
            yield from _each(cohort.id, "", old, cohort, OF_COHORT)
            yield from _each(cohort.id, "", old.life, cohort.life, OF_LIFE)


def _each(cohort: str, name: str, old: Any, new: Any, keys: tuple[str, ...]) -> Iterator[Setting]:
    for key in keys:
        was, now = getattr(old, key), getattr(new, key)
        if was == now:
            continue
        if key in ("guards", "reassert"):
            yield from _each(cohort, f"{name}{key}.", was, now, tuple(field.name for field in fields(now)))
        elif key in ("recent", "full"):
            yield Setting(cohort, f"{name}{key}", f"{was / DAY:g} days", f"{now / DAY:g} days")
        else:
            yield Setting(cohort, f"{name}{WRITTEN.get(key, key)}", _said(was), _said(now))


def _said(value: Any) -> str:
    """A value as a file says it, an empty one as nothing."""
    if hasattr(value, "percent"):
        parts = [f"{value.percent}%"] if value.percent is not None else []
        return " and ".join([*parts, *([f"{value.count:,}"] if value.count is not None else [])])
    if hasattr(value, "until"):
        return f"until {value.until} ({value.reason})"
    if hasattr(value, "cron"):
        return f"{value.cron} ({value.zone})"
    if hasattr(value, "identifiers"):
        columns = ", ".join(f"{each.handle} from {each.column}" for each in value.identifiers)
        return f"cohort {value.cohort}" if value.cohort else f"table {value.table} ({columns})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(_said, value)) or "nothing"
    return "nothing" if value in (None, "") else str(dict(value) if hasattr(value, "items") else value)
