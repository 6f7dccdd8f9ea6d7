"""The ledger as a table of the state database: read whole, appended to by idempotent jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from runner.errors import Locked
from runner.plan.compaction import START, Place, compacted, digest, matters, place_of
from runner.plan.events import Bootstrap, Checkpoint
from runner.plan.fold import fold
from runner.plan.ledger import SCHEMA_VERSION, Destination, Entry, Ledger, Row
from runner.treasuredata import checkpoints, pages
from runner.treasuredata.client import JobFailed, Rows, TreasureData
from runner.treasuredata.rows import READ, apart, entries_of, in_groups, text

TABLE = "cohort_ledger"
TYPES = {
    "ledger_id": "VARCHAR",
    "schema_version": "BIGINT",
    "row_id": "VARCHAR",
    "epoch": "BIGINT",
    "sequence": "BIGINT",
    "workspace": "VARCHAR",
    "cohort_id": "VARCHAR",
    "event": "VARCHAR",
    "detail": "JSON",
}
"""How rows are read where they are written. The table keeps `detail` as text."""

COLUMNS = ", ".join(TYPES)

MISSING_COLUMN = "cannot be resolved"
"""Trino's words for a column that a table does not have."""

TOO_NARROW = "Cannot truncate"
"""Trino's words for a text that is longer than its column."""

TRIED = 2
"""Checkpoints that are tried, before all rows are read."""

LONGEST = 900_000
"""Characters of rows in one INSERT; a query may have 1,000,000 (docs/services.md, Issuing a job).
"""


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """Rows of the ledger that are folded to all of it, in any order."""

    entries: Sequence[Entry]
    now: int
    """The server's clock; unix seconds."""
    since: Place = START
    """The place up to which only those rows are there that still matter."""
    covered: int = 0
    """How many rows there are up to that place, each as often as it is there."""
    table: str = ""
    """The checkpoint's table that they were read from, or nothing."""
    read: int = 0
    """How many rows of the ledger itself were read."""

    def after(self) -> Sequence[Entry]:
        """The rows after `since`."""
        return [row for row in self.entries if place_of(row) > self.since]


See = Callable[[Sequence[Entry]], None]
"""Sees rows of the ledger as they are read."""

NOW = "CAST(FLOOR(TO_UNIXTIME(NOW())) AS BIGINT)"
"""The server's clock, rounded down: it is never ahead of itself."""


