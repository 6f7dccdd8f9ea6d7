"""Regular expressions: those that Java (as Trino takes it) and Python read alike, in Python."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice, takewhile

from runner.sandbox.duck.nothere import NotHere, Rejected

CLASSES = {"w": "a-zA-Z0-9_", "d": "0-9", "s": " \\t\\n\\x0b\\f\\r"}
PLAIN_ESCAPES = frozenset("ntrf")
GROUPS = ("(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:")
"""What groups begin with that both read alike."""

CODE = re.compile(r"\\(?:x(?P<byte>[0-9A-Fa-f]{2})|u(?P<unit>[0-9A-Fa-f]{4}))")
REFERENCE = re.compile(r"\{([A-Za-z0-9_]+)\}")
QUANTIFIER = re.compile(r"\{\d+(,\d*)?\}")
NAMED = re.compile(r"\(\?<([A-Za-z][A-Za-z0-9]*)>")
CONTROL = "[[:cntrl:]]"
WHERE = "a regular expression with"

Match = re.Match[str]

Piece = tuple[str, int]
"""A piece in Python's words, and the place behind it."""


def _unknown(what: str) -> NotHere:
    """That the two might read a pattern differently; the caller raises it."""
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
    """A pattern of Java in Python's words. Raises NotHere, Rejected."""
    pieces = []
    at = 0
    if pattern.startswith("(?i)"):
        # the two may differ in the case of any other letter
        if not pattern.isascii():
            raise _unknown("(?i) and letters that are not ASCII")
        pieces.append("(?i)")
        at = 4
    while at < len(pattern):
        piece, at = _piece(pattern, at)
        pieces.append(piece)
    return "".join(pieces)


def _piece(pattern: str, at: int) -> Piece:
    """The piece that begins at a place. Raises NotHere, Rejected."""
    letter = pattern[at]
    match letter:
        case "\\":
            return _escape(pattern, at, inside=False)
        case "[":
            return _class(pattern, at)
        case "(":
            return _group(pattern, at)
        case "{":
            found = QUANTIFIER.match(pattern, at)
            if found is None:
                raise _unknown("a brace that counts nothing")
            return found[0], found.end()
        case "}" | "]":
            raise _unknown(f"a lone {letter}")
        case _:
            return letter, at + 1


def _group(pattern: str, at: int) -> Piece:
    """What a group begins with. Raises NotHere."""
    if not pattern.startswith("(?", at):
        return "(", at + 1
    found = NAMED.match(pattern, at)
    if found is not None:
        return f"(?P<{found[1]}>", found.end()
    for opening in GROUPS:
        if pattern.startswith(opening, at):
            return opening, at + len(opening)
    raise _unknown("flags or groups of that kind")


def _escape(pattern: str, at: int, *, inside: bool) -> Piece:
    """What a backslash begins; `inside` a class, fewer letters mean something. Raises
    NotHere.
    """
    found = CODE.match(pattern, at)
    if found is not None:
        code = found["byte"] or found["unit"]
        character = chr(int(code, 16))
        return re.escape(character), found.end()
    after = at + 2
    letter = pattern[at + 1 : after]
    made = _of_class(letter, inside=inside)
    if made is None and letter in PLAIN_ESCAPES:
        made = f"\\{letter}"
    if made is None and not inside:
        made = _outside(letter)
    if made is None:
        made = _itself(letter)
    return made, after


def _of_class(letter: str, *, inside: bool) -> str | None:
    r"""A class by its letter, such as `\d`; None where the letter names none here."""
    if letter in CLASSES:
        if inside:
            return CLASSES[letter]
        return f"[{CLASSES[letter]}]"
    opposite = CLASSES.get(letter.lower())
    if opposite is None or inside:
        return None
    return f"[^{opposite}]"


def _outside(letter: str) -> str | None:
    """An anchor or a reference, which only stand outside of classes."""
    if letter == "z":
        return "\\Z"
    if letter in {"b", "B", "A"}:
        return f"\\{letter}"
    if letter.isdigit() and letter != "0":
        return f"\\{letter}"
    return None


def _itself(letter: str) -> str:
    """A character that means itself behind a backslash. Raises NotHere for any other."""
    is_sign = letter.isascii() and not letter.isalnum()
    if not letter or not is_sign:
        raise _unknown(f"\\{letter}")
    return re.escape(letter)


def _class(pattern: str, at: int) -> Piece:
    """A class in brackets. Raises NotHere, Rejected."""
    if pattern.startswith(CONTROL, at):
        return r"[\x00-\x1f\x7f-\x9f]", at + len(CONTROL)
    made = "["
    at += 1
    if pattern.startswith("^", at):
        made = "[^"
        at += 1
    if pattern.startswith("]", at):
        raise _unknown("a class that begins with ]")
    while at < len(pattern):
        if pattern[at] == "]":
            return f"{made}]", at + 1
        piece, at = _member(pattern, at)
        made += piece
    raise Rejected("premature end of char-class")


def _member(pattern: str, at: int) -> Piece:
    """A character of a class. Raises NotHere."""
    letter = pattern[at]
    if letter == "[" or pattern.startswith("&&", at):
        raise _unknown("a class within a class")
    if letter == "\\":
        return _escape(pattern, at, inside=True)
    if letter in "~|&":
        # Python warns of these twice in a class: they may get a meaning of their own
        return f"\\{letter}", at + 1
    return letter, at + 1


