"""The types of function calls: the form that fits the arguments, and what Trino says
where none does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from runner.trino import tree
from runner.trino.analysis import grouping, operators, windows
from runner.trino.analysis.facts import Facts
from runner.trino.analysis.place import Place
from runner.trino.analysis.scopes import Column, scope_of
from runner.trino.analysis.shown import shown
from runner.trino.binding import Form, Given, NoEnd, Unsettled, formals
from runner.trino.functions import UNTOLD, is_of_plugin, names, signatures
from runner.trino.resolution import Ambiguous, resolve
from runner.trino.types import (
    BIGINT,
    BOOLEAN,
    VARCHAR,
    Type,
    common,
    comparable,
    orderable,
)


def call(node: tree.Call, place: Place) -> Type | None:
    """What a call returns; None where it is not known."""
    special = _SPECIAL.get(node.key) if len(node.name) == 1 else None
    if special is not None:
        return special(node, place)
    grouping.note(node, place.facts)
    if windows.recognises_pattern(node, place):
        return None
    windows.check_call(node, place)
    _check_filter(node, place)
    if len(node.name) > 1:
        _not_registered(node, place)
        return None
    if node.star and node.key == "count":
        _note(node, resolve("count", ()), place)
        return BIGINT
    kind = resolved(node, node.key, node.arguments, place)
    for item in node.order_by:
        its = place.infer(item.expression)
        if its is not None and not orderable(its):
            told = f"ORDER BY can only be applied to orderable types (actual: {its})"
            place.facts.refuse(node, told)
    return kind


def resolved(
    node: tree.Expression, name: str, nodes: Sequence[tree.Expression], place: Place
) -> Type | None:
    """The type of a function of these arguments; their conversions are noted."""
    lambdas = {one: _Typed(one, place) for one in nodes if isinstance(one, tree.Lambda)}
    kinds = [
        lambdas[one] if isinstance(one, tree.Lambda) else place.infer(one)
        for one in nodes
    ]
    given: list[Given] = [one for one in kinds if one is not None]
    if not signatures(name):
        _infer_bodies(lambdas, place)
        _not_registered(node, place)
        return None
    if len(given) < len(kinds):
        _infer_bodies(lambdas, place)
        return _of_any(name, len(kinds))
    try:
        form = resolve(name, given)
    except Unsettled:
        _infer_bodies(lambdas, place)
        return None
    except NoEnd:
        told = "SignatureBinder.iterativeSolve does not converge after 4 iterations."
        place.facts.refuse(node, told, "GENERIC_INTERNAL_ERROR")
        return None
    if not isinstance(form, Form):
        _refuse(node, name, form, given, place)
        return None
    if isinstance(node, tree.Call):
        _note(node, form, place)
        _check_distinct(node, form, place)
    for one, wanted in zip(nodes, form.arguments, strict=True):
        if isinstance(one, tree.Lambda):
            _infer_body(
                one, wanted.elements[:-1] or [None] * len(one.parameters), place
            )
        elif form.signature.told:
            place.facts.convert(one, wanted)
    return None if UNTOLD in (form.returns, *form.returns.elements) else form.returns


def _note(node: tree.Call, form: Form | Ambiguous | None, place: Place) -> None:
    if isinstance(form, Form):
        bound = replace(
            form.signature, arguments=form.arguments, returns=form.returns, variables=()
        )
        place.facts.calls[node] = bound


def _of_any(name: str, count: int) -> Type | None:
    """The type of a call with an argument that is not known: that of all forms, if they have one."""
    forms = [one for one in signatures(name) if formals(one, count) is not None]
    returned = {one.returns for one in forms}
    if len(returned) != 1 or any(one.variables for one in forms):
        return None
    kind = returned.pop()
    return kind if not kind.arguments and kind != UNTOLD else None


def _refuse(
    node: tree.Node,
    name: str,
    form: Ambiguous | None,
    given: Sequence[Given],
    place: Place,
) -> None:
    if form is not None:
        place.facts.refuse(node, form.message, "AMBIGUOUS_FUNCTION_CALL")
        return
    told = operators.unexpected(
        name, [one if isinstance(one, Type) else None for one in given]
    )
    place.facts.refuse(node, told, "FUNCTION_NOT_FOUND", name)


def _not_registered(node: tree.Node, place: Place) -> None:
    name = (
        ".".join(part.name for part in node.name)
        if isinstance(node, tree.Call)
        else "trim"
    )
    if is_of_plugin(name):
        return
    told = f"Function '{name.lower()}' not registered"
    place.facts.refuse(node, told, "FUNCTION_NOT_FOUND", name.lower(), names())


def _check_filter(node: tree.Call, place: Place) -> None:
    if node.filter is not None:
        place.expect(
            node.filter, place.infer(node.filter), BOOLEAN, "Filter expression"
        )


def _check_distinct(node: tree.Call, form: Form, place: Place) -> None:
    if not node.distinct:
        return
    if form.signature.kind != "aggregate":
        told = "DISTINCT is not supported for non-aggregation functions"
        place.facts.refuse(node, told, "FUNCTION_NOT_AGGREGATE")
        return
    for kind in form.arguments:
        if not comparable(kind):
            place.facts.refuse(
                node,
                f"DISTINCT can only be applied to comparable types (actual: {kind})",
            )
            return


# lambdas


class _Typed:
    """A lambda whose arguments' types are found while the form of a call is."""

    def __init__(self, node: tree.Lambda, place: Place) -> None:
        self.node = node
        self.place = place
        self.known: dict[tuple[Type, ...], Type] = {}

    def __call__(self, arguments: tuple[Type, ...]) -> Type | None:
        """The type of the body. What is refused in it is noted, as Trino does, whatever
        form is found in the end.
        """
        if arguments in self.known:
            return self.known[arguments]
        node, facts = self.node, self.place.facts
        if len(arguments) != len(node.parameters):
            told = f"Expected a lambda that takes {len(arguments)} argument(s) but got {len(node.parameters)}"
            facts.refuse(node, told, "INVALID_PARAMETER_USAGE")
            return None
        tried = Facts()
        kind = _infer_body(node, arguments, replace(self.place, facts=tried))
        for refusal in tried.refusals:
            facts.add(refusal)
        if kind is not None:
            self.known[arguments] = kind
        return None if tried.refusals else kind


