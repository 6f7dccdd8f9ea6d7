"""What a statement means: the types of its expressions, its columns, and what Trino would refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from runner.trino import grouping, inference, tree
from runner.trino.surroundings import OTHERS, Column, Findings, Names, Refusal, Stop, Subquery, is_open, parts
from runner.trino.types import BOOLEAN, UNKNOWN, Type, common

__all__ = ["Analysis", "ColumnType", "Lookup", "Refusal", "Unknown", "analyze"]


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column; a type that is not known is None, and everything passes."""

    name: str
    type: Type | None


class Unknown(Enum):
    """A table nothing is known of: all its columns pass."""

    UNKNOWN = "unknown"


FURTHER = ColumnType(OTHERS, None)
"""Among the columns of a table: it may have others, of which nothing is known."""


Lookup = Callable[[tuple[str, ...]], Sequence[ColumnType] | Unknown | None]
"""The columns of a table by the parts of its name, in lower case; None where there is no such table."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found of a statement."""

    columns: tuple[ColumnType, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    types: Mapping[tree.Node, Type | None] = field(default_factory=dict)
    conversions: Mapping[tree.Node, Type] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a query stands: what it may name of queries around it, and the tables that WITH made."""

    found: Findings
    lookup: Lookup
    outer: Names
    tables: Mapping[str, tuple[Column, ...]]

    def below(self, names: Names) -> Place:
        """The place of a query inside one that has these names."""
        return replace(self, outer=names)


def analyze(statement: tree.Statement, lookup: Lookup) -> Analysis:
    """What a statement means, with the first thing that Trino would refuse."""
    found = Findings({}, {})
    place = Place(found, lookup, Names(()), {})
    columns: tuple[Column, ...] = ()
    try:
        columns = _statement(statement, place)
    except Stop as exc:
        return Analysis(refusals=(exc.refusal,), types=found.types, conversions=found.conversions)
    shown = tuple(ColumnType(one.name, one.type) for one in columns)
    return Analysis(shown, (), found.types, found.conversions)


def _statement(statement: tree.Statement, place: Place) -> tuple[Column, ...]:
    match statement:
        case tree.Query():
            return _query(statement, place)
        case tree.CreateTableAs() | tree.Insert():
            return _query(statement.query, place)
        case tree.Delete() if statement.where is not None:
            names = place.outer.inside(_table(statement.table, place))
            _condition(statement.where, "WHERE", names, place)
    return ()


# queries


def _query(node: tree.Query, place: Place) -> tuple[Column, ...]:
    if node.with_ is not None:
        place = _with(node.with_, place)
    if isinstance(node.body, tree.Select):
        return _select(node.body, node.order_by, place)
    columns = _body(node.body, place)
    names = place.outer.inside(columns)
    for item in node.order_by:
        _ordered(item, len(columns), names, place)
    return columns


def _ordered(item: tree.SortItem, count: int, names: Names, place: Place) -> None:
    expression = item.expression
    if isinstance(expression, tree.Number) and not 0 < int(expression.text) <= count:
        told = f"ORDER BY position {expression.text} is not in select list"
        raise Stop(Refusal(expression.at, expression.end, "INVALID_COLUMN_REFERENCE", told, ""))
    _infer(expression, names, place)


def _with(node: tree.With, place: Place) -> Place:
    tables = dict(place.tables)
    for one in node.queries:
        if any(one.name.key == other.name.key for other in node.queries if other.at < one.at):
            told = f"WITH query name '{one.name.key}' specified more than once"
            raise Stop(Refusal(one.at, one.end, "DUPLICATE_NAMED_QUERY", told, one.name.key))
        here = replace(place, tables=dict(tables))
        if node.recursive and isinstance(one.query.body, tree.SetOperation) and _names_itself(one):
            if not one.columns:
                told = "missing column aliases in recursive WITH query"
                raise Stop(Refusal(one.at, one.end, "MISSING_COLUMN_ALIASES", told, ""))
            start = _renamed(one, _body(one.query.body.left, here))
            here = replace(place, tables={**tables, one.name.key: start})
        tables[one.name.key] = _renamed(one, _query(one.query, here))
    return replace(place, tables=tables)


def _names_itself(one: tree.WithQuery) -> bool:
    return any(
        isinstance(node, tree.Table) and len(node.name) == 1 and node.name[0].key == one.name.key
        for node in tree.walk(one.query)
    )


def _renamed(one: tree.WithQuery, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return _aliases(columns, one.columns, (one.name.key,), one)


def _aliases(
    columns: tuple[Column, ...], names: Sequence[tree.Identifier], of: tuple[str, ...], node: tree.Node
) -> tuple[Column, ...]:
    if names and is_open(columns):
        return tuple(Column(one.key, of, None) for one in names)
    if names and len(names) != len(columns):
        told = f"Column alias list has {len(names)} entries but relation has {len(columns)} columns"
        raise Stop(Refusal(node.at, node.end, "MISMATCHED_COLUMN_ALIASES", told, ""))
    return tuple(Column(names[number].key if names else one.name, of, one.type) for number, one in enumerate(columns))


def _body(node: tree.Body, place: Place) -> tuple[Column, ...]:
    match node:
        case tree.Select():
            return _select(node, (), place)
        case tree.Query():
            return _query(node, place)
        case tree.Values():
            return _values(node, place)
        case tree.TableBody():
            return tuple(replace(one, of=()) for one in _table(node.table, place))
        case tree.SetOperation():
            return _set_operation(node, place)


def _values(node: tree.Values, place: Place) -> tuple[Column, ...]:
    rows = []
    for row in node.rows:
        items = row.items if isinstance(row, tree.Row) else (row,)
        rows.append([_infer(one, place.outer.inside(()), place) for one in items])
    if any(len(row) != len(rows[0]) for row in rows):
        told = "Values rows have mismatched sizes"
        raise Stop(Refusal(node.at, node.end, "TYPE_MISMATCH", told, ""))
    kinds: list[Type | None] = []
    for column in zip(*rows, strict=True):
        kind = column[0]
        for other in column[1:]:
            kind = None if kind is None or other is None else common(kind, other)
        kinds.append(kind)
    return tuple(Column("", (), kind) for kind in kinds)


def _set_operation(node: tree.SetOperation, place: Place) -> tuple[Column, ...]:
    left, right = _body(node.left, place), _body(node.right, place)
    word = node.kind.value.upper()
    if is_open(left) or is_open(right):
        return tuple(Column(one.name, (), None) for one in left)
    if len(left) != len(right):
        told = f"{word} query has different number of fields: {len(left)}, {len(right)}"
        raise Stop(Refusal(node.right.at, node.right.end, "TYPE_MISMATCH", told, ""))
    made = []
    for number, (one, other) in enumerate(zip(left, right, strict=True), 1):
        shared = None
        if one.type is not None and other.type is not None:
            shared = common(one.type, other.type)
            if shared is None:
                told = f"column {number} in {word} query has incompatible types: {one.type}, {other.type}"
                raise Stop(Refusal(node.right.at, node.right.end, "TYPE_MISMATCH", told, ""))
        made.append(Column(one.name, (), shared))
    return tuple(made)


def _select(node: tree.Select, order_by: Sequence[tree.SortItem], place: Place) -> tuple[Column, ...]:
    columns = () if node.from_ is None else _relation(node.from_, place)
    names = place.outer.inside(columns)
    if node.where is not None:
        _condition(node.where, "WHERE", names, place)
    for named in node.windows:
        inference.window(named.window, names, place.found, _subquery(place))
    made = _items(node, names, place)
    _groups(node, len(made), names, place)
    if node.having is not None:
        _condition(node.having, "HAVING", names, place)
    if refusal := grouping.refused(node, order_by, columns):
        raise Stop(refusal)
    shown = tuple(one for one in made if one.name)
    outputs = names.inside(shown)
    for item in order_by:
        _ordered(item, len(made), outputs, place)
    return made


def _groups(node: tree.Select, count: int, names: Names, place: Place) -> None:
    if node.group_by is None:
        return
    for element in node.group_by.elements:
        for one in (each for group in element.sets for each in group):
            if isinstance(one, tree.Number) and not 0 < int(one.text) <= count:
                told = f"GROUP BY position {one.text} is not in select list"
                raise Stop(Refusal(one.at, one.end, "INVALID_COLUMN_REFERENCE", told, ""))
            _infer(one, names, place)


def _items(node: tree.Select, names: Names, place: Place) -> tuple[Column, ...]:
    made: list[Column] = []
    for item in node.items:
        if isinstance(item, tree.Star):
            made += _star(item, node, names)
            continue
        kind = _infer(item.expression, names, place)
        named = parts(item.expression)
        name = item.alias.key if item.alias else (named[-1] if named else "")
        made.append(Column(name, (), kind))
    return tuple(made)


def _star(item: tree.Star, node: tree.Select, names: Names) -> list[Column]:
    if item.base is None:
        if node.from_ is None:
            told = "SELECT * not allowed in queries without FROM clause"
            raise Stop(Refusal(item.at, item.end, "COLUMN_NOT_FOUND", told, ""))
        return [replace(one, of=()) for one in names.columns]
    named = parts(item.base)
    found = [one for one in names.columns if named and one.of[-len(named) :] == named]
    if is_open(found) or (not found and is_open(names.columns)):
        return [*(replace(one, of=()) for one in found), Column(OTHERS, (), None)]
    if not found:
        told = f"Unable to resolve reference {'.'.join(named or ())}"
        raise Stop(Refusal(item.at, item.end, "TABLE_NOT_FOUND", told, ""))
    return [
        Column(item.aliases[number].key if item.aliases else one.name, (), one.type) for number, one in enumerate(found)
    ]


def _condition(node: tree.Expression, word: str, names: Names, place: Place) -> None:
    kind = _infer(node, names, place)
    if kind is not None and kind not in {BOOLEAN, UNKNOWN}:
        told = f"{word} clause must evaluate to a boolean: actual type {kind}"
        raise Stop(Refusal(node.at, node.end, "TYPE_MISMATCH", told, ""))


def _infer(node: tree.Expression, names: Names, place: Place) -> Type | None:
    return inference.infer(node, names, place.found, _subquery(place))


def _subquery(place: Place) -> Subquery:
    def columns(node: tree.Query, names: Names) -> tuple[Column, ...]:
        return _query(node, place.below(names))

    return columns


# relations


def _relation(node: tree.Relation, place: Place) -> tuple[Column, ...]:
    match node:
        case tree.Table():
            return _table(node, place)
        case tree.Aliased():
            return _aliases(_relation(node.relation, place), node.columns, (node.alias.key,), node)
        case tree.Subquery():
            return tuple(replace(one, of=()) for one in _query(node.query, place))
        case tree.Unnest():
            return _unnest(node, place)
        case tree.Join():
            return _join(node, place)
        case tree.Sampled():
            return _relation(node.relation, place)
        case tree.MatchRecognize():
            return (*_relation(node.relation, place), *(Column(one.key, (), None) for one in node.measures))
        case tree.TableFunction():
            return (Column(OTHERS, (), None),)


def _table(node: tree.Table, place: Place) -> tuple[Column, ...]:
    names = tuple(one.key for one in node.name)
    if len(names) == 1 and (made := place.tables.get(names[0])) is not None:
        return tuple(replace(one, of=names) for one in made)
    columns = place.lookup(names)
    if columns is None:
        told = f"Table '{'.'.join(names)}' does not exist"
        raise Stop(Refusal(node.at, node.end, "TABLE_NOT_FOUND", told, names[-1]))
    if isinstance(columns, Unknown):
        columns = (FURTHER,)
    return tuple(Column(one.name, names, one.type, partial=True) for one in columns)


def _unnest(node: tree.Unnest, place: Place) -> tuple[Column, ...]:
    made: list[Column] = []
    for one in node.expressions:
        kind = _infer(one, place.outer, place)
        made += [Column(name, (), each) for name, each in inference.unnested(kind, one)]
    if node.ordinality:
        made.append(Column("", (), Type("bigint")))
    return tuple(made)


def _check_unnest(node: tree.Join) -> None:
    inside = node.right.relation if isinstance(node.right, tree.Aliased) else node.right
    if not isinstance(inside, tree.Unnest) or node.on is None:
        return
    if node.kind is tree.JoinKind.LEFT and not (isinstance(node.on, tree.Boolean) and node.on.value):
        told = "LEFT JOIN involving UNNEST is only supported with condition ON TRUE"
        raise Stop(Refusal(node.at, node.end, "NOT_SUPPORTED", told, ""))


def _join(node: tree.Join, place: Place) -> tuple[Column, ...]:
    left = _relation(node.left, place)
    right = _relation(node.right, place.below(place.outer.inside(left)))
    both = (*left, *right)
    _check_unnest(node)
    if node.on is not None:
        names = place.outer.inside(both)
        kind = _infer(node.on, names, place)
        if kind is not None and kind not in {BOOLEAN, UNKNOWN}:
            told = f"JOIN ON clause must evaluate to a boolean: actual type {kind}"
            raise Stop(Refusal(node.on.at, node.on.end, "TYPE_MISMATCH", told, ""))
    if not node.using:
        return both
    shared = []
    for name in node.using:
        sides = [next((one for one in side if one.name == name.key), None) for side in (left, right)]
        for which, side in zip(("left", "right"), sides, strict=True):
            if side is None and not is_open(left if which == "left" else right):
                told = f"Column '{name.key}' is missing from {which} side of join"
                raise Stop(Refusal(name.at, name.end, "COLUMN_NOT_FOUND", told, name.key))
        kinds = [side.type if side is not None else None for side in sides]
        kind = None if kinds[0] is None or kinds[1] is None else common(kinds[0], kinds[1])
        shared.append(Column(name.key, (), kind))
    names_of_both = {one.name for one in shared}
    return (*shared, *(one for one in both if one.name not in names_of_both))
