"""Aggregates, also over windows."""

from __future__ import annotations

from collections.abc import Mapping

from runner.sandbox.duck import windows
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.site import Emitter, Site
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    decimal,
    is_composite,
    not_here,
    python,
    storage,
)
from runner.trino.types import Type

FEW = 200
"""So many different values APPROX_DISTINCT counts exactly."""

EITHER_WAY = frozenset(
    {
        "cardinality",
        "contains",
        "array_sort",
        "array_max",
        "array_min",
        "any_match",
        "all_match",
        "none_match",
        "arrays_overlap",
    }
)
"""What asks an array for nothing that depends on its order."""


def _of(site: Site, name: str, *arguments: str) -> str:
    """A call of DuckDB's aggregate with this call's DISTINCT, ORDER BY, FILTER and OVER."""
    return windows.aggregate(site.node, site.scope, name, arguments or site.arguments)


def _count(site: Site) -> str:
    if site.node.star or not site.arguments:
        return _of(site, "count", "*")
    return _of(site, "count")


def _count_if(site: Site) -> str:
    return _of(site, "count", f"CASE WHEN {site.arguments[0]} THEN 1 END")


def _sum(site: Site) -> str:
    kind = site.types[0]
    made = _of(site, "sum")
    if kind.base in {*INTEGERS, "decimal"} or site.returns.base.startswith("interval"):
        return f"CAST({made} AS {storage(site.returns)})"
    if kind.base in FLOATS:
        return f"CAST({made} AS {storage(site.returns)})"
    raise site.refuse()


def _avg(site: Site) -> str:
    kind = site.types[0]
    if kind.base == "decimal":
        scale = decimal(kind)[1]
        total, number = _of(site, "sum"), _of(site, "count")
        return python(
            "average",
            storage(site.returns),
            f"CAST({total} AS DECIMAL(38,{scale}))",
            number,
            str(decimal(kind)[0]),
            str(scale),
        )
    if kind.base in {*INTEGERS, *FLOATS}:
        return f"CAST({_of(site, 'avg')} AS {storage(site.returns)})"
    raise site.refuse()


def _extreme(name: str) -> Emitter:
    def emit(site: Site) -> str:
        kind = site.types[0]
        if (
            len(site.arguments) > 1
            or is_composite(kind)
            or kind.base in {"json", "char", "varbinary"}
        ):
            raise site.refuse()
        made = _of(site, name)
        if kind.base not in FLOATS:
            return made
        real = f"CASE WHEN NOT isnan({site.arguments[0]}) THEN {site.arguments[0]} END"
        return f"coalesce({_of(site, name, real)}, {made})"

    return emit


def _by(name: str) -> Emitter:
    def emit(site: Site) -> str:
        key = site.types[1]
        if (
            len(site.arguments) > 2
            or is_composite(key)
            or key.base in {"json", "char", *FLOATS}
        ):
            raise site.refuse()
        return _of(site, name)

    return emit


def _bool(name: str) -> Emitter:
    return lambda site: _of(site, name)


def _array_agg(site: Site) -> str:
    if not site.node.order_by and not windows.is_indifferent(
        site.node, site.scope, EITHER_WAY
    ):
        raise NotHere("array_agg without ORDER BY")
    return _of(site, "list")


def _arbitrary(site: Site) -> str:
    if (
        site.node.window is not None
        or site.node.distinct
        or is_composite(site.types[0])
    ):
        raise site.refuse()
    several = not_here(f"{site.name} of several values", site.returns)
    least, most = _of(site, "min"), _of(site, "max")
    return f"CASE WHEN {least} IS DISTINCT FROM {most} THEN {several} ELSE {most} END"


def _approx_distinct(site: Site) -> str:
    if (
        site.node.window is not None
        or len(site.arguments) > 1
        or is_composite(site.types[0])
    ):
        raise site.refuse()
    number = windows.aggregate(
        site.node, site.scope, "count", (f"DISTINCT {site.arguments[0]}",)
    )
    many = not_here(f"approx_distinct of more than {FEW} values", site.returns)
    return f"CASE WHEN {number} <= {FEW} THEN {number} ELSE {many} END"


def _statistic(name: str, least: int) -> Emitter:
    """A statistic of doubles that is NULL for fewer values than it needs."""

    def emit(site: Site) -> str:
        made = _of(site, name)
        if least == 0:
            return made
        return f"CASE WHEN {_of(site, 'count', site.arguments[0])} >= {least} THEN {made} END"

    return emit


def _geometric(site: Site) -> str:
    if site.types[0].base != "double":
        raise site.refuse()
    return f"exp({_of(site, 'avg', f'ln({site.arguments[0]})')})"


def _map_agg(site: Site) -> str:
    """The first value of a key counts; which is first is not said, so that keys have to differ."""
    if site.node.window is not None or _plain_key(site.types[0]):
        raise site.refuse()
    keys = windows.aggregate(site.node, site.scope, "list", (site.arguments[0],))
    values = windows.aggregate(site.node, site.scope, "list", (site.arguments[1],))
    return python("map_agg", storage(site.returns), keys, values)


def _plain_key(kind: Type) -> bool:
    return is_composite(kind) or kind.base in {*FLOATS, "json"}


def _histogram(site: Site) -> str:
    if site.node.window is not None or _plain_key(site.types[0]):
        raise site.refuse()
    return python("histogram", storage(site.returns), _of(site, "list"))


AGGREGATES: Mapping[str, Emitter] = {
    "count": _count,
    "count_if": _count_if,
    "sum": _sum,
    "avg": _avg,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "min_by": _by("arg_min_null"),
    "max_by": _by("arg_max_null"),
    "bool_and": _bool("bool_and"),
    "bool_or": _bool("bool_or"),
    "every": _bool("bool_and"),
    "array_agg": _array_agg,
    "arbitrary": _arbitrary,
    "any_value": _arbitrary,
    "approx_distinct": _approx_distinct,
    "stddev": _statistic("stddev_samp", 2),
    "stddev_samp": _statistic("stddev_samp", 2),
    "stddev_pop": _statistic("stddev_pop", 1),
    "variance": _statistic("var_samp", 2),
    "var_samp": _statistic("var_samp", 2),
    "var_pop": _statistic("var_pop", 1),
    "covar_pop": _statistic("covar_pop", 0),
    "covar_samp": _statistic("covar_samp", 0),
    "corr": _statistic("corr", 0),
    "regr_slope": _statistic("regr_slope", 0),
    "regr_intercept": _statistic("regr_intercept", 0),
    "geometric_mean": _geometric,
    "map_agg": _map_agg,
    "histogram": _histogram,
    "bitwise_and_agg": lambda site: _of(site, "bit_and"),
    "bitwise_or_agg": lambda site: _of(site, "bit_or"),
}
