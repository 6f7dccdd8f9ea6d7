"""Functions of arrays and maps, with and without lambdas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from runner.sandbox.duck import expressions
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.site import Emitter, Site
from runner.sandbox.duck.storage import (
    FLOATS,
    element,
    inner,
    is_composite,
    python,
    storage,
    text,
)
from runner.trino import tree
from runner.trino.types import Type

SIMPLE = frozenset(
    {
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "varchar",
        "date",
        "timestamp",
        "decimal",
    }
)
"""Types whose values DuckDB and Trino hold for equal, and order, alike."""


def _simple(site: Site, kind: Type) -> Type:
    """Raises NotHere for a type whose values are compared otherwise."""
    if kind.base not in SIMPLE and kind.base != "unknown":
        raise site.refuse()
    return kind


def _array(site: Site, position: int = 0) -> Type:
    kind = site.types[position]
    if kind.base != "array":
        raise site.refuse()
    return element(kind)


def lambda_text(site: Site, position: int, names: tuple[str, ...]) -> str:
    """The body of a lambda, whose arguments are called so in DuckDB. Raises NotHere."""
    node = site.node.arguments[position]
    if not isinstance(node, tree.Lambda):
        raise site.refuse("what is no lambda")
    if len(node.parameters) != len(names):
        raise site.refuse("a lambda with so many arguments")
    given = {one.key: name for one, name in zip(node.parameters, names, strict=True)}
    inside = replace(site.scope, arguments={**site.scope.arguments, **given})
    body = expressions.expression(node.body, inside)
    if "SELECT" in body and any(
        isinstance(one, tree.Query) for one in tree.walk(node.body)
    ):
        raise site.refuse("a subquery")
    return body


def _unique(site: Site, letter: str) -> str:
    return f"{letter}{site.node.at}"


def lambda_type(site: Site, position: int) -> Type:
    """What a lambda returns."""
    node = site.node.arguments[position]
    if not isinstance(node, tree.Lambda):
        raise site.refuse("what is no lambda")
    return site.scope.facts.result_of(node.body)


def _transform(site: Site) -> str:
    name = _unique(site, "x")
    body = coerced(
        lambda_text(site, 1, (name,)), lambda_type(site, 1), element(site.returns)
    )
    return f"list_transform({site.arguments[0]}, lambda {name}: {body})"


def _filter(site: Site) -> str:
    name = _unique(site, "x")
    return f"list_filter({site.arguments[0]}, lambda {name}: {lambda_text(site, 1, (name,))})"


def _match(kind: str) -> Emitter:
    def emit(site: Site) -> str:
        name = _unique(site, "x")
        found = f"list_transform({site.arguments[0]}, lambda {name}: {lambda_text(site, 1, (name,))})"
        return f"trino_{kind}({found})"

    return emit


def _reduce(site: Site) -> str:
    state, item = _unique(site, "s"), _unique(site, "x")
    body = lambda_text(site, 2, (state, item))
    of_state = lambda_type(site, 2)
    start = coerced(site.arguments[1], site.types[1], of_state)
    if site.types[1] != of_state and storage(site.types[1]) != storage(of_state):
        raise site.refuse("a state that changes its type")
    if _array(site) != of_state and storage(element(site.types[0])) != storage(
        of_state
    ):
        raise site.refuse("a state of another type than the elements")
    made = f"list_reduce({site.arguments[0]}, lambda {state}, {item}: {body}, CAST({start} AS {storage(of_state)}))"
    final = _unique(site, "f")
    last = coerced(lambda_text(site, 3, (final,)), lambda_type(site, 3), site.returns)
    return f"list_transform([{made}], lambda {final}: {last})[1]"


def _zip_with(site: Site) -> str:
    pair = _unique(site, "p")
    names = tuple(
        f"CAST(struct_extract({pair}, {number + 1}) AS {storage(_array(site, number))})"
        for number in range(2)
    )
    body = coerced(
        lambda_text(site, 2, names), lambda_type(site, 2), element(site.returns)
    )
    zipped = f"list_zip({site.arguments[0]}, {site.arguments[1]})"
    return (
        f"CASE WHEN {site.arguments[0]} IS NOT NULL AND {site.arguments[1]} IS NOT NULL"
        f" THEN list_transform({zipped}, lambda {pair}: {body}) END"
    )


def _contains(site: Site) -> str:
    kind = _array(site)
    wanted = coerced(site.arguments[1], site.types[1], kind)
    if kind.base in SIMPLE:
        return f"trino_contains({site.arguments[0]}, {wanted})"
    return python("contains", "BOOLEAN", site.arguments[0], wanted)


def _position(site: Site) -> str:
    _simple(site, _array(site))
    if len(site.arguments) > 2:
        raise site.refuse("an instance")
    return (
        f"CASE WHEN {site.arguments[0]} IS NOT NULL AND {site.arguments[1]} IS NOT NULL THEN"
        f" CAST(coalesce(list_position({site.arguments[0]}, {site.arguments[1]}), 0) AS BIGINT) END"
    )


def _extreme(name: str) -> Emitter:
    def emit(site: Site) -> str:
        kind = _array(site)
        if kind.base not in SIMPLE:
            raise site.refuse()
        array = site.arguments[0]
        return f"CASE WHEN len({array}) = list_count({array}) THEN {name}({array}) END"

    return emit


def _sorted(site: Site) -> str:
    if len(site.arguments) > 1:
        raise site.refuse("a comparison")
    _simple(site, _array(site))
    return f"list_sort({site.arguments[0]}, 'ASC', 'NULLS LAST')"


def _python_lists(function: str) -> Emitter:
    """Set operations of arrays keep the order of first places; DuckDB's promise none."""

    def emit(site: Site) -> str:
        for kind in site.types:
            if kind.base == "array" and element(kind).base in {
                *FLOATS,
                "map",
                "row",
                "json",
            }:
                raise site.refuse()
        arguments = [
            coerced(sql, kind, site.returns)
            if kind.base == "array" and site.returns.base == "array"
            else sql
            for sql, kind in zip(site.arguments, site.types, strict=True)
        ]
        return python(function, storage(site.returns), *arguments)

    return emit


