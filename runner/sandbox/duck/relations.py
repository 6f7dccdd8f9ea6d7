"""What stands in FROM: each relation with a name of its own, so that DuckDB never
resolves one itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from runner.sandbox.duck import expressions, queries
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Named, Scope
from runner.sandbox.duck.storage import BIGINT, element, field, inner, name
from runner.trino import tree
from runner.trino.types import Type, common

JOINS = {
    tree.JoinKind.INNER: "JOIN", tree.JoinKind.LEFT: "LEFT JOIN", tree.JoinKind.RIGHT: "RIGHT JOIN",
    tree.JoinKind.FULL: "FULL JOIN", tree.JoinKind.CROSS: "CROSS JOIN",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A relation in DuckDB's words, and its columns in order."""

    sql: str
    columns: tuple[Named, ...]


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


def _table(node: tree.Table, scope: Scope) -> Written:
    alias = f"r{node.at}"
    key = node.name[-1].key
    if len(node.name) == 1 and (made := scope.tables.get(key)):
        columns = tuple(
            Named(column, (key,), f"{alias}.c{number}", kind)
            for number, (column, kind) in enumerate(made.columns)
        )
        return Written(f"{made.sql} AS {alias}", columns)
    known = scope.facts.tables.get(node)
    if known is None:
        raise NotHere("a table that it does not know")
    sql, held = known
    qualifiers = ("td", *(part.strip('"') for part in sql.split(".", 1)))
    columns = tuple(
        Named(column, qualifiers, f"{alias}.{name(column)}", kind)
        for column, kind in held
    )
    return Written(f"{sql} AS {alias}", columns)


def _aliased(node: tree.Aliased, scope: Scope) -> Written:
    inside = relation(node.relation, scope)
    names = [column.key for column in node.columns]
    shown = tuple(one for one in inside.columns if not one.hidden)
    columns = tuple(
        replace(
            one, name=names[number] if names else one.name, qualifiers=(node.alias.key,)
        )
        for number, one in enumerate(shown)
    )
    return Written(inside.sql, columns)


def _subquery(node: tree.Subquery, scope: Scope) -> Written:
    inside = Scope(
        scope.facts, outer=scope if node.lateral else scope.outer, tables=scope.tables
    )
    if node.lateral and queries.reaches_out(node.query, scope):
        raise NotHere("LATERAL of a subquery that names columns before it")
    made = queries.written(node.query, inside)
    alias = f"r{node.at}"
    columns = tuple(
        Named(column, (), f"{alias}.c{number}", kind)
        for number, (column, kind) in enumerate(made.columns)
    )
    lateral = "LATERAL " if node.lateral else ""
    return Written(f"{lateral}({made.sql}) AS {alias}", columns)


def _unnest(node: tree.Unnest, scope: Scope) -> Written:
    alias = f"r{node.at}"
    items: list[str] = []
    shown: list[tuple[str, Type]] = []
    for number, one in enumerate(node.expressions):
        sql, kind = expressions.expression(one, scope), scope.facts.result_of(one)
        if kind.base == "map":
            key, value = inner(kind)
            items += [
                f"unnest(map_keys({sql})) AS u{number}",
                f"unnest(map_values({sql})) AS v{number}",
            ]
            shown += [(f"u{number}", key), (f"v{number}", value)]
        elif kind.base == "array" and not inner(kind):
            raise NotHere(f"UNNEST of {kind}")
        elif kind.base == "array" and element(kind).base == "row":
            items.append(f"unnest({sql}) AS u{number}")
            shown += [
                (f"struct_extract(u{number}, '{field(place)}')", of)
                for place, of in enumerate(inner(element(kind)))
            ]
        elif kind.base == "array":
            items.append(f"unnest({sql}) AS u{number}")
            shown.append((f"u{number}", element(kind)))
        else:
            raise NotHere(f"UNNEST of {kind}")
    if node.ordinality:
        longest = ", ".join(f"len({_list(one, scope)})" for one in node.expressions)
        items.append(f"unnest(range(1, coalesce(greatest({longest}), 0) + 1)) AS o")
        shown.append(("o", BIGINT))
    outer = ", ".join(f"{sql} AS c{number}" for number, (sql, _) in enumerate(shown))
    columns = tuple(
        Named(_field_name(node, number, scope), (), f"{alias}.c{number}", kind)
        for number, (_, kind) in enumerate(shown)
    )
    return Written(
        f"LATERAL (SELECT {outer} FROM (SELECT {', '.join(items)}) AS i{alias}) AS {alias}",
        columns,
    )


def _list(node: tree.Expression, scope: Scope) -> str:
    sql = expressions.expression(node, scope)
    return f"map_keys({sql})" if scope.facts.result_of(node).base == "map" else sql


def _field_name(node: tree.Unnest, number: int, scope: Scope) -> str:
    """The name of a column that UNNEST makes without an alias: a row's field, else none."""
    names: list[str] = []
    for one in node.expressions:
        kind = scope.facts.result_of(one)
        if kind.base == "map":
            names += ["", ""]
        elif element(kind).base == "row":
            fields = element(kind)
            names += [
                found.lower() for found in fields.names or ("",) * len(inner(fields))
            ]
        else:
            names.append("")
    return names[number] if number < len(names) else ""


def _join(node: tree.Join, scope: Scope) -> Written:
    left = relation(node.left, scope)
    right = relation(node.right, scope.over(left.columns).inside_of(scope))
    columns = (*left.columns, *right.columns)
    if node.natural:
        raise NotHere("NATURAL JOIN")
    if node.using:
        return _using(node, left, right)
    word = JOINS[node.kind]
    if node.on is None:
        return Written(f"({left.sql} {word} {right.sql})", columns)
    condition = expressions.expression(node.on, scope.over(columns))
    return Written(f"({left.sql} {word} {right.sql} ON {condition})", columns)


def _using(node: tree.Join, left: Written, right: Written) -> Written:
    """Columns of USING come first, and once; those of either side stay hidden behind them."""
    conditions, first, hidden = [], [], set()
    for identifier in node.using:
        one = next(it for it in left.columns if it.name == identifier.key)
        other = next(it for it in right.columns if it.name == identifier.key)
        shared = common(one.type, other.type)
        if shared is None or shared.base in {"double", "real"}:
            raise NotHere(f"USING of {one.type} and {other.type}")
        sides = (
            coerced(one.sql, one.type, shared),
            coerced(other.sql, other.type, shared),
        )
        conditions.append(f"{sides[0]} = {sides[1]}")
        value = {
            tree.JoinKind.RIGHT: sides[1],
            tree.JoinKind.FULL: f"coalesce({sides[0]}, {sides[1]})",
        }.get(node.kind, sides[0])
        first.append(Named(identifier.key, (), value, shared))
        hidden |= {one, other}
    rest = [one for one in (*left.columns, *right.columns) if one not in hidden]
    sql = f"({left.sql} {JOINS[node.kind]} {right.sql} ON {' AND '.join(conditions)})"
    return Written(sql, (*first, *rest))
