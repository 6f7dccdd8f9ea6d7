"""CAST and TRY_CAST: for each pair of types the DuckDB expression that gives what Trino gives."""

from __future__ import annotations

from collections.abc import Sequence

from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    INTERVALS,
    TIMES,
    as_stored,
    decimal,
    element,
    field,
    in_utc,
    inner,
    is_text,
    length_of,
    precision_of,
    python,
    storage,
    text,
)
from runner.trino.types import Type

NUMBERS = frozenset({*INTEGERS, *FLOATS, "decimal"})
MOMENTS = frozenset({"date", *TIMES})
CONTAINERS = frozenset({"array", "map", "row"})

EXACT = 15
"""Digits of a decimal that a double holds without loss."""


def cast(
    sql: str, source: Type, target: Type, *, safe: bool = False, zone: str = "UTC"
) -> str:
    """A value as another type, for DuckDB.

    Where `safe`, the result is NULL instead of an error. `zone` is that of a value that
    is a moment with a zone. Raises NotHere for a pair of types without a proven form.
    """
    if source == target:
        return sql
    if source.base == "unknown":
        return as_stored(sql, target)
    if safe and is_text(source) and target.base in {*INTEGERS, "boolean"}:
        return f"trino_try_{target.base}({sql})"
    made = _made(sql, source, target, zone)
    if safe and made != sql:
        return f"TRY({made})"
    return made


def coerced(sql: str, source: Type, target: Type, zone: str = "UTC") -> str:
    """A value that Trino converts without being asked.

    The value stays as it is where DuckDB keeps both types alike. Raises NotHere.
    """
    if _is_kept_alike(source, target):
        return sql
    return cast(sql, source, target, zone=zone)


def _is_kept_alike(source: Type, target: Type) -> bool:
    """True where a value of one type is one of the other for DuckDB, to the last digit."""
    if source.base != target.base:
        return False
    if is_text(source):
        return True
    # a timestamp may have to be rounded, and JSON be written anew
    if source.base in {"timestamp", "json"}:
        return False
    return storage(source) == storage(target)


def _made(sql: str, source: Type, target: Type, zone: str) -> str:
    """The cast itself, by what the two types are. Raises NotHere."""
    if target.base == "json":
        sent = _sent(sql, source)
        return python("to_json", "VARCHAR", sent, text(str(source)))
    if source.base == "json":
        return _from_json(sql, target)
    if target.base == source.base and target.base in CONTAINERS:
        return _inside(sql, source, target)
    if is_text(target):
        shown = as_text(sql, source, zone)
        return _cut(shown, source, target)
    if is_text(source):
        return _from_text(sql, target)
    return _of_values(sql, source, target, zone)


def _of_values(sql: str, source: Type, target: Type, zone: str) -> str:
    """A cast between numbers, truths, and moments. Raises NotHere."""
    if source.base in NUMBERS and target.base in NUMBERS:
        return _number(sql, source, target)
    timely = _of_times(sql, source, target, zone)
    if timely is not None:
        return timely
    pair = {source.base, target.base}
    if "boolean" in pair and pair <= {*NUMBERS, "boolean"}:
        return _truth(sql, target)
    raise NotHere(f"a cast from {source} to {target}")


def _truth(sql: str, target: Type) -> str:
    """A number as a boolean, or the other way round."""
    if target.base == "boolean":
        return f"({sql} <> 0)"
    if target.base == "decimal":
        return f"CAST(CAST({sql} AS INTEGER) AS {storage(target)})"
    return as_stored(sql, target)


# texts


def as_text(sql: str, source: Type, zone: str = "UTC") -> str:
    """A value as the text that CAST(… AS VARCHAR) makes of it. Raises NotHere."""
    match source.base:
        case "varchar":
            return sql
        case "decimal" if _has_no_whole_digits(source):
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
            shown = stamp(local(sql, zone), precision_of(source))
            ending = text(f" {zone}")
            return f"({shown} || {ending})"
        case _:
            return _interval_text(sql, source)


