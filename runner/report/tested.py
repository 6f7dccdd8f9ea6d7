"""How tests of cohorts ended, for people and pull requests. The rows shown are those that a file gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.definitions.cohort import Cohort
from runner.identifiers import Handle
from runner.testing import Result

SHOWN = 10
"""People of one test who are shown with their rows; of more, how many there are."""


def text(results: Sequence[Result], untested: Sequence[Cohort]) -> str:
    """Each failed test with what differs and why; then how many passed."""
    lines: list[str] = []
    for result in results:
        mark = "✓" if result.passed else "✗"
        where = "" if result.passed else f"   {result.case.at}"
        lines.append(f"  {mark} {result.cohort.id} · {result.case.name}{where}")
        lines += [f"      {line}" for line in _why(result)]
        if result.passed and result.proves_nothing:
            lines.append(f"      it proves little: {result.proves_nothing}")
    failed = sum(not result.passed for result in results)
    tested = len({result.cohort.id for result in results})
    tests, cohorts = _many(len(results), "test"), _many(tested, "cohort")
    told = f"{tests} of {cohorts}: {'all passed' if not failed else f'{failed} failed'}."
    if untested:
        names = ", ".join(cohort.id for cohort in untested[:5]) + (", …" if len(untested) > 5 else "")
        has = "has" if len(untested) == 1 else "have"
        told += f" {_many(len(untested), 'cohort')} {has} no test: {names}."
    return "\n".join([*lines, *([""] if lines else []), told])


def github(results: Sequence[Result]) -> str:
    """GitHub's workflow commands: an error at each test that failed, a warning at each that proves little."""
    lines = []
    for result in results:
        at, title = result.case.at, f"{result.cohort.id}: {result.case.name}"
        if not result.passed:
            lines.append(_annotation("error", at.path, at.line, title, "\n".join(_why(result))))
        elif result.proves_nothing:
            lines.append(_annotation("warning", at.path, at.line, title, result.proves_nothing))
    return "\n".join(lines)


def _why(result: Result) -> Iterator[str]:
    """What differs, person by person, with the rows that have to do with them."""
    if result.failure:
        yield result.failure
    for handle, values in result.missing.items():
        yield from _people("missing", handle, values, result)
    for handle, values in result.extra.items():
        yield from _people("should not be there", handle, values, result)
    for name, key in () if result.passed or result.failure else result.strangers:
        yield f"{name} names {key}, of whom no other row is given"


def _people(what: str, handle: Handle, values: Sequence[str], result: Result) -> Iterator[str]:
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
    return "null" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def _annotation(kind: str, path: str, line: int, title: str, message: str) -> str:
    """As https://docs.github.com/actions/reference/workflow-commands-for-github-actions escapes them."""
    whole = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    name, file = (
        given.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
        for given in (title, path)
    )
    return f"::{kind} file={file},line={line},title={name}::{whole}"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
