"""What is done to a ledger besides syncing: made once, taken over, told of what was
there before, told to forget.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from runner.errors import CohortsError, Locked
from runner.plan.decision import rollback
from runner.plan.events import Abandoned, Adopted
from runner.plan.ledger import DAY, KEEP_PREVIOUS, Destination, Ledger
from runner.plan.plan import Plan
from runner.sql.members import members
from runner.sql.query import Query
from runner.sql.wanted import Wanted
from runner.sync import delta
from runner.sync.place import Place
from runner.sync.planned import Request, open_ledger, plan_of
from runner.sync.run import written
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import TABLE, LedgerTable

AT_ONCE = 8
"""Databases looked into side by side."""


def bootstrap(place: Place) -> bool:
    """Make a target's state database and ledger; False where they are there already.

    Raises Locked where another database of the account remembers this workspace: with
    two memories, neither is right.
    """
    if place.table.exists():
        place.table.read()
        return False
    for database in _with_ledger(place.client):
        other = LedgerTable(
            place.client, database, token=place.run.token, clock=place.table.clock
        ).read()
        if any(where.workspace == place.target.workspace for where in other.cohorts):
            raise Locked(
                "L010",
                f"database {database} holds a ledger that remembers workspace {place.target.workspace} already",
                f"set `state_database: {database}`, or give the target the workspace that it really leads to",
            )
    place.table.bootstrap()
    return True


def _with_ledger(client: TreasureData) -> list[str]:
    """Databases that hold a ledger, as far as the key can see."""

    def holds(database: str) -> bool:
        try:
            return TABLE in client.tables(database)
        except CohortsError:  # a database that the key may see but not look into
            return False

    databases = sorted(client.databases())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [
            name
            for name, found in zip(databases, pool.map(holds, databases), strict=True)
            if found
        ]


def unlock(place: Place) -> str:
    """Take the ledger from whoever holds it, and let it go; who that was, or nothing.
    The other run stops by itself.
    """
    ledger = open_ledger(place.table, place.target, create=False)
    holder = (
        ledger.lease.words if ledger.lease and ledger.lease.holds(ledger.now) else ""
    )
    if ledger.id:
        with written(place, ledger, patience=0, force=True):
            pass
    return holder


def adopt(place: Place, query: Query, table: str, *, patience: float) -> int:
    """Record the rows of a table as members whom the cohort may already have in Braze;
    how many there are.

    `table` is `database.table`, with the columns of the cohort's identifiers. Nothing
    is sent. Raises Locked.
    """
    where = Destination(query.workspace, query.braze_id)
    ledger = open_ledger(place.table, place.target, create=True)
    with written(place, ledger, patience=patience) as writer:
        known = writer.ledger.cohorts.get(where)
        if known and known.in_braze:
            what = (
                f"{query.cohort.id} is known already: it was synced or adopted before"
            )
            raise CohortsError(
                "A001",
                what,
                "`cohorts sync` brings it in step; `cohorts abandon` forgets it first",
            )
        database, _, name = table.partition(".")
        named = sorted({identifier.column for identifier in query.cohort.identifiers})
        columns = ", ".join(f'"{column}"' for column in named)
        made = delta.table_name(where, writer.epoch, 0)
        sql = members(
            f'SELECT {columns} FROM "{database}"."{name}"', query.cohort.identifiers
        )
        key = f"cohorts-{ledger.id}-{made.removeprefix('members_')}"
        state = place.target.state_database
        what = f"{query.cohort.id}: reading {table}"
        created = delta.create_snapshot(sql, None, table=made, state=state)
        client, now = place.client, writer.started
        client.run(
            place.target.database,
            created,
            key=f"{key}-adopt",
            scheduled_time=now,
            what=what,
        )
        counted = (
            f'SELECT COUNT(*) AS members FROM "{state}"."{made}" WHERE kind <> \'\''
        )
        rows = client.select(
            state, counted, key=f"{key}-count", scheduled_time=now, what=what
        )
        attempt = made.removeprefix("members_")
        adopted = Adopted(
            attempt=attempt,
            table=made,
            name="",
            export_keys=(),
            size=int(rows[0][0]),
            connection=place.target.connection,
            setting_keys=place.target.export_settings,
        )
        writer.record((where, adopted))
        return int(rows[0][0])


def abandon(place: Place, where: Destination, *, patience: float) -> None:
    """Forget a cohort: whoever is in it in Braze stays there, and is nobody's business
    any more. Raises Locked.
    """
    ledger = open_ledger(place.table, place.target, create=False)
    if where not in ledger.cohorts:
        known = ", ".join(
            sorted(
                known.cohort_id
                for known in ledger.cohorts
                if known.workspace == where.workspace
            )
        )
        what = f"the ledger knows no cohort {where.cohort_id!r} in workspace {where.workspace}"
        raise CohortsError("A002", what, f"it knows: {known or 'none there'}")
    with written(place, ledger, patience=patience) as writer:
        writer.record((where, Abandoned(place.run.actor, place.run.reason)))


def rolled_back(place: Place, wanted: Wanted, query: Query, ledger: Ledger) -> Plan:
    """The plan that brings back a cohort's members as they were before its last sync.
    Raises CohortsError.
    """
    plan_of(
        place.project, wanted, ledger, Request()
    )  # what refuses any other run refuses this one
    deployed = ledger.cohorts.get(Destination(query.workspace, query.braze_id))
    change = rollback(query, deployed) if deployed else None
    if change is None:
        what = f"{query.cohort.id}: there is no earlier sync to go back to"
        raise CohortsError(
            "A003",
            what,
            f"what was replaced is kept for {KEEP_PREVIOUS // DAY} days; mend the definition",
        )
    return Plan(place.target.name, place.target.workspace, (change,))
