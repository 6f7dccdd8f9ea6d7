"""Grouped queries: what is neither grouped nor aggregated, and where aggregates may not stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from runner.trino import tree
from runner.trino.analysis.facts import Facts, ReferenceKind
from runner.trino.analysis.place import Place
from runner.trino.analysis.scopes import Column
from runner.trino.analysis.shown import shown
from runner.trino.functions import kinds

_PLACES = frozenset({"at", "end", "sign_at"})


def is_aggregate(node: tree.Node) -> bool:
    """True for a call of an aggregate without OVER."""
    return (
        isinstance(node, tree.Call)
        and node.window is None
        and "aggregate" in kinds(node.key)
    )


def note(node: tree.Call | tree.Grouping, facts: Facts) -> None:
    """Note an aggregate, a window or a GROUPING, before what is inside it."""
    if isinstance(node, tree.Grouping) or node.window is not None or is_aggregate(node):
        facts.met.append(node)


def no_aggregates(
    node: tree.Expression,
    where: str,
    met: Sequence[tree.Call | tree.Grouping],
    place: Place,
) -> None:
    """Refuse the aggregates and windows that were met in an expression where none may stand."""
    if met:
        listed = ", ".join(shown(one) for one in met)
        told = f"{where} cannot contain aggregations, window functions or grouping operations: [{listed}]"
        place.facts.refuse(node, told, "EXPRESSION_NOT_SCALAR")


def check_nesting(met: Sequence[tree.Call | tree.Grouping], place: Place) -> None:
    """Refuse aggregates inside aggregates, and windows inside windows."""
    for number, node in enumerate(met):
        if not isinstance(node, tree.Call):
            continue
        inner = [
            one for one in _within(node, met[number + 1 :]) if _is_argument(one, node)
        ]
        if node.window is None:
            _check_aggregate(node, inner, place)
        elif any(_has_window(one) for one in inner):
            told = "Cannot nest window functions or row pattern measures inside window function arguments"
            place.facts.refuse(node, told, "NESTED_WINDOW")


def _within(
    node: tree.Call, later: Sequence[tree.Call | tree.Grouping]
) -> Iterator[tree.Call | tree.Grouping]:
    for one in later:
        if one.at >= node.end:
            return
        yield one


def _is_argument(one: tree.Call | tree.Grouping, node: tree.Call) -> bool:
    return any(argument.at <= one.at < argument.end for argument in node.arguments)


def _has_window(node: tree.Node) -> bool:
    return isinstance(node, tree.Call) and node.window is not None


def _check_aggregate(
    node: tree.Call, inner: Sequence[tree.Call | tree.Grouping], place: Place
) -> None:
    nested = [one for one in inner if is_aggregate(one)]
    windows = [one for one in inner if _has_window(one)]
    if nested:
        told = f"Cannot nest aggregations inside aggregation '{node.key}': [{', '.join(map(shown, nested))}]"
        place.facts.refuse(node, told, "NESTED_AGGREGATION")
    elif windows:
        listed = ", ".join(map(shown, windows))
        told = f"Cannot nest window functions or row pattern measures inside aggregation '{node.key}': [{listed}]"
        place.facts.refuse(node, told, "NESTED_WINDOW")
    elif node.distinct and not _sorts_by_arguments(node, Shapes(place.facts)):
        told = "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments"
        place.facts.refuse(
            node.order_by[0].expression, told, "EXPRESSION_NOT_IN_DISTINCT"
        )


def _sorts_by_arguments(node: tree.Call, shapes: Shapes) -> bool:
    taken = set(map(shapes.of, node.arguments))
    return all(shapes.of(item.expression) in taken for item in node.order_by)


# whether expressions are the same


class Shapes:
    """Numbers for expressions: those that mean the same have the same one."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.numbers: dict[Any, int] = {}
        self.known: dict[tree.Node, int] = {}

    def of(self, node: tree.Node) -> int:
        """The number of an expression."""
        found = self.known.get(node)
        if found is None:
            found = self.numbers.setdefault(self._key(node), len(self.numbers))
            self.known[node] = found
        return found

    def _key(self, node: tree.Node) -> Any:
        reference = self.facts.names.get(node)
        if reference is not None and reference.kind is not ReferenceKind.FIELD:
            return ("column", id(reference.column))
        if isinstance(node, tree.Identifier):
            return ("name", node.key)
        return (
            type(node).__name__,
            *(self._part(getattr(node, one)) for one in _named(type(node))),
        )

    def _part(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._part(one) for one in value)
        return self.of(value) if hasattr(value, "at") else value


