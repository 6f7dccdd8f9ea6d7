"""A problem with the line of its file below it, and a mark under its place, as compilers do."""

from __future__ import annotations

from runner.errors import Problem
from runner.report.screen import fitted

WIDEST = 160
"""Characters of a line that are shown."""


def marked(problem: Problem, line: str, width: int = 0) -> str:
    """The problem's own line, then that of the file, as it stands there, cut around the
    place where it is longer than `width` (0: than WIDEST). An empty `line` is not shown.
    """
    told = fitted(str(problem), width, coloured=False)
    if not line.strip():
        return told
    number = f"  {problem.at.line} | "
    gutter = "| ".rjust(len(number))
    room = WIDEST
    if width:
        room = max(1, min(WIDEST, width - len(number)))
    start = max(0, problem.at.column - room)
    # a character that a terminal obeys, or hides, is not shown
    safe = "".join(each if each.isprintable() else " " for each in line)
    shown = safe[start : start + room]
    mark = " " * (problem.at.column - 1 - start) + "^"
    return f"{told}\n{number}{shown}\n{gutter}{mark}"
