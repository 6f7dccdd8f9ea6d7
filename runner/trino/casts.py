"""Which CASTs there are in Trino 423."""

from __future__ import annotations

from functools import cache

from runner.trino.functions import signatures
from runner.trino.types import UNKNOWN, VARCHAR, Type

_JSON = Type("json")


@cache
def _bases() -> frozenset[tuple[str, str]]:
    """The plain casts, from a base to another."""
    plain = (one for one in signatures("$CAST") if not one.variables)
    return frozenset(
        (one.arguments[0].base.lower(), one.returns.base.lower()) for one in plain
    )


def castable(source: Type, target: Type) -> bool:
    """True where there is a CAST from one type to another; it may fail for a value."""
    if source in (UNKNOWN, target):
        return True
    if source.base == target.base and source.base in {"array", "map", "row"}:
        inner, wanted = source.elements, target.elements
        return len(inner) == len(wanted) and all(map(castable, inner, wanted))
    if source == _JSON and target.elements:
        return _from_json(target)
    if target == _JSON and source.elements:
        return _to_json(source)
    if source.base == target.base == "qdigest":
        return False
    return (source.base, target.base) in _bases()


def _from_json(target: Type) -> bool:
    if target.base == "map" and not castable(VARCHAR, target.elements[0]):
        return False
    inside = target.elements[1:] if target.base == "map" else target.elements
    return target.base in {"array", "map", "row"} and all(
        castable(_JSON, one) for one in inside
    )


def _to_json(source: Type) -> bool:
    if source.base == "map" and not castable(source.elements[0], VARCHAR):
        return False
    inside = source.elements[1:] if source.base == "map" else source.elements
    return source.base in {"array", "map", "row"} and all(
        castable(one, _JSON) for one in inside
    )
