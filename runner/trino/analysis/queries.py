"""The columns of queries, clause by clause, in the order in which Trino looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.trino.analysis.facts import Facts
from runner.trino.analysis.place import Context
from runner.trino.analysis.relations import renamed, table
from runner.trino.analysis.scopes import ANYTHING, Column, Relation, scope_of
from runner.trino.analysis.selects import order, select
from runner.trino.tree import (
    Body,
    Expression,
    Query,
    Row,
    Select,
    SetKind,
    SetOperation,
    Table,
    TableBody,
    Values,
    With,
    WithQuery,
    walk,
)
from runner.trino.types import UNKNOWN, Type, common, comparable


def query(node: Query, place: Context) -> Relation:
    """The columns of a query."""
    met = len(place.facts.met)
    found = _query(node, replace(place, windows={}))
    # the aggregates of a query are not those of the one around it
    del place.facts.met[met:]
    return found


def _query(node: Query, place: Context) -> Relation:
    """The columns of a query whose named windows are its own."""
    if node.with_ is not None:
        place = _with(node.with_, place)
    if node.offset is not None:
        place.infer(node.offset)
    if node.ties and not node.order_by:
        told = "FETCH FIRST WITH TIES clause requires ORDER BY"
        place.refuse(node, told, "MISSING_ORDER_BY")
    if isinstance(node.body, Select):
        # ORDER BY of a SELECT may also name what is read and not selected
        return select(node.body, node.order_by, place)
    found = body(node.body, place)
    if node.order_by:
        scope = scope_of(found.columns, place.scope, is_query=True)
        order(node.order_by, found, place.within(scope))
    return found


def body(node: Body, place: Context) -> Relation:
    """The columns of a query's body."""
    match node:
        case Select():
            return select(node, (), place)
        case Query():
            return query(node, place)
        case Values():
            return _values(node, place)
        case TableBody():
            return table(node.table, place).under(())
        case SetOperation():
            return _set_operation(node, place)


# WITH


def _with(node: With, place: Context) -> Context:
    """The place of what stands after a WITH, with its queries as tables."""
    tables = dict(place.tables)
    seen: set[str] = set()
    for one in node.queries:
        key = one.name.key
        if key in seen:
            told = f"WITH query name '{key}' specified more than once"
            place.refuse(one, told, "DUPLICATE_NAMED_QUERY", key)
        seen.add(key)
        # a query can read those before it
        here = replace(place, tables=dict(tables))
        if node.recursive and _names_itself(one):
            here = _recursive(one, here)
        made = _named(one, query(one.query, here), place)
        if here.tables.keys() > tables.keys():
            # a recursive query has the types of its first part
            made = here.tables[key]
        tables[key] = made
    return replace(place, tables=tables)


def _named(one: WithQuery, found: Relation, place: Context) -> Relation:
    """What a query of WITH makes, under its name and with the columns that it names."""
    wanted = len(one.columns)
    has = len(found.columns)
    if not one.columns or not found.is_known or wanted == has:
        return renamed(found, one.name, one.columns, one, place)
    told = f"Column alias list has {wanted} entries but relation has {has} columns"
    place.refuse(one.columns[0], told, "MISMATCHED_COLUMN_ALIASES")
    names = (one.name.key,)
    unknown = tuple(Column(name.name, None, names) for name in one.columns)
    return Relation(unknown)


def _names_itself(one: WithQuery) -> bool:
    """True where a query of WITH reads what it makes."""
    for node in walk(one.query):
        if not isinstance(node, Table) or len(node.name) > 1:
            continue
        if node.name[0].key == one.name.key:
            return True
    return False


def _recursive(one: WithQuery, place: Context) -> Context:
    """The place of a query that names itself: what it makes is what its first part makes."""
    start = _start(one, place)
    tables = {**place.tables, one.name.key: start}
    return replace(place, tables=tables)


def _start(one: WithQuery, place: Context) -> Relation:
    """What the first part of a query that names itself makes."""
    first = one.query.body
    if not one.columns:
        told = "missing column aliases in recursive WITH query"
        place.refuse(one, told, "MISSING_COLUMN_ALIASES")
        return ANYTHING
    if not isinstance(first, SetOperation):
        unknown = tuple(Column(name.name, None) for name in one.columns)
        return Relation(unknown)
    # the first part is looked at again with the whole query, and what is refused of it
    # is noted there
    unnoted = replace(place, facts=Facts())
    made = body(first.left, unnoted)
    return renamed(made, one.name, one.columns, one, unnoted)


