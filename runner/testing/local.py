"""A cohort's own tests: its SQL on the rows given, in DuckDB, beside who is expected.

The SQL is what a sync would export, for the same wrapping; whom `suppress` takes out of
every cohort is not part of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import repeat
from multiprocessing import get_context
from typing import Any

from runner.definitions.cases import Case, Cell, Given
from runner.definitions.cohort import Cohort
from runner.definitions.known import ANYTHING, NOTHING_KNOWN, Known
from runner.identifiers import Handle
from runner.project.file import Target
from runner.project.sources import Source, Type
from runner.project.tables import TIME, UNKNOWN
from runner.sandbox import query as sandbox
from runner.sandbox.duck.storage import storage
from runner.sandbox.query import NotHere, QueryFailed
from runner.sandbox.warehouse import Warehouse
from runner.sql import query
from runner.sql.barred import NO_ONE
from runner.sql.library import Library
from runner.sql.names import quoted
from runner.sql.query import Query
from runner.sql.reads import tables_read
from runner.trino.types import parse_type

MEMBERS = "cohort_runner_given"
"""The database that holds the members of other cohorts, where a test gives them."""

SECONDS, MEMORY = 20.0, "1GB"
"""How long a test may take, and how much memory: the SQL is that of whoever opened a pull request.
"""

ALONE = 40
"""Tests that one process does sooner than it takes to start others."""

_KINDS = {
    Type.TEXT: "varchar",
    Type.NUMBER: "double",
    Type.BOOLEAN: "boolean",
    Type.DATE: "varchar",
    Type.TIME: "bigint",
    Type.LIST: "array(varchar)",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be made: the database, its name, Trino's types by column, and the
    rows' values in that order.
    """

    database: str
    name: str
    columns: Mapping[str, str]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Job:
    """What it takes to run one test, in another process too: tables, the exports' SQL
    by handle, and the time.
    """

    tables: tuple[Table, ...]
    exports: Mapping[Handle, str]
    database: str
    now: int


@dataclass(frozen=True, slots=True)
class Unjudged:
    """That this machine cannot tell how a test would end, and why."""

    why: str


Found = Mapping[Handle, frozenset[str]] | str | Unjudged
"""Whom a query finds, by handle; or why it failed, or could not be judged."""

