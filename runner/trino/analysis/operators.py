"""The types of what stands between values: arithmetic, comparisons, conditions."""

from __future__ import annotations

from collections.abc import Sequence

from runner.trino import tree
from runner.trino.analysis import literals
from runner.trino.analysis.place import Place
from runner.trino.functions import declared, signatures
from runner.trino.resolution import Ambiguous, resolve
from runner.trino.tree import Comparator, Operator
from runner.trino.types import (
    BOOLEAN,
    UNKNOWN,
    VARCHAR,
    Type,
    common,
    comparable,
    orderable,
)

_NAMES = {
    Operator.ADD: "$ADD",
    Operator.SUBTRACT: "$SUBTRACT",
    Operator.MULTIPLY: "$MULTIPLY",
    Operator.DIVIDE: "$DIVIDE",
    Operator.MODULUS: "$MODULUS",
    Operator.CONCAT: "concat",
}
_ASKED = {
    Comparator.EQUAL: "=",
    Comparator.NOT_EQUAL: "=",
    Comparator.LESS: "<",
    Comparator.GREATER: "<",
    Comparator.LESS_OR_EQUAL: "<=",
    Comparator.GREATER_OR_EQUAL: "<=",
}
"""Trino asks whether a < b where b > a is written."""

_NUMBERS = frozenset(
    {"tinyint", "smallint", "integer", "bigint", "real", "double", "decimal"}
)


def operation(node: tree.Operation, place: Place) -> Type | None:
    """`a + b`. A chain of operators is as deep as it is long, and is therefore followed in a loop."""
    chain = [node]
    left: tree.Expression = node.left
    while isinstance(left, tree.Operation):
        chain.append(left)
        left = left.left
    kind = place.infer(left)
    for one in reversed(chain):
        kind = _operated(one, kind, place.infer(one.right), place)
        place.facts.types[one] = kind
    return kind


def _operated(
    node: tree.Operation, left: Type | None, right: Type | None, place: Place
) -> Type | None:
    if left is None or right is None:
        return None
    name = _NAMES[node.operator]
    form = resolve(name, (left, right))
    if isinstance(form, Ambiguous):
        place.facts.refuse(node, form.message, "AMBIGUOUS_FUNCTION_CALL")
        return None
    if form is None:
        if node.operator is Operator.CONCAT:
            place.facts.refuse(
                node, unexpected(name, (left, right)), "FUNCTION_NOT_FOUND", name
            )
        else:
            place.facts.refuse(
                node, f"Cannot apply operator: {left} {node.operator} {right}"
            )
        return None
    place.facts.convert(node.left, form.arguments[0])
    place.facts.convert(node.right, form.arguments[1])
    return form.returns


def unexpected(name: str, given: Sequence[Type | None]) -> str:
    """Trino's words for arguments that no form of a function takes; None stands for a lambda."""
    shown = ", ".join("<function>" if one is None else declared(one) for one in given)
    known = ", ".join(map(str, signatures(name)))
    return f"Unexpected parameters ({shown}) for function {name}. Expected: {known}"


def sign(node: tree.Sign, place: Place) -> Type | None:
    """`-a`."""
    if node.negative and isinstance(node.value, tree.Number):
        place.infer(node.value)
        return literals.negative(node.value)
    kind = place.infer(node.value)
    if kind is None:
        return None
    if not node.negative:
        if kind.base in _NUMBERS or kind == UNKNOWN:
            return kind
        place.facts.refuse(node, f"Unary '+' operator cannot by applied to {kind} type")
        return None
    form = resolve("$NEGATION", (kind,))
    if isinstance(form, Ambiguous):
        place.facts.refuse(node, form.message, "AMBIGUOUS_FUNCTION_CALL")
        return None
    if form is None:
        place.facts.refuse(node, f"Cannot negate {kind}")
        return None
    place.facts.convert(node.value, form.arguments[0])
    return form.returns


# comparisons


def comparison(node: tree.Comparison, place: Place) -> Type:
    """`a = b`."""
    left, right = place.infer(node.left), place.infer(node.right)
    if left is None or right is None:
        return BOOLEAN
    asked = _ASKED[node.comparator]
    shared = _comparable(left, right, in_order=asked != "=")
    if shared is None:
        place.facts.refuse(node, f"Cannot apply operator: {left} {asked} {right}")
    place.facts.convert(node.left, shared)
    place.facts.convert(node.right, shared)
    return BOOLEAN