class LedgerTable:
    """One state database's ledger. `token` is unique to the run and names its read-only jobs."""

    def __init__(
        self,
        client: TreasureData,
        database: str,
        *,
        token: str,
        clock: Callable[[], int],
    ) -> None:
        self._client = client
        self._database = database
        self._token = token
        self.clock = clock
        self._reads = count()
        self._name = f'"{database}"."{TABLE}"'
        self._where = f"{database}.{TABLE}"
        self._tables: frozenset[str] | None = None

    def exists(self) -> bool:
        """True when the state database and its ledger are there."""
        if self._database not in self._client.databases():
            return False
        self._tables = self._client.tables(self._database)
        return TABLE in self._tables

    def bootstrap(self) -> None:
        """Create the state database and a ledger whose first row names it. Of two who
        do it at once, one makes it.
        """
        self._client.create_database(self._database)
        row_id = f"{self._token}-0"
        first = Row(row_id, 0, 0, Destination(), Bootstrap(self._token))
        rows = select([first], self._token)
        self._client.run(
            self._database,
            f"CREATE TABLE IF NOT EXISTS {self._name} AS\n{rows}",
            key=f"cohorts-{self._token}-bootstrap",
            scheduled_time=self.clock(),
            what="creating the ledger",
            urgent=True,
        )

    def read(self) -> Ledger:
        """The whole ledger, folded. Raises Locked for one that this version cannot use."""
        rows = self.rows()
        return fold(rows.entries, now=rows.now)

    def rows(self) -> LedgerRows:
        """The rows that still matter, by the newest checkpoint that fits the ledger; all
        of them where there is none. Raises Locked for what is not a ledger.
        """
        if self._tables is None:
            self._tables = self._client.tables(self._database)
        for table in checkpoints.newest(self._tables)[:TRIED]:
            if found := self._since(table):
                return found
        # another run has perhaps made a checkpoint meanwhile: the next reading looks
        self._tables = None
        return self.whole(lambda: _nothing)

    def whole(self, begin: Callable[[], See]) -> LedgerRows:
        """The rows that still matter, by reading all of them. `begin` begins a reading:
        what it returns sees the rows about whole runs, then those of one cohort after
        the other. Raises Locked for what is not a ledger.
        """
        try:
            return self._in_order(begin)
        except (JobFailed, Locked):
            # whoever reads all rows at once can say how many are wrong
            entries, now = self.entries()
            begin()(entries)
            return LedgerRows(entries, now, read=len(entries))

    def _in_order(self, begin: Callable[[], See]) -> LedgerRows:
        """The same, one row after the other: a ledger of years would not fit into
        memory. Raises JobFailed, and Locked at the first row that is not right.
        """

        def reduced(rows: Iterator[list[Any]]) -> LedgerRows:
            return _compacted(rows, self._where, begin())

        return self._client.reduced(
            self._database,
            f"SELECT {READ}, {NOW} AS now\nFROM {self._name}\n"
            "ORDER BY workspace, cohort_id, epoch, sequence",
            reduced,
            key=f"cohorts-{self._token}-read-{next(self._reads)}",
            scheduled_time=self.clock(),
            what="reading the ledger",
            urgent=True,
        )

    def _since(self, table: str) -> LedgerRows | None:
        """The rows by one checkpoint; None where it does not fit the ledger."""
        place = checkpoints.place_covered(table)
        if place is None:
            return None
        copy = f'"{self._database}"."{table}"'
        try:
            told = self._read(checkpoints.select(self._name, copy, place, NOW))
            rows, number = apart(told)
            entries = entries_of([row[:-1] for row in rows], self._where)
        except Locked:
            # whatever is wrong is wrong with all rows too, or else with the copy alone
            return None
        if not checkpoints.is_whole(table, place, entries, number):
            return None
        new = sum(place_of(row) > place for row in entries)
        return LedgerRows(entries, int(told[0][-1]), place, number, table, new)

    def copy(
        self, rows: LedgerRows, place: Place, *, made_in: int, key: str
    ) -> Checkpoint:
        """Copy the rows up to a place that still matter into a table of their own, in
        the epoch `made_in`; what to put on record of it. `key` begins the domain keys.
        Raises JobFailed.
        """
        kept = matters(rows.entries, place, rows.now)
        table = checkpoints.name(place, made_in)
        copy = f'"{self._database}"."{table}"'
        for number, sql in enumerate(checkpoints.statements(self._name, copy, kept)):
            self._client.run(
                self._database,
                sql,
                key=f"{key}-{number}",
                scheduled_time=self.clock(),
                what="copying rows of the ledger that still matter",
            )
        new = sum(place_of(row) <= place for row in rows.after())
        return Checkpoint(
            table, place.epoch, place.sequence, rows.covered + new, digest(kept)
        )

    def entries(self) -> tuple[Sequence[Entry], int]:
        """Every row, in any order, and the server's clock (unix seconds). Raises Locked
        for what is not a ledger.
        """
        rows = self._read(f"SELECT {READ}, {NOW} AS now\nFROM {self._name}")
        entries = entries_of([row[:-1] for row in rows], self._where)
        return entries, int(rows[0][-1])

    def _read(self, sql: str) -> Rows:
        """Rows of the ledger. Raises Locked for what is not a ledger, and where nothing
        can be read: without it nobody knows who is in Braze.
        """
        try:
            return self._select(sql)
        except JobFailed as exc:
            if MISSING_COLUMN not in exc.what:
                raise Locked(exc.code, exc.what, exc.fix) from None
            what = f"the table {self._where} is not a ledger: it has other columns"
            fix = (
                "find out what happened to the table; nothing is synced without a"
                " ledger of who is in Braze"
            )
            raise Locked("L003", what, fix) from None

    def cohorts(self) -> frozenset[str]:
        """The ids in Braze that the ledger has rows of."""
        rows = self._read(
            f"SELECT DISTINCT cohort_id\nFROM {self._name}\nWHERE cohort_id <> ''"
        )
        return frozenset(row[0] for row in rows)

    def newest(
        self, most: int, cohorts: Collection[str] | None
    ) -> tuple[Sequence[Entry], int]:
        """The rows of the newest attempts and acts, at least `most` of them where there
        are as many, with those of their runs; and how many attempts and acts there are
        in all. `cohorts` are ids in Braze: only those are looked at. Raises Locked.
        """
        told = self._read(pages.select(self._name, most, cohorts))
        rows, number = apart(told)
        return entries_of(rows, self._where), number

    def append(
        self, ledger: Ledger, entries: Sequence[Entry], *, key: str, once: bool = False
    ) -> None:
        """Write rows, whatever happens to the answers, in as few INSERTs as their size
        allows; `key` is the domain key of the first. One that fails is made again,
        unless it must be made `once` at most: it may have been applied, but rows are
        read once however often they are there. Raises JobFailed.
        """
        into = f"INSERT INTO {self._name} ({COLUMNS})"
        rows = [_row(entry, ledger.id) for entry in entries]
        for number, part in enumerate(_parts(rows)):
            sql = f"{into}\n{_select(part)}"
            mine = key
            if number > 0:
                mine = f"{key}-{number}"
            try:
                self._insert(sql, mine)
            except JobFailed as exc:
                if TOO_NARROW in exc.what:
                    raise self._narrow(ledger) from None
                if once:
                    raise
                self._insert(sql, f"{mine}-again")

    def _narrow(self, ledger: Ledger) -> Locked:
        """Why nothing can be written: earlier versions gave a column the length of its
        first text.
        """
        where = f"{self._database}.{TABLE}"
        what = f"the columns of the ledger {where} are too narrow for its rows"
        fix = (
            "copy it into a table with wider columns: `cohorts explain L022` tells how"
        )
        if not ledger.epoch:
            fix = (
                f"the ledger is empty: delete the table {where}, then run `cohorts"
                " bootstrap`"
            )
        return Locked("L022", what, fix)

    def _insert(self, sql: str, key: str) -> None:
        """Write rows, as a job that goes before others."""
        what = "writing to the ledger"
        now = self.clock()
        self._client.run(
            self._database, sql, key=key, scheduled_time=now, what=what, urgent=True
        )

    def sees(self, row_ids: Sequence[str]) -> tuple[frozenset[str], int]:
        """Which of these rows are visible, and the highest epoch (docs/delivery.md, One writer)."""
        asked = ", ".join(text(row_id) for row_id in row_ids)
        rows = self._select(
            f"SELECT CASE WHEN row_id IN ({asked}) THEN row_id END AS seen,"
            " MAX(epoch) AS highest\n"
            f"FROM {self._name}\n"
            "GROUP BY 1"
        )
        seen = frozenset(row[0] for row in rows if row[0])
        highest = max(int(row[1]) for row in rows)
        return seen, highest

    def _select(self, sql: str) -> Sequence[list[Any]]:
        """Read rows, as a job that goes before others; each read has a key of its own."""
        return self._client.select(
            self._database,
            sql,
            key=f"cohorts-{self._token}-read-{next(self._reads)}",
            scheduled_time=self.clock(),
            what="reading the ledger",
            urgent=True,
        )