def _joined(site: Site) -> str:
    kind = _array(site)
    if kind.base not in {
        "varchar",
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "double",
    }:
        raise site.refuse()
    return python("array_join", "VARCHAR", site.arguments[0], *site.arguments[1:])


def _cardinality(site: Site) -> str:
    if site.types[0].base == "array":
        return f"len({site.arguments[0]})"
    if site.types[0].base == "map":
        return f"CAST(cardinality({site.arguments[0]}) AS BIGINT)"
    raise site.refuse()


def _element_at(site: Site) -> str:
    if site.types[0].base == "array":
        return f"trino_element_at({site.arguments[0]}, {site.arguments[1]})"
    if site.types[0].base == "map":
        key, value = inner(site.types[0])
        if key.base not in SIMPLE:
            raise site.refuse()
        wanted = coerced(site.arguments[1], site.types[1], key)
        return python("map_at", storage(value), site.arguments[0], wanted)
    raise site.refuse()


def _slice(site: Site) -> str:
    return python("slice", storage(site.returns), *site.arguments)


def _sequence(site: Site) -> str:
    if element(site.returns).base != "bigint":
        if element(site.returns).base == "date" and site.types[0].base == "date":
            return _date_sequence(site)
        raise site.refuse()
    return python("sequence", "BIGINT[]", *site.arguments)


def _date_sequence(site: Site) -> str:
    step = site.arguments[2] if len(site.arguments) > 2 else "86400000"
    kind = site.types[2].base if len(site.arguments) > 2 else "interval day to second"
    unit = "months" if kind == "interval year to month" else "milliseconds"
    return python(
        "date_sequence",
        "DATE[]",
        site.arguments[0],
        site.arguments[1],
        step,
        text(unit),
    )


