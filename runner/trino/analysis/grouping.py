"""Grouped queries: what is neither grouped nor aggregated, and where aggregates may not stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeGuard

from runner.trino.analysis.facts import Facts, Met, Reference, ReferenceKind
from runner.trino.analysis.place import Context
from runner.trino.analysis.scopes import Column
from runner.trino.analysis.shown import listed, shown
from runner.trino.functions import kinds
from runner.trino.tree import (
    Call,
    Expression,
    Grouping,
    Identifier,
    Node,
    Query,
    TypeName,
    Window,
    children,
    walk,
)

_PLACES = frozenset({"at", "end", "sign_at"})


def is_aggregate(node: Node) -> bool:
    """True for a call of an aggregate without OVER."""
    if not isinstance(node, Call) or node.window is not None:
        return False
    return "aggregate" in kinds(node.key)


def has_window(node: Node) -> bool:
    """True for a call with OVER."""
    return isinstance(node, Call) and node.window is not None


def note(node: Met, facts: Facts) -> None:
    """Note an aggregate, a window or a GROUPING, before what is inside it."""
    if isinstance(node, Grouping) or node.window is not None or is_aggregate(node):
        facts.met.append(node)


def no_aggregates(
    node: Expression, where: str, met: Sequence[Met], place: Context
) -> None:
    """Refuse the aggregates and windows that were met in an expression where none may stand."""
    if not met:
        return
    told = (
        f"{where} cannot contain aggregations, window functions or grouping operations:"
        f" [{listed(met)}]"
    )
    place.refuse(node, told, "EXPRESSION_NOT_SCALAR")


def check_nesting(met: Sequence[Met], place: Context) -> None:
    """Refuse aggregates inside aggregates, and windows inside windows."""
    for number, node in enumerate(met):
        if not isinstance(node, Call):
            continue
        later = met[number + 1 :]
        inner = [one for one in _within(node, later) if _is_argument(one, node)]
        if node.window is None:
            _check_aggregate(node, inner, place)
        elif any(map(has_window, inner)):
            told = (
                "Cannot nest window functions or row pattern measures"
                " inside window function arguments"
            )
            place.refuse(node, told, "NESTED_WINDOW")


def _within(node: Call, later: Sequence[Met]) -> Iterator[Met]:
    """Those that stand in a call. What was met is in the order of the text."""
    for one in later:
        if one.at >= node.end:
            return
        yield one


def _is_argument(one: Met, node: Call) -> bool:
    """True where what was met stands in an argument, and not in FILTER or OVER."""
    return any(argument.at <= one.at < argument.end for argument in node.arguments)


def _check_aggregate(node: Call, inner: Sequence[Met], place: Context) -> None:
    """What Trino refuses inside an aggregate: the first of these, as it does."""
    nested = list(filter(is_aggregate, inner))
    windows = list(filter(has_window, inner))
    if nested:
        what = f"Cannot nest aggregations inside aggregation '{node.key}'"
        told = f"{what}: [{listed(nested)}]"
        place.refuse(node, told, "NESTED_AGGREGATION")
    elif windows:
        what = (
            "Cannot nest window functions or row pattern measures"
            f" inside aggregation '{node.key}'"
        )
        told = f"{what}: [{listed(windows)}]"
        place.refuse(node, told, "NESTED_WINDOW")
    elif node.distinct and not _sorts_by_arguments(node, Shapes(place.facts)):
        told = (
            "For aggregate function with DISTINCT,"
            " ORDER BY expressions must appear in arguments"
        )
        first = node.order_by[0].expression
        place.refuse(first, told, "EXPRESSION_NOT_IN_DISTINCT")


def _sorts_by_arguments(node: Call, shapes: Shapes) -> bool:
    """True where each expression of ORDER BY is an argument too."""
    taken = set(map(shapes.of, node.arguments))
    sorted_by = [shapes.of(item.expression) for item in node.order_by]
    return taken.issuperset(sorted_by)


# whether expressions are the same


class Shapes:
    """Numbers for expressions: those that mean the same have the same one."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.numbers: dict[Any, int] = {}
        self.known: dict[Node, int] = {}

    def of(self, node: Node) -> int:
        """The number of an expression."""
        found = self.known.get(node)
        if found is None:
            # the parts are numbers, so a key is never deeper than one level
            found = self.numbers.setdefault(self._key(node), len(self.numbers))
            self.known[node] = found
        return found

    def _key(self, node: Node) -> Any:
        """What two expressions of the same meaning share."""
        reference = self.facts.names.get(node)
        if _is_column(reference):
            # `a`, `t.a` and `T.A` are the same column
            return ("column", id(reference.column))
        if isinstance(node, Identifier):
            return ("name", node.key)
        kind = type(node)
        parts = (self._part(getattr(node, name)) for name in _named(kind))
        return (kind.__name__, *parts)

    def _part(self, value: Any) -> Any:
        """The key of what a field of a node holds."""
        if isinstance(value, tuple):
            return tuple(map(self._part, value))
        if hasattr(value, "at"):
            return self.of(value)
        return value


