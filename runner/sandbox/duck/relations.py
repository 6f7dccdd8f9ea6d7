"""What stands in FROM: each relation with a name of its own, so that DuckDB never
resolves one itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from runner.sandbox.duck import expressions, queries
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Named, NamedColumns, Scope, WithTable, named
from runner.sandbox.duck.shapes import Columns, as_numbered
from runner.sandbox.duck.storage import BIGINT, element, field, inner, name
from runner.trino import tree
from runner.trino.types import Type, common

JOINS = {
    tree.JoinKind.INNER: "JOIN",
    tree.JoinKind.LEFT: "LEFT JOIN",
    tree.JoinKind.RIGHT: "RIGHT JOIN",
    tree.JoinKind.FULL: "FULL JOIN",
    tree.JoinKind.CROSS: "CROSS JOIN",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A relation in DuckDB's words, and its columns in order."""

    sql: str
    columns: NamedColumns


def relation(node: tree.Relation, scope: Scope) -> Written:
    """A relation. `scope` holds what LATERAL and UNNEST may see. Raises NotHere."""
    match node:
        case tree.Table():
            return _table(node, scope)
        case tree.Aliased():
            return _aliased(node, scope)
        case tree.Subquery():
            return _subquery(node, scope)
        case tree.Unnest():
            return _unnest(node, scope)
        case tree.Join():
            return _join(node, scope)
        case tree.Sampled():
            raise NotHere("TABLESAMPLE")
        case tree.TableFunction():
            raise NotHere("a table function")
        case tree.MatchRecognize():
            raise NotHere("MATCH_RECOGNIZE")


# tables and subqueries


def _table(node: tree.Table, scope: Scope) -> Written:
    """A table of the warehouse, or a query of WITH. Raises NotHere."""
    alias = f"r{node.at}"
    declared = _declared(node, scope)
    if declared is not None:
        own_name = (node.name[0].key,)
        columns = named(declared.columns, alias, own_name)
        return Written(f"{declared.sql} AS {alias}", columns)
    known = scope.facts.tables.get(node)
    if known is None:
        raise NotHere("a table that it does not know")
    sql, held = known
    return Written(f"{sql} AS {alias}", _held_columns(sql, held, alias))


def _declared(node: tree.Table, scope: Scope) -> WithTable | None:
    """The query of WITH that a table's name means, if it means one."""
    if len(node.name) != 1:
        return None
    return scope.tables.get(node.name[0].key)


def _held_columns(sql: str, held: Columns, alias: str) -> NamedColumns:
    """The columns of a table that the warehouse holds, behind its full name."""
    names = [part.strip('"') for part in sql.split(".", 1)]
    qualifiers = ("td", *names)
    return tuple(
        Named(column, qualifiers, f"{alias}.{name(column)}", kind)
        for column, kind in held
    )


def _aliased(node: tree.Aliased, scope: Scope) -> Written:
    """A relation under an alias, perhaps with other names of its columns."""
    inside = relation(node.relation, scope)
    names = [column.key for column in node.columns]
    shown = [one for one in inside.columns if not one.hidden]
    columns = []
    for number, one in enumerate(shown):
        behind = replace(one, qualifiers=(node.alias.key,))
        if names:
            behind = replace(behind, name=names[number])
        columns.append(behind)
    return Written(inside.sql, tuple(columns))


def _subquery(node: tree.Subquery, scope: Scope) -> Written:
    """A query in FROM, with LATERAL or without. Raises NotHere."""
    alias = f"r{node.at}"
    if not node.lateral:
        inside = scope.bare()
        made = queries.written(node.query, inside)
        columns = named(made.columns, alias)
        return Written(f"({made.sql}) AS {alias}", columns)
    if queries.reaches_out(node.query, scope):
        raise NotHere("LATERAL of a subquery that names columns before it")
    made = queries.written(node.query, scope.inside())
    columns = named(made.columns, alias)
    return Written(f"LATERAL ({made.sql}) AS {alias}", columns)


