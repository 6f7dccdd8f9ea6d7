"""Expressions: each kind of node in DuckDB's words."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from runner.sandbox.duck import calls, extracts, operators, queries, values
from runner.sandbox.duck.casts import cast, coerced
from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope, argument, lookup, parts
from runner.sandbox.duck.storage import (
    UNKNOWN,
    as_stored,
    field,
    in_utc,
    inner,
    precision_of,
    python,
    storage,
    text,
)
from runner.sandbox.duck.zones import zone_of
from runner.trino import tree
from runner.trino.types import Type

RISK = re.compile(
    r'"py:|'
    r"trino_(?:tinyint|smallint|integer|bigint|boolean"
    r"|subscript|element_at|fitting|days)\(|"
    r"//| % "
)
"""What an expression's text holds where its evaluation might fail for some rows; sums
seldom grow too large.
"""

NO_MEMBERSHIP = frozenset({"row", "map", "array", "json"})
"""Types that DuckDB does not look for in a query's rows as Trino does."""

KEYS = frozenset({"varchar", "bigint", "integer", "boolean", "date"})
"""Types of a map's keys that arrive in Python as what they are."""


def expression(node: tree.Expression, scope: Scope) -> str:
    """An expression with what Trino converts it to. Raises NotHere."""
    sql = plain(node, scope)
    target = scope.facts.conversions.get(node)
    if target is None:
        return sql
    source = scope.type_of(node)
    zone = zone_of(node, scope)
    return coerced(sql, source, target, zone)


def plain(node: tree.Expression, scope: Scope) -> str:
    """An expression of its own type. Raises NotHere."""
    for write in (_literal, _comparison, _condition, _value, _part):
        made = write(node, scope)
        if made is not None:
            return made
    raise NotHere(f"the expression {type(node).__name__}")


def _literal(node: tree.Expression, scope: Scope) -> str | None:
    """A constant, or the present; None for any other node."""
    match node:
        case tree.Null():
            return "NULL"
        case tree.Text():
            return text(node.value)
        case tree.Boolean():
            return str(node.value).upper()
        case tree.Bytes():
            digits = text(node.value.hex())
            return f"from_hex({digits})"
        case tree.Number():
            return values.number(node, scope.type_of(node))
        case tree.TypedText():
            return values.typed(node, scope.type_of(node))
        case tree.Interval():
            return values.interval(node)
        case tree.Present():
            return _present(node, scope)
        case _:
            return None


def _comparison(node: tree.Expression, scope: Scope) -> str | None:
    """A condition about values that are compared; None for any other node."""
    match node:
        case tree.Comparison():
            return operators.compared(node.comparator, node.left, node.right, scope)
        case tree.IsDistinct():
            return operators.distinct(node, scope)
        case tree.Between():
            return operators.between(node, scope)
        case tree.InList():
            return operators.in_list(node, scope)
        case tree.Like():
            return operators.like(node, scope)
        case _:
            return None


def _condition(node: tree.Expression, scope: Scope) -> str | None:
    """Any other condition; None for any other node."""
    match node:
        case tree.IsNull():
            return _is_null(node, scope)
        case tree.Not():
            condition = expression(node.value, scope)
            return f"(NOT {condition})"
        case tree.And():
            return _guarded(node.terms, scope, " AND ", decided="FALSE")
        case tree.Or():
            return _guarded(node.terms, scope, " OR ", decided="TRUE")
        case tree.Exists():
            return f"EXISTS {_subquery(node.query, scope)}"
        case tree.InQuery():
            return _in_query(node, scope)
        case tree.QuantifiedComparison():
            return _quantified(node, scope)
        case _:
            return None


def _value(node: tree.Expression, scope: Scope) -> str | None:
    """A name, a call, an operation or a choice; None for any other node."""
    match node:
        case tree.Column() | tree.Field():
            return _name(node, scope)
        case tree.Call():
            return calls.call(node, scope)
        case tree.Operation():
            return operators.operation(node, scope)
        case tree.Sign():
            return operators.signed(node, scope)
        case tree.ScalarQuery():
            return _subquery(node.query, scope)
        case tree.Case():
            return _case(node, scope)
        case tree.Cast():
            return _cast(node, scope)
        case tree.Subscript():
            return _subscript(node, scope)
        case _:
            return None


def _part(node: tree.Expression, scope: Scope) -> str | None:
    """What has a syntax of its own; None for any other node."""
    match node:
        case tree.Array():
            return _array(node, scope)
        case tree.Row():
            return _row(node, scope)
        case tree.Extract():
            return extracts.extract(node, scope)
        case tree.Trim():
            return _trim(node, scope)
        case tree.AtTimeZone():
            # asked for what it raises: a moment of DuckDB keeps no zone
            zone_of(node, scope)
            return expression(node.value, scope)
        case tree.Grouping():
            return _grouping(node, scope)
        case _:
            return None


