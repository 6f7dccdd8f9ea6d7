"""The columns of what stands in FROM."""

from __future__ import annotations

from collections.abc import Sequence

from runner.trino import tree
from runner.trino.analysis.grouping import no_aggregates
from runner.trino.analysis.place import (
    FURTHER,
    ColumnType,
    Place,
    Unknown,
    named_columns,
)
from runner.trino.analysis.scopes import Column, Relation, Scope, scope_of
from runner.trino.tree import JoinKind
from runner.trino.types import (
    BIGINT,
    BOOLEAN,
    UNKNOWN,
    Type,
    coerces,
    common,
    comparable,
)

_ANY = Relation((Column(None, None, wild=True),))
"""A relation that nothing is known of."""

JSON_TABLE = "json_table"
"""423 reads it and refuses it. No other function has this name: it is a reserved word."""


def relation(node: tree.Relation, place: Place) -> Relation:
    """The columns of a relation."""
    match node:
        case tree.Table():
            return table(node, place)
        case tree.Aliased():
            return renamed(
                relation(node.relation, place), node.alias, node.columns, node, place
            )
        case tree.Subquery():
            return _unqualified(place.query(node.query))
        case tree.Unnest():
            return _unnest(node, place)
        case tree.Join():
            return _join(node, place)
        case tree.Sampled():
            return relation(node.relation, place)
        case tree.MatchRecognize():
            return _patterns(node, place)
        case tree.TableFunction():
            if node.name[0].key == JSON_TABLE:
                place.facts.refuse(
                    node, "JSON_TABLE is not yet supported", "NOT_SUPPORTED"
                )
            return _ANY


def _unqualified(found: Relation) -> Relation:
    return Relation(tuple(one.under(()) for one in found.columns))


def table(node: tree.Table, place: Place) -> Relation:
    """The columns of a table, or of what a WITH made."""
    names = tuple(one.key for one in node.name)
    made = place.tables.get(names[0]) if len(names) == 1 else None
    if made is not None:
        return Relation(tuple(one.under(names) for one in made.columns))
    columns = place.lookup(names)
    if columns is None:
        told = f"Table '{'.'.join(names)}' does not exist"
        place.facts.refuse(
            node, told, "TABLE_NOT_FOUND", ".".join(names), sorted(place.tables)
        )
        return Relation((Column(None, None, names, wild=True, partial=True),))
    if isinstance(columns, Unknown):
        return Relation((Column(None, None, names, wild=True, partial=True),))
    return Relation(tuple(_column(one, names) for one in columns))


def _column(one: ColumnType, names: tuple[str, ...]) -> Column:
    """A column of a table; what stands for further ones is wild."""
    if one is FURTHER:
        return Column(None, None, names, wild=True, partial=True)
    return Column(one.name, one.type, names, partial=True)


def renamed(
    found: Relation,
    alias: tree.Identifier,
    names: Sequence[tree.Identifier],
    node: tree.Node,
    place: Place,
) -> Relation:
    """A relation under another name, and with other names of its columns where they are given."""
    of = (alias.key,)
    if not names:
        return Relation(tuple(one.under(of) for one in found.columns))
    if not found.is_known:
        return Relation(tuple(Column(one.name, None, of) for one in names))
    if len(names) != len(found.columns):
        told = (
            f"Column alias list has {len(names)} entries but"
            f" '{alias.name}' has {len(found.columns)} columns available"
        )
        place.facts.refuse(node, told, "MISMATCHED_COLUMN_ALIASES")
        return Relation(tuple(Column(one.name, None, of) for one in names))
    pairs = zip(names, found.columns, strict=True)
    return Relation(tuple(Column(name.name, one.type, of) for name, one in pairs))


def _unnest(node: tree.Unnest, place: Place) -> Relation:
    made: list[Column] = []
    for one in node.expressions:
        kind = place.infer(one)
        made += _unnested(one, kind, place)
    if node.ordinality:
        made.append(Column(None, BIGINT))
    return Relation(tuple(made))


def _unnested(
    node: tree.Expression, kind: Type | None, place: Place
) -> Sequence[Column]:
    """The columns that UNNEST makes of one value."""
    if kind is None:
        return _ANY.columns
    if kind.base == "map":
        return [Column(None, one) for one in kind.elements]
    if kind.base != "array":
        place.facts.refuse(
            node, f"Cannot unnest type: {kind}", "INVALID_FUNCTION_ARGUMENT"
        )
        return _ANY.columns
    inner = kind.elements[0]
    if inner.base != "row":
        return [Column(None, inner)]
    named = inner.names or ("",) * len(inner.elements)
    return [
        Column(name or None, one)
        for name, one in zip(named, inner.elements, strict=True)
    ]


