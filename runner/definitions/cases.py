"""The `tests` of a file: rows given and members expected, read and checked without
running anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from runner.definitions.notes import Notes
from runner.errors import Position, Problem
from runner.files.documents import Document, Pointer, quoted
from runner.files.suggestions import suggestion
from runner.identifiers import Handle, Identifier, Kind
from runner.project.sources import Column, Source, Type
from runner.project.tables import FILE

NOW = "2026-06-15T12:00"
"""The time that a test's run is for, unless it says otherwise: in the middle of a month,
a week and a day, so that no stretch of time begins or ends near it.
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

_SIMILAR = 0.75
"""A table's name may be like a source's by chance, so it must be nearer than usual."""

_WHOLE = ("bigint", "integer", "int", "smallint", "tinyint")
_STORED: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(_WHOLE, int),
    **dict.fromkeys(("double", "real", "decimal"), (int, float)),
    **dict.fromkeys(("varchar", "char", "date"), str),
    "boolean": bool,
    "array": tuple,
}
"""The Python type of a cell, by Trino's type of its column."""

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
    """Rows of one table, as a test gives them.

    `table` may lack a database. `columns` are its columns with their types, None where
    a type is to be guessed. `rows` have their cells by column. `key` is the column that
    says who, of a source. `name` and `written` are the table's name and its rows as the
    file has them. `stored` are Trino's types of the columns that `cohorts/tables.yml`
    knows; they win over `columns`.
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

_Row = Mapping[str, Any]


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


@dataclass(frozen=True, slots=True)
class _Table:
    """What is known of a table that a test gives rows of: its source, if it is one, and
    Trino's types of the columns that the file of tables knows. `now` is the test's.
    """

    name: str
    source: Source | None
    stored: Mapping[str, str]
    now: datetime


def read(
    document: Document,
    sources: Mapping[str, Source],
    named: Sequence[Identifier],
    zone: str,
    stored: Stored = _nothing,
) -> tuple[tuple[Case, ...], tuple[Problem, ...]]:
    """The tests of a file that has its shape, and everything wrong with them, sorted.
    `named` are the cohort's identifiers; `zone` is the project's time zone.
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

    def case(self, data: _Row, at: Pointer) -> Case:
        """One test; what is wrong with it is left out of it, and noted."""
        now = self._moment(data.get("now", NOW), (*at, "now"))
        given: list[Given] = []
        cohorts: dict[str, tuple[str, ...]] = {}
        for name, rows in data["given"].items():
            where = (*at, "given", name)
            if name.startswith("cohort:"):
                cohort_id = name.removeprefix("cohort:")
                cohorts[cohort_id] = tuple(self._members(rows, where))
            else:
                given.append(self._given(name, rows, where, now))
        expected = self._expected(data["expect"], (*at, "expect"))
        return Case(
            name=data["name"],
            at=self.document.at(*at),
            now=int(now.timestamp()),
            given=tuple(given),
            cohorts=cohorts,
            expect={handle: _texts(values) for handle, values in expected.items()},
        )

    def _members(self, rows: Sequence[Any], at: Pointer) -> Iterator[str]:
        """The members of another cohort."""
        for number, row in enumerate(rows):
            if isinstance(row, dict):
                what = "a cohort is given as a list of members"
                fix = "write for example [u1, u2]"
                self.tell((*at, number), "X002", what, fix)
            else:
                yield str(row)

    # the rows of a table

    def _given(
        self, name: str, rows: Sequence[Any], at: Pointer, now: datetime
    ) -> Given:
        """The rows of one table; a source may be named by its table, too."""
        source = self._sources.get(name) or self._of_table(name)
        if source:
            stored = self._stored(source.table)
        else:
            stored = self._stored(name)
            self._tell_unknown(name, rows, stored, at)
        table = _Table(name, source, stored, now)
        read: list[Mapping[str, Cell]] = []
        written: list[_Row] = []
        for number, row in enumerate(rows):
            place = (*at, number)
            if isinstance(row, dict):
                read.append(self._row(row, table, place))
                written.append(row)
            else:
                what = "a row is a group of columns"
                self.tell(place, "X002", what, "write for example {customer_id: u1}")
        return _with_columns(table, tuple(read), tuple(written))

    def _of_table(self, table: str) -> Source | None:
        """The first source that is declared on a table."""
        for source in self._sources.values():
            if source.table == table:
                return source
        return None

    def _tell_unknown(
        self, name: str, rows: Sequence[Any], stored: Mapping[str, str], at: Pointer
    ) -> None:
        """A table that is no source is allowed, but perhaps a source was meant."""
        meant = suggestion(name, self._sources, "", similar=_SIMILAR)
        if meant:
            self.tell(at, "X001", f"there is no source {quoted(name)}", meant, key=True)
        if not rows and not stored:
            what = (
                f"{quoted(name)} is not a source, and the test gives no row of it, so"
                " its columns are not known"
            )
            fix = (
                "give one row of it, or run `cohorts sources pull --tables` as soon"
                " as a query reads it"
            )
            self.tell(at, "X005", what, fix, key=True)

    def _row(self, row: _Row, table: _Table, at: Pointer) -> dict[str, Cell]:
        """The cells of a row, by column."""
        if table.source:
            self._tell_missing(row, table.source, at)
        cells: dict[str, Cell] = {}
        for name, value in row.items():
            place = (*at, name)
            column = _column(name, table)
            if column is None and table.source and name not in table.stored:
                self._tell_column(name, table.source, place)
                continue
            cell = self._cell(value, column, place, table.now)
            cells[name] = self._fitting(cell, name, table.stored, place)
        return cells

    def _tell_missing(self, row: _Row, source: Source, at: Pointer) -> None:
        """A row that lacks who it is of, or when it was."""
        if source.key not in row:
            what = f"the row has no {source.key}, which says who it is"
            self.tell(at, "X003", what, f"add for example `{source.key}: u1`")
        if source.time and source.time not in row:
            what = f"the row has no {source.time}, the time of the event"
            self.tell(at, "X003", what, f"add for example `{source.time}: -3d`")

    def _tell_column(self, name: str, source: Source, at: Pointer) -> None:
        """A column that a source does not declare."""
        what = f"the source {source.name} has no column {quoted(name)}"
        otherwise = "declare it in cohorts/project.yml, or take it out"
        fix = suggestion(name, source.columns, otherwise)
        self.tell(at, "X002", what, fix, key=True)

    def _fitting(
        self, cell: Cell, column: str, stored: Mapping[str, str], at: Pointer
    ) -> Cell:
        """A cell as a column of a type that is known takes it; None, and a problem,
        where it does not fit.
        """
        kind = stored.get(column, "").partition("(")[0]
        if cell is None or kind not in _STORED:
            return cell
        # Treasure Data keeps a boolean as a whole number
        if kind in _WHOLE and isinstance(cell, bool):
            return int(cell)
        # Python calls a boolean a whole number, too
        is_right = isinstance(cell, bool) == (kind == "boolean")
        if is_right and isinstance(cell, _STORED[kind]):
            return cell
        what = f"{column} is {stored[column]} in {FILE}, but this is not"
        self.tell(at, "X002", what, _STORED_CURES[kind])
        return None

    def _cell(
        self, value: Any, column: Column | None, at: Pointer, now: datetime
    ) -> Cell:
        """A value as a column has it; as it is where no column is known."""
        if value is None:
            return None
        if column is None:
            return _plain(value)
        if column.type in (Type.TIME, Type.DATE):
            return self._time(value, column, at, now)
        if not _is_of(column.type, value):
            what = f"{column.name} is {column.type}, but this is not"
            self.tell(at, "X002", what, _CURES[column.type])
            return None
        return _plain(value)

    def _time(self, value: Any, column: Column, at: Pointer, now: datetime) -> Cell:
        """Unix seconds, or a date's text; both may be written from now."""
        is_time = column.type is Type.TIME
        if is_time and isinstance(value, int) and not isinstance(value, bool):
            return value
        text = ""
        if isinstance(value, str):
            text = value
        if match := _FROM_NOW.fullmatch(text):
            away = int(match[2]) * _SECONDS[match[3]]
            if match[1] == "-":
                away = -away
            if is_time:
                return int(now.timestamp()) + away
            return (now.date() + timedelta(seconds=away)).isoformat()
        if _MOMENT.fullmatch(text):
            moment = self._moment(text, at)
            if is_time:
                return int(moment.timestamp())
            return moment.date().isoformat()
        what = f"{column.name} is a {column.type}, but this is not"
        fix = "write a time from now such as -3d, or a date such as 2026-03-31"
        self.tell(at, "X002", what, fix)
        return None

    def _moment(self, text: str, at: Pointer) -> datetime:
        """A time in the project's zone; the day of NOW where the calendar has no such time."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            what = f"there is no time {quoted(text)}"
            self.tell(at, "X002", what, "write a date and a time of the calendar")
            return datetime.combine(datetime.fromisoformat(NOW), time(), self._zone)
        return moment.replace(tzinfo=self._zone)

    # who is expected

    def _expected(self, given: Any, at: Pointer) -> Mapping[Handle, Sequence[Any]]:
        """The members that a test expects, by handle; a list is of the only handle."""
        if isinstance(given, list):
            if len(self._handles) > 1:
                ways = ", ".join(str(handle) for handle in self._handles)
                what = f"this cohort has several identifiers ({ways})"
                fix = "write who is expected for each: `expect: {external_id: [u1], …}`"
                self.tell(at, "X004", what, fix)
            return {self._handles[0]: given}
        expected = _by_handle(given)
        for handle in expected:
            if handle not in self._handles:
                what = f"this cohort has no identifier {handle}"
                fix = "correct it, or add it to `identifiers`"
                place = (*at, *Identifier(handle, "").pointer)
                self.tell(place, "X004", what, fix, key=True)
        for handle in self._handles:
            if handle not in expected:
                what = f"`expect` has no list for the identifier {handle}"
                self.tell(
                    at,
                    "X004",
                    what,
                    "add the list; leave it empty if nobody is expected",
                )
        return expected


def _with_columns(
    table: _Table, rows: tuple[Mapping[str, Cell], ...], written: tuple[_Row, ...]
) -> Given:
    """Rows with the columns of their table: the stored ones, and those of the source or,
    where there is no source, those that any row has.
    """
    columns: dict[str, Type | None] = dict.fromkeys(table.stored)
    source = table.source
    if source is None:
        for row in rows:
            columns |= dict.fromkeys(row)
        return Given(
            table.name,
            columns,
            rows,
            name=table.name,
            written=written,
            stored=table.stored,
        )
    for column in source.columns.values():
        columns[column.name] = column.type
    return Given(
        source.table,
        columns,
        rows,
        key=source.key,
        name=table.name,
        written=written,
        has_events=source.has_events,
        stored=table.stored,
    )


def _column(name: str, table: _Table) -> Column | None:
    """A declared column; None where nothing is declared of it."""
    if table.source:
        return table.source.columns.get(name)
    # every table of Treasure Data has this column, and it is always a time
    if name == "time":
        return Column(name, Type.TIME)
    return None


def _is_of(kind: Type, value: Any) -> bool:
    """True for a cell that a column of a type may have; times and dates are read apart."""
    is_boolean = isinstance(value, bool)
    match kind:
        case Type.NUMBER:
            return isinstance(value, int | float) and not is_boolean
        case Type.BOOLEAN:
            return is_boolean or value in (0, 1)
        case Type.LIST:
            return isinstance(value, list)
        case Type.TEXT | Type.DATE | Type.TIME:
            return isinstance(value, str)


def _plain(value: Any) -> Cell:
    if isinstance(value, list):
        return tuple(value)
    cell: Cell = value
    return cell


def _by_handle(given: Mapping[str, Any]) -> dict[Handle, Sequence[Any]]:
    """The members that a test expects, by the handles that it names."""
    found: dict[Handle, Sequence[Any]] = {}
    for kind, values in given.items():
        if kind != "aliases":
            found[Handle(Kind(kind))] = values
    for label, values in given.get("aliases", {}).items():
        found[Handle(Kind.ALIAS, label)] = values
    return found


def _texts(values: Sequence[Any]) -> frozenset[str]:
    return frozenset(map(str, values))
