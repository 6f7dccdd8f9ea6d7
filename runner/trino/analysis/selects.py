"""The columns of SELECT, and what stands in its clauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeGuard

from runner.trino import tree
from runner.trino.analysis import windows
from runner.trino.analysis.grouping import (
    Groups,
    Shapes,
    check_grouped,
    check_nesting,
    is_aggregate,
    no_aggregates,
)
from runner.trino.analysis.place import Place
from runner.trino.analysis.relations import relation
from runner.trino.analysis.scopes import Column, Relation, scope_of
from runner.trino.analysis.shown import parts, shown
from runner.trino.tree import GroupingKind
from runner.trino.types import BOOLEAN, Type, coerces, comparable, orderable


def select(
    node: tree.Select, order_by: Sequence[tree.SortItem], place: Place
) -> Relation:
    """The columns of a SELECT; ORDER BY may name both what it makes and what it reads."""
    source = Relation() if node.from_ is None else relation(node.from_, place)
    here = place.within(scope_of(source.columns, place.scope, is_query=True))
    here = replace(here, windows=_windows(node, here))
    if node.where is not None:
        mark = len(here.facts.met)
        _condition(node.where, "WHERE clause must evaluate to a boolean", here)
        no_aggregates(node.where, "WHERE clause", here.facts.met[mark:], here)
    mark = len(here.facts.met)
    made = _items(node, source, here)
    refused = len(here.facts.refusals)
    keys = _group_by(node, here)
    are_keys_known = refused == len(here.facts.refusals)
    if node.having is not None:
        _having(node.having, here)
    found = Relation(tuple(made))
    above = here.within(scope_of([one.under(()) for one in made], here.scope))
    order(order_by, found, above)
    check_nesting(here.facts.met[mark:], here)
    if are_keys_known:
        _check_groups(node, order_by, keys, source, here.facts.met[mark:], above)
    if node.distinct:
        _check_distinct(node, order_by, above)
    return found


def _windows(node: tree.Select, place: Place) -> dict[str, tree.Window]:
    found: dict[str, tree.Window] = {}
    for one in node.windows:
        if one.name.key in found:
            told = f"WINDOW name '{one.name.name}' specified more than once"
            place.facts.refuse(one, told, "DUPLICATE_WINDOW_NAME", one.name.name)
        windows.analyze(one.window, place)
        found[one.name.key] = one.window
    return found


def _condition(node: tree.Expression, told: str, place: Place) -> None:
    kind = place.infer(node)
    if kind is not None and not coerces(kind, BOOLEAN):
        place.facts.refuse(node, f"{told}: actual type {kind}")


def _having(node: tree.Expression, place: Place) -> None:
    mark = len(place.facts.met)
    _condition(node, "HAVING clause must evaluate to a boolean", place)
    if any(
        isinstance(one, tree.Call) and one.window is not None
        for one in place.facts.met[mark:]
    ):
        told = "HAVING clause cannot contain window functions or row pattern measures"
        place.facts.refuse(node, told, "NESTED_WINDOW")


# SELECT


def _items(node: tree.Select, source: Relation, place: Place) -> list[Column]:
    made: list[Column] = []
    for item in node.items:
        if isinstance(item, tree.Star):
            made += _star(item, node, source, place)
            continue
        kind = place.infer(item.expression)
        if node.distinct and kind is not None and not comparable(kind):
            told = f"DISTINCT can only be applied to comparable types (actual: {kind}): {shown(item.expression)}"
            place.facts.refuse(item.expression, told)
        made.append(Column(_name(item), kind))
    return made


def _name(item: tree.SelectItem) -> str | None:
    if item.alias is not None:
        return item.alias.name
    return item.expression.name.name if _is_name(item.expression) else None


def _is_name(node: tree.Expression) -> TypeGuard[tree.Column | tree.Field]:
    return parts(node) is not None


def _star(
    item: tree.Star, node: tree.Select, source: Relation, place: Place
) -> list[Column]:
    if item.base is not None:
        return _star_of(item, item.base, source, place)
    if node.from_ is None:
        told = "SELECT * not allowed in queries without FROM clause"
        place.facts.refuse(item, told, "COLUMN_NOT_FOUND")
    return [one.under(()) for one in source.columns]


def _star_of(
    item: tree.Star, base: tree.Expression, source: Relation, place: Place
) -> list[Column]:
    names = parts(base)
    found = [one for one in source.columns if names is not None and one.is_of(names)]
    if not found:
        found = _of_row(item, base, source, place)
    if item.aliases and all(not one.wild for one in found):
        if len(item.aliases) != len(found):
            told = f"Column alias list has {len(item.aliases)} entries but relation has {len(found)} columns"
            place.facts.refuse(item, told, "MISMATCHED_COLUMN_ALIASES")
            return [Column(None, None, wild=True)]
        return [
            Column(name.name, one.type)
            for name, one in zip(item.aliases, found, strict=True)
        ]
    return [one.under(()) for one in found]


def _of_row(
    item: tree.Star, base: tree.Expression, source: Relation, place: Place
) -> list[Column]:
    """`base.*` where the base is no relation here: one further out, or a row."""
    names = parts(base)
    scope = place.scope.parent
    while scope is not None and names is not None:
        if found := [one for one in scope.columns if one.is_of(names)]:
            return found
        scope = scope.parent
    if names is not None and not source.is_known:
        return [Column(None, None, wild=True)]
    if names is not None and not any(one.key == names[-1] for one in source.columns):
        told = f"Unable to resolve reference {'.'.join(names)}"
        known = sorted({one.relation[-1] for one in source.columns if one.relation})
        place.facts.refuse(item, told, "TABLE_NOT_FOUND", ".".join(names), known)
        return [Column(None, None, wild=True)]
    kind = place.infer(base)
    if kind is None or kind.base != "row":
        if kind is not None:
            place.facts.refuse(base, "expected expression of type Row")
        return [Column(None, None, wild=True)]
    named = kind.names or ("",) * len(kind.elements)
    return [
        Column(name or None, one)
        for name, one in zip(named, kind.elements, strict=True)
    ]


# GROUP BY


def _group_by(node: tree.Select, place: Place) -> list[tree.Expression]:
    """The expressions that a query is grouped by; numbers stand for what they count."""
    keys: list[tree.Expression] = []
    if node.group_by is None:
        return keys
    for element in node.group_by.elements:
        for one in (each for group in element.sets for each in group):
            keys += _group(one, element.kind, node, place)
    return keys


def _group(
    one: tree.Expression, kind: GroupingKind, node: tree.Select, place: Place
) -> Sequence[tree.Expression]:
    if (
        kind is GroupingKind.SIMPLE
        and isinstance(one, tree.Number)
        and one.kind is tree.NumberKind.INTEGER
    ):
        return _counted(one, node, place)
    mark = len(place.facts.met)
    its = place.infer(one)
    no_aggregates(one, "GROUP BY clause", place.facts.met[mark:], place)
    if (
        kind is not GroupingKind.SIMPLE
        and not isinstance(one, tree.Number)
        and parts(one) is None
    ):
        told = f"GROUP BY expression must be a column reference: {shown(one)}"
        place.facts.refuse(one, told, "INVALID_COLUMN_REFERENCE")
    if its is not None and not comparable(its):
        place.facts.refuse(
            one, f"{its} is not comparable, and therefore cannot be used in GROUP BY"
        )
    return (one,)


def _counted(
    one: tree.Number, node: tree.Select, place: Place
) -> Sequence[tree.Expression]:
    """The item of SELECT that a number in GROUP BY means."""
    place.facts.types[one] = Type("integer")
    if any(isinstance(item, tree.Star) for item in node.items):
        return (one,)
    at = int(one.text, 0)
    if not 1 <= at <= len(node.items):
        told = f"GROUP BY position {at} is not in select list"
        place.facts.refuse(one, told, "INVALID_COLUMN_REFERENCE")
        return ()
    item = node.items[at - 1]
    if not isinstance(item, tree.SelectItem):
        return ()
    inside = [each for each in place.facts.met if item.at <= each.at < item.end]
    no_aggregates(item.expression, "GROUP BY clause", inside, place)
    its = place.facts.types.get(item.expression)
    if its is not None and not comparable(its):
        place.facts.refuse(
            item.expression,
            f"{its} is not comparable, and therefore cannot be used in GROUP BY",
        )
    return (item.expression,)


def _check_groups(
    node: tree.Select,
    order_by: Sequence[tree.SortItem],
    keys: Sequence[tree.Expression],
    source: Relation,
    met: Sequence[tree.Call | tree.Grouping],
    place: Place,
) -> None:
    items = [
        item.expression for item in node.items if isinstance(item, tree.SelectItem)
    ]
    asked = items if node.having is None else [*items, node.having]
    sorted_by = [
        item.expression
        for item in order_by
        if not isinstance(item.expression, tree.Number)
    ]
    if (
        node.group_by is None
        and node.having is None
        and not any(map(is_aggregate, met))
    ):
        return
    stars = any(isinstance(item, tree.Star) for item in node.items)
    if any(isinstance(one, tree.Number) for one in keys):
        # a number that counts through a star, or stands in ROLLUP: what it means is not told apart
        return
    shapes = Shapes(place.facts)
    groups = Groups(shapes, frozenset(map(shapes.of, keys)), frozenset(source.columns))
    check_grouped([*asked, *sorted_by], groups, place)
    if stars:
        _check_stars(node, keys, source, place)


def _check_stars(
    node: tree.Select, keys: Sequence[tree.Expression], source: Relation, place: Place
) -> None:
    grouped = {
        place.facts.names[one].column for one in keys if one in place.facts.names
    }
    for item in node.items:
        if not isinstance(item, tree.Star) or not source.is_known:
            continue
        names = () if item.base is None else parts(item.base)
        for one in source.columns:
            if names is not None and one.is_of(names) and one not in grouped:
                named = ".".join((*one.relation, one.key))
                told = f"Column '{named}' not in GROUP BY clause"
                place.facts.refuse(item, told, "EXPRESSION_NOT_AGGREGATE", named)
                return


# ORDER BY


def order(order_by: Sequence[tree.SortItem], found: Relation, place: Place) -> None:
    """Check what a query is ordered by."""
    for item in order_by:
        one = item.expression
        if isinstance(one, tree.Number) and one.kind is tree.NumberKind.INTEGER:
            at = int(one.text, 0)
            place.facts.types[one] = Type("integer")
            if found.is_known and not 1 <= at <= len(found.columns):
                told = f"ORDER BY position {at} is not in select list"
                place.facts.refuse(one, told, "INVALID_COLUMN_REFERENCE")
                continue
            kind = found.columns[at - 1].type if found.is_known else None
        else:
            kind = place.infer(one)
        if kind is not None and not orderable(kind):
            told = f"Type {kind} is not orderable, and therefore cannot be used in ORDER BY: {shown(one)}"
            place.facts.refuse(one, told)


def _check_distinct(
    node: tree.Select, order_by: Sequence[tree.SortItem], place: Place
) -> None:
    """ORDER BY of SELECT DISTINCT may use only what is selected."""
    if any(isinstance(item, tree.Star) for item in node.items):
        return
    shapes = Shapes(place.facts)
    made = {
        shapes.of(item.expression)
        for item in node.items
        if isinstance(item, tree.SelectItem)
    }
    for item in order_by:
        one = item.expression
        if isinstance(one, tree.Number) or shapes.of(one) in made:
            continue
        # what names the columns that are made is not told apart from what makes them
        if _uses(one, place.scope.columns, place):
            continue
        told = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
        place.facts.refuse(node, told, "EXPRESSION_NOT_IN_DISTINCT")
        return


def _uses(node: tree.Expression, columns: Sequence[Column], place: Place) -> bool:
    """True where an expression names one of these columns, or what is not known."""
    for one in tree.walk(node):
        if not isinstance(one, (tree.Column, tree.Field)):
            continue
        reference = place.facts.names.get(one)
        if reference is None or any(reference.column is column for column in columns):
            return True
    return False
