"""Rows of the ledger's table, read with suspicion: what this tool did not write so is
refused, never guessed at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from runner.errors import Locked
from runner.plan.events import Bootstrap, Event, NotAsWritten, read
from runner.plan.ledger import SCHEMA_VERSION, Destination, Entry, Row
from runner.treasuredata.client import Rows

READ = (
    "row_id, epoch, sequence, workspace, cohort_id, event, detail, time,"
    " schema_version, ledger_id"
)
"""The columns that `entries_of` takes, in this order."""

COUNT = "count"
"""What stands for the event in a row that is none of the ledger, and counts."""

LAST_MOMENT = 253_402_300_799
"""The last second of the year 9999: what is later is no time, and no calendar shows it."""

OURS = re.compile(r"[0-9a-z-]{1,80}")
"""What our own row ids look like; anything else may be somebody's identifier, and is not shown."""


def text(value: str) -> str:
    """A text as SQL."""
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def counting(number: str) -> str:
    """The columns of READ for one row more: its event is COUNT, and its epoch a number
    as SQL.
    """
    return (
        f"'' AS row_id, {number} AS epoch, 0 AS sequence, '' AS workspace,"
        f" '' AS cohort_id, '{COUNT}' AS event, '' AS detail, 0 AS time,"
        " 0 AS schema_version, '' AS ledger_id"
    )


def apart(told: Rows) -> tuple[Rows, int]:
    """The rows of the ledger, and the number of the one that counts."""
    number = 0
    rows: list[Sequence[Any]] = []
    for row in told:
        if row[5] == COUNT:
            number = int(row[1])
        else:
            rows.append(row)
    return rows, number


def entries_of(rows: Rows, table: str) -> tuple[Entry, ...]:
    """Rows of `READ` as entries; `table` is its name, for messages. Raises Locked for a
    ledger that is newer than this tool (L002), none at all (L003), mixed with another
    (L012) or damaged (L011).
    """
    _check_version(rows, table)
    ledger_id = _identity(rows, table)
    found = tuple(_entry(row) for row in rows)
    by_id: dict[str, Entry] = {}
    for entry in found:
        if _said(by_id.setdefault(entry.row_id, entry)) != _said(entry):
            raise _damaged(
                entry.row_id, entry.event, "is there twice, with different words"
            )
        if isinstance(entry.detail, Bootstrap) and entry.detail.ledger_id != ledger_id:
            raise _damaged(
                entry.row_id, entry.event, "names another ledger than it is in"
            )
    return found


def in_groups(rows: Iterable[Sequence[Any]], table: str) -> Iterator[tuple[Entry, ...]]:
    """Rows of `READ`, which are sorted by what they are about, as entries: first those
    about whole runs, then those of one cohort after the other. Raises Locked as
    `entries_of` does, at the first row that is not right.
    """
    first: Sequence[Any] | None = None
    for _, group in groupby(rows, key=lambda row: (row[3], row[4])):
        here = list(group)
        if first is None:
            entries = entries_of(here, table)
            first = next(row for row in here if row[5] == Event.BOOTSTRAP)
            yield entries
        else:
            # the first row says to which ledger all belong
            yield entries_of([first, *here], table)[1:]


def _check_version(rows: Rows, table: str) -> None:
    """Raises Locked (L002) where a row is of a newer schema than this tool knows."""
    versions = []
    for row in rows:
        version = row[8]
        # True is an int to `isinstance`, but it is no number
        if type(version) is int:
            versions.append(version)
    newest = max(versions, default=SCHEMA_VERSION)
    if newest > SCHEMA_VERSION:
        what = f"(schema {newest}, not {SCHEMA_VERSION})"
        raise Locked(
            "L002",
            f"the ledger {table} is of a newer version {what}",
            "upgrade cohort-runner",
        )


def _identity(rows: Rows, table: str) -> str:
    """The one ledger that all rows belong to."""
    first = {}
    for row in rows:
        if row[5] == Event.BOOTSTRAP:
            row_id = row[0]
            first[row_id] = row[9]
    if not first:
        raise Locked(
            "L003",
            f"the table {table} is not a ledger: it has no first row",
            (
                "find out what happened to the table; nothing is synced without a"
                " ledger of who is in Braze"
            ),
        )
    if len(first) > 1:
        raise _mixed(table, f"it has the first rows of {len(first)} ledgers")
    ledger_id = next(iter(first.values()))
    foreign = sum(row[9] != ledger_id for row in rows)
    if foreign:
        raise _mixed(table, f"{foreign:,} of its rows are of another ledger")
    return str(ledger_id)


def _mixed(table: str, what: str) -> Locked:
    """The error of a table that holds rows of several ledgers."""
    return Locked(
        "L012",
        f"the table {table} is not one ledger: {what}",
        "somebody copied rows into the table;"
        " delete the rows of the other ledger, and then sync",
    )


def _entry(row: Sequence[Any]) -> Entry:
    """An entry of the ledger, of a row as it is stored. Raises Locked where it is damaged."""
    row_id, epoch, sequence, workspace, cohort_id, event, detail, time, version, _ = row
    for text in (row_id, workspace, cohort_id, event):
        if type(text) is not str:
            raise _damaged(row_id, event, "lacks its id, its event or what it is about")
    for number in (epoch, sequence, time, version):
        # True is an int to `isinstance`, but it is no number
        if type(number) is not int or number < 0:
            raise _damaged(row_id, event, "lacks its place or its time")
    if time > LAST_MOMENT:
        raise _damaged(row_id, event, "lacks its place or its time")
    if event not in set(Event):
        raise Locked(
            "L002",
            f"the ledger has an event that this version does not know ({_shown(event)})",
            "upgrade cohort-runner",
        )
    told = _json(detail)
    if not isinstance(told, dict):
        raise _damaged(row_id, event, "holds no JSON")
    try:
        details = read(Event(event), told, time)
    except NotAsWritten as exc:
        raise _damaged(row_id, event, f"has no proper `{exc.key}`") from None
    return Row(
        row_id, epoch, sequence, Destination(workspace, cohort_id), details, time
    )


def _json(text: Any) -> Any:
    """What a JSON text holds; None for what is no JSON."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None


def _said(entry: Entry) -> tuple[object, ...]:
    """All but the time: an INSERT that was applied twice wrote the same at two times."""
    return entry.epoch, entry.sequence, entry.destination, entry.event, entry.detail


def _damaged(row_id: Any, event: Any, what: str) -> Locked:
    """The error for a row that cannot be read."""
    return Locked(
        "L011",
        f"a row of the ledger cannot be read: {_shown(row_id)} ({_shown(event)}) {what}",
        "somebody wrote to the table; bring back that row as it was:"
        " nothing is synced without it",
    )


def _shown(value: Any) -> str:
    """A value for a message: as it is where we may have written it, else hidden."""
    if isinstance(value, str) and OURS.fullmatch(value):
        return value
    return "…"
