"""Arithmetic, comparison and pattern operators."""

from __future__ import annotations

from dataclasses import dataclass

from runner.sandbox.duck import expressions
from runner.sandbox.duck.casts import coerced, local
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    INTERVALS,
    UNKNOWN,
    as_stored,
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

NUMBERS = frozenset({*INTEGERS, *FLOATS})
NO_ORDER = frozenset({"map", "json"})
MOMENTS = frozenset({"timestamp", "timestamp with time zone"})
EQUALITY = frozenset({Comparator.EQUAL, Comparator.NOT_EQUAL})
WORDS = {
    Comparator.EQUAL: "=",
    Comparator.NOT_EQUAL: "<>",
    Comparator.LESS: "<",
    Comparator.LESS_OR_EQUAL: "<=",
    Comparator.GREATER: ">",
    Comparator.GREATER_OR_EQUAL: ">=",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an operator: its text for DuckDB, and its type."""

    sql: str
    type: Type
    node: tree.Expression

    @property
    def base(self) -> str:
        """The name of the type, without what stands in its parentheses."""
        return self.type.base


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation whose sides are written: `left operator right`."""

    operator: Operator
    left: Side
    right: Side
    result: Type

    @property
    def base(self) -> str:
        """The name of the result's type, without what stands in its parentheses."""
        return self.result.base

    @property
    def plain(self) -> str:
        """The same words for DuckDB."""
        left = self.left.sql
        right = self.right.sql
        return f"({left} {self.operator} {right})"

    def refuse(self) -> NotHere:
        """That there is no proven form for sides of these types."""
        left = self.left.type
        right = self.right.type
        return NotHere(f"{left} {self.operator} {right}")


def _side(node: tree.Expression, scope: Scope) -> Side:
    """An operand, written, with the type that Trino converts it to."""
    sql = expressions.expression(node, scope)
    return Side(sql, scope.result_of(node), node)


def operation(node: tree.Operation, scope: Scope) -> str:
    """`left operator right`. Raises NotHere."""
    left = _side(node.left, scope)
    right = _side(node.right, scope)
    made = Operation(node.operator, left, right, scope.type_of(node))
    is_left_null = left.type == UNKNOWN
    is_right_null = right.type == UNKNOWN
    if is_left_null != is_right_null:
        # NULL, whatever the other side is
        kept = storage(made.result)
        return f"CAST(NULL AS {kept})"
    return _written(made, scope)


def _written(made: Operation, scope: Scope) -> str:
    """An operation by the type that it results in."""
    if made.operator is Operator.CONCAT:
        return _joined(made)
    base = made.base
    if base in NUMBERS and made.left.type != UNKNOWN:
        return _arithmetic(made)
    if base == "decimal":
        return _decimal(made)
    if base == "date" or base in MOMENTS:
        return _moved(made, scope)
    if base in INTERVALS:
        return _interval(made)
    raise made.refuse()


def _joined(made: Operation) -> str:
    """`left || right`, of texts, bytes or arrays."""
    if made.base in {"varchar", "varbinary"}:
        return made.plain
    if made.base != "array":
        raise made.refuse()
    left = _as_array(made.left, made.result)
    right = _as_array(made.right, made.result)
    return f"({left} || {right})"


def _as_array(side: Side, result: Type) -> str:
    """An array; a single value becomes an array of its own."""
    if side.base == "array":
        return coerced(side.sql, side.type, result)
    item = coerced(side.sql, side.type, element(result))
    return f"CAST([{item}] AS {storage(result)})"


def _arithmetic(made: Operation) -> str:
    """An operation of whole numbers or doubles."""
    # DuckDB's / of whole numbers gives a double; of doubles it divides by 0 as Java does
    if made.operator is Operator.DIVIDE and made.base in INTEGERS:
        return f"({made.left.sql} // {made.right.sql})"
    return made.plain


def _decimal(made: Operation) -> str:
    """An operation of decimals, at the scale that Trino gives it. Raises NotHere."""
    result = made.result
    one = made.left.sql
    other = made.right.sql
    if {made.left.base, made.right.base} != {"decimal"}:
        raise made.refuse()
    match made.operator:
        case Operator.ADD | Operator.SUBTRACT:
            left = as_stored(one, result)
            right = as_stored(other, result)
            return as_stored(f"{left} {made.operator} {right}", result)
        case Operator.MULTIPLY:
            return _in_python("multiplied", made)
        case Operator.DIVIDE:
            return _in_python("divided", made)
        case Operator.MODULUS:
            return python("modulus", storage(result), one, other)
        case Operator.CONCAT:
            raise made.refuse()


def _in_python(function: str, made: Operation) -> str:
    """An operation of decimals that Python carries out, at the result's scale."""
    precision, scale = decimal(made.result)
    kept = storage(made.result)
    sides = made.left.sql, made.right.sql
    return python(function, kept, *sides, str(precision), str(scale))


# moments and intervals


def _moved(made: Operation, scope: Scope) -> str:
    """A date or a moment, and an interval that is added or taken away."""
    moment = made.right
    shift = made.left
    if made.right.base in INTERVALS:
        moment = made.left
        shift = made.right
    if shift.base not in INTERVALS:
        raise made.refuse()
    sign = "+"
    if made.operator is Operator.SUBTRACT:
        sign = "-"
    if shift.base == "interval day to second":
        return _moved_by_time(moment, sign, shift)
    return _moved_by_months(moment, sign, shift, scope)


def _moved_by_time(moment: Side, sign: str, shift: Side) -> str:
    """A date or a moment so many milliseconds later or earlier."""
    if moment.base == "date":
        return f"({moment.sql} {sign} trino_days({shift.sql}))"
    return f"({moment.sql} {sign} to_microseconds({shift.sql} * 1000))"


def _moved_by_months(moment: Side, sign: str, shift: Side, scope: Scope) -> str:
    """A date or a moment so many months later or earlier."""
    months = f"to_months({shift.sql})"
    if moment.base == "date":
        return f"CAST({moment.sql} {sign} {months} AS DATE)"
    if moment.base == "timestamp":
        return f"({moment.sql} {sign} {months})"
    # a month is as long as the clocks of the moment's own zone say
    zone = zone_of(moment.node, scope)
    shown = local(moment.sql, zone)
    return local(f"({shown} {sign} {months})", zone)


def _interval(made: Operation) -> str:
    """An operation that results in an interval: a number of milliseconds or months."""
    left = made.left
    right = made.right
    are_alike = left.base == right.base
    if are_alike and left.base in INTERVALS:
        return made.plain
    of_days = made.base == "interval day to second"
    if made.operator is Operator.SUBTRACT and of_days:
        if left.base == "date":
            days = f"({left.sql} - {right.sql})"
            return f"({days} * 86400000)"
        if are_alike and left.base in MOMENTS:
            return f"trino_milliseconds({left.sql}, {right.sql})"
    with_number = left.base in INTEGERS or right.base in INTEGERS
    if made.operator is Operator.MULTIPLY and with_number:
        return made.plain
    raise made.refuse()


def signed(node: tree.Sign, scope: Scope) -> str:
    """`-value`, `+value`. Raises NotHere."""
    sql = expressions.expression(node.value, scope)
    kind = scope.result_of(node.value)
    if not node.negative:
        return sql
    if tree.is_whole(node.value):
        # the least BIGINT has no number without its sign
        value = -int(node.value.text, 0)
        return as_stored(str(value), scope.result_of(node))
    if kind.base in INTEGERS:
        # DuckDB widens what it negates
        return f"(CAST(0 AS {storage(kind)}) - {sql})"
    return f"(- {sql})"


# comparison


def alike(
    left: tree.Expression, right: tree.Expression, scope: Scope
) -> tuple[str, str, Type]:
    """Two expressions as values of one type, and that type. Raises NotHere."""
    one = _side(left, scope)
    other = _side(right, scope)
    shared = common(one.type, other.type)
    if shared is None:
        raise NotHere(f"a comparison of {one.type} with {other.type}")
    left_sql = _as_shared(one, shared, scope)
    right_sql = _as_shared(other, shared, scope)
    return left_sql, right_sql, shared


def _as_shared(side: Side, shared: Type, scope: Scope) -> str:
    """A side as one of the shared type; a bare NULL has no type to convert."""
    if side.type == UNKNOWN:
        return side.sql
    zone = zone_of(side.node, scope)
    return coerced(side.sql, side.type, shared, zone)


def alike_query(value: str, kind: Type, inside: str, of: Type) -> tuple[str, str]:
    """A value and a query of one column as values of one type. Raises NotHere."""
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
) -> str:
    """`left = right` and its like. Raises NotHere."""
    if isinstance(left, tree.Row) and isinstance(right, tree.Row):
        return _rows(comparator, left, right, scope)
    one, other, kind = alike(left, right, scope)
    _check_comparable(comparator, kind)
    if is_composite(kind):
        return _composites(comparator, one, other, kind)
    if kind.base in FLOATS:
        constant = isinstance(right, (tree.Number, tree.Sign))
        return _floats(comparator, one, other, constant=constant)
    return f"({one} {WORDS[comparator]} {other})"


