"""What a branch changes beside queries: where a target leads, limits, and each cohort's own; no fingerprint has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from runner.definitions.cohort import Cohort
from runner.project import Project

OF_PROJECT = ("review", "guards", "max_withdrawn", "reassert", "timezone")
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
OF_LIFE = ("expires", "suspended", "previous_id")


def of_project(before: Project | None, after: Project, target: str) -> Iterator[str]:
    """A sentence for each setting of a target that is another one than before; none where there was no such target."""
    old, new = before.targets.get(target) if before else None, after.targets[target]
    if before is None or old is None:
        return
    yield from _each(f"targets.{target}.", old, new, OF_TARGET)
    yield from _each("", before, after, OF_PROJECT)


def of_cohort(before: Cohort, after: Cohort) -> Iterator[str]:
    """A sentence for each limit or date of a cohort that is another one than before."""
    yield from _each(f"{after.id}: ", before, after, ("guards", "unsuppressed"))
    yield from _each(f"{after.id}: ", before.life, after.life, OF_LIFE)


def _each(name: str, old: Any, new: Any, keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        was, now = getattr(old, key), getattr(new, key)
        if was == now:
            continue
        if key in ("guards", "reassert"):
            yield from _each(f"{name}{key}.", was, now, tuple(field.name for field in fields(now)))
        else:
            yield f"{name}{key}: {_said(was)} → {_said(now)}"


def _said(value: Any) -> str:
    """A limit as it is written, an empty value as nothing."""
    if hasattr(value, "percent"):
        parts = [f"{value.percent}%"] if value.percent is not None else []
        return " and ".join([*parts, *([f"{value.count:,}"] if value.count is not None else [])])
    if hasattr(value, "until"):
        return f"until {value.until} ({value.reason})"
    return "nothing" if value in (None, "") else str(dict(value) if hasattr(value, "items") else value)
