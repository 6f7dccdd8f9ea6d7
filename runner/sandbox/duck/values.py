"""Literals: numbers, typed texts and intervals."""

from __future__ import annotations

import re

from runner.sandbox.duck.casts import cast
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.duck.storage import VARCHAR, storage, text
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
PREFIXES = frozenset({"0x", "0o", "0b"})
MONTHS = {"month": 1, "year": 12}
ZONED = re.compile(r"(?P<moment>[^ ]+ [0-9:.]+) ?(?P<zone>[+-]\d{2}:\d{2}|[A-Za-z].*)")


def number(node: tree.Number, type_: Type) -> str:
    """A number as Trino types it."""
    match node.kind:
        case tree.NumberKind.DOUBLE:
            return f"CAST({text(node.text)} AS DOUBLE)"
        case tree.NumberKind.DECIMAL:
            return f"CAST({text(node.text)} AS {storage(type_)})"
        case tree.NumberKind.INTEGER:
            whole = (
                int(node.text, 0) if node.text[:2].lower() in PREFIXES else node.text
            )
            return f"CAST({whole} AS {storage(type_)})"


def typed(node: tree.TypedText, type_: Type) -> str:
    """DATE '…' and its like. Raises NotHere."""
    match type_.base:
        case "date":
            return f"CAST({text(str(moments.read_date(node.value)))} AS DATE)"
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
    if not match:
        raise NotHere(f"TIMESTAMP '{value}'")
    try:
        where = zone(match["zone"])
        moment = moments.read_timestamp(match["moment"], 6).replace(tzinfo=where)
    except (BadTime, Rejected):
        raise NotHere(f"TIMESTAMP '{value}'") from None
    seconds = int(
        moment.replace(microsecond=0).timestamp()
    )  # before 1970, rounding down differs from cutting off
    return f"make_timestamptz({seconds}000000 + {moment.microsecond})"


def interval(node: tree.Interval) -> str:
    """An interval, in milliseconds or in months. Raises NotHere."""
    if node.to or not re.fullmatch(r"\d+(\.\d{1,3})?", node.value):
        raise NotHere(f"INTERVAL '{node.value}' {node.unit.upper()}")
    sign = -1 if node.negative else 1
    if node.unit in MONTHS:
        return f"CAST({sign * int(node.value) * MONTHS[node.unit]} AS INTEGER)"
    if node.unit != "second" and "." in node.value:
        raise NotHere(f"INTERVAL '{node.value}' {node.unit.upper()}")
    whole, _, fraction = node.value.partition(".")
    milliseconds = int(whole) * MILLISECONDS[node.unit] + int(
        fraction.ljust(3, "0") or 0
    )
    return f"CAST({sign * milliseconds} AS BIGINT)"
