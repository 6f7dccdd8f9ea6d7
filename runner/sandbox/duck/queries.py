"""Whole queries: WITH, VALUES, set operations, and LIMIT behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.sandbox.duck import expressions, ordering, relations, selects
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope, WithTable, named
from runner.sandbox.duck.shapes import (
    Columns,
    Item,
    Made,
    as_numbered,
    derived,
    numbered,
    renamed,
    retyped,
)
from runner.sandbox.duck.storage import UNKNOWN, as_stored, storage
from runner.sandbox.duck.zones import UTC, zone_of
from runner.trino import tree
from runner.trino.types import Type, common

SETS = {
    tree.SetKind.UNION: "UNION",
    tree.SetKind.INTERSECT: "INTERSECT",
    tree.SetKind.EXCEPT: "EXCEPT",
}


def query(node: tree.Query, scope: Scope) -> str:
    """A query's text. Raises NotHere."""
    return written(node, scope).sql


def single(node: tree.Query, scope: Scope) -> tuple[str, Type]:
    """A query of one column: its text, and the column's type. Raises NotHere."""
    made = written(node, scope)
    if len(made.columns) != 1:
        raise NotHere("a subquery of several columns in an expression")
    return made.sql, made.kinds[0]


def written(node: tree.Query, scope: Scope) -> Made:
    """A whole query with its columns. Raises NotHere."""
    if node.declares_functions:
        raise NotHere("WITH FUNCTION")
    if node.ties:
        raise NotHere("FETCH FIRST … WITH TIES")
    prefix = ""
    inside = scope
    if node.with_ is not None:
        prefix, inside = _with(node.with_, scope)
    if _is_limited(node) and reaches_out(node, scope.outer):
        raise NotHere("a correlated subquery with LIMIT")
    made, order = _with_order(node, inside)
    limits = _limits(node)
    return Made(f"{prefix}{made.sql}{order}{limits}", made.columns)


def _with_order(node: tree.Query, scope: Scope) -> tuple[Made, str]:
    """A query's body, and the ORDER BY behind it."""
    if isinstance(node.body, tree.Select):
        return selects.select(node.body, node.order_by, scope)
    made = _body(node.body, scope)
    if not node.order_by:
        return made, ""
    return _ordered(made, node.order_by, scope)


def _is_limited(node: tree.Query) -> bool:
    """True for a query with LIMIT, FETCH FIRST or OFFSET."""
    return node.limited or node.offset is not None


def reaches_out(node: tree.Query, outer: Scope | None) -> bool:
    """True where a query may name a column of the queries around it."""
    if outer is None:
        return False
    names: set[str] = set()
    for around in outer.outwards():
        names.update(one.name for one in around.columns)
    for one in tree.walk(node):
        if isinstance(one, (tree.Column, tree.Field)) and one.name.key in names:
            return True
    return False


def _limits(node: tree.Query) -> str:
    """LIMIT and OFFSET, each with a space before it."""
    shown = ""
    if node.limit is not None:
        shown += _count("LIMIT", node.limit)
    if node.offset is not None:
        shown += _count("OFFSET", node.offset)
    return shown


def _count(word: str, node: tree.Expression) -> str:
    """` LIMIT 10` and its like. Raises NotHere where it is no number."""
    if not isinstance(node, tree.Number):
        raise NotHere(f"{word} of what is no number")
    return f" {word} {node.text}"


# WITH


def _with(node: tree.With, scope: Scope) -> tuple[str, Scope]:
    """The text of WITH, and the scope that knows its tables."""
    tables = dict(scope.tables)
    shown = []
    for one in node.queries:
        alias = f"w{one.at}"
        # each query sees those before it
        known = replace(scope, tables=dict(tables))
        made = _declared(one, alias, known, recursive=node.recursive)
        columns = numbered(len(made.columns))
        shown.append(f"{alias} ({columns}) AS ({made.sql})")
        tables[one.name.key] = WithTable(alias, made.columns)
    word = "WITH"
    if node.recursive:
        word = "WITH RECURSIVE"
    queries = ", ".join(shown)
    return f"{word} {queries} ", replace(scope, tables=tables)


