"""Window functions."""

from __future__ import annotations

from collections.abc import Mapping

from runner.sandbox.duck import windows
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.site import Emitter, Site
from runner.sandbox.duck.storage import UNKNOWN, storage


def _ranked(name: str) -> Emitter:
    return lambda site: windows.ranking(site.node, site.scope, name, site.arguments)


def _counted(name: str) -> Emitter:
    """A whole number, which DuckDB gives as BIGINT too."""
    return lambda site: (
        f"CAST({windows.ranking(site.node, site.scope, name, site.arguments)} AS BIGINT)"
    )


def _shifted(name: str) -> Emitter:
    """LAG and LEAD: a distance that is a number, not below 0."""

    def emit(site: Site) -> str:
        if len(site.arguments) > 1 and (
            site.whole(1) is None or (site.whole(1) or 0) < 0
        ):
            raise site.refuse("a distance that is no number")
        arguments = list(site.arguments)
        if len(arguments) > 2 and site.types[2] != UNKNOWN:
            arguments[2] = coerced(arguments[2], site.types[2], site.returns)
        if len(arguments) > 2:
            arguments[2] = f"CAST({arguments[2]} AS {storage(site.returns)})"
        return windows.ranking(site.node, site.scope, name, arguments)

    return emit


def _nth(site: Site) -> str:
    if site.whole(1) is None or (site.whole(1) or 0) < 1:
        raise site.refuse("a place that is no number")
    return windows.ranking(site.node, site.scope, "nth_value", site.arguments)


RANKINGS: Mapping[str, Emitter] = {
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
