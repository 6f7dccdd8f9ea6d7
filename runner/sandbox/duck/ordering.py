"""ORDER BY: which values DuckDB orders as Trino does, and where NULL stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.sandbox.duck import expressions
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Named, Scope
from runner.sandbox.duck.shapes import Item
from runner.sandbox.duck.storage import UNKNOWN, is_composite
from runner.trino import tree
from runner.trino.types import Type


def check_order(kind: Type) -> None:
    """Raises NotHere for a type whose values DuckDB orders otherwise."""
    if is_composite(kind) or kind.base in {"json", "char"}:
        raise NotHere(f"ORDER BY of {kind}")


def direction(item: tree.SortItem) -> str:
    """`ASC NULLS LAST` and its like. Trino puts NULL last, whatever the direction."""
    way = "ASC"
    if item.descending:
        way = "DESC"
    if item.nulls_first:
        return f"{way} NULLS FIRST"
    return f"{way} NULLS LAST"


def sort_items(items: Sequence[tree.SortItem], scope: Scope) -> str:
    """What stands behind ORDER BY in a call. Raises NotHere."""
    shown = []
    for item in items:
        kind = scope.result_of(item.expression)
        check_order(kind)
        sql = expressions.expression(item.expression, scope)
        shown.append(f"{sql} {direction(item)}")
    return ", ".join(shown)


def order_by(
    sorting: Sequence[tree.SortItem],
    items: Sequence[Item],
    scope: Scope,
    *,
    distinct: bool,
) -> str:
    """` ORDER BY …` of a query with these columns; "" where it has none.

    A column is named by its place, since DuckDB would read its name otherwise. Raises
    NotHere.
    """
    if not sorting:
        return ""
    shown = []
    for item in sorting:
        key = _sort_key(item.expression, items, scope, distinct=distinct)
        shown.append(f"{key} {direction(item)}")
    listed = ", ".join(shown)
    return f" ORDER BY {listed}"


def _sort_key(
    node: tree.Expression, items: Sequence[Item], scope: Scope, *, distinct: bool
) -> str:
    """The place of a column, from 1; an expression where it is no column."""
    names = [one.name for one in items]
    place = _place(node, names)
    if place is not None:
        check_order(items[place].type)
        return str(place + 1)
    kind = scope.result_of(node)
    check_order(kind)
    here = _with_outputs(scope, items)
    sql = expressions.expression(node, here)
    for number, one in enumerate(items, start=1):
        if one.sql == sql:
            return str(number)
    if distinct:
        raise NotHere("ORDER BY of what SELECT DISTINCT does not show")
    return sql


def _with_outputs(scope: Scope, items: Sequence[Item]) -> Scope:
    """ORDER BY sees the select items before the columns of FROM, which stay behind
    their qualifiers. A name that several items have means none of them.
    """
    names = [one.name for one in items]
    outputs = []
    for one in items:
        if one.name and names.count(one.name) == 1:
            output = Named(one.name, (), one.sql, UNKNOWN)
            outputs.append(output)
    columns = (*outputs, *scope.columns)
    return replace(scope, columns=columns)


def _place(node: tree.Expression, names: Sequence[str]) -> int | None:
    """Which column a number or a name means, from 0; None where it means none."""
    if tree.is_whole(node):
        return int(node.text) - 1
    if isinstance(node, tree.Column) and node.name.key in names:
        return names.index(node.name.key)
    return None
