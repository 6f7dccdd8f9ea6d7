"""Arithmetic, comparison and pattern operators."""

from __future__ import annotations

from collections.abc import Callable

from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    INTERVALS,
    UNKNOWN,
    decimal,
    element,
    is_composite,
    python,
    storage,
)
from runner.sandbox.duck.zones import zone_of
from runner.trino import tree
from runner.trino.tree import Comparator, Operator
from runner.trino.types import Type, common

Write = Callable[[tree.Expression, Scope], str]
NO_ORDER = frozenset({"map", "json"})
WORDS = {
    Comparator.EQUAL: "=", Comparator.NOT_EQUAL: "<>", Comparator.LESS: "<",
    Comparator.LESS_OR_EQUAL: "<=", Comparator.GREATER: ">", Comparator.GREATER_OR_EQUAL: ">=",
}  # fmt: skip


def operation(node: tree.Operation, scope: Scope, write: Write) -> str:
    """`left operator right`. Raises NotHere."""
    left, right = write(node.left, scope), write(node.right, scope)
    kinds = scope.facts.result_of(node.left), scope.facts.result_of(node.right)
    result = scope.facts.type_of(node)
    if UNKNOWN in kinds and kinds != (UNKNOWN, UNKNOWN):
        return f"CAST(NULL AS {storage(result)})"
    if node.operator is Operator.CONCAT:
        return _joined(left, right, kinds, result)
    if result.base in {*INTEGERS, *FLOATS} and UNKNOWN not in kinds:
        return _arithmetic(node.operator, left, right, result)
    if result.base == "decimal":
        return _decimal(node.operator, (left, kinds[0]), (right, kinds[1]), result)
    if result.base in {"date", "timestamp", "timestamp with time zone"}:
        return _moved(node, (left, kinds[0]), (right, kinds[1]), scope)
    if result.base in INTERVALS:
        return _interval(node.operator, (left, kinds[0]), (right, kinds[1]), result)
    raise NotHere(f"{kinds[0]} {node.operator} {kinds[1]}")


def _joined(left: str, right: str, kinds: tuple[Type, Type], result: Type) -> str:
    if result.base in {"varchar", "varbinary"}:
        return f"({left} || {right})"
    if result.base != "array":
        raise NotHere(f"{kinds[0]} || {kinds[1]}")
    sides = []
    for sql, kind in ((left, kinds[0]), (right, kinds[1])):
        if kind.base == "array":
            sides.append(coerced(sql, kind, result))
        else:
            of = element(result)
            sides.append(f"CAST([{coerced(sql, kind, of)}] AS {storage(result)})")
    return f"({sides[0]} || {sides[1]})"


def _arithmetic(operator: Operator, left: str, right: str, result: Type) -> str:
    if result.base in FLOATS:
        # DuckDB divides by 0e0 as Java does
        return f"({left} {operator} {right})"
    if operator is Operator.DIVIDE:
        return f"({left} // {right})"
    return f"({left} {operator} {right})"


def _decimal(
    operator: Operator, left: tuple[str, Type], right: tuple[str, Type], result: Type
) -> str:
    kept = storage(result)
    precision, scale = decimal(result)
    (one, of_one), (other, of_other) = left, right
    for kind in (of_one, of_other):
        if kind.base != "decimal":
            raise NotHere(f"{of_one} {operator} {of_other}")
    match operator:
        case Operator.ADD | Operator.SUBTRACT:
            return f"CAST(CAST({one} AS {kept}) {operator} CAST({other} AS {kept}) AS {kept})"
        case Operator.MULTIPLY:
            return python("multiplied", kept, one, other, str(precision), str(scale))
        case Operator.DIVIDE:
            return python("divided", kept, one, other, str(precision), str(scale))
        case Operator.MODULUS:
            return python("modulus", kept, one, other)
        case Operator.CONCAT:
            raise NotHere(f"{of_one} {operator} {of_other}")


def _moved(
    node: tree.Operation, left: tuple[str, Type], right: tuple[str, Type], scope: Scope
) -> str:
    moment, shift = (left, right) if right[1].base in INTERVALS else (right, left)
    at = node.left if moment is left else node.right
    if shift[1].base not in INTERVALS:
        raise NotHere(f"{left[1]} {node.operator} {right[1]}")
    sign = "-" if node.operator is Operator.SUBTRACT else "+"
    if shift[1].base == "interval day to second":
        if moment[1].base == "date":
            days = f"trino_days({shift[0]})"
            return f"({moment[0]} {sign} {days})"
        return f"({moment[0]} {sign} to_microseconds({shift[0]} * 1000))"
    months = f"to_months({shift[0]})"
    if moment[1].base == "date":
        return f"CAST({moment[0]} {sign} {months} AS DATE)"
    if moment[1].base == "timestamp":
        return f"({moment[0]} {sign} {months})"
    zone = zone_of(at, scope)
    return (
        f"((({moment[0]} AT TIME ZONE '{zone}') {sign} {months}) AT TIME ZONE '{zone}')"
    )


