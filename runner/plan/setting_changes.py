"""Settings that are not the same in two trees: where a target leads, limits, schedules
and dates, as the files write them. They are part of no fingerprint; pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from runner.definitions.cohort import Cohort
from runner.project.file import Project

OF_PROJECT = ("review", "guards", "suppress", "reassert", "timezone")
OF_DEFAULTS = OF_COHORT = (
    "schedule",
    "max_age",
    "guards",
    "expires",
    "suspend",
    "suppress",
    "previous_id",
)

IN_QUERIES = ("vars",)
"""Keys of a target that change queries, and so are in fingerprints."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """A setting that changed."""

    cohort: str
    """The id of the cohort that has it; empty for a setting of the project."""
    name: str
    was: str
    """The value of before, in words."""
    now: str
    """The value of now, in words."""
    is_new: bool = False
    """True where the cohort was not there before."""

    @property
    def title(self) -> str:
        """What it is called where there are others."""
        if not self.cohort:
            return self.name
        return f"{self.cohort}: {self.name}"

    def __str__(self) -> str:
        return f"{self.title}: {self.was} → {self.now}"


def changed(
    before: Project | None,
    after: Project,
    target: str,
    old: Mapping[str, Cohort],
    new: Iterable[Cohort],
) -> tuple[Setting, ...]:
    """The settings of a target, and those of its cohorts, that changed; `old` has the
    cohorts of before, by id. What a cohort takes from the project is a setting of the
    project. Without a project file `before`, nothing can be compared, and there are none.
    """
    if before is None:
        return ()
    found = [*_differences("", _of_project(before, target), _of_project(after, target))]
    for cohort in new:
        there = old.get(cohort.id)
        was: dict[str, str] = {}
        if there:
            was = _of_cohort(there)
        now = _of_cohort(cohort)
        found += _differences(cohort.id, was, now, is_new=there is None)
    return tuple(found)


def _of_cohort(cohort: Cohort) -> dict[str, str]:
    """A cohort's own settings by their names, in words."""
    return dict(_flat("", _data(cohort), OF_COHORT))


def _of_project(project: Project, target: str) -> dict[str, str]:
    """The settings of a project and of one target by their names, in words."""
    data = _data(project)
    its_target = data["targets"].get(target, {})
    keys = [key for key in its_target if key not in IN_QUERIES]
    found = dict(_flat(f"targets.{target}.", its_target, keys))
    found.update(_flat("", data, OF_PROJECT))
    found.update(_flat("defaults.", data.get("defaults", {}), OF_DEFAULTS))
    for name, source in data.get("sources", {}).items():
        if "max_lag" in source:
            found[f"sources.{name}.max_lag"] = _said(source["max_lag"])
    return found


def _data(of: Project | Cohort) -> Mapping[str, Any]:
    """What its file writes; it was checked against its schema."""
    return cast("Mapping[str, Any]", of.document.data)


def _differences(
    cohort: str, was: Mapping[str, str], now: Mapping[str, str], *, is_new: bool = False
) -> Iterator[Setting]:
    """The settings that are not the same, those of before first."""
    for name in dict.fromkeys([*was, *now]):
        before = was.get(name, NOTHING)
        after = now.get(name, NOTHING)
        if was.get(name) != now.get(name):
            yield Setting(
                cohort=cohort, name=name, was=before, now=after, is_new=is_new
            )


NOTHING = "not set"
"""The value of what is not written."""


def _flat(
    name: str, of: Mapping[str, Any], keys: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """The values below some keys by their full names."""
    for key in keys:
        value = of.get(key)
        if isinstance(value, Mapping):
            yield from _flat(f"{name}{key}.", value, value)
        elif value is not None:
            yield f"{name}{key}", _said(value)


def _said(value: Any) -> str:
    """A value in words, as the file might write it on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_said, value)) or NOTHING
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key}: {_said(each)}" for key, each in value.items())
        return f"{{{pairs}}}"
    return str(value)
