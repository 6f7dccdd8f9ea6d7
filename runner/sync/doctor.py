"""Check whether a target is set up, with one finding for each thing that can be wrong;
and prove with a canary that its connection adds and removes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.errors import CohortsError, ExitCode
from runner.identifiers import Handle, Kind
from runner.plan.events import Verified
from runner.plan.ledger import Destination, Ledger
from runner.project.file import Target
from runner.sync import meanings
from runner.sync.meanings import Asker, Difference
from runner.sync.planned import open_ledger
from runner.sync.progress import Remark
from runner.sync.run import written
from runner.sync.run_context import RunContext
from runner.sync.writer import Writer
from runner.treasuredata import export
from runner.treasuredata.client import TreasureData
from runner.treasuredata.export import Operation, Route
from runner.treasuredata.ledger import TABLE

CANARY = "cohort_runner_canary"
"""The id in Braze, after the target's prefix, of the cohort that proves the mapping."""

SKEW = 300
"""Seconds that this machine's clock may differ from the server's. It decides nothing, but
people read logs by it.
"""


class State(StrEnum):
    """How a check ended. Only a failure keeps a sync from working."""

    OK = "ok"
    FAILED = "failed"
    WARNING = "warning"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, what was found, and what to do about it (empty
    where all is well).
    """

    name: str
    state: State
    found: str
    fix: str = ""
    exit_code: ExitCode = ExitCode.FAILED


@dataclass(frozen=True, slots=True)
class Canary:
    """The one user that proves a mapping."""

    handle: Handle
    value: str


def checks(
    client: TreasureData,
    target: Target,
    ledger: Callable[[], Ledger],
    *,
    token: str,
    clock: int,
) -> Iterator[Finding]:
    """Look at everything a sync needs, in the order in which one thing needs another;
    stops where nothing further can be known.
    """
    try:
        databases = client.databases()
    except CohortsError as exc:
        yield _failed("key and site", exc)
        return
    yield Finding("key and site", State.OK, f"{target.endpoint} accepts the key")
    yield from _queries(client, target, databases, token, clock)
    yield from _connection(client, target)
    yield from _memory(client, target, databases, ledger, token, clock)


def _queries(
    client: TreasureData,
    target: Target,
    databases: frozenset[str],
    token: str,
    clock: int,
) -> Iterator[Finding]:
    """Whether queries run in the target's database, and whether the clocks agree."""
    if target.database not in databases:
        found = f"the key sees no database {target.database}"
        fix = (
            f"correct `database` of target {target.name},"
            " or give the key's user the right to query it"
        )
        yield Finding("database", State.FAILED, found, fix)
        return
    sql = "SELECT CAST(FLOOR(TO_UNIXTIME(NOW())) AS BIGINT) AS now"
    try:
        key = f"cohorts-{token}-doctor-clock"
        rows = client.select(
            target.database, sql, key=key, scheduled_time=clock, what="a query to try"
        )
    except CohortsError as exc:
        yield _failed("database", exc)
        return
    yield Finding("database", State.OK, f"queries run in {target.database}")
    skew = int(rows[0][0]) - clock
    if abs(skew) > SKEW:
        fix = "set this machine's clock; the tool goes by the server's"
        yield Finding(
            "clock",
            State.WARNING,
            f"this machine is {abs(skew):,} seconds off the server",
            fix,
        )
    else:
        yield Finding("clock", State.OK, "this machine agrees with the server")


def _connection(client: TreasureData, target: Target) -> Iterator[Finding]:
    """Whether the connection to Braze is there and takes the export's settings."""
    try:
        route = export.route(client, target.connection, target.export_settings)
    except CohortsError as exc:
        yield _failed("connection", exc)
        return
    yield Finding(
        "connection", State.OK, f"{target.connection} is number {route.connection_id}"
    )
    settings = route.settings(
        cohort_id=target.braze_id(CANARY),
        name="Cohort Runner canary",
        operation=Operation.ADD,
        handle=Handle(Kind.ALIAS, "email"),
    )
    name = "setting names"
    refused = client.refuses(route.connection_id, settings)
    if refused is None:
        yield Finding(
            name, State.UNKNOWN, "Treasure Data does not say here; the canary will tell"
        )
    elif refused:
        fix = f"correct `export_settings` of target {target.name}"
        yield Finding(
            name,
            State.FAILED,
            f"Treasure Data refuses them: {refused}",
            fix,
            ExitCode.INVALID,
        )
    else:
        yield Finding(name, State.OK, "Treasure Data accepts them")


