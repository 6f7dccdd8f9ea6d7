"""Queries: SELECT, VALUES, set operations, WITH, ORDER BY and LIMIT, with columns
called c0, c1 and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runner.sandbox.duck import expressions, relations, windows
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Named, Scope, WithTable, of_relation, parts
from runner.sandbox.duck.storage import UNKNOWN, is_composite, storage
from runner.sandbox.duck.zones import UTC, zone_of
from runner.trino import tree
from runner.trino.types import Type, common

SETS = {
    tree.SetKind.UNION: "UNION",
    tree.SetKind.INTERSECT: "INTERSECT",
    tree.SetKind.EXCEPT: "EXCEPT",
}
GROUPINGS = {
    tree.GroupingKind.ROLLUP: "ROLLUP", tree.GroupingKind.CUBE: "CUBE", tree.GroupingKind.SETS: "GROUPING SETS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A query in DuckDB's words; its columns' names ("" where there is none) and types."""

    sql: str
    columns: tuple[tuple[str, Type], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One column of a SELECT: its expression, name and type."""

    sql: str
    name: str
    type: Type
    node: tree.Expression | None


def query(node: tree.Query, scope: Scope) -> str:
    """A query's text. Raises NotHere."""
    return written(node, scope).sql


def single(node: tree.Query, scope: Scope) -> tuple[str, Type]:
    """A query of one column: its text, and the column's type. Raises NotHere."""
    made = written(node, scope)
    if len(made.columns) != 1:
        raise NotHere("a subquery of several columns in an expression")
    return made.sql, made.columns[0][1]


def written(node: tree.Query, scope: Scope) -> Made:
    """A whole query. Raises NotHere."""
    if node.declares_functions:
        raise NotHere("WITH FUNCTION")
    if node.ties:
        raise NotHere("FETCH FIRST … WITH TIES")
    prefix, inside = "", scope
    if node.with_ is not None:
        prefix, inside = _with(node.with_, scope)
    if _is_limited(node) and reaches_out(node, scope.outer):
        raise NotHere("a correlated subquery with LIMIT")
    order: str
    match node.body:
        case tree.Select():
            made, order = _select(node.body, node.order_by, inside)
        case tree.Values() | tree.SetOperation() | tree.TableBody() | tree.Query():
            made = _body(node.body, inside)
            order = ""
            if node.order_by:
                made, order = _ordered(made, node.order_by, inside)
    return Made(f"{prefix}{made.sql}{order}{_limits(node)}", made.columns)


def _is_limited(node: tree.Query) -> bool:
    return node.limited or node.offset is not None


def reaches_out(node: tree.Query, outer: Scope | None) -> bool:
    """True where a query may name a column of the queries around it."""
    names = set()
    while outer is not None:
        names |= {one.name for one in outer.columns}
        outer = outer.outer
    return any(
        isinstance(one, (tree.Column, tree.Field)) and one.name.key in names
        for one in tree.walk(node)
    )


def _limits(node: tree.Query) -> str:
    shown = ""
    if node.limit is not None:
        if not isinstance(node.limit, tree.Number):
            raise NotHere("LIMIT of what is no number")
        shown += f" LIMIT {node.limit.text}"
    if node.offset is not None:
        if not isinstance(node.offset, tree.Number):
            raise NotHere("OFFSET of what is no number")
        shown += f" OFFSET {node.offset.text}"
    return shown


def _with(node: tree.With, scope: Scope) -> tuple[str, Scope]:
    tables = dict(scope.tables)
    shown = []
    for one in node.queries:
        alias = f"w{one.at}"
        if node.recursive and _names_itself(one):
            text, columns = _recursive(one, alias, replace(scope, tables=tables))
        else:
            made = written(
                one.query, Scope(scope.facts, outer=scope.outer, tables=dict(tables))
            )
            text, columns = made.sql, _renamed(made.columns, one.columns)
        listed = ", ".join(f"c{number}" for number in range(len(columns)))
        shown.append(f"{alias} ({listed}) AS ({text})")
        tables[one.name.key] = WithTable(alias, columns)
    word = "WITH RECURSIVE" if node.recursive else "WITH"
    return f"{word} {', '.join(shown)} ", replace(scope, tables=tables)


def _renamed(
    columns: tuple[tuple[str, Type], ...], names: Sequence[tree.Identifier]
) -> tuple[tuple[str, Type], ...]:
    if not names:
        return columns
    return tuple(
        (name.key, kind) for name, (_, kind) in zip(names, columns, strict=True)
    )


def _names_itself(one: tree.WithQuery) -> bool:
    return any(
        isinstance(node, tree.Table)
        and len(node.name) == 1
        and node.name[0].key == one.name.key
        for node in tree.walk(one.query)
    )


def _recursive(
    one: tree.WithQuery, alias: str, scope: Scope
) -> tuple[str, tuple[tuple[str, Type], ...]]:
    body = one.query.body
    if (
        not isinstance(body, tree.SetOperation)
        or body.kind is not tree.SetKind.UNION
        or not body.all
    ):
        raise NotHere("WITH RECURSIVE without UNION ALL")
    if one.query.with_ or one.query.order_by or _is_limited(one.query):
        raise NotHere("WITH RECURSIVE with ORDER BY, LIMIT or WITH inside")
    inner = Scope(scope.facts, outer=scope.outer, tables=scope.tables)
    start = _body(body.left, inner)
    columns = _renamed(start.columns, one.columns)
    own = replace(
        inner, tables={**scope.tables, one.name.key: WithTable(alias, columns)}
    )
    step = _converted(_body(body.right, own), [kind for _, kind in columns])
    return (
        f"{_converted(start, [kind for _, kind in columns]).sql} UNION ALL {step.sql}",
        columns,
    )


def _body(node: tree.Body, scope: Scope) -> Made:
    match node:
        case tree.Select():
            return _select(node, (), scope)[0]
        case tree.Values():
            return _values(node, scope)
        case tree.SetOperation():
            return _set_operation(node, scope)
        case tree.TableBody():
            inside = relations.relation(node.table, scope)
            return _all_of(inside)
        case tree.Query():
            made = written(node, scope)
            listed = ", ".join(f"c{number}" for number in range(len(made.columns)))
            return Made(
                f"SELECT * FROM ({made.sql}) AS q{node.at} ({listed})", made.columns
            )


def _all_of(inside: relations.Written) -> Made:
    shown = ", ".join(
        f"{one.sql} AS c{number}" for number, one in enumerate(inside.columns)
    )
    return Made(
        f"SELECT {shown} FROM {inside.sql}",
        tuple((one.name, one.type) for one in inside.columns),
    )


# SELECT


def _select(
    node: tree.Select, order_by: Sequence[tree.SortItem], scope: Scope
) -> tuple[Made, str]:
    """A SELECT, and the ORDER BY behind it."""
    columns: tuple[Named, ...] = ()
    source = ""
    if node.from_ is not None:
        inside = relations.relation(node.from_, scope)
        columns, source = inside.columns, f" FROM {inside.sql}"
    here = replace(
        scope.over(columns), windows={one.name.key: one.window for one in node.windows}
    )
    items = _items(node.items, here)
    shown = ", ".join(f"{one.sql} AS c{number}" for number, one in enumerate(items))
    sql = f"SELECT {'DISTINCT ' if node.distinct else ''}{shown}{source}"
    if node.where is not None:
        sql += f" WHERE {expressions.expression(node.where, here)}"
    if node.group_by is not None:
        sql += f" GROUP BY {_grouping(node.group_by, items, here)}"
    if node.having is not None:
        sql += f" HAVING {expressions.expression(node.having, here)}"
    if node.distinct:
        _check_distinct(items)
    made = Made(sql, tuple((one.name, one.type) for one in items))
    return made, _order_of(order_by, items, here, distinct=node.distinct)


def _check_distinct(items: Sequence[Item]) -> None:
    for one in items:
        if one.type.base in {"map"}:
            raise NotHere("DISTINCT of maps")


def _items(nodes: Sequence[tree.SelectItem | tree.Star], scope: Scope) -> list[Item]:
    items: list[Item] = []
    for node in nodes:
        if isinstance(node, tree.Star):
            items += _star(node, scope)
            continue
        sql = expressions.expression(node.expression, scope)
        kind = scope.facts.result_of(node.expression)
        storage(kind)
        if (
            kind.base == "timestamp with time zone"
            and zone_of(node.expression, scope) != UTC
        ):
            raise NotHere("a column of moments in another time zone than UTC")
        names = parts(node.expression)
        name = node.alias.key if node.alias else (names[-1] if names else "")
        items.append(Item(sql, name, kind, node.expression))
    return items


def _star(node: tree.Star, scope: Scope) -> list[Item]:
    if node.base is None:
        found: tuple[Named, ...] | None = tuple(
            one for one in scope.columns if not one.hidden
        )
    else:
        found = of_relation(scope, node.base)
    if found is None:
        raise NotHere("a row's fields by `.*`")
    names = [one.key for one in node.aliases] or [one.name for one in found]
    return [
        Item(one.sql, name, one.type, None)
        for one, name in zip(found, names, strict=True)
    ]


def _grouping(node: tree.GroupBy, items: Sequence[Item], scope: Scope) -> str:
    if node.distinct:
        raise NotHere("GROUP BY DISTINCT")
    shown = []
    for element in node.elements:
        sets = [
            [_grouped(one, items, scope) for one in expressions_]
            for expressions_ in element.sets
        ]
        if element.kind is tree.GroupingKind.SIMPLE:
            inside = [", ".join(one) for one in sets]
            shown.append(
                inside[0] if len(sets[0]) <= 1 and sets[0] else f"({', '.join(inside)})"
            )
        else:
            if not all(
                isinstance(one, (tree.Column, tree.Field))
                for each in element.sets
                for one in each
            ):
                raise NotHere(f"{GROUPINGS[element.kind]} of anything but columns")
            listed = ", ".join(f"({', '.join(one)})" for one in sets)
            shown.append(f"{GROUPINGS[element.kind]} ({listed})")
    return ", ".join(shown)


def _grouped(node: tree.Expression, items: Sequence[Item], scope: Scope) -> str:
    if isinstance(node, tree.Number) and node.kind is tree.NumberKind.INTEGER:
        found = items[int(node.text) - 1]
        sql, kind = found.sql, found.type
    else:
        sql, kind = expressions.expression(node, scope), scope.facts.result_of(node)
    if kind.base in {"map", "char"}:
        raise NotHere(f"GROUP BY of {kind}")
    return sql


def _order_of(
    order_by: Sequence[tree.SortItem],
    items: Sequence[Item],
    scope: Scope,
    *,
    distinct: bool,
) -> str:
    if not order_by:
        return ""
    names = [one.name for one in items]
    outputs = {
        one.name: one.sql for one in items if one.name and names.count(one.name) == 1
    }
    shown = []
    for item in order_by:
        place = _place(item.expression, names)
        if place is not None:
            _check_orderable(items[place].type)
            shown.append(f"{place + 1} {windows.direction(item)}")
            continue
        windows.orderable(item.expression, scope)
        sql = expressions.expression(item.expression, _with_outputs(scope, outputs))
        same = next(
            (number for number, one in enumerate(items) if one.sql == sql), None
        )
        if same is None and distinct:
            raise NotHere("ORDER BY of what SELECT DISTINCT does not show")
        shown.append(f"{sql if same is None else same + 1} {windows.direction(item)}")
    return f" ORDER BY {', '.join(shown)}"


def _with_outputs(scope: Scope, outputs: dict[str, str]) -> Scope:
    """ORDER BY sees the select items before the columns of FROM, which stay behind
    their qualifiers.
    """
    first = tuple(Named(name, (), sql, UNKNOWN) for name, sql in outputs.items())
    return replace(scope, columns=(*first, *scope.columns))


def _place(node: tree.Expression, names: Sequence[str]) -> int | None:
    if isinstance(node, tree.Number) and node.kind is tree.NumberKind.INTEGER:
        return int(node.text) - 1
    if isinstance(node, tree.Column) and node.name.key in names:
        return names.index(node.name.key)
    return None


def _check_orderable(kind: Type) -> None:
    if is_composite(kind) or kind.base in {"json", "char"}:
        raise NotHere(f"ORDER BY of {kind}")


def _ordered(
    made: Made, order_by: Sequence[tree.SortItem], scope: Scope
) -> tuple[Made, str]:
    """ORDER BY behind a set operation or VALUES: only its columns may be named."""
    columns = tuple(
        Named(name, (), f"o.c{number}", kind)
        for number, (name, kind) in enumerate(made.columns)
    )
    here = scope.over(columns)
    items = [Item(one.sql, one.name, one.type, None) for one in columns]
    listed = ", ".join(f"c{number}" for number in range(len(columns)))
    shown = ", ".join(one.sql for one in columns)
    wrapped = Made(f"SELECT {shown} FROM ({made.sql}) AS o ({listed})", made.columns)
    return wrapped, _order_of(order_by, items, here, distinct=False)


# VALUES and set operations


def _values(node: tree.Values, scope: Scope) -> Made:
    rows = [
        list(row.items) if isinstance(row, tree.Row) else [row] for row in node.rows
    ]
    kinds = [scope.facts.result_of(one) for one in rows[0]]
    for row in rows[1:]:
        kinds = [
            _shared(kind, scope.facts.result_of(one))
            for kind, one in zip(kinds, row, strict=True)
        ]
    for kind in kinds:
        storage(kind)
    written_rows = [
        [_cell(one, kind, scope) for one, kind in zip(row, kinds, strict=True)]
        for row in rows
    ]
    listed = ", ".join(f"c{number}" for number in range(len(kinds)))
    shown = ", ".join(f"({', '.join(row)})" for row in written_rows)
    columns = tuple(("", kind) for kind in kinds)
    return Made(f"SELECT * FROM (VALUES {shown}) AS v{node.at} ({listed})", columns)


def _cell(node: tree.Expression, kind: Type, scope: Scope) -> str:
    if zone_of(node, scope) != UTC:
        raise NotHere("a column of moments in another time zone than UTC")
    sql = expressions.converted(node, kind, scope)
    return (
        sql
        if isinstance(node, (tree.Number, tree.Text))
        else f"CAST({sql} AS {storage(kind)})"
    )


def _shared(one: Type, other: Type) -> Type:
    shared = common(one, other)
    if shared is None:
        raise NotHere(f"a column of {one} and {other}")
    return shared


def _set_operation(node: tree.SetOperation, scope: Scope) -> Made:
    left, right = _body(node.left, scope), _body(node.right, scope)
    kinds = [
        _shared(one, other)
        for (_, one), (_, other) in zip(left.columns, right.columns, strict=True)
    ]
    if not node.all or node.kind is not tree.SetKind.UNION:
        for kind in kinds:
            if kind.base in {"map", "char"}:
                raise NotHere(f"{SETS[node.kind]} of {kind}")
    sides = [_converted(side, kinds) for side in (left, right)]
    word = SETS[node.kind] + (" ALL" if node.all else "")
    columns = tuple(
        (name, kind) for (name, _), kind in zip(left.columns, kinds, strict=True)
    )
    listed = ", ".join(f"c{number}" for number in range(len(kinds)))
    inside = f"({sides[0].sql}) {word} ({sides[1].sql})"
    return Made(f"SELECT * FROM ({inside}) AS s{node.at} ({listed})", columns)


def _converted(made: Made, kinds: Sequence[Type]) -> Made:
    """A query's columns as those of other types."""
    changed = []
    for number, ((_, source), target) in enumerate(
        zip(made.columns, kinds, strict=True)
    ):
        sql = f"k.c{number}"
        if source != target:
            sql = (
                f"CAST({sql} AS {storage(target)})"
                if source == UNKNOWN
                else coerced(sql, source, target)
            )
        changed.append(sql)
    if all(sql == f"k.c{number}" for number, sql in enumerate(changed)):
        return made
    shown = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(changed))
    listed = ", ".join(f"c{number}" for number in range(len(kinds)))
    columns = tuple(
        (name, kind) for (name, _), kind in zip(made.columns, kinds, strict=True)
    )
    return Made(f"SELECT {shown} FROM ({made.sql}) AS k ({listed})", columns)
