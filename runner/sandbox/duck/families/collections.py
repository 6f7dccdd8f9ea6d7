"""Functions of arrays and maps, with and without lambdas."""

from __future__ import annotations

from dataclasses import replace

from runner.sandbox.duck import expressions
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.site import Emitter, Emitters, Site, in_python, native
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    as_stored,
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

UNLIKE = frozenset({*FLOATS, "map", "row", "json"})
"""Types whose values Python does not hold for equal as Trino does."""


def _simple(site: Site, kind: Type) -> Type:
    """Raises NotHere for a type whose values are compared otherwise."""
    if kind.base not in SIMPLE and kind.base != "unknown":
        raise site.refuse()
    return kind


def _array(site: Site, position: int = 0) -> Type:
    """The type of an array's elements. Raises NotHere for an argument that is none."""
    kind = site.types[position]
    if kind.base != "array":
        raise site.refuse()
    return element(kind)


def _lambda(site: Site, position: int) -> tree.Lambda:
    """An argument that is a lambda. Raises NotHere for anything else."""
    node = site.node.arguments[position]
    if not isinstance(node, tree.Lambda):
        raise site.refuse("what is no lambda")
    return node


def lambda_text(site: Site, position: int, names: tuple[str, ...]) -> str:
    """The body of a lambda, whose arguments are called so in DuckDB. Raises NotHere."""
    node = _lambda(site, position)
    if len(node.parameters) != len(names):
        raise site.refuse("a lambda with so many arguments")
    arguments = dict(site.scope.arguments)
    for parameter, name in zip(node.parameters, names, strict=True):
        arguments[parameter.key] = name
    inside = replace(site.scope, arguments=arguments)
    body = expressions.expression(node.body, inside)
    if "SELECT" in body and _has_query(node.body):
        raise site.refuse("a subquery")
    return body


def _has_query(node: tree.Expression) -> bool:
    """True where an expression has a subquery anywhere inside."""
    return any(isinstance(one, tree.Query) for one in tree.walk(node))


def _unique(site: Site, letter: str) -> str:
    """A name for a lambda's argument that no lambda around it has."""
    return f"{letter}{site.node.at}"


def lambda_type(site: Site, position: int) -> Type:
    """The type of what a lambda returns. Raises NotHere for an argument that is none."""
    node = _lambda(site, position)
    return site.scope.result_of(node.body)


def _transform(site: Site) -> str:
    """TRANSFORM: an array of what a lambda makes of each element."""
    name = _unique(site, "x")
    body = lambda_text(site, 1, (name,))
    made = coerced(body, lambda_type(site, 1), element(site.returns))
    return _transformed(site.first, name, made)


def _transformed(array: str, name: str, body: str) -> str:
    """An array of what a lambda with one argument makes of each element."""
    return f"list_transform({array}, lambda {name}: {body})"


def _filter(site: Site) -> str:
    """FILTER: the elements for which a lambda is true."""
    name = _unique(site, "x")
    body = lambda_text(site, 1, (name,))
    return f"list_filter({site.first}, lambda {name}: {body})"


def _match(kind: str) -> Emitter:
    """ANY_MATCH and its like: a macro looks at the truth of each element."""

    def emit(site: Site) -> str:
        name = _unique(site, "x")
        body = lambda_text(site, 1, (name,))
        truths = _transformed(site.first, name, body)
        return f"trino_{kind}({truths})"

    return emit


def _reduce(site: Site) -> str:
    """REDUCE, where the state, its start and the elements are of one type for DuckDB."""
    state = _unique(site, "s")
    item = _unique(site, "x")
    body = lambda_text(site, 2, (state, item))
    kind = lambda_type(site, 2)
    start = coerced(site.second, site.types[1], kind)
    if not _is_kept_alike(site.types[1], kind):
        raise site.refuse("a state that changes its type")
    if not _is_kept_alike(_array(site), kind):
        raise site.refuse("a state of another type than the elements")
    first = as_stored(start, kind)
    made = f"list_reduce({site.first}, lambda {state}, {item}: {body}, {first})"
    final = _unique(site, "f")
    shown = lambda_text(site, 3, (final,))
    last = coerced(shown, lambda_type(site, 3), site.returns)
    ended = _transformed(f"[{made}]", final, last)
    return f"{ended}[1]"


