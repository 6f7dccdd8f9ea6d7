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
    """Tables and sources of one tree of files; two are the same only where they are one."""

    tables: Tables = NOTHING
    sources: Mapping[str, Source] = field(default_factory=dict)

    def table(self, name: str, database: str) -> Table | None:
        """A table by `database.table`; `database` is the target's, for sources that
        name none. None where there is no such table: only of a database that the file
        of tables knows can that be said.
        """
        declared: dict[str, str] = {}
        for source in self.sources.values():
            if full_name(source, database) == name:
                declared |= {
                    column.name: _STORED.get(column.type, "")
                    for column in source.columns.values()
                }
        if name in self.tables.columns:
            columns = self.tables.columns[name]
            # a column that is declared, and not in the file, may be newer than the file
            return (
                Table(declared | dict(columns), whole=True)
                if columns is not None
                else ANYTHING
            )
        if declared:
            return Table(declared | TIME)
        return None if name.partition(".")[0] in self.tables.databases else ANYTHING

    def stored_in(self, databases: Sequence[str]) -> Callable[[str], Mapping[str, str]]:
        """What the file of tables knows of a table's columns; one without a database is
        of the first that has it.
        """

        def stored(name: str) -> Mapping[str, str]:
            names = (
                [name]
                if "." in name
                else [f"{database}.{name}" for database in databases]
            )
            found = (self.tables.columns.get(each) for each in names)
            return next((columns for columns in found if columns), {})

        return stored

    def has(self, names: Iterable[str]) -> bool:
        """True where the file of tables knows one of these."""
        return any(name in self.tables.columns for name in names)

    def names(self, database: str) -> tuple[str, ...]:
        """The tables of a database that are known, without it."""
        declared = (full_name(source, database) for source in self.sources.values())
        every = (name.partition(".") for name in {*self.tables.columns, *declared})
        return tuple(sorted(table for where, _, table in every if where == database))


NOTHING_KNOWN = Known()
