"""Members to add and to remove, as SQL over snapshots; pure.

A snapshot is a table of the state database with columns `kind`, `label`, `value`,
`spellings`, `type`, `since`. With ∅ a value like any other: certain = delivered ∩ every
pending, possible = delivered ∪ every pending, remove = possible − next, add = next −
certain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runner.definitions.cohort import Mode
from runner.identifiers import Handle, Kind
from runner.plan.guards import Count, Counts, is_shared
from runner.plan.ledger import Deployed, Destination
from runner.sql.members import COLUMNS, NOTED, NOTES, key_of, of_handle
from runner.sql.tokens import indented

MOST_SHARED = 5
"""Other cohorts that a count of shared members names."""

EMPTY = "CAST('' AS VARCHAR)"
NOBODY = (
    f"SELECT {EMPTY} AS kind, {EMPTY} AS label, {EMPTY} AS value,"
    f" 0 AS spellings, {EMPTY} AS type WHERE 1 = 0"
)
"""A SELECT of members without a row."""

UNNOTED = f"SELECT {COLUMNS}, 1 AS spellings, {EMPTY} AS type\nFROM"
"""Begins a SELECT of members of whom nothing was noted."""

MERGED = f"SELECT {COLUMNS}, MAX(spellings) AS spellings, MAX(type) AS type\nFROM"
"""Begins a SELECT of members that two others have; GROUP BY makes each one row."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table of members."""

    table: str
    possible: bool
    """True where they may be in Braze."""
    certain_before: int | None
    """Those whose `since` is before that time certainly are in Braze (unix seconds); 0:
    nobody is; None: all are.
    """

    def certain(self, people: str) -> str:
        """A SELECT of the certain members; `people` selects all of them."""
        if self.certain_before is None:
            return people
        return f"{people} AND since < {self.certain_before}"

    @property
    def tags(self) -> str:
        """Columns that say whether a member is possible, and whether it is certain."""
        return f"{int(self.possible)} AS possible, {self._is_certain} AS certain"

    @property
    def _is_certain(self) -> str:
        if self.certain_before is None:
            return "1"
        if self.certain_before == 0:
            return "0"
        return f"CASE WHEN since < {self.certain_before} THEN 1 ELSE 0 END"


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
        """A SELECT of whoever is in any snapshot of possible members."""
        tables = [each.table for each in self.snapshots if each.possible]
        selects = [_people(table, self.state) for table in tables]
        return _joined(selects, "UNION") or NOBODY

    @property
    def certain(self) -> str:
        """A SELECT of whoever is certain in every snapshot that has certain members."""
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
        if whole:
            return added
        return _minus(added, _values_or_none(self.certain, handle))


def table_name(where: Destination, epoch: int, attempt: int) -> str:
    """The name of a snapshot's table. It has a fixed width, so that no name is the start
    of another, and the destination only as a hash.
    """
    named = f"{where.workspace}\0{where.cohort_id}"
    digest = hashlib.sha256(named.encode()).hexdigest()[:16]
    return f"members_{digest}_{epoch:08d}_{attempt:02d}"


def suppression_table(epoch: int) -> str:
    """The name of the table with the people of `suppress`, as of one run."""
    return f"barred_{epoch:08d}"


def snapshot_epoch(table: str) -> int | None:
    """The epoch in the name of a table that a run made; None for any other table."""
    match table.split("_"):
        case ["barred", epoch] if _is_number(epoch, 8):
            return int(epoch)
        case ["members", digest, epoch, attempt] if (
            len(digest) == 16 and _is_number(epoch, 8) and _is_number(attempt, 2)
        ):
            return int(epoch)
        case _:
            return None


def _is_number(text: str, width: int) -> bool:
    return len(text) == width and text.isdigit()


def sets_of(
    mode: Mode,
    deployed: Deployed,
    *,
    next_sql: str,
    state: str,
    recent_since: int | None,
) -> Sets:
    """The three sets for a cohort in its mode."""
    which = sets
    if mode is Mode.REMOVE:
        which = taking_out
    return which(deployed, next_sql=next_sql, state=state, recent_since=recent_since)


