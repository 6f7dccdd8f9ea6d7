"""Where in an author's text something stands that was told of a longer statement around it."""

from __future__ import annotations

from collections.abc import Sequence


def author_place(
    statement: str, inner: str, line: int, column: int
) -> tuple[int, int] | None:
    """The line and column (from 1) in `inner`, which the statement holds, moved to the
    right or not, of a place in the statement; None where that is not part of it.
    """
    around = statement.split("\n")
    lines = inner.split("\n")
    if not 1 <= line <= len(around):
        return None
    earliest = max(0, line - len(lines))
    for start in range(earliest, line):
        depth = _depth(around, lines, start)
        # what stands before the text on its first lines is the wrapper's, such as a bracket
        if depth is not None and column > depth:
            return line - start, column - depth
    return None


def _depth(around: Sequence[str], lines: Sequence[str], start: int) -> int | None:
    """How far to the right these lines stand from one of the statement on; None where
    they do not stand there.
    """
    if start + len(lines) > len(around):
        return None
    full = next((number for number, line in enumerate(lines) if line), None)
    if full is None:
        return None
    outer = around[start + full]
    depth = len(outer) - len(lines[full])
    if depth < 0:
        return None
    moved = " " * depth
    for number, line in enumerate(lines):
        expected = line
        # empty lines stay empty (see `indented`)
        if line:
            expected = moved + line
        if around[start + number] != expected:
            return None
    return depth