def _nothing(rows: Sequence[Entry]) -> None:
    """See rows, and keep nothing of them."""


def _compacted(rows: Iterator[list[Any]], table: str, see: See) -> LedgerRows:
    """The rows that still matter, of rows of READ with the server's clock at their end,
    which are sorted by what they are about; `see` sees all. Raises Locked.
    """
    first = next(rows, None)
    if first is None:
        # refused: a ledger has a first row
        return LedgerRows(entries_of((), table), 0)
    now = int(first[-1])
    bare = (row[:-1] for row in chain([first], rows))

    def seen() -> Iterator[Sequence[Entry]]:
        for group in in_groups(bare, table):
            see(group)
            yield group

    found = compacted(seen(), now)
    return LedgerRows(found.entries, now, found.place, found.covered, read=found.read)


def _parts(rows: Iterable[str]) -> Iterator[Sequence[str]]:
    """Rows in order, in parts that are no longer than a query may be; a row is never
    that long (`sql.budget`).
    """
    part: list[str] = []
    size = 0
    for row in rows:
        if part and size + len(row) > LONGEST:
            yield part
            part = []
            size = 0
        part.append(row)
        size += len(row)
    if part:
        yield part


def select(entries: Sequence[Entry], ledger_id: str) -> str:
    """A SELECT of rows as the table keeps them."""
    return _select([_row(entry, ledger_id) for entry in entries])


def _select(rows: Sequence[str]) -> str:
    """Rows as one JSON text: Trino plans that at once, and a row of VALUES in 2 ms."""
    listed = ",\n".join(rows)
    typed = [f"{name} {kind}" for name, kind in TYPES.items()]
    types = ", ".join(typed)
    columns = COLUMNS.replace("detail", "JSON_FORMAT(detail) AS detail")
    return (
        f"SELECT {columns}\n"
        f"FROM UNNEST(CAST(JSON_PARSE('[\n{listed}\n]') AS ARRAY(ROW({types}))))"
        f" AS entries ({COLUMNS})"
    )


def _row(entry: Entry, ledger_id: str) -> str:
    """An entry as JSON inside an SQL text. `detail` is JSON within JSON, not a text of
    it: so no quote in it is escaped twice, and the longest row is twice as long as what
    it tells.
    """
    where = entry.destination
    row = {
        "ledger_id": ledger_id,
        "schema_version": SCHEMA_VERSION,
        "row_id": entry.row_id,
        "epoch": entry.epoch,
        "sequence": entry.sequence,
        "workspace": where.workspace,
        "cohort_id": where.cohort_id,
        "event": entry.event.value,
        "detail": dict(sorted(entry.detail.written().items())),
    }
    # written as ASCII, \uXXXX would make a text six times as long
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).replace("'", "''")
