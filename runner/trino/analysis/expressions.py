"""The types of expressions, and what Trino would refuse in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runner.trino import tree
from runner.trino.analysis import calls, grouping, literals, names, operators
from runner.trino.analysis.place import Place
from runner.trino.analysis.scopes import Relation
from runner.trino.casts import castable
from runner.trino.resolution import Ambiguous, resolve
from runner.trino.types import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    UNKNOWN,
    VARCHAR,
    Type,
    common,
    made_type,
)

_DAYS, _MONTHS = "interval day to second", "interval year to month"
_MOMENTS = frozenset({"date", "timestamp", "timestamp with time zone"})
_CLOCKS = frozenset(
    {"timestamp", "timestamp with time zone", "time", "time with time zone", _DAYS}
)
_ZONED = frozenset({"timestamp with time zone", "time with time zone"})
_EXTRACTED = {
    "year": _MOMENTS | {_MONTHS},
    "month": _MOMENTS | {_MONTHS},
    "day": _MOMENTS | {_DAYS},
    "hour": _CLOCKS,
    "minute": _CLOCKS,
    "second": _CLOCKS,
    "timezone_hour": _ZONED,
    "timezone_minute": _ZONED,
}
_TRIMS = {"both": "trim", "leading": "ltrim", "trailing": "rtrim"}


def infer(node: tree.Expression, place: Place) -> Type | None:
    """The type of an expression; None where it is not known."""
    kind = _READERS[type(node)](node, place)
    place.facts.types[node] = kind
    return kind


# queries as values


def _exists(node: tree.Exists, place: Place) -> Type:
    place.query(node.query)
    return BOOLEAN


def _scalar_query(node: tree.ScalarQuery, place: Place) -> Type | None:
    row = _row_of(place.query(node.query))
    if row is None:
        return None
    return row.elements[0] if len(row.elements) == 1 else row


def _row_of(relation: Relation) -> Type | None:
    """The row type of a query's columns."""
    kinds = [one.type for one in relation.columns if one.type is not None]
    if len(kinds) != len(relation.columns) or not relation.is_known:
        return None
    named = tuple(one.name or "" for one in relation.columns)
    return Type("row", tuple(kinds), named if any(named) else ())


def _in_query(node: tree.InQuery, place: Place) -> Type:
    return _asked(node, node.value, place)


def _quantified(node: tree.QuantifiedComparison, place: Place) -> Type:
    return _asked(node, node.left, place)


def _asked(
    node: tree.InQuery | tree.QuantifiedComparison, value: tree.Expression, place: Place
) -> Type:
    kind = place.infer(value)
    row = _row_of(place.query(node.query))
    if kind is None or row is None:
        return BOOLEAN
    given = kind if kind.base == "row" else Type("row", (kind,))
    if common(given, row) is None and not (
        kind.base == "row" and len(row.elements) == 1
    ):
        told = "Value expression and result of subquery must be of the same type"
        place.facts.refuse(node, f"{told}: {given} vs {row}")
    return BOOLEAN


# values made of others


def _array(node: tree.Array, place: Place) -> Type | None:
    kind = (
        operators.alike(node.items, "All ARRAY elements", place)
        if node.items
        else UNKNOWN
    )
    return None if kind is None else Type("array", (kind,))


def _row(node: tree.Row, place: Place) -> Type | None:
    kinds = [place.infer(one) for one in node.items]
    known = [one for one in kinds if one is not None]
    return Type("row", tuple(known)) if len(known) == len(kinds) else None


def _subscript(node: tree.Subscript, place: Place) -> Type | None:
    base = place.infer(node.base)
    if base is not None and base.base == "row":
        return _of_row(node, base, place)
    index = place.infer(node.index)
    if base is None or index is None:
        return None
    form = resolve("$SUBSCRIPT", (base, index))
    if isinstance(form, Ambiguous):
        return None
    if form is None:
        place.facts.refuse(node, f"Cannot use {index} for subscript of {base}")
        return None
    place.facts.convert(node.base, form.arguments[0])
    place.facts.convert(node.index, form.arguments[1])
    return form.returns


def _of_row(node: tree.Subscript, base: Type, place: Place) -> Type | None:
    index = node.index
    kind = place.infer(index)
    if not isinstance(index, tree.Number):
        told = "Subscript expression on ROW requires a constant index"
        place.facts.refuse(index, told, "EXPRESSION_NOT_CONSTANT")
        return None
    if kind != INTEGER:
        place.facts.refuse(
            index, f"Subscript expression on ROW requires integer index, found {kind}"
        )
        return None
    at, count = int(index.text, 0), len(base.elements)
    if at < 1:
        told = f"Invalid subscript index: {at}. ROW indices start at 1"
        place.facts.refuse(index, told, "INVALID_FUNCTION_ARGUMENT")
        return None
    if at > count:
        told = f"Subscript index out of bounds: {at}, max value is {count}"
        place.facts.refuse(index, told, "INVALID_FUNCTION_ARGUMENT")
        return None
    return base.elements[at - 1]