def _check_comparable(comparator: Comparator, kind: Type) -> None:
    """Raises NotHere for a type that DuckDB does not compare so."""
    unordered = kind.base in NO_ORDER and comparator not in EQUALITY
    if kind.base == "char" or unordered:
        raise NotHere(f"a comparison of {kind}")


def _composites(comparator: Comparator, left: str, right: str, kind: Type) -> str:
    """Arrays, maps and rows: Python compares them, with the NULLs inside."""
    same = python("equal", "BOOLEAN", left, right)
    if comparator is Comparator.EQUAL:
        return same
    if comparator is Comparator.NOT_EQUAL:
        return f"(NOT {same})"
    raise NotHere(f"{kind} {WORDS[comparator]} {kind}")


def _floats(comparator: Comparator, left: str, right: str, *, constant: bool) -> str:
    """A comparison of doubles: DuckDB holds NaN for equal to itself and greater than
    anything else. A `constant` on the right is never NaN.
    """
    plain = f"{left} {WORDS[comparator]} {right}"
    left_is_number = f"NOT isnan({left})"
    match comparator:
        case Comparator.EQUAL if not constant:
            return f"({plain} AND {left_is_number})"
        case Comparator.NOT_EQUAL if not constant:
            return f"(NOT ({left} = {right} AND {left_is_number}))"
        case Comparator.GREATER | Comparator.GREATER_OR_EQUAL if constant:
            return f"({plain} AND {left_is_number})"
        case _ if constant:
            return f"({plain})"
        case _:
            return f"({plain} AND {left_is_number} AND NOT isnan({right}))"