def _has_no_whole_digits(source: Type) -> bool:
    """True for a decimal whose digits all stand behind the point."""
    precision, scale = decimal(source)
    return precision == scale


def _interval_text(sql: str, source: Type) -> str:
    """An interval as a text. Raises NotHere for a type that is none."""
    match source.base:
        case "interval day to second":
            return python("day_interval_text", "VARCHAR", sql)
        case "interval year to month":
            return python("year_interval_text", "VARCHAR", sql)
        case _:
            raise NotHere(f"a cast from {source} to varchar")


def stamp(sql: str, precision: int) -> str:
    """A TIMESTAMP as Trino writes it, with so many digits of a second."""
    if precision == 0:
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S')"
    # 20 characters are left of the fraction, whose digits follow
    return f"left(strftime({sql}, '%Y-%m-%d %H:%M:%S.%f'), {20 + precision})"


def local(sql: str, zone: str) -> str:
    """What clocks show in a zone at a moment: a TIMESTAMP of a TIMESTAMPTZ."""
    return f"({sql} AT TIME ZONE {text(zone)})"


def _cut(sql: str, source: Type, target: Type) -> str:
    """A value's text at the length of a varchar: a text is cut, anything else refused."""
    most = length_of(target)
    if most is None:
        return sql
    if is_text(source):
        known = length_of(source)
        if known is not None and known <= most:
            return sql
        return f"left({sql}, {most})"
    if source.base in FLOATS:
        raise NotHere(f"a cast from {source} to {target}")
    return f"trino_fitting({sql}, {most})"


def _from_text(sql: str, target: Type) -> str:
    """A text read as a value of another type. Raises NotHere."""
    if target.base in INTEGERS:
        return f"trino_{target.base}({sql})"
    match target.base:
        case "boolean":
            return f"trino_boolean({sql})"
        case "double":
            return python("text_double", "DOUBLE", sql)
        case "real":
            read = python("text_real", "DOUBLE", sql)
            return f"CAST({read} AS FLOAT)"
        case "decimal":
            return python("text_decimal", storage(target), sql, *_shape(target))
        case "date":
            return python("text_date", "DATE", sql)
        case "timestamp":
            digits = str(precision_of(target))
            return python("text_timestamp", "TIMESTAMP", sql, digits)
        case "timestamp with time zone":
            digits = str(precision_of(target))
            moment = python("text_moment", "TIMESTAMP", sql, digits)
            return in_utc(moment)
        case "varbinary":
            return f"encode({sql})"
        case _:
            raise NotHere(f"a cast from varchar to {target}")


# numbers


def _number(sql: str, source: Type, target: Type) -> str:
    """A number as one of another type, rounded as Trino rounds."""
    kept = storage(target)
    if source.base == "decimal":
        return _from_decimal(sql, source, target)
    if source.base in FLOATS and target.base in INTEGERS:
        double = f"CAST({sql} AS DOUBLE)"
        return python("rounded", kept, double, text(target.base))
    if source.base in FLOATS and target.base == "decimal":
        return python(f"{source.base}_decimal", kept, sql, *_shape(target))
    if target.base == "decimal":
        return _whole_as_decimal(sql, target)
    return as_stored(sql, target)


def _shape(target: Type) -> tuple[str, str]:
    """A decimal's precision and scale, as arguments for Python."""
    precision, scale = decimal(target)
    return str(precision), str(scale)


def _whole_as_decimal(sql: str, target: Type) -> str:
    """A whole number as a decimal, by way of one that has room for all its digits."""
    _, scale = decimal(target)
    if scale:
        sql = f"CAST({sql} AS DECIMAL(38,{scale}))"
    return as_stored(sql, target)


def _from_decimal(sql: str, source: Type, target: Type) -> str:
    """A decimal as another number; Python rounds a long one once, to the nearest double."""
    precision, _ = decimal(source)
    if target.base in FLOATS and precision > EXACT:
        sql = python("decimal_double", "DOUBLE", sql)
    return as_stored(sql, target)


