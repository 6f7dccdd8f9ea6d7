"""The columns of what stands in FROM."""

from __future__ import annotations

from collections.abc import Sequence

from runner.trino import tree
from runner.trino.analysis.grouping import no_aggregates
from runner.trino.analysis.place import (
    FURTHER,
    ColumnType,
    Context,
    Unknown,
)
from runner.trino.analysis.scopes import ANYTHING, Column, Relation, Scope, scope_of
from runner.trino.tree import (
    Aliased,
    Boolean,
    Expression,
    Identifier,
    Join,
    JoinKind,
    MatchRecognize,
    Node,
    Parts,
    Sampled,
    Subquery,
    Table,
    TableFunction,
    Unnest,
)
from runner.trino.types import BIGINT, UNKNOWN, Type, common, comparable

# `tree.Relation` and `tree.Column` are what is written; `Relation` and `Column` are
# what it means.

JSON_TABLE = "json_table"
"""423 reads it and refuses it. No other function has this name: it is a reserved word."""


def relation(node: tree.Relation, place: Context) -> Relation:
    """The columns of a relation."""
    match node:
        case Table():
            return table(node, place)
        case Aliased():
            found = relation(node.relation, place)
            return renamed(found, node.alias, node.columns, node, place)
        case Subquery():
            return place.query(node.query).under(())
        case Unnest():
            return _unnest(node, place)
        case Join():
            return _join(node, place)
        case Sampled():
            return relation(node.relation, place)
        case MatchRecognize():
            return _patterns(node, place)
        case TableFunction():
            if node.name[0].key == JSON_TABLE:
                told = "JSON_TABLE is not yet supported"
                place.refuse(node, told, "NOT_SUPPORTED")
            return ANYTHING


def table(node: Table, place: Context) -> Relation:
    """The columns of a table, or of what a WITH made."""
    names = tuple(one.key for one in node.name)
    first = names[0]
    if len(names) == 1 and first in place.tables:
        return place.tables[first].under(names)
    columns = place.lookup(names)
    if columns is None:
        name = ".".join(names)
        told = f"Table '{name}' does not exist"
        known = sorted(place.tables)
        place.refuse(node, told, "TABLE_NOT_FOUND", name, known)
        # what is asked of it is not refused too
        return _any_columns(names)
    if isinstance(columns, Unknown):
        return _any_columns(names)
    own = tuple(_column(one, names) for one in columns)
    return Relation(own)


def _any_columns(names: Parts) -> Relation:
    """A table that nothing is known of."""
    return Relation((_any_column(names),))


def _column(one: ColumnType, names: Parts) -> Column:
    """A column of a table; what stands for further ones is wild."""
    if one is FURTHER:
        return _any_column(names)
    return Column(one.name, one.type, names, partial=True)


def _any_column(names: Parts) -> Column:
    """All columns of a table that nothing is known of."""
    return Column(None, None, names, wild=True, partial=True)


def renamed(
    found: Relation,
    alias: Identifier,
    names: Sequence[Identifier],
    node: Node,
    place: Context,
) -> Relation:
    """A relation under another name, and with other names of its columns where they are given."""
    of = (alias.key,)
    if not names:
        return found.under(of)
    wanted = len(names)
    has = len(found.columns)
    if found.is_known and wanted == has:
        columns = []
        for name, one in zip(names, found.columns, strict=True):
            column = Column(name.name, one.type, of)
            columns.append(column)
        return Relation(tuple(columns))
    if found.is_known:
        told = (
            f"Column alias list has {wanted} entries"
            f" but '{alias.name}' has {has} columns available"
        )
        place.refuse(node, told, "MISMATCHED_COLUMN_ALIASES")
    unknown = [Column(one.name, None, of) for one in names]
    return Relation(tuple(unknown))


def _unnest(node: Unnest, place: Context) -> Relation:
    """The columns of all that is unnested, side by side, and the number of the row."""
    made: list[Column] = []
    for one in node.expressions:
        kind = place.infer(one)
        made += _unnested(one, kind, place)
    if node.ordinality:
        made.append(Column(None, BIGINT))
    return Relation(tuple(made))


def _unnested(node: Expression, kind: Type | None, place: Context) -> Sequence[Column]:
    """The columns that UNNEST makes of one value."""
    if kind is None:
        return ANYTHING.columns
    if kind.base == "map":
        return [Column(None, one) for one in kind.elements]
    if kind.base != "array":
        told = f"Cannot unnest type: {kind}"
        place.refuse(node, told, "INVALID_FUNCTION_ARGUMENT")
        return ANYTHING.columns
    inner = kind.elements[0]
    if inner.base != "row":
        return [Column(None, inner)]
    return fields_of(inner)


def fields_of(row: Type) -> list[Column]:
    """The fields of a row as columns; those without a name have none."""
    names = row.names or ("",) * len(row.elements)
    columns = []
    for name, kind in zip(names, row.elements, strict=True):
        column = Column(name or None, kind)
        columns.append(column)
    return columns


