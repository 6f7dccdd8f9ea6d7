"""Numbers and lists as pages tell them: of what does not fit it is said how much it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from runner.errors import Position, Problem
from runner.report.markup import code, sentence

if TYPE_CHECKING:  # it needs the sandbox's packages
    from runner.testing.local import Result

Each = TypeVar("Each")

LISTED = 25
"""How many problems, tests and warnings are listed; of more, their number is told."""

NAMED = 5
"""How many names stand in a sentence."""

NO_LINKS: Mapping[str, str] = MappingProxyType({})
"""For a page that knows no file's address."""

LONGEST_FAILURE = 80
"""Characters of the reason why a test could not be run."""


def many(number: int, what: str) -> str:
    """A number with its noun, as `1 cohort` or `1,200 cohorts`; the plural has an s."""
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {what}s"


def names(found: Sequence[str]) -> str:
    """The first five names in a row; an ellipsis stands for the others."""
    told = ", ".join(found[:NAMED])
    if len(found) > NAMED:
        return f"{told}, …"
    return told


def column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column: the length of its longest cell."""
    columns = zip(*rows, strict=True)
    return [max(map(len, column)) for column in columns]


def fitting(
    blocks: Sequence[str], limit: int, *, joint: int = 2
) -> tuple[list[str], int]:
    """The blocks that fit into `limit` characters, and how many do not; `joint` is the
    length of what joins two blocks. A block that is too big takes no room from those
    after it.
    """
    # an empty block is none
    taken: list[str] = []
    missing = 0
    for block in filter(None, blocks):
        length = len(block) + joint
        if length <= limit:
            limit -= length
            taken.append(block)
        else:
            missing += 1
    return taken, missing


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
        more = len(found) - most
        lines.append(f"- and {more:,} more{elsewhere}")
    return "\n".join(lines)


def of_problem(problem: Problem, links: Mapping[str, str] = NO_LINKS) -> str:
    """A problem on one line, with its place; `links` are the addresses of files."""
    place = _place(problem.at, links)
    told = sentence(f"{problem.what}; {problem.fix}")
    return f"{place} {problem.code} {told}"


def of_test(result: Result, links: Mapping[str, str] = NO_LINKS) -> str:
    """How a test failed, or that it was not judged, on one line; `links` are the
    addresses of files.
    """
    case = result.case
    place = _place(case.at, links)
    told = sentence(f"{case.name}: {_why(result)}")
    return f"{place} {code(result.cohort.id)}: {told}"


def _place(at: Position, links: Mapping[str, str]) -> str:
    """A line of a file, as a link to it where its address is known."""
    if at.path.endswith("/"):
        return code(at.path)
    told = code(f"{at.path}:{at.line}")
    if at.path in links:
        return f"[{told}]({links[at.path]}#L{at.line})"
    return told


def _why(result: Result) -> str:
    """How many people a test missed or found too many, and why it failed."""
    if result.unjudged:
        return "not judged"
    parts = []
    missing = sum(len(people) for people in result.missing.values())
    if missing:
        parts.append(f"{missing} missing")
    extra = sum(len(people) for people in result.extra.values())
    if extra:
        parts.append(f"{extra} too many")
    if result.failure:
        parts.append(result.failure[:LONGEST_FAILURE])
    return ", ".join(parts)


def of_files(problems: Sequence[Problem]) -> str:
    """How many problems there are, in how many files."""
    files = {problem.at.path for problem in problems}
    told = many(len(problems), "problem")
    where = many(len(files), "file")
    return f"{told} in {where}"


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
        tests = many(len(failed), "test")
        yield f"> [!CAUTION]\n> **{tests} failed**"
        yield listed(failed, of_test)
    if warnings:
        counted = many(len(warnings), "warning")
        yield f"**{counted}**"
        yield listed(warnings, of_problem)
