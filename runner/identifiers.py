"""How people are named in Braze: external ids, devices, and aliases with a label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The kinds of identifiers that Braze's cohorts take; in the order in which they are shown."""

    EXTERNAL_ID = "external_id"
    DEVICE_ID = "device_id"
    ALIAS = "alias"


_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Handle:
    """One way to name people: a kind and, for aliases, a label. Members of one handle
    share an export.
    """

    kind: Kind
    label: str = ""

    def __lt__(self, other: Handle) -> bool:
        return (_ORDER[self.kind], self.label) < (_ORDER[other.kind], other.label)

    def __str__(self) -> str:
        if self.label:
            return f"alias {self.label}"
        return self.kind.value

    @property
    def export_column(self) -> str:
        """The exact name of the column that the connector wants (docs/services.md, The
        Braze cohort export).
        """
        match self.kind:
            case Kind.EXTERNAL_ID:
                return "user_ids"
            case Kind.DEVICE_ID:
                return "device_ids"
            case Kind.ALIAS:
                return self.label


@dataclass(frozen=True, slots=True)
class Identifier:
    """A handle with the column of the cohort's query that holds its values. `lower`:
    compared in lower case.
    """

    handle: Handle
    column: str
    lower: bool = False

    @property
    def pointer(self) -> tuple[str, ...]:
        """Where a cohort's file gives it, below `identifiers`."""
        if self.handle.label:
            return ("aliases", self.handle.label)
        return (self.handle.kind.value,)


def read(given: Mapping[str, Any]) -> tuple[Identifier, ...]:
    """The checked `identifiers` of a file, sorted."""
    return tuple(sorted(_each(given), key=lambda identifier: identifier.handle))


def _each(given: Mapping[str, Any]) -> Iterator[Identifier]:
    for kind in (Kind.EXTERNAL_ID, Kind.DEVICE_ID):
        if kind in given:
            yield _identifier(Handle(kind), given[kind])
    for label, column in given.get("aliases", {}).items():
        yield _identifier(Handle(Kind.ALIAS, label), column)


def _identifier(handle: Handle, given: str | Mapping[str, str]) -> Identifier:
    if isinstance(given, str):
        return Identifier(handle, given)
    return Identifier(handle, given["column"], lower=given.get("normalize") == "lower")
