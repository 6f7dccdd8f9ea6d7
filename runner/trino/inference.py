"""The types of expressions, what Trino converts without being asked, and what it would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.trino import calls_of, tree
from runner.trino.surroundings import (
    DAYS,
    INTERVALS,
    MOMENTS,
    MONTHS,
    OTHERS,
    At,
    Findings,
    Names,
    Subquery,
    decimal_result,
    fits,
    parts,
    refuse,
    settled,
    window_at,
)
from runner.trino.types import BOOLEAN, NUMBERS, UNKNOWN, Type, as_decimal, common, parse_type

BIGINT, INTEGER, DOUBLE, VARCHAR = Type("bigint"), Type("integer"), Type("double"), Type("varchar")
ZONED = re.compile(r"\d+:\d+\S* ?([A-Za-z+-].*)")
BIGGEST_INTEGER = 2**31
PRESENT = {
    "current_date": Type("date"),
    "current_timestamp": Type("timestamp with time zone", (3,)),
    "localtimestamp": Type("timestamp", (3,)),
    "current_time": Type("time with time zone", (3,)),
    "localtime": Type("time", (3,)),
}


def infer(node: tree.Expression, names: Names, found: Findings, subquery: Subquery) -> Type | None:
    """An expression's type; None where it is not known. Raises Stop for what Trino refuses."""
    return At(names, found, subquery, _of).infer(node)


def window(node: tree.Window, names: Names, found: Findings, subquery: Subquery) -> None:
    """The types of what stands in a window."""
    window_at(node, At(names, found, subquery, _of))


def unnested(kind: Type | None, node: tree.Node) -> Iterator[tuple[str, Type | None]]:
    """The columns that UNNEST makes of a value. Raises Stop."""
    if kind is None or kind == UNKNOWN:
        yield OTHERS, None
        return
    if kind.base not in {"array", "map"}:
        raise refuse(node, f"Cannot unnest type: {kind}", "INVALID_FUNCTION_ARGUMENT")
    inner = [one for one in kind.arguments if isinstance(one, Type)]
    if kind.base == "array" and inner[0].base == "row":
        row = inner[0]
        for number, one in enumerate(row.arguments):
            if isinstance(one, Type):
                yield (row.names[number].lower() if row.names else ""), one
        return
    yield from (("", one) for one in inner)


# each kind of node


def _of(node: tree.Expression, at: At) -> Type | None:
    for look in (_literal, _comparison, _condition, _value):
        if (kind := look(node, at)) is not None:
            return kind
    return None


def _literal(node: tree.Expression, at: At) -> Type | None:
    del at
    match node:
        case tree.Null():
            return UNKNOWN
        case tree.Text():
            return Type("varchar", (len(node.value),))
        case tree.Boolean():
            return BOOLEAN
        case tree.Bytes():
            return Type("varbinary")
        case tree.Number():
            return _number(node)
        case tree.TypedText():
            return _typed(node)
        case tree.Interval():
            return MONTHS if node.unit in {"year", "month"} else DAYS
        case tree.Present():
            kind = PRESENT.get(node.which, VARCHAR)
            return Type(kind.base, (node.precision,)) if node.precision is not None else kind
    return None


def _number(node: tree.Number) -> Type:
    if node.kind is tree.NumberKind.DOUBLE:
        return DOUBLE
    if node.kind is tree.NumberKind.INTEGER:
        value = int(node.text, 0) if node.text[:1] == "0" and node.text[1:2].isalpha() else int(node.text)
        return INTEGER if value < BIGGEST_INTEGER else BIGINT
    whole, _, fraction = node.text.partition(".")
    return Type("decimal", (max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction)))


def _typed(node: tree.TypedText) -> Type | None:
    if node.type in {"timestamp", "time"}:
        digits = re.search(r":\d+\.(\d+)", node.value)
        zone = " with time zone" if ZONED.search(node.value) else ""
        return Type(f"{node.type}{zone}", (len(digits[1]) if digits else 0,))
    if node.type in {"decimal", "dec", "numeric"}:
        whole, _, fraction = node.value.strip("+-").partition(".")
        return Type("decimal", (max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction)))
    try:
        return parse_type(node.type)
    except ValueError as exc:
        raise refuse(node, str(exc)) from None


def _comparison(node: tree.Expression, at: At) -> Type | None:
    match node:
        case tree.Comparison():
            return _compared(node, node.left, node.right, at, str(node.comparator))
        case tree.IsDistinct():
            return _compared(node, node.left, node.right, at, "IS DISTINCT FROM")
        case tree.Between():
            return _between(node, at)
        case tree.InList():
            return _in_list(node, at)
    return None