def _interval(
    operator: Operator, left: tuple[str, Type], right: tuple[str, Type], result: Type
) -> str:
    (one, of_one), (other, of_other) = left, right
    if of_one.base == of_other.base and of_one.base in INTERVALS:
        return f"({one} {operator} {other})"
    if operator is Operator.SUBTRACT and result.base == "interval day to second":
        if of_one.base == "date":
            return f"(({one} - {other}) * 86400000)"
        if (
            of_one.base in {"timestamp", "timestamp with time zone"}
            and of_one.base == of_other.base
        ):
            return f"trino_milliseconds({one}, {other})"
    if operator is Operator.MULTIPLY and {of_one.base, of_other.base} & {*INTEGERS}:
        return f"({one} * {other})"
    raise NotHere(f"{of_one} {operator} {of_other}")


def signed(node: tree.Sign, scope: Scope, write: Write) -> str:
    """`-value`, `+value`."""
    sql, kind = write(node.value, scope), scope.facts.result_of(node.value)
    if not node.negative:
        return sql
    if (
        isinstance(node.value, tree.Number)
        and node.value.kind is tree.NumberKind.INTEGER
    ):
        # the least BIGINT has no number without its sign
        return f"CAST(-{int(node.value.text, 0)} AS {storage(scope.facts.result_of(node))})"
    if kind.base in INTEGERS:
        # DuckDB widens what it negates
        return f"(CAST(0 AS {storage(kind)}) - {sql})"
    return f"(- {sql})"


# comparison


def alike(
    left: tree.Expression, right: tree.Expression, scope: Scope, write: Write
) -> tuple[str, str, Type]:
    """Two expressions as values of one type."""
    one, other = write(left, scope), write(right, scope)
    of_one, of_other = scope.facts.result_of(left), scope.facts.result_of(right)
    shared = common(of_one, of_other)
    if shared is None:
        raise NotHere(f"a comparison of {of_one} with {of_other}")
    if of_one != UNKNOWN:
        one = coerced(one, of_one, shared, zone_of(left, scope))
    if of_other != UNKNOWN:
        other = coerced(other, of_other, shared, zone_of(right, scope))
    return one, other, shared


def alike_query(value: str, kind: Type, inside: str, of: Type) -> tuple[str, str]:
    """A value and a query of one column as values of one type."""
    shared = common(kind, of)
    if shared is None:
        raise NotHere(f"a comparison of {kind} with {of}")
    made = coerced("q.c0", of, shared)
    if made != "q.c0":
        inside = f"SELECT {made} AS c0 FROM ({inside}) AS q (c0)"
    return coerced(value, kind, shared), inside


def compared(
    comparator: Comparator,
    left: tree.Expression,
    right: tree.Expression,
    scope: Scope,
    write: Write,
) -> str:
    """`left = right` and its like. Raises NotHere."""
    if isinstance(left, tree.Row) and isinstance(right, tree.Row):
        return _rows(comparator, left, right, scope, write)
    one, other, kind = alike(left, right, scope, write)
    constant = isinstance(right, (tree.Number, tree.Sign))
    return _pair(comparator, one, other, kind, constant=constant)


def _pair(
    comparator: Comparator, left: str, right: str, kind: Type, *, constant: bool
) -> str:
    word = WORDS[comparator]
    if kind.base == "char" or (
        kind.base in NO_ORDER
        and comparator not in {Comparator.EQUAL, Comparator.NOT_EQUAL}
    ):
        raise NotHere(f"a comparison of {kind}")
    if is_composite(kind):
        if comparator is Comparator.EQUAL:
            return python("equal", "BOOLEAN", left, right)
        if comparator is Comparator.NOT_EQUAL:
            return f"(NOT {python('equal', 'BOOLEAN', left, right)})"
        raise NotHere(f"{kind} {word} {kind}")
    if kind.base in FLOATS:
        return _floats(comparator, left, right, constant=constant)
    return f"({left} {word} {right})"


