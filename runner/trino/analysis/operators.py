"""The types of what stands between values: arithmetic, comparisons, conditions."""

from __future__ import annotations

from collections.abc import Sequence

from runner.trino.analysis import literals
from runner.trino.analysis.place import Context
from runner.trino.binding import Form
from runner.trino.functions import declared, signatures
from runner.trino.resolution import Ambiguous, resolve
from runner.trino.tree import (
    And,
    Between,
    Case,
    Comparator,
    Comparison,
    Expression,
    InList,
    IsDistinct,
    IsNull,
    Like,
    Not,
    Number,
    Operation,
    Operator,
    Or,
    Sign,
)
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
_SIGNED = _NUMBERS | {"unknown"}
"""The bare NULL may have a sign too."""


def operation(node: Operation, place: Context) -> Type | None:
    """The type of `a + b`; None where it is not known.

    A chain of operators is as deep as it is long, and is therefore followed in a loop.
    """
    chain = [node]
    left: Expression = node.left
    while isinstance(left, Operation):
        chain.append(left)
        left = left.left
    kind = place.infer(left)
    for one in reversed(chain):
        right = place.infer(one.right)
        kind = _operated(one, kind, right, place)
        place.facts.types[one] = kind
    return kind


def _operated(
    node: Operation, left: Type | None, right: Type | None, place: Context
) -> Type | None:
    """The type of one operator's value; note what its sides are converted to."""
    if left is None or right is None:
        return None
    name = _NAMES[node.operator]
    form = resolve(name, (left, right))
    if isinstance(form, Form):
        left_as, right_as = form.arguments
        place.convert(node.left, left_as)
        place.convert(node.right, right_as)
        return form.returns
    if isinstance(form, Ambiguous):
        place.refuse(node, form.message, "AMBIGUOUS_FUNCTION_CALL")
    elif node.operator is Operator.CONCAT:
        # to Trino `||` is a call of concat, and its message is that of a function
        told = unexpected(name, (left, right))
        place.refuse(node, told, "FUNCTION_NOT_FOUND", name)
    else:
        told = f"Cannot apply operator: {left} {node.operator} {right}"
        place.refuse(node, told)
    return None


def unexpected(name: str, given: Sequence[Type | None]) -> str:
    """Trino's words for arguments that no form of a function takes; None stands for a lambda."""
    shown = ", ".join(map(_declared, given))
    known = ", ".join(map(str, signatures(name)))
    return f"Unexpected parameters ({shown}) for function {name}. Expected: {known}"


def _declared(kind: Type | None) -> str:
    """A type as Trino lists it among the arguments that were given."""
    if kind is None:
        return "<function>"
    return declared(kind)


def sign(node: Sign, place: Context) -> Type | None:
    """The type of `-a` or `+a`; None where it is not known."""
    kind = place.infer(node.value)
    if node.negative and isinstance(node.value, Number):
        return literals.negative(node.value)
    if kind is None:
        return None
    if node.negative:
        return _negated(node, kind, place)
    if kind.base in _SIGNED:
        return kind
    place.refuse(node, f"Unary '+' operator cannot by applied to {kind} type")
    return None


def _negated(node: Sign, kind: Type, place: Context) -> Type | None:
    """The type of `-a`; refuse what has no opposite."""
    form = resolve("$NEGATION", (kind,))
    if isinstance(form, Form):
        place.convert(node.value, form.arguments[0])
        return form.returns
    if isinstance(form, Ambiguous):
        place.refuse(node, form.message, "AMBIGUOUS_FUNCTION_CALL")
    else:
        place.refuse(node, f"Cannot negate {kind}")
    return None


# comparisons


def comparison(node: Comparison, place: Context) -> Type:
    """The type of `a = b`; refuse values that are not compared."""
    left = place.infer(node.left)
    right = place.infer(node.right)
    if left is None or right is None:
        return BOOLEAN
    asked = _ASKED[node.comparator]
    shared = _comparable(left, right, in_order=asked != "=")
    if shared is None:
        told = f"Cannot apply operator: {left} {asked} {right}"
        place.refuse(node, told)
    _convert_sides(node, shared, place)
    return BOOLEAN


def _convert_sides(
    node: Comparison | IsDistinct, shared: Type | None, place: Context
) -> None:
    """Note the type that both sides are compared as."""
    place.convert(node.left, shared)
    place.convert(node.right, shared)


def _comparable(left: Type, right: Type, *, in_order: bool) -> Type | None:
    """The type in which two values are compared; None where they are not."""
    shared = common(left, right)
    if shared is None:
        return None
    is_allowed = comparable(shared)
    if in_order:
        is_allowed = orderable(shared)
    if not is_allowed:
        return None
    return shared


