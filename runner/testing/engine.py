"""Cohorts' tests on the engine, and a look of the engine at every query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from runner.definitions.known import Known
from runner.errors import Problem, Problems, Unavailable
from runner.project.file import Target
from runner.project.sources import Source
from runner.project.tables import UNKNOWN
from runner.sandbox.engine import home, process, trials
from runner.sandbox.engine.errors import EngineProblem, StatementFailed
from runner.sandbox.engine.tables import Loaded
from runner.sql.query import Query
from runner.testing.local import CarryOut, Found, Job, Table, empty_tables

UNTOLD = frozenset({"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND"})
"""Refusals that only say that nothing is known of a table here."""


@contextmanager
def started(environment: Mapping[str, str]) -> Iterator[str]:
    """An engine for tests, which is set up already; yields its address. Raises
    Unavailable R032, also when it dies.
    """
    try:
        installed = home.installed(environment)
        with process.running(
            installed, environment, catalogs=trials.CATALOGS, is_brief=True
        ) as url:
            yield url
    except EngineProblem as exc:
        raise Unavailable("R032", exc.what, exc.fix) from None


def carrying_out(url: str) -> CarryOut:
    """What carries tests out on the engine at this address."""

    def carry_out(jobs: Sequence[Job]) -> Iterator[Found]:
        results = trials.carried_out(map(_trial, jobs), url)
        for job, found in zip(jobs, results, strict=True):
            if isinstance(found, str):
                yield found
                continue
            # the engine knows the exports by name, as texts
            names = {str(handle): handle for handle in job.exports}
            members = {}
            for name, rows in found.items():
                members[names[name]] = _first_cells(rows)
            yield members

    return carry_out


def refused(
    queries: Sequence[Query],
    target: Target,
    sources: Iterable[Source],
    url: str,
    *,
    known: Known,
) -> Problems:
    """The queries that Trino would not begin, each with Trino's words; on the tables
    that are known, empty.

    A table is not made where the type of one of its columns is not known: that Trino
    does not find it is left out.
    """
    asked: list[Query] = []
    exports: list[str] = []
    for query in queries:
        for sql in query.exports.values():
            asked.append(query)
            exports.append(sql)
    read = empty_tables(exports, target.database, sources, known)
    known_read = [table for table in read if UNKNOWN not in table.columns.values()]
    tables = list(map(_loaded, known_read))
    found = trials.refusals(exports, tables, target.database, url)
    problems = set()
    for query, refusal in zip(asked, found, strict=True):
        if refusal and refusal.name not in UNTOLD:
            # several exports of one cohort may be refused in the same words
            problem = _problem(query, refusal)
            problems.add(problem)
    return tuple(sorted(problems))


def _problem(query: Query, refusal: StatementFailed) -> Problem:
    """Trino's refusal of a query, at the cohort's audience."""
    at = query.cohort.document.at("audience")
    what = f"Trino refuses the query: {refusal.message}"
    return Problem(at, "Q030", what, "correct the query")


def _first_cells(rows: Iterable[Sequence[Any]]) -> frozenset[str]:
    """The identifiers that an export found."""
    return frozenset(str(row[0]) for row in rows)


def _trial(job: Job) -> trials.Trial:
    """A test as the engine takes it: texts instead of values of ours."""
    statements = {str(handle): sql for handle, sql in job.exports.items()}
    tables = tuple(_loaded(table) for table in job.tables)
    return trials.Trial(tables, statements, job.database, job.now)


def _loaded(table: Table) -> Loaded:
    """A table as the engine loads it, each value as its column keeps it."""
    kinds = table.columns.values()
    rows: list[list[Any]] = []
    for row in table.rows:
        pairs = zip(row, kinds, strict=True)
        cells = [_cell(cell, kind) for cell, kind in pairs]
        rows.append(cells)
    return Loaded(table.database, table.name, table.columns, rows)


def _cell(cell: Any, kind: str) -> Any:
    """A value as its column keeps it. In a column of text, a number or a boolean is its
    text.
    """
    if isinstance(cell, list) and kind != "varchar":
        inside = kind.removeprefix("array(").removesuffix(")")
        return [_cell(one, inside) for one in cell]
    match kind:
        case "varchar":
            return _text(cell)
        case "double" if isinstance(cell, int):
            return float(cell)
        case _:
            return cell


def _text(cell: Any) -> str | None:
    """A value as text; a boolean as SQL writes it."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    return str(cell)
