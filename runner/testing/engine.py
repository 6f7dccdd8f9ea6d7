"""Cohorts' tests on the engine, and a look of the engine at every query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from runner.definitions.known import Known
from runner.errors import Problem, Unavailable
from runner.identifiers import Handle
from runner.project.file import Target
from runner.project.sources import Source
from runner.project.tables import UNKNOWN
from runner.sandbox.engine import home, process, trials
from runner.sandbox.engine.errors import EngineProblem, StatementFailed
from runner.sandbox.engine.tables import Loaded
from runner.sql.query import Query
from runner.testing.local import Job, Table, empty_tables

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


def carrying_out(
    url: str,
) -> Callable[[Sequence[Job]], Iterator[Mapping[Handle, frozenset[str]] | str]]:
    """What carries tests out on the engine at this address."""

    def carry_out(
        jobs: Sequence[Job],
    ) -> Iterator[Mapping[Handle, frozenset[str]] | str]:
        handles = [{str(handle): handle for handle in job.exports} for job in jobs]
        for names, found in zip(
            handles, trials.carried_out(map(_trial, jobs), url), strict=True
        ):
            if isinstance(found, str):
                yield found
            else:
                yield {
                    names[name]: frozenset(str(row[0]) for row in rows)
                    for name, rows in found.items()
                }

    return carry_out


def refused(
    queries: Sequence[Query],
    target: Target,
    sources: Iterable[Source],
    url: str,
    *,
    known: Known,
) -> tuple[Problem, ...]:
    """The queries that Trino would not begin, each with Trino's words; on the tables
    that are known, empty.

    A table is not made where the type of one of its columns is not known: that Trino
    does not find it is left out.
    """
    named = [(query, sql) for query in queries for sql in query.exports.values()]
    read = empty_tables([sql for _, sql in named], target.database, sources, known)
    tables = [_loaded(table) for table in read if UNKNOWN not in table.columns.values()]
    found = trials.refusals([sql for _, sql in named], tables, target.database, url)
    problems = {
        _problem(query, refusal)
        for (query, _), refusal in zip(named, found, strict=True)
        if refusal and refusal.name not in UNTOLD
    }
    return tuple(sorted(problems))


def _problem(query: Query, refusal: StatementFailed) -> Problem:
    at = query.cohort.document.at("audience")
    return Problem(
        at, "Q030", f"Trino refuses the query: {refusal.message}", "correct the query"
    )


def _trial(job: Job) -> trials.Trial:
    statements = {str(handle): sql for handle, sql in job.exports.items()}
    return trials.Trial(
        tuple(map(_loaded, job.tables)), statements, job.database, job.now
    )


def _loaded(table: Table) -> Loaded:
    kinds = table.columns.values()
    rows = [
        [_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)]
        for row in table.rows
    ]
    return Loaded(table.database, table.name, table.columns, rows)


def _cell(cell: Any, kind: str) -> Any:
    """A value as its column keeps it: in a column of text, a number or a boolean is its text."""
    if kind == "varchar" and cell is not None and not isinstance(cell, str):
        return str(cell).lower() if isinstance(cell, bool) else str(cell)
    if kind == "double" and isinstance(cell, int):
        return float(cell)
    if isinstance(cell, list):
        return [
            _cell(one, kind.removeprefix("array(").removesuffix(")")) for one in cell
        ]
    return cell
