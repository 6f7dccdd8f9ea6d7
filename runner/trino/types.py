"""Types of Trino 423, and which values one type takes from another without a CAST."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_DECIMAL = 38
LONGEST_CHAR = 65536
UNBOUNDED = 2**31 - 1
"""The length of a varchar without one."""

_MOMENTS = ("time", "timestamp", "time with time zone", "timestamp with time zone")
_WHOLE_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_WIDER = {
    "tinyint": ("smallint", "integer", "bigint", "real", "double"),
    "smallint": ("integer", "bigint", "real", "double"),
    "integer": ("bigint", "real", "double"),
    "bigint": ("real", "double"),
    "decimal": ("real", "double"),
    "real": ("double",),
    "p4hyperloglog": ("hyperloglog",),
}
READ_AS_TEXT = frozenset({"joniregexp", "re2jregexp", "jsonpath", "codepoints"})
"""What Trino makes of a text argument: a pattern, a path, letters."""

_OF_ELEMENTS = frozenset({"array", "map", "row", "function", "qdigest"})
_ORDERED = frozenset(
    {
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "real",
        "double",
        "decimal",
        "varchar",
        "char",
    }
    | {
        "varbinary",
        "date",
        "interval day to second",
        "interval year to month",
        "unknown",
        "ipaddress",
        "uuid",
    }
    | set(_MOMENTS)
)
_OTHERS = frozenset(
    {
        "json",
        "hyperloglog",
        "p4hyperloglog",
        "tdigest",
        "setdigest",
        "color",
        "json2016",
    }
)
_DISPLAYED = {
    "hyperloglog": "HyperLogLog",
    "p4hyperloglog": "P4HyperLogLog",
    "setdigest": "SetDigest",
}


@dataclass(frozen=True, slots=True)
class Type:
    """A type, such as `decimal(10,2)`: its base in lower case, its arguments, and a
    row's field names.

    `arguments` are types (of an array, a map, a row's fields) or whole numbers (of
    varchar, decimal, timestamp). A varchar without a length has no arguments.
    """

    base: str
    arguments: tuple[Type | int, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The type in Trino's words."""
        if self.base == "row":
            return f"row({', '.join(_shown_fields(self))})"
        if not self.arguments:
            return _DISPLAYED.get(self.base, self.base)
        shown = ("," if self.base == "decimal" else ", ").join(map(str, self.arguments))
        base, _, zone = self.base.partition(" with ")
        return f"{base}({shown})" + (f" with {zone}" if zone else "")

    @property
    def elements(self) -> tuple[Type, ...]:
        """The types inside: of an array's elements, a map's keys and values, a row's fields."""
        return tuple(one for one in self.arguments if isinstance(one, Type))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers that belong to a type; a varchar without a length has the greatest."""
        if self.base == "varchar" and not self.arguments:
            return (UNBOUNDED,)
        return tuple(one for one in self.arguments if isinstance(one, int))


UNKNOWN, BOOLEAN = Type("unknown"), Type("boolean")
INTEGER, BIGINT, DOUBLE = Type("integer"), Type("bigint"), Type("double")
VARCHAR, DATE = Type("varchar"), Type("date")


def _shown_fields(row: Type) -> Iterator[str]:
    for number, kind in enumerate(row.arguments):
        name = row.names[number] if row.names else ""
        yield f"{name} {kind}" if name else str(kind)


# text to type


class _Text:
    """A text that is read from left to right."""

    def __init__(self, text: str) -> None:
        self.words = re.findall(r'"(?:[^"]|"")*"|\w+|[(),]', text)
        self.at = 0
        if re.sub(r"\s", "", "".join(self.words)) != re.sub(r"\s", "", text):
            raise ValueError(f"Unknown type: {text}")

    def next(self) -> str:
        """The next word; empty at the end."""
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self, *words: str) -> bool:
        """Pass over these words if they come next."""
        if [
            word.lower() for word in self.words[self.at : self.at + len(words)]
        ] != list(words):
            return False
        self.at += len(words)
        return True


@lru_cache(maxsize=5000)
def parse_type(text: str) -> Type:
    """The type that a text in Trino's words means. Raises ValueError."""
    words = _Text(text)
    try:
        found = _read(words)
    except IndexError:
        raise ValueError(f"Unknown type: {text}") from None
    if words.next():
        raise ValueError(f"Unknown type: {text}")
    return found