def sets(
    deployed: Deployed, *, next_sql: str, state: str, recent_since: int | None = None
) -> Sets:
    """The three sets for a cohort; `next_sql` selects the wanted members (`NOBODY` for
    a withdrawal).

    Members wanted since `recent_since` (unix seconds) or later are not certain: Braze
    may not have known them.
    """
    sure: dict[str, int | None] = dict.fromkeys(deployed.certain)
    last = deployed.delivered
    if last and last.certain and last.certain in deployed.certain:
        sure[last.certain] = recent_since
    snapshots = []
    for table in dict.fromkeys([*deployed.possible, *deployed.certain]):
        is_possible = table in deployed.possible
        since = sure.get(table, 0)
        snapshots.append(Snapshot(table, is_possible, since))
    return Sets(tuple(snapshots), next_sql, state)


def taking_out(
    deployed: Deployed, *, next_sql: str, state: str, recent_since: int | None = None
) -> Sets:
    """The sets of mode `remove`: `next_sql` selects whom to take out, and those are
    certain who were taken out.
    """
    if not deployed.taken_out:
        return Sets((), next_sql, state)
    done = Snapshot(deployed.taken_out, possible=True, certain_before=recent_since)
    return Sets((done,), next_sql, state)


def members_of(table: str | None, state: str) -> str:
    """A SELECT of the members of one snapshot; of nobody where there is none."""
    if not table:
        return NOBODY
    return f'SELECT {COLUMNS}, {NOTED} FROM "{state}"."{table}"'


def everybody(
    wanted: str, deployed: Deployed, *, state: str, suppressed: str = ""
) -> str:
    """Mode `add`: a SELECT of who is wanted and of who may be in the cohort already, but
    not of those whom `suppressed` selects.
    """
    if not deployed.possible:
        return wanted
    return _both(wanted, staying(deployed, state=state, suppressed=suppressed))


def _both(one: str, other: str) -> str:
    """A SELECT of the members that are in any of two others, each once."""
    return (
        f"{MERGED} (\n{indented(one)}\n  UNION ALL\n"
        f"{indented(other)}\n) AS members\n"
        f"GROUP BY {COLUMNS}"
    )


def staying(
    deployed: Deployed, *, state: str, suppressed: str, certain: bool = False
) -> str:
    """A SELECT of who may be in the cohort (or `certain`ly is), but not of those whom
    `suppressed` selects; it is empty where there are none.
    """
    members = _possible(deployed, state)
    if certain:
        selects = [_people(table, state) for table in deployed.certain]
        members = _joined(selects, "INTERSECT") or NOBODY
    all_of_them = f"{UNNOTED} (\n{indented(members)}\n) AS members"
    if not suppressed:
        return all_of_them
    return f"{all_of_them}\nWHERE NOT ({_is_suppressed(suppressed)})"


def _possible(deployed: Deployed, state: str) -> str:
    """Everybody who may be in Braze."""
    selects = [_people(table, state) for table in deployed.possible]
    return _joined(selects, "UNION") or NOBODY


def shared(wanted: str, others: Mapping[str, str], *, state: str) -> str:
    """How many of the wanted members are in other cohorts too: a row for each cohort
    that has any, with its name and the number. `others` are the snapshots of cohorts, by
    their names.
    """
    theirs = [
        f"SELECT CAST('{name}' AS VARCHAR) AS other, {COLUMNS}\n"
        f'FROM "{state}"."{table}" WHERE kind <> \'\''
        for name, table in others.items()
    ]
    return (
        "SELECT theirs.other, COUNT(*) AS members\n"
        f"FROM (\n{indented(wanted)}\n) AS mine\n"
        f"JOIN (\n{indented(_joined(theirs, 'UNION ALL'))}\n) AS theirs\n"
        f"  ON {_same('theirs', 'mine')}\n"
        "GROUP BY theirs.other\n"
        "ORDER BY COUNT(*) DESC, theirs.other\n"
        f"LIMIT {MOST_SHARED}"
    )


