"""The `tests` of a file: rows given and members expected, read and checked without
running anything.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from runner import identifiers
from runner.definitions.notes import Notes
from runner.errors import Position, Problem
from runner.files.documents import Document, Pointer, quoted
from runner.identifiers import Handle, Identifier, Kind
from runner.project.sources import Column, Source, Type
from runner.project.tables import FILE

NOW = "2026-06-15T12:00"
"""The time that a test's run is for, unless it says otherwise: the middle of a month, a
week and a day.
"""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?")
_FROM_NOW = re.compile(r"([+-]?)(\d{1,5})([mhdw])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

_CURES = {
    Type.TEXT: "put it in quotes",
    Type.NUMBER: "write a number",
    Type.BOOLEAN: "write true or false",
    Type.LIST: "write a list such as [gold, silver]",
}

_WHOLE = ("bigint", "integer", "int", "smallint", "tinyint")
_STORED: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(_WHOLE, int),
    **dict.fromkeys(("double", "real", "decimal"), (int, float)),
    **dict.fromkeys(("varchar", "char", "date"), str),
    "boolean": bool,
    "array": tuple,
}
"""What a cell of a file is where Trino's type is the key."""

_STORED_CURES = {
    **dict.fromkeys(_WHOLE, "write a whole number"),
    **dict.fromkeys(("double", "real", "decimal"), "write a number"),
    **dict.fromkeys(("varchar", "char"), "put it in quotes"),
    "date": "write a date in quotes, such as '2026-03-31'",
    "boolean": "write true or false",
    "array": "write a list such as [gold, silver]",
}

Cell = str | int | float | bool | None | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """Rows of one table (which may lack a database): its columns with their types, None
    where they are to be guessed, the rows by column, and the same as the file, which
    calls it `name`, has them. `stored`: Trino's types, which win, of the columns that
    `cohorts/tables.yml` knows.
    """

    table: str
    columns: Mapping[str, Type | None]
    rows: tuple[Mapping[str, Cell], ...] = ()
    key: str = ""
    name: str = ""
    written: tuple[Mapping[str, Any], ...] = ()
    has_events: bool = False
    stored: Mapping[str, str] = field(default_factory=dict)


Stored = Callable[[str], Mapping[str, str]]
"""Trino's types of a table's columns, by its name with or without a database; nothing
of one that is not known.
"""


