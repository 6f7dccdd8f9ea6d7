"""Members to add and to remove, as SQL over snapshots; pure.

A snapshot is a table of the state database with columns `kind`, `label`, `value`,
`spellings`, `type`, `since`. With ∅ a value like any other: certain = delivered ∩ every
pending, possible = delivered ∪ every pending, remove = possible − next, add = next −
certain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.definitions.cohort import Mode
from runner.identifiers import Handle, Kind
from runner.plan.guards import Count, Counts, is_shared
from runner.plan.ledger import Deployed, Destination
from runner.sql.members import COLUMNS, NOTED, NOTES, key_of, of_handle
from runner.sql.tokens import indented

MOST_SHARED = 5
"""Other cohorts that are told of."""

EMPTY = "CAST('' AS VARCHAR)"
NOBODY = f"SELECT {EMPTY} AS kind, {EMPTY} AS label, {EMPTY} AS value, 0 AS spellings, {EMPTY} AS type WHERE 1 = 0"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table of members: whether they may be in Braze, and those `since` before which
    are certainly there (0: nobody is; None: whenever).
    """

    table: str
    possible: bool
    certain_before: int | None

    def certain(self, people: str) -> str:
        """The certain ones, as a SELECT; `people` selects all."""
        return (
            people
            if self.certain_before is None
            else f"{people} AND since < {self.certain_before}"
        )

    @property
    def tags(self) -> str:
        """Columns that say of a member which of the two it is."""
        certain = (
            "1"
            if self.certain_before is None
            else f"CASE WHEN since < {self.certain_before} THEN 1 ELSE 0 END"
        )
        return f"{int(self.possible)} AS possible, {'0' if self.certain_before == 0 else certain} AS certain"


@dataclass(frozen=True, slots=True)
class Sets:
    """SELECTs of members: who may be in Braze, who certainly is, who is wanted (with
    what is noted of them).
    """

    snapshots: tuple[Snapshot, ...]
    next: str
    state: str

    @property
    def possible(self) -> str:
        """Who is in any snapshot of those who may be there."""
        return (
            _joined(
                [
                    _people(each.table, self.state)
                    for each in self.snapshots
                    if each.possible
                ],
                "UNION",
            )
            or NOBODY
        )

    @property
    def certain(self) -> str:
        """Who is in every snapshot of those who are there."""
        sure = [
            each.certain(_people(each.table, self.state))
            for each in self.snapshots
            if each.certain_before != 0
        ]
        return _joined(sure, "INTERSECT") or NOBODY

    def removals(self, handle: Handle) -> str:
        """possible − next: the values of one handle."""
        return _minus(
            values_of(self.possible, handle), _values_or_none(self.next, handle)
        )

    def additions(self, handle: Handle, *, whole: bool) -> str:
        """next − certain, or `next` as a whole: the values of one handle."""
        added = values_of(self.next, handle)
        return added if whole else _minus(added, _values_or_none(self.certain, handle))


def table_name(where: Destination, epoch: int, attempt: int) -> str:
    """A snapshot's table: fixed width, so that no name is the start of another; the
    destination only as a hash.
    """
    digest = hashlib.sha256(
        f"{where.workspace}\0{where.cohort_id}".encode()
    ).hexdigest()[:16]
    return f"members_{digest}_{epoch:08d}_{attempt:02d}"


def barred_name(epoch: int) -> str:
    """The table of those who are taken out of every cohort, as of one run."""
    return f"barred_{epoch:08d}"


def snapshot_epoch(table: str) -> int | None:
    """The epoch in the name of a table that a run made, or None where the table is something else."""
    head, _, rest = table.partition("_")
    if head == "barred" and len(rest) == 8 and rest.isdigit():
        return int(rest)
    digest, _, rest = rest.partition("_")
    epoch, _, attempt = rest.partition("_")
    is_ours = (
        head == "members"
        and len(digest) == 16
        and len(epoch) == 8
        and len(attempt) == 2
    )
    return int(epoch) if is_ours and epoch.isdigit() and attempt.isdigit() else None


def sets(
    deployed: Deployed, *, next_sql: str, state: str, recent_since: int | None = None
) -> Sets:
    """The three sets for a cohort; `next_sql` selects the wanted members (`NOBODY` for
    a withdrawal).

    Members wanted since `recent_since` (unix seconds) or later are not certain: Braze
    may not have known them.
    """
    before = deployed.delivered.certain if deployed.delivered else None
    sure = dict.fromkeys(deployed.certain, None) | (
        {before: recent_since} if before in deployed.certain else {}
    )
    snapshots = tuple(
        Snapshot(table, table in deployed.possible, sure.get(table, 0))
        for table in dict.fromkeys([*deployed.possible, *deployed.certain])
    )
    return Sets(snapshots, next_sql, state)


def taking_out(
    deployed: Deployed, *, next_sql: str, state: str, recent_since: int | None = None
) -> Sets:
    """The sets of mode `remove`: `next_sql` selects whom to take out, and those are
    certain who were taken out.
    """
    done = (
        (Snapshot(deployed.taken_out, possible=True, certain_before=recent_since),)
        if deployed.taken_out
        else ()
    )
    return Sets(done, next_sql, state)


