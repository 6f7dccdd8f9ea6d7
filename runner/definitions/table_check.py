"""`cohorts/tables.yml` beside the tables that are there: as it would be written now,
and where it is behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from runner.errors import Problem
from runner.project import tables
from runner.project.tables import UNKNOWN, Tables

PULL = "run `cohorts sources pull --tables`"

Listed = Mapping[str, Mapping[str, str]]
"""Columns and their types, as Treasure Data's API words them, by `database.table`."""

Columns = Mapping[str, Mapping[str, str] | None]
"""As `Tables` has them."""


def in_trino(found: Listed) -> Mapping[str, Mapping[str, str]]:
    """What the API lists, in Trino's words; "" for a type that is not certain."""
    return {
        table: {name.lower(): _type(kind) for name, kind in columns.items()}
        for table, columns in found.items()
    }


def _type(word: str) -> str:
    kind = tables.trino_type(word)
    return "" if kind == UNKNOWN else kind


def renewed(
    known: Tables, found: Listed, read: Collection[str], others: Collection[str]
) -> Columns:
    """The file's tables as they are to be: those that queries `read`, as they were
    `found`, and of the rest those that `others` read, such as another target's queries,
    as they are.
    """
    kept = {
        name: columns
        for name, columns in known.columns.items()
        if name in others and name not in read
    }
    return kept | {
        name: columns for name, columns in in_trino(found).items() if name in read
    }


def behind(known: Tables, found: Listed, read: Collection[str]) -> Iterator[Problem]:
    """Tables that queries `read`, columns and types that are not, or not any more, as
    the file has them.
    """
    document, there = known.document, in_trino(found)
    if document is None:
        return
    for table in sorted(known.columns.keys() & read):
        at, columns = ("tables", table), there.get(table)
        if columns is None:
            what = f"the table {table} does not exist any more"
            yield Problem(
                document.key_at(*at),
                "C024",
                what,
                f"mend the queries that read it, then {PULL}",
            )
            continue
        for name, kind in (known.columns[table] or {}).items():
            now = columns.get(name)
            place = document.key_at(*at, name)
            if now is None:
                what = f"{table} has no column {name} any more"
                yield Problem(
                    place, "C025", what, f"mend the queries that use it, then {PULL}"
                )
            elif kind and now and now != kind:
                what = f"{table}.{name} is {now} there, not {kind}"
                yield Problem(document.at(*at, name), "C026", what, PULL)


def news(known: Tables, found: Listed, read: Collection[str]) -> Iterator[str]:
    """What is there and not in the file: a line for each table that queries `read`."""
    for table, columns in sorted(in_trino(found).items()):
        if table not in read:
            continue
        if table not in known.columns:
            yield f"{table}: read by a query, and not in {tables.FILE} yet"
            continue
        have = known.columns[table]
        new = sorted(columns.keys() - have.keys()) if have is not None else []
        if new:
            more = f" and {len(new) - 8} more" if len(new) > 8 else ""
            yield f"{table}: new columns {', '.join(new[:8])}{more}"