def _floats(comparator: Comparator, left: str, right: str, *, constant: bool) -> str:
    """DuckDB holds NaN for equal to itself and greater than anything else."""
    word = WORDS[comparator]
    match comparator:
        case Comparator.EQUAL:
            if constant:
                return f"({left} = {right})"
            return f"({left} = {right} AND NOT isnan({left}))"
        case Comparator.NOT_EQUAL:
            if constant:
                return f"({left} <> {right})"
            return f"(NOT ({left} = {right} AND NOT isnan({left})))"
        case Comparator.GREATER | Comparator.GREATER_OR_EQUAL:
            if constant:
                return f"({left} {word} {right} AND NOT isnan({left}))"
            return (
                f"({left} {word} {right} AND NOT isnan({left}) AND NOT isnan({right}))"
            )
        case Comparator.LESS | Comparator.LESS_OR_EQUAL:
            if constant:
                return f"({left} {word} {right})"
            return (
                f"({left} {word} {right} AND NOT isnan({left}) AND NOT isnan({right}))"
            )


def _rows(
    comparator: Comparator, left: tree.Row, right: tree.Row, scope: Scope, write: Write
) -> str:
    if len(left.items) != len(right.items):
        raise NotHere("a comparison of rows of different lengths")
    if comparator not in {Comparator.EQUAL, Comparator.NOT_EQUAL}:
        raise NotHere(f"row {comparator} row")
    terms = [
        compared(Comparator.EQUAL, one, other, scope, write)
        for one, other in zip(left.items, right.items, strict=True)
    ]
    same = "(" + " AND ".join(terms) + ")"
    return same if comparator is Comparator.EQUAL else f"(NOT {same})"


def distinct(node: tree.IsDistinct, scope: Scope, write: Write) -> str:
    """IS [NOT] DISTINCT FROM."""
    left, right, kind = alike(node.left, node.right, scope, write)
    if kind.base in {"map", "char"}:
        raise NotHere(f"IS DISTINCT FROM of {kind}")
    return f"({left} IS {'NOT ' if node.negated else ''}DISTINCT FROM {right})"


def between(node: tree.Between, scope: Scope, write: Write) -> str:
    """BETWEEN, as two comparisons."""
    low = compared(Comparator.GREATER_OR_EQUAL, node.value, node.low, scope, write)
    high = compared(Comparator.LESS_OR_EQUAL, node.value, node.high, scope, write)
    return f"({'NOT ' if node.negated else ''}({low} AND {high}))"


def in_list(node: tree.InList, scope: Scope, write: Write) -> str:
    """IN of a list of values."""
    kind = scope.facts.result_of(node.value)
    for option in node.options:
        shared = common(kind, scope.facts.result_of(option))
        if shared is None:
            raise NotHere("IN of values of different types")
        kind = shared
    if is_composite(kind) or isinstance(node.value, tree.Row):
        terms = [
            compared(Comparator.EQUAL, node.value, option, scope, write)
            for option in node.options
        ]
        return f"({'NOT ' if node.negated else ''}({' OR '.join(terms)}))"
    of_value = scope.facts.result_of(node.value)
    value = coerced(
        write(node.value, scope), of_value, kind, zone_of(node.value, scope)
    )
    options = [
        coerced(
            write(one, scope), scope.facts.result_of(one), kind, zone_of(one, scope)
        )
        if scope.facts.result_of(one) != UNKNOWN
        else "NULL"
        for one in node.options
    ]
    return f"({value} {'NOT ' if node.negated else ''}IN ({', '.join(options)}))"


def like(node: tree.Like, scope: Scope, write: Write) -> str:
    """LIKE, with a literal of one character behind ESCAPE."""
    value, pattern = write(node.value, scope), write(node.pattern, scope)
    word = "NOT LIKE" if node.negated else "LIKE"
    if scope.facts.result_of(node.value).base == "char":
        raise NotHere("LIKE of char")
    if node.escape is None:
        return f"({value} {word} {pattern})"
    if not isinstance(node.escape, tree.Text) or len(node.escape.value) != 1:
        raise NotHere("ESCAPE with anything but a literal of one character")
    if not isinstance(node.pattern, tree.Text) or not _is_escaped_well(
        node.pattern.value, node.escape.value
    ):
        raise NotHere("LIKE with ESCAPE and such a pattern")
    return f"({value} {word} {pattern} ESCAPE {write(node.escape, scope)})"


def _is_escaped_well(pattern: str, escape: str) -> bool:
    at = 0
    while at < len(pattern):
        if pattern[at] == escape:
            if pattern[at + 1 : at + 2] not in {"%", "_", escape} or at + 1 == len(
                pattern
            ):
                return False
            at += 1
        at += 1
    return True
