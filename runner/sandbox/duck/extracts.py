"""EXTRACT, and the functions of the same names."""

from __future__ import annotations

from runner.sandbox.duck import expressions
from runner.sandbox.duck.casts import local
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.zones import zone_of
from runner.trino import tree
from runner.trino.types import Type

OF_DATE = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "week_of_year": "week",
    "day": "day",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
}
"""DuckDB's function for each field of a date."""

OF_TIME = {"hour": "hour", "minute": "minute", "second": "second"}
"""DuckDB's function for each further field of a moment."""

OF_INTERVAL = {
    "day": 86_400_000,
    "hour": 3_600_000,
    "minute": 60_000,
    "second": 1000,
    "millisecond": 1,
}
"""How many milliseconds a field of an interval of days has."""

WITHIN = {"day": None, "hour": 24, "minute": 60, "second": 60, "millisecond": 1000}
"""How many of a field the next greater one has; no field is greater than a day."""


def extract(node: tree.Extract, scope: Scope) -> str:
    """EXTRACT(field FROM value). Raises NotHere."""
    sql = expressions.expression(node.value, scope)
    kind = scope.result_of(node.value)
    return field_of(node.field, sql, kind, zone_of(node.value, scope))


def field_of(field: str, sql: str, type_: Type, zone: str) -> str:
    """A field of a date, a moment or an interval. Raises NotHere."""
    made: str | None
    match type_.base:
        case "interval day to second":
            made = _of_days(field, sql)
        case "interval year to month":
            made = _of_months(field, sql)
        case "date":
            made = _of_date(field, sql)
        case "timestamp":
            made = _of_moment(field, sql)
        case "timestamp with time zone":
            made = _of_moment(field, local(sql, zone))
        case _:
            made = None
    if made is None:
        raise NotHere(f"{field} of {type_}")
    return made


def _of_days(field: str, sql: str) -> str | None:
    """A field of milliseconds: how many there are, without those that the next has."""
    if field not in OF_INTERVAL:
        return None
    whole = f"({sql} // {OF_INTERVAL[field]})"
    within = WITHIN[field]
    if within is None:
        return whole
    return f"({whole} % {within})"


def _of_months(field: str, sql: str) -> str | None:
    """A field of an interval of months; None where it has none of the name."""
    match field:
        case "year":
            return f"CAST({sql} // 12 AS BIGINT)"
        case "month":
            return f"CAST({sql} % 12 AS BIGINT)"
        case _:
            return None


def _of_date(field: str, sql: str) -> str | None:
    """A field of a date; None where it has none of the name."""
    name = OF_DATE.get(field)
    if name is None:
        return None
    return f"{name}({sql})"


def _of_moment(field: str, sql: str) -> str | None:
    """A field of what clocks show."""
    if field in OF_TIME:
        return f"{OF_TIME[field]}({sql})"
    if field == "millisecond":
        # DuckDB counts from the last whole minute
        return f"(millisecond({sql}) % 1000)"
    return _of_date(field, sql)
