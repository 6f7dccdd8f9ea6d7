"""Treasure Data's time functions, and Trino's that sqlglot does not know, rewritten for DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sqlglot import exp

from runner.sandbox import tdtime
from runner.sandbox.macros import SPACES

TRUNCATIONS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "M": "month", "q": "quarter", "y": "year"}
LENGTHS = {"s": 19, "m": 16, "h": 13, "d": 10, "w": 10, "M": 7, "q": 7, "y": 4}
"""How much of 'yyyy-MM-dd HH:mm:ss' is left by TD_TIME_STRING's '!'."""

JAVA_FORMAT = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B", "dd": "%d", "d": "%-d", "HH": "%H",
    "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "a": "%p",
    "EEE": "%a", "E": "%a", "EEEE": "%A", "D": "%-j", "DDD": "%j", "ww": "%V", "u": "%u",
}  # fmt: skip


class BadCall(ValueError):
    """A function was called as Trino would not allow."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function call being rewritten: its arguments, and the job's scheduled time (unix seconds)."""

    name: str
    arguments: Sequence[exp.Expr]
    scheduled_time: int

    def text(self, position: int) -> str:
        """An argument that has to be a text literal."""
        argument = self.arguments[position] if position < len(self.arguments) else None
        if not isinstance(argument, exp.Literal) or not argument.is_string:
            raise BadCall(f"{self.name}: argument {position + 1} must be a text literal")
        return str(argument.this)

    def zone(self, position: int) -> tzinfo:
        """An optional argument that names a time zone; UTC where it is left out or NULL."""
        if position >= len(self.arguments) or isinstance(self.arguments[position], exp.Null):
            return UTC
        return tdtime.zone(self.text(position))

    def sql(self, position: int) -> str:
        """An argument as DuckDB's SQL."""
        return f"({self.arguments[position].sql('duckdb')})"


def rewrite(tree: exp.Expr, scheduled_time: int, now: float) -> exp.Expr:
    """The tree with every call replaced that DuckDB would not understand as Trino does. Raises BadCall, BadTime.

    `now` (unix seconds) is what NOW(), CURRENT_DATE and their like say.
    """
    for node in reversed(list(tree.walk())):  # what is inside first
        if new := _present(node, now) or _replacement(node, scheduled_time):
            if node is tree:
                tree = new
            else:
                node.replace(new)
    return tree


def _present(node: exp.Expr, now: float) -> exp.Expr | None:
    """A call that asks for the time; DuckDB would look at its own clock."""
    local = f"make_timestamp({int(now * 1000) * 1000})"
    match node:
        case exp.CurrentTimestamp() | exp.CurrentDatetime():
            return _raw(f"{local} AT TIME ZONE 'UTC'")
        case exp.Localtimestamp():
            return _raw(local)
        case exp.CurrentDate():
            return _raw(f"CAST({local} AS DATE)")
        case exp.CurrentTime() | exp.Localtime():
            return _raw(f"CAST({local} AS TIME)")
    return None


def _replacement(node: exp.Expr, scheduled_time: int) -> exp.Expr | None:
    match node:
        case exp.Trim():
            return _trim(node)
        case exp.Unnest(expressions=[exp.Cast() as rows]) if _is_rows(rows.to) and node.args.get("alias"):
            return _unnested(node, rows)
        case exp.Cast() if node.to.is_type(*exp.DataType.TEXT_TYPES):
            return exp.Anonymous(this="trino_text", expressions=[node.this.copy()])
        case exp.Anonymous() if (make := CALLS.get(str(node.this).upper())) is not None:
            low, high, made = make
            if not low <= len(node.expressions) <= high:
                raise BadCall(f"Unexpected parameters for function {str(node.this).lower()}")
            return made(Call(str(node.this).upper(), node.expressions, scheduled_time))
    return None


def _is_rows(kind: exp.DataType) -> bool:
    return kind.is_type(exp.DType.ARRAY) and any(each.is_type(exp.DType.STRUCT) for each in kind.expressions)