def _condition(node: tree.Expression, at: At) -> Type | None:
    match node:
        case tree.And() | tree.Or():
            return _logical(node, at)
        case tree.Not():
            kind = at.infer(node.value)
            if kind is not None and kind not in {BOOLEAN, UNKNOWN}:
                told = f"Value of logical NOT expression must evaluate to a boolean (actual: {kind})"
                raise refuse(node.value, told)
            return BOOLEAN
        case tree.IsNull():
            at.infer(node.value)
            return BOOLEAN
        case tree.Like():
            return _like(node, at)
        case tree.Exists():
            at.subquery(node.query, at.names)
            return BOOLEAN
        case tree.InQuery() | tree.QuantifiedComparison():
            return _in_query(node, at)
    return None


def _after(node: tree.Node, operand: tree.Node) -> tree.Node:
    """Where an operator stands: behind its left operand. Nodes hold no such place, so that it is the next letter."""
    return tree.Null(operand.end + 1, node.end)


def _compared(node: tree.Node, left: tree.Expression, right: tree.Expression, at: At, word: str) -> Type:
    one, other = at.infer(left), at.infer(right)
    if one is not None and other is not None:
        shared = common(one, other)
        if shared is None and not settled(one, other):
            return BOOLEAN
        if shared is None:
            raise refuse(_after(node, left), f"Cannot apply operator: {one} {word} {other}")
        at.found.convert(left, shared)
        at.found.convert(right, shared)
    return BOOLEAN


def _between(node: tree.Between, at: At) -> Type:
    kinds = at.all((node.value, node.low, node.high))
    shared = _shared(kinds)
    if shared is None and None not in kinds:
        told = f"Cannot check if {kinds[0]} is BETWEEN {kinds[1]} and {kinds[2]}"
        raise refuse(_after(node, node.value), told)
    for one in (node.value, node.low, node.high):
        at.found.convert(one, shared)
    return BOOLEAN


def _shared(kinds: Sequence[Type | None]) -> Type | None:
    shared = kinds[0]
    for kind in kinds[1:]:
        shared = None if shared is None or kind is None else common(shared, kind)
    return shared


def _alike(nodes: Sequence[tree.Expression], at: At, told: str) -> Type | None:
    """The common type of several expressions. Raises Stop where there is none."""
    kinds = at.all(nodes)
    shared = kinds[0]
    for node, kind in zip(nodes[1:], kinds[1:], strict=True):
        if shared is None or kind is None:
            return None
        wider = common(shared, kind)
        if wider is None:
            raise refuse(node, f"{told} Cannot find common type between {shared} and {kind}")
        shared = wider
    for node in nodes:
        at.found.convert(node, shared)
    return shared


def _in_list(node: tree.InList, at: At) -> Type:
    told = "IN value and list items must be the same type or coercible to a common type."
    _alike((node.value, *node.options), at, told)
    return BOOLEAN


def _logical(node: tree.And | tree.Or, at: At) -> Type:
    for term in node.terms:
        kind = at.infer(term)
        if kind is not None and kind not in {BOOLEAN, UNKNOWN}:
            told = f"Logical expression term must evaluate to a boolean (actual: {kind})"
            raise refuse(term, told)
    return BOOLEAN


def _like(node: tree.Like, at: At) -> Type:
    kind = at.infer(node.value)
    if kind is not None and kind.base not in {"varchar", "char", "unknown"}:
        told = f"Left side of LIKE expression must evaluate to a varchar (actual: {kind})"
        raise refuse(node.value, told)
    kind = at.infer(node.pattern)
    if kind is not None and kind.base not in {"varchar", "char", "unknown"}:
        raise refuse(node.pattern, f"Pattern for LIKE expression must evaluate to a varchar (actual: {kind})")
    if node.escape is not None:
        at.infer(node.escape)
    return BOOLEAN


def _in_query(node: tree.InQuery | tree.QuantifiedComparison, at: At) -> Type:
    value = node.value if isinstance(node, tree.InQuery) else node.left
    kind = at.infer(value)
    columns = at.subquery(node.query, at.names)
    other = columns[0].type if len(columns) == 1 else None
    if kind is not None and other is not None and common(kind, other) is None:
        told = "Value expression and result of subquery must be of the same type"
        raise refuse(_after(node, value), f"{told}: row({kind}) vs row({other})")
    return BOOLEAN