def _lambda(node: tree.Lambda, place: Place) -> None:
    place.facts.refuse(
        node, "Lambda expression should always be used inside a function"
    )


# functions with words of their own


def _cast(node: tree.Cast, place: Place) -> Type | None:
    kind = place.infer(node.value)
    target = written_type(node.type, node, place)
    if target == UNKNOWN:
        place.facts.refuse(node, "UNKNOWN is not a valid type")
        return None
    if kind is not None and target is not None and not castable(kind, target):
        place.facts.refuse(node, f"Cannot cast {kind} to {target}")
    return target


def written_type(name: tree.TypeName, node: tree.Node, place: Place) -> Type | None:
    """The type that is written; None where there is none, which is refused."""
    try:
        return _written(name)
    except ValueError as exc:
        of_decimal = str(exc).startswith("DECIMAL")
        place.facts.refuse(
            node,
            str(exc),
            "INVALID_FUNCTION_ARGUMENT" if of_decimal else "TYPE_MISMATCH",
        )
        return None


def _written(name: tree.TypeName) -> Type:
    inner = tuple(
        one if isinstance(one, int) else _written(one) for one in name.arguments
    )
    return made_type(name.base, inner, tuple(one.lower() for one in name.names))


def _at_time_zone(node: tree.AtTimeZone, place: Place) -> Type | None:
    kind = place.infer(node.value)
    place.infer(node.zone)
    if kind is None:
        return None
    base = kind.base.removesuffix(" with time zone")
    if base not in {"time", "timestamp"}:
        told = "Type of value must be a time or timestamp with or without time zone"
        place.facts.refuse(node.value, f"{told} (actual {kind})")
        return None
    zoned = Type(f"{base} with time zone", kind.arguments)
    place.facts.convert(node.value, zoned)
    return zoned


def _extract(node: tree.Extract, place: Place) -> Type:
    kind = place.infer(node.value)
    if (
        kind not in {None, UNKNOWN}
        and kind is not None
        and kind.base not in _EXTRACTED.get(node.field, _MOMENTS)
    ):
        place.facts.refuse(
            node.value, f"Cannot extract {node.field.upper()} from {kind}"
        )
    return BIGINT


def _trim(node: tree.Trim, place: Place) -> Type | None:
    nodes = (node.value,) if node.what is None else (node.value, node.what)
    return calls.resolved(node, _TRIMS[node.side], nodes, place)


def _grouping(node: tree.Grouping, place: Place) -> Type:
    grouping.note(node, place.facts)
    for one in node.columns:
        place.infer(one)
    return INTEGER


def _json(node: tree.JsonCall, place: Place) -> Type | None:
    for one in node.arguments:
        place.infer(one)
    if node.name == "json_exists":
        return BOOLEAN
    return (
        VARCHAR if node.returning is None else written_type(node.returning, node, place)
    )


_READERS: Mapping[type, Callable[[Any, Place], Type | None]] = {
    tree.Null: literals.null,
    tree.Text: literals.text,
    tree.Bytes: literals.bytes_,
    tree.Boolean: literals.boolean,
    tree.Number: literals.number,
    tree.TypedText: literals.typed,
    tree.Interval: literals.interval,
    tree.Present: literals.present,
    tree.Column: names.column,
    tree.Field: names.field,
    tree.Subscript: _subscript,
    tree.Call: calls.call,
    tree.Lambda: _lambda,
    tree.Operation: operators.operation,
    tree.Sign: operators.sign,
    tree.Comparison: operators.comparison,
    tree.QuantifiedComparison: _quantified,
    tree.IsDistinct: operators.is_distinct,
    tree.Between: operators.between,
    tree.InList: operators.in_list,
    tree.InQuery: _in_query,
    tree.Like: operators.like,
    tree.IsNull: operators.is_null,
    tree.Not: operators.negation,
    tree.And: operators.logical,
    tree.Or: operators.logical,
    tree.Exists: _exists,
    tree.ScalarQuery: _scalar_query,
    tree.Case: operators.case,
    tree.Cast: _cast,
    tree.AtTimeZone: _at_time_zone,
    tree.Extract: _extract,
    tree.Array: _array,
    tree.Row: _row,
    tree.Trim: _trim,
    tree.Grouping: _grouping,
    tree.JsonCall: _json,
}
