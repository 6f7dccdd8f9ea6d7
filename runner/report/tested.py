"""How tests of cohorts ended, for people and pull requests. The rows shown are those
that a file gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.definitions.cohort import Cohort
from runner.identifiers import Handle
from runner.report.github import Note
from runner.report.lists import many, names
from runner.testing.local import Result

SHOWN = 10
"""How many people of one test are shown with their rows; of more, their number is told."""


def text(results: Sequence[Result], untested: Sequence[Cohort]) -> str:
    """Each failed test with what differs and why; then how many passed."""
    lines = list(told(results))
    if lines:
        lines.append("")
    lines.append(totals(results, untested))
    return "\n".join(lines)


def told(results: Sequence[Result]) -> Iterator[str]:
    """A line for each test, and below it what differs and why."""
    for result in results:
        yield _line(result)
        for line in _why(result):
            yield f"      {line}"
        if result.passed and result.proves_nothing:
            yield f"      it proves little: {result.proves_nothing}"


def _line(result: Result) -> str:
    """The sign and the name of a test; its place where it did not pass."""
    case = result.case
    name = f"{result.cohort.id} · {case.name}"
    if result.passed:
        return f"  ✓ {name}"
    if result.unjudged:
        return f"  ? {name}   {case.at}"
    return f"  ✗ {name}   {case.at}"


def totals(results: Sequence[Result], untested: Sequence[Cohort]) -> str:
    """How many passed, and which cohorts have no test."""
    tested = {result.cohort.id for result in results}
    tests = many(len(results), "test")
    cohorts = many(len(tested), "cohort")
    told = f"{tests} of {cohorts}: {_ended(results)}."
    if untested:
        told += f" {_without(untested)}."
    return told


def _without(untested: Sequence[Cohort]) -> str:
    """How many cohorts have no test, with the names of the first."""
    named = names([cohort.id for cohort in untested])
    if len(untested) == 1:
        return f"1 cohort has no test: {named}"
    return f"{len(untested):,} cohorts have no test: {named}"


def _ended(results: Sequence[Result]) -> str:
    """How many tests failed, and how many were not judged."""
    unjudged = failed = 0
    for result in results:
        if result.unjudged:
            unjudged += 1
        elif not result.passed:
            failed += 1
    parts = []
    if failed:
        parts.append(f"{failed} failed")
    if unjudged:
        parts.append(f"{unjudged} not judged")
    return ", ".join(parts) or "all passed"


def notes(results: Sequence[Result]) -> Iterator[Note]:
    """Annotations: an error at each test that failed or was not judged, a warning at
    each that proves little.
    """
    for result in results:
        case = result.case
        title = f"{result.cohort.id}: {case.name}"
        if not result.passed:
            why = "\n".join(_why(result))
            yield Note("error", case.at, title, why)
        elif result.proves_nothing:
            yield Note("warning", case.at, title, result.proves_nothing)


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
    # a misspelt key explains who is missing, and nothing else
    if result.passed or result.failure or result.unjudged:
        return
    for name, key in result.strangers:
        yield f"{name} names {key}, but the test gives no other row about them"


def _people(
    what: str, handle: Handle, values: Sequence[str], result: Result
) -> Iterator[str]:
    """People who differ, one line each, and below each the rows about them."""
    by = ""
    if len(result.case.expect) > 1:
        by = f" (by {handle})"
    for value in values[:SHOWN]:
        yield f"{what}: {value}{by}"
        yield from _rows(value, result)
    more = len(values) - SHOWN
    if more > 0:
        yield f"{what}: {more} more"


def _rows(value: str, result: Result) -> Iterator[str]:
    """The rows of a test that are about one person."""
    rows = list(result.rows_about(value))
    if not rows:
        yield "  the test gives no row about them"
    for table, row in rows:
        yield f"  {table}: {_row(row)}"


def _row(row: Mapping[str, Any]) -> str:
    """A row as YAML writes it on one line."""
    cells = [f"{name}: {_cell(cell)}" for name, cell in row.items()]
    listed = ", ".join(cells)
    return f"{{{listed}}}"


def _cell(cell: object) -> str:
    """A cell as YAML writes it."""
    if cell is None:
        return "null"
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, list):
        items = ", ".join(map(str, cell))
        return f"[{items}]"
    return str(cell)