def _patterns(node: tree.MatchRecognize, place: Place) -> Relation:
    found = relation(node.relation, place)
    measures = tuple(Column(one.name, None) for one in node.measures)
    if node.all_rows:
        return Relation((*_unqualified(found).columns, *measures))
    here = place.within(scope_of(found.columns, place.scope))
    parts = [Column(_last(one), here.infer(one)) for one in node.partition_by]
    return Relation((*parts, *measures))


def _last(node: tree.Expression) -> str | None:
    match node:
        case tree.Column() | tree.Field():
            return node.name.name
        case _:
            return None


# joins


def _join(node: tree.Join, place: Place) -> Relation:
    left = relation(node.left, place)
    beside = place
    if _is_lateral(node.right):
        beside = place.within(scope_of(left.columns, place.scope))
    right = relation(node.right, beside)
    if node.natural:
        place.facts.refuse(node, "Natural join not supported", "NOT_SUPPORTED")
        return _ANY
    if node.using:
        return _using(node, left, right, place)
    both = Relation((*left.columns, *right.columns))
    _check_lateral(node, place)
    if node.on is not None:
        _condition(node.on, scope_of(both.columns, place.scope), place)
    return both


def _bare(node: tree.Relation) -> tree.Relation:
    while isinstance(node, tree.Aliased):
        node = node.relation
    return node


def _is_lateral(node: tree.Relation) -> bool:
    bare = _bare(node)
    return isinstance(bare, (tree.Unnest, tree.TableFunction)) or (
        isinstance(bare, tree.Subquery) and bare.lateral
    )


def _check_lateral(node: tree.Join, place: Place) -> None:
    """What Trino cannot do with UNNEST and LATERAL."""
    is_true = isinstance(node.on, tree.Boolean) and node.on.value
    if node.kind is JoinKind.CROSS or is_true:
        return
    if isinstance(_bare(node.right), tree.Unnest):
        word = node.kind.value.upper()
        told = f"{word} JOIN involving UNNEST is only supported with condition ON TRUE"
        place.facts.refuse(node.on or node, told, "NOT_SUPPORTED")
    elif _is_lateral(node.right) and node.kind is JoinKind.FULL:
        told = "FULL JOIN involving LATERAL relation is only supported with condition ON TRUE"
        place.facts.refuse(node.on or node, told, "NOT_SUPPORTED")


def _condition(node: tree.Expression, scope: Scope, place: Place) -> None:
    mark = len(place.facts.met)
    kind = place.within(scope).infer(node)
    no_aggregates(node, "JOIN clause", place.facts.met[mark:], place)
    if kind is not None and not coerces(kind, BOOLEAN):
        place.facts.refuse(
            node, f"JOIN ON clause must evaluate to a boolean: actual type {kind}"
        )


def _using(node: tree.Join, left: Relation, right: Relation, place: Place) -> Relation:
    shared: list[Column] = []
    taken: list[Column] = []
    seen: set[str] = set()
    for name in node.using:
        if name.key in seen:
            told = f"Column '{name.name}' appears multiple times in USING clause"
            place.facts.refuse(name, told, "DUPLICATE_COLUMN_NAME", name.key)
            continue
        seen.add(name.key)
        mine, its = (
            _one_of(name, left, "left", place),
            _one_of(name, right, "right", place),
        )
        taken += [one for one in (mine, its) if one is not None]
        shared.append(Column(name.name, _shared_type(name, mine, its, place)))
    rest = (one for one in (*left.columns, *right.columns) if one not in taken)
    return Relation((*shared, *rest))


def _one_of(
    name: tree.Identifier, side: Relation, which: str, place: Place
) -> Column | None:
    found = [one for one in side.columns if one.key == name.key and not one.wild]
    if len(found) > 1:
        place.facts.refuse(
            name, f"Column '{name.key}' is ambiguous", "AMBIGUOUS_NAME", name.key
        )
    elif not found and side.is_known:
        told = f"Column '{name.name}' is missing from {which} side of join"
        known = [one.lower() for one in named_columns(side.columns)]
        place.facts.refuse(name, told, "COLUMN_NOT_FOUND", name.key, known)
    return found[0] if found else None


def _shared_type(
    name: tree.Identifier, mine: Column | None, its: Column | None, place: Place
) -> Type | None:
    if mine is None or its is None or mine.type is None or its.type is None:
        return None
    shared = common(mine.type, its.type)
    if shared is None or not comparable(shared):
        if UNKNOWN not in (mine.type, its.type):
            place.facts.refuse(name, f"Cannot apply operator: {mine.type} = {its.type}")
        return None
    return shared
