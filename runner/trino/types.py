"""Types of Trino 423, and which values one type takes from another without a CAST."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_DECIMAL = 38
MOMENT = re.compile(r"(timestamp|time)\s*(?:\((\d+)\))?\s*with time zone")
CALL = re.compile(r"([a-z][\w ]*?)\s*\((.*)\)", re.DOTALL | re.IGNORECASE)
SAID = {"int": "integer"}
PLAIN = frozenset(
    [
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "real",
        "double",
        "decimal",
        "varchar",
        "char",
        "varbinary",
        "date",
        "time",
        "timestamp",
        "json",
        "unknown",
        "ipaddress",
        "uuid",
        "hyperloglog",
        "p4hyperloglog",
        "qdigest",
        "tdigest",
        "setdigest",
        "geometry",
        "color",
        "function",
        "jsonpath",
    ]
) | {"interval day to second", "interval year to month", "timestamp with time zone", "time with time zone"}
DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
"""Whole numbers as decimals."""

NUMBERS = ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double")
"""Each is converted to those behind it."""

MOMENTS = ("date", "timestamp", "timestamp with time zone")


@dataclass(frozen=True, slots=True)
class Type:
    """A type, such as `decimal(10,2)`: its base in lower case, its arguments, and a row's field names.

    `arguments` are types (of an array, a map, a row's fields) or whole numbers (of varchar, decimal, timestamp). A
    varchar without a length has no arguments.
    """

    base: str
    arguments: tuple[Type | int, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The type in Trino's words."""
        if self.base == "row":
            return f"row({', '.join(_fields(self))})"
        if not self.arguments:
            return self.base
        shown = ("," if self.base == "decimal" else ", ").join(map(str, self.arguments))
        base, _, zone = self.base.partition(" with ")
        return f"{base}({shown})" + (f" with {zone}" if zone else "")


UNKNOWN, BOOLEAN = Type("unknown"), Type("boolean")


def _fields(row: Type) -> Iterator[str]:
    for number, kind in enumerate(row.arguments):
        name = row.names[number] if row.names else ""
        yield f"{name} {kind}" if name else str(kind)


@lru_cache(maxsize=2000)
def parse_type(text: str) -> Type:
    """The type that a text in Trino's words means. Raises ValueError."""
    text = text.strip()
    if zoned := MOMENT.fullmatch(text.lower()):
        return Type(f"{zoned[1]} with time zone", (int(zoned[2] or 3),))
    if not (call := CALL.fullmatch(text)):
        base = SAID.get(text.lower(), text.lower())
        if base not in PLAIN:
            raise ValueError(f"Unknown type: {text}")
        return _completed(base, ())
    base, parts = SAID.get(call[1].lower(), call[1].lower()), _split(call[2])
    if base == "row":
        return _row(parts)
    if base not in PLAIN and base not in {"array", "map"}:
        raise ValueError(f"Unknown type: {text}")
    return _completed(base, tuple(int(part) if part.isdigit() else parse_type(part) for part in parts))


def _completed(base: str, arguments: tuple[Type | int, ...]) -> Type:
    """With what is left out: decimal is decimal(38,0), a moment has milliseconds."""
    if base == "decimal":
        return Type(base, (*(arguments or (LONGEST_DECIMAL,)), *(() if len(arguments) > 1 else (0,))))
    if base in {"timestamp", "time", "timestamp with time zone", "time with time zone"}:
        return Type(base, arguments or (3,))
    return Type(base, arguments)


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in [*parts, text[start:].strip()] if part]


def _row(parts: list[str]) -> Type:
    kinds: list[Type | int] = []
    names = []
    for part in parts:
        name, kind = _field(part)
        names.append(name)
        kinds.append(kind)
    return Type("row", tuple(kinds), tuple(names) if any(names) else ())


def _field(part: str) -> tuple[str, Type]:
    try:
        return "", parse_type(part)
    except ValueError:
        name, _, kind = part.partition(" ")
        return name.strip('"'), parse_type(kind)


def coerces(source: Type, target: Type) -> bool:
    """True where Trino converts values of one type to another without a CAST."""
    return source == target or common(source, target) == target


def common(one: Type, other: Type) -> Type | None:
    """The least type that both are converted to; None where there is none."""
    if other in {one, UNKNOWN}:
        return one
    if one == UNKNOWN:
        return other
    if one.base in NUMBERS and other.base in NUMBERS:
        return _number(one, other)
    if one.base in MOMENTS and other.base in MOMENTS:
        return _moment(one, other)
    if one.base == other.base == "varchar":
        lengths = [kind for each in (one, other) for kind in each.arguments if isinstance(kind, int)]
        return Type("varchar", (max(lengths),)) if len(lengths) == 2 else Type("varchar")
    if one.base == other.base and one.base in {"array", "map", "row"}:
        return _inside(one, other)
    return None


def as_decimal(kind: Type) -> Type:
    """A whole number's type as a decimal."""
    return kind if kind.base == "decimal" else Type("decimal", (DIGITS[kind.base], 0))


def _number(one: Type, other: Type) -> Type:
    wider = max(one, other, key=lambda kind: NUMBERS.index(kind.base))
    if wider.base != "decimal":
        return wider
    precision, scale = _digits(as_decimal(one))
    precision_of_other, scale_of_other = _digits(as_decimal(other))
    shared = max(scale, scale_of_other)
    whole = max(precision - scale, precision_of_other - scale_of_other)
    return Type("decimal", (min(LONGEST_DECIMAL, whole + shared), shared))


def _digits(kind: Type) -> tuple[int, int]:
    precision, scale = (each for each in kind.arguments if isinstance(each, int))
    return precision, scale


def _moment(one: Type, other: Type) -> Type:
    later = max(one, other, key=lambda kind: MOMENTS.index(kind.base))
    digits = [kind for each in (one, other) for kind in each.arguments if isinstance(kind, int)]
    return Type(later.base, (max(digits),))


def _inside(one: Type, other: Type) -> Type | None:
    if len(one.arguments) != len(other.arguments):
        return None
    shared: list[Type | int] = []
    for mine, yours in zip(one.arguments, other.arguments, strict=True):
        if not isinstance(mine, Type) or not isinstance(yours, Type):
            return None
        kind = common(mine, yours)
        if kind is None:
            return None
        shared.append(kind)
    return Type(one.base, tuple(shared), one.names if one.names == other.names else ())
