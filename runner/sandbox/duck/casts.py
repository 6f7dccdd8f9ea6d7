"""CAST and TRY_CAST: for each pair of types the DuckDB expression that gives what Trino gives."""

from __future__ import annotations

from collections.abc import Callable

from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    INTERVALS,
    decimal,
    element,
    field,
    inner,
    is_text,
    length_of,
    precision_of,
    python,
    storage,
    text,
)
from runner.trino.types import Type

NUMBERS = (*INTEGERS, *FLOATS, "decimal")
WORDS = {"integer": "INT"}
"""What Trino calls a type in a message about a text, where that is not its name."""

EXACT = 15
"""Digits of a decimal that a double holds without loss."""


def cast(
    sql: str, source: Type, target: Type, *, safe: bool = False, zone: str = "UTC"
) -> str:
    """A value as another type; NULL instead of an error where `safe`. `zone` is that of
    a value that has one.

    Raises NotHere.
    """
    if source == target:
        return sql
    if source.base == "unknown":
        return f"CAST({sql} AS {storage(target)})"
    if safe and is_text(source) and target.base in {*INTEGERS, "boolean"}:
        return f"trino_try_{target.base}({sql})"
    made = _made(sql, source, target, zone)
    return f"TRY({made})" if safe and made != sql else made


def coerced(sql: str, source: Type, target: Type, zone: str = "UTC") -> str:
    """A value that Trino converts without being asked; nothing is written where DuckDB
    keeps both alike.
    """
    if source.base == target.base and is_text(source):
        return sql
    alike = source.base == target.base and source.base not in {"timestamp", "json"}
    if alike and storage(source) == storage(target):
        return sql
    return cast(sql, source, target, zone=zone)


def _made(sql: str, source: Type, target: Type, zone: str) -> str:
    if target.base == "json":
        return python("to_json", "VARCHAR", _sent(sql, source), text(str(source)))
    if source.base == "json":
        return _from_json(sql, target)
    if target.base == source.base and target.base in {"array", "map", "row"}:
        return _inside(sql, source, target)
    if is_text(target):
        return _cut(as_text(sql, source, zone), source, target)
    if is_text(source):
        return _from_text(sql, target)
    if source.base in NUMBERS and target.base in NUMBERS:
        return _number(sql, source, target)
    if (source.base, target.base) in TIME_CASTS:
        return TIME_CASTS[source.base, target.base](sql, target, zone)
    if "boolean" in {source.base, target.base} and {source.base, target.base} <= {
        *NUMBERS,
        "boolean",
    }:
        return _truth(sql, target)
    raise NotHere(f"a cast from {source} to {target}")


def _truth(sql: str, target: Type) -> str:
    if target.base == "boolean":
        return f"({sql} <> 0)"
    if target.base == "decimal":
        return f"CAST(CAST({sql} AS INTEGER) AS {storage(target)})"
    return f"CAST({sql} AS {storage(target)})"


# texts


def as_text(sql: str, source: Type, zone: str = "UTC") -> str:
    """A value as the text that CAST(… AS VARCHAR) makes of it. Raises NotHere."""
    match source.base:
        case "varchar":
            return sql
        case "decimal" if decimal(source)[0] == decimal(source)[1]:
            # DuckDB writes .5 where there is no place for a digit before the point
            return python("decimal_text", "VARCHAR", sql)
        case "boolean" | "tinyint" | "smallint" | "integer" | "bigint" | "decimal":
            return f"CAST({sql} AS VARCHAR)"
        case "double":
            return python("double_text", "VARCHAR", sql)
        case "real":
            return python("real_text", "VARCHAR", sql)
        case "date":
            return f"strftime({sql}, '%Y-%m-%d')"
        case "timestamp":
            return stamp(sql, precision_of(source))
        case "timestamp with time zone":
            return f"({stamp(local(sql, zone), precision_of(source))} || {text(' ' + zone)})"
        case _:
            if source.base in INTERVALS:
                which = "day" if "day" in source.base else "year"
                return python(f"{which}_interval_text", "VARCHAR", sql)
            raise NotHere(f"a cast from {source} to varchar")


def stamp(sql: str, precision: int) -> str:
    """A TIMESTAMP as Trino writes it, with so many digits of a second."""
    if precision == 0:
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S')"
    return f"left(strftime({sql}, '%Y-%m-%d %H:%M:%S.%f'), {20 + precision})"


def local(sql: str, zone: str) -> str:
    """What clocks show in a zone at a moment: a TIMESTAMP of a TIMESTAMPTZ."""
    return f"({sql} AT TIME ZONE {text(zone)})"


def _cut(sql: str, source: Type, target: Type) -> str:
    most = length_of(target)
    if most is None:
        return sql
    if is_text(source):
        known = length_of(source)
        return sql if known is not None and known <= most else f"left({sql}, {most})"
    if source.base in FLOATS:
        raise NotHere(f"a cast from {source} to {target}")
    return f"trino_fitting({sql}, {most})"


