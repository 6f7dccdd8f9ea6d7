"""Regular expressions: those that Java (as Trino takes it) and Python read alike, in Python."""

from __future__ import annotations

import re
from functools import lru_cache

from runner.sandbox.duck.nothere import NotHere, Rejected

CLASSES = {"w": "a-zA-Z0-9_", "d": "0-9", "s": " \\t\\n\\x0b\\f\\r"}
PLAIN_ESCAPES = frozenset("ntrf")
GROUPS = ("(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>")
QUANTIFIER = re.compile(r"\{\d+(,\d*)?\}")
NAMED = re.compile(r"\(\?<([A-Za-z][A-Za-z0-9]*)>")
CONTROL = "[[:cntrl:]]"
WHERE = "a regular expression with"


def _unknown(what: str) -> NotHere:
    return NotHere(f"{WHERE} {what}")


@lru_cache(maxsize=2000)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern for Python. Raises NotHere where the two might read it differently,
    Rejected where it is wrong.
    """
    written = _translated(pattern)
    try:
        return re.compile(written)
    except (re.error, OverflowError, RecursionError):
        raise _unknown("syntax that Python does not read") from None


def _translated(pattern: str) -> str:
    pieces, at = [], 0
    if pattern.startswith("(?i)"):
        if not pattern.isascii():
            raise _unknown("(?i) and letters that are not ASCII")
        pieces, at = ["(?i)"], 4
    while at < len(pattern):
        piece, at = _piece(pattern, at)
        pieces.append(piece)
    return "".join(pieces)


def _piece(pattern: str, at: int) -> tuple[str, int]:
    letter = pattern[at]
    match letter:
        case "\\":
            return _escape(pattern, at, inside=False)
        case "[":
            return _class(pattern, at)
        case "(":
            return _group(pattern, at)
        case "{":
            if not (found := QUANTIFIER.match(pattern, at)):
                raise _unknown("a brace that counts nothing")
            return found[0], found.end()
        case "}" | "]":
            raise _unknown(f"a lone {letter}")
        case _:
            return letter, at + 1


def _group(pattern: str, at: int) -> tuple[str, int]:
    if not pattern.startswith("(?", at):
        return "(", at + 1
    if found := NAMED.match(pattern, at):
        return f"(?P<{found[1]}>", found.end()
    for opening in GROUPS:
        if pattern.startswith(opening, at):
            return opening, at + len(opening)
    if pattern.startswith("(?i:", at):
        return "(?i:", at + 4
    raise _unknown("flags or groups of that kind")


def _escape(pattern: str, at: int, *, inside: bool) -> tuple[str, int]:
    letter = pattern[at + 1 : at + 2]
    if letter in CLASSES:
        return (CLASSES[letter] if inside else f"[{CLASSES[letter]}]"), at + 2
    if letter.lower() in CLASSES and not inside:
        return f"[^{CLASSES[letter.lower()]}]", at + 2
    if letter in PLAIN_ESCAPES:
        return f"\\{letter}", at + 2
    if found := re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})").match(pattern, at):
        return re.escape(chr(int(found[1][1:], 16))), found.end()
    if not inside and letter in {"b", "B", "A"}:
        return f"\\{letter}", at + 2
    if not inside and letter == "z":
        return "\\Z", at + 2
    if not inside and letter.isdigit() and letter != "0":
        return f"\\{letter}", at + 2
    if not letter or letter.isalnum() or not letter.isascii():
        raise _unknown(f"\\{letter}")
    return re.escape(letter), at + 2


def _class(pattern: str, at: int) -> tuple[str, int]:
    if pattern.startswith(CONTROL, at):
        return r"[\x00-\x1f\x7f-\x9f]", at + len(CONTROL)
    made, at = "[", at + 1
    if pattern.startswith("^", at):
        made, at = "[^", at + 1
    if pattern.startswith("]", at):
        raise _unknown("a class that begins with ]")
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at] == "[" or pattern.startswith("&&", at):
            raise _unknown("a class within a class")
        if pattern[at] == "\\":
            piece, at = _escape(pattern, at, inside=True)
        else:
            piece, at = (
                (f"\\{pattern[at]}" if pattern[at] in "~|&" else pattern[at]),
                at + 1,
            )
        made += piece
    if at >= len(pattern):
        raise Rejected("premature end of char-class")
    return made + "]", at + 1


def like(text: str, pattern: str) -> bool:
    """REGEXP_LIKE."""
    return compiled(pattern).search(text) is not None


def _check_group(found: re.Pattern[str], group: int) -> None:
    if group < 0:
        raise Rejected("Group cannot be negative")
    if group > found.groups:
        raise Rejected(
            f"Pattern has {found.groups} groups. Cannot access group {group}"
        )


def extract(text: str, pattern: str, group: int = 0) -> str | None:
    """REGEXP_EXTRACT. Raises Rejected."""
    expression = compiled(pattern)
    _check_group(expression, group)
    found = expression.search(text)
    return found[group] if found else None


def extract_all(text: str, pattern: str, group: int = 0) -> list[str | None]:
    """REGEXP_EXTRACT_ALL. Raises Rejected."""
    expression = compiled(pattern)
    _check_group(expression, group)
    return [found[group] for found in expression.finditer(text)]


def split(text: str, pattern: str) -> list[str]:
    """REGEXP_SPLIT."""
    parts, last = [], 0
    for found in compiled(pattern).finditer(text):
        parts.append(text[last : found.start()])
        last = found.end()
    return [*parts, text[last:]]


def count(text: str, pattern: str) -> int:
    """REGEXP_COUNT."""
    return sum(1 for _ in compiled(pattern).finditer(text))


def position(text: str, pattern: str, start: int = 1, occurrence: int = 1) -> int:
    """REGEXP_POSITION: from 1, or -1. Raises Rejected."""
    if start < 1:
        raise Rejected("start position cannot be smaller than 1")
    if occurrence < 1:
        raise Rejected("occurrence cannot be smaller than 1")
    if start > len(text):
        return -1
    for number, found in enumerate(compiled(pattern).finditer(text, start - 1), 1):
        if number == occurrence:
            return found.start() + 1
    return -1


def replace(text: str, pattern: str, replacement: str = "") -> str:
    """REGEXP_REPLACE with a text. Raises Rejected."""
    expression = compiled(pattern)
    pieces, last = [], 0
    for found in expression.finditer(text):
        pieces += [text[last : found.start()], _replacement(found, replacement)]
        last = found.end()
    return "".join([*pieces, text[last:]])


def _replacement(found: re.Match[str], replacement: str) -> str:
    pieces, at = [], 0
    while at < len(replacement):
        letter = replacement[at]
        if letter == "\\":
            if at + 1 == len(replacement):
                raise Rejected(f"Illegal replacement sequence: {replacement}")
            pieces.append(replacement[at + 1])
            at += 2
        elif letter == "$":
            piece, at = _reference(found, replacement, at + 1)
            pieces.append(piece)
        else:
            pieces.append(letter)
            at += 1
    return "".join(pieces)


def _reference(found: re.Match[str], replacement: str, at: int) -> tuple[str, int]:
    if name := re.compile(r"\{([A-Za-z0-9_]+)\}").match(replacement, at):
        if name[1] not in found.re.groupindex:
            raise Rejected(
                f"Illegal replacement sequence: unknown group {{ {name[1]} }}"
            )
        return found[name[1]] or "", name.end()
    if not replacement[at : at + 1].isdigit():
        raise Rejected(f"Illegal replacement sequence: {replacement}")
    number, at = int(replacement[at]), at + 1
    if number > found.re.groups:
        raise Rejected(f"Illegal replacement sequence: unknown group {number}")
    while (
        replacement[at : at + 1].isdigit()
        and number * 10 + int(replacement[at]) <= found.re.groups
    ):
        number, at = number * 10 + int(replacement[at]), at + 1
    return found[number] or "", at


SIMPLE = re.compile(
    r"(?:\(\?i\))?\^?(?:[A-Za-z0-9 @_,;:/=#%&'\"<>~`!-]|\\[.+*?()|^$/@-]|\[\^?[A-Za-z0-9 @_,;:/=#%!.+*()]+-?\]"
    r"|\.|\(|\(\?:|\)|\||[*+?])*"
)
"""Patterns that RE2 reads as well, where only a match is asked for, not which."""


def is_simple(pattern: str) -> bool:
    """True where DuckDB's own regular expressions find the same."""
    if re.search(r"\(\?(?!:|i\))|[*+?]\+", pattern):
        return False
    return pattern == CONTROL or (
        SIMPLE.fullmatch(pattern) is not None and _good(pattern)
    )


def _good(pattern: str) -> bool:
    try:
        compiled(pattern)
    except (NotHere, Rejected):
        return False
    return True
