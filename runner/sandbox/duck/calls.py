"""Calls of functions, each by the emitter of its name."""

from __future__ import annotations

from dataclasses import replace

from runner.sandbox.duck import expressions
from runner.sandbox.duck.families.aggregates import AGGREGATES
from runner.sandbox.duck.families.collections import COLLECTIONS
from runner.sandbox.duck.families.numbers import NUMBERS
from runner.sandbox.duck.families.rankings import RANKINGS
from runner.sandbox.duck.families.texts import TEXTS
from runner.sandbox.duck.families.times import TIMES
from runner.sandbox.duck.families.treasure import TREASURE
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.site import Emitters, Site
from runner.sandbox.duck.storage import UNKNOWN
from runner.trino import tree
from runner.trino.types import Type

SAME: Emitters = {
    **TEXTS,
    **NUMBERS,
    **TIMES,
    **COLLECTIONS,
    **AGGREGATES,
    **RANKINGS,
    **TREASURE,
}
"""Every function with a proven form. What is not in it is not here."""

OVER_ROWS = frozenset({*AGGREGATES, *RANKINGS})
"""Functions of many rows, which may have OVER, FILTER and ORDER BY."""

TAKES_NULL = frozenset(
    {
        *TREASURE,
        "coalesce",
        "if",
        "nullif",
        "count",
        "concat_ws",
        "format",
        "try",
        "array_agg",
        "typeof",
    }
)
"""Functions that are the same for a bare NULL as well."""


def call(node: tree.Call, scope: Scope) -> str:
    """A call in DuckDB's words. Raises NotHere."""
    emit = SAME.get(node.key)
    if emit is None:
        raise NotHere(node.key)
    over_rows = node.window or node.filter or node.order_by
    if over_rows and node.key not in OVER_ROWS:
        raise NotHere(f"{node.key} over a window")
    site = _site(node, scope)
    # a bare NULL has no type that DuckDB could choose a function by
    if UNKNOWN in site.types and site.name not in TAKES_NULL:
        raise site.refuse("NULL")
    return emit(site)


def _site(node: tree.Call, scope: Scope) -> Site:
    """A call with its arguments written, save lambdas, which their function writes."""
    inside = replace(scope, around=node)
    arguments: list[str] = []
    types: list[Type] = []
    for one in node.arguments:
        if isinstance(one, tree.Lambda):
            arguments.append("")
            types.append(Type("function"))
        elif not node.star:
            arguments.append(expressions.expression(one, inside))
            types.append(scope.result_of(one))
    returns = scope.type_of(node)
    return Site(node, scope, tuple(arguments), tuple(types), returns)