def _from_text(sql: str, target: Type) -> str:
    if target.base in INTEGERS:
        return f"trino_{target.base}({sql})"
    match target.base:
        case "boolean":
            return f"trino_boolean({sql})"
        case "double":
            return python("text_double", "DOUBLE", sql)
        case "real":
            return f"CAST({python('text_real', 'DOUBLE', sql)} AS FLOAT)"
        case "decimal":
            precision, scale = decimal(target)
            return python(
                "text_decimal", storage(target), sql, str(precision), str(scale)
            )
        case "date":
            return python("text_date", "DATE", sql)
        case "timestamp":
            return python("text_timestamp", "TIMESTAMP", sql, str(precision_of(target)))
        case "timestamp with time zone":
            moment = python("text_moment", "TIMESTAMP", sql, str(precision_of(target)))
            return f"({moment} AT TIME ZONE 'UTC')"
        case "varbinary":
            return f"encode({sql})"
        case _:
            raise NotHere(f"a cast from varchar to {target}")


# numbers


def _number(sql: str, source: Type, target: Type) -> str:
    kept = storage(target)
    if source.base == "decimal":
        return _from_decimal(sql, source, target)
    if source.base in FLOATS and target.base in INTEGERS:
        return python("rounded", kept, f"CAST({sql} AS DOUBLE)", text(target.base))
    if source.base in FLOATS and target.base == "decimal":
        precision, scale = decimal(target)
        wide = "double_decimal" if source.base == "double" else "real_decimal"
        return python(wide, kept, sql, str(precision), str(scale))
    if target.base == "decimal":
        precision, scale = decimal(target)
        wide = f"CAST({sql} AS DECIMAL(38,{scale}))" if scale else sql
        return f"CAST({wide} AS {kept})"
    return f"CAST({sql} AS {kept})"


def _from_decimal(sql: str, source: Type, target: Type) -> str:
    if target.base in FLOATS and decimal(source)[0] > EXACT:
        return f"CAST({python('decimal_double', 'DOUBLE', sql)} AS {storage(target)})"
    return f"CAST({sql} AS {storage(target)})"


# moments


def _rounded(sql: str, target: Type) -> str:
    """A TIMESTAMP to so many digits of a second, half up."""
    step = 10 ** (6 - precision_of(target))
    if step == 1:
        return sql
    return f"make_timestamp(CAST(floor((epoch_us({sql}) + {step // 2}) / {step}) AS BIGINT) * {step})"


def _moment(sql: str) -> str:
    return f"({sql} AT TIME ZONE 'UTC')"


TIME_CASTS: dict[tuple[str, str], Callable[[str, Type, str], str]] = {
    ("date", "timestamp"): lambda sql, _, __: f"CAST({sql} AS TIMESTAMP)",
    ("date", "timestamp with time zone"): lambda sql, _, __: _moment(
        f"CAST({sql} AS TIMESTAMP)"
    ),
    ("timestamp", "date"): lambda sql, _, __: f"CAST({sql} AS DATE)",
    ("timestamp", "timestamp"): lambda sql, target, _: _rounded(sql, target),
    ("timestamp", "timestamp with time zone"): lambda sql, target, _: _moment(
        _rounded(sql, target)
    ),
    ("timestamp with time zone", "date"): lambda sql, _, zone: (
        f"CAST({local(sql, zone)} AS DATE)"
    ),
    ("timestamp with time zone", "timestamp"): lambda sql, target, zone: _rounded(
        local(sql, zone), target
    ),
    ("timestamp with time zone", "timestamp with time zone"): lambda sql, target, _: (
        _moment(_rounded(local(sql, "UTC"), target))
    ),
}


# what has types inside


def _inside(sql: str, source: Type, target: Type) -> str:
    if storage(source) == storage(target) and not _limits(target):
        return sql
    if target.base == "array":
        made = cast("x", element(source), element(target))
        return sql if made == "x" else f"list_transform({sql}, lambda x: {made})"
    if target.base == "row" and len(inner(source)) != len(inner(target)):
        raise NotHere(f"a cast from {source} to {target}")
    if target.base == "row":
        parts = ", ".join(
            f"{field(number)} := {cast(f'struct_extract({sql}, {text(field(number))})', one, other)}"
            for number, (one, other) in enumerate(
                zip(inner(source), inner(target), strict=True)
            )
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({parts}) END"
    raise NotHere(f"a cast from {source} to {target}")


def _limits(type_: Type) -> bool:
    """True where a text inside is limited, or a moment rounded."""
    inside = inner(type_)
    if not inside:
        return length_of(type_) is not None and type_.base in {"varchar", "timestamp"}
    return any(_limits(one) for one in inside)


# JSON


def _sent(sql: str, source: Type) -> str:
    """A value as the functions in Python take it: moments as texts."""
    if source.base in {"date", "timestamp", "timestamp with time zone"}:
        return as_text(sql, source)
    if source.base in INTERVALS or _has_moment(source):
        raise NotHere(f"a cast from {source} to json")
    return sql


def _has_moment(type_: Type) -> bool:
    moments = {"date", "timestamp", "timestamp with time zone", *INTERVALS}
    return any(one.base in moments or _has_moment(one) for one in inner(type_))


def _from_json(sql: str, target: Type) -> str:
    if target.base in {
        "varbinary",
        *INTERVALS,
        "timestamp",
        "timestamp with time zone",
    }:
        raise NotHere(f"a cast from json to {target}")
    if _has_moment(target):
        raise NotHere(f"a cast from json to {target}")
    return python("from_json", storage(target), sql, text(str(target)))
