"""The columns of SELECT, and what stands in its clauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

from runner.trino import tree
from runner.trino.analysis import windows
from runner.trino.analysis.facts import Met
from runner.trino.analysis.grouping import (
    Groups,
    Shapes,
    check_grouped,
    check_nesting,
    has_window,
    is_aggregate,
    no_aggregates,
)
from runner.trino.analysis.place import Context
from runner.trino.analysis.relations import fields_of, relation
from runner.trino.analysis.scopes import ANYTHING, Column, Relation, scope_of
from runner.trino.analysis.shown import parts, shown
from runner.trino.tree import (
    Expression,
    GroupingKind,
    Number,
    Parts,
    Select,
    SelectItem,
    SortItem,
    Star,
    Window,
    walk,
)
from runner.trino.typenames import whole_number
from runner.trino.types import INTEGER, Type, comparable, orderable


def select(node: Select, order_by: Sequence[SortItem], place: Context) -> Relation:
    """The columns of a SELECT; ORDER BY may name both what it makes and what it reads."""
    source = Relation()
    if node.from_ is not None:
        source = relation(node.from_, place)
    scope = scope_of(source.columns, place.scope, is_query=True)
    here = place.within(scope)
    named_windows = _windows(node, here)
    here = replace(here, windows=named_windows)
    facts = here.facts
    if node.where is not None:
        _where(node.where, here)
    mark = len(facts.met)
    made = _items(node, source, here)
    refused = len(facts.refusals)
    keys = _group_by(node, here)
    are_keys_known = refused == len(facts.refusals)
    if node.having is not None:
        _having(node.having, here)
    found = Relation(tuple(made))
    unqualified = found.under(()).columns
    scope_above = scope_of(unqualified, here.scope)
    above = here.within(scope_above)
    order(order_by, found, above)
    # the aggregates of all clauses but WHERE
    met = facts.met[mark:]
    check_nesting(met, here)
    # where a key is refused, what is not grouped cannot be told
    if are_keys_known and _is_grouped(node, met):
        _check_groups(node, order_by, keys, source, above)
    if node.distinct:
        _check_distinct(node, order_by, above)
    return found


def _windows(node: Select, place: Context) -> dict[str, Window]:
    """The named windows of a SELECT by name, each looked at once."""
    found: dict[str, Window] = {}
    for one in node.windows:
        name = one.name
        if name.key in found:
            told = f"WINDOW name '{name.name}' specified more than once"
            place.refuse(one, told, "DUPLICATE_WINDOW_NAME", name.name)
        windows.analyze(one.window, place)
        found[name.key] = one.window
    return found


def _where(node: Expression, place: Context) -> None:
    """Check WHERE: a condition without aggregates."""
    mark = len(place.facts.met)
    kind = place.infer(node)
    place.check_condition(node, kind, "WHERE clause")
    met = place.facts.met[mark:]
    no_aggregates(node, "WHERE clause", met, place)


def _having(node: Expression, place: Context) -> None:
    """Check HAVING: a condition without windows."""
    mark = len(place.facts.met)
    kind = place.infer(node)
    place.check_condition(node, kind, "HAVING clause")
    met = place.facts.met[mark:]
    if any(map(has_window, met)):
        told = "HAVING clause cannot contain window functions or row pattern measures"
        place.refuse(node, told, "NESTED_WINDOW")


# SELECT


def _items(node: Select, source: Relation, place: Context) -> list[Column]:
    """The columns that the items of a SELECT make."""
    made: list[Column] = []
    for item in node.items:
        if isinstance(item, Star):
            made += _star(item, node, source, place)
            continue
        one = item.expression
        kind = place.infer(one)
        if node.distinct and kind is not None and not comparable(kind):
            told = f"DISTINCT can only be applied to comparable types (actual: {kind})"
            place.refuse(one, f"{told}: {shown(one)}")
        name = _name(item)
        made.append(Column(name, kind))
    return made


def _name(item: SelectItem) -> str | None:
    """The name of a column that is made; None where it has none."""
    if item.alias is not None:
        return item.alias.name
    if _is_name(item.expression):
        return item.expression.name.name
    return None


def _is_name(node: Expression) -> TypeGuard[tree.Column | tree.Field]:
    """True for `a` and `a.b.c`."""
    return parts(node) is not None


def _star(
    item: Star, node: Select, source: Relation, place: Context
) -> Sequence[Column]:
    """The columns of `*`, or of `base.*`."""
    if item.base is not None:
        return _star_of(item, item.base, source, place)
    if node.from_ is None:
        told = "SELECT * not allowed in queries without FROM clause"
        place.refuse(item, told, "COLUMN_NOT_FOUND")
    return source.under(()).columns


def _star_of(
    item: Star, base: Expression, source: Relation, place: Context
) -> Sequence[Column]:
    """The columns of `base.*`, with the names that are given to them."""
    names = parts(base)
    columns: Sequence[Column] = ()
    if names is not None:
        columns = _columns_of(names, source.columns)
    if not columns:
        columns = _of_row(item, base, source, place)
    found = Relation(tuple(columns))
    if not item.aliases or not found.is_known:
        return found.under(()).columns
    wanted = len(item.aliases)
    has = len(found.columns)
    if wanted != has:
        told = f"Column alias list has {wanted} entries but relation has {has} columns"
        place.refuse(item, told, "MISMATCHED_COLUMN_ALIASES")
        return ANYTHING.columns
    renamed = []
    for alias, one in zip(item.aliases, found.columns, strict=True):
        column = Column(alias.name, one.type)
        renamed.append(column)
    return renamed


def _columns_of(names: Parts, columns: Sequence[Column]) -> list[Column]:
    """Those columns that these names may stand before."""
    return [one for one in columns if one.is_of(names)]


def _of_row(
    item: Star, base: Expression, source: Relation, place: Context
) -> Sequence[Column]:
    """`base.*` where the base is no relation here: one further out, or a row."""
    names = parts(base)
    if names is None:
        return _fields(base, place)
    outer = _further_out(names, place)
    if outer:
        return outer
    if not source.is_known:
        return ANYTHING.columns
    last = names[-1]
    if any(one.key == last for one in source.columns):
        return _fields(base, place)
    name = ".".join(names)
    relations = {one.relation[-1] for one in source.columns if one.relation}
    told = f"Unable to resolve reference {name}"
    known = sorted(relations)
    place.refuse(item, told, "TABLE_NOT_FOUND", name, known)
    return ANYTHING.columns


def _further_out(names: Parts, place: Context) -> Sequence[Column]:
    """The columns of a relation of a query around this one; none where it has none such."""
    scope = place.scope.parent
    while scope is not None:
        found = _columns_of(names, scope.columns)
        if found:
            return found
        scope = scope.parent
    return ()


def _fields(base: Expression, place: Context) -> Sequence[Column]:
    """The fields of a row as columns."""
    kind = place.infer(base)
    if kind is None:
        return ANYTHING.columns
    if kind.base != "row":
        place.refuse(base, "expected expression of type Row")
        return ANYTHING.columns
    return fields_of(kind)


# GROUP BY


def _group_by(node: Select, place: Context) -> list[Expression]:
    """The expressions that a query is grouped by; numbers stand for what they count."""
    keys: list[Expression] = []
    if node.group_by is None:
        return keys
    for element in node.group_by.elements:
        for group in element.sets:
            for one in group:
                keys += _group(one, element.kind, node, place)
    return keys


def _group(
    one: Expression, kind: GroupingKind, node: Select, place: Context
) -> Sequence[Expression]:
    """What an expression of GROUP BY groups by: itself, or the item that it counts."""
    is_simple = kind is GroupingKind.SIMPLE
    # a whole number means an item of SELECT
    if is_simple and tree.is_whole(one):
        return _counted(one, node, place)
    mark = len(place.facts.met)
    its = place.infer(one)
    met = place.facts.met[mark:]
    no_aggregates(one, "GROUP BY clause", met, place)
    is_name_or_number = isinstance(one, Number) or _is_name(one)
    if not is_simple and not is_name_or_number:
        told = f"GROUP BY expression must be a column reference: {shown(one)}"
        place.refuse(one, told, "INVALID_COLUMN_REFERENCE")
    _check_comparable(one, its, place)
    return (one,)


def _check_comparable(one: Expression, kind: Type | None, place: Context) -> None:
    """Refuse to group by what has no `=`."""
    if kind is not None and not comparable(kind):
        told = f"{kind} is not comparable, and therefore cannot be used in GROUP BY"
        place.refuse(one, told)


def _counted(one: Number, node: Select, place: Context) -> Sequence[Expression]:
    """The item of SELECT that a number in GROUP BY means."""
    place.facts.types[one] = INTEGER
    if _has_star(node):
        # how many columns a star has may not be known
        return (one,)
    at = whole_number(one.text)
    if not 1 <= at <= len(node.items):
        told = f"GROUP BY position {at} is not in select list"
        place.refuse(one, told, "INVALID_COLUMN_REFERENCE")
        return ()
    item = node.items[at - 1]
    if not isinstance(item, SelectItem):
        return ()
    counted = item.expression
    inside = _met_in(item, place)
    no_aggregates(counted, "GROUP BY clause", inside, place)
    its = place.facts.types.get(counted)
    _check_comparable(counted, its, place)
    return (counted,)


def _met_in(item: SelectItem, place: Context) -> list[Met]:
    """What was met in an item of SELECT."""
    begin = item.at
    end = item.end
    return [each for each in place.facts.met if begin <= each.at < end]


def _has_star(node: Select) -> bool:
    """True where SELECT has `*`, or `t.*`."""
    return any(isinstance(item, Star) for item in node.items)


def _selected(node: Select) -> Iterator[Expression]:
    """The expressions of SELECT's items, without the stars."""
    for item in node.items:
        if isinstance(item, SelectItem):
            yield item.expression