def members_of(table: str | None, state: str) -> str:
    """The members of one snapshot; nobody where there is none."""
    return f'SELECT {COLUMNS}, {NOTED} FROM "{state}"."{table}"' if table else NOBODY


def everybody(wanted: str, deployed: Deployed, *, state: str, barred: str = "") -> str:
    """Mode `add`: who is wanted, and whoever may be in the cohort already, but nobody
    who is barred.
    """
    if not deployed.possible:
        return wanted
    return (
        f"SELECT {COLUMNS}, MAX(spellings) AS spellings, MAX(type) AS type\n"
        f"FROM (\n{indented(wanted)}\n  UNION ALL\n"
        f"{indented(staying(deployed, state=state, barred=barred))}\n) AS members\n"
        f"GROUP BY {COLUMNS}"
    )


def staying(
    deployed: Deployed, *, state: str, barred: str, certain: bool = False
) -> str:
    """Who may be in the cohort (or `certain`ly is) and is not barred."""
    tables = deployed.certain if certain else deployed.possible
    members = _joined(
        [_people(table, state) for table in tables], "INTERSECT" if certain else "UNION"
    )
    return (
        f"SELECT {COLUMNS}, 1 AS spellings, {EMPTY} AS type\nFROM (\n{indented(members or NOBODY)}\n) AS members"
        + (f"\nWHERE NOT ({_is_barred(barred)})" if barred else "")
    )


def shared(wanted: str, others: Mapping[str, str], *, state: str) -> str:
    """How many of the wanted members are in other cohorts too: a row with its name and
    the number for each that has any. `others`: snapshots by the names that are
    answered.
    """
    theirs = [
        f"SELECT CAST('{name}' AS VARCHAR) AS other, {COLUMNS}\nFROM \"{state}\".\"{table}\" WHERE kind <> ''"
        for name, table in others.items()
    ]
    return (
        f"SELECT theirs.other, COUNT(*) AS members\nFROM (\n{indented(wanted)}\n) AS mine\n"
        f"JOIN (\n{indented(_joined(theirs, 'UNION ALL'))}\n) AS theirs\n"
        "  ON theirs.kind = mine.kind AND theirs.label = mine.label AND theirs.value = mine.value\n"
        f"GROUP BY theirs.other\nORDER BY COUNT(*) DESC, theirs.other\nLIMIT {MOST_SHARED}"
    )


def left_over(deployed: Deployed, table: str, *, state: str) -> str:
    """Who may be in the cohort and is not among the members of a snapshot."""
    possible = _joined([_people(each, state) for each in deployed.possible], "UNION")
    these = f"SELECT {COLUMNS} FROM (\n{indented(possible)}\n) AS possible"
    remaining = _minus(these, _people(table, state))
    return f"SELECT {COLUMNS}, 1 AS spellings, {EMPTY} AS type\nFROM (\n{indented(remaining)}\n) AS members"


def leaving_barred(deployed: Deployed, *, state: str, barred: str) -> str:
    """Who may be in the cohort and is barred."""
    members = _joined([_people(table, state) for table in deployed.possible], "UNION")
    return (
        f"SELECT {COLUMNS}, 1 AS spellings, {EMPTY} AS type\nFROM (\n{indented(members or NOBODY)}\n) AS members\n"
        f"WHERE {_is_barred(barred)}"
    )


def with_barred(listed: str, deployed: Deployed, *, state: str, barred: str) -> str:
    """Mode `remove`: who is listed to be taken out, and whoever may be in the cohort and is barred."""
    if not barred or not deployed.possible:
        return listed
    return (
        f"SELECT {COLUMNS}, MAX(spellings) AS spellings, MAX(type) AS type\n"
        f"FROM (\n{indented(listed)}\n  UNION ALL\n"
        f"{indented(leaving_barred(deployed, state=state, barred=barred))}\n) AS members\n"
        f"GROUP BY {COLUMNS}"
    )


def _is_barred(barred: str) -> str:
    """A condition on `kind, label, value`."""
    return f"{key_of('LOWER(value)')} IN (SELECT {key_of('value')} FROM (\n{indented(barred)}\n) AS barred)"


def _people(table: str, state: str) -> str:
    return f'SELECT {COLUMNS} FROM "{state}"."{table}" WHERE kind <> \'\''


def create_barred(barred: str, *, table: str, state: str) -> str:
    """CREATE TABLE AS of the people who are taken out of every cohort, made once for a run."""
    return f'CREATE TABLE "{state}"."{table}" AS\n{barred}'


def create_snapshot(members: str, before: str | None, *, table: str, state: str) -> str:
    """CREATE TABLE AS of the wanted members. `since` (unix seconds) is when a member
    was first wanted: kept from the snapshot `before`, else the run's time.
    """
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
    return _joined(
        [_count_of(name, which) for name, which in asked.items()], "UNION ALL"
    )