def _rows(comparator: Comparator, left: tree.Row, right: tree.Row, scope: Scope) -> str:
    """`(a, b) = (c, d)`: each pair of items compared."""
    if len(left.items) != len(right.items):
        raise NotHere("a comparison of rows of different lengths")
    if comparator not in EQUALITY:
        raise NotHere(f"row {comparator} row")
    terms = []
    for one, other in zip(left.items, right.items, strict=True):
        term = compared(Comparator.EQUAL, one, other, scope)
        terms.append(term)
    all_of_them = " AND ".join(terms)
    same = f"({all_of_them})"
    if comparator is Comparator.EQUAL:
        return same
    return f"(NOT {same})"


def negation(*, negated: bool) -> str:
    """`NOT ` before a negated operator, else nothing."""
    return "NOT " if negated else ""


def distinct(node: tree.IsDistinct, scope: Scope) -> str:
    """IS [NOT] DISTINCT FROM. Raises NotHere."""
    left, right, kind = alike(node.left, node.right, scope)
    if kind.base in {"map", "char"}:
        raise NotHere(f"IS DISTINCT FROM of {kind}")
    word = negation(negated=node.negated)
    return f"({left} IS {word}DISTINCT FROM {right})"


def between(node: tree.Between, scope: Scope) -> str:
    """BETWEEN, as two comparisons. Raises NotHere."""
    low = compared(Comparator.GREATER_OR_EQUAL, node.value, node.low, scope)
    high = compared(Comparator.LESS_OR_EQUAL, node.value, node.high, scope)
    word = negation(negated=node.negated)
    return f"({word}({low} AND {high}))"


