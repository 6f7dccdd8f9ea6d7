"""The columns of queries, clause by clause, in the order in which Trino looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.trino import tree
from runner.trino.analysis.facts import Facts
from runner.trino.analysis.place import Place
from runner.trino.analysis.relations import renamed, table
from runner.trino.analysis.scopes import Column, Relation, scope_of
from runner.trino.analysis.selects import order, select
from runner.trino.types import UNKNOWN, Type, common, comparable


def query(node: tree.Query, place: Place) -> Relation:
    """The columns of a query."""
    met = len(place.facts.met)
    found = _query(node, replace(place, windows={}))
    # the aggregates of a query are not those of the one around it
    del place.facts.met[met:]
    return found


def _query(node: tree.Query, place: Place) -> Relation:
    if node.with_ is not None:
        place = _with(node.with_, place)
    if node.offset is not None:
        place.infer(node.offset)
    if node.ties and not node.order_by:
        told = "FETCH FIRST WITH TIES clause requires ORDER BY"
        place.facts.refuse(node, told, "MISSING_ORDER_BY")
    if isinstance(node.body, tree.Select):
        return select(node.body, node.order_by, place)
    found = body(node.body, place)
    if node.order_by:
        here = place.within(scope_of(found.columns, place.scope, is_query=True))
        order(node.order_by, found, here)
    return found


def body(node: tree.Body, place: Place) -> Relation:
    """The columns of a query's body."""
    match node:
        case tree.Select():
            return select(node, (), place)
        case tree.Query():
            return query(node, place)
        case tree.Values():
            return _values(node, place)
        case tree.TableBody():
            return Relation(
                tuple(one.under(()) for one in table(node.table, place).columns)
            )
        case tree.SetOperation():
            return _set_operation(node, place)


# WITH


def _with(node: tree.With, place: Place) -> Place:
    tables = dict(place.tables)
    seen: set[str] = set()
    for one in node.queries:
        if one.name.key in seen:
            told = f"WITH query name '{one.name.key}' specified more than once"
            place.facts.refuse(one, told, "DUPLICATE_NAMED_QUERY", one.name.key)
        seen.add(one.name.key)
        here = replace(place, tables=dict(tables))
        if node.recursive and _names_itself(one):
            here = _recursive(one, here)
        made = _named(one, query(one.query, here), place)
        # a recursive query has the types of its first part
        tables[one.name.key] = (
            here.tables[one.name.key] if here.tables.keys() > tables.keys() else made
        )
    return replace(place, tables=tables)


def _named(one: tree.WithQuery, found: Relation, place: Place) -> Relation:
    if one.columns and found.is_known and len(one.columns) != len(found.columns):
        told = f"Column alias list has {len(one.columns)} entries but relation has {len(found.columns)} columns"
        place.facts.refuse(one.columns[0], told, "MISMATCHED_COLUMN_ALIASES")
        return Relation(
            tuple(Column(name.name, None, (one.name.key,)) for name in one.columns)
        )
    return renamed(found, one.name, one.columns, one, place)


def _names_itself(one: tree.WithQuery) -> bool:
    return any(
        isinstance(node, tree.Table)
        and len(node.name) == 1
        and node.name[0].key == one.name.key
        for node in tree.walk(one.query)
    )


def _recursive(one: tree.WithQuery, place: Place) -> Place:
    """The place of a query that names itself: what it makes is what its first part makes."""
    start: Relation
    first = one.query.body
    if not one.columns:
        told = "missing column aliases in recursive WITH query"
        place.facts.refuse(one, told, "MISSING_COLUMN_ALIASES")
        start = Relation((Column(None, None, wild=True),))
    elif isinstance(first, tree.SetOperation):
        # the first part is looked at again with the whole query, and what is refused of
        # it is noted there
        made = body(first.left, replace(place, facts=Facts()))
        start = renamed(made, one.name, one.columns, one, replace(place, facts=Facts()))
    else:
        start = Relation(tuple(Column(name.name, None) for name in one.columns))
    return replace(place, tables={**place.tables, one.name.key: start})


# VALUES and set operations


def _values(node: tree.Values, place: Place) -> Relation:
    here = place.within(scope_of((), place.scope, is_query=True))
    rows = [[here.infer(one) for one in _items(row)] for row in node.rows]
    kinds: list[Type | None] = list(rows[0])
    for row, types in zip(node.rows, rows, strict=True):
        if len(types) != len(kinds):
            told = f"Values rows have mismatched sizes: {len(kinds)} vs {len(types)}"
            place.facts.refuse(node, told)
            return Relation((Column(None, None, wild=True),))
        for at, (kind, its) in enumerate(zip(kinds, types, strict=True)):
            shared = None if kind is None or its is None else common(kind, its)
            if kind is not None and its is not None and shared is None:
                told = f"Values rows have mismatched types: {_row(rows[0])} vs {_row(types)}"
                place.facts.refuse(row, told)
            kinds[at] = shared
    for row in node.rows:
        for one, kind in zip(_items(row), kinds, strict=True):
            place.facts.convert(one, kind)
    return Relation(tuple(Column(None, kind) for kind in kinds))


def _items(row: tree.Expression) -> Sequence[tree.Expression]:
    return row.items if isinstance(row, tree.Row) else (row,)


def _row(kinds: Sequence[Type | None]) -> str:
    return str(Type("row", tuple(one or UNKNOWN for one in kinds)))


def _set_operation(node: tree.SetOperation, place: Place) -> Relation:
    """A chain of set operations is as deep as it is long, and is therefore followed in a loop."""
    chain = [node]
    left: tree.Body = node.left
    while isinstance(left, tree.SetOperation):
        chain.append(left)
        left = left.left
    found = body(left, place)
    for one in reversed(chain):
        found = _joined(one, found, body(one.right, place), place)
    return found


def _joined(
    node: tree.SetOperation, left: Relation, right: Relation, place: Place
) -> Relation:
    word = node.kind.value.upper()
    if not left.is_known or not right.is_known:
        return left if left.is_known else Relation((Column(None, None, wild=True),))
    if len(left.columns) != len(right.columns):
        told = f"{word} query has different number of fields: {len(left.columns)}, {len(right.columns)}"
        place.facts.refuse(node, told)
        return left
    made: list[Column] = []
    for number, (mine, its) in enumerate(
        zip(left.columns, right.columns, strict=True), 1
    ):
        shared = (
            None
            if mine.type is None or its.type is None
            else common(mine.type, its.type)
        )
        if mine.type is not None and its.type is not None and shared is None:
            told = f"column {number} in {word} query has incompatible types: {mine.type}, {its.type}"
            place.facts.refuse(node, told)
        elif (
            shared is not None
            and not (node.all and word == "UNION")
            and not comparable(shared)
        ):
            distinct = "" if node.all else " DISTINCT"
            told = f"Type {shared} is not comparable and therefore cannot be used in {word}{distinct}"
            place.facts.refuse(node, told)
        made.append(Column(mine.name, shared))
    return Relation(tuple(made))
