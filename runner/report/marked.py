"""A problem with the line of its file below it, and a mark under its place, as compilers do."""

from __future__ import annotations

from runner.errors import Problem

WIDEST = 160
"""Characters of a line that are shown."""


def marked(problem: Problem, line: str) -> str:
    """The problem's own line, then that of the file, as it stands there. An empty
    `line` is not shown.
    """
    if not line.strip():
        return str(problem)
    number = str(problem.at.line)
    gutter = " " * len(number)
    start = max(0, problem.at.column - WIDEST)
    # a character that a terminal obeys, or hides, is not shown
    safe = "".join(each if each.isprintable() else " " for each in line)
    shown = safe[start : start + WIDEST]
    mark = " " * (problem.at.column - 1 - start) + "^"
    return f"{problem}\n  {number} | {shown}\n  {gutter} | {mark}"