# VALUES and set operations


def _values(node: Values, place: Context) -> Relation:
    """The columns of VALUES: each has the common type of its rows."""
    scope = scope_of((), place.scope, is_query=True)
    here = place.within(scope)
    rows = [_kinds(row, here) for row in node.rows]
    first = rows[0]
    size = len(first)
    kinds = first
    for row, its in zip(node.rows, rows, strict=True):
        if len(its) != size:
            told = f"Values rows have mismatched sizes: {size} vs {len(its)}"
            place.refuse(node, told)
            return ANYTHING
        if _are_mismatched(kinds, its):
            compared = f"{_shown_row(first)} vs {_shown_row(its)}"
            place.refuse(row, f"Values rows have mismatched types: {compared}")
        kinds = list(map(_shared, kinds, its))
    for row in node.rows:
        _convert_row(row, kinds, place)
    columns = tuple(Column(None, kind) for kind in kinds)
    return Relation(columns)


def _convert_row(row: Expression, kinds: Sequence[Type | None], place: Context) -> None:
    """Note that a row's values become ones of these types."""
    for one, kind in zip(_items(row), kinds, strict=True):
        place.convert(one, kind)


def _kinds(row: Expression, place: Context) -> list[Type | None]:
    """The types of a row's values."""
    return [place.infer(one) for one in _items(row)]


def _are_mismatched(kinds: Sequence[Type | None], its: Sequence[Type | None]) -> bool:
    """True where two types that are known have no common type."""
    for one, other in zip(kinds, its, strict=True):
        if one is None or other is None:
            continue
        if common(one, other) is None:
            return True
    return False


def _items(row: Expression) -> Sequence[Expression]:
    """The values of a row; VALUES 1, 2 has rows of one."""
    if isinstance(row, Row):
        return row.items
    return (row,)


def _shared(one: Type | None, other: Type | None) -> Type | None:
    """The common type of two; None where there is none, or where it is not known."""
    if one is None or other is None:
        return None
    return common(one, other)


def _shown_row(kinds: Sequence[Type | None]) -> str:
    """The types of a row in Trino's words; an unknown one as that of NULL."""
    known = tuple(one or UNKNOWN for one in kinds)
    return str(Type("row", known))


def _set_operation(node: SetOperation, place: Context) -> Relation:
    """The columns of `a UNION b` and its like.

    A chain of set operations is as deep as it is long, and is therefore followed in a
    loop.
    """
    chain = [node]
    left: Body = node.left
    while isinstance(left, SetOperation):
        chain.append(left)
        left = left.left
    found = body(left, place)
    for one in reversed(chain):
        right = body(one.right, place)
        found = _joined(one, found, right, place)
    return found


def _joined(
    node: SetOperation, left: Relation, right: Relation, place: Context
) -> Relation:
    """The columns of one set operation: the names of its left side, and common types."""
    if not left.is_known:
        return ANYTHING
    if not right.is_known:
        return left
    mine = len(left.columns)
    its = len(right.columns)
    if mine != its:
        word = node.kind.value.upper()
        told = f"{word} query has different number of fields: {mine}, {its}"
        place.refuse(node, told)
        return left
    made: list[Column] = []
    pairs = zip(left.columns, right.columns, strict=True)
    for number, (one, other) in enumerate(pairs, 1):
        shared = _shared(one.type, other.type)
        if shared is not None:
            _check_compared(node, shared, place)
        elif one.type is not None and other.type is not None:
            word = node.kind.value.upper()
            told = (
                f"column {number} in {word} query has incompatible types:"
                f" {one.type}, {other.type}"
            )
            place.refuse(node, told)
        made.append(Column(one.name, shared))
    return Relation(tuple(made))


def _check_compared(node: SetOperation, kind: Type, place: Context) -> None:
    """Refuse columns of a type that has no `=` where rows are compared: only UNION ALL
    compares none.
    """
    keeps_all_rows = node.all and node.kind is SetKind.UNION
    if keeps_all_rows or comparable(kind):
        return
    words = node.kind.value.upper()
    if not node.all:
        words += " DISTINCT"
    told = f"Type {kind} is not comparable and therefore cannot be used in {words}"
    place.refuse(node, told)
