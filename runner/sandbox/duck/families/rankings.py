"""Window functions."""

from __future__ import annotations

from runner.sandbox.duck import windows
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.site import Emitter, Emitters, Site
from runner.sandbox.duck.storage import UNKNOWN, as_stored


def _ranked(name: str) -> Emitter:
    """DuckDB has the very same function under this name."""

    def emit(site: Site) -> str:
        return windows.ranking(site.node, site.scope, name, site.arguments)

    return emit


def _counted(name: str) -> Emitter:
    """A whole number, which DuckDB gives as BIGINT too."""

    def emit(site: Site) -> str:
        ranked = windows.ranking(site.node, site.scope, name, site.arguments)
        return f"CAST({ranked} AS BIGINT)"

    return emit


def _shifted(name: str) -> Emitter:
    """LAG and LEAD: a distance that is a number, not below 0."""

    def emit(site: Site) -> str:
        if site.count > 1 and not _is_from(0, site.whole(1)):
            raise site.refuse("a distance that is no number")
        arguments = list(site.arguments)
        if len(arguments) > 2:
            arguments[2] = _default(site)
        return windows.ranking(site.node, site.scope, name, arguments)

    return emit


def _is_from(least: int, number: int | None) -> bool:
    """True for a number that is known, and not below the least one."""
    return number is not None and number >= least


def _default(site: Site) -> str:
    """What LAG and LEAD show where there is no such row, in the type of the others."""
    sql = site.arguments[2]
    if site.types[2] != UNKNOWN:
        sql = coerced(sql, site.types[2], site.returns)
    return as_stored(sql, site.returns)


def _nth(site: Site) -> str:
    """NTH_VALUE of a place that is a number, from 1. Raises NotHere."""
    if not _is_from(1, site.whole(1)):
        raise site.refuse("a place that is no number")
    return windows.ranking(site.node, site.scope, "nth_value", site.arguments)


RANKINGS: Emitters = {
    "row_number": _counted("row_number"),
    "rank": _counted("rank"),
    "dense_rank": _counted("dense_rank"),
    "percent_rank": _ranked("percent_rank"),
    "cume_dist": _ranked("cume_dist"),
    "ntile": _counted("ntile"),
    "lag": _shifted("lag"),
    "lead": _shifted("lead"),
    "first_value": _ranked("first_value"),
    "last_value": _ranked("last_value"),
    "nth_value": _nth,
}
