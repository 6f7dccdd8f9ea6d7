"""How DuckDB keeps a value of each of Trino's types, and how names and texts are quoted."""

from __future__ import annotations

from runner.sandbox.duck.nothere import MARK, NotHere
from runner.trino.types import Type

PLAIN = {
    "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER",
    "bigint": "BIGINT", "real": "FLOAT", "double": "DOUBLE", "varchar": "VARCHAR",
    "varbinary": "BLOB", "date": "DATE", "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ", "json": "VARCHAR", "unknown": "INTEGER",
    # milliseconds and months
    "interval day to second": "BIGINT", "interval year to month": "INTEGER",
}  # fmt: skip

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
FLOATS = ("real", "double")
TIMES = ("timestamp", "timestamp with time zone")
INTERVALS = ("interval day to second", "interval year to month")
MICROSECONDS = 6
"""Digits of a second that DuckDB keeps."""

BOOLEAN, BIGINT, INTEGER, DOUBLE = (
    Type("boolean"),
    Type("bigint"),
    Type("integer"),
    Type("double"),
)
VARCHAR, DATE, JSON, UNKNOWN = (
    Type("varchar"),
    Type("date"),
    Type("json"),
    Type("unknown"),
)


def storage(type_: Type) -> str:
    """DuckDB's type for values of a type. Raises NotHere."""
    match type_.base:
        case "decimal":
            precision, scale = decimal(type_)
            return f"DECIMAL({precision},{scale})"
        case "array":
            return f"{storage(element(type_))}[]"
        case "map":
            key, value = inner(type_)
            return f"MAP({storage(key)}, {storage(value)})"
        case "row":
            fields = ", ".join(
                f"{field(number)} {storage(one)}"
                for number, one in enumerate(inner(type_))
            )
            return f"STRUCT({fields})"
        case _:
            if type_.base in TIMES and precision_of(type_) > MICROSECONDS:
                raise NotHere(f"the type {type_}")
            if known := PLAIN.get(type_.base):
                return known
            raise NotHere(f"the type {type_}")


def field(number: int) -> str:
    """What a row's field is called: names may be missing, or be twice there."""
    return f"f{number}"


def inner(type_: Type) -> tuple[Type, ...]:
    """The types inside a type."""
    return tuple(one for one in type_.arguments if isinstance(one, Type))


def element(type_: Type) -> Type:
    """The type of an array's elements."""
    return inner(type_)[0]


def decimal(type_: Type) -> tuple[int, int]:
    """A decimal's precision and scale."""
    whole = [one for one in type_.arguments if isinstance(one, int)]
    return (whole[0] if whole else 38, whole[1] if len(whole) > 1 else 0)


def precision_of(type_: Type) -> int:
    """Digits of a second that a type has; 3 where it is not said."""
    return next((one for one in type_.arguments if isinstance(one, int)), 3)


def length_of(type_: Type) -> int | None:
    """How long a varchar may be; None where it is not limited."""
    return next((one for one in type_.arguments if isinstance(one, int)), None)


def is_text(type_: Type) -> bool:
    """True for a varchar, limited or not."""
    return type_.base == "varchar"


def is_composite(type_: Type) -> bool:
    """True for a type with types inside."""
    return type_.base in {"array", "map", "row"}


def text(value: str) -> str:
    """A text literal for DuckDB."""
    if "\0" in value:
        parts = " || chr(0) || ".join(text(part) for part in value.split("\0"))
        return f"({parts})"
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A quoted name for DuckDB."""
    return '"' + value.replace('"', '""') + '"'


def python(function: str, returns: str, *arguments: str) -> str:
    """A call of one of the functions in Python, by its name and DuckDB's type of what it returns."""
    if returns == "DOUBLE":
        # a NaN from Python would arrive as NULL
        return f"CAST({python(function, 'VARCHAR', *arguments)} AS DOUBLE)"
    return f"{name(f'py:{function}:{returns}')}({', '.join(arguments)})"


def not_here(what: str, type_: Type) -> str:
    """An expression of a type that ends the query where a value shows that there is no answer.

    DuckDB's own error() may not stand in TRY.
    """
    return python("fail", storage(type_), text(MARK + what))