def _is_kept_alike(one: Type, other: Type) -> bool:
    """True where DuckDB keeps values of both types in the same way."""
    return one == other or storage(one) == storage(other)


def _zip_with(site: Site) -> str:
    """ZIP_WITH: what a lambda makes of each pair of elements."""
    left, right, _ = site.arguments
    pair = _unique(site, "p")
    one = as_stored(f"struct_extract({pair}, 1)", _array(site, 0))
    other = as_stored(f"struct_extract({pair}, 2)", _array(site, 1))
    body = lambda_text(site, 2, (one, other))
    made = coerced(body, lambda_type(site, 2), element(site.returns))
    pairs = f"list_zip({left}, {right})"
    # of a NULL, list_zip would make an array of NULLs
    return _where_both(left, right, _transformed(pairs, pair, made))


def _where_both(one: str, other: str, made: str) -> str:
    """What is made of two values; NULL where either of them is."""
    return f"CASE WHEN {one} IS NOT NULL AND {other} IS NOT NULL THEN {made} END"


def _contains(site: Site) -> str:
    """CONTAINS: a macro answers for simple types, Python for the others."""
    kind = _array(site)
    wanted = coerced(site.second, site.types[1], kind)
    if kind.base in SIMPLE:
        return f"trino_contains({site.first}, {wanted})"
    return python("contains", "BOOLEAN", site.first, wanted)


def _position(site: Site) -> str:
    """ARRAY_POSITION of the first such element, from 1; 0 where there is none."""
    _simple(site, _array(site))
    if site.count > 2:
        raise site.refuse("an instance")
    array, wanted = site.arguments
    place = f"CAST(coalesce(list_position({array}, {wanted}), 0) AS BIGINT)"
    return _where_both(array, wanted, place)


def _extreme(name: str) -> Emitter:
    """ARRAY_MAX and ARRAY_MIN: NULL where any element is."""

    def emit(site: Site) -> str:
        kind = _array(site)
        if kind.base not in SIMPLE:
            raise site.refuse()
        array = site.first
        has_no_null = f"len({array}) = list_count({array})"
        return f"CASE WHEN {has_no_null} THEN {name}({array}) END"

    return emit


def _sorted(site: Site) -> str:
    """ARRAY_SORT of simple types, without a comparison. Raises NotHere."""
    if site.count > 1:
        raise site.refuse("a comparison")
    _simple(site, _array(site))
    return f"list_sort({site.arguments[0]}, 'ASC', 'NULLS LAST')"


def _python_lists(function: str) -> Emitter:
    """Set operations of arrays keep the order of first places; DuckDB's promise none."""

    def emit(site: Site) -> str:
        for kind in site.types:
            if kind.base == "array" and element(kind).base in UNLIKE:
                raise site.refuse()
        arguments = []
        for sql, kind in zip(site.arguments, site.types, strict=True):
            argument = _as_returned(site, sql, kind)
            arguments.append(argument)
        return python(function, storage(site.returns), *arguments)

    return emit


def _as_returned(site: Site, sql: str, kind: Type) -> str:
    """An array as one of the type that a call returns; anything else as it is."""
    if kind.base == "array" and site.returns.base == "array":
        return coerced(sql, kind, site.returns)
    return sql


def _joined(site: Site) -> str:
    """ARRAY_JOIN of types whose texts Python writes as Trino does. Raises NotHere."""
    kind = _array(site)
    if kind.base not in {*INTEGERS, "varchar", "boolean", "double"}:
        raise site.refuse()
    return python("array_join", "VARCHAR", *site.arguments)


def _cardinality(site: Site) -> str:
    """CARDINALITY of an array or a map."""
    if site.base == "array":
        return f"len({site.first})"
    if site.base == "map":
        return f"CAST(cardinality({site.first}) AS BIGINT)"
    raise site.refuse()


