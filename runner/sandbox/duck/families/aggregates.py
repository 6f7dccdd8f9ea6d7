"""Aggregates, also over windows."""

from __future__ import annotations

from collections.abc import Collection

from runner.sandbox.duck import windows
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.site import Emitter, Emitters, Site
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    INTERVALS,
    as_stored,
    decimal,
    is_composite,
    not_here,
    python,
    storage,
)

FEW = 200
"""So many different values APPROX_DISTINCT counts exactly."""

SUMMED = frozenset({*INTEGERS, *FLOATS, "decimal"})

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
    """COUNT of rows, or of values that are not NULL."""
    if site.node.star or not site.arguments:
        return _of(site, "count", "*")
    return _of(site, "count")


def _count_if(site: Site) -> str:
    """COUNT_IF: how many conditions are true."""
    return _of(site, "count", f"CASE WHEN {site.first} THEN 1 END")


def _sum(site: Site) -> str:
    """SUM, in the type that Trino gives it."""
    made = _of(site, "sum")
    if site.base not in SUMMED and site.returns.base not in INTERVALS:
        raise site.refuse()
    # DuckDB sums whole numbers in a wider type
    return as_stored(made, site.returns)


def _avg(site: Site) -> str:
    """AVG, in the type that Trino gives it."""
    if site.base == "decimal":
        return _decimal_average(site)
    if site.base not in {*INTEGERS, *FLOATS}:
        raise site.refuse()
    return as_stored(_of(site, "avg"), site.returns)


def _decimal_average(site: Site) -> str:
    """AVG of decimals: DuckDB would make a double of it."""
    precision, scale = decimal(site.kind)
    summed = _of(site, "sum")
    total = f"CAST({summed} AS DECIMAL(38,{scale}))"
    number = _of(site, "count")
    kept = storage(site.returns)
    return python("average", kept, total, number, str(precision), str(scale))


def _extreme(name: str) -> Emitter:
    """MAX and MIN: a NaN only where all values are NaN."""

    def emit(site: Site) -> str:
        _check_ordered(site, 0, {"json", "char", "varbinary"})
        made = _of(site, name)
        if site.base not in FLOATS:
            return made
        real = f"CASE WHEN NOT isnan({site.first}) THEN {site.first} END"
        of_numbers = _of(site, name, real)
        return f"coalesce({of_numbers}, {made})"

    return emit


def _check_ordered(site: Site, last: int, refused: Collection[str]) -> None:
    """Raises NotHere for a last argument that DuckDB orders otherwise, and for more."""
    kind = site.types[last]
    if site.count > last + 1:
        raise site.refuse()
    if is_composite(kind) or kind.base in refused:
        raise site.refuse()


def _by(name: str) -> Emitter:
    """MAX_BY and MIN_BY: the value of the row whose key is the greatest or the least."""

    def emit(site: Site) -> str:
        _check_ordered(site, 1, {"json", "char", *FLOATS})
        return _of(site, name)

    return emit


def _same(name: str) -> Emitter:
    """DuckDB has the very same aggregate under this name."""

    def emit(site: Site) -> str:
        return _of(site, name)

    return emit


def _array_agg(site: Site) -> str:
    """ARRAY_AGG, where its order is told or does not count. Raises NotHere."""
    ordered = bool(site.node.order_by)
    if not ordered and not windows.is_indifferent(site.node, site.scope, EITHER_WAY):
        raise NotHere("array_agg without ORDER BY")
    return _of(site, "list")


def _arbitrary(site: Site) -> str:
    """ANY_VALUE: which value Trino takes is not known, unless there is only one."""
    if site.node.window is not None or site.node.distinct:
        raise site.refuse()
    if is_composite(site.kind):
        raise site.refuse()
    several = not_here(f"{site.name} of several values", site.returns)
    least = _of(site, "min")
    most = _of(site, "max")
    return f"CASE WHEN {least} IS DISTINCT FROM {most} THEN {several} ELSE {most} END"


def _approx_distinct(site: Site) -> str:
    """APPROX_DISTINCT, which is exact for few values."""
    if site.node.window is not None or site.count > 1:
        raise site.refuse()
    if is_composite(site.kind):
        raise site.refuse()
    number = _of(site, "count", f"DISTINCT {site.first}")
    many = not_here(f"approx_distinct of more than {FEW} values", site.returns)
    return f"CASE WHEN {number} <= {FEW} THEN {number} ELSE {many} END"


def _statistic(name: str, least: int) -> Emitter:
    """A statistic of doubles that is NULL for fewer values than it needs."""

    def emit(site: Site) -> str:
        made = _of(site, name)
        if least == 0:
            return made
        number = _of(site, "count", site.first)
        return f"CASE WHEN {number} >= {least} THEN {made} END"

    return emit


def _geometric(site: Site) -> str:
    """GEOMETRIC_MEAN of doubles, by way of their logarithms."""
    if site.base != "double":
        raise site.refuse()
    logarithms = _of(site, "avg", f"ln({site.first})")
    return f"exp({logarithms})"


def _map_agg(site: Site) -> str:
    """MAP_AGG: the first value of a key counts, and which is first is not said."""
    _check_keys(site)
    keys = _of(site, "list", site.first)
    values = _of(site, "list", site.second)
    return python("map_agg", storage(site.returns), keys, values)


def _check_keys(site: Site) -> None:
    """Raises NotHere for keys that Python does not compare as Trino does."""
    kind = site.kind
    if site.node.window is not None:
        raise site.refuse()
    if is_composite(kind) or kind.base in {*FLOATS, "json"}:
        raise site.refuse()


def _histogram(site: Site) -> str:
    """HISTOGRAM: Python counts the values of a list. Raises NotHere."""
    _check_keys(site)
    return python("histogram", storage(site.returns), _of(site, "list"))


AGGREGATES: Emitters = {
    "count": _count,
    "count_if": _count_if,
    "sum": _sum,
    "avg": _avg,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "min_by": _by("arg_min_null"),
    "max_by": _by("arg_max_null"),
    "bool_and": _same("bool_and"),
    "bool_or": _same("bool_or"),
    "every": _same("bool_and"),
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
    "bitwise_and_agg": _same("bit_and"),
    "bitwise_or_agg": _same("bit_or"),
}
