"""The tables that rules may use, as `sources` of the project file declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from runner.errors import Problem
from runner.files.documents import Document
from runner.project.schedules import NEVER, seconds


class Type(StrEnum):
    """What a column holds. `date`: text such as 2026-03-31; `time`: unix seconds;
    `list`: an array of texts.
    """

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that rules may use. `personal`: its values tell who somebody is;
    `deprecated`: why not to use it; `values`: all that it holds, nothing where any may
    stand there.
    """

    name: str
    type: Type
    description: str = ""
    personal: bool = False
    deprecated: str = ""
    values: tuple[str | int | float, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A table of people (`time` is empty) or of events. `key` is the column that says
    who; `table` may lack a database; `max_lag` in seconds, 0 for any.
    """

    name: str
    table: str
    key: str
    columns: Mapping[str, Column]
    time: str = ""
    max_lag: int = 0
    description: str = ""

    @property
    def has_events(self) -> bool:
        """True where a row is something that happened, not somebody."""
        return bool(self.time)


Sources = Mapping[str, Source]
"""Sources by name."""


def read(document: Document) -> Sources:
    """The checked `sources` of a project file, by name."""
    data: Any = document.data
    return {
        name: _source(name, given) for name, given in data.get("sources", {}).items()
    }


def problems(document: Document) -> Iterator[Problem]:
    """What no JSON Schema can tell: a key that is declared as what no key is."""
    data: Any = document.data
    for name, given in data.get("sources", {}).items():
        for role, fits in _ROLES.items():
            column = given.get(role)
            declared = given["columns"].get(column)
            if not declared or _column("", declared).type in fits:
                continue
            kinds = " or ".join(sorted(fits))
            what = f"{column} is the {role} of {name}, so it must be {kinds}"
            fix = f"write {kinds}, or name another column under `{role}`"
            at = document.at("sources", name, "columns", column)
            yield Problem(at, "C001", what, fix)


_KEYS = frozenset({Type.TEXT, Type.NUMBER})
_ROLES = {"key": _KEYS, "join": _KEYS, "time": frozenset({Type.TIME})}
"""The types that a column may have which a source gives one of these roles."""


def _source(name: str, given: Mapping[str, Any]) -> Source:
    """One source, with the columns that its key and its time are."""
    # a source of people has a key; one of events has the key of whoever did it, and a time
    key = given.get("key") or given["join"]
    columns = {key: Column(key, Type.TEXT)}
    if "join" in given:
        columns[given["time"]] = Column(given["time"], Type.TIME)
    for column, said in given["columns"].items():
        columns[column] = _column(column, said)
    return Source(
        name=name,
        table=given["table"],
        key=key,
        columns=columns,
        time=given.get("time", ""),
        max_lag=seconds(given.get("max_lag", NEVER)),
        description=given.get("description", ""),
    )


def _column(name: str, given: str | Mapping[str, Any]) -> Column:
    if isinstance(given, str):
        return Column(name, Type(given))
    return Column(
        name=name,
        type=Type(given["type"]),
        description=given.get("description", ""),
        personal=given.get("personal", False),
        deprecated=given.get("deprecated", ""),
        values=tuple(given.get("values", ())),
    )