def _read(words: _Text) -> Type:
    base = words.next().lower()
    words.at += 1
    if base == "interval":
        return _interval(words)
    if base == "double":
        words.take("precision")
    arguments: list[Type | int] = []
    names: list[str] = []
    if words.take("("):
        while not words.take(")"):
            words.take(",")
            _argument(words, base, arguments, names)
    if base in {"time", "timestamp"} and words.take("with", "time", "zone"):
        base += " with time zone"
    elif base in {"time", "timestamp"}:
        words.take("without", "time", "zone")
    return made_type(base, tuple(arguments), tuple(names))


def _interval(words: _Text) -> Type:
    for first, last in (("day", "second"), ("year", "month")):
        if words.take(first, "to", last):
            return Type(f"interval {first} to {last}")
    raise ValueError(f"Unknown type: interval {words.next()}")


def _argument(
    words: _Text, base: str, arguments: list[Type | int], names: list[str]
) -> None:
    word = words.words[words.at]
    if word.isdigit():
        words.at += 1
        arguments.append(int(word))
    elif base == "row":
        name, kind = _field(words)
        names.append(name)
        arguments.append(kind)
    else:
        arguments.append(_read(words))


def _field(words: _Text) -> tuple[str, Type]:
    """The name, or "", and the type of a row's field. What can be a type alone is one."""
    mark = words.at
    try:
        found = _read(words)
    except ValueError:
        found = None
    if found is not None and words.next() in {",", ")"}:
        return "", found
    words.at = mark + 1
    return words.words[mark].strip('"').replace('""', '"'), _read(words)


def made_type(
    base: str, arguments: tuple[Type | int, ...] = (), names: tuple[str, ...] = ()
) -> Type:
    """The type of a base and its arguments, with what may be left out. Raises ValueError."""
    base = "integer" if base == "int" else base
    if base == "decimal":
        return _decimal(arguments)
    if base in _MOMENTS:
        return Type(base, _limited(base, arguments or (3,), 12))
    if base == "char":
        return Type(base, _limited(base, arguments or (1,), LONGEST_CHAR))
    if base == "varchar":
        numbers = _limited(base, arguments or (UNBOUNDED,), UNBOUNDED)
        return Type(base, () if numbers == (UNBOUNDED,) else numbers)
    if base in _OF_ELEMENTS:
        return _of_elements(base, arguments, names)
    if arguments or base not in _ORDERED | _OTHERS | READ_AS_TEXT:
        raise ValueError(f"Unknown type: {Type(base, arguments)}")
    return Type(base)


def _decimal(arguments: tuple[Type | int, ...]) -> Type:
    numbers = [one for one in arguments if isinstance(one, int)]
    precision = numbers[0] if numbers else LONGEST_DECIMAL
    scale = numbers[1] if len(numbers) > 1 else 0
    if len(numbers) != len(arguments) or len(numbers) > 2:
        raise ValueError(f"Unknown type: {Type('decimal', arguments)}")
    if not 1 <= precision <= LONGEST_DECIMAL:
        raise ValueError(
            f"DECIMAL precision must be in range [1, {LONGEST_DECIMAL}]: {precision}"
        )
    if scale > precision:
        raise ValueError(
            f"DECIMAL scale must be in range [0, precision ({precision})]: {scale}"
        )
    return Type("decimal", (precision, scale))


def _limited(
    base: str, arguments: tuple[Type | int, ...], most: int
) -> tuple[Type | int, ...]:
    if len(arguments) == 1 and isinstance(arguments[0], int) and arguments[0] <= most:
        return arguments
    raise ValueError(f"Unknown type: {Type(base, arguments)}")


def _of_elements(
    base: str, arguments: tuple[Type | int, ...], names: tuple[str, ...]
) -> Type:
    wanted = {"array": 1, "map": 2, "qdigest": 1}.get(base)
    inner = [one for one in arguments if isinstance(one, Type)]
    if (
        not inner
        or len(inner) != len(arguments)
        or wanted not in {None, len(arguments)}
    ):
        raise ValueError(f"Unknown type: {Type(base, arguments, names)}")
    if base == "map" and not comparable(inner[0]):
        raise ValueError(f"MAP key type must be comparable: {inner[0]}")
    return Type(base, arguments, names if any(names) else ())


# one type for another


def coerces(source: Type, target: Type) -> bool:
    """True where Trino converts values of one type to another without a CAST."""
    found = _compatible(source, target)
    return found is not None and found[1]


