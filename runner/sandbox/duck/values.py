"""Literals: numbers, typed texts and intervals."""

from __future__ import annotations

import re

from runner.sandbox.duck.casts import cast
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.duck.storage import VARCHAR, as_stored, text
from runner.sandbox.functions import documents, moments
from runner.sandbox.tdtime import BadTime, zone
from runner.trino import tree
from runner.trino.types import Type

MILLISECONDS = {
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
"""How long a unit of an interval of days is."""

MONTHS = {"month": 1, "year": 12}
"""How long a unit of an interval of months is, in months."""

AMOUNT = re.compile(r"\d+(\.\d{1,3})?")
"""How many units an interval has."""

PREFIXES = frozenset({"0x", "0o", "0b"})
ZONED = re.compile(r"(?P<moment>[^ ]+ [0-9:.]+) ?(?P<zone>[+-]\d{2}:\d{2}|[A-Za-z].*)")


def number(node: tree.Number, type_: Type) -> str:
    """A number as a value of its type."""
    match node.kind:
        case tree.NumberKind.DOUBLE:
            shown = text(node.text)
            return f"CAST({shown} AS DOUBLE)"
        case tree.NumberKind.DECIMAL:
            return as_stored(text(node.text), type_)
        case tree.NumberKind.INTEGER:
            return as_stored(_digits(node.text), type_)


def _digits(written: str) -> str:
    """A whole number in decimal digits: DuckDB has no 0x, 0o and 0b."""
    if written[:2].lower() in PREFIXES:
        return str(int(written, 0))
    return written


def typed(node: tree.TypedText, type_: Type) -> str:
    """DATE '…' and its like. Raises NotHere."""
    match type_.base:
        case "date":
            day = moments.read_date(node.value)
            shown = text(str(day))
            return f"CAST({shown} AS DATE)"
        case "timestamp":
            return cast(text(node.value), VARCHAR, type_)
        case "timestamp with time zone":
            return zoned(node.value)
        case "json":
            return text(documents.json_parse(node.value))
        case _:
            return cast(text(node.value), VARCHAR, type_)


def zoned(value: str) -> str:
    """TIMESTAMP '2020-01-01 00:00 Asia/Tokyo'. Raises NotHere."""
    match = ZONED.fullmatch(value.strip())
    if match is None:
        raise NotHere(f"TIMESTAMP '{value}'")
    try:
        where = zone(match["zone"])
        shown = moments.read_timestamp(match["moment"], 6)
        moment = shown.replace(tzinfo=where)
    except (BadTime, Rejected):
        raise NotHere(f"TIMESTAMP '{value}'") from None
    # before 1970, rounding down differs from cutting off
    whole = moment.replace(microsecond=0)
    seconds = int(whole.timestamp())
    return f"make_timestamptz({seconds}000000 + {moment.microsecond})"


def interval(node: tree.Interval) -> str:
    """An interval, in milliseconds or in months. Raises NotHere."""
    value = node.value
    unit = node.unit
    refusal = NotHere(f"INTERVAL '{value}' {unit.upper()}")
    if node.to or not AMOUNT.fullmatch(value):
        raise refusal
    sign = 1
    if node.negative:
        sign = -1
    if unit in MONTHS:
        months = int(value) * MONTHS[unit]
        return f"CAST({sign * months} AS INTEGER)"
    whole, point, fraction = value.partition(".")
    if point and unit != "second":
        raise refusal
    # "5" after the point is 500 milliseconds
    thousandths = int(fraction.ljust(3, "0"))
    milliseconds = int(whole) * MILLISECONDS[unit] + thousandths
    return f"CAST({sign * milliseconds} AS BIGINT)"
