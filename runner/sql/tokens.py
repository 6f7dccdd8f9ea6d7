"""Trino's lexical structure, as far as telling comments, texts, names and the rest apart.

Our own, and small, on purpose: fingerprints rest on it, and an upgrade of an SQL
library must never change one, since every cohort would then be sent again. Lexical
rules: Trino's SqlBase.g4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum


class Kind(StrEnum):
    """What a token is."""

    SPACE = "space"
    COMMENT = "comment"
    TEXT = "text"
    QUOTED = "quoted"
    WORD = "word"
    NUMBER = "number"
    SYMBOL = "symbol"


SqlToken = tuple[Kind, str]
"""A piece of SQL; all tokens together are the SQL, character for character."""

_KINDS = {kind.value: kind for kind in Kind}

_PATTERN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\r\n]*|/\*.*?\*/)
    | (?P<text>(?:[uU]&|[xX])?'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d]\w*)
    | (?P<symbol><>|<=|>=|!=|\|\||->|=>|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(sql: str) -> Iterator[SqlToken]:
    """The tokens of any text; what is not SQL comes out as symbols."""
    for match in _PATTERN.finditer(sql):
        yield _KINDS[match.lastgroup or "symbol"], match[0]


def normalised(sql: str) -> str:
    """The SQL without comments, on one line, words in lower case: equal for SQL that
    only looks different.
    """
    kept: list[str] = []
    for kind, text in tokens(sql):
        if kind is Kind.WORD:
            kept.append(text.lower())
        elif kind is not Kind.SPACE and kind is not Kind.COMMENT:
            kept.append(text)
    return " ".join(kept)


def indented(sql: str, by: int = 2) -> str:
    """The SQL moved to the right, unless a text in it spans lines: then its line breaks
    are part of what it means.
    """
    for kind, text in tokens(sql):
        if "\n" in text and kind in (Kind.TEXT, Kind.QUOTED):
            return sql
    indent = " " * by
    lines = []
    for line in sql.split("\n"):
        # empty lines stay empty
        if line:
            lines.append(indent + line)
        else:
            lines.append("")
    return "\n".join(lines)


def without_end(sql: str) -> str:
    """The SQL without a semicolon, white space and comments at its end: another piece
    may follow it.
    """
    if not any(end in sql for end in (";", "--", "/*")):
        return sql.rstrip()
    pieces = list(tokens(sql))
    while pieces and _says_nothing(*pieces[-1]):
        pieces.pop()
    return "".join(text for _, text in pieces)


def _says_nothing(kind: Kind, text: str) -> bool:
    """True for a token without which the SQL means the same."""
    return kind in (Kind.SPACE, Kind.COMMENT) or text == ";"
