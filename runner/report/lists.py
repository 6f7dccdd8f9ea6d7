"""Numbers and lists as pages tell them: of what does not fit it is said how much it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from runner.errors import Problem
from runner.report.markup import code

if TYPE_CHECKING:  # it needs the sandbox's packages
    from runner.testing.local import Result

Each = TypeVar("Each")

LISTED = 25
"""Problems, tests and warnings that are listed; of more, how many there are."""


def many(number: int, what: str) -> str:
    """So many of something that has its plural with an s."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def fitting(
    blocks: Sequence[str], limit: int, *, joint: int = 2
) -> tuple[list[str], int]:
    """The blocks that fit, and how many do not; a big one takes no room from those after it."""
    taken: list[str] = []
    there = [block for block in blocks if block]
    for block in there:
        if len(block) + joint <= limit:
            limit -= len(block) + joint
            taken.append(block)
    return taken, len(there) - len(taken)


def listed(
    found: Sequence[Each],
    text: Callable[[Each], str],
    elsewhere: str = "",
    *,
    most: int = LISTED,
) -> str:
    """The first of them, a line each, and how many more there are; `elsewhere` says
    where those are.
    """
    lines = [f"- {text(each)}" for each in found[:most]]
    if len(found) > most:
        lines.append(f"- and {len(found) - most:,} more{elsewhere}")
    return "\n".join(lines)


def of_problem(problem: Problem) -> str:
    """A problem on one line, with its place."""
    at = problem.at
    return f"{code(f'{at.path}:{at.line}')} {problem.code} {code(f'{problem.what}; {problem.fix}')}"


def of_test(result: Result) -> str:
    """How a test failed, or that it was not judged, on one line."""
    missing, extra = (
        sum(map(len, people.values())) for people in (result.missing, result.extra)
    )
    parts = [
        f"{missing} missing" if missing else "",
        f"{extra} too many" if extra else "",
        result.failure[:80],
    ]
    if result.unjudged:
        parts = ["not judged"]
    why = ", ".join(part for part in parts if part)
    return code(f"{result.case.at} {result.cohort.id}: {result.case.name}: {why}")


def of_files(problems: Sequence[Problem]) -> str:
    """How many problems there are, in how many files."""
    files = len({problem.at.path for problem in problems})
    return f"{many(len(problems), 'problem')} in {many(files, 'file')}"


def of_checks(
    errors: Sequence[Problem],
    failed: Sequence[Result],
    warnings: Sequence[Problem] = (),
) -> Iterator[str]:
    """What a check of files found, as blocks of a page."""
    if errors:
        yield f"> [!CAUTION]\n> **{of_files(errors)}**"
        yield listed(errors, of_problem)
    if failed:
        yield f"> [!CAUTION]\n> **{many(len(failed), 'test')} failed**"
        yield listed(failed, of_test)
    if warnings:
        yield f"**{many(len(warnings), 'warning')}**"
        yield listed(warnings, of_problem)
