"""What is known of the tables that queries read: from `cohorts/tables.yml`, and from
declared sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runner.definitions.source_check import full_name
from runner.project.sources import Source, Type
from runner.project.tables import NOTHING, TIME, Tables

_STORED: Mapping[Type, str] = {
    Type.TEXT: "varchar",
    Type.DATE: "varchar",
    Type.TIME: "bigint",
    Type.LIST: "array(varchar)",
}
"""Trino's types of declared columns. A number may be a bigint, a double or a decimal,
and a boolean may be kept as a bigint: of those nothing is said, since to refuse a right
query is worse than to miss a wrong one.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with Trino's types, "" for one that is not known; `whole`: there are no others."""

    columns: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


ANYTHING = Table()
"""A table of which nothing is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Tables and sources of one tree of files. Two are equal only if they are the same
    object, so that it is cheap to keep results by them.
    """

    tables: Tables = NOTHING
    sources: Mapping[str, Source] = field(default_factory=dict)

    def table(self, name: str, database: str) -> Table | None:
        """A table by `database.table`; `database` is the target's, for sources that
        name none. None where there is no such table: only of a database that the file
        of tables knows can that be said.
        """
        declared = self._declared(name, database)
        if name in self.tables.columns:
            columns = self.tables.columns[name]
            if columns is None:
                return ANYTHING
            # a column that is declared, and not in the file, may be newer than the file
            return Table(declared | dict(columns), whole=True)
        if declared:
            return Table(declared | TIME)
        if name.partition(".")[0] in self.tables.databases:
            return None
        return ANYTHING

    def _declared(self, name: str, database: str) -> dict[str, str]:
        """Trino's types of the columns that sources declare of a table."""
        declared: dict[str, str] = {}
        for source in self.sources.values():
            if full_name(source, database) != name:
                continue
            for column in source.columns.values():
                declared[column.name] = _STORED.get(column.type, "")
        return declared

    def stored_in(self, databases: Sequence[str]) -> Callable[[str], Mapping[str, str]]:
        """A function that tells what the file of tables knows of a table's columns. A
        table without a database is that of the first database that has it.
        """

        def stored(name: str) -> Mapping[str, str]:
            names = [name]
            if "." not in name:
                names = [f"{database}.{name}" for database in databases]
            for each in names:
                columns = self.tables.columns.get(each)
                if columns:
                    return columns
            return {}

        return stored

    def has(self, names: Iterable[str]) -> bool:
        """True where the file of tables knows one of these."""
        return any(name in self.tables.columns for name in names)

    def names(self, database: str) -> tuple[str, ...]:
        """The tables of a database that are known, without it."""
        declared = (full_name(source, database) for source in self.sources.values())
        every = {*self.tables.columns, *declared}
        begin = f"{database}."
        here = [name.removeprefix(begin) for name in every if name.startswith(begin)]
        return tuple(sorted(here))


NOTHING_KNOWN = Known()
