"""The escapes of U&'text', as Trino reads them."""

from __future__ import annotations

import re

_NOT_ESCAPES = re.compile(r"""[0-9A-Fa-f+"' \t\r\n]""")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


class NotDecoded(Exception):
    """An escape is none."""


def decoded(written: str, escape: str) -> str:
    """The text that is meant.

    :raises NotDecoded: an escape is not one, in Trino's words.
    """
    if not _may_escape(escape):
        raise NotDecoded("Invalid Unicode escape character")
    if escape not in written:
        return written
    parts: list[str] = []
    at = 0
    while True:
        found = written.find(escape, at)
        if found < 0:
            parts.append(written[at:])
            return "".join(parts)
        parts.append(written[at:found])
        at = found + 1
        following = written[at : at + 1]
        if following == escape:
            # two of them are the character itself
            parts.append(escape)
            at += 1
            continue
        length = 4
        if following == "+":
            at += 1
            length = 6
        parts.append(_character(written[at : at + length], length))
        at += length


def _may_escape(escape: str) -> bool:
    """True for a printable character of ASCII that is no digit of an escape."""
    if len(escape) != 1 or not " " < escape <= "~":
        return False
    return _NOT_ESCAPES.match(escape) is None


def _character(digits: str, length: int) -> str:
    """The character of an escape's digits, of which there must be `length`."""
    if not _HEXADECIMAL.issuperset(digits):
        raise NotDecoded("Invalid hexadecimal digit")
    if len(digits) < length:
        raise NotDecoded("Incomplete escape sequence")
    code = int(digits, 16)
    if 0xD800 <= code <= 0xDFFF:
        raise NotDecoded(
            "Invalid escaped character: it is a surrogate; use '\\+123456' instead"
        )
    if code > 0x10FFFF:
        raise NotDecoded("Invalid escaped character")
    return chr(code)
