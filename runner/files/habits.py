"""What people write who mean something else, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

NAMES: Mapping[str, str] = {
    "=": "equals",
    "==": "equals",
    "eq": "equals",
    "is": "equals",
    "!=": "not_equals",
    "<>": "not_equals",
    "ne": "not_equals",
    "is_not": "not_equals",
    ">": "gt",
    "greater": "gt",
    "greater_than": "gt",
    "more": "gt",
    "above": "gt",
    "over": "gt",
    "more_than": "gt",
    ">=": "gte",
    "at_least": "gte",
    "greater_or_equal": "gte",
    "<": "lt",
    "less": "lt",
    "less_than": "lt",
    "below": "lt",
    "under": "lt",
    "<=": "lte",
    "at_most": "lte",
    "less_or_equal": "lte",
    "and": "all",
    "or": "any",
    "not": "none",
    "like": "contains",
    "ilike": "contains",
    "in_cohort": "cohort",
    "last": "within",
    "in_last": "within",
    "sql_file": "template",
    "filter": "where",
    "filters": "where",
    "rules": "where",
    "conditions": "where",
}
"""Names of other tools and languages, and ours."""

LISTS: Mapping[str, str] = {"equals": "in", "not_equals": "not_in"}
"""Keys of one value, and the keys that take a list of them."""

_UNITS: Mapping[str, tuple[int, str]] = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), (1, "h")),
    **dict.fromkeys(("d", "day", "days"), (1, "d")),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), (1, "w")),
    # `m` may stand for minutes, which no rule counts
    **dict.fromkeys(("m", "mo", "month", "months"), (30, "d")),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), (365, "d")),
}
"""What a word counts, in a unit of ours; months and years as marketers count them."""

_LENGTH = re.compile(r"0*(?P<number>[1-9]\d{0,5})\s*(?P<unit>[a-z]+)", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")
_SLASHES = re.compile(r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})")
_MONEY = re.compile(
    r"""
    (?:[€$£¥]|[A-Z]{3})?\s*
    (?P<number>-?\d+(?:\.\d{1,2})?)
    \s*(?:[€$£¥]|[A-Z]{3})?
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}\.\d{3}")


def length(given: object) -> str:
    """A length of time as it was meant, such as `60d`; empty where nobody can tell."""
    if isinstance(given, int) and not isinstance(given, bool):
        given = f"{given}d"
    found = _LENGTH.fullmatch(str(given).strip())
    if found is None or found["unit"].lower() not in _UNITS:
        return ""
    count, unit = _UNITS[found["unit"].lower()]
    return f"{int(found['number']) * count}{unit}"


def day(given: object) -> str:
    """A date as it was meant, such as `1990-12-31`; empty where nobody can tell."""
    text = str(given).strip()
    found = _DAY_FIRST.fullmatch(text) or _SLASHES.fullmatch(text)
    if found is None:
        return ""
    try:
        meant = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return ""
    return meant.isoformat()


def number(given: object) -> str:
    """A number that was written as a text, without its quotes; empty for other text."""
    text = str(given).strip()
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    return ""


def meant_number(given: object) -> str:
    """What to write for a number in quotes, or for a sum with its currency such as `200€`
    or `200 EUR`; empty for other text.
    """
    if plain := number(given):
        return f"write {plain}, without quotes"
    found = _MONEY.fullmatch(str(given).strip())
    if found is None:
        return ""
    return f"write {found['number']}"


def has_thousands(written: str) -> bool:
    """True for `1.500`: one and a half, or fifteen hundred."""
    return _THOUSANDS.fullmatch(written) is not None


def thousands(written: str) -> str:
    """`1.500` as fifteen hundred: `1500`."""
    return written.replace(".", "")


def curly(value: str) -> str:
    """A text without the curly quotes around it; empty where there are none."""
    if len(value) > 1 and value[0] in "“”„‘’‚«" and value[-1] in "“”‘’»":
        return value[1:-1]
    return ""