def _same(one: str, other: str) -> str:
    """A condition: two rows name the same member."""
    return (
        f"{one}.kind = {other}.kind AND {one}.label = {other}.label"
        f" AND {one}.value = {other}.value"
    )


def left_over(deployed: Deployed, table: str, *, state: str) -> str:
    """A SELECT of who may be in the cohort and is not among the members of a snapshot."""
    possible = _joined([_people(each, state) for each in deployed.possible], "UNION")
    these = f"SELECT {COLUMNS} FROM (\n{indented(possible)}\n) AS possible"
    remaining = _minus(these, _people(table, state))
    return f"{UNNOTED} (\n{indented(remaining)}\n) AS members"


def leaving_suppressed(deployed: Deployed, *, state: str, suppressed: str) -> str:
    """A SELECT of who may be in the cohort, and whom `suppressed` selects."""
    members = _possible(deployed, state)
    return (
        f"{UNNOTED} (\n{indented(members)}\n) AS members\n"
        f"WHERE {_is_suppressed(suppressed)}"
    )


def with_suppressed(
    listed: str, deployed: Deployed, *, state: str, suppressed: str
) -> str:
    """Mode `remove`: a SELECT of who is listed to be taken out, and of who may be in the
    cohort and is suppressed.
    """
    if not suppressed or not deployed.possible:
        return listed
    leaving = leaving_suppressed(deployed, state=state, suppressed=suppressed)
    return _both(listed, leaving)


def _is_suppressed(suppressed: str) -> str:
    """A condition on `kind, label, value`."""
    member = key_of("LOWER(value)")
    listed = f"SELECT {key_of('value')} FROM (\n{indented(suppressed)}\n) AS barred"
    return f"{member} IN ({listed})"


def _people(table: str, state: str) -> str:
    """The members that a snapshot holds, without its notes."""
    return f'SELECT {COLUMNS} FROM "{state}"."{table}" WHERE kind <> \'\''


def create_suppression(people: str, *, table: str, state: str) -> str:
    """CREATE TABLE AS of the people of `suppress`, made once for a run."""
    return f'CREATE TABLE "{state}"."{table}" AS\n{people}'


def create_snapshot(members: str, before: str | None, *, table: str, state: str) -> str:
    """CREATE TABLE AS of the wanted members. `since` (unix seconds) is when a member
    was first wanted: kept from the snapshot `before`, else the run's time.
    """
    since = "TD_SCHEDULED_TIME()"
    join = ""
    if before:
        since = "COALESCE(before.since, TD_SCHEDULED_TIME())"
        join = (
            f'\nLEFT JOIN "{state}"."{before}" AS before\n'
            f"  ON {_same('before', 'wanted')}"
        )
    return (
        f'CREATE TABLE "{state}"."{table}" AS\n'
        "SELECT wanted.kind, wanted.label, wanted.value, wanted.spellings, wanted.type,"
        f" {since} AS since\n"
        f"FROM (\n{indented(members)}\n) AS wanted{join}"
    )


def count(asked: Mapping[str, Sets]) -> str:
    """A SELECT with a row of counts for each name and handle, which `counted` reads.
    Every table is read once.
    """
    counts = [_count_of(name, which) for name, which in asked.items()]
    return _joined(counts, "UNION ALL")