def _flatten(site: Site) -> str:
    return python("flatten", storage(site.returns), site.arguments[0])


def _repeat(site: Site) -> str:
    return python("repeat", storage(site.returns), *site.arguments)


def _overlap(site: Site) -> str:
    for position in range(2):
        _simple(site, _array(site, position))
    return python("arrays_overlap", "BOOLEAN", *site.arguments)


def _zip(site: Site) -> str:
    return python("zip", storage(site.returns), *site.arguments)


def _typed(function: str) -> Emitter:
    return lambda site: python(function, storage(site.returns), *site.arguments)


# maps


def _keys_are_plain(site: Site, kind: Type) -> None:
    key = inner(kind)[0]
    if is_composite(key) or key.base in {*FLOATS, "json"}:
        raise site.refuse()


def _map(site: Site) -> str:
    if not site.arguments:
        raise site.refuse("nothing")
    _keys_are_plain(site, site.returns)
    return python("map", storage(site.returns), *site.arguments)


def _map_keys(site: Site) -> str:
    return f"map_keys({site.arguments[0]})"


def _map_values(site: Site) -> str:
    return f"map_values({site.arguments[0]})"


def _map_entries(site: Site) -> str:
    return python("map_entries", storage(site.returns), *site.arguments)


def _map_concat(site: Site) -> str:
    _keys_are_plain(site, site.returns)
    return python("map_concat", storage(site.returns), *site.arguments)


def _entries(site: Site) -> tuple[str, str, str]:
    """The entries of a map as an array, and what its lambda's arguments are called."""
    entry = _unique(site, "e")
    return f"map_entries({site.arguments[0]})", f"{entry}.key", f"{entry}.value"


def _map_filter(site: Site) -> str:
    entries, key, value = _entries(site)
    body = lambda_text(site, 1, (key, value))
    name = _unique(site, "e")
    return f"map_from_entries(list_filter({entries}, lambda {name}: {body}))"


def _transform_values(site: Site) -> str:
    entries, key, value = _entries(site)
    body = lambda_text(site, 1, (key, value))
    name = _unique(site, "e")
    of = inner(site.returns)[1]
    made = f"CAST({coerced(body, lambda_type(site, 1), of)} AS {storage(of)})"
    return f"map_from_entries(list_transform({entries}, lambda {name}: struct_pack(k := {name}.key, v := {made})))"


COLLECTIONS: Mapping[str, Emitter] = {
    "cardinality": _cardinality,
    "contains": _contains,
    "element_at": _element_at,
    "array_position": _position,
    "array_max": _extreme("list_max"),
    "array_min": _extreme("list_min"),
    "array_sort": _sorted,
    "array_distinct": _python_lists("array_distinct"),
    "array_union": _python_lists("array_union"),
    "array_intersect": _python_lists("array_intersect"),
    "array_except": _python_lists("array_except"),
    "array_remove": _python_lists("array_remove"),
    "array_join": _joined,
    "arrays_overlap": _overlap,
    "slice": _slice,
    "sequence": _sequence,
    "flatten": _flatten,
    "repeat": _repeat,
    "zip": _zip,
    "ngrams": _typed("ngrams"),
    "combinations": _typed("combinations"),
    "trim_array": _typed("trim_array"),
    "contains_sequence": _python_lists("contains_sequence"),
    "transform": _transform,
    "filter": _filter,
    "any_match": _match("any"),
    "all_match": _match("all"),
    "none_match": _match("none"),
    "reduce": _reduce,
    "zip_with": _zip_with,
    "map": _map,
    "map_keys": _map_keys,
    "map_values": _map_values,
    "map_entries": _map_entries,
    "map_from_entries": _typed("map_from_entries"),
    "multimap_from_entries": _typed("multimap_from_entries"),
    "map_concat": _map_concat,
    "map_filter": _map_filter,
    "transform_values": _transform_values,
}