def _declared(
    one: tree.WithQuery, alias: str, scope: Scope, *, recursive: bool
) -> Made:
    """A query of WITH, with the columns' names that stand before it."""
    if recursive and _names_itself(one):
        return _recursive(one, alias, scope)
    inside = scope.bare()
    made = written(one.query, inside)
    return Made(made.sql, _named_columns(made.columns, one.columns))


def _named_columns(columns: Columns, names: Sequence[tree.Identifier]) -> Columns:
    """Columns under the names that WITH gives them, if it gives any."""
    if not names:
        return columns
    given = [name.key for name in names]
    return renamed(columns, given)


def _names_itself(one: tree.WithQuery) -> bool:
    """True where a query of WITH reads the table that it declares."""
    own = one.name.key
    for node in tree.walk(one.query):
        if not isinstance(node, tree.Table) or len(node.name) != 1:
            continue
        if node.name[0].key == own:
            return True
    return False


def _recursive(one: tree.WithQuery, alias: str, scope: Scope) -> Made:
    """`start UNION ALL step`, of which only the step reads the table. Raises NotHere."""
    query = one.query
    body = query.body
    if not isinstance(body, tree.SetOperation) or not _is_union_all(body):
        raise NotHere("WITH RECURSIVE without UNION ALL")
    if query.with_ or query.order_by or _is_limited(query):
        raise NotHere("WITH RECURSIVE with ORDER BY, LIMIT or WITH inside")
    inside = scope.bare()
    start = _body(body.left, inside)
    columns = _named_columns(start.columns, one.columns)
    tables = dict(scope.tables)
    tables[one.name.key] = WithTable(alias, columns)
    reading_itself = replace(inside, tables=tables)
    step = _body(body.right, reading_itself)
    first = _converted(start, start.kinds)
    next_ = _converted(step, start.kinds)
    return Made(f"{first.sql} UNION ALL {next_.sql}", columns)


def _is_union_all(node: tree.SetOperation) -> bool:
    """True for UNION ALL, which compares no rows."""
    return node.all and node.kind is tree.SetKind.UNION


# what stands in a query


def _body(node: tree.Body, scope: Scope) -> Made:
    """What stands between WITH and ORDER BY. Raises NotHere."""
    match node:
        case tree.Select():
            made, _ = selects.select(node, (), scope)
            return made
        case tree.Values():
            return _values(node, scope)
        case tree.SetOperation():
            return _set_operation(node, scope)
        case tree.TableBody():
            return _all_of(relations.relation(node.table, scope))
        case tree.Query():
            made = written(node, scope)
            return _whole(made.sql, f"q{node.at}", made.columns)


def _whole(sql: str, alias: str, columns: Columns) -> Made:
    """Every column of a query that stands in FROM under an alias."""
    source = derived(sql, alias, len(columns))
    return Made(f"SELECT * FROM {source}", columns)


def _all_of(inside: relations.Written) -> Made:
    """`TABLE name`: every column of a relation."""
    shown = as_numbered(one.sql for one in inside.columns)
    columns = tuple((one.name, one.type) for one in inside.columns)
    return Made(f"SELECT {shown} FROM {inside.sql}", columns)


def _ordered(
    made: Made, sorting: Sequence[tree.SortItem], scope: Scope
) -> tuple[Made, str]:
    """ORDER BY behind a set operation or VALUES: only its columns may be named."""
    columns = named(made.columns, "o")
    items = []
    for one in columns:
        item = Item(one.sql, one.name, one.type, None)
        items.append(item)
    shown = ", ".join(one.sql for one in columns)
    source = derived(made.sql, "o", len(columns))
    wrapped = Made(f"SELECT {shown} FROM {source}", made.columns)
    here = scope.over(columns)
    order = ordering.order_by(sorting, items, here, distinct=False)
    return wrapped, order


# VALUES and set operations


