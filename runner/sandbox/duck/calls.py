"""Function calls: which of Trino's functions this sandbox answers alike, and which it does not."""

from __future__ import annotations

from collections.abc import Mapping
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
from runner.sandbox.duck.site import Emitter, Site
from runner.sandbox.duck.storage import UNKNOWN
from runner.trino import tree
from runner.trino.types import Type

SAME: Mapping[str, Emitter] = {
    **TEXTS, **NUMBERS, **TIMES, **COLLECTIONS, **AGGREGATES, **RANKINGS, **TREASURE,
}  # fmt: skip
"""Every function with a proven form. What is not in it is not here."""


def call(node: tree.Call, scope: Scope) -> str:
    """A call in DuckDB's words. Raises NotHere."""
    emit = SAME.get(node.key)
    if emit is None:
        raise NotHere(node.key)
    if node.key not in {**AGGREGATES, **RANKINGS} and (
        node.window or node.filter or node.order_by
    ):
        raise NotHere(f"{node.key} over a window")
    inside = replace(scope, around=node)
    arguments, types = [], []
    for one in node.arguments:
        if isinstance(one, tree.Lambda):
            arguments.append("")
            types.append(Type("function"))
        elif node.star:
            continue
        else:
            arguments.append(expressions.expression(one, inside))
            types.append(scope.facts.result_of(one))
    site = Site(node, scope, tuple(arguments), tuple(types), scope.facts.type_of(node))
    _check_unknown(site)
    return emit(site)


def _check_unknown(site: Site) -> None:
    """A bare NULL has no type that DuckDB could choose a function by."""
    fine = {
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
    if UNKNOWN in site.types and site.name not in {*fine, *TREASURE}:
        raise site.refuse("NULL")