def _unnested(node: exp.Unnest, rows: exp.Cast) -> exp.Expr:
    """An array of rows as a table: Trino gives each field a column, DuckDB one to the whole row unless it is told."""
    parts = f"SELECT UNNEST({rows.sql('duckdb')}, max_depth := 2)"
    return exp.Subquery(this=_raw(parts), alias=node.args["alias"].copy())


def _trim(node: exp.Trim) -> exp.Expr | None:
    if node.expression:
        return None
    side = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    return exp.Anonymous(this=side, expressions=[node.this.copy(), exp.Literal.string(SPACES)])


def _scheduled(call: Call) -> exp.Expr:
    return _whole(call.scheduled_time)


def _range(call: Call) -> exp.Expr:
    """start <= time < end; NULL (or no end) is open."""
    where, moment = call.zone(3), call.sql(0)
    tests = [
        f"{moment} {sign} {bound}"
        for position, sign in ((1, ">="), (2, "<"))
        if position < len(call.arguments) and (bound := _bound(call, position, where)) is not None
    ]
    return _raw(" AND ".join(tests) if tests else f"{moment} IS NOT NULL")


def _bound(call: Call, position: int, where: tzinfo) -> str | None:
    known = _constant(call.arguments[position], where)
    if isinstance(call.arguments[position], exp.Null):
        return None
    return str(known) if known is not None else _seconds(call.sql(position), where)


def _interval(call: Call) -> exp.Expr:
    column = call.arguments[0]
    if not isinstance(column, exp.Column) or column.name.lower() != "time":
        raise BadCall("TD_INTERVAL: the first argument must be the column time")
    start, end = tdtime.interval(call.text(1), call.scheduled_time, call.zone(2))
    return _raw(f"{call.sql(0)} >= {start} AND {call.sql(0)} < {end}")


def _add(call: Call) -> exp.Expr:
    duration, where = call.text(1), call.zone(2)
    known = _constant(call.arguments[0], where)
    if known is not None:
        return _whole(tdtime.add(known, duration))
    return _raw(f"{_seconds(call.sql(0), where)} + ({tdtime.add(0, duration)})")


def _parse(call: Call) -> exp.Expr:
    return _raw(_seconds(call.sql(0), call.zone(1)))


def _truncated(call: Call) -> exp.Expr:
    unit, where = call.text(0).lower(), call.zone(2)
    if unit not in TRUNCATIONS:
        raise BadCall(f"TD_DATE_TRUNC: {unit!r} is none of {', '.join(TRUNCATIONS)}")
    local = f"date_trunc('{unit}', {_local(call.sql(1), where)})"
    return _raw(_from_local(local, where))


def _format(call: Call) -> exp.Expr:
    where = call.zone(2)
    pieces: list[str] = []
    for match in re.finditer(r"'(?P<quoted>[^']*)'|(?P<letter>[A-Za-z])(?P=letter)*|[^A-Za-z']+", call.text(1)):
        quoted = match["quoted"]
        if match["letter"]:
            pieces.append(_java(match[0], where, call))
        else:
            pieces.append((match[0] if quoted is None else quoted or "'").replace("%", "%%"))
    return _raw(_strftime(call.sql(0), where, "".join(pieces)))


def _java(letters: str, where: tzinfo, call: Call) -> str:
    if letters.startswith(("z", "Z", "X")):
        return _zone_text(where, letters, call)
    if letters not in JAVA_FORMAT:
        raise BadCall(f"TD_TIME_FORMAT: unknown pattern letters {letters!r}")
    return JAVA_FORMAT[letters]


def _zone_text(where: tzinfo, letters: str, call: Call) -> str:
    """The zone as a name (z) or offset (Z, X); for a region, the one at the scheduled time."""
    moment = datetime.fromtimestamp(call.scheduled_time, where)
    if letters.startswith("z"):
        return "UTC" if where is UTC else str(moment.tzname())
    return moment.strftime("%z")


