"""Text as a terminal shows it: within its width, no command broken, colours with a meaning."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

COMMAND = re.compile(r"`[^`]+`")
"""What is to be copied: it stays on one line, even where that is too long."""

SQL = re.compile(r"^ {6}[-+ @]")
"""A line of a difference of SQL, which stays as it is."""

HELD = "\N{NO-BREAK SPACE}"

GREEN = "32"
YELLOW = "33"
RED = "31"
FAINT = "2"

COLOURS: Mapping[re.Pattern[str], str] = {
    re.compile(r"^ {6}\+.*"): GREEN,
    re.compile(r"^ {6}-.*"): RED,
    re.compile(r"^ {6}@@.*"): FAINT,
    re.compile(r"^  \+ \S+"): GREEN,
    re.compile(r"^  [~↻→] \S+"): YELLOW,
    re.compile(r"^  - \S+"): RED,
    re.compile(r"^  ✓"): GREEN,
    re.compile(r"^  ✗"): RED,
    re.compile(r"^warning:"): YELLOW,
    re.compile(r"\b(?:BLOCKED|FAILED|STALE)\b"): RED,
    re.compile(r"\bin sync\b"): GREEN,
}
"""What is coloured: what enters and what is well is green, what leaves and what failed
is red, what changes is yellow.
"""


def fitted(text: str, width: int, *, coloured: bool) -> str:
    """The text in lines of at most `width` characters (0: as long as they are), with
    colours where it is to be `coloured`.
    """
    lines = []
    for line in text.split("\n"):
        lines += _broken(line, width)
    if coloured:
        lines = [_coloured(line) for line in lines]
    return "\n".join(lines)


def _broken(line: str, width: int) -> list[str]:
    """A line in as many as it takes; those that follow are indented two more."""
    if not width or len(line) <= width or SQL.match(line):
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    held = COMMAND.sub(lambda found: found[0].replace(" ", HELD), line)
    parts = textwrap.wrap(
        held,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        expand_tabs=False,
        replace_whitespace=False,
    )
    return [part.replace(HELD, " ") for part in parts]


def _coloured(line: str) -> str:
    """The first meaning that a line has, in its colour."""
    for pattern, colour in COLOURS.items():
        found = pattern.search(line)
        if found:
            start, end = found.span()
            shown = f"\x1b[{colour}m{line[start:end]}\x1b[0m"
            return f"{line[:start]}{shown}{line[end:]}"
    return line
