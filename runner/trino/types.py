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
_NESTED = frozenset({"array", "map", "row"})
_COUNTS = {"array": 1, "map": 2, "qdigest": 1}
"""How many types these have inside; a row and a function may have any number."""
_READ_FROM = frozenset({"varchar", "char"})
_MOST_DIGITS = 12
"""The greatest precision of a time or a timestamp, in digits of a second."""
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
_EQUAL_ONLY = frozenset({"json", "json2016", "color"})
"""Those that `=` can be asked of, and `<` cannot."""
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
    arguments: Arguments = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The type in Trino's words."""
        if self.base == "row":
            fields = ", ".join(_shown_fields(self))
            return f"row({fields})"
        if not self.arguments:
            return _DISPLAYED.get(self.base, self.base)
        between = ", "
        if self.base == "decimal":
            between = ","
        shown = between.join(map(str, self.arguments))
        # the numbers stand in the middle: `timestamp(3) with time zone`
        base, with_, zone = self.base.partition(" with ")
        return f"{base}({shown}){with_}{zone}"

    @property
    def elements(self) -> Types:
        """The types inside: of an array's elements, a map's keys and values, a row's
        fields.
        """
        return tuple(one for one in self.arguments if isinstance(one, Type))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers that belong to a type; a varchar without a length has the greatest."""
        if self.base == "varchar" and not self.arguments:
            return (UNBOUNDED,)
        return tuple(one for one in self.arguments if isinstance(one, int))


UNKNOWN = Type("unknown")
"""The type of the bare NULL."""

BOOLEAN = Type("boolean")
INTEGER = Type("integer")
BIGINT = Type("bigint")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
DATE = Type("date")


Types = tuple[Type, ...]
Arguments = tuple[Type | int, ...]


def _shown_fields(row: Type) -> Iterator[str]:
    """The fields of a row in Trino's words, with the names of those that have one."""
    if not row.names:
        yield from map(str, row.arguments)
        return
    for name, kind in zip(row.names, row.arguments, strict=True):
        if name:
            yield f"{name} {kind}"
        else:
            yield str(kind)


# text to type


def _unknown(text: object) -> ValueError:
    """The error for a type that Trino does not know."""
    return ValueError(f"Unknown type: {text}")


class _Text:
    """A text that is read from left to right."""

    def __init__(self, text: str) -> None:
        self.words: list[str] = re.findall(r'"(?:[^"]|"")*"|\w+|[(),]', text)
        self.at = 0
        # a letter that no word has is in no type
        if _without_spaces("".join(self.words)) != _without_spaces(text):
            raise _unknown(text)

    def next(self) -> str:
        """The next word; empty at the end."""
        if self.at >= len(self.words):
            return ""
        return self.words[self.at]

    def take(self, *words: str) -> bool:
        """Pass over these words if they come next."""
        end = self.at + len(words)
        ahead = self.words[self.at : end]
        if [word.lower() for word in ahead] != list(words):
            return False
        self.at = end
        return True


def _without_spaces(text: str) -> str:
    """The text without what may stand between its words."""
    return re.sub(r"\s", "", text)


@lru_cache(maxsize=5000)
def parse_type(text: str) -> Type:
    """The type that a text in Trino's words means. Raises ValueError."""
    words = _Text(text)
    try:
        found = _read(words)
    except IndexError:
        raise _unknown(text) from None
    if words.next():
        raise _unknown(text)
    return found


def _read(words: _Text) -> Type:
    """The type that begins here. Raises ValueError, and IndexError at the text's end."""
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
    if base in {"time", "timestamp"}:
        base += _zone(words)
    return made_type(base, tuple(arguments), tuple(names))


def _zone(words: _Text) -> str:
    """What a time zone adds to a base; WITHOUT TIME ZONE adds nothing."""
    if words.take("with", "time", "zone"):
        return " with time zone"
    words.take("without", "time", "zone")
    return ""


def _interval(words: _Text) -> Type:
    """The rest of `interval day to second`. Raises ValueError."""
    for first, last in (("day", "second"), ("year", "month")):
        if words.take(first, "to", last):
            return Type(f"interval {first} to {last}")
    raise _unknown(f"interval {words.next()}")


