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
from itertools import chain, repeat
from multiprocessing import get_context
from typing import Any

from runner.definitions.cases import Case, Cell, Given
from runner.definitions.cohort import Cohort
from runner.definitions.known import ANYTHING, NOTHING_KNOWN, Known
from runner.identifiers import Handle
from runner.project.file import Target
from runner.project.sources import Source, Sources, Type
from runner.project.tables import TIME, UNKNOWN
from runner.sandbox import query as sandbox
from runner.sandbox.duck.storage import storage
from runner.sandbox.query import NotHere, QueryFailed
from runner.sandbox.warehouse import Warehouse
from runner.sql import query
from runner.sql.library import Library
from runner.sql.names import quoted
from runner.sql.query import Queries, Query
from runner.sql.reads import tables_read
from runner.sql.suppressed import NO_ONE
from runner.trino.types import parse_type

MEMBERS = "cohort_runner_given"
"""The database that holds the members of other cohorts, where a test gives them."""

SECONDS = 20.0
MEMORY = "1GB"
"""How long a test may take, and how much memory: the SQL is that of whoever opened a
pull request.
"""

ALONE = 40
"""Tests that one process does sooner than it takes to start others."""

KINDS = {
    Type.TEXT: "varchar",
    Type.NUMBER: "double",
    Type.BOOLEAN: "boolean",
    Type.DATE: "varchar",
    Type.TIME: "bigint",
    Type.LIST: "array(varchar)",
}
"""Trino's types for what a source declares."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be made: the database, its name, Trino's types by column, and the
    rows' values in that order.
    """

    database: str
    name: str
    columns: Mapping[str, str]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def full_name(self) -> tuple[str, str]:
        """The database and the name."""
        return self.database, self.name


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


Values = tuple[str, ...]
"""Identifiers, sorted."""

People = Mapping[Handle, Values]
"""Identifiers by handle, sorted."""

Row = Mapping[str, Any]
"""Values by column."""

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
    missing: People = field(default_factory=dict)
    extra: People = field(default_factory=dict)
    failure: str = ""
    unjudged: str = ""
    proves_nothing: str = ""

    @property
    def passed(self) -> bool:
        """True where exactly those were found who are expected."""
        if self.failure or self.unjudged:
            return False
        is_missing = any(self.missing.values())
        is_extra = any(self.extra.values())
        return not is_missing and not is_extra

    @property
    def strangers(self) -> Iterator[tuple[str, str]]:
        """Whom events are given of, but no row of people: most often a misspelt key;
        each with the source's name.
        """
        people: set[str] = set()
        for given in self.case.given:
            if not given.has_events:
                people |= {str(row.get(given.key)) for row in given.rows}
        for given in self.case.given:
            if not given.has_events:
                continue
            for key in _keys(given):
                if key not in people:
                    yield given.name, key

    def rows_about(self, value: str) -> Iterator[tuple[str, Row]]:
        """The rows given that have to do with somebody, as written: those that name
        them, or the same key.
        """
        keys = {value}
        for given in self.case.given:
            # a table that is no source has no key
            if given.key:
                for row in given.rows:
                    if value in _cells(row):
                        keys.add(str(row.get(given.key)))
        for given in self.case.given:
            for row, written in zip(given.rows, given.written, strict=True):
                if keys & _cells(row):
                    yield given.name, written


def _keys(given: Given) -> Iterable[str]:
    """The keys of rows as texts, each once, in the order of the rows."""
    rows = [row for row in given.rows if given.key in row]
    keys = [str(row[given.key]) for row in rows]
    return dict.fromkeys(keys)


def _cells(row: Row) -> set[str]:
    """The values of a row as texts."""
    return set(map(str, row.values()))


def run(
    cohorts: Sequence[Cohort],
    everybody: Queries,
    target: Target,
    *,
    sources: Sources,
    library: Library,
    workers: int,
    carry_out: CarryOut | None = None,
    known: Known = NOTHING_KNOWN,
) -> Iterator[Result]:
    """The tests of these cohorts, each result as soon as those before it are there.
    `everybody`: good queries by id. `carry_out`: where else than in DuckDB; `known`:
    the tables that queries may read.
    """
    world = _World(everybody, target, sources, library, known)
    cases: list[tuple[Cohort, Case]] = []
    jobs: list[Job | str] = []
    for cohort in cohorts:
        for case in cohort.cases:
            cases.append((cohort, case))
            job = _job(cohort, case, world)
            jobs.append(job)
    done = _done(jobs, workers, carry_out)
    for (cohort, case), told in zip(cases, done, strict=True):
        yield _result(cohort, case, told)


@dataclass(frozen=True, slots=True)
class _World:
    """What all tests share: see `run`."""

    everybody: Queries
    target: Target
    sources: Sources
    library: Library
    known: Known


