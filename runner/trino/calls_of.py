"""The types of function calls: the signature that fits, and what Trino says where none does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runner.trino import functions, tree
from runner.trino.surroundings import At, decimal_result, refuse, window_at
from runner.trino.types import BOOLEAN, UNKNOWN, Type, as_decimal, common

SAME_AS_FIRST = frozenset(
    [
        "max",
        "min",
        "lag",
        "lead",
        "first_value",
        "last_value",
        "nth_value",
        "arbitrary",
        "any_value",
        "max_by",
        "min_by",
    ]
)
DECIMAL = frozenset({"round", "truncate", "ceil", "ceiling", "floor", "sign", "abs", "mod", "sum", "avg"})
TEXTS = frozenset({"varchar", "char", "unknown"})


def _types(at: At, nodes: Sequence[tree.Expression]) -> list[Type | None]:
    return [None if isinstance(one, tree.Lambda) else at.infer(one) for one in nodes]


def call(node: tree.Call, at: At) -> Type | None:
    """What a call returns; None where it is not known. Raises Stop."""
    _around(node, at)
    _check_form(node)
    if node.star:
        return Type("bigint")
    given = _types(at, node.arguments)
    unclear = [
        kind is None and not isinstance(one, tree.Lambda) for one, kind in zip(node.arguments, given, strict=True)
    ]
    if special := SPECIAL.get(node.key):
        return None if any(unclear) else special(node, [one or UNKNOWN for one in given], at)
    if node.key in functions.UNTOLD:
        return None
    if not functions.signatures(node.key):
        raise refuse(node, f"Function '{node.key}' not registered", "FUNCTION_NOT_FOUND", node.key)
    if any(unclear) or functions.is_ambiguous(node.key, given):
        return None
    first = given[0] if given else None
    if node.key in DECIMAL and first is not None and first.base == "decimal":
        return _decimal(node, [one or UNKNOWN for one in given], at)
    return _signed(node, given, at)


def _check_form(node: tree.Call) -> None:
    name = ".".join(part.name for part in node.name)
    if len(node.name) > 1:
        raise refuse(node, f"Function '{name}' not registered", "FUNCTION_NOT_FOUND", name)
    if node.star and node.key != "count":
        raise refuse(node, f"Unexpected parameters () for function {name}", "FUNCTION_NOT_FOUND", name)
    if node.filter is not None and node.window is not None:
        raise refuse(node, "FILTER is not yet supported for window functions", "NOT_SUPPORTED")
    kinds = {one.kind for one in functions.signatures(node.key)}
    if node.distinct and kinds == {"scalar"}:
        told = "DISTINCT is not supported for non-aggregation functions"
        raise refuse(node, told, "FUNCTION_NOT_AGGREGATE")


def _around(node: tree.Call, at: At) -> None:
    if node.filter is not None:
        kind = at.infer(node.filter)
        if kind is not None and kind not in {BOOLEAN, UNKNOWN}:
            raise refuse(node.filter, f"Filter expression must evaluate to a boolean (actual: {kind})")
    for item in node.order_by:
        at.infer(item.expression)
    if node.window is not None:
        window_at(node.window, at)


def _signed(node: tree.Call, given: Sequence[Type | None], at: At) -> Type | None:
    found = functions.chosen(node.key, given)
    if found is None:
        shown = ", ".join(str(one) if one else "function" for one in given)
        forms = ", ".join(f"{one.name}({', '.join(one.arguments)})" for one in functions.signatures(node.key))
        told = f"Unexpected parameters ({shown}) for function {node.key}. Expected: {forms}"
        raise refuse(node, told, "FUNCTION_NOT_FOUND", node.key)
    form, wanted, bound = found
    digits = 3
    for one, text, kind in zip(node.arguments, wanted, given, strict=True):
        if kind is not None:
            if kind.base.startswith("timestamp"):
                digits = next((each for each in kind.arguments if isinstance(each, int)), 3)
            at.found.convert(one, functions.converted(text, kind, bound))
    for one, text in zip(node.arguments, wanted, strict=True):
        if isinstance(one, tree.Lambda):
            _lambda(one, text, bound, at)
    if node.key in {"date_trunc", "date_add"} or (node.key in SAME_AS_FIRST and _is_plain(form, given)):
        return given[0] if node.key in SAME_AS_FIRST else given[-1]
    return functions.bound_type(form.returns, bound, digits)


def _is_plain(form: functions.Signature, given: Sequence[Type | None]) -> bool:
    return given[0] is not None and not form.returns.startswith("array(")


def _lambda(node: tree.Lambda, text: str, bound: dict[str, Type], at: At) -> None:
    *arguments, returned = functions.split(text.removeprefix("function(").removesuffix(")"))
    kinds = [functions.bound_type(one, bound) for one in arguments]
    if len(kinds) != len(node.parameters):
        raise refuse(node, "Unexpected parameters for a lambda", "FUNCTION_NOT_FOUND")
    inside = at.with_arguments({one.key: kind for one, kind in zip(node.parameters, kinds, strict=True)})
    kind = inside.infer(node.body)
    if returned == "boolean" and kind is not None and kind not in {BOOLEAN, UNKNOWN}:
        raise refuse(node, f"Unexpected parameters for a lambda: it returns {kind}", "FUNCTION_NOT_FOUND")
    if functions.is_variable(returned) and kind is not None and bound.get(returned, UNKNOWN) == UNKNOWN:
        bound[returned] = kind


def _decimal(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    first = given[0]
    precision, scale = (one for one in first.arguments if isinstance(one, int))
    match node.key:
        case "sum":
            return Type("decimal", (38, scale))
        case "avg" | "abs":
            return first
        case "sign":
            return Type("decimal", (1, 0))
        case "mod" if given[1].base in {"decimal", "tinyint", "smallint", "integer", "bigint"}:
            at.found.convert(node.arguments[1], as_decimal(given[1]))
            return decimal_result(tree.Operator.MODULUS, first, as_decimal(given[1]))
        case "round" if len(given) == 1:
            return Type("decimal", (min(38, precision - scale + min(1, scale)), 0))
        case "round":
            return Type("decimal", (min(38, precision + 1), scale))
        case "truncate":
            return first if len(given) > 1 else Type("decimal", (max(precision - scale, 1), 0))
        case "ceil" | "ceiling" | "floor":
            return Type("decimal", (min(38, precision - scale + min(scale, 1)), 0))
    return None


# functions with rules of their own


def _alike(nodes: Sequence[tree.Expression], at: At, told: str) -> Type | None:
    shared: Type | None = UNKNOWN
    for one in nodes:
        kind = at.found.types[one]
        if kind is None or shared is None:
            return None
        wider = common(shared, kind)
        if wider is None:
            raise refuse(one, f"{told} Cannot find common type between {shared} and {kind}")
        shared = wider
    for one in nodes:
        at.found.convert(one, shared)
    return shared


def _coalesce(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    del given
    told = "All COALESCE operands must be the same type or coercible to a common type."
    return _alike(node.arguments, at, told)


def _if(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    if given[0] not in {BOOLEAN, UNKNOWN}:
        raise refuse(node.arguments[0], f"IF condition must evaluate to a boolean (actual: {given[0]})")
    told = "Result types for IF must be the same."
    return _alike(node.arguments[1:], at, told)


def _nullif(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    del at
    if common(given[0], given[1]) is None:
        raise refuse(node, f"Types are not comparable with NULLIF: {given[0]} vs {given[1]}")
    return given[0]


def _first(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    del node, at
    return given[0]


def _extreme(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    shared: Type | None = UNKNOWN
    for kind in given:
        shared = None if shared is None else common(shared, kind)
    if shared is None:
        shown = ", ".join(map(str, given))
        told = f"Unexpected parameters ({shown}) for function {node.key}. Expected: {node.key}(E) E:orderable"
        raise refuse(node, told, "FUNCTION_NOT_FOUND", node.key)
    for one in node.arguments:
        at.found.convert(one, shared)
    return shared


def _untold(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    del node, given, at
    return None


def _varchar(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    del node, given, at
    return Type("varchar")


def _concat(node: tree.Call, given: Sequence[Type], at: At) -> Type | None:
    if any(one.base == "array" for one in given):
        shared: Type | None = UNKNOWN
        for kind in given:
            shared = None if shared is None else common(shared, kind)
        for one in node.arguments:
            at.found.convert(one, shared)
        return shared
    return _texts(node, given)


def _texts(node: tree.Node, given: Sequence[Type]) -> Type | None:
    if all(one.base in TEXTS for one in given):
        return Type("varchar") if any(one != UNKNOWN for one in given) else UNKNOWN
    if all(one.base in {"varbinary", "unknown"} for one in given):
        return Type("varbinary")
    if UNKNOWN in given:
        return None
    told = f"Unexpected parameters ({', '.join(map(str, given))}) for function concat"
    raise refuse(node, told, "FUNCTION_NOT_FOUND", "concat")


def concatenated(node: tree.Operation, kinds: tuple[Type, Type], at: At) -> Type | None:
    """The type of `left || right`. Raises Stop."""
    left, right = kinds
    if "array" not in {left.base, right.base}:
        return _texts(tree.Null(node.left.end + 1, node.end), kinds)
    if left.base == right.base and UNKNOWN in {*left.arguments, *right.arguments}:
        return None
    if left.base == right.base:
        shared = common(left, right)
        at.found.convert(node.left, shared)
        at.found.convert(node.right, shared)
        return shared
    if UNKNOWN in kinds:
        return None
    return left if left.base == "array" else right


Special = Callable[[tree.Call, Sequence[Type], At], Type | None]
SPECIAL: Mapping[str, Special] = {
    "listagg": _untold,
    "version": _untold,
    "coalesce": _coalesce,
    "if": _if,
    "nullif": _nullif,
    "try": _first,
    "greatest": _extreme,
    "least": _extreme,
    "typeof": _varchar,
    "format": _varchar,
    "concat": _concat,
}
