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
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "week_of_year": "week",
    "day": "day", "day_of_month": "day", "day_of_week": "isodow", "dow": "isodow",
    "day_of_year": "dayofyear", "doy": "dayofyear", "year_of_week": "isoyear", "yow": "isoyear",
}  # fmt: skip
OF_TIME = {"hour": "hour", "minute": "minute", "second": "second"}
MOMENTS = ("timestamp", "timestamp with time zone")
OF_INTERVAL = {
    "day": 86_400_000,
    "hour": 3_600_000,
    "minute": 60_000,
    "second": 1000,
    "millisecond": 1,
}
WITHIN = {"day": 0, "hour": 24, "minute": 60, "second": 60, "millisecond": 1000}


def extract(node: tree.Extract, scope: Scope) -> str:
    """EXTRACT(field FROM value). Raises NotHere."""
    sql = expressions.expression(node.value, scope)
    return field_of(
        node.field, sql, scope.facts.result_of(node.value), zone_of(node.value, scope)
    )


def field_of(field: str, sql: str, type_: Type, zone: str) -> str:
    """A field of a date, a moment or an interval. Raises NotHere."""
    if type_.base == "interval day to second" and field in OF_INTERVAL:
        made = f"({sql} // {OF_INTERVAL[field]})"
        return f"({made} % {WITHIN[field]})" if WITHIN[field] else made
    if type_.base == "interval year to month" and field in {"year", "month"}:
        return f"CAST({sql} {'//' if field == 'year' else '%'} 12 AS BIGINT)"
    if type_.base == "timestamp with time zone":
        sql = local(sql, zone)
    if type_.base in {"date", *MOMENTS} and (name := OF_DATE.get(field)):
        return f"{name}({sql})"
    if type_.base in MOMENTS and (name := OF_TIME.get(field)):
        return f"{name}({sql})"
    if type_.base in MOMENTS and field == "millisecond":
        return f"(millisecond({sql}) % 1000)"
    raise NotHere(f"{field} of {type_}")
