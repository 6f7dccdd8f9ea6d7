"""The types of expressions, and what Trino would refuse in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runner.trino.analysis import calls, grouping, literals, names, operators
from runner.trino.analysis.place import Context
from runner.trino.analysis.scopes import Relation
from runner.trino.binding import Form
from runner.trino.casts import castable
from runner.trino.resolution import resolve
from runner.trino.tree import (
    And,
    Array,
    AtTimeZone,
    Between,
    Boolean,
    Bytes,
    Call,
    Case,
    Cast,
    Column,
    Comparison,
    Exists,
    Expression,
    Extract,
    Field,
    Grouping,
    InList,
    InQuery,
    Interval,
    IsDistinct,
    IsNull,
    JsonCall,
    Lambda,
    Like,
    Node,
    Not,
    Null,
    Number,
    Operation,
    Or,
    Present,
    QuantifiedComparison,
    Row,
    ScalarQuery,
    Sign,
    Subscript,
    Text,
    Trim,
    TypedText,
    TypeName,
)
from runner.trino.typenames import whole_number
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

_DAYS = "interval day to second"
_MONTHS = "interval year to month"
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


def infer(node: Expression, place: Context) -> Type | None:
    """The type of an expression; None where it is not known."""
    kind = _READERS[type(node)](node, place)
    place.facts.types[node] = kind
    return kind


# queries as values


def _exists(node: Exists, place: Context) -> Type:
    """`EXISTS (query)`, whatever the columns of the query are."""
    place.query(node.query)
    return BOOLEAN


def _scalar_query(node: ScalarQuery, place: Context) -> Type | None:
    """`(query)` as a value; None where its columns are not known."""
    row = _row_of(place.query(node.query))
    if row is None:
        return None
    # a query of several columns is a row of them
    if len(row.elements) > 1:
        return row
    return row.elements[0]


def _row_of(relation: Relation) -> Type | None:
    """The row type of a query's columns; None where one of them is not known."""
    kinds = [one.type for one in relation.columns if one.type is not None]
    if len(kinds) != len(relation.columns) or not relation.is_known:
        return None
    names_of = tuple(one.name or "" for one in relation.columns)
    if not any(names_of):
        names_of = ()
    return Type("row", tuple(kinds), names_of)


def _in_query(node: InQuery, place: Context) -> Type:
    """`a IN (query)`."""
    return _asked(node, node.value, place)


def _quantified(node: QuantifiedComparison, place: Context) -> Type:
    """`a = ALL (query)`."""
    return _asked(node, node.left, place)


def _asked(
    node: InQuery | QuantifiedComparison, value: Expression, place: Context
) -> Type:
    """Compare a value with the rows of a query."""
    kind = place.infer(value)
    row = _row_of(place.query(node.query))
    if kind is None or row is None:
        return BOOLEAN
    given = kind
    if kind.base != "row":
        given = Type("row", (kind,))
    elif len(row.elements) == 1:
        # the one column may hold rows, and those are not looked into
        return BOOLEAN
    if common(given, row) is None:
        told = "Value expression and result of subquery must be of the same type"
        place.refuse(node, f"{told}: {given} vs {row}")
    return BOOLEAN


# values made of others


def _array(node: Array, place: Context) -> Type | None:
    """`ARRAY[a, b]`: an array of the type in which its elements are taken together."""
    if not node.items:
        return Type("array", (UNKNOWN,))
    kind = operators.alike(node.items, "All ARRAY elements", place)
    if kind is None:
        return None
    return Type("array", (kind,))


def _row(node: Row, place: Context) -> Type | None:
    """`ROW(a, b)`; None where one of the types is not known."""
    kinds = [place.infer(one) for one in node.items]
    known = tuple(one for one in kinds if one is not None)
    if len(known) < len(kinds):
        return None
    return Type("row", known)


def _subscript(node: Subscript, place: Context) -> Type | None:
    """`a[b]` of an array, a map or a row; None where it is not known."""
    base = place.infer(node.base)
    if base is not None and base.base == "row":
        return _of_row(node, base, place)
    index = place.infer(node.index)
    if base is None or index is None:
        return None
    form = resolve("$SUBSCRIPT", (base, index))
    if isinstance(form, Form):
        place.convert(node.base, form.arguments[0])
        place.convert(node.index, form.arguments[1])
        return form.returns
    if form is None:
        place.refuse(node, f"Cannot use {index} for subscript of {base}")
    return None


def _of_row(node: Subscript, base: Type, place: Context) -> Type | None:
    """The type of `row[1]`: its index must be written out, since each field has its own."""
    index = node.index
    kind = place.infer(index)
    if not isinstance(index, Number):
        told = "Subscript expression on ROW requires a constant index"
        place.refuse(index, told, "EXPRESSION_NOT_CONSTANT")
        return None
    if kind != INTEGER:
        told = f"Subscript expression on ROW requires integer index, found {kind}"
        place.refuse(index, told)
        return None
    at = whole_number(index.text)
    count = len(base.elements)
    if 1 <= at <= count:
        return base.elements[at - 1]
    told = f"Subscript index out of bounds: {at}, max value is {count}"
    if at < 1:
        told = f"Invalid subscript index: {at}. ROW indices start at 1"
    place.refuse(index, told, "INVALID_FUNCTION_ARGUMENT")
    return None


