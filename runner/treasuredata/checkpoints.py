"""The tables of checkpoints: how they are called, and the statements that make and read
one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence

from runner.plan.compaction import BEFORE, Place, digest, place_of
from runner.plan.events import Checkpoint
from runner.plan.ledger import Entry, of_event
from runner.treasuredata.rows import READ, counting, text

_NAME = re.compile(
    r"cohort_ledger_until_(?P<epoch>\d{10})_(?P<sequence>\d{10})_(?P<made_in>\d{10})"
)

_COPIED = READ.replace(" time,", " time AS written_at,")
_BACK = READ.replace(" time,", " written_at AS time,")
"""The columns of a copy. The service gives each table a column `time`, which says when
the copy was made.
"""

IDS = 15_000
"""Row ids in one statement: each has some 50 characters, and a query may have 1,000,000
(docs/services.md, Issuing a job).
"""


def name(place: Place, made_in: int) -> str:
    """The table of a checkpoint of all rows up to a place, made in an epoch."""
    # a sequence may be BEFORE, and a name holds no sign
    sequence = place.sequence - BEFORE
    return f"cohort_ledger_until_{place.epoch:010}_{sequence:010}_{made_in:010}"


def place_covered(table: str) -> Place | None:
    """The place up to which a table covers the ledger; None for another table."""
    found = _NAME.fullmatch(table)
    if found is None:
        return None
    return Place(int(found["epoch"]), int(found["sequence"]) + BEFORE)


def made_in(table: str) -> int | None:
    """The epoch in which a checkpoint's table was made; None for another table."""
    found = _NAME.fullmatch(table)
    if found is None:
        return None
    return int(found["made_in"])


def newest(tables: Collection[str]) -> Sequence[str]:
    """The tables of checkpoints, the one that covers most first."""
    return sorted((each for each in tables if _NAME.fullmatch(each)), reverse=True)


def select(ledger: str, table: str, place: Place, now: str) -> str:
    """A query for the rows in a checkpoint's table, for those after its place, and for
    how many it covers (`rows.counting`).
    Each row ends with `now`. `ledger` and `table` are quoted names.
    """
    is_after = f"epoch > {place.epoch} OR (epoch = {place.epoch} AND sequence > {place.sequence})"
    return (
        f"SELECT {READ}, {now} AS now\nFROM {ledger}\nWHERE {is_after}\n"
        f"UNION ALL\nSELECT {_BACK}, {now} AS now\nFROM {table}\n"
        "UNION ALL\n"
        f"SELECT {counting('COUNT(*)')}, {now} AS now\n"
        f"FROM {ledger}\nWHERE NOT ({is_after})"
    )


def statements(ledger: str, table: str, rows: Sequence[Entry]) -> Iterator[str]:
    """The statements that copy rows of the ledger into the table of a checkpoint."""
    ids = [row.row_id for row in rows]
    begin = f"CREATE TABLE {table} AS"
    for first in range(0, len(ids), IDS):
        listed = text(json.dumps(ids[first : first + IDS]))
        yield (
            f"{begin}\nSELECT {_COPIED}\nFROM {ledger}\n"
            "WHERE row_id IN (\n"
            f"  SELECT id FROM UNNEST(CAST(JSON_PARSE({listed}) AS ARRAY(VARCHAR)))"
            " AS ids (id)\n)"
        )
        begin = f"INSERT INTO {table}"


def is_whole(table: str, place: Place, rows: Sequence[Entry], count: int) -> bool:
    """True where what was read by a checkpoint is what the run that made it saw: it is
    on record, no row that it covers came or went since, and its table holds what it held.
    """
    marks = [row for row in of_event(rows, Checkpoint) if row.detail.table == table]
    if not marks:
        return False
    copied = [row for row in rows if place_of(row) <= place]
    told = marks[0].detail
    return told.covered == count and told.digest == digest(copied)