def _nothing(_table: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Case:
    """One test: rows of tables and members of other cohorts, and who is expected. `now`
    in unix seconds.
    """

    name: str
    at: Position
    now: int
    given: tuple[Given, ...]
    cohorts: Mapping[str, tuple[str, ...]]
    expect: Mapping[Handle, frozenset[str]]


def read(
    document: Document,
    sources: Mapping[str, Source],
    named: Sequence[Identifier],
    zone: str,
    stored: Stored = _nothing,
) -> tuple[tuple[Case, ...], tuple[Problem, ...]]:
    """The tests of a file that has its shape, and everything wrong with them. `named`:
    the cohort's identifiers.
    """
    data: Any = document.data
    reader = _Reader(document, sources, named, zone, stored)
    cases = tuple(
        reader.case(given, ("tests", number))
        for number, given in enumerate(data.get("tests", ()))
    )
    return cases, tuple(sorted(reader.problems))


class _Reader(Notes):
    """One file's tests; gathers problems and goes on."""

    def __init__(
        self,
        document: Document,
        sources: Mapping[str, Source],
        named: Sequence[Identifier],
        zone: str,
        stored: Stored,
    ) -> None:
        super().__init__(document)
        self._sources, self._zone, self._stored = sources, ZoneInfo(zone), stored
        self._handles = [identifier.handle for identifier in named]

    def case(self, data: Mapping[str, Any], at: Pointer) -> Case:
        """One test."""
        now = self._moment(data.get("now", NOW), (*at, "now"))
        given, cohorts = [], {}
        for name, rows in data["given"].items():
            where = (*at, "given", name)
            if name.startswith("cohort:"):
                cohorts[name.removeprefix("cohort:")] = tuple(
                    self._members(rows, where)
                )
            else:
                given.append(self._given(name, rows, where, now))
        expect = dict(self._expected(data["expect"], (*at, "expect")))
        return Case(
            data["name"],
            self.document.at(*at),
            int(now.timestamp()),
            tuple(given),
            cohorts,
            expect,
        )

    def _members(self, rows: Sequence[Any], at: Pointer) -> Iterator[str]:
        for number, row in enumerate(rows):
            if isinstance(row, dict):
                self.tell(
                    (*at, number),
                    "X002",
                    "a cohort is given as a list of members",
                    "write for example [u1, u2]",
                )
            else:
                yield str(row)

    def _given(
        self, name: str, rows: Sequence[Any], at: Pointer, now: datetime
    ) -> Given:
        source = self._sources.get(name) or next(
            (s for s in self._sources.values() if s.table == name), None
        )
        if source is None:
            close = difflib.get_close_matches(name, self._sources, 1, 0.75)
            if close:
                what, fix = (
                    f"there is no source {quoted(name)}",
                    f"perhaps you meant {close[0]}",
                )
                self.tell(at, "X001", what, fix, key=True)
        stored = self._stored(source.table if source else name)
        if source is None and not rows and not stored:
            what = f"{quoted(name)} is no source, and without a row nobody knows what columns it has"
            fix = "give it one row, or run `cohorts sources pull --tables` once a query reads it"
            self.tell(at, "X005", what, fix, key=True)
        read, written = [], []
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                what, fix = (
                    "a row is a group of columns",
                    "write for example {customer_id: u1}",
                )
                self.tell((*at, number), "X002", what, fix)
                continue
            cells = self._row(row, source, stored, (*at, number), now)
            read.append(
                {
                    column: self._fitting(
                        cells[column], column, stored, (*at, number, column)
                    )
                    for column in cells
                }
            )
            written.append(row)
        if source is None:
            names = dict.fromkeys(
                [*stored, *(column for row in read for column in row)]
            )
            return Given(
                name,
                dict.fromkeys(names),
                tuple(read),
                name=name,
                written=tuple(written),
                stored=stored,
            )
        types = dict.fromkeys(stored) | {
            column.name: column.type for column in source.columns.values()
        }
        return Given(
            source.table,
            types,
            tuple(read),
            source.key,
            name,
            tuple(written),
            source.has_events,
            stored=stored,
        )

    def _fitting(
        self, cell: Cell, column: str, stored: Mapping[str, str], at: Pointer
    ) -> Cell:
        """A cell as a column of a type that is known takes it; a problem where it does not."""
        kind = stored.get(column, "").partition("(")[0]
        if cell is None or not kind or kind not in _STORED:
            return cell
        if kind in _WHOLE and isinstance(
            cell, bool
        ):  # a boolean may be kept as a whole number
            return int(cell)
        if isinstance(cell, _STORED[kind]) and isinstance(cell, bool) == (
            kind == "boolean"
        ):
            return cell
        what = f"{column} is {stored[column]} in {FILE}, but this is not"
        self.tell(
            at, "X002", what, _STORED_CURES.get(kind, "write a value of that type")
        )
        return None

    def _row(
        self,
        row: Mapping[str, Any],
        source: Source | None,
        stored: Mapping[str, str],
        at: Pointer,
        now: datetime,
    ) -> dict[str, Cell]:
        needed = [source.key, *([source.time] if source.time else [])] if source else []
        for name in needed:
            if name not in row:
                role = "who it is" if source and name == source.key else "when it was"
                what = f"this row does not say {role}: {name} is missing"
                self.tell(
                    at,
                    "X003",
                    what,
                    f"add for example `{name}: {'u1' if role == 'who it is' else '-3d'}`",
                )
        found: dict[str, Cell] = {}
        for name, value in row.items():
            column = (
                source.columns.get(name)
                if source
                else Column(name, Type.TIME)
                if name == "time"
                else None
            )
            if source and column is None and name in stored:
                found[name] = self._cell(value, None, (*at, name), now)
                continue
            if source and column is None:
                close = difflib.get_close_matches(name, source.columns, 1)
                fix = (
                    f"perhaps you meant {close[0]}"
                    if close
                    else "declare it in cohorts/project.yml, or take it out"
                )
                what = f"the source {source.name} has no column {quoted(name)}"
                self.tell((*at, name), "X002", what, fix, key=True)
                continue
            found[name] = self._cell(value, column, (*at, name), now)
        return found

    def _cell(
        self, value: Any, column: Column | None, at: Pointer, now: datetime
    ) -> Cell:
        if value is None:
            return None
        if column is None:
            return tuple(value) if isinstance(value, list) else value
        fits: Mapping[Type, Callable[[Any], bool]] = {
            Type.TEXT: lambda given: isinstance(given, str),
            Type.NUMBER: lambda given: (
                isinstance(given, int | float) and not isinstance(given, bool)
            ),
            Type.BOOLEAN: lambda given: isinstance(given, bool) or given in (0, 1),
            Type.LIST: lambda given: isinstance(given, list),
        }
        if column.type in (Type.TIME, Type.DATE):
            return self._time(value, column, at, now)
        if not fits[column.type](value):
            cure = _CURES[column.type]
            self.tell(
                at, "X002", f"{column.name} is {column.type}, but this is not", cure
            )
            return None
        return tuple(value) if isinstance(value, list) else value

    def _time(self, value: Any, column: Column, at: Pointer, now: datetime) -> Cell:
        """Seconds, or a date's text; both may be written from now."""
        if (
            column.type is Type.TIME
            and isinstance(value, int)
            and not isinstance(value, bool)
        ):
            return value
        if isinstance(value, str) and (match := _FROM_NOW.fullmatch(value)):
            length = int(match[2]) * _SECONDS[match[3]] * (-1 if match[1] == "-" else 1)
            if column.type is Type.TIME:
                return int(now.timestamp()) + length
            return (now.date() + timedelta(seconds=length)).isoformat()
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            moment = self._moment(value, at)
            return (
                int(moment.timestamp())
                if column.type is Type.TIME
                else moment.date().isoformat()
            )
        what = f"{column.name} is a {column.type}, but this is not"
        self.tell(
            at,
            "X002",
            what,
            "write a time from now such as -3d, or a date such as 2026-03-31",
        )
        return None

    def _moment(self, text: str, at: Pointer) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.tell(
                at,
                "X002",
                f"there is no time {quoted(text)}",
                "write a date and a time of the calendar",
            )
            return datetime.combine(datetime.fromisoformat(NOW), time(), self._zone)
        return moment.replace(tzinfo=self._zone)

    def _expected(
        self, given: Any, at: Pointer
    ) -> Iterator[tuple[Handle, frozenset[str]]]:
        if isinstance(given, list):
            if len(self._handles) > 1:
                ways = ", ".join(str(handle) for handle in self._handles)
                what = f"this cohort names people in several ways ({ways})"
                self.tell(
                    at,
                    "X004",
                    what,
                    "write who is expected for each: `expect: {external_id: [u1], …}`",
                )
            yield self._handles[0], frozenset(map(str, given))
            return
        wanted = {
            Handle(Kind(kind)): values
            for kind, values in given.items()
            if kind != "aliases"
        }
        wanted |= {
            Handle(Kind.ALIAS, label): values
            for label, values in given.get("aliases", {}).items()
        }
        for handle, values in wanted.items():
            if handle not in self._handles:
                what = f"this cohort does not name people by {handle}"
                pointer = identifiers.Identifier(handle, "").pointer
                self.tell(
                    (*at, *pointer),
                    "X004",
                    what,
                    "correct it, or add it to `identifiers`",
                    key=True,
                )
            yield handle, frozenset(map(str, values))
        for handle in self._handles:
            if handle not in wanted:
                what = f"it is not said who is expected by {handle}"
                self.tell(at, "X004", what, "add them; an empty list for nobody")
