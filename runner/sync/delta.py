"""Members to add and to remove, as SQL over snapshots; pure.

A snapshot is a table of the state database with columns `kind`, `label`, `value`, `spellings`, `type`, `since`. With ∅
a value like any other: certain = delivered ∩ every pending, possible = delivered ∪ every pending,
remove = possible − next, add = next − certain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.identifiers import Handle, Kind
from runner.plan.guards import Count, Counts
from runner.plan.ledger import Deployed, Destination
from runner.sql.members import COLUMNS, NOTED, of_handle
from runner.sql.tokens import indented

NOBODY = "SELECT '' AS kind, '' AS label, '' AS value, 0 AS spellings, '' AS type WHERE 1 = 0"


@dataclass(frozen=True, slots=True)
class Sets:
    """SELECTs of members: who may be in Braze, who certainly is, who is wanted (with what is noted of them)."""

    possible: str
    certain: str
    next: str

    @property
    def removals(self) -> str:
        """possible − next."""
        return _minus(self.possible, self.next)

    def additions(self, *, whole: bool) -> str:
        """next − certain, or `next` as a whole."""
        return self.next if whole else _minus(self.next, self.certain)


def table_name(where: Destination, epoch: int, attempt: int) -> str:
    """A snapshot's table: fixed width, so that no name is the start of another; the destination only as a hash."""
    digest = hashlib.sha256(f"{where.workspace}\0{where.cohort_id}".encode()).hexdigest()[:16]
    return f"members_{digest}_{epoch:08d}_{attempt:02d}"


def snapshot_epoch(table: str) -> int | None:
    """The epoch in a snapshot's table name, or None where the table is something else."""
    head, _, rest = table.partition("_")
    digest, _, rest = rest.partition("_")
    epoch, _, attempt = rest.partition("_")
    is_ours = head == "members" and len(digest) == 16 and len(epoch) == 8 and len(attempt) == 2
    return int(epoch) if is_ours and epoch.isdigit() and attempt.isdigit() else None


def sets(deployed: Deployed, *, next_sql: str, state: str, recent_since: int | None = None) -> Sets:
    """The three sets for a cohort; `next_sql` selects the wanted members (`NOBODY` for a withdrawal).

    Members wanted since `recent_since` (unix seconds) or later are not certain: Braze may not have known them.
    """
    tables = [f'SELECT {COLUMNS} FROM "{state}"."{table}"' for table in deployed.possible]
    sure = [f'SELECT {COLUMNS} FROM "{state}"."{table}"' for table in deployed.certain]
    before = deployed.delivered.table if deployed.delivered else None
    if sure and before and recent_since is not None:
        sure[deployed.certain.index(before)] += f" WHERE since < {recent_since}"
    return Sets(
        possible=_joined(tables, "UNION") if tables else NOBODY,
        certain=_joined(sure, "INTERSECT") if sure else NOBODY,
        next=next_sql,
    )


def members_of(table: str | None, state: str) -> str:
    """The members of one snapshot; nobody where there is none."""
    return f'SELECT {COLUMNS}, {NOTED} FROM "{state}"."{table}"' if table else NOBODY


def create_snapshot(members: str, deployed: Deployed, *, table: str, state: str) -> str:
    """CREATE TABLE AS of the wanted members. `since` (unix seconds) is when a member was first wanted: kept from the
    delivered snapshot, else the run's time.
    """
    before = deployed.delivered.table if deployed.delivered else None
    since, join = "TD_SCHEDULED_TIME()", ""
    if before:
        since = "COALESCE(before.since, TD_SCHEDULED_TIME())"
        join = (
            f'\nLEFT JOIN "{state}"."{before}" AS before\n'
            "  ON before.kind = wanted.kind AND before.label = wanted.label AND before.value = wanted.value"
        )
    return (
        f'CREATE TABLE "{state}"."{table}" AS\n'
        f"SELECT wanted.kind, wanted.label, wanted.value, wanted.spellings, wanted.type, {since} AS since\n"
        f"FROM (\n{indented(members)}\n) AS wanted{join}"
    )