def _lambda(node: Lambda, place: Context) -> None:
    """A lambda that no function takes: those of calls are found with the call."""
    told = "Lambda expression should always be used inside a function"
    place.refuse(node, told)


# functions with words of their own


def _cast(node: Cast, place: Context) -> Type | None:
    """`CAST(a AS type)`: the type that is written."""
    kind = place.infer(node.value)
    target = written_type(node.type, node, place)
    if target == UNKNOWN:
        place.refuse(node, "UNKNOWN is not a valid type")
        return None
    if kind is None or target is None:
        return target
    if not castable(kind, target):
        place.refuse(node, f"Cannot cast {kind} to {target}")
    return target


def written_type(name: TypeName, node: Node, place: Context) -> Type | None:
    """The type that is written; None where there is none, which is refused."""
    try:
        return _written(name)
    except ValueError as exc:
        told = str(exc)
    error = "TYPE_MISMATCH"
    if told.startswith("DECIMAL"):
        error = "INVALID_FUNCTION_ARGUMENT"
    place.refuse(node, told, error)
    return None


def _written(name: TypeName) -> Type:
    """The type that a name of one means. Raises ValueError."""
    arguments: list[Type | int] = []
    for one in name.arguments:
        if isinstance(one, int):
            arguments.append(one)
        else:
            arguments.append(_written(one))
    fields = tuple(one.lower() for one in name.names)
    return made_type(name.base, tuple(arguments), fields)


def _at_time_zone(node: AtTimeZone, place: Context) -> Type | None:
    """`a AT TIME ZONE b`: the same moment, with a time zone."""
    kind = place.infer(node.value)
    place.infer(node.zone)
    if kind is None:
        return None
    base = kind.base.removesuffix(" with time zone")
    if base not in {"time", "timestamp"}:
        told = "Type of value must be a time or timestamp with or without time zone"
        place.refuse(node.value, f"{told} (actual {kind})")
        return None
    zoned = Type(f"{base} with time zone", kind.arguments)
    place.convert(node.value, zoned)
    return zoned


def _extract(node: Extract, place: Context) -> Type:
    """`EXTRACT(year FROM a)`; refuse a field that the value has not."""
    kind = place.infer(node.value)
    if kind is None or kind == UNKNOWN:
        return BIGINT
    allowed = _EXTRACTED.get(node.field, _MOMENTS)
    if kind.base not in allowed:
        field = node.field.upper()
        told = f"Cannot extract {field} from {kind}"
        place.refuse(node.value, told)
    return BIGINT


def _trim(node: Trim, place: Context) -> Type | None:
    """`TRIM(BOTH a FROM b)`, which Trino reads as a call of a function."""
    nodes = [node.value]
    if node.what is not None:
        nodes.append(node.what)
    return calls.resolved(node, _TRIMS[node.side], nodes, place)


def _grouping(node: Grouping, place: Context) -> Type:
    """`GROUPING(a, b)`: a number whose bits tell what is grouped."""
    grouping.note(node, place.facts)
    for one in node.columns:
        place.infer(one)
    return INTEGER


def _json(node: JsonCall, place: Context) -> Type | None:
    """JSON_VALUE and its like: a text, if no other type is written."""
    for one in node.arguments:
        place.infer(one)
    if node.name == "json_exists":
        return BOOLEAN
    if node.returning is None:
        return VARCHAR
    return written_type(node.returning, node, place)


_READERS: Mapping[type, Callable[[Any, Context], Type | None]] = {
    Null: literals.null,
    Text: literals.text,
    Bytes: literals.bytes_,
    Boolean: literals.boolean,
    Number: literals.number,
    TypedText: literals.typed,
    Interval: literals.interval,
    Present: literals.present,
    Column: names.column,
    Field: names.field,
    Subscript: _subscript,
    Call: calls.call,
    Lambda: _lambda,
    Operation: operators.operation,
    Sign: operators.sign,
    Comparison: operators.comparison,
    QuantifiedComparison: _quantified,
    IsDistinct: operators.is_distinct,
    Between: operators.between,
    InList: operators.in_list,
    InQuery: _in_query,
    Like: operators.like,
    IsNull: operators.is_null,
    Not: operators.negation,
    And: operators.logical,
    Or: operators.logical,
    Exists: _exists,
    ScalarQuery: _scalar_query,
    Case: operators.case,
    Cast: _cast,
    AtTimeZone: _at_time_zone,
    Extract: _extract,
    Array: _array,
    Row: _row,
    Trim: _trim,
    Grouping: _grouping,
    JsonCall: _json,
}