def _is_column(reference: Reference | None) -> TypeGuard[Reference]:
    """True for a column or a lambda's argument, and false for a field of a row."""
    return reference is not None and reference.kind is not ReferenceKind.FIELD


_NAMED: dict[type, tuple[str, ...]] = {}


def _named(kind: type) -> tuple[str, ...]:
    """The fields of a kind of node that say what it means, and not where it stands."""
    found = _NAMED.get(kind)
    if found is None:
        found = tuple(one.name for one in fields(kind) if one.name not in _PLACES)
        _NAMED[kind] = found
    return found


# what must be grouped


@dataclass(frozen=True, slots=True)
class Groups:
    """What a query is grouped by: the expressions, and the columns of the query's FROM."""

    shapes: Shapes
    keys: frozenset[int]
    source: frozenset[Column]


def check_grouped(nodes: Sequence[Expression], groups: Groups, place: Context) -> None:
    """Refuse each expression that is not the same for all rows of a group."""
    for node in nodes:
        found = _ungrouped(node, groups)
        if found is not None:
            _refuse(node, found, place)


def _refuse(node: Expression, found: _Ungrouped, place: Context) -> None:
    """Refuse an expression because of what in it is not grouped."""
    match found:
        case _Clause(word, inner):
            at: Node = inner
            what = f"{word} expression '{shown(inner)}' must be"
            told = f"{what} an aggregate expression or appear in GROUP BY clause"
        case _InQuery(inner):
            at = inner
            what = f"Subquery uses '{shown(inner)}' which must"
            told = f"{what} appear in GROUP BY clause"
        case inner:
            at = node
            what = f"'{shown(node)}' must be"
            told = f"{what} an aggregate expression or appear in GROUP BY clause"
    place.refuse(at, told, "EXPRESSION_NOT_AGGREGATE", shown(inner))


@dataclass(frozen=True, slots=True)
class _Clause:
    """An expression of a window that is not grouped."""

    word: str
    node: Expression


@dataclass(frozen=True, slots=True)
class _InQuery:
    """A column that a query inside uses, and that is not grouped."""

    node: Node


_Ungrouped = Node | _Clause | _InQuery


def _ungrouped(node: Node, groups: Groups) -> _Ungrouped | None:
    """The first thing in an expression that is not grouped."""
    if isinstance(node, Query):
        return _ungrouped_in_query(node, groups)
    if isinstance(node, (Identifier, TypeName, Grouping)) or is_aggregate(node):
        return None
    if groups.shapes.of(node) in groups.keys:
        return None
    reference = groups.shapes.facts.names.get(node)
    if _is_column(reference):
        # a column of a query further out is one value for all rows here
        return node if reference.column in groups.source else None
    if isinstance(node, Window):
        return _ungrouped_in_window(node, groups)
    for one in children(node):
        found = _ungrouped(one, groups)
        if found is not None:
            return found
    return None


def _ungrouped_in_query(node: Query, groups: Groups) -> _Ungrouped | None:
    """The first column that a query inside takes from this one ungrouped."""
    facts = groups.shapes.facts
    for one in walk(node):
        reference = facts.names.get(one)
        if reference is None or reference.column not in groups.source:
            continue
        if groups.shapes.of(one) not in groups.keys:
            return _InQuery(one)
    return None


def _ungrouped_in_window(node: Window, groups: Groups) -> _Ungrouped | None:
    """The first expression of a window that is not grouped."""
    for one in node.partition_by:
        if _ungrouped(one, groups) is not None:
            return _Clause("PARTITION BY", one)
    for item in node.order_by:
        if _ungrouped(item.expression, groups) is not None:
            return _Clause("ORDER BY", item.expression)
    return None
