"""FORMAT, which Trino hands to Java's String.format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any

from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions import numbers

DIRECTIVE = re.compile(
    r"%(?:(?P<place>\d+)\$)?"
    r"(?P<flags>[-#+ 0,(]*)"
    r"(?P<width>\d+)?"
    r"(?:\.(?P<digits>\d+))?"
    r"(?P<kind>[a-zA-Z%])"
)
CONSTANTS = {"%": "%", "n": "\n"}
"""What a directive shows that takes no value."""

MISSING = object()
"""Stands for a value that a pattern asks for and that is not given."""


@dataclass(frozen=True, slots=True)
class Directive:
    """One `%…` of a pattern. `width` is 0, and `digits` None, where they are not given."""

    text: str
    flags: str
    width: int
    digits: int | None
    kind: str

    def refuse(self) -> NotHere:
        """That what Java writes for it is not known here."""
        return NotHere(f"format with {self.text}")


def formatted(pattern: str, *values: Any) -> str:
    """FORMAT, as Java's String.format. Raises Rejected, NotHere."""
    pieces = []
    last = 0
    given = iter(values)
    for match in DIRECTIVE.finditer(pattern):
        pieces.append(_between(pattern, last, match.start()))
        last = match.end()
        if match["place"]:
            raise NotHere(f"format with {pattern}")
        if match["kind"] in CONSTANTS:
            pieces.append(CONSTANTS[match["kind"]])
            continue
        value = next(given, MISSING)
        if value is MISSING:
            raise Rejected(
                f"Invalid format string: {pattern}"
                f" (MissingFormatArgument: Format specifier '{match[0]}')"
            )
        directive = _directive(*match.group(0, "flags", "width", "digits", "kind"))
        pieces.append(_shown(directive, value))
    pieces.append(_between(pattern, last, len(pattern)))
    return "".join(pieces)


def _between(pattern: str, start: int, end: int) -> str:
    """What stands between two directives. Raises NotHere for a lone %."""
    text = pattern[start:end]
    if "%" in text:
        raise NotHere(f"format with {pattern}")
    return text


# a query formats many rows by one pattern
@lru_cache(maxsize=500)
def _directive(
    text: str, flags: str, width: str | None, digits: str | None, kind: str
) -> Directive:
    """A directive that is known here. Raises NotHere for any other."""
    most = None
    if digits is not None:
        most = int(digits)
    made = Directive(text, flags, int(width or 0), most, kind)
    given = set(flags)
    if given - set("-0,+") or kind not in "sdfS":
        raise made.refuse()
    if given >= {"-", "0"}:
        raise made.refuse()
    return made


def _shown(directive: Directive, value: Any) -> str:
    """A value as a directive shows it, at its width."""
    if directive.kind in "sS":
        made = _text(directive, value)
    elif value is None:
        made = "null"
    elif directive.kind == "d":
        made = _whole(directive, value)
    else:
        made = _fixed(directive, value)
    if "-" in directive.flags:
        return made.ljust(directive.width)
    return made.rjust(directive.width)


def _text(directive: Directive, value: Any) -> str:
    """%s and %S, of which `digits` is the most that they show."""
    made = "null"
    if value is not None:
        made = _java_text(value)
    if directive.digits is not None:
        made = made[: directive.digits]
    if directive.kind == "S":
        made = made.upper()
    if set(directive.flags) - {"-"}:
        raise directive.refuse()
    return made


def _whole(directive: Directive, value: Any) -> str:
    """%d, of a whole number only."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotHere("format with %d of what is no whole number")
    return _grouped(str(abs(value)), directive, negative=value < 0)


def _fixed(directive: Directive, value: Any) -> str:
    """%f, with 6 digits after the point where nothing else is said."""
    if isinstance(value, (bool, int)) or not isinstance(value, (float, Decimal)):
        raise NotHere("format with %f of what is no number with a fraction")
    if not isfinite(value):
        raise NotHere("format with %f of NaN or Infinity")
    scale = 6
    if directive.digits is not None:
        scale = directive.digits
    # Java rounds the digits that it would show of a double, not its exact value
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    whole = numbers.fitted(abs(exact), 150, scale)
    return _grouped(format(whole, "f"), directive, negative=exact.is_signed())


def _grouped(digits: str, directive: Directive, *, negative: bool) -> str:
    """A number's digits with its sign, and what its flags ask for."""
    if "," in directive.flags:
        whole, point, rest = digits.partition(".")
        digits = f"{int(whole):,}{point}{rest}"
    sign = ""
    if negative:
        sign = "-"
    elif "+" in directive.flags:
        sign = "+"
    if "0" not in directive.flags:
        return sign + digits
    if not directive.width:
        raise NotHere("format with 0 and no width")
    return sign + digits.rjust(directive.width - len(sign), "0")


def _java_text(value: Any) -> str:
    """A value as Java's String.valueOf. Raises NotHere."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return numbers.plain(value)
        case Decimal():
            return _java_decimal(value)
        case int() | str():
            return str(value)
        case _:
            raise NotHere(f"format of such a value: {type(value).__name__}")


def _java_decimal(value: Decimal) -> str:
    """A decimal as Java's BigDecimal, which has an exponent for very small ones."""
    if value == 0 or value.adjusted() >= -6:
        return format(value, "f")
    return str(value)
