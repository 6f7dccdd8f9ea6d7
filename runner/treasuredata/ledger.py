"""The ledger as a table of the state database: read whole, appended to by idempotent jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from runner.errors import Locked
from runner.plan.ledger import SCHEMA_VERSION, Destination, Entry, Event, Ledger, fold
from runner.treasuredata.client import TreasureData

TABLE = "ledger"
COLUMNS = "ledger_id, schema_version, row_id, epoch, sequence, workspace, cohort_id, event, detail"

HIGH: Final = 1
"""Job priority of ledger writes: they must not queue behind a company's reports."""


class LedgerTable:
    """One state database's ledger. `token` is unique to the run and names its read-only jobs."""

    def __init__(self, client: TreasureData, database: str, *, token: str, clock: Callable[[], int]) -> None:
        self._client, self._database, self._token, self._clock = client, database, token, clock
        self._reads = 0

    def exists(self) -> bool:
        """True when the state database and its ledger are there."""
        return self._database in self._client.databases() and TABLE in self._client.tables(self._database)

    def bootstrap(self) -> None:
        """Create the state database and a ledger whose first row names it."""
        self._client.create_database(self._database)
        first = Entry(f"{self._token}-0", 0, 0, Destination(), Event.BOOTSTRAP, {"ledger_id": self._token})
        self._client.run(
            self._database,
            f'CREATE TABLE "{self._database}"."{TABLE}" AS\n{_select([first], self._token)}',
            key=f"cohorts-{self._token}-bootstrap",
            scheduled_time=self._clock(),
            what="creating the ledger",
            priority=HIGH,
        )

    def read(self) -> Ledger:
        """The whole ledger, folded. Raises Locked for one that this version cannot use."""
        rows = self._select(
            "SELECT row_id, epoch, sequence, workspace, cohort_id, event, detail, time,"
            " schema_version, CAST(TO_UNIXTIME(NOW()) AS BIGINT) AS now\n"
            f'FROM "{self._database}"."{TABLE}"'
        )
        newest = max((int(row[8]) for row in rows), default=SCHEMA_VERSION)
        if newest > SCHEMA_VERSION:
            raise Locked(
                "L002",
                f"the ledger in {self._database} is of a newer version (schema {newest}, not {SCHEMA_VERSION})",
                "upgrade cohort-runner",
            )
        ledger = fold((_entry(row) for row in rows), now=int(rows[0][9]) if rows else 0)
        if not ledger.id:
            raise Locked(
                "L003",
                f"the table {self._database}.{TABLE} is not a ledger: it has no first row",
                "look at what happened to it; nothing is synced without the memory of what is in Braze",
            )
        return ledger

    def append(self, ledger: Ledger, entries: Sequence[Entry], *, key: str) -> None:
        """Write rows in one INSERT, once, whatever happens to the answers: `key` is its domain key."""
        self._client.run(
            self._database,
            f'INSERT INTO "{self._database}"."{TABLE}" ({COLUMNS})\n{_select(entries, ledger.id)}',
            key=key,
            scheduled_time=self._clock(),
            what="writing to the ledger",
            priority=HIGH,
        )

    def sees(self, row_id: str) -> tuple[bool, int]:
        """Whether a row is visible, and the highest epoch, in one SELECT (protocol section 3)."""
        rows = self._select(
            f"SELECT COUNT_IF(row_id = {_text(row_id)}) AS visible, MAX(epoch) AS highest\n"
            f'FROM "{self._database}"."{TABLE}"'
        )
        return bool(rows[0][0]), int(rows[0][1])

    def _select(self, sql: str) -> Sequence[list[Any]]:
        self._reads += 1
        return self._client.select(
            self._database,
            sql,
            key=f"cohorts-{self._token}-read-{self._reads}",
            scheduled_time=self._clock(),
            what="reading the ledger",
        )


def _entry(row: list[Any]) -> Entry:
    row_id, epoch, sequence, workspace, cohort_id, event, detail, time, *_ = row
    try:
        known = Event(event)
    except ValueError:
        raise Locked(
            "L002",
            f"the ledger has an event that this version does not know ({event})",
            "upgrade cohort-runner",
        ) from None
    return Entry(
        row_id,
        int(epoch),
        int(sequence),
        Destination(workspace, cohort_id),
        known,
        json.loads(detail),
        int(time),
    )


def _select(entries: Sequence[Entry], ledger_id: str) -> str:
    rows = ",\n".join(
        f"  ({_text(ledger_id)}, {SCHEMA_VERSION}, {_text(entry.row_id)}, {entry.epoch}, {entry.sequence},"
        f" {_text(entry.destination.workspace)}, {_text(entry.destination.cohort_id)}, {_text(entry.event)},"
        f" {_text(json.dumps(entry.detail, sort_keys=True))})"
        for entry in entries
    )
    return f"SELECT {COLUMNS}\nFROM (\n  VALUES\n{rows}\n) AS entries ({COLUMNS})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