def _value(node: tree.Expression, at: At) -> Type | None:
    match node:
        case tree.Column() | tree.Field():
            return _name(node, at)
        case tree.Call():
            return calls_of.call(node, at)
        case tree.Operation():
            return _operation(node, at)
        case tree.Sign():
            return _sign(node, at)
        case tree.ScalarQuery():
            columns = at.subquery(node.query, at.names)
            return columns[0].type if len(columns) == 1 else None
        case tree.Case():
            return _case(node, at)
        case tree.Cast():
            return _cast(node, at)
        case tree.Subscript():
            return _subscript(node, at)
    return _part(node, at)


def _part(node: tree.Expression, at: At) -> Type | None:
    match node:
        case tree.Array():
            told = "All ARRAY elements must be the same type or coercible to a common type."
            kind = _alike(node.items, at, told) if node.items else UNKNOWN
            return None if kind is None else Type("array", (kind,))
        case tree.Row():
            kinds = at.all(node.items)
            return None if None in kinds else Type("row", tuple(one for one in kinds if one is not None))
        case tree.Extract():
            at.infer(node.value)
            return BIGINT
        case tree.Trim():
            kind = at.infer(node.value)
            if node.what is not None:
                at.infer(node.what)
            return VARCHAR if kind == UNKNOWN else kind
        case tree.AtTimeZone():
            kind = at.infer(node.value)
            at.infer(node.zone)
            zoned = None if kind is None else Type("timestamp with time zone", kind.arguments)
            at.found.convert(node.value, zoned)
            return zoned
        case tree.Grouping():
            at.all(node.columns)
            return INTEGER
        case tree.JsonCall():
            at.all(node.arguments)
    return None


def _name(node: tree.Column | tree.Field, at: At) -> Type | None:
    names = parts(node)
    if names is not None and len(names) == 1 and names[0] in at.names.arguments:
        return at.names.arguments[names[0]]
    if names is not None:
        found, kind = _looked_up(node, names, at.names)
        if found:
            return kind
    if isinstance(node, tree.Field) and not (names and not _is_column(names[:-1], at.names)):
        return _of_row(node, at.infer(node.base))
    shown = ".".join(names or ())
    raise refuse(node, f"Column '{shown}' cannot be resolved", "COLUMN_NOT_FOUND", shown)


def _is_column(names: tuple[str, ...], scope: Names | None) -> bool:
    while scope is not None:
        if names[0] in scope.arguments:
            return True
        if any(one.name in (names[-1], OTHERS) and fits(one, names[:-1]) for one in scope.columns):
            return True
        scope = scope.outer
    return False


def _of_row(node: tree.Field, kind: Type | None) -> Type | None:
    if kind is None:
        return None
    if kind.base != "row":
        shown = ".".join(parts(node.base) or ("expression",))
        raise refuse(node, f"Expression {shown} is not of type ROW")
    for number, name in enumerate(kind.names):
        found = kind.arguments[number]
        if name.lower() == node.name.key and isinstance(found, Type):
            return found
    shown = ".".join(parts(node) or (node.name.key,))
    raise refuse(node, f"Column '{shown}' cannot be resolved", "COLUMN_NOT_FOUND", shown)


def _looked_up(node: tree.Node, names: tuple[str, ...], scope: Names | None) -> tuple[bool, Type | None]:
    while scope is not None:
        found = [one for one in scope.columns if one.name == names[-1] and fits(one, names[:-1])]
        if len(found) > 1:
            shown = ".".join(names)
            raise refuse(node, f"Column '{shown}' is ambiguous", "AMBIGUOUS_NAME", shown)
        if found:
            return True, found[0].type
        if any(one.name == OTHERS and fits(one, names[:-1]) for one in scope.columns):
            return True, None
        scope = scope.outer
    return False, None


def _sign(node: tree.Sign, at: At) -> Type | None:
    kind = at.infer(node.value)
    if kind is not None and kind.base not in {*NUMBERS, *INTERVALS, "unknown"}:
        raise refuse(node, f"Cannot negate {kind}")
    if kind == UNKNOWN:
        return None
    if isinstance(node.value, tree.Number) and node.negative and kind == BIGINT:
        return INTEGER if int(node.value.text, 0) == BIGGEST_INTEGER else BIGINT
    return kind


