"""Expressions: each kind of node in DuckDB's words."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from runner.sandbox.duck import calls, extracts, operators, queries, values
from runner.sandbox.duck.casts import cast, coerced
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope, argument, lookup, parts
from runner.sandbox.duck.storage import (
    UNKNOWN,
    field,
    inner,
    precision_of,
    python,
    storage,
    text,
)
from runner.sandbox.duck.zones import zone_of
from runner.trino import tree
from runner.trino.types import Type

RISK = re.compile(
    r'"py:|trino_(?:tinyint|smallint|integer|bigint|boolean|subscript|element_at|fitting|days)\(|//| % '
)
"""What an expression's text holds where its evaluation might fail for some rows; sums
seldom grow too large.
"""


def expression(node: tree.Expression, scope: Scope) -> str:
    """An expression with what Trino converts it to. Raises NotHere."""
    sql = plain(node, scope)
    if (target := scope.facts.conversions.get(node)) is None:
        return sql
    return coerced(sql, scope.facts.type_of(node), target, zone_of(node, scope))


def plain(node: tree.Expression, scope: Scope) -> str:
    """An expression of its own type. Raises NotHere."""
    for write in (_literal, _comparison, _condition, _value, _part):
        if (made := write(node, scope)) is not None:
            return made
    raise NotHere(f"the expression {type(node).__name__}")


def _literal(node: tree.Expression, scope: Scope) -> str | None:
    match node:
        case tree.Null():
            return "NULL"
        case tree.Text():
            return text(node.value)
        case tree.Boolean():
            return "TRUE" if node.value else "FALSE"
        case tree.Bytes():
            return f"from_hex({text(node.value.hex())})"
        case tree.Number():
            return values.number(node, scope.facts.type_of(node))
        case tree.TypedText():
            return values.typed(node, scope.facts.type_of(node))
        case tree.Interval():
            return values.interval(node)
        case tree.Present():
            return _present(node, scope)
        case _:
            return None


def _comparison(node: tree.Expression, scope: Scope) -> str | None:
    match node:
        case tree.Comparison():
            return operators.compared(
                node.comparator, node.left, node.right, scope, expression
            )
        case tree.IsDistinct():
            return operators.distinct(node, scope, expression)
        case tree.Between():
            return operators.between(node, scope, expression)
        case tree.InList():
            return operators.in_list(node, scope, expression)
        case tree.Like():
            return operators.like(node, scope, expression)
        case _:
            return None


def _condition(node: tree.Expression, scope: Scope) -> str | None:
    match node:
        case tree.IsNull():
            return f"({expression(node.value, scope)} IS {'NOT ' if node.negated else ''}NULL)"
        case tree.Not():
            return f"(NOT {expression(node.value, scope)})"
        case tree.And():
            return _conjunction(node.terms, scope)
        case tree.Or():
            return _disjunction(node.terms, scope)
        case tree.Exists():
            return f"EXISTS ({queries.query(node.query, scope.inside())})"
        case tree.InQuery():
            return _in_query(node, scope)
        case tree.QuantifiedComparison():
            return _quantified(node, scope)
        case _:
            return None


def _value(node: tree.Expression, scope: Scope) -> str | None:
    match node:
        case tree.Column() | tree.Field():
            return _name(node, scope)
        case tree.Call():
            return calls.call(node, scope)
        case tree.Operation():
            return operators.operation(node, scope, expression)
        case tree.Sign():
            return operators.signed(node, scope, expression)
        case tree.ScalarQuery():
            return f"({queries.query(node.query, scope.inside())})"
        case tree.Case():
            return _case(node, scope)
        case tree.Cast():
            return _cast(node, scope)
        case tree.Subscript():
            return _subscript(node, scope)
        case _:
            return None


def _part(node: tree.Expression, scope: Scope) -> str | None:
    match node:
        case tree.Array() | tree.Row():
            return _composite(node, scope)
        case tree.Extract():
            return extracts.extract(node, scope)
        case tree.Trim():
            return _trim(node, scope)
        case tree.AtTimeZone():
            zone_of(node, scope)
            return expression(node.value, scope)
        case tree.Grouping():
            shown = ", ".join(expression(one, scope) for one in node.columns)
            return f"CAST(GROUPING({shown}) AS INTEGER)"
        case _:
            return None


def _name(node: tree.Column | tree.Field, scope: Scope) -> str:
    names = parts(node)
    if names and len(names) == 1 and (found := argument(scope, names[0])):
        return found
    if names and (column := lookup(scope, names[-1], names[:-1])):
        return column.sql
    if isinstance(node, tree.Field):
        type_ = scope.facts.type_of(node.base)
        named = [name.lower() for name in type_.names]
        if node.name.key in named:
            place = field(named.index(node.name.key))
            return f"struct_extract({expression(node.base, scope)}, {text(place)})"
    raise NotHere("a name that it could not resolve")


def _is_risky(sql: str) -> bool:
    return RISK.search(sql) is not None


def _guarded(
    terms: tuple[tree.Expression, ...], scope: Scope, decided: str
) -> list[str]:
    """Conditions in their order: one that may fail is not asked where those before it decide.

    DuckDB asks in the order that it finds quickest.
    """
    made: list[str] = []
    safe: list[str] = []
    word = " AND " if decided == "FALSE" else " OR "
    for term in terms:
        sql = expression(term, scope)
        if _is_risky(sql):
            if safe:
                before = word.join(safe)
                sql = f"CASE WHEN ({before}) IS DISTINCT FROM {decided} THEN {sql} ELSE {decided} END"
        else:
            safe.append(sql)
        made.append(sql)
    return made


def _conjunction(terms: tuple[tree.Expression, ...], scope: Scope) -> str:
    return "(" + " AND ".join(_guarded(terms, scope, "FALSE")) + ")"


def _disjunction(terms: tuple[tree.Expression, ...], scope: Scope) -> str:
    return "(" + " OR ".join(_guarded(terms, scope, "TRUE")) + ")"


def _in_query(node: tree.InQuery, scope: Scope) -> str:
    kind = scope.facts.result_of(node.value)
    if kind.base in {"row", "map", "array", "json"}:
        raise NotHere(f"{kind.base} IN (SELECT …)")
    inside, of = queries.single(node.query, scope.inside())
    value = expression(node.value, scope)
    value, inside = operators.alike_query(value, kind, inside, of)
    return f"({value} {'NOT ' if node.negated else ''}IN ({inside}))"


def _quantified(node: tree.QuantifiedComparison, scope: Scope) -> str:
    inside, of = queries.single(node.query, scope.inside())
    kind = scope.facts.result_of(node.left)
    if kind.base in {"double", "real", "row", "map", "array", "json"}:
        raise NotHere(f"a comparison of {kind.base} with ANY or ALL")
    left, inside = operators.alike_query(expression(node.left, scope), kind, inside, of)
    quantifier = "ALL" if node.quantifier == "all" else "ANY"
    return f"({left} {node.comparator} {quantifier} ({inside}))"


def _case(node: tree.Case, scope: Scope) -> str:
    branches = []
    wanted = scope.facts.type_of(node)
    for branch in node.branches:
        result = _as(branch.result, wanted, scope)
        if node.operand is None:
            condition = expression(branch.condition, scope)
        else:
            condition = operators.compared(
                tree.Comparator.EQUAL, node.operand, branch.condition, scope, expression
            )
        branches.append(f"WHEN {condition} THEN {result}")
    last = (
        f" ELSE {_as(node.default, wanted, scope)}" if node.default is not None else ""
    )
    return f"CASE {' '.join(branches)}{last} END"


def _as(node: tree.Expression, wanted: Type, scope: Scope) -> str:
    """An expression as one of a type that several expressions share."""
    sql = expression(node, scope)
    source = scope.facts.result_of(node)
    if source in {wanted, UNKNOWN}:
        return sql
    return coerced(sql, source, wanted, zone_of(node, scope))


def converted(node: tree.Expression, wanted: Type, scope: Scope) -> str:
    """An expression as one of another type, which it is converted to without being asked."""
    return _as(node, wanted, scope)


def _cast(node: tree.Cast, scope: Scope) -> str:
    target = scope.facts.type_of(node)
    if node.type.base == "char":
        raise NotHere("the type char")
    source = scope.facts.result_of(node.value)
    storage(target)
    sql = expression(node.value, scope)
    return cast(sql, source, target, safe=node.safe, zone=zone_of(node.value, scope))


def _subscript(node: tree.Subscript, scope: Scope) -> str:
    base, kind = expression(node.base, scope), scope.facts.result_of(node.base)
    match kind.base:
        case "array":
            return f"trino_subscript({base}, {expression(node.index, scope)})"
        case "map":
            key, value = inner(kind)
            index = converted(node.index, key, scope)
            if key.base not in {"varchar", "bigint", "integer", "boolean", "date"}:
                raise NotHere(f"a subscript of {kind}")
            return python("map_subscript", storage(value), base, index)
        case "row" if isinstance(node.index, tree.Number):
            place = int(node.index.text)
            if not 1 <= place <= len(inner(kind)):
                raise NotHere(f"a row's field number {place}")
            return f"struct_extract({base}, {text(field(place - 1))})"
    raise NotHere(f"a subscript of {kind}")


def _composite(node: tree.Array | tree.Row, scope: Scope) -> str:
    wanted = inner(scope.facts.type_of(node))
    if isinstance(node, tree.Array):
        if not node.items:
            return f"CAST([] AS {storage(scope.facts.type_of(node))})"
        shown = ", ".join(_as(one, wanted[0], scope) for one in node.items)
        return f"CAST([{shown}] AS {storage(scope.facts.type_of(node))})"
    shown = ", ".join(
        f"{field(number)} := CAST({_as(one, of, scope)} AS {storage(of)})"
        for number, (one, of) in enumerate(zip(node.items, wanted, strict=True))
    )
    return f"struct_pack({shown})"


def _trim(node: tree.Trim, scope: Scope) -> str:
    value = expression(node.value, scope)
    name = {"leading": "ltrim", "trailing": "rtrim"}.get(node.side, "trim")
    if node.what is None:
        return f"trino_{name}({value})"
    return python(
        "trimmed", "VARCHAR", value, expression(node.what, scope), text(node.side)
    )


def _present(node: tree.Present, scope: Scope) -> str:
    precision = (
        precision_of(scope.facts.type_of(node)) if node.which != "current_date" else 0
    )
    return present(node.which, precision, scope.facts.now)


def present(which: str, precision: int, now: float) -> str:
    """CURRENT_TIMESTAMP and its like at a moment."""
    microseconds = int(now * 1000) * 1000
    shown = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    step = 10 ** max(6 - precision, 0)
    stamp = f"make_timestamp({microseconds // step * step})"
    match which:
        case "current_timestamp":
            return f"({stamp} AT TIME ZONE 'UTC')"
        case "localtimestamp":
            return stamp
        case "current_date":
            return f"DATE '{shown:%Y-%m-%d}'"
        case _:
            raise NotHere(which.upper())