# UNNEST


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of UNNEST: its expression over the aliases of the rows, name and type."""

    sql: str
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class _Unnested:
    """What one value of UNNEST gives.

    `items` are DuckDB's calls of unnest, each with an alias. `columns` are what becomes
    of them.
    """

    items: tuple[str, ...]
    columns: tuple[_Column, ...]


def _unnest(node: tree.Unnest, scope: Scope) -> Written:
    """UNNEST as a subquery in two layers: the rows, and then the columns of each."""
    alias = f"r{node.at}"
    items: list[str] = []
    columns: list[_Column] = []
    for number, one in enumerate(node.expressions):
        given = _unnested(one, number, scope)
        items += given.items
        columns += given.columns
    if node.ordinality:
        items.append(_ordinality(node, scope))
        place = _Column("o", "", BIGINT)
        columns.append(place)
    inner_items = ", ".join(items)
    outer_items = as_numbered(one.sql for one in columns)
    rows = f"SELECT {outer_items} FROM (SELECT {inner_items}) AS i{alias}"
    shown = tuple((one.name, one.type) for one in columns)
    return Written(f"LATERAL ({rows}) AS {alias}", named(shown, alias))


def _unnested(node: tree.Expression, number: int, scope: Scope) -> _Unnested:
    """The rows that one value of UNNEST gives. Raises NotHere."""
    sql = expressions.expression(node, scope)
    kind = scope.result_of(node)
    item = f"unnest({sql}) AS u{number}"
    if kind.base == "map":
        return _unnested_map(sql, kind, number)
    if kind.base != "array" or not inner(kind):
        raise NotHere(f"UNNEST of {kind}")
    inside = element(kind)
    if inside.base == "row":
        fields = _fields(inside, number)
        return _Unnested((item,), fields)
    column = _Column(f"u{number}", "", inside)
    return _Unnested((item,), (column,))


def _unnested_map(sql: str, kind: Type, number: int) -> _Unnested:
    """A map as two columns: its keys and its values."""
    key_type, value_type = inner(kind)
    keys = f"unnest(map_keys({sql})) AS u{number}"
    values = f"unnest(map_values({sql})) AS v{number}"
    key = _Column(f"u{number}", "", key_type)
    value = _Column(f"v{number}", "", value_type)
    return _Unnested((keys, values), (key, value))


def _fields(row: Type, number: int) -> tuple[_Column, ...]:
    """A row's fields, each a column under its own name."""
    kinds = inner(row)
    names = row.names or ("",) * len(kinds)
    pairs = zip(names, kinds, strict=True)
    columns = []
    for place, (given, kind) in enumerate(pairs):
        sql = f"struct_extract(u{number}, '{field(place)}')"
        column = _Column(sql, given.lower(), kind)
        columns.append(column)
    return tuple(columns)


def _ordinality(node: tree.Unnest, scope: Scope) -> str:
    """WITH ORDINALITY: numbers from 1, as many as the longest value has."""
    lists = [_list(one, scope) for one in node.expressions]
    lengths = ", ".join(f"len({one})" for one in lists)
    longest = f"coalesce(greatest({lengths}), 0)"
    return f"unnest(range(1, {longest} + 1)) AS o"


def _list(node: tree.Expression, scope: Scope) -> str:
    """An array, or the keys of a map: what has the length of a value."""
    sql = expressions.expression(node, scope)
    if scope.result_of(node).base == "map":
        return f"map_keys({sql})"
    return sql


# joins


def _join(node: tree.Join, scope: Scope) -> Written:
    """A join of two relations, each with its own columns. Raises NotHere."""
    left = relation(node.left, scope)
    # the right side of a join may name the left one's columns, as an outer query's
    over_left = scope.over(left.columns)
    right = relation(node.right, over_left.inside_of(scope))
    columns = (*left.columns, *right.columns)
    if node.natural:
        raise NotHere("NATURAL JOIN")
    if node.using:
        return _using(node, left, right)
    word = JOINS[node.kind]
    both = f"{left.sql} {word} {right.sql}"
    if node.on is None:
        return Written(f"({both})", columns)
    over_both = scope.over(columns)
    condition = expressions.expression(node.on, over_both)
    return Written(f"({both} ON {condition})", columns)


def _using(node: tree.Join, left: Written, right: Written) -> Written:
    """Columns of USING come first, and once; those of either side stay hidden behind them."""
    conditions: list[str] = []
    first: list[Named] = []
    hidden: set[Named] = set()
    for identifier in node.using:
        name = identifier.key
        one = _column(left, name)
        other = _column(right, name)
        shared = _shared(one.type, other.type)
        left_sql = _as_shared(one, shared)
        right_sql = _as_shared(other, shared)
        conditions.append(f"{left_sql} = {right_sql}")
        value = _of_both(node.kind, left_sql, right_sql)
        column = Named(name, (), value, shared)
        first.append(column)
        hidden |= {one, other}
    both = (*left.columns, *right.columns)
    rest = [one for one in both if one not in hidden]
    word = JOINS[node.kind]
    condition = " AND ".join(conditions)
    sql = f"({left.sql} {word} {right.sql} ON {condition})"
    return Written(sql, (*first, *rest))


def _as_shared(column: Named, shared: Type) -> str:
    """A column of USING as one of the type that both sides are compared as."""
    return coerced(column.sql, column.type, shared)


def _column(side: Written, key: str) -> Named:
    """The column of a name. The analysis has refused a name that a side does not have."""
    return next(one for one in side.columns if one.name == key)


def _shared(one: Type, other: Type) -> Type:
    """The type that both columns of USING are compared as. Raises NotHere."""
    shared = common(one, other)
    if shared is None or shared.base in {"double", "real"}:
        raise NotHere(f"USING of {one} and {other}")
    return shared


def _of_both(kind: tree.JoinKind, left: str, right: str) -> str:
    """A column of USING: the value of the side that is never missing."""
    if kind is tree.JoinKind.RIGHT:
        return right
    if kind is tree.JoinKind.FULL:
        return f"coalesce({left}, {right})"
    return left
