"""What a text in a YAML file means as a value, and where each of its characters stands in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isfinite

from yaml.scanner import Scanner

from runner.errors import Position

# The YAML 1.2 core schema, except that numbers not written in decimal (0o17, 0x1F, 007,
# .inf) stay text; so do YAML 1.1's NO, on, 12:30, 1_000 and 2026-01-02.
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]+)?",
    re.ASCII,
)

_DOUBLE = re.compile(r"\\(?:x.{2}|u.{4}|U.{8}|\n|.)|.", re.DOTALL)
_SINGLE = re.compile(r"''|.", re.DOTALL)
_ANY = re.compile(r".", re.DOTALL)


def plain(text: str) -> str | int | float | bool | None:
    """The value of a text written without quotes."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and isfinite(number := float(text)):
        return number
    return text


def place(source: str, start: Position, text: str, line: int, column: int) -> Position:
    """Where line and column (from 1) of `text` stand in the `source` that has it
    written at `start`.

    The promises are those of `Document.within`.
    """
    rows = text.split("\n")
    if line > len(rows):
        line, column = len(rows), len(rows[-1]) + 1
    elif line < 1:
        line, column = 1, 1
    column = min(max(column, 1), len(rows[line - 1]) + 1)
    lines = source.split("\n")
    if lines[start.line - 1].startswith("|", start.column - 1):
        return _in_literal(lines, start, rows, line, column)
    offset = sum(len(row) + 1 for row in rows[: line - 1]) + column - 1
    return _in_flow(lines, start, text, offset)


def _in_literal(
    lines: Sequence[str], start: Position, rows: Sequence[str], line: int, column: int
) -> Position:
    """A literal block keeps every line; what the file has more on a line is the indentation."""
    indents = (
        len(lines[start.line + i]) - len(row) for i, row in enumerate(rows) if row
    )
    found = min(start.line + line, len(lines))
    return Position(
        start.path, found, min(next(indents, 0) + column, len(lines[found - 1]) + 1)
    )


def _in_flow(lines: Sequence[str], start: Position, text: str, offset: int) -> Position:
    """Quoted, plain and folded text: what is written and what it means differ in white space alone."""
    written = _written(lines, start)
    line, column, character, width = next(written, (start.line, start.column, "", 0))
    here = Position(start.path, line, column)
    for wanted in text[: offset + 1]:
        while not wanted.isspace() and character.isspace():
            line, column, character, width = next(written, (line, column, "", 0))
        here = Position(start.path, line, column)
        if offset >= len(text):
            here = Position(start.path, line, column + width)
        if not wanted.isspace() or character.isspace():
            line, column, character, width = next(written, (line, column, "", 0))
    return here


def _written(
    lines: Sequence[str], start: Position
) -> Iterator[tuple[int, int, str, int]]:
    """Line, column, character and its width in the file, from the first of a text to
    the end of the file.
    """
    line, column = start.line, start.column
    style = lines[line - 1][column - 1 : column]
    if style == ">":
        line, column = line + 1, 1
    elif style in ("'", '"'):
        column += 1
    pattern = {'"': _DOUBLE, "'": _SINGLE}.get(style, _ANY)
    rest = (
        "\n".join((lines[line - 1][column - 1 :], *lines[line:]))
        if line <= len(lines)
        else ""
    )
    for match in pattern.finditer(rest):
        raw = match[0]
        if raw != "\\\n":  # an escaped line break means nothing
            yield line, column, _meaning(raw), len(raw)
        line, column = (
            (line + 1, 1) if raw.endswith("\n") else (line, column + len(raw))
        )


def _meaning(raw: str) -> str:
    if not raw.startswith("\\") or len(raw) == 1:
        return raw
    code = Scanner.ESCAPE_CODES.get(raw[1])
    return (
        chr(int(raw[2:], 16)) if code else Scanner.ESCAPE_REPLACEMENTS.get(raw[1], raw)
    )
