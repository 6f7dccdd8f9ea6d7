"""Columns of a grouped query that are neither grouped nor inside an aggregate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from runner.trino import functions, tree
from runner.trino.surroundings import Column, Refusal, fits, parts

PLACES = frozenset({"at", "end", "quoted"})


def refused(node: tree.Select, order_by: Sequence[tree.SortItem], columns: Sequence[Column]) -> Refusal | None:
    """The first column that Trino refuses in a grouped query; None where there is none."""
    items = [item for item in node.items if isinstance(item, tree.SelectItem)]
    asked = [item.expression for item in items]
    if node.having is not None:
        asked.append(node.having)
    if node.group_by is None and not any(_has_aggregate(one) for one in asked):
        return None
    keys = set(_keys(node, items, columns))
    named = {item.alias.key for item in items if item.alias}
    asked += [
        item.expression
        for item in order_by
        if not isinstance(item.expression, tree.Number) and not _names(item.expression, named)
    ]
    for one in asked:
        if found := _ungrouped(one, keys, columns):
            return found
    return None


def _names(node: tree.Expression, named: set[str]) -> bool:
    return any(isinstance(one, tree.Column) and one.name.key in named for one in tree.walk(node))


def _keys(node: tree.Select, items: Sequence[tree.SelectItem], columns: Sequence[Column]) -> Iterator[Any]:
    for element in node.group_by.elements if node.group_by else ():
        for one in (each for group in element.sets for each in group):
            if isinstance(one, tree.Number) and len(items) == len(node.items):
                yield _shape(items[int(one.text) - 1].expression, columns)
            else:
                yield _shape(one, columns)


def _shape(value: Any, columns: Sequence[Column]) -> Any:
    """What makes two expressions the same: everything but their places, and columns by what they mean."""
    if isinstance(value, tuple):
        return tuple(_shape(one, columns) for one in value)
    if not hasattr(value, "at"):
        return value
    names = parts(value)
    if names and (found := _column(names, columns)):
        return ("column", id(found))
    shown = tuple(_shape(getattr(value, one.name), columns) for one in fields(value) if one.name not in PLACES)
    return (type(value).__name__, value.key if isinstance(value, tree.Identifier) else shown)


def _column(names: tuple[str, ...], columns: Sequence[Column]) -> Column | None:
    return next((one for one in columns if one.name == names[-1] and fits(one, names[:-1])), None)


def _is_aggregate(node: tree.Node) -> bool:
    if not isinstance(node, tree.Call) or node.window is not None:
        return False
    return any(one.kind == "aggregate" for one in functions.signatures(node.key)) or node.key == "listagg"


def _has_aggregate(node: tree.Node) -> bool:
    if isinstance(node, tree.Query):
        return False
    return _is_aggregate(node) or any(_has_aggregate(one) for one in tree.children(node))


def _ungrouped(node: tree.Node, keys: set[Any], columns: Sequence[Column]) -> Refusal | None:
    if isinstance(node, (tree.Query, tree.Lambda, tree.Identifier, tree.Grouping)) or _is_aggregate(node):
        return None
    if _shape(node, columns) in keys:
        return None
    names = parts(node)
    if names and _column(names, columns):
        shown = ".".join(names)
        told = f"'{shown}' must be an aggregate expression or appear in GROUP BY clause"
        return Refusal(node.at, node.end, "EXPRESSION_NOT_AGGREGATE", told, shown)
    for one in tree.children(node):
        if refusal := _ungrouped(one, keys, columns):
            return refusal
    return None
