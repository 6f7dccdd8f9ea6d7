"""Members to add and to remove, as SQL over snapshots; pure.

A snapshot is a table of the state database with columns `kind`, `label`, `value`, `since`. With ∅ a value like
any other: certain = delivered ∩ every pending, possible = delivered ∪ every pending, remove = possible − next,
add = next − certain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from runner.plan.ledger import Deployed, Destination
from runner.sql.tokens import indented

COLUMNS = "kind, label, value"
NOBODY = "SELECT '' AS kind, '' AS label, '' AS value WHERE 1 = 0"


@dataclass(frozen=True, slots=True)
class Sets:
    """SELECTs of `kind, label, value`, distinct: who may be in Braze, who certainly is, who is wanted."""

    possible: str
    certain: str
    next: str

    @property
    def removals(self) -> str:
        """possible − next."""
        return _minus(self.possible, self.next)

    @property
    def additions(self) -> str:
        """next − certain."""
        return _minus(self.next, self.certain)


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


def sets(deployed: Deployed, *, next_sql: str, state: str) -> Sets:
    """The three sets for a cohort; `next_sql` selects the wanted members (`NOBODY` for a withdrawal)."""
    tables = [f'SELECT {COLUMNS} FROM "{state}"."{table}"' for table in deployed.possible]
    sure = [f'SELECT {COLUMNS} FROM "{state}"."{table}"' for table in deployed.certain]
    return Sets(
        possible=_joined(tables, "UNION") if tables else NOBODY,
        certain=_joined(sure, "INTERSECT") if sure else NOBODY,
        next=next_sql,
    )


def members_of(table: str | None, state: str) -> str:
    """The members of one snapshot; nobody where there is none."""
    return f'SELECT {COLUMNS} FROM "{state}"."{table}"' if table else NOBODY


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
        f"SELECT wanted.kind, wanted.label, wanted.value, {since} AS since\n"
        f"FROM (\n{indented(members)}\n) AS wanted{join}"
    )


def count(which: Sets) -> str:
    """One row of four counts: before (possible), after (next), added, removed. Each set is read once."""
    tagged = [
        f"SELECT {COLUMNS}, {int(tag == 0)} AS possible, {int(tag == 1)} AS certain, {int(tag == 2)} AS wanted\n"
        f"FROM (\n{indented(sql)}\n) AS members"
        for tag, sql in enumerate((which.possible, which.certain, which.next))
    ]
    return (
        "SELECT\n"
        "  COALESCE(SUM(possible), 0) AS before_count,\n"
        "  COALESCE(SUM(wanted), 0) AS after_count,\n"
        "  COALESCE(SUM(CASE WHEN wanted = 1 AND certain = 0 THEN 1 ELSE 0 END), 0) AS added_count,\n"
        "  COALESCE(SUM(CASE WHEN possible = 1 AND wanted = 0 THEN 1 ELSE 0 END), 0) AS removed_count\n"
        "FROM (\n"
        f"SELECT {COLUMNS}, MAX(possible) AS possible, MAX(certain) AS certain, MAX(wanted) AS wanted\n"
        f"FROM (\n{_joined(tagged, 'UNION ALL')}\n) AS tagged\n"
        f"GROUP BY {COLUMNS}\n"
        ") AS members"
    )


def export(members: str, *, one: bool = False) -> str:
    """Members as the connector wants them: one column named exactly `user_ids`. `one`: only a single one of them."""
    value = "MIN(value)" if one else "value"
    return f"SELECT {value} AS user_ids\nFROM (\n{members}\n) AS members\nWHERE kind = 'external_id'"


def _minus(left: str, right: str) -> str:
    if right == NOBODY:
        return left
    return f"SELECT {COLUMNS} FROM (\n{left}\n) AS these\nEXCEPT\nSELECT {COLUMNS} FROM (\n{right}\n) AS those"


def _joined(selects: Sequence[str], operator: str) -> str:
    return f"\n{operator}\n".join(selects)