def like(text: str, pattern: str) -> bool:
    """REGEXP_LIKE: true where a pattern matches anywhere in a text."""
    return compiled(pattern).search(text) is not None


def _with_group(pattern: str, group: int) -> re.Pattern[str]:
    """A pattern for Python. Raises Rejected where it does not have a group."""
    expression = compiled(pattern)
    if group < 0:
        raise Rejected("Group cannot be negative")
    if group > expression.groups:
        raise Rejected(
            f"Pattern has {expression.groups} groups. Cannot access group {group}"
        )
    return expression


def extract(text: str, pattern: str, group: int = 0) -> str | None:
    """REGEXP_EXTRACT: a group of the first match, None where there is none.

    Raises Rejected.
    """
    found = _with_group(pattern, group).search(text)
    if found is None:
        return None
    return found[group]


def extract_all(text: str, pattern: str, group: int = 0) -> list[str | None]:
    """REGEXP_EXTRACT_ALL: a group of each match. Raises Rejected."""
    matches = _with_group(pattern, group).finditer(text)
    return [found[group] for found in matches]


def split(text: str, pattern: str) -> list[str]:
    """REGEXP_SPLIT: what stands between the matches."""
    parts = []
    last = 0
    for found in compiled(pattern).finditer(text):
        start, end = found.span()
        parts.append(text[last:start])
        last = end
    parts.append(text[last:])
    return parts


def count(text: str, pattern: str) -> int:
    """REGEXP_COUNT: how many matches there are."""
    matches = compiled(pattern).finditer(text)
    return sum(1 for _ in matches)


def position(text: str, pattern: str, start: int = 1, occurrence: int = 1) -> int:
    """REGEXP_POSITION: from 1, or -1. Raises Rejected."""
    if start < 1:
        raise Rejected("start position cannot be smaller than 1")
    if occurrence < 1:
        raise Rejected("occurrence cannot be smaller than 1")
    if start > len(text):
        return -1
    matches = compiled(pattern).finditer(text, start - 1)
    found = next(islice(matches, occurrence - 1, None), None)
    if found is None:
        return -1
    return found.start() + 1


def replace(text: str, pattern: str, replacement: str = "") -> str:
    """REGEXP_REPLACE with a text, in which `$1` is a group. Raises Rejected."""
    pieces = []
    last = 0
    for found in compiled(pattern).finditer(text):
        start, end = found.span()
        pieces.append(text[last:start])
        pieces.append(_replacement(found, replacement))
        last = end
    pieces.append(text[last:])
    return "".join(pieces)


def _replacement(found: Match, replacement: str) -> str:
    """What stands in for one match. Raises Rejected."""
    made = ""
    at = 0
    while at < len(replacement):
        piece = replacement[at]
        at += 1
        if piece == "\\":
            piece = replacement[at : at + 1]
            at += 1
            if not piece:
                raise _illegal(replacement)
        elif piece == "$":
            piece, at = _reference(found, replacement, at)
        made += piece
    return made


def _illegal(what: str) -> Rejected:
    """That a replacement cannot be read; the caller raises it."""
    return Rejected(f"Illegal replacement sequence: {what}")


def _reference(found: Match, replacement: str, at: int) -> Piece:
    """The group that stands behind a `$`, and the place behind it. Raises Rejected."""
    name = REFERENCE.match(replacement, at)
    if name is not None:
        return _named_group(found, name[1]), name.end()
    groups = found.re.groups
    behind = replacement[at:]
    if not behind[:1].isdigit():
        raise _illegal(replacement)
    number = int(behind[0])
    if number > groups:
        raise _illegal(f"unknown group {number}")
    at += 1
    # as many digits as there still is a group of that number
    for digit in takewhile(str.isdigit, behind[1:]):
        longer = number * 10 + int(digit)
        if longer > groups:
            break
        number = longer
        at += 1
    return found[number] or "", at


def _named_group(found: Match, name: str) -> str:
    """The text of a group by its name. Raises Rejected."""
    if name not in found.re.groupindex:
        raise _illegal(f"unknown group {{ {name} }}")
    return found[name] or ""


# what DuckDB's own regular expressions may answer

SIMPLE = re.compile(
    r"(?:\(\?i\))?\^?"
    r"(?:[A-Za-z0-9 @_,;:/=#%&'\"<>~`!-]"
    r"|\\[.+*?()|^$/@-]"
    r"|\[\^?[A-Za-z0-9 @_,;:/=#%!.+*()]+-?\]"
    r"|\.|\(|\(\?:|\)|\||[*+?])*"
)
"""Patterns that RE2 reads as well, where only a match is asked for, not which."""

UNLIKE_RE2 = re.compile(r"\(\?(?!:|i\))|[*+?]\+")
"""Groups of other kinds, and quantifiers that give nothing back."""


def is_simple(pattern: str) -> bool:
    """True where DuckDB's own regular expressions find the same."""
    if UNLIKE_RE2.search(pattern):
        return False
    if pattern == CONTROL:
        return True
    return SIMPLE.fullmatch(pattern) is not None and _is_good(pattern)


def _is_good(pattern: str) -> bool:
    """True for a pattern without a fault."""
    try:
        compiled(pattern)
    except (NotHere, Rejected):
        return False
    return True
