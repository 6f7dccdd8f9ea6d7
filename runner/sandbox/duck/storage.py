"""How DuckDB keeps a value of each of Trino's types, and how names and texts are quoted."""

from __future__ import annotations

from runner.sandbox.duck.nothere import MARK, NotHere
from runner.trino.types import Type

PLAIN = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "json": "VARCHAR",
    "unknown": "INTEGER",
    # milliseconds
    "interval day to second": "BIGINT",
    # months
    "interval year to month": "INTEGER",
}
"""DuckDB's type for each of Trino's that has no types inside."""

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
FLOATS = ("real", "double")
TIMES = ("timestamp", "timestamp with time zone")
INTERVALS = ("interval day to second", "interval year to month")
MICROSECONDS = 6
"""Digits of a second that DuckDB keeps."""

BOOLEAN = Type("boolean")
BIGINT = Type("bigint")
INTEGER = Type("integer")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
DATE = Type("date")
JSON = Type("json")
UNKNOWN = Type("unknown")


def storage(type_: Type) -> str:
    """DuckDB's type for values of a type. Raises NotHere."""
    match type_.base:
        case "decimal":
            precision, scale = decimal(type_)
            return f"DECIMAL({precision},{scale})"
        case "array":
            inside = storage(element(type_))
            return f"{inside}[]"
        case "map":
            key, value = inner(type_)
            return f"MAP({storage(key)}, {storage(value)})"
        case "row":
            fields = []
            for number, one in enumerate(inner(type_)):
                kept = storage(one)
                fields.append(f"{field(number)} {kept}")
            listed = ", ".join(fields)
            return f"STRUCT({listed})"
        case _:
            return _plain(type_)


def as_stored(sql: str, type_: Type) -> str:
    """A value as DuckDB keeps one of a type. Raises NotHere."""
    return f"CAST({sql} AS {storage(type_)})"


def in_utc(sql: str) -> str:
    """The moment at which clocks in UTC show a TIMESTAMP."""
    return f"({sql} AT TIME ZONE 'UTC')"


def _plain(type_: Type) -> str:
    """DuckDB's type for a type without types inside. Raises NotHere."""
    known = PLAIN.get(type_.base)
    if known is None:
        raise NotHere(f"the type {type_}")
    if type_.base in TIMES and precision_of(type_) > MICROSECONDS:
        raise NotHere(f"the type {type_}")
    return known


def field(number: int) -> str:
    """What a row's field is called: names may be missing, or be twice there."""
    return f"f{number}"


def inner(type_: Type) -> tuple[Type, ...]:
    """The types inside a type."""
    return tuple(one for one in type_.arguments if isinstance(one, Type))


def element(type_: Type) -> Type:
    """The type of an array's elements: the first of the types inside."""
    return inner(type_)[0]


def _numbers(type_: Type) -> list[int]:
    """The numbers in a type's parentheses."""
    return [one for one in type_.arguments if isinstance(one, int)]


def decimal(type_: Type) -> tuple[int, int]:
    """A decimal's precision and scale; those of DECIMAL alone are 38 and 0."""
    match _numbers(type_):
        case [precision, scale, *_]:
            return precision, scale
        case [precision]:
            return precision, 0
        case _:
            return 38, 0


def precision_of(type_: Type) -> int:
    """Digits of a second that a type has; 3 where it is not said."""
    return next(iter(_numbers(type_)), 3)


def length_of(type_: Type) -> int | None:
    """How long a varchar may be; None where it is not limited."""
    return next(iter(_numbers(type_)), None)


def is_text(type_: Type) -> bool:
    """True for a varchar, limited or not."""
    return type_.base == "varchar"


def is_composite(type_: Type) -> bool:
    """True for a type with types inside."""
    return type_.base in {"array", "map", "row"}


def text(value: str) -> str:
    """A text literal for DuckDB."""
    if "\0" in value:
        parts = [text(part) for part in value.split("\0")]
        joined = " || chr(0) || ".join(parts)
        return f"({joined})"
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def name(value: str) -> str:
    """A quoted name for DuckDB."""
    escaped = value.replace('"', '""')
    return f'"{escaped}"'


def python(function: str, returns: str, *arguments: str) -> str:
    """A call of a function of `library`, by its name and DuckDB's type of its result."""
    if returns == "DOUBLE":
        # a NaN from Python would arrive as NULL
        shown = python(function, "VARCHAR", *arguments)
        return f"CAST({shown} AS DOUBLE)"
    known_as = name(f"py:{function}:{returns}")
    listed = ", ".join(arguments)
    return f"{known_as}({listed})"


def not_here(what: str, type_: Type) -> str:
    """An expression of a type that ends the query where a value shows that there is no answer.

    DuckDB's own error() may not stand in TRY.
    """
    return python("fail", storage(type_), text(MARK + what))