def _infer_body(
    node: tree.Lambda, arguments: Sequence[Type | None], place: Place
) -> Type | None:
    columns = [
        Column(one.name, kind)
        for one, kind in zip(node.parameters, arguments, strict=True)
    ]
    return place.within(scope_of(columns, place.scope, is_lambda=True)).infer(node.body)


def _infer_bodies(lambdas: Mapping[tree.Lambda, _Typed], place: Place) -> None:
    """Look through lambdas whose arguments' types are not known."""
    for one in lambdas:
        _infer_body(one, [None] * len(one.parameters), place)


# functions with rules of their own


def _coalesce(node: tree.Call, place: Place) -> Type | None:
    return operators.alike(node.arguments, "All COALESCE operands", place)


def _if(node: tree.Call, place: Place) -> Type | None:
    condition, *results = node.arguments
    place.expect(condition, place.infer(condition), BOOLEAN, "IF condition")
    kinds = [place.infer(one) for one in results]
    if len(kinds) == 1 or None in kinds:
        return kinds[0] if len(kinds) == 1 else None
    first, second = (one for one in kinds if one is not None)
    shared = common(first, second)
    if shared is None:
        place.facts.refuse(
            node, f"Result types for IF must be the same: {first} vs {second}"
        )
    for one in results:
        place.facts.convert(one, shared)
    return shared


def _nullif(node: tree.Call, place: Place) -> Type | None:
    first, second = (place.infer(one) for one in node.arguments)
    if first is not None and second is not None and common(first, second) is None:
        place.facts.refuse(
            node, f"Types are not comparable with NULLIF: {first} vs {second}"
        )
    return first


def _try(node: tree.Call, place: Place) -> Type | None:
    return place.infer(node.arguments[0])


def _format(node: tree.Call, place: Place) -> Type:
    kinds = [place.infer(one) for one in node.arguments]
    first = kinds[0] if kinds else None
    if first is not None and first.base not in {"varchar", "unknown"}:
        told = f"Type of first argument to format() must be VARCHAR (actual: {first})"
        place.facts.refuse(node.arguments[0], told)
    return VARCHAR


def _listagg(node: tree.Call, place: Place) -> Type:
    grouping.note(node, place.facts)
    windows.check_call(node, place)
    _check_filter(node, place)
    value = node.arguments[0]
    kind = place.infer(value)
    if kind is not None and kind.base != "varchar":
        told = f"Expected expression of varchar, but '{shown(value)}' has {kind} type"
        place.facts.refuse(node, told)
    for one in (*node.arguments[1:], *(item.expression for item in node.order_by)):
        place.infer(one)
    place.facts.calls[node] = signatures("listagg")[0]
    return VARCHAR


_SPECIAL: Mapping[str, Callable[[tree.Call, Place], Type | None]] = {
    "coalesce": _coalesce,
    "if": _if,
    "nullif": _nullif,
    "try": _try,
    "format": _format,
    "listagg": _listagg,
}