def _is_grouped(node: Select, met: Sequence[Met]) -> bool:
    """True where a query makes one row of several."""
    if node.group_by is not None or node.having is not None:
        return True
    return any(map(is_aggregate, met))


def _check_groups(
    node: Select,
    order_by: Sequence[SortItem],
    keys: Sequence[Expression],
    source: Relation,
    place: Context,
) -> None:
    """Refuse what a grouped query makes, asks or sorts by, and is not grouped."""
    if any(isinstance(one, Number) for one in keys):
        # a number that counts through a star, or stands in ROLLUP: what it means is
        # not told apart
        return
    asked = list(_selected(node))
    if node.having is not None:
        asked.append(node.having)
    sorted_by = (item.expression for item in order_by)
    asked += [one for one in sorted_by if not isinstance(one, Number)]
    shapes = Shapes(place.facts)
    numbers = frozenset(map(shapes.of, keys))
    groups = Groups(shapes, numbers, frozenset(source.columns))
    check_grouped(asked, groups, place)
    if source.is_known:
        _check_stars(node, keys, source, place)


def _check_stars(
    node: Select, keys: Sequence[Expression], source: Relation, place: Context
) -> None:
    """Refuse a star that has a column which is not grouped."""
    names = place.facts.names
    grouped = {names[one].column for one in keys if one in names}
    for item in node.items:
        if not isinstance(item, Star):
            continue
        columns = _starred(item, source)
        missing = [one for one in columns if one not in grouped]
        if missing:
            first = missing[0]
            name = ".".join((*first.relation, first.key))
            told = f"Column '{name}' not in GROUP BY clause"
            place.refuse(item, told, "EXPRESSION_NOT_AGGREGATE", name)
            # one refusal is enough: Trino stops here too
            return