def _argument(
    words: _Text, base: str, arguments: list[Type | int], names: list[str]
) -> None:
    """Read one argument of a type: a number, a type, or a row's field with its name."""
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
    name = words.words[mark].strip('"').replace('""', '"')
    return name, _read(words)


def made_type(
    base: str, arguments: Arguments = (), names: tuple[str, ...] = ()
) -> Type:
    """The type of a base and its arguments, with what may be left out.

    Raises ValueError, in Trino's words, where there is no such type.
    """
    if base == "int":
        base = "integer"
    if base in _OF_ELEMENTS:
        return _of_elements(base, arguments, names)
    if base == "decimal":
        return _decimal(arguments)
    if base in _NUMBERED:
        return _numbered(base, arguments)
    if arguments or base not in _PLAIN:
        raise _unknown(Type(base, arguments))
    return Type(base)


_NUMBERED = {
    "char": (1, LONGEST_CHAR),
    "varchar": (UNBOUNDED, UNBOUNDED),
    **dict.fromkeys(_MOMENTS, (3, _MOST_DIGITS)),
}
"""The types of one number: the number that stands for none, and the greatest one."""

_PLAIN = _ORDERED | _OTHERS | READ_AS_TEXT


def _numbered(base: str, arguments: Arguments) -> Type:
    """A type of one number: a length, or a precision."""
    usual, greatest = _NUMBERED[base]
    if not arguments:
        arguments = (usual,)
    number = arguments[0]
    is_one = len(arguments) == 1
    if not is_one or not isinstance(number, int) or number > greatest:
        raise _unknown(Type(base, arguments))
    if base == "varchar" and number == UNBOUNDED:
        return VARCHAR
    return Type(base, arguments)


def _decimal(arguments: Arguments) -> Type:
    """A decimal; without numbers it has as many digits as it can, all before the point."""
    numbers = [one for one in arguments if isinstance(one, int)]
    if len(numbers) != len(arguments) or len(numbers) > 2:
        raise _unknown(Type("decimal", arguments))
    precision = LONGEST_DECIMAL
    scale = 0
    if len(numbers) == 1:
        precision = numbers[0]
    elif len(numbers) == 2:
        precision, scale = numbers
    if not 1 <= precision <= LONGEST_DECIMAL:
        allowed = f"[1, {LONGEST_DECIMAL}]"
        raise ValueError(f"DECIMAL precision must be in range {allowed}: {precision}")
    if scale > precision:
        allowed = f"[0, precision ({precision})]"
        raise ValueError(f"DECIMAL scale must be in range {allowed}: {scale}")
    return Type("decimal", (precision, scale))


def _of_elements(base: str, arguments: Arguments, names: tuple[str, ...]) -> Type:
    """An array, a map, a row, a function or a quantile digest of other types."""
    inner = [one for one in arguments if isinstance(one, Type)]
    number = len(inner)
    has_others = number != len(arguments)
    wanted = _COUNTS.get(base, number)
    if not inner or has_others or number != wanted:
        raise _unknown(Type(base, arguments, names))
    first = inner[0]
    if base == "map" and not comparable(first):
        raise ValueError(f"MAP key type must be comparable: {first}")
    if not any(names):
        names = ()
    return Type(base, arguments, names)


# one type for another


def coerces(source: Type, target: Type) -> bool:
    """True where Trino converts values of one type to another without a CAST."""
    found = _compatible(source, target)
    if found is None:
        return False
    _, is_converted = found
    return is_converted


def common(one: Type, other: Type) -> Type | None:
    """The least type that both are converted to; None where there is none."""
    found = _compatible(one, other)
    if found is None:
        return None
    shared, _ = found
    return shared


_Compatible = tuple[Type, bool]
"""The common type of two, and whether the first is converted to the second."""


def _compatible(source: Type, target: Type) -> _Compatible | None:
    """The common type of two; None where there is none."""
    if source in (UNKNOWN, target):
        return target, True
    if target == UNKNOWN:
        return source, False
    if source.base == target.base:
        return _same_base(source, target)
    widened = to_base(source, target.base)
    if widened is not None:
        return _compatible(widened, target)
    widened = to_base(target, source.base)
    if widened is None:
        return None
    found = _compatible(source, widened)
    if found is None:
        return None
    # it is the second that is converted, so the first is not
    shared, _ = found
    return shared, False


