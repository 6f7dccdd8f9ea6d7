"""How tests of cohorts ended, for people and pull requests. The rows shown are those
that a file gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.definitions.cohort import Cohort
from runner.identifiers import Handle
from runner.report.github import Note
from runner.report.lists import many
from runner.testing.local import Result

SHOWN = 10
"""People of one test who are shown with their rows; of more, how many there are."""


def text(results: Sequence[Result], untested: Sequence[Cohort]) -> str:
    """Each failed test with what differs and why; then how many passed."""
    lines = list(told(results))
    return "\n".join([*lines, *([""] if lines else []), totals(results, untested)])


def told(results: Sequence[Result]) -> Iterator[str]:
    """A line for each test, and below it what differs and why."""
    for result in results:
        mark = "✓" if result.passed else ("?" if result.unjudged else "✗")
        where = "" if result.passed else f"   {result.case.at}"
        yield f"  {mark} {result.cohort.id} · {result.case.name}{where}"
        yield from (f"      {line}" for line in _why(result))
        if result.passed and result.proves_nothing:
            yield f"      it proves little: {result.proves_nothing}"


def totals(results: Sequence[Result], untested: Sequence[Cohort]) -> str:
    """How many passed, and who has no test."""
    unjudged = sum(bool(result.unjudged) for result in results)
    failed = sum(not result.passed for result in results) - unjudged
    tested = len({result.cohort.id for result in results})
    tests, cohorts = many(len(results), "test"), many(tested, "cohort")
    parts = [
        f"{failed} failed" if failed else "",
        f"{unjudged} not judged" if unjudged else "",
    ]
    told = f"{tests} of {cohorts}: {', '.join(filter(None, parts)) or 'all passed'}."
    if untested:
        names = ", ".join(cohort.id for cohort in untested[:5]) + (
            ", …" if len(untested) > 5 else ""
        )
        has = "has" if len(untested) == 1 else "have"
        told += f" {many(len(untested), 'cohort')} {has} no test: {names}."
    return told


def notes(results: Sequence[Result]) -> Iterator[Note]:
    """Annotations: an error at each test that failed or was not judged, a warning at
    each that proves little.
    """
    for result in results:
        title = f"{result.cohort.id}: {result.case.name}"
        if not result.passed:
            yield Note("error", result.case.at, title, "\n".join(_why(result)))
        elif result.proves_nothing:
            yield Note("warning", result.case.at, title, result.proves_nothing)


def _why(result: Result) -> Iterator[str]:
    """What differs, person by person, with the rows that have to do with them."""
    if result.failure:
        yield result.failure
    if result.unjudged:
        yield f"not judged: {result.unjudged}"
    for handle, values in result.missing.items():
        yield from _people("missing", handle, values, result)
    for handle, values in result.extra.items():
        yield from _people("should not be there", handle, values, result)
    for name, key in (
        () if result.passed or result.failure or result.unjudged else result.strangers
    ):
        yield f"{name} names {key}, of whom no other row is given"


def _people(
    what: str, handle: Handle, values: Sequence[str], result: Result
) -> Iterator[str]:
    by = f" (by {handle})" if len(result.case.expect) > 1 else ""
    for value in values[:SHOWN]:
        yield f"{what}: {value}{by}"
        rows = list(result.rows_about(value))
        yield from (f"  {table}: {_row(row)}" for table, row in rows)
        if not rows:
            yield "  no row is given of them"
    if len(values) > SHOWN:
        yield f"{what}: {len(values) - SHOWN} more"


def _row(row: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_cell(cell)}" for name, cell in row.items()) + "}"


def _cell(cell: object) -> str:
    if isinstance(cell, list):
        return f"[{', '.join(map(str, cell))}]"
    return (
        "null"
        if cell is None
        else str(cell).lower()
        if isinstance(cell, bool)
        else str(cell)
    )
