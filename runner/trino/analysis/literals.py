"""The types of what is written out: numbers, texts, dates, and the current time."""

from __future__ import annotations

import re
from calendar import monthrange

from runner.trino import tree
from runner.trino.analysis.place import Place
from runner.trino.typenames import whole_number
from runner.trino.types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    VARCHAR,
    Type,
    castable_text,
    made_type,
)

_BIGGEST_INTEGER = 2**31
_MONTHS, _DAYS = Type("interval year to month"), Type("interval day to second")
_DATE = re.compile(r"\s*[+-]?(\d+)-(\d{1,2})-(\d{1,2})\s*")
_TIME = r"\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d+))?)?"
_MOMENT = re.compile(rf"\s*[+-]?\d+-\d{{1,2}}-\d{{1,2}}(?:\s+{_TIME})?\s*(\S.*?)?\s*")
_OF_DAY = re.compile(rf"\s*{_TIME}\s*(\S.*?)?\s*")

_PRESENT = {
    "current_date": DATE,
    "current_timestamp": Type("timestamp with time zone", (3,)),
    "localtimestamp": Type("timestamp", (3,)),
    "current_time": Type("time with time zone", (3,)),
    "localtime": Type("time", (3,)),
}


def null(_node: tree.Null, _place: Place) -> Type:
    """NULL."""
    return Type("unknown")


def text(node: tree.Text, _place: Place) -> Type:
    """'text'."""
    return Type("varchar", (len(node.value),))


def bytes_(_node: tree.Bytes, _place: Place) -> Type:
    """X'00'."""
    return Type("varbinary")


def boolean(_node: tree.Boolean, _place: Place) -> Type:
    """TRUE."""
    return Type("boolean")


def number(node: tree.Number, _place: Place) -> Type:
    """12, 1.2 or 1e2."""
    if node.kind is tree.NumberKind.DOUBLE:
        return DOUBLE
    if node.kind is tree.NumberKind.DECIMAL:
        return decimal(node.text)
    return INTEGER if whole_number(node.text) < _BIGGEST_INTEGER else BIGINT


def negative(node: tree.Number) -> Type:
    """-12: the smallest whole numbers have a type that they lack without the sign."""
    if node.kind is not tree.NumberKind.INTEGER:
        return DOUBLE if node.kind is tree.NumberKind.DOUBLE else decimal(node.text)
    return INTEGER if whole_number(node.text) <= _BIGGEST_INTEGER else BIGINT


def decimal(written: str) -> Type:
    """The type of a number with a point."""
    whole, _, fraction = written.strip("+-").replace("_", "").partition(".")
    digits = len(whole.lstrip("0")) + len(fraction)
    return Type("decimal", (max(digits, 1), len(fraction)))


def interval(node: tree.Interval, _place: Place) -> Type:
    """INTERVAL '1' DAY."""
    return _MONTHS if node.unit in {"year", "month"} else _DAYS


def present(node: tree.Present, _place: Place) -> Type:
    """CURRENT_DATE and its like."""
    kind = _PRESENT.get(node.which, VARCHAR)
    return Type(kind.base, (node.precision,)) if node.precision is not None else kind


def typed(node: tree.TypedText, place: Place) -> Type | None:
    """DATE '2026-01-31' and its like."""
    match node.type:
        case "date":
            return _date(node, place)
        case "timestamp":
            return _moment(node, _MOMENT, place)
        case "time":
            return _moment(node, _OF_DAY, place)
        case "decimal":
            return _checked_decimal(node, place)
        case "char":
            return Type("char", (len(node.value),))
        case _:
            return _of_type(node, place)


def _of_type(node: tree.TypedText, place: Place) -> Type | None:
    """A literal of any other type, named by its word."""
    try:
        kind = made_type(node.type)
    except ValueError:
        place.facts.refuse(node, f"Unknown type: {node.type}", "TYPE_NOT_FOUND")
        return None
    if not castable_text(node.value, kind):
        _invalid(node, place)
    return kind


def _invalid(node: tree.TypedText, place: Place) -> None:
    place.facts.refuse(
        node, f"'…' is not a valid {node.type.upper()} literal", "INVALID_LITERAL"
    )


def _date(node: tree.TypedText, place: Place) -> Type:
    found = _DATE.fullmatch(node.value)
    if found is None or not _is_day(int(found[1]), int(found[2]), int(found[3])):
        _invalid(node, place)
    return DATE


def _is_day(year: int, month: int, day: int) -> bool:
    if not 1 <= month <= 12:
        return False
    # the calendar goes round in 400 years
    return 1 <= day <= monthrange(2000 + year % 400, month)[1]


def _moment(node: tree.TypedText, form: re.Pattern[str], place: Place) -> Type:
    found = form.fullmatch(node.value)
    if found is None:
        _invalid(node, place)
        return Type(node.type, (0,))
    zone = " with time zone" if found[2] else ""
    return Type(node.type + zone, (len(found[1] or ""),))


def _checked_decimal(node: tree.TypedText, place: Place) -> Type | None:
    if not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*", node.value):
        _invalid(node, place)
        return None
    kind = decimal(node.value.strip())
    return kind if kind.numbers[0] <= 38 else None