def _same_base(source: Type, target: Type) -> _Compatible | None:
    """The common type of two of one base; None where there is none."""
    base = source.base
    if base in _NESTED:
        return _elementwise(source, target)
    if base == "decimal":
        shared = _wider_decimal(source, target)
    elif base in _NUMBERED:
        shared = max(source, target, key=lambda kind: kind.numbers)
    else:
        return None
    return shared, shared == target


def _wider_decimal(one: Type, other: Type) -> Type:
    """The decimal with room for both: for their digits before the point, and after it."""
    precision, scale = one.numbers
    its_precision, its_scale = other.numbers
    longest = max(scale, its_scale)
    whole = max(precision - scale, its_precision - its_scale)
    digits = min(LONGEST_DECIMAL, whole + longest)
    return Type("decimal", (digits, longest))


def _elementwise(source: Type, target: Type) -> _Compatible | None:
    """The common type of two whose types inside meet; None where they do not."""
    if len(source.elements) != len(target.elements):
        return None
    inner = []
    all_converted = True
    for mine, its in zip(source.elements, target.elements, strict=True):
        found = _compatible(mine, its)
        if found is None:
            return None
        shared, is_converted = found
        inner.append(shared)
        all_converted = all_converted and is_converted
    names = _shared_names(source, target)
    return Type(source.base, tuple(inner), names), all_converted


def _shared_names(source: Type, target: Type) -> tuple[str, ...]:
    """The names of the fields of two rows where both have the same one."""
    if source.names == target.names:
        return source.names
    if not source.names or not target.names:
        return ()
    kept = []
    for mine, its in zip(source.names, target.names, strict=True):
        name = ""
        if mine == its:
            name = mine
        kept.append(name)
    if not any(kept):
        return ()
    return tuple(kept)


def to_base(source: Type, base: str) -> Type | None:
    """The type with another base that a type is converted to without a CAST; None where
    it is to none.
    """
    own = source.base
    if own == base:
        return source
    if own == "unknown":
        return _from_unknown(base)
    if base in _WIDER.get(own, ()):
        return Type(base)
    if base == "decimal" and own in _WHOLE_DIGITS:
        return Type(base, (_WHOLE_DIGITS[own], 0))
    if own in _READ_FROM:
        return _from_text(source, base)
    return _from_moment(source, base)


def _from_unknown(base: str) -> Type | None:
    """What the bare NULL becomes: the shortest type of a base."""
    if base in _READ_FROM:
        return Type(base, (0,))
    if base == "decimal":
        return Type(base, (1, 0))
    if base in _MOMENTS:
        return Type(base, (3,))
    if base in _OF_ELEMENTS:
        return None
    return Type(base)


def _from_text(source: Type, base: str) -> Type | None:
    """What a text becomes: a pattern or a path, or a char of its length."""
    if base in READ_AS_TEXT:
        return Type(base)
    if base == "char" and source.base == "varchar":
        length = min(LONGEST_CHAR, source.numbers[0])
        return Type(base, (length,))
    return None


def _from_moment(source: Type, base: str) -> Type | None:
    """A date as a timestamp, or a time or a timestamp in the time zone of the session."""
    if source == DATE and base in {"timestamp", "timestamp with time zone"}:
        return Type(base, (0,))
    if source.base in {"time", "timestamp"} and base == f"{source.base} with time zone":
        return Type(base, source.arguments)
    return None


# what a type allows


def comparable(kind: Type) -> bool:
    """True where `=` can be asked of a type."""
    if kind.base in _NESTED:
        return all(map(comparable, kind.elements))
    return kind.base in _ORDERED or kind.base in _EQUAL_ONLY


def orderable(kind: Type) -> bool:
    """True where `<` and ORDER BY can be asked of a type."""
    if kind.base in {"array", "row"}:
        return all(map(orderable, kind.elements))
    return kind.base in _ORDERED


def castable_text(text: str, kind: Type) -> bool:
    """False where a text is surely no value of a type."""
    if kind.base in _WHOLE_DIGITS:
        return re.fullmatch(r"[+-]?\d+", text) is not None
    if kind == BOOLEAN:
        return text.lower() in {"true", "false", "t", "f", "1", "0"}
    return True