def _done(
    jobs: Sequence[Job | str], workers: int, carry_out: CarryOut | None
) -> Iterator[Found]:
    """What each job found, or why it could not be run; in order."""
    good = [job for job in jobs if isinstance(job, Job)]
    if carry_out:
        yield from _in_order(jobs, carry_out(good))
    elif len(good) <= ALONE or workers == 1:
        yield from _in_order(jobs, map(carried_out, good))
    else:
        # a few parts for each process, so that none waits long for the last
        share = len(good) // workers
        part = max(1, min(50, share // 4))
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = pool.map(carried_out, good, chunksize=part)
            yield from _in_order(jobs, found)


def _in_order(jobs: Sequence[Job | str], found: Iterator[Found]) -> Iterator[Found]:
    """What the jobs found, with the sentences of those that could not be run between."""
    for job in jobs:
        if isinstance(job, Job):
            yield next(found)
        else:
            yield job


def _job(cohort: Cohort, case: Case, world: _World) -> Job | str:
    """What it takes to run a test; a sentence where it cannot be."""
    referred = {reference.cohort for reference in cohort.references}
    unknown = sorted(case.cohorts.keys() - referred)
    if unknown:
        name = unknown[0]
        return f"the rule does not refer to the cohort {name}, whose members are given"
    mine = _query(cohort, case, world)
    if isinstance(mine, str):
        return mine
    tables = _tables(cohort, case, mine, world)
    return Job(tuple(tables), mine.exports, world.target.database, case.now)


def _tables(cohort: Cohort, case: Case, mine: Query, world: _World) -> list[Table]:
    """The tables of a test: those that it gives, and those that the query reads, empty."""
    database = world.target.database
    timed = [_timed(given, case.now) for given in case.given]
    tables = [_table(given, database) for given in timed]
    sources = world.sources.values()
    empty = empty_tables([mine.audience], database, sources, world.known)
    tables += _others(empty, tables)
    tables += _members(cohort, case)
    return tables


def _query(cohort: Cohort, case: Case, world: _World) -> Query | str:
    """The cohort's query, with the members that a test gives of other cohorts; a
    sentence where it cannot be built.
    """
    if not case.cohorts:
        return replace(world.everybody[cohort.id], suppression=NO_ONE)
    key = ""
    if cohort.rule:
        key = quoted(cohort.rule.source.key)
    others = dict(world.everybody)
    for other in case.cohorts:
        members = f"SELECT {key} FROM {MEMBERS}.members_of_{other}"
        others[other] = world.everybody[other].standing_in(members)
    built = query.build(cohort, world.target, world.library, others)
    if not isinstance(built, Query):
        return str(built[0])
    return built


def _members(cohort: Cohort, case: Case) -> Iterator[Table]:
    """The tables of the members that a test gives of other cohorts."""
    columns: dict[str, str] = {}
    if cohort.rule:
        columns[cohort.rule.source.key] = "varchar"
    for other, members in case.cohorts.items():
        rows = tuple((member,) for member in members)
        yield Table(MEMBERS, f"members_of_{other}", columns, rows)


def _others(tables: Iterable[Table], there: Iterable[Table]) -> list[Table]:
    """Those tables that are not there yet, by their names."""
    names = {table.full_name for table in there}
    return [table for table in tables if table.full_name not in names]


def empty_tables(
    sql: Iterable[str], database: str, sources: Iterable[Source], known: Known
) -> tuple[Table, ...]:
    """The tables that SQL may read, empty: those of `cohorts/tables.yml` that it does
    read, and the other sources.
    """
    read: set[str] = set()
    # to find what SQL reads takes time: nobody asks where no table is listed
    if known.tables.columns:
        for each in sql:
            read |= tables_read(each, database)
    columns = known.tables.columns
    names = [name for name in sorted(read) if columns.get(name)]
    listed = [_listed(name, database, known) for name in names]
    declared = [_declared(source, database) for source in sources]
    return (*listed, *_others(declared, listed))


def _listed(name: str, database: str, known: Known) -> Table:
    """A table whose columns `cohorts/tables.yml` has; UNKNOWN stands for a type that is
    not known.
    """
    found = known.table(name, database) or ANYTHING
    stored: dict[str, str] = {}
    for column, kind in found.columns.items():
        stored[column] = kind or TIME.get(column, UNKNOWN)
    given = Given(name, dict.fromkeys(stored), stored=stored)
    return _table(given, database)


def _declared(source: Source, database: str) -> Table:
    """A source's table, with the columns that the project declares."""
    types = {column.name: column.type for column in source.columns.values()}
    given = Given(source.table, types)
    return _table(given, database)


def _timed(given: Given, now: int) -> Given:
    """The rows as an import would keep them: Treasure Data gives a row without `time`
    the time of the import.
    """
    rows = []
    for row in given.rows:
        timed = dict(row)
        if timed.get("time") is None:
            timed["time"] = now
        rows.append(timed)
    return replace(given, rows=tuple(rows))


def _table(given: Given, database: str) -> Table:
    """A table as a test gives it; every table has `time`."""
    named, _, name = given.table.rpartition(".")
    columns = {column: _type(given, column) for column in given.columns}
    if "time" not in columns:
        columns |= TIME
    rows: list[tuple[Any, ...]] = []
    for row in given.rows:
        cells = [row.get(column) for column in columns]
        listed = tuple(map(_listed_cell, cells))
        rows.append(listed)
    return Table(named or database, name, columns, tuple(rows))


def _listed_cell(cell: Cell) -> Any:
    """A value as DuckDB and JSON take it, which know no tuples."""
    if isinstance(cell, tuple):
        return list(cell)
    return cell


def _type(given: Given, column: str) -> str:
    """Trino's type of a column: as it is known, else as it is declared, else as its cells are."""
    stored = given.stored.get(column)
    if stored:
        return stored
    declared = given.columns[column]
    if declared:
        return KINDS[declared]
    if column in TIME:
        return TIME[column]
    return _guessed(row.get(column) for row in given.rows)


def _guessed(cells: Iterable[Cell]) -> str:
    """Trino's type of a column by what is in it; text where that says nothing."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "bigint"
    if kinds and kinds <= {int, float}:
        return "double"
    if kinds == {tuple}:
        return "array(varchar)"
    return "varchar"


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
        _make(table, warehouse)
    late = threading.Event()
    try:
        with warehouse.cursor() as cursor, _stopped_after(SECONDS, cursor, late):
            found = {}
            for handle, sql in job.exports.items():
                found[handle] = _found(sql, job, warehouse, cursor)
            return found
    except NotHere as exc:
        return Unjudged(str(exc))
    except QueryFailed as exc:
        if late.is_set():
            return f"it took longer than {SECONDS:g} s"
        return f"the query failed: {exc}"
    finally:
        for table in job.tables:
            warehouse.fetch(f"DROP TABLE IF EXISTS {_in_sql(table)}")


def _found(sql: str, job: Job, warehouse: Warehouse, cursor: Any) -> frozenset[str]:
    """The identifiers that one export finds. Raises QueryFailed, NotHere."""
    answer = sandbox.execute(
        sql,
        database=job.database,
        scheduled_time=job.now,
        now=job.now,
        warehouse=warehouse,
        cursor=cursor,
    )
    if answer is None:
        return frozenset()
    return frozenset(str(row[0]) for row in answer.rows)


def _make(table: Table, warehouse: Warehouse) -> None:
    """Make a table with its rows, and its database if that is new."""
    if table.database not in warehouse.databases():
        warehouse.create_database(table.database)
    columns = []
    for column, kind in table.columns.items():
        stored = _in_duckdb(kind)
        columns.append(f'"{column}" {stored}')
    name = _in_sql(table)
    declared = ", ".join(columns)
    warehouse.fetch(f"CREATE OR REPLACE TABLE {name} ({declared})")
    if not table.rows:
        return
    # all rows in one statement: a statement for each would take most of a test's time
    marks = ", ".join(repeat("?", len(columns)))
    row = f"({marks})"
    rows = ", ".join(repeat(row, len(table.rows)))
    values = list(chain.from_iterable(table.rows))
    warehouse.fetch(f"INSERT INTO {name} VALUES {rows}", values)


def _in_sql(table: Table) -> str:
    """A table's name, quoted."""
    return f'"{table.database}"."{table.name}"'


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
    """How a test ended: whom it expects, beside whom the query found."""
    if isinstance(told, str):
        return Result(cohort, case, failure=told)
    if isinstance(told, Unjudged):
        return Result(cohort, case, unjudged=told.why)
    missing: dict[Handle, Values] = {}
    extra: dict[Handle, Values] = {}
    for handle, wanted in case.expect.items():
        found = told[handle]
        missing[handle] = _sorted(wanted - found)
        extra[handle] = _sorted(found - wanted)
    why = _proves_nothing(case)
    return Result(cohort, case, missing=missing, extra=extra, proves_nothing=why)


def _sorted(values: frozenset[str]) -> Values:
    """Identifiers in order."""
    return tuple(sorted(values))


def _proves_nothing(case: Case) -> str:
    """Why a test would pass whatever the query does, or an empty text."""
    members = case.expect.values()
    expected = set().union(*members)
    if not expected:
        return "it expects nobody: a query that never finds anybody would pass"
    rows = [row for given in case.given for row in given.rows]
    if all(expected & _cells(row) for row in rows):
        return "it expects everybody who is given: a query that finds all of them would pass"
    return ""