def _count_of(name: str, which: Sets) -> str:
    """The SELECT that counts the members of one name: before, after, and what differs."""
    # who is certain in all snapshots that have certain members is certain; without any,
    # nobody is, so that at least one is needed
    with_certain = sum(each.certain_before != 0 for each in which.snapshots)
    sure = max(1, with_certain)
    return (
        f"SELECT CAST('{name}' AS VARCHAR) AS name,\n"
        "  COALESCE(wanted.kind, known.kind) AS kind,\n"
        "  COALESCE(wanted.label, known.label) AS label,\n"
        "  COUNT(CASE WHEN known.possible = 1 THEN 1 END) AS before_count,\n"
        "  COUNT(wanted.value) AS after_count,\n"
        "  COUNT(CASE WHEN COALESCE(known.possible, 0) = 0 THEN wanted.value END)"
        " AS entering_count,\n"
        f"  COUNT(CASE WHEN COALESCE(known.certain, 0) < {sure} THEN wanted.value END)"
        " AS missing_count,\n"
        "  COUNT(CASE WHEN known.possible = 1 AND wanted.value IS NULL THEN 1 END)"
        " AS leaving_count,\n"
        "  COUNT(CASE WHEN wanted.spellings > 1 THEN 1 END) AS merged_count,\n"
        "  MAX(wanted.spellings) AS most_spellings,\n"
        "  MAX(wanted.type) AS type\n"
        f"FROM (\n{indented(which.next)}\n) AS wanted\n"
        f"FULL JOIN (\n{indented(_known(which))}\n) AS known\n"
        f"  ON {_same('known', 'wanted')}\n"
        "GROUP BY 2, 3"
    )


def _known(which: Sets) -> str:
    """A SELECT with a row for everybody in any snapshot: whether they may be in Braze, and
    in how many snapshots they are certain.
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
    """One name's part of the answer to `count`. `whole`: everyone is sent anyway.

    Membership in Braze belongs to a user, not to an identifier: where people are named
    in several ways, or by devices, a removal may take out somebody who is still wanted
    under another name, so then everyone wanted is sent after the removals
    (docs/delivery.md, People and identifiers).
    """
    mine = [row for row in rows if row[0] == name]
    counts = [_count(row, mode) for row in mine if row[1]]
    by_handle = tuple(sorted(counts, key=lambda found: found.handle))
    noted = _noted(mine)
    shared = is_shared(by_handle)
    does_anybody_leave = any(found.leaving for found in by_handle)
    disturbed = bool(deployed.pending) or does_anybody_leave
    return Counts(
        by_handle,
        whole=whole or (shared and disturbed and mode is not Mode.REMOVE),
        largest_today=deployed.largest_today,
        unusable=noted.get(NOTES[0], 0),
        rows=sum(noted.values()),
        mode=mode,
    )


def _noted(rows: Sequence[Sequence[Any]]) -> dict[str, int]:
    """The notes on the query: rows without a kind, each with its number."""
    noted = {}
    for row in rows:
        _, kind, label, _, after, *_ = row
        if not kind and after:
            # it stands where other rows have the number of spellings
            noted[label] = int(row[-2] or 0)
    return noted


def _count(row: Sequence[Any], mode: Mode) -> Count:
    """The count of one handle, of a row of the answer."""
    _, kind, label, *numbers, _, type_name = row
    before, after, entering, missing, leaving, merged = map(int, numbers)
    count = Count(
        Handle(Kind(kind), label),
        before,
        after,
        entering,
        missing,
        leaving,
        merged,
        str(type_name or "").lower(),
    )
    if mode is Mode.REMOVE:
        # who is on the list no longer was taken out, and stays out
        return replace(count, leaving=0)
    return count


def export(values: str, handle: Handle, *, one: bool = False) -> str:
    """A SELECT of the values of one handle, as the connector wants them: one column with
    the name that it knows. `one`: only a single value.
    """
    value = "value"
    if one:
        value = "MIN(value)"
    members = f"(\n{indented(values)}\n) AS members"
    return f'SELECT {value} AS "{handle.export_column}"\nFROM {members}'


def values_of(members: str, handle: Handle) -> str:
    """A SELECT of the values of one handle among members: Trino compares one column faster
    than three.
    """
    those = f"(\n{indented(members)}\n) AS members"
    return f"SELECT value FROM {those} WHERE {of_handle(handle)}"


def _values_or_none(members: str, handle: Handle) -> str:
    """The values of one handle; nothing where there are no members."""
    if members == NOBODY:
        return ""
    return values_of(members, handle)


def _minus(left: str, right: str) -> str:
    """The rows of one SELECT that another does not have."""
    if not right:
        return left
    return f"{left}\nEXCEPT\n{right}"


def _joined(selects: Sequence[str], operator: str) -> str:
    return f"\n{operator}\n".join(selects)