def _memory(
    client: TreasureData,
    target: Target,
    databases: frozenset[str],
    ledger: Callable[[], Ledger],
    token: str,
    clock: int,
) -> Iterator[Finding]:
    """Whether the state database holds a ledger that can be read and written."""
    state = target.state_database
    missing = ""
    if state not in databases:
        missing = f"the key sees no database {state}"
    elif TABLE not in client.tables(state):
        missing = f"{state} holds no ledger"
    if missing:
        fix = (
            f"on the first day, run `cohorts bootstrap --target {target.name}`;"
            " later, look at `state_database`"
        )
        yield Finding("state database", State.FAILED, missing, fix, ExitCode.LOCKED)
        return
    try:
        known = ledger()
    except CohortsError as exc:
        yield _failed("state database", exc)
        return
    cohorts = _many(len(known.cohorts), "cohort")
    yield Finding(
        "state database",
        State.OK,
        f"{state} remembers {cohorts}",
    )
    rights = _rights(client, state, token, clock)
    yield rights
    asker = Asker(client, state, f"cohorts-{token}-doctor-{token}", clock)
    yield from _meanings(asker, can_write=rights.state is State.OK)
    yield _lease(target, known)
    yield _proven(target, known)


def _lease(target: Target, known: Ledger) -> Finding:
    """Whether another run holds the ledger."""
    if known.lease and known.lease.holds(known.now):
        fix = f"wait for it, or `cohorts unlock --target {target.name}` if it is dead"
        return Finding("ledger", State.WARNING, f"held by {known.lease.words}", fix)
    return Finding("ledger", State.OK, "free to write")


def _proven(target: Target, known: Ledger) -> Finding:
    """Whether a canary has shown that exports add and remove."""
    if target.mapping in known.verified:
        found = "these setting names add and remove, as a person saw in Braze"
        return Finding("canary", State.OK, found)
    if target.is_sandbox:
        found = f"not needed: the target {target.name} is on this machine"
        return Finding("canary", State.OK, found)
    found = "not proven yet that exports really add and remove people"
    command = f"`cohorts doctor --target {target.name} --canary external_id:SOMEBODY`"
    fix = f"run {command}, with a user of your own"
    return Finding("canary", State.FAILED, found, fix, ExitCode.LOCKED)


def _meanings(asker: Asker, *, can_write: bool) -> Iterator[Finding]:
    """What statements mean to this account's engine."""
    asked: list[tuple[str, Callable[[Asker], Difference | str | None], str]] = [
        (
            "time ranges",
            meanings.time_ranges,
            "TD_TIME_RANGE, which rules use, works as its documentation says",
        ),
        (
            "ledger columns",
            meanings.ledger_columns,
            "can hold texts of any length, and whole numbers",
        ),
    ]
    if can_write:
        asked.append(
            (
                "new tables",
                meanings.new_tables,
                "get a time by themselves; the text 'abc' gets the type {}",
            )
        )
    for name, ask, well in asked:
        try:
            found = ask(asker)
        except CohortsError as exc:
            yield _failed(name, exc)
            continue
        if isinstance(found, Difference):
            yield _different(name, found)
        else:
            yield Finding(name, State.OK, well.format(found))


def _different(name: str, found: Difference) -> Finding:
    """A finding of how the service differs from what is expected."""
    code = ExitCode.FAILED
    if found.code.startswith("L"):
        code = ExitCode.LOCKED  # the ledger cannot be written so
    told = f"{found.code} {found.what}"
    return Finding(name, State.FAILED, told, found.fix, code)


