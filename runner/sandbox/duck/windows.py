"""Windows, and what aggregates have beside their arguments: DISTINCT, ORDER BY, FILTER and OVER."""

from __future__ import annotations

from collections.abc import Sequence

from runner.sandbox.duck import expressions
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.storage import INTEGERS, is_composite
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
    """DuckDB's call of an aggregate. Raises NotHere."""
    if node.window is not None and (node.distinct or node.order_by):
        raise NotHere("an aggregate with DISTINCT or ORDER BY over a window")
    inside = f"{'DISTINCT ' if node.distinct else ''}{', '.join(arguments)}"
    if node.order_by:
        inside += f" ORDER BY {sort_items(node.order_by, scope)}"
    only = ""
    if node.filter is not None:
        only = f" FILTER (WHERE {expressions.expression(node.filter, scope)})"
    return f"{name}({inside}){only}{over(node, scope)}"


def over(node: tree.Call, scope: Scope) -> str:
    """` OVER (…)`, or nothing. Raises NotHere."""
    return "" if node.window is None else f" OVER ({window(node.window, scope)})"


def window(node: tree.Window, scope: Scope) -> str:
    """What stands in OVER's parentheses; a named window is written out. Raises NotHere."""
    partition, order, frame = _whole(node, scope)
    parts = []
    if partition:
        shown = ", ".join(expressions.expression(one, scope) for one in partition)
        parts.append(f"PARTITION BY {shown}")
    if order:
        parts.append(f"ORDER BY {sort_items(order, scope)}")
    if frame is not None:
        parts.append(_frame(frame, order, scope))
    return " ".join(parts)


def _whole(
    node: tree.Window, scope: Scope
) -> tuple[tuple[tree.Expression, ...], tuple[tree.SortItem, ...], tree.Frame | None]:
    if node.base is None:
        return node.partition_by, node.order_by, node.frame
    known = scope.windows.get(node.base.key)
    if known is None:
        raise NotHere("a window whose name it does not know")
    partition, order, frame = _whole(known, scope)
    return node.partition_by or partition, node.order_by or order, node.frame or frame


def _frame(node: tree.Frame, order: Sequence[tree.SortItem], scope: Scope) -> str:
    if node.pattern:
        raise NotHere("MATCH_RECOGNIZE in a window")
    start = _bound(node.start, scope)
    bounds = [node.start] if node.stop is None else [node.start, node.stop]
    if node.kind == "range" and any(one.value is not None for one in bounds):
        _check_range(order, scope)
    if node.stop is None:
        return f"{node.kind.upper()} {start}"
    return f"{node.kind.upper()} BETWEEN {start} AND {_bound(node.stop, scope)}"


def _check_range(order: Sequence[tree.SortItem], scope: Scope) -> None:
    """Raises NotHere for a RANGE with a distance that is not one of whole numbers."""
    kinds = [scope.facts.result_of(one.expression).base for one in order]
    if len(kinds) != 1 or kinds[0] not in INTEGERS:
        raise NotHere("a window's RANGE with a distance")


def _bound(node: tree.Bound, scope: Scope) -> str:
    if node.value is None:
        return BOUNDS[node.kind]
    if not isinstance(node.value, tree.Number):
        raise NotHere("a window's frame that is no number")
    return f"{expressions.expression(node.value, scope)} {BOUNDS[node.kind]}"


def sort_items(items: Sequence[tree.SortItem], scope: Scope) -> str:
    """What stands behind ORDER BY in a call. Raises NotHere."""
    return ", ".join(
        f"{expressions.expression(one.expression, scope)} {direction(one)}"
        for one in items
        if orderable(one.expression, scope)
    )


def orderable(node: tree.Expression, scope: Scope) -> bool:
    """Always true. Raises NotHere for what DuckDB orders otherwise."""
    kind = scope.facts.result_of(node)
    if is_composite(kind) or kind.base in {"json", "char"}:
        raise NotHere(f"ORDER BY of {kind}")
    return True


def direction(item: tree.SortItem) -> str:
    """Trino puts NULL last, whatever the direction."""
    nulls = "FIRST" if item.nulls_first else "LAST"
    return f"{'DESC' if item.descending else 'ASC'} NULLS {nulls}"


def is_indifferent(node: tree.Call, scope: Scope, around: frozenset[str]) -> bool:
    """True where a call stands directly in one that does not look at an array's order."""
    return (
        scope.around is not None
        and scope.around.key in around
        and node in scope.around.arguments
    )


def ranking(node: tree.Call, scope: Scope, name: str, arguments: Sequence[str]) -> str:
    """A window function's call, such as ROW_NUMBER or LAG. Raises NotHere."""
    if node.window is None:
        raise NotHere(f"{name} without OVER")
    for argument in node.arguments[1:2]:
        if scope.facts.result_of(argument).base not in INTEGERS:
            raise NotHere(f"{name} with such an argument")
    nulls = " IGNORE NULLS" if node.nulls is tree.Nulls.IGNORE else ""
    return f"{name}({', '.join(arguments)}{nulls}){over(node, scope)}"
