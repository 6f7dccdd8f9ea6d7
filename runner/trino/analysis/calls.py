"""The types of function calls: the form that fits the arguments, and what Trino says
where none does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from runner.trino.analysis import grouping, operators, windows
from runner.trino.analysis.facts import Facts
from runner.trino.analysis.place import Context
from runner.trino.analysis.scopes import Column, scope_of
from runner.trino.analysis.shown import shown
from runner.trino.binding import Form, Given, NoEnd, Unsettled, formals
from runner.trino.functions import UNTOLD, is_of_plugin, names, signatures
from runner.trino.resolution import Ambiguous, resolve
from runner.trino.tree import Call, Expression, Lambda, Node
from runner.trino.types import (
    BIGINT,
    VARCHAR,
    Type,
    Types,
    common,
    comparable,
    orderable,
)


def call(node: Call, place: Context) -> Type | None:
    """What a call returns; None where it is not known."""
    is_qualified = len(node.name) > 1
    special = _SPECIAL.get(node.key)
    if special is not None and not is_qualified:
        return special(node, place)
    # the aggregates of a query are listed in the order of its text, so this one comes
    # before those in its arguments
    grouping.note(node, place.facts)
    if windows.recognises_pattern(node, place):
        return None
    windows.check_call(node, place)
    _check_filter(node, place)
    if is_qualified:
        _not_registered(node, place)
        return None
    if node.star and node.key == "count":
        return _count_of_rows(node, place)
    kind = resolved(node, node.key, node.arguments, place)
    for item in node.order_by:
        its = place.infer(item.expression)
        if its is not None and not orderable(its):
            told = f"ORDER BY can only be applied to orderable types (actual: {its})"
            place.refuse(node, told)
    return kind


def _count_of_rows(node: Call, place: Context) -> Type:
    """`count(*)` is the form of count without arguments."""
    form = resolve("count", ())
    if isinstance(form, Form):
        _note(node, form, place)
    return BIGINT


def resolved(
    node: Expression, name: str, nodes: Sequence[Expression], place: Context
) -> Type | None:
    """The type of a function of these arguments; None where it is not known.

    The conversions of the arguments are noted. `node` is the call, or another
    expression that Trino reads as one.
    """
    lambdas: dict[Lambda, _Typed] = {}
    given: list[Given] = []
    for one in nodes:
        if isinstance(one, Lambda):
            typed = _Typed(one, place)
            lambdas[one] = typed
            given.append(typed)
            continue
        kind = place.infer(one)
        if kind is not None:
            given.append(kind)
    if not signatures(name):
        _infer_bodies(lambdas, place)
        _not_registered(node, place)
        return None
    if len(given) < len(nodes):
        _infer_bodies(lambdas, place)
        return _of_any(name, len(nodes))
    try:
        form = resolve(name, given)
    except Unsettled:
        _infer_bodies(lambdas, place)
        return None
    except NoEnd:
        told = "SignatureBinder.iterativeSolve does not converge after 4 iterations."
        place.refuse(node, told, "GENERIC_INTERNAL_ERROR")
        return None
    if not isinstance(form, Form):
        _refuse(node, name, form, given, place)
        return None
    return _of_form(node, form, nodes, place)


def _of_form(
    node: Expression, form: Form, nodes: Sequence[Expression], place: Context
) -> Type | None:
    """The type that a form returns; what it makes of the arguments is noted."""
    if isinstance(node, Call):
        _note(node, form, place)
        _check_distinct(node, form, place)
    for one, wanted in zip(nodes, form.arguments, strict=True):
        if isinstance(one, Lambda):
            taken = wanted.elements[:-1] or _unknown_arguments(one)
            _infer_body(one, taken, place)
        elif form.signature.told:
            place.convert(one, wanted)
    returns = form.returns
    if returns == UNTOLD or UNTOLD in returns.elements:
        return None
    return returns


def _note(node: Call, form: Form, place: Context) -> None:
    """Note the form of a call, with its type variables bound."""
    place.facts.calls[node] = replace(
        form.signature,
        arguments=form.arguments,
        returns=form.returns,
        variables=(),
    )


def _of_any(name: str, count: int) -> Type | None:
    """The type of a call with an argument that is not known: that of all forms, if they
    have one.
    """
    forms = [one for one in signatures(name) if formals(one, count) is not None]
    returned = {one.returns for one in forms}
    if len(returned) != 1 or any(one.variables for one in forms):
        return None
    kind = returned.pop()
    # a varchar(x) or an array has what depends on the arguments
    if kind.arguments or kind == UNTOLD:
        return None
    return kind


def _refuse(
    node: Node,
    name: str,
    form: Ambiguous | None,
    given: Sequence[Given],
    place: Context,
) -> None:
    """Refuse a call that no form fits, or that several fit equally well."""
    if form is not None:
        place.refuse(node, form.message, "AMBIGUOUS_FUNCTION_CALL")
        return
    kinds = [one if isinstance(one, Type) else None for one in given]
    told = operators.unexpected(name, kinds)
    place.refuse(node, told, "FUNCTION_NOT_FOUND", name)


def _not_registered(node: Node, place: Context) -> None:
    """Refuse a call of a function that there is not."""
    name = "trim"
    if isinstance(node, Call):
        name = ".".join(part.name for part in node.name)
    if is_of_plugin(name):
        return
    key = name.lower()
    told = f"Function '{key}' not registered"
    place.refuse(node, told, "FUNCTION_NOT_FOUND", key, names())


def _check_filter(node: Call, place: Context) -> None:
    """FILTER must be a condition."""
    if node.filter is not None:
        place.expect_boolean(node.filter, "Filter expression")


def _check_distinct(node: Call, form: Form, place: Context) -> None:
    """DISTINCT is for aggregates, and for arguments that are compared."""
    if not node.distinct:
        return
    if form.signature.kind != "aggregate":
        told = "DISTINCT is not supported for non-aggregation functions"
        place.refuse(node, told, "FUNCTION_NOT_AGGREGATE")
        return
    for kind in form.arguments:
        if not comparable(kind):
            told = f"DISTINCT can only be applied to comparable types (actual: {kind})"
            place.refuse(node, told)
            return


# lambdas


class _Typed:
    """A lambda whose arguments' types are found while the form of a call is."""

    def __init__(self, node: Lambda, place: Context) -> None:
        self.node = node
        self.place = place
        self.known: dict[Types, Type] = {}

    def __call__(self, arguments: Types) -> Type | None:
        """The type of the body; None where it is not known.

        What is refused in it is noted, as Trino does, whatever form is found in the
        end.
        """
        if arguments in self.known:
            return self.known[arguments]
        facts = self.place.facts
        wanted = len(arguments)
        has = len(self.node.parameters)
        if wanted != has:
            told = f"Expected a lambda that takes {wanted} argument(s) but got {has}"
            facts.refuse(self.node, told, "INVALID_PARAMETER_USAGE")
            return None
        # these types may be those of a form that does not fit in the end, so nothing
        # but refusals is kept
        tried = Facts()
        kind = _infer_body(self.node, arguments, replace(self.place, facts=tried))
        for refusal in tried.refusals:
            facts.add(refusal)
        if kind is not None:
            self.known[arguments] = kind
        if tried.refusals:
            return None
        return kind