def _comparable(left: Type, right: Type, *, in_order: bool) -> Type | None:
    """The type in which two values are compared; None where they are not."""
    shared = common(left, right)
    if shared is None or not (orderable(shared) if in_order else comparable(shared)):
        return None
    return shared


def is_distinct(node: tree.IsDistinct, place: Place) -> Type:
    """`a IS DISTINCT FROM b`."""
    left, right = place.infer(node.left), place.infer(node.right)
    if left is not None and right is not None:
        shared = _comparable(left, right, in_order=False)
        if shared is None:
            place.facts.refuse(node, f"Cannot check if {left} is distinct from {right}")
        place.facts.convert(node.left, shared)
        place.facts.convert(node.right, shared)
    return BOOLEAN


def between(node: tree.Between, place: Place) -> Type:
    """`a BETWEEN b AND c`."""
    value, low, high = (
        place.infer(node.value),
        place.infer(node.low),
        place.infer(node.high),
    )
    if value is None or low is None or high is None:
        return BOOLEAN
    shared = common(value, low)
    shared = None if shared is None else common(shared, high)
    if shared is None or not orderable(shared):
        place.facts.refuse(node, f"Cannot check if {value} is BETWEEN {low} and {high}")
        return BOOLEAN
    for one in (node.value, node.low, node.high):
        place.facts.convert(one, shared)
    return BOOLEAN


def in_list(node: tree.InList, place: Place) -> Type:
    """`a IN (b, c)`."""
    alike((node.value, *node.options), "IN value and list items", place)
    return BOOLEAN


def alike(nodes: Sequence[tree.Expression], what: str, place: Place) -> Type | None:
    """The type in which several values are taken together; `what` begins the message
    where there is none.
    """
    first: dict[Type, tree.Expression] = {}
    known = True
    for node in nodes:
        kind = place.infer(node)
        if kind is None:
            known = False
        else:
            first.setdefault(kind, node)
    shared = UNKNOWN
    for kind, node in first.items():
        wider = common(shared, kind)
        if wider is None:
            told = f"Cannot find common type between {shared} and {kind}"
            every = ", ".join(map(str, first))
            place.facts.refuse(
                node,
                f"{what} must be the same type or coercible to a common type. {told}, "
                f"all types (without duplicates): [{every}]",
            )
            return None
        shared = wider
    if not known:
        return None
    for node in nodes:
        place.facts.convert(node, shared)
    return shared


# conditions


def logical(node: tree.And | tree.Or, place: Place) -> Type:
    """`a AND b`."""
    for term in node.terms:
        place.expect(term, place.infer(term), BOOLEAN, "Logical expression term")
    return BOOLEAN


def negation(node: tree.Not, place: Place) -> Type:
    """`NOT a`."""
    place.expect(
        node.value, place.infer(node.value), BOOLEAN, "Value of logical NOT expression"
    )
    return BOOLEAN


def is_null(node: tree.IsNull, place: Place) -> Type:
    """`a IS NULL`."""
    place.infer(node.value)
    return BOOLEAN


def like(node: tree.Like, place: Place) -> Type:
    """`a LIKE b`."""
    kind = place.infer(node.value)
    if kind is not None and kind.base not in {"char", "varchar"}:
        place.expect(node.value, kind, VARCHAR, "Left side of LIKE expression")
    said = (
        (node.pattern, "Pattern for LIKE expression"),
        (node.escape, "Escape for LIKE expression"),
    )
    for one, what in said:
        kind = None if one is None else place.infer(one)
        if one is not None and kind is not None and kind.base != "varchar":
            place.expect(one, kind, VARCHAR, what)
    return BOOLEAN


def case(node: tree.Case, place: Place) -> Type | None:
    """`CASE … END`."""
    if node.operand is None:
        for branch in node.branches:
            place.expect(
                branch.condition,
                place.infer(branch.condition),
                BOOLEAN,
                "CASE WHEN clause",
            )
    else:
        _operand(node, node.operand, place)
    results = [branch.result for branch in node.branches]
    if node.default is not None:
        results.append(node.default)
    return alike(results, "All CASE results", place)


def _operand(node: tree.Case, operand: tree.Expression, place: Place) -> None:
    kind = place.infer(operand)
    shared = kind
    for branch in node.branches:
        its = place.infer(branch.condition)
        if shared is None or its is None:
            shared = None
            continue
        wider = common(shared, its)
        if wider is None:
            told = f"CASE operand type does not match WHEN clause operand type: {kind} vs {its}"
            place.facts.refuse(branch.condition, told)
        shared = wider
    for one in (operand, *(branch.condition for branch in node.branches)):
        place.facts.convert(one, shared)