def _element_at(site: Site) -> str:
    """ELEMENT_AT: NULL where an array or a map does not have it. Raises NotHere."""
    if site.base == "array":
        return f"trino_element_at({site.first}, {site.second})"
    if site.base != "map":
        raise site.refuse()
    key, value = inner(site.kind)
    if key.base not in SIMPLE:
        raise site.refuse()
    wanted = coerced(site.second, site.types[1], key)
    return python("map_at", storage(value), site.first, wanted)


def _sequence(site: Site) -> str:
    """SEQUENCE of whole numbers or dates. Raises NotHere."""
    kind = element(site.returns).base
    if kind == "bigint":
        return python("sequence", "BIGINT[]", *site.arguments)
    if kind == "date" and site.base == "date":
        return _date_sequence(site)
    raise site.refuse()


def _date_sequence(site: Site) -> str:
    """SEQUENCE of dates, by days where no step is given."""
    start, stop, *steps = site.arguments
    step = "86400000"
    unit = "milliseconds"
    if steps:
        step = steps[0]
        if site.types[2].base == "interval year to month":
            unit = "months"
    return python("date_sequence", "DATE[]", start, stop, step, text(unit))


def _overlap(site: Site) -> str:
    """ARRAYS_OVERLAP of simple types. Raises NotHere."""
    for position in range(2):
        kind = _array(site, position)
        _simple(site, kind)
    return python("arrays_overlap", "BOOLEAN", *site.arguments)


# maps


def _keys_are_plain(site: Site, kind: Type) -> None:
    """Raises NotHere for a map whose keys Python does not compare as Trino does."""
    key = inner(kind)[0]
    if is_composite(key) or key.base in {*FLOATS, "json"}:
        raise site.refuse()


def _map(site: Site) -> str:
    """MAP of an array of keys and one of values. Raises NotHere."""
    if not site.arguments:
        raise site.refuse("nothing")
    _keys_are_plain(site, site.returns)
    return site.python("map")


def _map_concat(site: Site) -> str:
    """MAP_CONCAT of maps whose keys Python compares. Raises NotHere."""
    _keys_are_plain(site, site.returns)
    return site.python("map_concat")


def _entries(site: Site) -> tuple[str, str, str]:
    """The entries of a map as an array, and what its lambda's arguments are called."""
    entry = _unique(site, "e")
    return f"map_entries({site.first})", f"{entry}.key", f"{entry}.value"


def _map_filter(site: Site) -> str:
    """MAP_FILTER: the entries for which a lambda is true."""
    entries, key, value = _entries(site)
    body = lambda_text(site, 1, (key, value))
    name = _unique(site, "e")
    kept = f"list_filter({entries}, lambda {name}: {body})"
    return f"map_from_entries({kept})"


def _transform_values(site: Site) -> str:
    """TRANSFORM_VALUES: a map with what a lambda makes of each value."""
    entries, key, value = _entries(site)
    body = lambda_text(site, 1, (key, value))
    name = _unique(site, "e")
    _, kind = inner(site.returns)
    made = coerced(body, lambda_type(site, 1), kind)
    kept = as_stored(made, kind)
    entry = f"struct_pack(k := {name}.key, v := {kept})"
    changed = _transformed(entries, name, entry)
    return f"map_from_entries({changed})"


COLLECTIONS: Emitters = {
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
    "slice": in_python("slice"),
    "sequence": _sequence,
    "flatten": in_python("flatten"),
    "repeat": in_python("repeat"),
    "zip": in_python("zip"),
    "ngrams": in_python("ngrams"),
    "combinations": in_python("combinations"),
    "trim_array": in_python("trim_array"),
    "contains_sequence": _python_lists("contains_sequence"),
    "transform": _transform,
    "filter": _filter,
    "any_match": _match("any"),
    "all_match": _match("all"),
    "none_match": _match("none"),
    "reduce": _reduce,
    "zip_with": _zip_with,
    "map": _map,
    "map_keys": native("map_keys"),
    "map_values": native("map_values"),
    "map_entries": in_python("map_entries"),
    "map_from_entries": in_python("map_from_entries"),
    "multimap_from_entries": in_python("multimap_from_entries"),
    "map_concat": _map_concat,
    "map_filter": _map_filter,
    "transform_values": _transform_values,
}