# IN and LIKE


def in_list(node: tree.InList, scope: Scope) -> str:
    """IN of a list of values. Raises NotHere."""
    word = negation(negated=node.negated)
    kind = _shared_by_all(node, scope)
    if is_composite(kind) or isinstance(node.value, tree.Row):
        any_of_them = _compared_one_by_one(node, scope)
        return f"({word}({any_of_them}))"
    value = _converted(node.value, kind, scope)
    options = [_option(one, kind, scope) for one in node.options]
    listed = ", ".join(options)
    return f"({value} {word}IN ({listed}))"


def _compared_one_by_one(node: tree.InList, scope: Scope) -> str:
    """A value compared with each option of a list, by OR."""
    terms = []
    for option in node.options:
        term = compared(Comparator.EQUAL, node.value, option, scope)
        terms.append(term)
    return " OR ".join(terms)


def _shared_by_all(node: tree.InList, scope: Scope) -> Type:
    """The type that the value and all options are compared as. Raises NotHere."""
    kind = scope.result_of(node.value)
    for option in node.options:
        shared = common(kind, scope.result_of(option))
        if shared is None:
            raise NotHere("IN of values of different types")
        kind = shared
    return kind


def _converted(node: tree.Expression, kind: Type, scope: Scope) -> str:
    """An expression as one of the type that IN compares by."""
    sql = expressions.expression(node, scope)
    source = scope.result_of(node)
    zone = zone_of(node, scope)
    return coerced(sql, source, kind, zone)


def _option(node: tree.Expression, kind: Type, scope: Scope) -> str:
    """One value of a list behind IN."""
    if scope.result_of(node) == UNKNOWN:
        return "NULL"
    return _converted(node, kind, scope)


def like(node: tree.Like, scope: Scope) -> str:
    """LIKE, with a literal of one character behind ESCAPE. Raises NotHere."""
    value = expressions.expression(node.value, scope)
    pattern = expressions.expression(node.pattern, scope)
    if scope.result_of(node.value).base == "char":
        raise NotHere("LIKE of char")
    word = negation(negated=node.negated)
    condition = f"{value} {word}LIKE {pattern}"
    if node.escape is None:
        return f"({condition})"
    _check_escape(node.pattern, node.escape)
    escape = expressions.expression(node.escape, scope)
    return f"({condition} ESCAPE {escape})"


def _check_escape(pattern: tree.Expression, escape: tree.Expression) -> None:
    """Raises NotHere for a pattern that Trino might refuse when it runs."""
    if not isinstance(escape, tree.Text) or len(escape.value) != 1:
        raise NotHere("ESCAPE with anything but a literal of one character")
    if not isinstance(pattern, tree.Text):
        raise NotHere("LIKE with ESCAPE and such a pattern")
    if not _is_escaped_well(pattern.value, escape.value):
        raise NotHere("LIKE with ESCAPE and such a pattern")


def _is_escaped_well(pattern: str, escape: str) -> bool:
    """True where each escape stands before a character that needs it."""
    escaped = {"%", "_", escape}
    at = pattern.find(escape)
    while at >= 0:
        if pattern[at + 1 : at + 2] not in escaped:
            return False
        at = pattern.find(escape, at + 2)
    return True