def _values(node: tree.Values, scope: Scope) -> Made:
    """VALUES, in which every row has the same types. Raises NotHere."""
    rows = [_cells(row) for row in node.rows]
    kinds = _kinds_of(rows, scope)
    shown = ", ".join(_row(row, kinds, scope) for row in rows)
    columns = tuple(("", kind) for kind in kinds)
    return _whole(f"VALUES {shown}", f"v{node.at}", columns)


def _row(row: Sequence[tree.Expression], kinds: Sequence[Type], scope: Scope) -> str:
    """One row of VALUES, in parentheses. Raises NotHere."""
    cells = []
    for one, kind in zip(row, kinds, strict=True):
        cell = _cell(one, kind, scope)
        cells.append(cell)
    listed = ", ".join(cells)
    return f"({listed})"


def _cells(row: tree.Expression) -> Sequence[tree.Expression]:
    """The values of one row; a row of one value may stand without parentheses."""
    if isinstance(row, tree.Row):
        return row.items
    return [row]


def _kinds_of(rows: Sequence[Sequence[tree.Expression]], scope: Scope) -> list[Type]:
    """The type of each column of VALUES, which all of its values share. Raises NotHere."""
    kinds = [scope.result_of(one) for one in rows[0]]
    for row in rows[1:]:
        others = [scope.result_of(one) for one in row]
        kinds = _all_shared(kinds, others)
    for kind in kinds:
        # asked for what it raises: a type that DuckDB does not keep
        storage(kind)
    return kinds


def _cell(node: tree.Expression, kind: Type, scope: Scope) -> str:
    """One value of VALUES, in the type of its column. Raises NotHere."""
    if zone_of(node, scope) != UTC:
        raise NotHere("a column of moments in another time zone than UTC")
    sql = expressions.converted(node, kind, scope)
    if isinstance(node, (tree.Number, tree.Text)):
        return sql
    return as_stored(sql, kind)


def _shared(one: Type, other: Type) -> Type:
    """The type of a column that holds values of both. Raises NotHere."""
    shared = common(one, other)
    if shared is None:
        raise NotHere(f"a column of {one} and {other}")
    return shared


def _all_shared(ones: Sequence[Type], others: Sequence[Type]) -> list[Type]:
    """The types that two lists of columns share, pair by pair. Raises NotHere."""
    pairs = zip(ones, others, strict=True)
    return [_shared(one, other) for one, other in pairs]


def _set_operation(node: tree.SetOperation, scope: Scope) -> Made:
    """UNION, INTERSECT or EXCEPT of two queries of the same types. Raises NotHere."""
    left = _body(node.left, scope)
    right = _body(node.right, scope)
    kinds = _all_shared(left.kinds, right.kinds)
    word = SETS[node.kind]
    if not _is_union_all(node):
        _check_compared(kinds, word)
    one = _converted(left, kinds)
    other = _converted(right, kinds)
    if node.all:
        word += " ALL"
    inside = f"({one.sql}) {word} ({other.sql})"
    columns = retyped(left.columns, kinds)
    return _whole(inside, f"s{node.at}", columns)


def _check_compared(kinds: Sequence[Type], word: str) -> None:
    """Raises NotHere for a type whose rows DuckDB does not hold for the same as Trino."""
    for kind in kinds:
        if kind.base in {"map", "char"}:
            raise NotHere(f"{word} of {kind}")


def _converted(made: Made, kinds: Sequence[Type]) -> Made:
    """A query's columns as those of other types."""
    plain = [f"k.c{number}" for number in range(len(kinds))]
    changed = []
    for sql, source, target in zip(plain, made.kinds, kinds, strict=True):
        as_target = _as_kind(sql, source, target)
        changed.append(as_target)
    if changed == plain:
        return made
    shown = as_numbered(changed)
    inside = derived(made.sql, "k", len(kinds))
    columns = retyped(made.columns, kinds)
    return Made(f"SELECT {shown} FROM {inside}", columns)


def _as_kind(sql: str, source: Type, target: Type) -> str:
    """A column as one of another type; a column of NULL alone has no type to convert."""
    if source == target:
        return sql
    if source == UNKNOWN:
        return as_stored(sql, target)
    return coerced(sql, source, target)
