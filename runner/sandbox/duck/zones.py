"""The time zone of a moment.

DuckDB's moments have no zone, so the SQL's text tells it, or it is not known at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.values import ZONED
from runner.trino import tree

UTC = "UTC"
KEEPS = {"date_add": 2, "date_trunc": 1, "nullif": 0, "max": 0, "min": 0}
"""Which argument of a function has its result's zone."""

NAMES = frozenset({"at_timezone", "with_timezone", "from_unixtime"})
"""Functions whose second argument is their result's zone."""


def zone_of(node: tree.Expression, scope: Scope) -> str:
    """The zone of a moment, and UTC for any other value.

    Raises NotHere where only a value tells the zone.
    """
    match node:
        case tree.AtTimeZone():
            return _literal(node.zone)
        case tree.TypedText():
            return _of_text(node.value)
        case tree.Operation():
            return _of_operation(node, scope)
        case tree.Case():
            results = [branch.result for branch in node.branches]
            return _same((*results, node.default), scope)
        case tree.Call():
            return _of_call(node, scope)
        case _:
            return UTC


def _of_text(value: str) -> str:
    """The zone that stands in a literal such as TIMESTAMP '2020-01-01 00:00 Asia/Tokyo'."""
    match = ZONED.fullmatch(value.strip())
    if match is None:
        return UTC
    return _known(match["zone"])


def _of_operation(node: tree.Operation, scope: Scope) -> str:
    """The zone of the side that is a moment."""
    for side in (node.left, node.right):
        if _is_moment(side, scope):
            return zone_of(side, scope)
    return UTC


def _of_call(node: tree.Call, scope: Scope) -> str:
    """The zone of what a function returns. Raises NotHere."""
    given = node.arguments
    if node.key in NAMES and len(given) == 2:
        return _literal(given[1])
    if node.key in {"coalesce", "if"}:
        return _same(given, scope)
    place = KEEPS.get(node.key)
    if place is None or place >= len(given):
        return UTC
    return zone_of(given[place], scope)


def _is_moment(node: tree.Expression, scope: Scope) -> bool:
    """True for a moment with a zone."""
    known = scope.facts.types.get(node)
    return known is not None and known.base == "timestamp with time zone"


def _same(nodes: Sequence[tree.Expression | None], scope: Scope) -> str:
    """The one zone of all moments among these. Raises NotHere where they have several."""
    found = set()
    for one in nodes:
        if one is not None and _is_moment(one, scope):
            found.add(zone_of(one, scope))
    if len(found) > 1:
        raise NotHere("moments of several time zones in one expression")
    return next(iter(found), UTC)


def _literal(node: tree.Expression) -> str:
    """The zone that a literal names. Raises NotHere for anything else."""
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