def _subquery(node: tree.Query, scope: Scope) -> str:
    """A query in an expression, in parentheses. Raises NotHere."""
    sql = queries.query(node, scope.inside())
    return f"({sql})"


# names


def _name(node: tree.Column | tree.Field, scope: Scope) -> str:
    """A lambda's argument, a column, or a row's field. Raises NotHere."""
    found = _argument_or_column(node, scope)
    if found is None and isinstance(node, tree.Field):
        found = _field(node, scope)
    if found is None:
        raise NotHere("a name that it could not resolve")
    return found


def _argument_or_column(node: tree.Column | tree.Field, scope: Scope) -> str | None:
    """A lambda's argument or a column; None where the name means neither."""
    names = parts(node)
    if not names:
        return None
    if len(names) == 1:
        given = argument(scope, names[0])
        if given:
            return given
    column = lookup(scope, names[-1], names[:-1])
    if column is None:
        return None
    return column.sql


def _field(node: tree.Field, scope: Scope) -> str | None:
    """A field of a row, by its place; None where the row has none of the name."""
    row = scope.type_of(node.base)
    names = [name.lower() for name in row.names]
    if node.name.key not in names:
        return None
    number = names.index(node.name.key)
    base = expression(node.base, scope)
    return _extracted(base, number)


def _extracted(row: str, number: int) -> str:
    """A field of a row, by its place from 0."""
    name = text(field(number))
    return f"struct_extract({row}, {name})"


# conditions


def _is_null(node: tree.IsNull, scope: Scope) -> str:
    """IS NULL and IS NOT NULL."""
    value = expression(node.value, scope)
    word = operators.negation(negated=node.negated)
    return f"({value} IS {word}NULL)"


def _is_risky(sql: str) -> bool:
    """True where the evaluation of an expression might fail for some rows."""
    return RISK.search(sql) is not None


def _guarded(
    terms: tuple[tree.Expression, ...], scope: Scope, word: str, decided: str
) -> str:
    """Conditions in their order, joined by AND or OR.

    One that may fail is asked only where those before it leave the answer open: DuckDB
    asks in the order that it finds quickest. `decided` is the truth that ends it all.
    """
    made: list[str] = []
    safe: list[str] = []
    for term in terms:
        sql = expression(term, scope)
        if not _is_risky(sql):
            safe.append(sql)
        elif safe:
            joined = word.join(safe)
            before = f"({joined}) IS DISTINCT FROM {decided}"
            sql = f"CASE WHEN {before} THEN {sql} ELSE {decided} END"
        made.append(sql)
    joined = word.join(made)
    return f"({joined})"


def _in_query(node: tree.InQuery, scope: Scope) -> str:
    """`value IN (SELECT …)`. Raises NotHere for values with types inside."""
    kind = scope.result_of(node.value)
    if kind.base in NO_MEMBERSHIP:
        raise NotHere(f"{kind.base} IN (SELECT …)")
    found = queries.single(node.query, scope.inside())
    value = expression(node.value, scope)
    value, inside = operators.alike_query(value, kind, *found)
    word = operators.negation(negated=node.negated)
    return f"({value} {word}IN ({inside}))"


def _quantified(node: tree.QuantifiedComparison, scope: Scope) -> str:
    """`left > ALL (SELECT …)` and its like."""
    found = queries.single(node.query, scope.inside())
    kind = scope.result_of(node.left)
    # DuckDB compares NaN otherwise than Trino, and there is no place to ask for it
    if kind.base in {"double", "real", *NO_MEMBERSHIP}:
        raise NotHere(f"a comparison of {kind.base} with ANY or ALL")
    left = expression(node.left, scope)
    left, inside = operators.alike_query(left, kind, *found)
    quantifier = "ANY"
    if node.quantifier == "all":
        quantifier = "ALL"
    return f"({left} {node.comparator} {quantifier} ({inside}))"


# values


def _case(node: tree.Case, scope: Scope) -> str:
    """CASE, whose results are all of the type that it has as a whole."""
    wanted = scope.type_of(node)
    shown = []
    for branch in node.branches:
        result = converted(branch.result, wanted, scope)
        condition = _when(node, branch, scope)
        shown.append(f"WHEN {condition} THEN {result}")
    if node.default is not None:
        default = converted(node.default, wanted, scope)
        shown.append(f"ELSE {default}")
    branches = " ".join(shown)
    return f"CASE {branches} END"


def _when(node: tree.Case, branch: tree.When, scope: Scope) -> str:
    """A branch's condition; `CASE x WHEN y` compares x with y."""
    if node.operand is None:
        return expression(branch.condition, scope)
    return operators.compared(
        tree.Comparator.EQUAL, node.operand, branch.condition, scope
    )