def count(asked: Mapping[str, Sets]) -> str:
    """One row of counts for each name and handle (see `counted`). Each set is read once."""
    return _joined([_count_of(name, which) for name, which in asked.items()], "UNION ALL")


def _count_of(name: str, which: Sets) -> str:
    tagged = [
        f"SELECT {COLUMNS}, {int(tag == 0)} AS possible, {int(tag == 1)} AS certain, {int(tag == 2)} AS wanted,"
        f" {NOTED if tag == 2 else NO_NOTES}\n"
        f"FROM (\n{indented(sql)}\n) AS members"
        for tag, sql in enumerate((which.possible, which.certain, which.next))
    ]
    return (
        f"SELECT CAST('{name}' AS VARCHAR) AS name, kind, label,\n"
        "  SUM(possible) AS before_count,\n"
        "  SUM(wanted) AS after_count,\n"
        "  SUM(CASE WHEN wanted = 1 AND possible = 0 THEN 1 ELSE 0 END) AS entering_count,\n"
        "  SUM(CASE WHEN wanted = 1 AND certain = 0 THEN 1 ELSE 0 END) AS missing_count,\n"
        "  SUM(CASE WHEN possible = 1 AND wanted = 0 THEN 1 ELSE 0 END) AS leaving_count,\n"
        "  SUM(CASE WHEN spellings > 1 THEN 1 ELSE 0 END) AS merged_count,\n"
        "  MAX(type) AS type\n"
        "FROM (\n"
        f"SELECT {COLUMNS}, MAX(possible) AS possible, MAX(certain) AS certain, MAX(wanted) AS wanted,"
        " MAX(spellings) AS spellings, MAX(type) AS type\n"
        f"FROM (\n{_joined(tagged, 'UNION ALL')}\n) AS tagged\n"
        f"GROUP BY {COLUMNS}\n"
        ") AS members\n"
        "GROUP BY kind, label"
    )


NO_NOTES = "0 AS spellings, '' AS type"


def counted(rows: Iterable[Sequence[Any]], name: str, deployed: Deployed, *, whole: bool) -> Counts:
    """One name's part of the answer to `count`.

    Membership in Braze belongs to a user, not to an identifier: where people are named in several ways, or by devices,
    a removal may take out somebody who is still wanted under another name, so then everyone wanted is sent after the
    removals (protocol section 4.3). `whole`: everyone is sent anyway.
    """
    by_handle = tuple(sorted((_count(row) for row in rows if row[0] == name), key=lambda found: found.handle))
    handles = {found.handle for found in by_handle if found.before or found.after}
    shared = len(handles) > 1 or any(handle.kind is Kind.DEVICE_ID for handle in handles)
    disturbed = bool(deployed.pending) or any(found.leaving for found in by_handle)
    return Counts(by_handle, whole or (shared and disturbed), deployed.largest_today)


def _count(row: Sequence[Any]) -> Count:
    _, kind, label, *numbers, type_name = row
    before, after, entering, missing, leaving, merged = (int(number) for number in numbers)
    handle = Handle(Kind(kind), label)
    return Count(handle, before, after, entering, missing, leaving, merged, str(type_name or "").lower())


def export(members: str, handle: Handle, *, one: bool = False) -> str:
    """Members of one handle as the connector wants them: one column of exact name. `one`: only a single one of them."""
    value = "MIN(value)" if one else "value"
    return (
        f'SELECT {value} AS "{handle.export_column}"\nFROM (\n{indented(members)}\n) AS members\n'
        f"WHERE {of_handle(handle)}"
    )


def _minus(left: str, right: str) -> str:
    if right == NOBODY:
        return left
    return (
        f"SELECT {COLUMNS} FROM (\n{indented(left)}\n) AS these\n"
        f"EXCEPT\nSELECT {COLUMNS} FROM (\n{indented(right)}\n) AS those"
    )


def _joined(selects: Sequence[str], operator: str) -> str:
    return f"\n{operator}\n".join(selects)