# moments


def _rounded(sql: str, target: Type) -> str:
    """A TIMESTAMP to so many digits of a second, half up."""
    step = 10 ** (6 - precision_of(target))
    if step == 1:
        return sql
    steps = f"floor((epoch_us({sql}) + {step // 2}) / {step})"
    return f"make_timestamp(CAST({steps} AS BIGINT) * {step})"


def _of_times(sql: str, source: Type, target: Type, zone: str) -> str | None:
    """A cast between dates and moments; None for other types."""
    match source.base, target.base:
        case "date", "timestamp":
            return f"CAST({sql} AS TIMESTAMP)"
        case "date", "timestamp with time zone":
            return in_utc(f"CAST({sql} AS TIMESTAMP)")
        case "timestamp", "date":
            return f"CAST({sql} AS DATE)"
        case "timestamp", "timestamp":
            return _rounded(sql, target)
        case "timestamp", "timestamp with time zone":
            return in_utc(_rounded(sql, target))
        case "timestamp with time zone", "date":
            return f"CAST({local(sql, zone)} AS DATE)"
        case "timestamp with time zone", "timestamp":
            return _rounded(local(sql, zone), target)
        case "timestamp with time zone", "timestamp with time zone":
            return in_utc(_rounded(local(sql, "UTC"), target))
        case _:
            return None


# what has types inside


def _inside(sql: str, source: Type, target: Type) -> str:
    """An array or a row whose inner values are cast. Raises NotHere."""
    are_kept_alike = storage(source) == storage(target)
    if are_kept_alike and not _limits(target):
        return sql
    if target.base == "array":
        made = cast("x", element(source), element(target))
        return each_as(sql, made)
    sources = inner(source)
    targets = inner(target)
    if target.base == "row" and len(sources) == len(targets):
        return _row(sql, sources, targets)
    raise NotHere(f"a cast from {source} to {target}")


def each_as(sql: str, made: str) -> str:
    """An array whose every element x becomes what is `made` of it."""
    if made == "x":
        return sql
    return f"list_transform({sql}, lambda x: {made})"


def _row(sql: str, sources: Sequence[Type], targets: Sequence[Type]) -> str:
    """A row whose fields are cast one by one. Raises NotHere."""
    parts = []
    pairs = zip(sources, targets, strict=True)
    for number, (source, target) in enumerate(pairs):
        name = field(number)
        value = f"struct_extract({sql}, {text(name)})"
        changed = cast(value, source, target)
        parts.append(f"{name} := {changed}")
    fields = ", ".join(parts)
    # struct_pack makes a row of NULLs of what is NULL
    packed = f"struct_pack({fields})"
    return f"CASE WHEN {sql} IS NOT NULL THEN {packed} END"


def _limits(type_: Type) -> bool:
    """True where a text inside is limited, or a moment rounded."""
    inside = inner(type_)
    if inside:
        return any(map(_limits, inside))
    has_number = length_of(type_) is not None
    return has_number and type_.base in {"varchar", "timestamp"}


# JSON


def _sent(sql: str, source: Type) -> str:
    """A value as the functions in Python take it: moments as texts."""
    if source.base in MOMENTS:
        return as_text(sql, source)
    if source.base in INTERVALS or _has_moment(source):
        raise NotHere(f"a cast from {source} to json")
    return sql


def _has_moment(type_: Type) -> bool:
    """True where a moment or an interval stands anywhere inside a type."""
    timely = {*MOMENTS, *INTERVALS}
    return any(one.base in timely or _has_moment(one) for one in inner(type_))


def _from_json(sql: str, target: Type) -> str:
    """JSON as a value of another type, which Python reads. Raises NotHere."""
    if target.base in {"varbinary", *INTERVALS, *TIMES} or _has_moment(target):
        raise NotHere(f"a cast from json to {target}")
    return python("from_json", storage(target), sql, text(str(target)))
