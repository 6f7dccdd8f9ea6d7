"""What is wrong with a YAML file's syntax, in the words of somebody who writes one now and then."""

from __future__ import annotations

import re

import yaml

from runner.errors import Position, Problem

_LETTER = "text that starts with & or * has a meaning of its own in YAML"
_TAG = "text that starts with ! has a meaning of its own in YAML"
_ESCAPE = (
    "a backslash in double quotes begins a special character, "
    "and there is none of this name"
)
_ESCAPE_FIX = "use single quotes, or write the backslash twice"
_QUOTES = "put the whole value in quotes"

# A part of the parser's sentence (libyaml's and the pure parser's share it); whether
# the place to show is where the thing began, not where the parser gave up; what to say,
# `{}` being the character there; the cure.
_SAYINGS = (
    (" tab ", False, "a tab is used for indentation", "use spaces instead"),
    ("cannot start any token", False, "a value cannot start with {}", _QUOTES),
    (
        "quoted scalar found unexpected",
        True,
        "this quote is never closed",
        "close it with the same quote",
    ),
    ("escape character", False, _ESCAPE, _ESCAPE_FIX),
    ("hexdecimal", False, _ESCAPE, _ESCAPE_FIX),
    ("escape sequence", False, _ESCAPE, _ESCAPE_FIX),
    ("scanning an anchor", True, _LETTER, _QUOTES),
    ("scanning an alias", True, _LETTER, _QUOTES),
    ("scanning a tag", True, _TAG, _QUOTES),
    ("parsing a tag", True, _TAG, _QUOTES),
    (
        "scanning a block scalar",
        False,
        "text cannot start beside | or >",
        "start it on the next line, indented",
    ),
    (
        "parsing a flow",
        True,
        "this {} is not closed, or a comma is missing after it",
        "add what is missing",
    ),
    (
        "entries are not allowed",
        False,
        "a list cannot start here",
        "start each item on its own line with `- `",
    ),
    ("expected node content", False, "a value cannot start with {}", _QUOTES),
    ("expected the node content", False, "a value cannot start with {}", _QUOTES),
)
_MISFIT = (
    "did not find expected key",
    "<block end>",
    "<document start>",
    "'-' indicator",
)

_NAME_WITHOUT_SPACE = re.compile(r"\s*(?:- )?([A-Za-z_]\w*):\S")

_ODD_SPACE = re.compile(r" *(?:- *)?\w*:? *([^\S \t])")

Fault = tuple[int, int, str, str]
"""Line, column, what, fix."""


def problem(error: yaml.MarkedYAMLError, text: str, shown: str) -> Problem:
    """The parser's complaint as where, what and what to do."""
    line, column, what, fix = _fault(error, text.split("\n"))
    return Problem(Position(shown, line, column), "F007", what, fix)


def _fault(error: yaml.MarkedYAMLError, lines: list[str]) -> Fault:
    """What is wrong, and where the author has to look for it."""
    here = _place(error.problem_mark, (1, 1))
    began = _place(error.context_mark, here)
    said = f"{error.context} {error.problem}"
    if "cannot start any token" in said and _at(lines, here) == "\t":
        said = " tab "
    for part, at_start, what, fix in _SAYINGS:
        if part in said:
            place = here
            if at_start:
                place = began
            return *place, what.format(_at(lines, place)), fix
    first = began[0]
    if not error.context_mark:
        first = max(1, here[0] - 1)
    if odd := _odd_space(range(first, here[0] + 1), lines):
        return odd
    if "could not find expected ':'" in said:
        return _no_colon(began, lines)
    if "mapping values are not allowed" in said:
        return _stray_colon(here, lines)
    if any(part in said for part in _MISFIT):
        return _misfit(here, lines)
    what = f"this is not valid YAML ({error.problem})"
    return *here, what, "check quotes, brackets and indentation around here"


def _place(mark: yaml.Mark | None, otherwise: tuple[int, int]) -> tuple[int, int]:
    """The line and column (from 1) of a mark of the parser, which counts from 0."""
    if mark is None:
        return otherwise
    return mark.line + 1, mark.column + 1


def _odd_space(numbers: range, lines: list[str]) -> Fault | None:
    """The first character among some lines (from 1) that only looks like a space."""
    for number in numbers:
        if number <= len(lines) and (found := _ODD_SPACE.match(lines[number - 1])):
            what = (
                "this looks like a space but is another character, "
                "such as a non-breaking space"
            )
            return number, found.start(1) + 1, what, "delete it and type a space"
    return None


def _no_colon(began: tuple[int, int], lines: list[str]) -> Fault:
    """A line in a group of names that has no colon."""
    if found := _NAME_WITHOUT_SPACE.match(lines[began[0] - 1]):
        return _no_space(began[0], found)
    what = "this line has no `name: value`"
    fix = "add the colon and the value, or indent it if it belongs to the text above"
    return *began, what, fix


def _stray_colon(here: tuple[int, int], lines: list[str]) -> Fault:
    """A colon where the parser expected none."""
    line, column = here
    if ": " in lines[line - 1][: column - 1]:
        return *here, "a second colon stands in a text without quotes", _QUOTES
    if line > 1 and (found := _NAME_WITHOUT_SPACE.match(lines[line - 2])):
        return _no_space(line - 1, found)
    indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    return _misfit((line, indent + 1), lines)


def _no_space(line: int, found: re.Match[str]) -> Fault:
    what = f"there is no space after the colon of `{found[1]}`"
    return line, found.end(1) + 2, what, "add one"


def _misfit(here: tuple[int, int], lines: list[str]) -> Fault:
    """A line that begins something which cannot stand there."""
    line, column = here
    character = _at(lines, here)
    before = ""
    if line <= len(lines):
        before = lines[line - 1][: column - 1].rstrip()
    if character in ("]", "}"):
        return *here, f"this {character} closes nothing", f"delete it, or {_QUOTES}"
    if character == ":":
        return *here, "there is no name before this colon", f"write it, or {_QUOTES}"
    if before.endswith(("'", '"')):
        fix = (
            "put the whole value in one pair of quotes "
            "(inside single quotes, write '' for ')"
        )
        return *here, "text follows a closing quote", fix
    what = "this line does not fit the lines above it"
    return *here, what, "align it with the lines it belongs to"


def _at(lines: list[str], place: tuple[int, int]) -> str:
    """The character at a place; an empty text after the end of a line or of the file."""
    line, column = place
    if line > len(lines):
        return ""
    return lines[line - 1][column - 1 : column]
