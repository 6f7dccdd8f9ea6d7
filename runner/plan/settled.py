"""What two trees differ in beside queries: where a target leads, limits, and each cohort's own dates; no fingerprint of
what would be delivered has any of it; pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from runner.definitions.cohort import Cohort
from runner.project import Project

HOUR = 3600

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
OF_COHORT = ("guards", "unsuppressed", "schedule", "max_age")
DEFAULTS = ("schedule", "max_age")
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


def changed(
    before: Project | None, after: Project, target: str, old: Mapping[str, Cohort], new: Iterable[Cohort]
) -> tuple[Setting, ...]:
    """Each setting of a target, and each limit or date of a cohort, that is another one than before. `old` is by id; a
    target or a cohort that was not there has none. What a cohort takes from the project is told once.
    """
    if before is None or target not in before.targets:
        return ()
    shared = (
        *_each("", "", before, after, OF_PROJECT),
        *_each("", "defaults.", before.defaults, after.defaults, DEFAULTS),
    )
    known = {(setting.name.removeprefix("defaults."), setting.was, setting.now) for setting in shared}
    own = (
        setting
        for cohort in new
        for setting in (_of_cohort(old[cohort.id], cohort) if cohort.id in old else ())
        if (setting.name, setting.was, setting.now) not in known
    )
    return (*_each("", f"targets.{target}.", before.targets[target], after.targets[target], OF_TARGET), *shared, *own)


def _of_cohort(before: Cohort, after: Cohort) -> Iterator[Setting]:
    yield from _each(after.id, "", before, after, OF_COHORT)
    yield from _each(after.id, "", before.life, after.life, OF_LIFE)


def _each(cohort: str, name: str, old: Any, new: Any, keys: tuple[str, ...]) -> Iterator[Setting]:
    for key in keys:
        was, now = getattr(old, key), getattr(new, key)
        if was == now:
            continue
        if key in ("guards", "reassert"):
            yield from _each(cohort, f"{name}{key}.", was, now, tuple(field.name for field in fields(now)))
        elif key in ("recent", "full", "max_age"):
            yield Setting(cohort, f"{name}{key}", *(f"{age / HOUR:g} h" if age else "never" for age in (was, now)))
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
