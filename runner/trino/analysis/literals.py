"""The types of what is written out: numbers, texts, dates, and the current time."""

from __future__ import annotations

import re
from calendar import monthrange

from runner.trino.analysis.place import Context
from runner.trino.tree import (
    Boolean,
    Bytes,
    Interval,
    Null,
    Number,
    NumberKind,
    Present,
    Text,
    TypedText,
)
from runner.trino.typenames import whole_number
from runner.trino.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    LONGEST_DECIMAL,
    UNKNOWN,
    VARCHAR,
    Type,
    castable_text,
    made_type,
)

_BIGGEST_INTEGER = 2**31 - 1
_MONTHS = Type("interval year to month")
_DAYS = Type("interval day to second")
_DATE = re.compile(r"\s*[+-]?(\d+)-(\d{1,2})-(\d{1,2})\s*")
_TIME = r"\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d+))?)?"
_MOMENT = re.compile(rf"\s*[+-]?\d+-\d{{1,2}}-\d{{1,2}}(?:\s+{_TIME})?\s*(\S.*?)?\s*")
_OF_DAY = re.compile(rf"\s*{_TIME}\s*(\S.*?)?\s*")
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*")

_PRESENT = {
    "current_date": DATE,
    "current_timestamp": Type("timestamp with time zone", (3,)),
    "localtimestamp": Type("timestamp", (3,)),
    "current_time": Type("time with time zone", (3,)),
    "localtime": Type("time", (3,)),
}


def null(_node: Null, _place: Context) -> Type:
    """The type of NULL."""
    return UNKNOWN


def text(node: Text, _place: Context) -> Type:
    """The type of 'text': a varchar of its length."""
    return Type("varchar", (len(node.value),))


def bytes_(_node: Bytes, _place: Context) -> Type:
    """The type of X'00'."""
    return Type("varbinary")


def boolean(_node: Boolean, _place: Context) -> Type:
    """The type of TRUE."""
    return BOOLEAN


def number(node: Number, _place: Context) -> Type:
    """The type of 12, 1.2 or 1e2."""
    return _of_number(node, _BIGGEST_INTEGER)


def negative(node: Number) -> Type:
    """The type of -12: the smallest whole number is an integer only with its sign."""
    return _of_number(node, _BIGGEST_INTEGER + 1)


def _of_number(node: Number, biggest: int) -> Type:
    """The type of a number; whole numbers up to `biggest` are integers."""
    if node.kind is NumberKind.DOUBLE:
        return DOUBLE
    if node.kind is NumberKind.DECIMAL:
        return decimal(node.text)
    if whole_number(node.text) <= biggest:
        return INTEGER
    return BIGINT


def decimal(written: str) -> Type:
    """The type of a number with a point."""
    plain = written.strip("+-").replace("_", "")
    whole, _, fraction = plain.partition(".")
    # zeros before the point do not count, and those after it do
    digits = len(whole.lstrip("0")) + len(fraction)
    precision = max(digits, 1)
    return Type("decimal", (precision, len(fraction)))


def interval(node: Interval, _place: Context) -> Type:
    """The type of INTERVAL '1' DAY."""
    if node.unit in {"year", "month"}:
        return _MONTHS
    return _DAYS


def present(node: Present, _place: Context) -> Type:
    """The type of CURRENT_DATE and its like."""
    kind = _PRESENT.get(node.which, VARCHAR)
    if node.precision is None:
        return kind
    return Type(kind.base, (node.precision,))


def typed(node: TypedText, place: Context) -> Type | None:
    """The type of DATE '2026-01-31' and its like; None where it is not known."""
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


def _of_type(node: TypedText, place: Context) -> Type | None:
    """The type of a literal of any other type, which is named by its word."""
    try:
        kind = made_type(node.type)
    except ValueError:
        place.refuse(node, f"Unknown type: {node.type}", "TYPE_NOT_FOUND")
        return None
    if not castable_text(node.value, kind):
        _invalid(node, place)
    return kind


def _invalid(node: TypedText, place: Context) -> None:
    """Refuse a text that is no value of its type, without showing the text."""
    type_ = node.type.upper()
    told = f"'…' is not a valid {type_} literal"
    place.refuse(node, told, "INVALID_LITERAL")


def _date(node: TypedText, place: Context) -> Type:
    """DATE and a text, which must be a day of the calendar."""
    if not _is_date(node.value):
        _invalid(node, place)
    return DATE


def _is_date(value: str) -> bool:
    """True where a text is a day of the calendar."""
    found = _DATE.fullmatch(value)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    if not 1 <= month <= 12:
        return False
    # the calendar goes round in 400 years, and monthrange knows only years up to 9999
    _, days = monthrange(2000 + year % 400, month)
    return 1 <= day <= days


def _moment(node: TypedText, form: re.Pattern[str], place: Context) -> Type:
    """The type of a time or a timestamp: what follows its digits is a time zone."""
    found = form.fullmatch(node.value)
    if found is None:
        _invalid(node, place)
        return Type(node.type, (0,))
    fraction, zone = found.groups()
    base = node.type
    if zone:
        base += " with time zone"
    return Type(base, (len(fraction or ""),))


def _checked_decimal(node: TypedText, place: Context) -> Type | None:
    """DECIMAL and a text; None where it is no decimal, or too long for one."""
    if not _DECIMAL.fullmatch(node.value):
        _invalid(node, place)
        return None
    kind = decimal(node.value.strip())
    precision, _ = kind.numbers
    if precision > LONGEST_DECIMAL:
        return None
    return kind
