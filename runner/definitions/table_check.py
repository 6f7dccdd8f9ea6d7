"""`cohorts/tables.yml` beside the tables that are there: as it would be written now,
and where it is behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from runner.errors import Problem
from runner.files.documents import Document
from runner.project import tables
from runner.project.tables import UNKNOWN, Tables

PULL = "run `cohorts sources pull --tables`"

_SHOWN = 8
"""Names of new columns in one line."""

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
    if kind == UNKNOWN:
        return ""
    return kind


def renewed(
    known: Tables, found: Listed, read: Collection[str], others: Collection[str]
) -> Columns:
    """The file's tables as they are to be: those that queries `read`, as they were
    `found`, and of the rest those that `others` read, such as another target's queries,
    as they are in the file.
    """
    mine = {name: now for name, now in in_trino(found).items() if name in read}
    kept = {
        name: columns
        for name, columns in known.columns.items()
        if name in others and name not in read
    }
    return kept | mine


def behind(known: Tables, found: Listed, read: Collection[str]) -> Iterator[Problem]:
    """Where the file is behind, of the tables that queries `read`: a table or a column
    that is not there any more, or a type that is another one now.
    """
    document = known.document
    if document is None:
        return
    there = in_trino(found)
    for table in sorted(known.columns.keys() & read):
        columns = there.get(table)
        if columns is not None:
            kept = known.columns[table] or {}
            yield from _behind(document, table, kept, columns)
            continue
        what = f"the table {table} does not exist any more"
        fix = f"mend the queries that read it, then {PULL}"
        yield Problem(document.key_at("tables", table), "C024", what, fix)


def _behind(
    document: Document,
    table: str,
    kept: Mapping[str, str],
    columns: Mapping[str, str],
) -> Iterator[Problem]:
    """The `kept` columns of a table that are not, or not so, among those there now."""
    for name, kind in kept.items():
        at = ("tables", table, name)
        now = columns.get(name)
        if now is None:
            what = f"{table} has no column {name} any more"
            fix = f"mend the queries that use it, then {PULL}"
            yield Problem(document.key_at(*at), "C025", what, fix)
        # a type that is not known, there or here, is no other type
        elif kind and now and now != kind:
            what = f"{table}.{name} is {now} there, not {kind}"
            yield Problem(document.at(*at), "C026", what, PULL)


def news(known: Tables, found: Listed, read: Collection[str]) -> Iterator[str]:
    """What is there and not in the file: a line for each table that queries `read`."""
    for table, columns in sorted(in_trino(found).items()):
        if table not in read:
            continue
        if table not in known.columns:
            yield f"{table}: read by a query, and not in {tables.FILE} yet"
            continue
        kept = known.columns[table]
        # without any column kept all of them are unknown, and none is new
        if kept is None:
            continue
        new = sorted(columns.keys() - kept.keys())
        shown = ", ".join(new[:_SHOWN])
        if len(new) > _SHOWN:
            shown += f" and {len(new) - _SHOWN} more"
        if new:
            yield f"{table}: new columns {shown}"
