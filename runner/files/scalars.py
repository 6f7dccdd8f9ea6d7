"""The value that a text in a YAML file means, and where each of its characters stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from yaml.scanner import Scanner

from runner.errors import Position

# The YAML 1.2 core schema, except that numbers not written in decimal (0o17, 0x1F, 007,
# .inf) stay text; so do YAML 1.1's NO, on, 12:30, 1_000 and 2026-01-02.
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
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
    if text in _BOOLEANS:
        return _BOOLEANS[text]
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
    """A place in a literal block, which keeps every line. What the file has more on a
    line is the indentation, which is the same for all lines.
    """
    indent = 0
    for number, row in enumerate(rows):
        if row:
            indent = len(lines[start.line + number]) - len(row)
            break
    found = min(start.line + line, len(lines))
    end = len(lines[found - 1]) + 1
    return Position(start.path, found, min(indent + column, end))


def _in_flow(lines: Sequence[str], start: Position, text: str, offset: int) -> Position:
    """A place in quoted, plain or folded text: what is written and what it means differ
    in white space alone.
    """
    written = _written(lines, start)
    here = next(written, _Written(start.line, start.column, "", 0))
    found = here
    for wanted in text[: offset + 1]:
        # indentation, and line breaks that are folded away
        while here.means.isspace() and not wanted.isspace():
            here = next(written, _after(here))
        found = here
        # a space of the text may be a line break of the file, which is passed later
        if here.means.isspace() or not wanted.isspace():
            here = next(written, _after(here))
    column = found.column
    # right after the text
    if text and offset >= len(text):
        column += found.width
    return Position(start.path, found.line, column)


@dataclass(frozen=True, slots=True)
class _Written:
    """A character as the file has it: where it stands, what it means, and how many
    characters of the file it takes.
    """

    line: int
    column: int
    means: str
    width: int


def _after(last: _Written) -> _Written:
    """What comes after the end of the file: nothing, at the place of the last character."""
    return _Written(last.line, last.column, "", 0)


def _written(lines: Sequence[str], start: Position) -> Iterator[_Written]:
    """The characters from the first one of a text to the end of the file."""
    line, column = start.line, start.column
    # the text of a folded block begins on the next line, a quoted one after its quote
    style = lines[line - 1][column - 1 : column]
    if style == ">":
        line, column = line + 1, 1
    elif style in ("'", '"'):
        column += 1
    pattern = {'"': _DOUBLE, "'": _SINGLE}.get(style, _ANY)
    rest = ""
    if line <= len(lines):
        rest = "\n".join((lines[line - 1][column - 1 :], *lines[line:]))
    for match in pattern.finditer(rest):
        raw = match[0]
        # an escaped line break means nothing
        if raw != "\\\n":
            yield _Written(line, column, _meaning(raw), len(raw))
        column += len(raw)
        if raw.endswith("\n"):
            line, column = line + 1, 1


def _meaning(raw: str) -> str:
    """The character that an escape means; any other text is what it is."""
    if not raw.startswith("\\") or len(raw) == 1:
        return raw
    if raw[1] in Scanner.ESCAPE_CODES:
        return chr(int(raw[2:], 16))
    return Scanner.ESCAPE_REPLACEMENTS.get(raw[1], raw)