def _string(call: Call) -> exp.Expr:
    shape, where = call.text(1), call.zone(2)
    unit, exact = shape[:1], shape.endswith("!")
    if shape not in {unit, f"{unit}!"} or unit not in UNITS:
        raise BadCall(f"TD_TIME_STRING: unknown format {shape!r}")
    text = f"strftime(date_trunc('{UNITS[unit]}', {_local(call.sql(0), where)}), '%Y-%m-%d %H:%M:%S')"
    if exact:
        return _raw(f"left({text}, {LENGTHS[unit]})")
    return _raw(f"{text} || '{_zone_text(where, 'Z', call)}'")


def _constant(argument: exp.Expr, where: tzinfo) -> int | None:
    """Seconds of a literal; None for what only the query can tell."""
    if isinstance(argument, exp.Cast) and argument.to.is_type("bigint"):
        argument = argument.this
    if isinstance(argument, exp.Literal):
        return tdtime.parse(argument.name, where) if argument.is_string else int(float(argument.name))
    if isinstance(argument, exp.Neg) and isinstance(argument.this, exp.Literal):
        return -int(float(argument.this.name))
    return None


def _seconds(sql: str, where: tzinfo) -> str:
    if isinstance(where, ZoneInfo):
        return f"td_zoned_seconds({sql}, '{where.key}')"
    return f"td_seconds({sql}, {_shift(where)})"


def _local(sql: str, where: tzinfo) -> str:
    """A TIMESTAMP as the zone's clocks show it."""
    if isinstance(where, ZoneInfo):
        return f"(to_timestamp({_seconds(sql, where)}) AT TIME ZONE '{where.key}')"
    return f"make_timestamp(({_seconds(sql, where)} + {_shift(where)}) * 1000000)"


def _from_local(sql: str, where: tzinfo) -> str:
    if isinstance(where, ZoneInfo):
        return f"CAST(epoch({sql} AT TIME ZONE '{where.key}') AS BIGINT)"
    return f"CAST(epoch({sql}) AS BIGINT) - ({_shift(where)})"


def _strftime(sql: str, where: tzinfo, pattern: str) -> str:
    quoted = pattern.replace("'", "''")
    return f"strftime({_local(sql, where)}, '{quoted}')"


def _shift(where: tzinfo) -> int:
    return int((where.utcoffset(None) or timedelta()).total_seconds())


def _none_match(call: Call) -> exp.Expr:
    return _raw(f"len(list_filter({call.sql(0)}, {call.arguments[1].sql('duckdb')})) = 0")


def _whole(value: int) -> exp.Expr:
    return exp.cast(exp.Literal.number(value), "bigint")


def _matched(call: Call) -> exp.Expr:
    """ANY_MATCH or ALL_MATCH: NULL where what is not known decides."""
    items, test = call.sql(0), call.arguments[1].sql("duckdb")
    found = f"list_transform({items}, {test})"
    decided = "TRUE" if call.name == "ANY_MATCH" else "FALSE"
    other = "FALSE" if call.name == "ANY_MATCH" else "TRUE"
    return _raw(
        f"CASE WHEN {items} IS NULL THEN NULL WHEN list_contains({found}, {decided}) THEN {decided}"
        f" WHEN list_count({found}) < len({found}) THEN NULL ELSE {other} END"
    )


def _raw(sql: str) -> exp.Expr:
    return exp.Var(this=f"({sql})")


CALLS: dict[str, tuple[int, int, Callable[[Call], exp.Expr]]] = {
    "ANY_MATCH": (2, 2, _matched),
    "ALL_MATCH": (2, 2, _matched),
    "TD_SCHEDULED_TIME": (0, 0, _scheduled),
    "TD_TIME_RANGE": (2, 4, _range),
    "TD_INTERVAL": (2, 3, _interval),
    "TD_TIME_ADD": (2, 3, _add),
    "TD_TIME_PARSE": (1, 2, _parse),
    "TD_DATE_TRUNC": (2, 3, _truncated),
    "TD_TIME_FORMAT": (2, 3, _format),
    "TD_TIME_STRING": (2, 3, _string),
    "NONE_MATCH": (2, 2, _none_match),
}
