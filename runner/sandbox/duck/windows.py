"""Windows, and what a call has beside its arguments: DISTINCT, ORDER BY, FILTER and OVER."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.sandbox.duck import expressions
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.ordering import sort_items
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.storage import INTEGERS
from runner.trino import tree

BOUNDS = {
    tree.BoundKind.UNBOUNDED_PRECEDING: "UNBOUNDED PRECEDING",
    tree.BoundKind.CURRENT_ROW: "CURRENT ROW",
    tree.BoundKind.UNBOUNDED_FOLLOWING: "UNBOUNDED FOLLOWING",
    tree.BoundKind.PRECEDING: "PRECEDING",
    tree.BoundKind.FOLLOWING: "FOLLOWING",
}


def aggregate(
    node: tree.Call, scope: Scope, name: str, arguments: Sequence[str]
) -> str:
    """DuckDB's call of an aggregate, with these arguments. Raises NotHere."""
    if node.window is not None and (node.distinct or node.order_by):
        raise NotHere("an aggregate with DISTINCT or ORDER BY over a window")
    inside = ", ".join(arguments)
    if node.distinct:
        inside = f"DISTINCT {inside}"
    if node.order_by:
        order = sort_items(node.order_by, scope)
        inside += f" ORDER BY {order}"
    call = f"{name}({inside})"
    if node.filter is not None:
        condition = expressions.expression(node.filter, scope)
        call += f" FILTER (WHERE {condition})"
    return call + over(node, scope)


def ranking(node: tree.Call, scope: Scope, name: str, arguments: Sequence[str]) -> str:
    """A window function's call, such as ROW_NUMBER or LAG. Raises NotHere."""
    if node.window is None:
        raise NotHere(f"{name} without OVER")
    # a second argument is a distance or a place
    for argument in node.arguments[1:2]:
        kind = scope.result_of(argument)
        if kind.base not in INTEGERS:
            raise NotHere(f"{name} with such an argument")
    inside = ", ".join(arguments)
    if node.nulls is tree.Nulls.IGNORE:
        inside += " IGNORE NULLS"
    around = over(node, scope)
    return f"{name}({inside}){around}"


def over(node: tree.Call, scope: Scope) -> str:
    """` OVER (…)`; "" for a call without it. Raises NotHere."""
    if node.window is None:
        return ""
    inside = window(node.window, scope)
    return f" OVER ({inside})"


def window(node: tree.Window, scope: Scope) -> str:
    """What stands in OVER's parentheses; a named window is written out. Raises NotHere."""
    whole = _whole(node, scope)
    parts = []
    if whole.partition_by:
        columns = [expressions.expression(one, scope) for one in whole.partition_by]
        listed = ", ".join(columns)
        parts.append(f"PARTITION BY {listed}")
    if whole.order_by:
        order = sort_items(whole.order_by, scope)
        parts.append(f"ORDER BY {order}")
    if whole.frame is not None:
        frame = _frame(whole.frame, whole.order_by, scope)
        parts.append(frame)
    return " ".join(parts)


def _whole(node: tree.Window, scope: Scope) -> tree.Window:
    """A window with what it takes over from the window that it names."""
    if node.base is None:
        return node
    known = scope.windows.get(node.base.key)
    if known is None:
        raise NotHere("a window whose name it does not know")
    base = _whole(known, scope)
    return replace(
        node,
        base=None,
        partition_by=node.partition_by or base.partition_by,
        order_by=node.order_by or base.order_by,
        frame=node.frame or base.frame,
    )


def _frame(node: tree.Frame, order: Sequence[tree.SortItem], scope: Scope) -> str:
    """`ROWS BETWEEN … AND …` and its like."""
    if node.pattern:
        raise NotHere("MATCH_RECOGNIZE in a window")
    unit = node.kind.upper()
    start = _bound(node.start, scope)
    if node.kind == "range" and _has_distance(node):
        _check_range(order, scope)
    if node.stop is None:
        return f"{unit} {start}"
    stop = _bound(node.stop, scope)
    return f"{unit} BETWEEN {start} AND {stop}"


def _has_distance(node: tree.Frame) -> bool:
    """True where a frame begins or ends so many values before or after a row."""
    if node.start.value is not None:
        return True
    return node.stop is not None and node.stop.value is not None


def _check_range(order: Sequence[tree.SortItem], scope: Scope) -> None:
    """Raises NotHere for a RANGE with a distance that is not one of whole numbers."""
    kinds = [scope.result_of(one.expression).base for one in order]
    if len(kinds) != 1 or kinds[0] not in INTEGERS:
        raise NotHere("a window's RANGE with a distance")


def _bound(node: tree.Bound, scope: Scope) -> str:
    """Where a frame begins or ends. Raises NotHere."""
    word = BOUNDS[node.kind]
    if node.value is None:
        return word
    if not isinstance(node.value, tree.Number):
        raise NotHere("a window's frame that is no number")
    distance = expressions.expression(node.value, scope)
    return f"{distance} {word}"


def is_indifferent(node: tree.Call, scope: Scope, around: frozenset[str]) -> bool:
    """True where a call stands directly in one of these calls around it.

    They are functions that do not look at an array's order.
    """
    call = scope.around
    if call is None or call.key not in around:
        return False
    return node in call.arguments
