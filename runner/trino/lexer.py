"""The tokens of a Trino 423 statement: what its lexer tells apart, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runner.trino.words import KEYWORDS

# The kinds of a token that are not the token itself. A word of the grammar is its own kind, in
# upper case, and so is a sign; these are in lower case and can be neither.
NAME = "name"
QUOTED = "quoted"
BACKQUOTED = "backquoted"
DIGITS_FIRST = "digits first"
TEXT = "text"
UNICODE_TEXT = "unicode text"
BINARY = "binary"
INTEGER = "integer"
DECIMAL = "decimal"
DOUBLE = "double"
UNKNOWN = "unknown"
END = "end"

_TOKEN = re.compile(
    r"""
    (?: [ \r\n\t]+ | --[^\r\n]* | /\*.*?\*/ )*
    (?: ([Xx]'[^']*')
      | ([Uu]&'[^']*(?:''[^']*)*')
      | ([A-Za-z_][A-Za-z0-9_]*)
      | (\.?[0-9])
      | ('[^']*(?:''[^']*)*')
      | ("[^"]*(?:""[^"]*)*")
      | (`[^`]*(?:``[^`]*)*`)
      | (/\*)
      | (<>|!=|<=|>=|\|\||->|=>|\{-|-\}|[=<>+\-*/%?.(),:;\[\]|^${}])
      | (\Z)
      | (.)
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = (
    "", BINARY, UNICODE_TEXT, NAME, INTEGER, TEXT, QUOTED, BACKQUOTED, "/*", "sign", END, UNKNOWN,
)  # fmt: skip
_WORD = 3
_NUMBER = 4
_COMMENT = 8
_SIGN = 9
_END = 10
_UNKNOWN = 11

_WHOLE = r"[0-9](?:_?[0-9])*"
_NUMBERS = (
    (DOUBLE, re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[Ee][+-]?[0-9]+")),
    (DECIMAL, re.compile(rf"{_WHOLE}\.(?:{_WHOLE})?|\.{_WHOLE}")),
    (
        INTEGER,
        re.compile(
            rf"0[Xx](?:_?[0-9A-Fa-f])+|0[Oo](?:_?[0-7])+|0[Bb](?:_?[01])+|{_WHOLE}"
        ),
    ),
    (DIGITS_FIRST, re.compile(r"[0-9][A-Za-z0-9_]+")),
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a statement: their kinds, and where each begins and ends. The last
    one is the statement's end.
    """

    sql: str
    kinds: list[str]
    starts: list[int]
    ends: list[int]


def read(sql: str) -> Tokens:
    """The tokens of `sql`.

    After a character that no token of Trino has, nothing is read: it is refused there
    at the latest.
    """
    tokens = Tokens(sql, [], [], [])
    kinds = tokens.kinds
    starts = tokens.starts
    ends = tokens.ends
    match = _TOKEN.match
    at = 0
    while True:
        found = match(sql, at)
        assert found is not None  # noqa: S101  the pattern's last branch takes any character
        group = found.lastindex
        assert group is not None  # noqa: S101
        start, at = found.span(group)
        if group == _WORD:
            kind = sql[start:at].upper()
            if kind not in KEYWORDS:
                kind = NAME
        elif group == _SIGN:
            kind = sql[start:at]
            if kind == "!=":
                kind = "<>"
        elif group == _NUMBER:
            kind, at = _number(sql, start)
        else:
            kind = _KINDS[group]
        kinds.append(kind)
        starts.append(start)
        ends.append(at)
        if group >= _COMMENT and group != _SIGN:
            break
    if kinds[-1] != END:
        kinds.append(END)
        starts.append(len(sql))
        ends.append(len(sql))
    return tokens


def _number(sql: str, start: int) -> tuple[str, int]:
    """The kind and the end of the longest token that begins with a digit here; of two
    as long, the one listed first.
    """
    kind = ""
    end = start
    for candidate, pattern in _NUMBERS:
        found = pattern.match(sql, start)
        if found is not None and found.end() > end:
            kind = candidate
            end = found.end()
    return kind, end