def _rights(client: TreasureData, state: str, token: str, clock: int) -> Finding:
    """Whether the key may make, write and delete tables; tried with a table of its own."""
    probe = f"cohort_doctor_{token}"
    name = "rights"
    keys = f"cohorts-{token}-doctor"
    try:
        made = f'CREATE TABLE "{state}"."{probe}" AS SELECT 1 AS one'
        client.run(
            state,
            made,
            key=f"{keys}-create",
            scheduled_time=clock,
            what="making a table to try",
        )
        added = f'INSERT INTO "{state}"."{probe}" (one) SELECT 2 AS one'
        client.run(
            state,
            added,
            key=f"{keys}-insert",
            scheduled_time=clock,
            what="writing a row to try",
        )
        client.delete_table(state, probe)
    except CohortsError as exc:
        rights = "the rights to make, write and delete tables"
        fix = f"give the key's user {rights} in {state}"
        return Finding(name, State.FAILED, exc.what, fix, ExitCode(exc.exit_code))
    return Finding(
        name, State.OK, f"tables can be made, written and deleted in {state}"
    )


def _failed(name: str, exc: CohortsError) -> Finding:
    """A check that ended in an error."""
    return Finding(
        name, State.FAILED, f"{exc.code} {exc.what}", exc.fix, ExitCode(exc.exit_code)
    )


@dataclass(frozen=True, slots=True)
class _Proof:
    """One half of the proof: what is done, how it is told, the question to the person
    who looks at Braze, what they are to see the user do, and the cure where they did not
    see it.
    """

    operation: Operation
    doing: str
    question: str
    sight: str
    cure: str


PROOFS = (
    _Proof(
        Operation.ADD,
        "adding one user",
        "In Braze, is your user in the cohort `Cohort Runner canary` now"
        " (the filter `Treasure Data Cohorts` of a segment)?",
        "enter",
        "look whether Braze knows that user,"
        " then at the connection's data import key and endpoint",
    ),
    _Proof(
        Operation.REMOVE,
        "removing the user",
        "Is your user gone from the cohort `Cohort Runner canary` now?",
        "leave",
        "look again in some minutes; if your user is still there, Treasure Data did not"
        " understand *remove*: correct the name of `operation` in `export_settings`;"
        " nothing may be sent before",
    ),
)


def prove(
    context: RunContext, canary: Canary, ask: Callable[[str], bool], *, patience: float
) -> None:
    """Add one user to a cohort of their own, and remove them, while a person looks at
    Braze. It is on record when both were seen (docs/delivery.md, What stops a sync).
    Raises CohortsError where they were not.
    """
    target = context.target
    ledger = open_ledger(context.table, target, create=True)
    route = export.route(context.client, target.connection, target.export_settings)
    with written(context, ledger, patience=patience) as writer:
        for proof in PROOFS:
            context.tell(Remark(f"canary: {proof.doing}"))
            _send(context, canary, proof.operation, route, writer)
            if not ask(proof.question):
                unseen = f"you did not see the user {proof.sight} the cohort"
                what = f"target {target.name}: {unseen}, so nothing is proven"
                raise CohortsError("A004", what, proof.cure)
        verified = Verified(target.mapping, context.run.actor)
        writer.record((Destination(), verified), sure=True)


def _send(
    context: RunContext,
    canary: Canary,
    operation: Operation,
    route: Route,
    writer: Writer,
) -> None:
    """Send the canary to Braze, or take it out."""
    value = canary.value.replace("'", "''")
    export.send(
        context.client,
        context.target.state_database,
        f"SELECT '{value}' AS \"{canary.handle.export_column}\"",
        route.settings(
            cohort_id=context.target.braze_id(CANARY),
            name="Cohort Runner canary",
            operation=operation,
            handle=canary.handle,
        ),
        via=route,
        key=f"cohorts-{writer.ledger.id}-{writer.epoch}-canary-{operation.value}",
        scheduled_time=writer.started,
        what=f"the canary ({operation.value})",
    )


def _many(number: int, what: str) -> str:
    """A number with its noun."""
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {what}s"


def exit_code(found: Sequence[Finding]) -> ExitCode:
    """The exit code of the first failure; DONE where nothing failed."""
    return next(
        (finding.exit_code for finding in found if finding.state is State.FAILED),
        ExitCode.DONE,
    )
