"""What two trees differ in beside queries: where a target leads, limits, schedules and
dates, as the files write them; no fingerprint of what would be delivered has any of it;
pure.
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
"""Of a target: what queries show."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """A setting that is another one than before: of which cohort, if of one, its name,
    and both values in words. `is_new`: the cohort was not there before.
    """

    cohort: str
    name: str
    was: str
    now: str
    is_new: bool = False

    @property
    def title(self) -> str:
        """What it is called where there are others."""
        return f"{self.cohort}: {self.name}" if self.cohort else self.name

    def __str__(self) -> str:
        return f"{self.title}: {self.was} → {self.now}"


def changed(
    before: Project | None,
    after: Project,
    target: str,
    old: Mapping[str, Cohort],
    new: Iterable[Cohort],
) -> tuple[Setting, ...]:
    """Each setting of a target, and each of a cohort's own, that is another one than
    before; `old` is by id. What a cohort takes from the project is the project's.
    Without a project file that can be compared there are none.
    """
    if before is None:
        return ()
    found = [*_differences("", _of_project(before, target), _of_project(after, target))]
    for cohort in new:
        there = old.get(cohort.id)
        was = dict(_flat("", _data(there), OF_COHORT)) if there else {}
        now = dict(_flat("", _data(cohort), OF_COHORT))
        found += _differences(cohort.id, was, now, is_new=there is None)
    return tuple(found)


def _of_project(project: Project, target: str) -> dict[str, str]:
    data = _data(project)
    led = data["targets"].get(target, {})
    lags = {
        name: source["max_lag"]
        for name, source in data.get("sources", {}).items()
        if "max_lag" in source
    }
    return dict(
        [
            *_flat(
                f"targets.{target}.", led, [key for key in led if key not in IN_QUERIES]
            ),
            *_flat("", data, OF_PROJECT),
            *_flat("defaults.", data.get("defaults", {}), OF_DEFAULTS),
            *((f"sources.{name}.max_lag", _said(lag)) for name, lag in lags.items()),
        ]
    )


def _data(of: Project | Cohort) -> Mapping[str, Any]:
    """As its file writes it; it was checked."""
    return cast("Mapping[str, Any]", of.document.data)


def _differences(
    cohort: str, was: Mapping[str, str], now: Mapping[str, str], *, is_new: bool = False
) -> Iterator[Setting]:
    for name in dict.fromkeys([*was, *now]):
        if was.get(name) != now.get(name):
            yield Setting(
                cohort, name, was.get(name, NOTHING), now.get(name, NOTHING), is_new
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
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_said, value)) or NOTHING
    if isinstance(value, Mapping):
        return (
            f"{{{', '.join(f'{key}: {_said(each)}' for key, each in value.items())}}}"
        )
    return str(value)