def converted(node: tree.Expression, wanted: Type, scope: Scope) -> str:
    """An expression as one of a type that several expressions share.

    Raises NotHere where Trino's conversion has no proven form.
    """
    sql = expression(node, scope)
    source = scope.result_of(node)
    if source in {wanted, UNKNOWN}:
        return sql
    return coerced(sql, source, wanted, zone_of(node, scope))


def _cast(node: tree.Cast, scope: Scope) -> str:
    """CAST and TRY_CAST. Raises NotHere."""
    target = scope.type_of(node)
    if node.type.base == "char":
        raise NotHere("the type char")
    source = scope.result_of(node.value)
    # asked for what it raises: a type that DuckDB does not keep
    storage(target)
    sql = expression(node.value, scope)
    zone = zone_of(node.value, scope)
    return cast(sql, source, target, safe=node.safe, zone=zone)


def _subscript(node: tree.Subscript, scope: Scope) -> str:
    """`base[index]`: an array's element, a map's value or a row's field. Raises NotHere."""
    base = expression(node.base, scope)
    kind = scope.result_of(node.base)
    match kind.base:
        case "array":
            place = expression(node.index, scope)
            return f"trino_subscript({base}, {place})"
        case "map":
            return _map_value(base, kind, node.index, scope)
        case "row" if isinstance(node.index, tree.Number):
            return _row_field(base, kind, int(node.index.text))
    raise NotHere(f"a subscript of {kind}")


def _map_value(base: str, kind: Type, index: tree.Expression, scope: Scope) -> str:
    """A map's value, whose missing key fails in Trino's words. Raises NotHere."""
    key, value = inner(kind)
    wanted = converted(index, key, scope)
    if key.base not in KEYS:
        raise NotHere(f"a subscript of {kind}")
    return python("map_subscript", storage(value), base, wanted)


def _row_field(base: str, kind: Type, place: int) -> str:
    """A row's field by its place, from 1. Raises NotHere for a place that it has not."""
    if not 1 <= place <= len(inner(kind)):
        raise NotHere(f"a row's field number {place}")
    return _extracted(base, place - 1)


def _array(node: tree.Array, scope: Scope) -> str:
    """ARRAY[…], whose elements are all of one type."""
    kind = scope.type_of(node)
    wanted = inner(kind)
    items = [converted(one, wanted[0], scope) for one in node.items]
    shown = ", ".join(items)
    return as_stored(f"[{shown}]", kind)


def _row(node: tree.Row, scope: Scope) -> str:
    """ROW(…), whose fields are named by their places."""
    wanted = inner(scope.type_of(node))
    shown = []
    pairs = zip(node.items, wanted, strict=True)
    for number, (one, kind) in enumerate(pairs):
        name = field(number)
        value = converted(one, kind, scope)
        shown.append(f"{name} := {as_stored(value, kind)}")
    fields = ", ".join(shown)
    return f"struct_pack({fields})"


def _trim(node: tree.Trim, scope: Scope) -> str:
    """TRIM of white space by a macro, of given letters by Python."""
    value = expression(node.value, scope)
    if node.what is not None:
        letters = expression(node.what, scope)
        return python("trimmed", "VARCHAR", value, letters, text(node.side))
    name = {"leading": "ltrim", "trailing": "rtrim"}.get(node.side, "trim")
    return f"trino_{name}({value})"


def _grouping(node: tree.Grouping, scope: Scope) -> str:
    """GROUPING, a number with one bit for each column."""
    columns = ", ".join(expression(one, scope) for one in node.columns)
    # DuckDB gives a BIGINT
    return f"CAST(GROUPING({columns}) AS INTEGER)"


# the present


def _present(node: tree.Present, scope: Scope) -> str:
    """CURRENT_TIMESTAMP and its like, as precise as their type."""
    precision = 0
    if node.which != "current_date":
        precision = precision_of(scope.type_of(node))
    return present(node.which, precision, scope.facts.now)


def present(which: str, precision: int, now: float) -> str:
    """CURRENT_TIMESTAMP and its like, with so many digits of a second.

    `now` is the moment in unix seconds, of which milliseconds count. Raises NotHere.
    """
    microseconds = int(now * 1000) * 1000
    step = 10 ** max(6 - precision, 0)
    cut = microseconds // step * step
    stamp = f"make_timestamp({cut})"
    match which:
        case "current_timestamp":
            return in_utc(stamp)
        case "localtimestamp":
            return stamp
        case "current_date":
            today = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
            return f"DATE '{today:%Y-%m-%d}'"
        case _:
            raise NotHere(which.upper())