def is_distinct(node: IsDistinct, place: Context) -> Type:
    """The type of `a IS DISTINCT FROM b`; refuse values that are not compared."""
    left = place.infer(node.left)
    right = place.infer(node.right)
    if left is None or right is None:
        return BOOLEAN
    shared = _comparable(left, right, in_order=False)
    if shared is None:
        told = f"Cannot check if {left} is distinct from {right}"
        place.refuse(node, told)
    _convert_sides(node, shared, place)
    return BOOLEAN


def between(node: Between, place: Context) -> Type:
    """The type of `a BETWEEN b AND c`; refuse values that are not compared."""
    value = place.infer(node.value)
    low = place.infer(node.low)
    high = place.infer(node.high)
    if value is None or low is None or high is None:
        return BOOLEAN
    shared = _common_of_three(value, low, high)
    if shared is None or not orderable(shared):
        told = f"Cannot check if {value} is BETWEEN {low} and {high}"
        place.refuse(node, told)
        return BOOLEAN
    for one in (node.value, node.low, node.high):
        place.convert(one, shared)
    return BOOLEAN


def _common_of_three(first: Type, second: Type, third: Type) -> Type | None:
    """The least type that all three are converted to; None where there is none."""
    shared = common(first, second)
    if shared is None:
        return None
    return common(shared, third)


def in_list(node: InList, place: Context) -> Type:
    """The type of `a IN (b, c)`; refuse values that are not compared."""
    nodes = (node.value, *node.options)
    alike(nodes, "IN value and list items", place)
    return BOOLEAN


def alike(nodes: Sequence[Expression], what: str, place: Context) -> Type | None:
    """The type in which several values are taken together; None where there is none,
    or where it is not known. `what` begins the message where there is none.
    """
    first: dict[Type, Expression] = {}
    known = True
    for node in nodes:
        kind = place.infer(node)
        if kind is None:
            known = False
        else:
            first.setdefault(kind, node)
    shared = _shared(first, what, place)
    if shared is None or not known:
        return None
    for node in nodes:
        place.convert(node, shared)
    return shared


def _shared(first: dict[Type, Expression], what: str, place: Context) -> Type | None:
    """The common type of all these; each has the first expression that is of it."""
    shared = UNKNOWN
    for kind, node in first.items():
        wider = common(shared, kind)
        if wider is None:
            every = ", ".join(map(str, first))
            told = (
                f"{what} must be the same type or coercible to a common type."
                f" Cannot find common type between {shared} and {kind},"
                f" all types (without duplicates): [{every}]"
            )
            place.refuse(node, told)
            return None
        shared = wider
    return shared


# conditions


def logical(node: And | Or, place: Context) -> Type:
    """The type of `a AND b`; refuse terms that are no conditions."""
    for term in node.terms:
        place.expect_boolean(term, "Logical expression term")
    return BOOLEAN


def negation(node: Not, place: Context) -> Type:
    """The type of `NOT a`; refuse a value that is no condition."""
    place.expect_boolean(node.value, "Value of logical NOT expression")
    return BOOLEAN


def is_null(node: IsNull, place: Context) -> Type:
    """The type of `a IS NULL`."""
    place.infer(node.value)
    return BOOLEAN


def like(node: Like, place: Context) -> Type:
    """The type of `a LIKE b`; refuse values that are no texts."""
    kind = place.infer(node.value)
    # a char is compared as it is, and all else is converted
    if kind is not None and kind.base != "char":
        _expect_text(node.value, kind, "Left side of LIKE expression", place)
    pattern = place.infer(node.pattern)
    _expect_text(node.pattern, pattern, "Pattern for LIKE expression", place)
    if node.escape is not None:
        escape = place.infer(node.escape)
        _expect_text(node.escape, escape, "Escape for LIKE expression", place)
    return BOOLEAN


def _expect_text(
    node: Expression, kind: Type | None, what: str, place: Context
) -> None:
    """Refuse what is not converted to varchar. A varchar of any length stays as it is."""
    if kind is not None and kind.base != "varchar":
        place.expect(node, kind, VARCHAR, what)


def case(node: Case, place: Context) -> Type | None:
    """The type of `CASE … END`; None where it is not known."""
    if node.operand is None:
        for branch in node.branches:
            place.expect_boolean(branch.condition, "CASE WHEN clause")
    else:
        _operand(node, node.operand, place)
    results = [branch.result for branch in node.branches]
    if node.default is not None:
        results.append(node.default)
    return alike(results, "All CASE results", place)


def _operand(node: Case, operand: Expression, place: Context) -> None:
    """Compare CASE's operand with what stands after each WHEN."""
    kind = place.infer(operand)
    shared = kind
    for branch in node.branches:
        its = place.infer(branch.condition)
        if shared is None or its is None:
            shared = None
            continue
        wider = common(shared, its)
        if wider is None:
            told = (
                "CASE operand type does not match WHEN clause operand type:"
                f" {kind} vs {its}"
            )
            place.refuse(branch.condition, told)
        shared = wider
    place.convert(operand, shared)
    for branch in node.branches:
        place.convert(branch.condition, shared)
