"""The time zone of a moment. DuckDB's moments have none, so it is known from the SQL or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.values import ZONED
from runner.trino import tree

UTC = "UTC"
KEEPS = {"date_add": 2, "date_trunc": 1, "coalesce": 0, "nullif": 0, "max": 0, "min": 0}
"""Which argument of a function has its result's zone."""


def zone_of(node: tree.Expression, scope: Scope) -> str:
    """The zone of a moment, UTC for anything else. Raises NotHere where only a value tells it."""
    match node:
        case tree.AtTimeZone():
            return _literal(node.zone)
        case tree.TypedText() if match := ZONED.fullmatch(node.value.strip()):
            return _known(match["zone"])
        case tree.Operation():
            if _is_moment(node.left, scope):
                return zone_of(node.left, scope)
            return zone_of(node.right, scope) if _is_moment(node.right, scope) else UTC
        case tree.Case():
            return _same(
                (*(branch.result for branch in node.branches), node.default), scope
            )
        case tree.Call() if (
            node.key in {"at_timezone", "with_timezone"} and len(node.arguments) == 2
        ):
            return _literal(node.arguments[1])
        case tree.Call() if node.key == "from_unixtime" and len(node.arguments) == 2:
            return _literal(node.arguments[1])
        case tree.Call() if node.key in {"coalesce", "if"}:
            return _same(node.arguments, scope)
        case tree.Call() if (place := KEEPS.get(node.key)) is not None and place < len(
            node.arguments
        ):
            return zone_of(node.arguments[place], scope)
    return UTC


def _is_moment(node: tree.Expression, scope: Scope) -> bool:
    known = scope.facts.types.get(node)
    return known is not None and known.base == "timestamp with time zone"


def _same(nodes: Sequence[tree.Expression | None], scope: Scope) -> str:
    found = {
        zone_of(one, scope)
        for one in nodes
        if one is not None and _is_moment(one, scope)
    }
    if len(found) > 1:
        raise NotHere("moments of several time zones in one expression")
    return next(iter(found), UTC)


def _literal(node: tree.Expression) -> str:
    if not isinstance(node, tree.Text):
        raise NotHere("a time zone that is not a literal")
    return _known(node.value)


def _known(name: str) -> str:
    """A zone that DuckDB and Trino name alike. Raises NotHere."""
    if name in {"UTC", "Z", "GMT"}:
        return UTC
    if "/" not in name or name.startswith("Etc/"):
        raise NotHere(f"the time zone {name}")
    return name
