"""Which CASTs there are in Trino 423."""

from __future__ import annotations

from functools import cache

from runner.trino.functions import signatures
from runner.trino.types import UNKNOWN, VARCHAR, Type

_JSON = Type("json")
_NESTED = frozenset({"array", "map", "row"})


@cache
def _bases() -> frozenset[tuple[str, str]]:
    """The plain casts, from a base to another."""
    pairs = set()
    for one in signatures("$CAST"):
        # those with variables are casts of arrays, maps and rows: `castable` knows them
        if not one.variables:
            source = one.arguments[0].base.lower()
            target = one.returns.base.lower()
            pairs.add((source, target))
    return frozenset(pairs)


def castable(source: Type, target: Type) -> bool:
    """True where there is a CAST from one type to another; it may fail for a value."""
    if source in (UNKNOWN, target):
        return True
    if source.base == target.base and source.base in _NESTED:
        return _elementwise(source, target)
    if source == _JSON and target.elements:
        return _from_json(target)
    if target == _JSON and source.elements:
        return _to_json(source)
    if source.base == target.base == "qdigest":
        return False
    return (source.base, target.base) in _bases()


def _elementwise(source: Type, target: Type) -> bool:
    """True where each type inside has a CAST to the one in its place."""
    if len(source.elements) != len(target.elements):
        return False
    return all(map(castable, source.elements, target.elements))


def _from_json(target: Type) -> bool:
    """True where JSON can be cast to this type of elements. A map's keys are texts in JSON."""
    if target.base not in _NESTED:
        return False
    if target.base != "map":
        return all(castable(_JSON, one) for one in target.elements)
    key, value = target.elements
    return castable(VARCHAR, key) and castable(_JSON, value)


def _to_json(source: Type) -> bool:
    """True where a type of elements can be cast to JSON. A map's keys are texts in JSON."""
    if source.base not in _NESTED:
        return False
    if source.base != "map":
        return all(castable(one, _JSON) for one in source.elements)
    key, value = source.elements
    return castable(key, VARCHAR) and castable(value, _JSON)
