"""SELECT: its columns, its conditions, and its groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.sandbox.duck import expressions, ordering, relations
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import NamedColumns, Scope, of_relation, parts
from runner.sandbox.duck.shapes import Item, Made, as_numbered
from runner.sandbox.duck.storage import storage
from runner.sandbox.duck.zones import UTC, zone_of
from runner.trino import tree
from runner.trino.types import Type

GROUPINGS = {
    tree.GroupingKind.ROLLUP: "ROLLUP",
    tree.GroupingKind.CUBE: "CUBE",
    tree.GroupingKind.SETS: "GROUPING SETS",
}


def select(
    node: tree.Select, sorting: Sequence[tree.SortItem], scope: Scope
) -> tuple[Made, str]:
    """A SELECT with its columns, and the text of the ORDER BY behind it.

    Raises NotHere.
    """
    source, columns = _source(node, scope)
    windows = {one.name.key: one.window for one in node.windows}
    here = replace(scope, columns=columns, windows=windows)
    items = _items(node.items, here)
    word = "SELECT"
    if node.distinct:
        word = "SELECT DISTINCT"
    shown = as_numbered(one.sql for one in items)
    conditions = _conditions(node, items, here)
    if node.distinct:
        _check_distinct(items)
    made_columns = tuple((one.name, one.type) for one in items)
    made = Made(f"{word} {shown}{source}{conditions}", made_columns)
    order = ordering.order_by(sorting, items, here, distinct=node.distinct)
    return made, order


def _source(node: tree.Select, scope: Scope) -> tuple[str, NamedColumns]:
    """` FROM …`, and the columns that can be named then."""
    if node.from_ is None:
        return "", ()
    inside = relations.relation(node.from_, scope)
    return f" FROM {inside.sql}", inside.columns


def _conditions(node: tree.Select, items: Sequence[Item], scope: Scope) -> str:
    """WHERE, GROUP BY and HAVING, each with a space before it."""
    sql = ""
    if node.where is not None:
        condition = expressions.expression(node.where, scope)
        sql += f" WHERE {condition}"
    if node.group_by is not None:
        groups = _grouping(node.group_by, items, scope)
        sql += f" GROUP BY {groups}"
    if node.having is not None:
        condition = expressions.expression(node.having, scope)
        sql += f" HAVING {condition}"
    return sql


def _check_distinct(items: Sequence[Item]) -> None:
    """Raises NotHere for maps, which DuckDB does not compare as Trino does."""
    for one in items:
        if one.type.base == "map":
            raise NotHere("DISTINCT of maps")


# columns


def _items(nodes: Sequence[tree.SelectItem | tree.Star], scope: Scope) -> list[Item]:
    """The columns of a SELECT, with those that `*` stands for."""
    items: list[Item] = []
    for node in nodes:
        if isinstance(node, tree.Star):
            items += _star(node, scope)
        else:
            items.append(_item(node, scope))
    return items


def _item(node: tree.SelectItem, scope: Scope) -> Item:
    """One column of a SELECT. Raises NotHere."""
    sql = expressions.expression(node.expression, scope)
    kind = scope.result_of(node.expression)
    # asked for what it raises: a type that DuckDB does not keep
    storage(kind)
    if kind.base == "timestamp with time zone":
        _check_zone(node.expression, scope)
    name = _item_name(node)
    return Item(sql, name, kind, node.expression)


def _check_zone(node: tree.Expression, scope: Scope) -> None:
    """Raises NotHere for a moment whose zone a column of DuckDB would lose."""
    if zone_of(node, scope) != UTC:
        raise NotHere("a column of moments in another time zone than UTC")


def _item_name(node: tree.SelectItem) -> str:
    """A column's name: its alias, else the last name of `a.b.c`, else none."""
    if node.alias:
        return node.alias.key
    names = parts(node.expression)
    if not names:
        return ""
    return names[-1]


def _star(node: tree.Star, scope: Scope) -> list[Item]:
    """The columns that `*` stands for, perhaps under other names. Raises NotHere."""
    found = _starred(node, scope)
    if found is None:
        raise NotHere("a row's fields by `.*`")
    names = [one.key for one in node.aliases]
    if not names:
        names = [one.name for one in found]
    items = []
    for one, name in zip(found, names, strict=True):
        item = Item(one.sql, name, one.type, None)
        items.append(item)
    return items


def _starred(node: tree.Star, scope: Scope) -> NamedColumns | None:
    """The columns of `*` or `base.*`; None where the base names no relation."""
    if node.base is not None:
        return of_relation(scope, node.base)
    return tuple(one for one in scope.columns if not one.hidden)


# GROUP BY


def _grouping(node: tree.GroupBy, items: Sequence[Item], scope: Scope) -> str:
    """What stands behind GROUP BY. Raises NotHere."""
    if node.distinct:
        raise NotHere("GROUP BY DISTINCT")
    return ", ".join(_element(one, items, scope) for one in node.elements)


def _element(element: tree.GroupingElement, items: Sequence[Item], scope: Scope) -> str:
    """One element of GROUP BY: a column, columns in parentheses, or ROLLUP and its like."""
    sets = [_set(columns, items, scope) for columns in element.sets]
    if element.kind is tree.GroupingKind.SIMPLE:
        return _simple(element, sets)
    word = GROUPINGS[element.kind]
    _check_columns(element, word)
    listed = ", ".join(f"({one})" for one in sets)
    return f"{word} ({listed})"


def _set(
    columns: Sequence[tree.Expression], items: Sequence[Item], scope: Scope
) -> str:
    """The columns of one set, with commas between them. Raises NotHere."""
    return ", ".join(_grouped(one, items, scope) for one in columns)


def _simple(element: tree.GroupingElement, sets: Sequence[str]) -> str:
    """A single column, or several in parentheses."""
    first = element.sets[0]
    if len(first) == 1:
        return sets[0]
    columns = ", ".join(sets)
    return f"({columns})"


def _check_columns(element: tree.GroupingElement, word: str) -> None:
    """Raises NotHere for a set of anything but columns."""
    for columns in element.sets:
        for one in columns:
            if not isinstance(one, tree.Column | tree.Field):
                raise NotHere(f"{word} of anything but columns")


def _grouped(node: tree.Expression, items: Sequence[Item], scope: Scope) -> str:
    """One column of GROUP BY. Raises NotHere for types that are grouped otherwise."""
    sql, kind = _group_key(node, items, scope)
    if kind.base in {"map", "char"}:
        raise NotHere(f"GROUP BY of {kind}")
    return sql


def _group_key(
    node: tree.Expression, items: Sequence[Item], scope: Scope
) -> tuple[str, Type]:
    """An expression of GROUP BY with its type; a number is the place of a column."""
    if tree.is_whole(node):
        found = items[int(node.text) - 1]
        return found.sql, found.type
    sql = expressions.expression(node, scope)
    return sql, scope.result_of(node)