def _starred(item: Star, source: Relation) -> Sequence[Column]:
    """The columns of FROM that a star stands for."""
    if item.base is None:
        return source.columns
    names = parts(item.base)
    if names is None:
        return ()
    return _columns_of(names, source.columns)


# ORDER BY


def order(order_by: Sequence[SortItem], found: Relation, place: Context) -> None:
    """Check what a query is ordered by."""
    for item in order_by:
        one = item.expression
        kind = _sorted_type(one, found, place)
        if kind is not None and not orderable(kind):
            told = f"Type {kind} is not orderable, and therefore cannot be used in ORDER BY"
            place.refuse(one, f"{told}: {shown(one)}")


def _sorted_type(one: Expression, found: Relation, place: Context) -> Type | None:
    """The type of what a query is ordered by, or of the item that a number means."""
    if not tree.is_whole(one):
        return place.infer(one)
    place.facts.types[one] = INTEGER
    if not found.is_known:
        return None
    at = whole_number(one.text)
    if 1 <= at <= len(found.columns):
        return found.columns[at - 1].type
    told = f"ORDER BY position {at} is not in select list"
    place.refuse(one, told, "INVALID_COLUMN_REFERENCE")
    return None


def _check_distinct(node: Select, order_by: Sequence[SortItem], place: Context) -> None:
    """ORDER BY of SELECT DISTINCT may use only what is selected."""
    if _has_star(node):
        return
    shapes = Shapes(place.facts)
    made = set(map(shapes.of, _selected(node)))
    for item in order_by:
        one = item.expression
        if isinstance(one, Number) or shapes.of(one) in made:
            continue
        # what names the columns that are made is not told apart from what makes them
        if _uses(one, place.scope.columns, place):
            continue
        told = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
        place.refuse(node, told, "EXPRESSION_NOT_IN_DISTINCT")
        return


def _uses(node: Expression, columns: Sequence[Column], place: Context) -> bool:
    """True where an expression names one of these columns, or what is not known."""
    for one in walk(node):
        if not isinstance(one, (tree.Column, tree.Field)):
            continue
        reference = place.facts.names.get(one)
        if reference is None:
            return True
        if any(reference.column is column for column in columns):
            return True
    return False