def common(one: Type, other: Type) -> Type | None:
    """The least type that both are converted to; None where there is none."""
    found = _compatible(one, other)
    return None if found is None else found[0]


_Compatible = tuple[Type, bool] | None
"""The common type of two, and whether the first is converted to the second."""


def _compatible(source: Type, target: Type) -> _Compatible:
    if UNKNOWN in (source, target) or source == target:
        return (target, True) if source in (UNKNOWN, target) else (source, False)
    if source.base == target.base:
        return _same_base(source, target)
    if (widened := to_base(source, target.base)) is not None:
        return _compatible(widened, target)
    if (widened := to_base(target, source.base)) is not None:
        found = _compatible(source, widened)
        return None if found is None else (found[0], False)
    return None


def _same_base(source: Type, target: Type) -> _Compatible:
    base = source.base
    if base in {"array", "map", "row"}:
        return _elementwise(source, target)
    if base == "decimal":
        shared = _wider_decimal(source, target)
    elif base in {"varchar", "char"} or base in _MOMENTS:
        shared = source if source.numbers >= target.numbers else target
    else:
        return None
    return shared, shared == target


def _wider_decimal(one: Type, other: Type) -> Type:
    (precision, scale), (its_precision, its_scale) = one.numbers, other.numbers
    longest = max(scale, its_scale)
    whole = max(precision - scale, its_precision - its_scale)
    return Type("decimal", (min(LONGEST_DECIMAL, whole + longest), longest))


def _elementwise(source: Type, target: Type) -> _Compatible:
    if len(source.elements) != len(target.elements):
        return None
    inner = []
    all_converted = True
    for mine, its in zip(source.elements, target.elements, strict=True):
        found = _compatible(mine, its)
        if found is None:
            return None
        inner.append(found[0])
        all_converted = all_converted and found[1]
    return Type(source.base, tuple(inner), _shared_names(source, target)), all_converted


def _shared_names(source: Type, target: Type) -> tuple[str, ...]:
    if source.names == target.names or not (source.names and target.names):
        return source.names if source.names == target.names else ()
    kept = tuple(
        mine if mine == its else ""
        for mine, its in zip(source.names, target.names, strict=True)
    )
    return kept if any(kept) else ()


def to_base(source: Type, base: str) -> Type | None:
    """The type with another base that a type is converted to without a CAST; None where
    it is to none.
    """
    if source.base == base:
        return source
    if source == UNKNOWN:
        return _from_unknown(base)
    if base in _WIDER.get(source.base, ()):
        return Type(base)
    if base == "decimal" and source.base in _WHOLE_DIGITS:
        return Type(base, (_WHOLE_DIGITS[source.base], 0))
    if source == DATE and base in {"timestamp", "timestamp with time zone"}:
        return Type(base, (0,))
    if source.base in {"time", "timestamp"} and base == f"{source.base} with time zone":
        return Type(base, source.arguments)
    if source.base in {"varchar", "char"} and base in READ_AS_TEXT:
        return Type(base)
    if source.base == "varchar" and base == "char":
        return Type(base, (min(LONGEST_CHAR, source.numbers[0]),))
    return None


def _from_unknown(base: str) -> Type | None:
    if base in {"varchar", "char"}:
        return Type(base, (0,))
    if base == "decimal":
        return Type(base, (1, 0))
    if base in _MOMENTS:
        return Type(base, (3,))
    return None if base in _OF_ELEMENTS else Type(base)


# what a type allows


def comparable(kind: Type) -> bool:
    """True where `=` can be asked of a type."""
    if kind.base in {"array", "map", "row"}:
        return all(comparable(one) for one in kind.elements)
    return kind.base in _ORDERED or kind.base in {"json", "json2016", "color"}


def orderable(kind: Type) -> bool:
    """True where `<` and ORDER BY can be asked of a type."""
    if kind.base in {"array", "row"}:
        return all(orderable(one) for one in kind.elements)
    return kind.base in _ORDERED


def castable_text(text: str, kind: Type) -> bool:
    """False where a text is surely no value of a type."""
    if kind.base in _WHOLE_DIGITS:
        return re.fullmatch(r"[+-]?\d+", text) is not None
    if kind == BOOLEAN:
        return text.lower() in {"true", "false", "t", "f", "1", "0"}
    return True