def _count_of(name: str, which: Sets) -> str:
    """Every table is read once. Whoever is in as many snapshots of those who are
    certain as there are is certain.
    """
    sure = max(1, sum(each.certain_before != 0 for each in which.snapshots))
    return (
        f"SELECT CAST('{name}' AS VARCHAR) AS name,\n"
        "  COALESCE(wanted.kind, known.kind) AS kind,\n"
        "  COALESCE(wanted.label, known.label) AS label,\n"
        "  COUNT(CASE WHEN known.possible = 1 THEN 1 END) AS before_count,\n"
        "  COUNT(wanted.value) AS after_count,\n"
        "  COUNT(CASE WHEN COALESCE(known.possible, 0) = 0 THEN wanted.value END) AS entering_count,\n"
        f"  COUNT(CASE WHEN COALESCE(known.certain, 0) < {sure} THEN wanted.value END) AS missing_count,\n"
        "  COUNT(CASE WHEN known.possible = 1 AND wanted.value IS NULL THEN 1 END) AS leaving_count,\n"
        "  COUNT(CASE WHEN wanted.spellings > 1 THEN 1 END) AS merged_count,\n"
        "  MAX(wanted.spellings) AS most_spellings,\n"
        "  MAX(wanted.type) AS type\n"
        f"FROM (\n{indented(which.next)}\n) AS wanted\n"
        f"FULL JOIN (\n{indented(_known(which))}\n) AS known\n"
        "  ON known.kind = wanted.kind AND known.label = wanted.label AND known.value = wanted.value\n"
        "GROUP BY 2, 3"
    )


def _known(which: Sets) -> str:
    """One row for everybody in any snapshot: whether they may be in Braze, and how many
    snapshots are certain.
    """
    tagged = [
        f'SELECT {COLUMNS}, {each.tags}\nFROM "{which.state}"."{each.table}" WHERE kind <> \'\''
        for each in which.snapshots
    ]
    if not tagged:
        return (
            f"SELECT {COLUMNS}, 0 AS possible, 0 AS certain FROM ({NOBODY}) AS nobody"
        )
    if len(tagged) == 1:
        return tagged[0]
    return (
        f"SELECT {COLUMNS}, MAX(possible) AS possible, SUM(certain) AS certain\n"
        f"FROM (\n{indented(_joined(tagged, 'UNION ALL'))}\n) AS tagged\nGROUP BY {COLUMNS}"
    )


def counted(
    rows: Iterable[Sequence[Any]],
    name: str,
    deployed: Deployed,
    *,
    whole: bool,
    mode: Mode = Mode.MIRROR,
) -> Counts:
    """One name's part of the answer to `count`.

    Membership in Braze belongs to a user, not to an identifier: where people are named
    in several ways, or by devices, a removal may take out somebody who is still wanted
    under another name, so then everyone wanted is sent after the removals
    (docs/delivery.md, People and identifiers). `whole`: everyone is sent anyway. In
    mode `remove`, who is listed no longer is not anybody's business.
    """
    mine = [row for row in rows if row[0] == name]
    by_handle = tuple(
        sorted(
            (_count(row, mode) for row in mine if row[1]),
            key=lambda found: found.handle,
        )
    )
    noted = {row[2]: int(row[-2] or 0) for row in mine if not row[1] and row[4]}
    shared = is_shared(by_handle)
    disturbed = bool(deployed.pending) or any(found.leaving for found in by_handle)
    return Counts(
        by_handle,
        whole=whole or (shared and disturbed and mode is not Mode.REMOVE),
        largest_today=deployed.largest_today,
        unusable=noted.get(NOTES[0], 0),
        rows=sum(noted.values()),
        mode=mode,
    )


def _count(row: Sequence[Any], mode: Mode) -> Count:
    _, kind, label, *numbers, _, type_name = row
    before, after, entering, missing, leaving, merged = (
        int(number) for number in numbers
    )
    if mode is Mode.REMOVE:
        leaving = 0
    handle = Handle(Kind(kind), label)
    return Count(
        handle,
        before,
        after,
        entering,
        missing,
        leaving,
        merged,
        str(type_name or "").lower(),
    )


def export(values: str, handle: Handle, *, one: bool = False) -> str:
    """Values of one handle as the connector wants them: one column of exact name.
    `one`: only a single one of them.
    """
    value = "MIN(value)" if one else "value"
    return f'SELECT {value} AS "{handle.export_column}"\nFROM (\n{indented(values)}\n) AS members'


def values_of(members: str, handle: Handle) -> str:
    """The values of one handle among members: one column is compared faster than three."""
    return f"SELECT value FROM (\n{indented(members)}\n) AS members WHERE {of_handle(handle)}"


def _values_or_none(members: str, handle: Handle) -> str:
    return "" if members == NOBODY else values_of(members, handle)


def _minus(left: str, right: str) -> str:
    return f"{left}\nEXCEPT\n{right}" if right else left


def _joined(selects: Sequence[str], operator: str) -> str:
    return f"\n{operator}\n".join(selects)
