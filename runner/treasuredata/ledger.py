"""The ledger as a table of the state database: read whole, appended to by idempotent jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any

from runner.errors import Locked
from runner.plan.fold import fold
from runner.plan.ledger import SCHEMA_VERSION, Destination, Entry, Event, Ledger
from runner.treasuredata.client import JobFailed, TreasureData
from runner.treasuredata.rows import READ, entries_of

TABLE = "cohort_ledger"
COLUMNS = "ledger_id, schema_version, row_id, epoch, sequence, workspace, cohort_id, event, detail"

MISSING_COLUMN = "cannot be resolved"
"""Trino's words for a column that a table does not have."""

LONGEST = 900_000
"""Characters of rows in one INSERT; Treasure Data takes a query of 1,000,000 (wire facts 1.1)."""


class LedgerTable:
    """One state database's ledger. `token` is unique to the run and names its read-only jobs."""

    def __init__(self, client: TreasureData, database: str, *, token: str, clock: Callable[[], int]) -> None:
        self._client, self._database, self._token, self.clock = client, database, token, clock
        self._reads = count()

    def exists(self) -> bool:
        """True when the state database and its ledger are there."""
        return self._database in self._client.databases() and TABLE in self._client.tables(self._database)

    def bootstrap(self) -> None:
        """Create the state database and a ledger whose first row names it. Of two who do it at once, one makes it."""
        self._client.create_database(self._database)
        first = Entry(f"{self._token}-0", 0, 0, Destination(), Event.BOOTSTRAP, {"ledger_id": self._token})
        self._client.run(
            self._database,
            f'CREATE TABLE IF NOT EXISTS "{self._database}"."{TABLE}" AS\n{_select([_values(first, self._token)])}',
            key=f"cohorts-{self._token}-bootstrap",
            scheduled_time=self.clock(),
            what="creating the ledger",
            urgent=True,
        )

    def read(self) -> Ledger:
        """The whole ledger, folded. Raises Locked for one that this version cannot use."""
        entries, now = self.entries()
        return fold(entries, now=now)

    def entries(self) -> tuple[Sequence[Entry], int]:
        """Every row, in any order, and the server's clock (unix seconds). Raises Locked for what is not a ledger."""
        where = f"{self._database}.{TABLE}"
        try:
            rows = self._select(
                f'SELECT {READ}, CAST(TO_UNIXTIME(NOW()) AS BIGINT) AS now\nFROM "{self._database}"."{TABLE}"'
            )
        except JobFailed as exc:
            if MISSING_COLUMN not in exc.what:
                raise Locked(exc.code, exc.what, exc.fix) from None
            fix = "look at what happened to it; nothing is synced without the memory of what is in Braze"
            raise Locked("L003", f"the table {where} is not a ledger: it has other columns", fix) from None
        return entries_of([row[:-1] for row in rows], where), int(rows[0][-1])

    def append(self, ledger: Ledger, entries: Sequence[Entry], *, key: str) -> None:
        """Write rows once, whatever happens to the answers, in one INSERT or as few as their size allows: `key` is the
        domain key of the first.
        """
        for number, part in enumerate(_parts([_values(entry, ledger.id) for entry in entries])):
            self._client.run(
                self._database,
                f'INSERT INTO "{self._database}"."{TABLE}" ({COLUMNS})\n{_select(part)}',
                key=f"{key}-{number}" if number else key,
                scheduled_time=self.clock(),
                what="writing to the ledger",
                urgent=True,
            )

    def sees(self, row_ids: Sequence[str]) -> tuple[frozenset[str], int]:
        """Which of these rows are visible, and the highest epoch, in one SELECT (protocol section 3)."""
        asked = ", ".join(_text(row_id) for row_id in row_ids)
        rows = self._select(
            f"SELECT CASE WHEN row_id IN ({asked}) THEN row_id END AS seen, MAX(epoch) AS highest\n"
            f'FROM "{self._database}"."{TABLE}"\n'
            "GROUP BY 1"
        )
        return frozenset(row[0] for row in rows if row[0]), max(int(row[1]) for row in rows)

    def _select(self, sql: str) -> Sequence[list[Any]]:
        return self._client.select(
            self._database,
            sql,
            key=f"cohorts-{self._token}-read-{next(self._reads)}",
            scheduled_time=self.clock(),
            what="reading the ledger",
            urgent=True,
        )


def _parts(rows: Iterable[str]) -> Iterator[Sequence[str]]:
    """Rows in order, in parts that are no longer than a query may be; a row is never that long (`sql.budget`)."""
    part: list[str] = []
    size = 0
    for row in rows:
        if part and size + len(row) > LONGEST:
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row)
    if part:
        yield part


def _select(rows: Sequence[str]) -> str:
    values = ",\n".join(rows)
    return f"SELECT {COLUMNS}\nFROM (\n  VALUES\n{values}\n) AS entries ({COLUMNS})"


def _values(entry: Entry, ledger_id: str) -> str:
    detail = json.dumps(entry.detail, sort_keys=True, ensure_ascii=False)  # \uXXXX would make a text six times as long
    where = entry.destination
    return (
        f"  ({_text(ledger_id)}, {SCHEMA_VERSION}, {_text(entry.row_id)}, {entry.epoch}, {entry.sequence},"
        f" {_text(where.workspace)}, {_text(where.cohort_id)}, {_text(entry.event)}, {_text(detail)})"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