CarryOut = Callable[[Sequence[Job]], Iterator[Found]]
"""Carries tests out: for each who is found, by handle, or why the query failed; in order."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one test ended. `failure`: why it could not be run; `unjudged`: why nobody
    can tell here how it would end; `proves_nothing`: why it would pass in any case.
    """

    cohort: Cohort
    case: Case
    missing: Mapping[Handle, tuple[str, ...]] = field(default_factory=dict)
    extra: Mapping[Handle, tuple[str, ...]] = field(default_factory=dict)
    failure: str = ""
    unjudged: str = ""
    proves_nothing: str = ""

    @property
    def passed(self) -> bool:
        """True where exactly those were found who are expected."""
        return not (
            self.failure
            or self.unjudged
            or any(self.missing.values())
            or any(self.extra.values())
        )

    @property
    def strangers(self) -> Iterator[tuple[str, str]]:
        """Whom events are given of, but no row of people: most often a misspelt key;
        each with the source's name.
        """
        people = {
            str(row.get(each.key))
            for each in self.case.given
            if not each.has_events
            for row in each.rows
        }
        for given in self.case.given:
            named = dict.fromkeys(
                str(row[given.key])
                for row in given.rows
                if given.has_events and given.key in row
            )
            yield from ((given.name, key) for key in named if key not in people)

    def rows_about(self, value: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The rows given that have to do with somebody, as written: those that name
        them, or the same key.
        """
        keys = {value}
        for given in self.case.given:
            keys |= {
                str(row.get(given.key))
                for row in given.rows
                if value in map(str, row.values()) and given.key
            }
        for given in self.case.given:
            for row, written in zip(given.rows, given.written, strict=True):
                if keys & set(map(str, row.values())):
                    yield given.name, written


def run(
    cohorts: Sequence[Cohort],
    everybody: Mapping[str, Query],
    target: Target,
    *,
    sources: Mapping[str, Source],
    library: Library,
    workers: int,
    carry_out: CarryOut | None = None,
    known: Known = NOTHING_KNOWN,
) -> Iterator[Result]:
    """The tests of these cohorts, each result as soon as those before it are there.
    `everybody`: good queries by id. `carry_out`: where else than in DuckDB; `known`:
    the tables that queries may read.
    """
    cases = [(cohort, case) for cohort in cohorts for case in cohort.cases]
    jobs = [
        _job(
            cohort,
            case,
            everybody,
            target,
            sources=sources,
            library=library,
            known=known,
        )
        for cohort, case in cases
    ]
    for (cohort, case), told in zip(
        cases,
        _done([job for job in jobs if isinstance(job, Job)], jobs, workers, carry_out),
        strict=True,
    ):
        yield _result(cohort, case, told)


def _done(
    good: Sequence[Job],
    jobs: Sequence[Job | str],
    workers: int,
    carry_out: CarryOut | None,
) -> Iterator[Found]:
    """What each job found, or why it could not be run; in order."""
    if carry_out:
        elsewhere = carry_out(good)
        yield from (next(elsewhere) if isinstance(job, Job) else job for job in jobs)
        return
    if len(good) <= ALONE or workers == 1:
        found: Iterator[Found] = iter(map(carried_out, good))
        yield from (next(found) if isinstance(job, Job) else job for job in jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = iter(
            pool.map(
                carried_out, good, chunksize=max(1, min(50, len(good) // workers // 4))
            )
        )
        yield from (next(found) if isinstance(job, Job) else job for job in jobs)


def _job(
    cohort: Cohort,
    case: Case,
    everybody: Mapping[str, Query],
    target: Target,
    *,
    sources: Mapping[str, Source],
    library: Library,
    known: Known,
) -> Job | str:
    """What it takes to run a test; a sentence where it cannot be."""
    referred = {reference.cohort for reference in cohort.references}
    if unknown := sorted(case.cohorts.keys() - referred):
        return f"the rule does not refer to the cohort {unknown[0]}, whose members are given"
    mine = replace(everybody[cohort.id], barred=NO_ONE)
    if case.cohorts:
        others = dict(everybody)
        key = quoted(cohort.rule.source.key) if cohort.rule else ""
        for other in case.cohorts:
            others[other] = everybody[other].standing_in(
                f"SELECT {key} FROM {MEMBERS}.members_of_{other}"
            )
        built = query.build(cohort, target, library, others)
        if not isinstance(built, Query):
            return str(built[0])
        mine = built
    given = [_table(_timed(each, case.now), target.database) for each in case.given]
    there = {(table.database, table.name) for table in given}
    empty = empty_tables([mine.audience], target.database, sources.values(), known)
    tables = [
        *given,
        *(table for table in empty if (table.database, table.name) not in there),
    ]
    for other, members in case.cohorts.items():
        rows = tuple((member,) for member in members)
        tables.append(
            Table(
                MEMBERS,
                f"members_of_{other}",
                {cohort.rule.source.key: "varchar"} if cohort.rule else {},
                rows,
            )
        )
    return Job(tuple(tables), mine.exports, target.database, case.now)


def empty_tables(
    sql: Iterable[str], database: str, sources: Iterable[Source], known: Known
) -> tuple[Table, ...]:
    """The tables that SQL may read, empty: those of `cohorts/tables.yml` that it does
    read, and the other sources.
    """
    read = (
        {name for each in sql for name in tables_read(each, database)}
        if known.tables.columns
        else set()
    )
    listed = [
        _listed(name, database, known)
        for name in sorted(read)
        if known.tables.columns.get(name)
    ]
    there = {(table.database, table.name) for table in listed}
    declared = [_declared(source, database) for source in sources]
    return (
        *listed,
        *(table for table in declared if (table.database, table.name) not in there),
    )


def _listed(name: str, database: str, known: Known) -> Table:
    """A table whose columns `cohorts/tables.yml` has; UNKNOWN stands for a type that is not known."""
    found = known.table(name, database) or ANYTHING
    stored = {
        column: kind or TIME.get(column, UNKNOWN)
        for column, kind in found.columns.items()
    }
    return _table(Given(name, dict.fromkeys(stored), stored=stored), database)


def _declared(source: Source, database: str) -> Table:
    types = {column.name: column.type for column in source.columns.values()}
    return _table(Given(source.table, types), database)


def _timed(given: Given, now: int) -> Given:
    """The rows as an import would keep them: Treasure Data gives a row without `time`
    the time of the import.
    """
    rows = tuple(
        {**row, "time": now} if row.get("time") is None else row for row in given.rows
    )
    return replace(given, rows=rows)


def _table(given: Given, database: str) -> Table:
    named, _, name = given.table.rpartition(".")
    columns = {column: _type(given, column) for column in given.columns}
    columns = columns if "time" in columns else columns | TIME
    rows = tuple(
        tuple(
            list(cell) if isinstance(cell := row.get(column), tuple) else cell
            for column in columns
        )
        for row in given.rows
    )
    return Table(named or database, name, columns, rows)


def _type(given: Given, column: str) -> str:
    """Trino's type of a column: as it is known, else as it is declared, else as its cells are."""
    if stored := given.stored.get(column):
        return stored
    if declared := given.columns[column]:
        return _KINDS[declared]
    return TIME.get(column) or _guessed([row.get(column) for row in given.rows])


def _guessed(cells: Iterable[Cell]) -> str:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "bigint"
    if kinds and kinds <= {int, float}:
        return "double"
    return "array(varchar)" if kinds == {tuple} else "varchar"


def _in_duckdb(kind: str) -> str:
    """DuckDB's type for one of Trino's; text for one that is not known, or that DuckDB
    does not have.
    """
    if kind == UNKNOWN:
        return "VARCHAR"
    try:
        return storage(parse_type(kind))
    except (NotHere, ValueError):
        return "VARCHAR"


@cache
def _warehouse() -> Warehouse:
    """One for all tests of a process."""
    made = Warehouse(most=MEMORY)
    made.create_database(MEMBERS)
    return made


def carried_out(job: Job) -> Found:
    """Who is found, by handle; or why the query failed, or could not be judged here."""
    warehouse = _warehouse()
    for table in job.tables:
        if table.database not in warehouse.databases():
            warehouse.create_database(table.database)
        made = ", ".join(
            f'"{column}" {_in_duckdb(kind)}' for column, kind in table.columns.items()
        )
        warehouse.fetch(
            f'CREATE OR REPLACE TABLE "{table.database}"."{table.name}" ({made})'
        )
        if table.rows:
            marks = ", ".join(
                repeat(f"({', '.join('?' * len(table.columns))})", len(table.rows))
            )
            values = [value for row in table.rows for value in row]
            warehouse.fetch(
                f'INSERT INTO "{table.database}"."{table.name}" VALUES {marks}', values
            )
    late = threading.Event()
    try:
        with warehouse.cursor() as cursor, _stopped_after(SECONDS, cursor, late):
            found = {}
            for handle, sql in job.exports.items():
                answer = sandbox.execute(
                    sql,
                    database=job.database,
                    scheduled_time=job.now,
                    now=job.now,
                    warehouse=warehouse,
                    cursor=cursor,
                )
                found[handle] = (
                    frozenset(str(row[0]) for row in answer.rows)
                    if answer
                    else frozenset()
                )
            return found
    except NotHere as exc:
        return Unjudged(str(exc))
    except QueryFailed as exc:
        return (
            f"it took longer than {SECONDS:g} s"
            if late.is_set()
            else f"the query failed: {exc}"
        )
    finally:
        for table in job.tables:
            warehouse.fetch(f'DROP TABLE IF EXISTS "{table.database}"."{table.name}"')


@contextmanager
def _stopped_after(
    seconds: float, cursor: Any, late: threading.Event
) -> Iterator[None]:
    """Ends what the cursor does once the time is over, and again until it has: between
    two statements it is lost.
    """
    done = threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        late.set()
        while not done.wait(0.1):
            cursor.interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _result(cohort: Cohort, case: Case, told: Found) -> Result:
    if isinstance(told, str):
        return Result(cohort, case, failure=told)
    if isinstance(told, Unjudged):
        return Result(cohort, case, unjudged=told.why)
    return Result(
        cohort,
        case,
        missing={
            handle: tuple(sorted(wanted - told[handle]))
            for handle, wanted in case.expect.items()
        },
        extra={
            handle: tuple(sorted(told[handle] - wanted))
            for handle, wanted in case.expect.items()
        },
        proves_nothing=_proves_nothing(case),
    )


def _proves_nothing(case: Case) -> str:
    """Why a test would pass whatever the query does."""
    expected = set().union(*case.expect.values())
    if not expected:
        return "it expects nobody: a query that never finds anybody would pass"
    people = [
        {str(cell) for cell in row.values()}
        for given in case.given
        for row in given.rows
    ]
    if all(expected & cells for cells in people):
        return "it expects everybody who is given: a query that finds all of them would pass"
    return ""