_NAMED: dict[type, tuple[str, ...]] = {}


def _named(kind: type) -> tuple[str, ...]:
    found = _NAMED.get(kind)
    if found is None:
        found = _NAMED[kind] = tuple(
            one.name for one in fields(kind) if one.name not in _PLACES
        )
    return found


# what must be grouped


@dataclass(frozen=True, slots=True)
class Groups:
    """What a query is grouped by: the expressions, and the columns of the query's FROM."""

    shapes: Shapes
    keys: frozenset[int]
    source: frozenset[Column]
    outputs: frozenset[Column] = frozenset()
    """Columns that the query makes, which ORDER BY may name."""


def check_grouped(
    nodes: Sequence[tree.Expression], groups: Groups, place: Place
) -> None:
    """Refuse each expression that is not the same for all rows of a group."""
    for node in nodes:
        found = _ungrouped(node, groups)
        if found is None:
            continue
        if isinstance(found, _Clause):
            told = f"{found.word} expression '{shown(found.node)}' must be an aggregate expression or appear in "
            place.facts.refuse(
                found.node,
                told + "GROUP BY clause",
                "EXPRESSION_NOT_AGGREGATE",
                shown(found.node),
            )
        elif isinstance(found, _InQuery):
            told = f"Subquery uses '{shown(found.node)}' which must appear in GROUP BY clause"
            place.facts.refuse(
                found.node, told, "EXPRESSION_NOT_AGGREGATE", shown(found.node)
            )
        else:
            told = f"'{shown(node)}' must be an aggregate expression or appear in GROUP BY clause"
            place.facts.refuse(node, told, "EXPRESSION_NOT_AGGREGATE", shown(found))


@dataclass(frozen=True, slots=True)
class _Clause:
    """An expression of a window that is not grouped."""

    word: str
    node: tree.Expression


@dataclass(frozen=True, slots=True)
class _InQuery:
    """A column that a query inside uses, and that is not grouped."""

    node: tree.Node


_Ungrouped = tree.Node | _Clause | _InQuery | None


def _ungrouped(node: tree.Node, groups: Groups) -> _Ungrouped:
    """The first thing in an expression that is not grouped."""
    if isinstance(node, tree.Query):
        return _ungrouped_in_query(node, groups)
    if is_aggregate(node) or isinstance(
        node, (tree.Identifier, tree.TypeName, tree.Grouping)
    ):
        return None
    if groups.shapes.of(node) in groups.keys:
        return None
    reference = groups.shapes.facts.names.get(node)
    if reference is not None and reference.kind is not ReferenceKind.FIELD:
        return node if reference.column in groups.source else None
    if isinstance(node, tree.Window):
        return _ungrouped_in_window(node, groups)
    for one in tree.children(node):
        if (found := _ungrouped(one, groups)) is not None:
            return found
    return None


def _ungrouped_in_query(node: tree.Query, groups: Groups) -> _Ungrouped:
    facts = groups.shapes.facts
    for one in tree.walk(node):
        reference = facts.names.get(one)
        if (
            reference is not None
            and reference.column in groups.source
            and groups.shapes.of(one) not in groups.keys
        ):
            return _InQuery(one)
    return None


def _ungrouped_in_window(node: tree.Window, groups: Groups) -> _Ungrouped:
    for one in node.partition_by:
        if _ungrouped(one, groups) is not None:
            return _Clause("PARTITION BY", one)
    for item in node.order_by:
        if _ungrouped(item.expression, groups) is not None:
            return _Clause("ORDER BY", item.expression)
    return None