def _patterns(node: MatchRecognize, place: Context) -> Relation:
    """The columns of MATCH_RECOGNIZE. The types of its measures are not known here."""
    found = relation(node.relation, place)
    measures = tuple(Column(one.name, None) for one in node.measures)
    if node.all_rows:
        columns = found.under(()).columns
        return Relation((*columns, *measures))
    scope = scope_of(found.columns, place.scope)
    here = place.within(scope)
    parts = []
    for one in node.partition_by:
        kind = here.infer(one)
        parts.append(Column(_last(one), kind))
    return Relation((*parts, *measures))


def _last(node: Expression) -> str | None:
    """The last name of `a.b.c`; None for anything else."""
    match node:
        case tree.Column() | tree.Field():
            return node.name.name
        case _:
            return None


# joins


def _join(node: Join, place: Context) -> Relation:
    """The columns of both sides; those of the left may be named on a lateral right."""
    left = relation(node.left, place)
    # only UNNEST, LATERAL and their like may name what stands on their left
    beside = place
    if _is_lateral(node.right):
        scope = scope_of(left.columns, place.scope)
        beside = place.within(scope)
    right = relation(node.right, beside)
    if node.natural:
        place.refuse(node, "Natural join not supported", "NOT_SUPPORTED")
        return ANYTHING
    if node.using:
        return _using(node, left, right, place)
    both = Relation((*left.columns, *right.columns))
    _check_lateral(node, place)
    if node.on is not None:
        scope = scope_of(both.columns, place.scope)
        _condition(node.on, scope, place)
    return both


def _bare(node: tree.Relation) -> tree.Relation:
    """A relation without its alias."""
    while isinstance(node, Aliased):
        node = node.relation
    return node


def _is_lateral(node: tree.Relation) -> bool:
    """True where the right side of a join may name columns of its left side."""
    bare = _bare(node)
    if isinstance(bare, Subquery):
        return bare.lateral
    return isinstance(bare, (Unnest, TableFunction))


def _check_lateral(node: Join, place: Context) -> None:
    """What Trino cannot do with UNNEST and LATERAL."""
    is_true = isinstance(node.on, Boolean) and node.on.value
    if node.kind is JoinKind.CROSS or is_true:
        return
    only = "is only supported with condition ON TRUE"
    at = node.on or node
    if isinstance(_bare(node.right), Unnest):
        word = node.kind.value.upper()
        told = f"{word} JOIN involving UNNEST {only}"
        place.refuse(at, told, "NOT_SUPPORTED")
    elif node.kind is JoinKind.FULL and _is_lateral(node.right):
        told = f"FULL JOIN involving LATERAL relation {only}"
        place.refuse(at, told, "NOT_SUPPORTED")


def _condition(node: Expression, scope: Scope, place: Context) -> None:
    """Check what stands after ON."""
    mark = len(place.facts.met)
    here = place.within(scope)
    kind = here.infer(node)
    met = place.facts.met[mark:]
    no_aggregates(node, "JOIN clause", met, place)
    here.check_condition(node, kind, "JOIN ON clause")


def _using(node: Join, left: Relation, right: Relation, place: Context) -> Relation:
    """The columns of a join: first those of USING, once each, then all others."""
    shared: list[Column] = []
    taken: list[Column] = []
    seen: set[str] = set()
    for name in node.using:
        if name.key in seen:
            told = f"Column '{name.name}' appears multiple times in USING clause"
            place.refuse(name, told, "DUPLICATE_COLUMN_NAME", name.key)
            continue
        seen.add(name.key)
        mine = _one_of(name, left, "left", place)
        its = _one_of(name, right, "right", place)
        taken += [one for one in (mine, its) if one is not None]
        kind = _shared_type(name, mine, its, place)
        shared.append(Column(name.name, kind))
    every = (*left.columns, *right.columns)
    others = [one for one in every if one not in taken]
    return Relation((*shared, *others))


def _one_of(
    name: Identifier, side: Relation, which: str, place: Context
) -> Column | None:
    """The column of a side that USING names; None where there is none."""
    known = [one for one in side.columns if not one.wild]
    found = [one for one in known if one.key == name.key]
    if not found:
        if side.is_known:
            told = f"Column '{name.name}' is missing from {which} side of join"
            others = [one.key for one in known if one.name is not None]
            place.refuse(name, told, "COLUMN_NOT_FOUND", name.key, others)
        return None
    if len(found) > 1:
        told = f"Column '{name.key}' is ambiguous"
        place.refuse(name, told, "AMBIGUOUS_NAME", name.key)
    return found[0]


def _shared_type(
    name: Identifier, mine: Column | None, its: Column | None, place: Context
) -> Type | None:
    """The type in which two columns of USING are compared; None where it is not known."""
    if mine is None or its is None:
        return None
    left = mine.type
    right = its.type
    if left is None or right is None:
        return None
    shared = common(left, right)
    if shared is not None and comparable(shared):
        return shared
    if UNKNOWN not in (left, right):
        place.refuse(name, f"Cannot apply operator: {left} = {right}")
    return None