def _case(node: tree.Case, at: At) -> Type | None:
    operand = at.infer(node.operand) if node.operand is not None else None
    for branch in node.branches:
        kind = at.infer(branch.condition)
        if kind is None or kind == UNKNOWN:
            continue
        if node.operand is None and kind != BOOLEAN:
            raise refuse(branch.condition, f"CASE WHEN clause must evaluate to a boolean (actual: {kind})")
        if operand is not None and common(operand, kind) is None:
            raise refuse(
                branch.condition, f"CASE operand type does not match WHEN clause operand type: {operand} vs {kind}"
            )
    results = [branch.result for branch in node.branches]
    if node.default is not None:
        results.append(node.default)
    return _alike(results, at, "All CASE results must be the same type or coercible to a common type.")


def named_type(node: tree.TypeName) -> Type:
    """The type that is written. Raises Stop."""
    inner = tuple(one if isinstance(one, int) else named_type(one) for one in node.arguments)
    if node.base in {"array", "map", "row"}:
        return Type(node.base, inner, node.names if any(node.names) else ())
    shown = f"({', '.join(map(str, inner))})" if inner else ""
    base, _, zone = node.base.partition(" with ")
    try:
        return parse_type(f"{base}{shown}" + (f" with {zone}" if zone else ""))
    except ValueError as exc:
        raise refuse(node, str(exc)) from None


def _cast(node: tree.Cast, at: At) -> Type:
    at.infer(node.value)
    return named_type(node.type)


def _subscript(node: tree.Subscript, at: At) -> Type | None:
    base, index = at.infer(node.base), at.infer(node.index)
    if base is None or index is None:
        return None
    inner = [one for one in base.arguments if isinstance(one, Type)]
    match base.base:
        case "array" if index.base in {"tinyint", "smallint", "integer", "bigint", "unknown"}:
            at.found.convert(node.index, BIGINT)
            return inner[0]
        case "map" if common(inner[0], index) is not None:
            at.found.convert(node.index, inner[0])
            return inner[1]
        case "row" if isinstance(node.index, tree.Number) and 0 < int(node.index.text) <= len(inner):
            return inner[int(node.index.text) - 1]
    raise refuse(node, f"Cannot use {index} for subscript of {base}")


# arithmetic


def _operation(node: tree.Operation, at: At) -> Type | None:
    left, right = at.infer(node.left), at.infer(node.right)
    if left is None or right is None or not settled(left, right):
        return None
    if UNKNOWN in {left, right} and INTERVALS & {left.base, right.base}:
        return None
    if node.operator is tree.Operator.CONCAT:
        return calls_of.concatenated(node, (left, right), at)
    kind = _arithmetic(node, left, right, at)
    if kind is None:
        told = f"Cannot apply operator: {left} {node.operator} {right}"
        raise refuse(_after(node, node.left), told)
    return kind


def _arithmetic(node: tree.Operation, left: Type, right: Type, at: At) -> Type | None:
    if UNKNOWN in {left, right}:
        other = right if left == UNKNOWN else left
        return other if other.base in {*NUMBERS, *INTERVALS, *MOMENTS, "unknown"} else None
    if left.base in INTERVALS or right.base in INTERVALS or left.base in MOMENTS or right.base in MOMENTS:
        return _moved(node, left, right)
    if left.base not in NUMBERS or right.base not in NUMBERS:
        return None
    if "decimal" in {left.base, right.base} and not {"real", "double"} & {left.base, right.base}:
        one, other = as_decimal(left), as_decimal(right)
        at.found.convert(node.left, one)
        at.found.convert(node.right, other)
        return decimal_result(node.operator, one, other)
    shared = common(left, right)
    at.found.convert(node.left, shared)
    at.found.convert(node.right, shared)
    return shared


def _moved(node: tree.Operation, left: Type, right: Type) -> Type | None:
    adds = node.operator in {tree.Operator.ADD, tree.Operator.SUBTRACT}
    if left.base in INTERVALS and right.base in INTERVALS:
        return left if adds and left == right else None
    if left.base in MOMENTS and right.base in MOMENTS:
        return DAYS if node.operator is tree.Operator.SUBTRACT and left.base == right.base else None
    moment, shift = (left, right) if right.base in INTERVALS else (right, left)
    if shift.base not in INTERVALS:
        return None
    if moment.base in MOMENTS and adds:
        return _finer(moment) if shift == DAYS and moment.base != "date" else moment
    scales = {tree.Operator.MULTIPLY, tree.Operator.DIVIDE}
    return shift if moment.base in NUMBERS and node.operator in scales else None


def _finer(moment: Type) -> Type:
    digits = next((one for one in moment.arguments if isinstance(one, int)), 3)
    return Type(moment.base, (max(digits, 3),))