def _infer_body(
    node: Lambda, arguments: Sequence[Type | None], place: Context
) -> Type | None:
    """The type of a lambda's body for arguments of these types."""
    pairs = zip(node.parameters, arguments, strict=True)
    columns = [Column(parameter.name, kind) for parameter, kind in pairs]
    scope = scope_of(columns, place.scope, is_lambda=True)
    return place.within(scope).infer(node.body)


def _infer_bodies(lambdas: Mapping[Lambda, _Typed], place: Context) -> None:
    """Look through lambdas whose arguments' types are not known."""
    for one in lambdas:
        _infer_body(one, _unknown_arguments(one), place)


def _unknown_arguments(node: Lambda) -> Sequence[None]:
    """Arguments of a lambda of which nothing is known."""
    return [None] * len(node.parameters)


# functions with rules of their own


def _coalesce(node: Call, place: Context) -> Type | None:
    """`coalesce(a, b)`: the type in which all its arguments are taken together."""
    return operators.alike(node.arguments, "All COALESCE operands", place)


def _if(node: Call, place: Context) -> Type | None:
    """`if(a, b, c)`: the type in which the results are taken together."""
    condition, *results = node.arguments
    place.expect_boolean(condition, "IF condition")
    kinds = [place.infer(one) for one in results]
    first = kinds[0]
    last = kinds[-1]
    # without a third argument, the type is that of the second
    if len(kinds) == 1:
        return first
    if first is None or last is None:
        return None
    shared = common(first, last)
    if shared is None:
        told = f"Result types for IF must be the same: {first} vs {last}"
        place.refuse(node, told)
    for one in results:
        place.convert(one, shared)
    return shared


def _nullif(node: Call, place: Context) -> Type | None:
    """`nullif(a, b)`: the type of `a`, which must be compared with `b`."""
    first, second = (place.infer(one) for one in node.arguments)
    if first is None or second is None:
        return first
    if common(first, second) is None:
        told = f"Types are not comparable with NULLIF: {first} vs {second}"
        place.refuse(node, told)
    return first


def _try(node: Call, place: Context) -> Type | None:
    """`try(a)`: the type of `a`."""
    return place.infer(node.arguments[0])


def _format(node: Call, place: Context) -> Type:
    """`format('%s', a)`: a text; its other arguments may be of any type."""
    kinds = [place.infer(one) for one in node.arguments]
    first = kinds[0]
    if first is not None and first.base not in {"varchar", "unknown"}:
        told = f"Type of first argument to format() must be VARCHAR (actual: {first})"
        place.refuse(node.arguments[0], told)
    return VARCHAR


def _listagg(node: Call, place: Context) -> Type:
    """`listagg(a, ',')`: a text made of texts. Its form is noted as that of any call."""
    grouping.note(node, place.facts)
    windows.check_call(node, place)
    _check_filter(node, place)
    value, *others = node.arguments
    kind = place.infer(value)
    if kind is not None and kind.base != "varchar":
        told = f"Expected expression of varchar, but '{shown(value)}' has {kind} type"
        place.refuse(node, told)
    for one in others:
        place.infer(one)
    for item in node.order_by:
        place.infer(item.expression)
    place.facts.calls[node] = signatures("listagg")[0]
    return VARCHAR


_SPECIAL: Mapping[str, Callable[[Call, Context], Type | None]] = {
    "coalesce": _coalesce,
    "if": _if,
    "nullif": _nullif,
    "try": _try,
    "format": _format,
    "listagg": _listagg,
}
