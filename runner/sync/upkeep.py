"""The commands on a ledger besides syncing: bootstrap, unlock, adopt, abandon, rollback."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from runner.errors import CohortsError, Locked
from runner.plan.events import Abandoned, Adopted
from runner.plan.ledger import Destination
from runner.sql.members import members
from runner.sql.query import Query
from runner.sync import delta
from runner.sync.planned import open_ledger
from runner.sync.run import written
from runner.sync.run_context import RunContext
from runner.sync.writer import Writer
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import TABLE, LedgerTable

AT_ONCE = 8
"""Databases looked into side by side."""


def bootstrap(context: RunContext) -> bool:
    """Make a target's state database and ledger; False where they are there already.

    Raises Locked where another database of the account remembers this workspace: with
    two memories, neither is right.
    """
    if context.table.exists():
        context.table.read()
        return False
    for database in _with_ledger(context.client):
        other = LedgerTable(
            context.client, database, token=context.run.token, clock=context.table.clock
        ).read()
        if any(where.workspace == context.target.workspace for where in other.cohorts):
            raise Locked(
                "L010",
                f"database {database} holds a ledger that remembers"
                f" workspace {context.target.workspace} already",
                f"set `state_database: {database}`, or give the target the workspace"
                " that it really leads to",
            )
    context.table.bootstrap()
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


def unlock(context: RunContext) -> str:
    """Take the ledger from the run that holds it, and let it go. Returns who that was,
    or nothing. The other run stops by itself.
    """
    ledger = open_ledger(context.table, context.target, create=False)
    holder = ""
    if ledger.lease and ledger.lease.holds(ledger.now):
        holder = ledger.lease.words
    if ledger.id:
        with written(context, ledger, patience=0, force=True):
            pass
    return holder


def adopt(context: RunContext, query: Query, table: str, *, patience: float) -> int:
    """Record the rows of a table as members whom the cohort may already have in Braze.
    Returns how many there are.

    `table` is `database.table`, with the columns of the cohort's identifiers. Nothing
    is sent. Raises Locked, and CohortsError for a cohort that is known already.
    """
    where = Destination(query.workspace, query.braze_id)
    ledger = open_ledger(context.table, context.target, create=True)
    with written(context, ledger, patience=patience) as writer:
        known = writer.ledger.cohorts.get(where)
        if known and known.in_braze:
            raise CohortsError(
                "A001",
                f"{query.cohort.id} is known already: it was synced or adopted before",
                "`cohorts sync` brings it in step; `cohorts abandon` forgets it first",
            )
        made = delta.table_name(where, writer.epoch, 0)
        size = _snapshot(context, query, table, made, writer)
        adopted = Adopted(
            attempt=made.removeprefix("members_"),
            table=made,
            name="",
            export_keys=(),
            size=size,
            connection=context.target.connection,
            setting_keys=context.target.export_settings,
        )
        writer.record((where, adopted))
        return size


def _snapshot(
    context: RunContext, query: Query, table: str, made: str, writer: Writer
) -> int:
    """Make a snapshot of a table's rows. Returns how many members it has."""
    database, _, name = table.partition(".")
    identifiers = query.cohort.identifiers
    state = context.target.state_database
    named = sorted({identifier.column for identifier in identifiers})
    columns = ", ".join(f'"{column}"' for column in named)
    sql = f'SELECT {columns} FROM "{database}"."{name}"'
    rows = members(sql, identifiers)
    own = made.removeprefix("members_")
    key = f"cohorts-{writer.ledger.id}-{own}"
    what = f"{query.cohort.id}: reading {table}"
    context.client.run(
        context.target.database,
        delta.create_snapshot(rows, None, table=made, state=state),
        key=f"{key}-adopt",
        scheduled_time=writer.started,
        what=what,
    )
    counted = context.client.select(
        state,
        f'SELECT COUNT(*) AS members FROM "{state}"."{made}" WHERE kind <> \'\'',
        key=f"{key}-count",
        scheduled_time=writer.started,
        what=what,
    )
    return int(counted[0][0])


def abandon(context: RunContext, where: Destination, *, patience: float) -> None:
    """Forget a cohort. Its members stay in Braze, and nothing more is sent. Raises
    Locked, and CohortsError for a cohort that the ledger does not know.
    """
    ledger = open_ledger(context.table, context.target, create=False)
    if where not in ledger.cohorts:
        known = sorted(
            known.cohort_id
            for known in ledger.cohorts
            if known.workspace == where.workspace
        )
        listed = ", ".join(known) or "none there"
        raise CohortsError(
            "A002",
            f"the ledger knows no cohort {where.cohort_id!r}"
            f" in workspace {where.workspace}",
            f"it knows: {listed}",
        )
    with written(context, ledger, patience=patience) as writer:
        run = context.run
    abandoned = Abandoned(run.actor, run.reason)
    writer.record((where, abandoned))
