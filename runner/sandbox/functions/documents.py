"""JSON as Trino reads, writes and casts it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions import numbers
from runner.trino.types import Type, parse_type

STEP = re.compile(r'\.([\w:@]+)|\[(\w+)\]|\["((?:[^"\\]|\\.)*)"\]', re.ASCII)
WHOLE = re.compile(r"-?\d+")
SPACES = " \t\r\n"
ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
MISSING = object()
"""Stands for what is not there, since None is JSON's null."""


Object = dict[str, Any]
"""A JSON object, or a row by the names of its fields."""

Pairs = list[tuple[str, Any]]
"""Keys and values."""

Members = Iterable[tuple[str, str]]
"""Keys, and values that are JSON already."""

Decoder = Callable[[Any, Type], Any]
"""What makes a value of JSON one of a type."""


class Raw(str):
    """A number as it was written."""

    __slots__ = ()


def _constant(name: str) -> Any:
    """Refuses NaN and Infinity, which Python takes and Trino does not."""
    raise ValueError(name)


def _first_wins(pairs: Pairs) -> Object:
    """An object whose keys have the first of their values; Python's would have the last."""
    found: Object = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


_EXACT = json.JSONDecoder(
    parse_float=Raw,
    parse_int=Raw,
    parse_constant=_constant,
    object_pairs_hook=_first_wins,
)
_VALUES = json.JSONDecoder(parse_constant=_constant)


def parsed(text: str) -> Any:
    """What a JSON text holds. Raises ValueError."""
    return _VALUES.decode(text)


def _written(text: str) -> Any:
    """What a JSON text holds, numbers as they are written; MISSING where it is none.

    Raises NotHere where its beginning alone is JSON, which Trino may not notice.
    """
    try:
        return _EXACT.decode(text)
    except (ValueError, RecursionError):
        if _begins_as_json(text.lstrip(SPACES)):
            raise NotHere("a text that only begins as JSON does") from None
        return MISSING


def _begins_as_json(text: str) -> bool:
    """True where the first value of a text is JSON, or might be up to some place."""
    if text[:1] in {"{", "["}:
        return True
    try:
        _EXACT.raw_decode(text)
    except ValueError:
        return False
    return True


def dumped(value: Any, *, ordered: bool) -> str:
    """A value as JSON in Trino's words; keys sorted where `ordered`. Raises NotHere."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Raw():
            return _number(value)
        case int():
            return str(value)
        case float():
            return _double(value)
        case Decimal():
            return format(value, "f")
        case str():
            return quoted(value)
        case list():
            return _array(dumped(one, ordered=ordered) for one in value)
        case dict():
            return _dumped_object(value, ordered=ordered)
        case _:
            raise NotHere(f"JSON of {type(value).__name__}")


def _dumped_object(value: Object, *, ordered: bool) -> str:
    """An object as JSON; keys sorted where `ordered`. Raises NotHere."""
    members: dict[str, str] = {}
    for key, one in value.items():
        members[key] = dumped(one, ordered=ordered)
    if ordered:
        return _object(sorted(members.items()))
    return _object(members.items())


def _array(items: Iterable[str]) -> str:
    """A JSON array of items that are JSON already."""
    listed = ",".join(items)
    return f"[{listed}]"


def _object(members: Members) -> str:
    """A JSON object of its members."""
    shown = [f"{quoted(key)}:{value}" for key, value in members]
    inside = ",".join(shown)
    return f"{{{inside}}}"


def _number(text: str) -> str:
    """A number as Trino writes it anew: a whole one in digits, else a double."""
    if WHOLE.fullmatch(text):
        return str(int(text))
    return _double(float(text))


def _double(value: float) -> str:
    """A double as Java writes it; NaN and Infinity are texts."""
    shown = numbers.plain(value)
    if shown[-1] in "Ny":
        return f'"{shown}"'
    return shown


def quoted(text: str) -> str:
    """A text as JSON."""
    shown = "".join(_escaped(letter) for letter in text)
    return f'"{shown}"'


def _escaped(letter: str) -> str:
    """A letter as it stands between the quotes of JSON."""
    if letter in ESCAPES:
        return ESCAPES[letter]
    if letter < " ":
        return f"\\u{ord(letter):04X}"
    return letter


def json_parse(text: str) -> str:
    """JSON_PARSE: the same JSON with sorted keys and no spaces. Raises Rejected."""
    try:
        return dumped(parsed(text), ordered=True)
    except ValueError:
        raise Rejected(f"Cannot convert value to JSON: '{text}'") from None


@lru_cache(maxsize=1000)
def path(text: str) -> tuple[str, ...]:
    """The steps of a JsonPath: keys, and places as texts. Raises Rejected, NotHere."""
    unknown = NotHere(f"the JSON path {text}")
    refusal = Rejected(f"Invalid JSON path: '{text}'")
    if not text.startswith("$"):
        raise refusal
    at = 1
    steps = []
    while at < len(text):
        match = STEP.match(text, at)
        if match is None and _is_foreign(text):
            raise unknown
        if match is None:
            raise refusal
        step = match[1] or match[2] or match[3] or ""
        if "\\" in step:
            raise unknown
        steps.append(step)
        at = match.end()
    return tuple(steps)


def _is_foreign(text: str) -> bool:
    """True for a path that Trino may take, by rules that are not known here."""
    return not text.isascii() or "*" in text or ".." in text


def _found(text: str, where: str) -> Any:
    """What a path leads to in a JSON text; MISSING where it leads nowhere."""
    steps = path(where)
    value = _written(text)
    for step in steps:
        value = _inside(value, step)
        if value is MISSING:
            break
    return value


def _inside(value: Any, step: str) -> Any:
    """What one step leads to: the value of a key, or the item at a place."""
    if isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(value, list) and re.fullmatch(r"\d+", step):
        place = int(step)
        if place < len(value):
            return value[place]
    return MISSING


def extract(text: str, where: str) -> str | None:
    """JSON_EXTRACT; None where the path leads nowhere. Raises Rejected for a path."""
    value = _found(text, where)
    if value is MISSING:
        return None
    return dumped(value, ordered=False)


def extract_scalar(text: str, where: str) -> str | None:
    """JSON_EXTRACT_SCALAR; None where the path leads to no scalar.

    Raises Rejected for a path.
    """
    match _found(text, where):
        case bool() as value:
            return str(value).lower()
        case str() as value:
            # a number as well, as it was written
            return str(value)
        case _:
            return None


def size(text: str, where: str) -> int | None:
    """JSON_SIZE: how many items or keys there are; 0 of a scalar."""
    value = _found(text, where)
    if value is MISSING:
        return None
    if isinstance(value, (list, dict)):
        return len(value)
    return 0


def _items(text: str) -> list[Any] | None:
    """The items of an array; None of anything else."""
    value = _written(text)
    if not isinstance(value, list):
        return None
    return value


def array_length(text: str) -> int | None:
    """JSON_ARRAY_LENGTH; None of anything else."""
    items = _items(text)
    if items is None:
        return None
    return len(items)


def array_get(text: str, index: int) -> str | None:
    """JSON_ARRAY_GET, whose texts are not quoted; counted from the end where negative.

    None where there is no such item.
    """
    items = _items(text)
    if items is None:
        return None
    length = len(items)
    if not -length <= index < length:
        return None
    found = items[index]
    if found is None:
        return None
    if isinstance(found, str):
        return str(found)
    return dumped(found, ordered=False)


def array_contains(text: str, wanted: object) -> bool | None:
    """JSON_ARRAY_CONTAINS; None where it is no array."""
    items = _items(text)
    if items is None:
        return None
    return any(_equals(one, wanted) for one in items)


def _equals(one: Any, wanted: object) -> bool:
    """True where an item of an array is a value, in its type as well."""
    if isinstance(wanted, bool):
        return one is wanted
    if isinstance(one, Raw):
        return _is_number(one, wanted)
    return isinstance(one, str) and one == wanted


def _is_number(one: Raw, wanted: object) -> bool:
    """True where a number as it was written is a value; 1.0 is no whole number."""
    match wanted:
        case int():
            is_whole = WHOLE.fullmatch(one) is not None
            return is_whole and int(one) == wanted
        case float():
            return "." in one and float(one) == wanted
        case _:
            return False


def is_scalar(text: str) -> bool | None:
    """IS_JSON_SCALAR: true of anything but an array or an object. Raises NotHere."""
    value = _written(text)
    if value is MISSING:
        raise NotHere("is_json_scalar of a text that is no JSON")
    return not isinstance(value, (list, dict))


# casts to JSON


def to_json(value: Any, kind: str) -> str | None:
    """CAST(value AS JSON), of a value whose type Trino calls `kind`. Raises NotHere."""
    if value is None:
        return None
    return _encoded(value, parse_type(kind))


def _inner(type_: Type) -> tuple[Type, ...]:
    """The types inside a type."""
    return tuple(one for one in type_.arguments if isinstance(one, Type))


def _sizes(type_: Type) -> list[int]:
    """The numbers of a type: its length, or its precision and scale."""
    return [one for one in type_.arguments if isinstance(one, int)]


def _encoded(value: Any, type_: Type) -> str:
    """A value of a type as JSON. Raises NotHere."""
    if value is None:
        return "null"
    match type_.base:
        case "json":
            return str(value)
        case "array":
            (of_items,) = _inner(type_)
            return _array(_encoded(one, of_items) for one in value)
        case "map":
            return _encoded_map(value, type_)
        case "row":
            return _encoded_row(value, type_)
        case "real":
            return numbers.plain_real(value)
        case _:
            return dumped(value, ordered=True)


def _encoded_map(value: dict[Any, Any], type_: Type) -> str:
    """A map as an object with sorted keys. Raises NotHere."""
    _, of_values = _inner(type_)
    keys = [_key(key) for key in value]
    values = [_encoded(one, of_values) for one in value.values()]
    members = zip(keys, values, strict=True)
    return _object(sorted(members))


def _encoded_row(value: Object, type_: Type) -> str:
    """A row as an object; fields without a name have the key ""."""
    kinds = _inner(type_)
    names = type_.names or ("",) * len(kinds)
    values = zip(value.values(), kinds, strict=True)
    shown = [_encoded(one, kind) for one, kind in values]
    return _object(zip(names, shown, strict=True))


def _key(key: Any) -> str:
    """A map's key as one of an object. Raises NotHere."""
    match key:
        case bool():
            return str(key).lower()
        case int() | str() | Decimal():
            return str(key)
        case _:
            raise NotHere("a map with such keys as JSON")


# casts of JSON


def from_json(text: str | None, kind: str) -> Any:
    """CAST(json AS type), of the type that Trino calls `kind`. Raises Rejected, NotHere."""
    if text is None:
        return None
    type_ = parse_type(kind)
    try:
        value = json.loads(text)
    except ValueError:
        raise NotHere("a cast of such JSON") from None
    is_container = isinstance(value, (list, dict))
    if is_container and type_.base in SCALARS:
        raise Rejected(f"Cannot cast '{text}' to {kind}")
    if type_.base in CONTAINERS:
        return _container(value, type_, text)
    return _decoded(value, type_)


CONTAINERS: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "map": (dict,),
    "row": (list, dict),
}
"""What a JSON text has to hold for each type with types inside."""

EXPECTED = {
    "array": "a json array",
    "map": "a json object",
    "row": "json array or a json object",
}


def _container(value: Any, type_: Type, text: str) -> Any:
    """An array, a map or a row. Raises Rejected with the whole text, as Trino does."""
    wanted = CONTAINERS[type_.base]
    if value is not None and not isinstance(value, wanted):
        shown = text
        if isinstance(value, str):
            shown = value
        expected = f"Expected {EXPECTED[type_.base]}, but got {shown}"
        raise Rejected(f"Cannot cast to {type_}. {expected}\n{text}")
    try:
        return _decoded(value, type_)
    except Rejected:
        raise Rejected(f"Cannot cast to {type_}.\n{text}") from None


def _decoded(value: Any, type_: Type) -> Any:
    """A value of JSON as one of a type. Raises Rejected, NotHere."""
    if type_.base == "json":
        return dumped(value, ordered=False)
    if value is None:
        return None
    match type_.base:
        case "array":
            (of_items,) = _inner(type_)
            return [_decoded(one, of_items) for one in _taken(value, list)]
        case "map":
            return _map(value, type_)
        case "row":
            return _row(value, type_)
        case _:
            read = SCALARS.get(type_.base)
    if read is None:
        raise NotHere(f"a cast from json to {type_}")
    return read(value, type_)


def _taken(value: Any, *kinds: type) -> Any:
    """A value of one of some kinds. Raises Rejected for any other."""
    if not isinstance(value, kinds):
        raise Rejected("Unexpected token")
    return value


def _map(value: Any, type_: Type) -> dict[Any, Any]:
    """A map of an object. Raises Rejected, NotHere."""
    of_keys, of_values = _inner(type_)
    made = {}
    for key, one in _taken(value, dict).items():
        made[_map_key(key, of_keys)] = _decoded(one, of_values)
    return made


def _map_key(key: str, type_: Type) -> Any:
    """A key of an object as one of a map. Raises Rejected, NotHere."""
    if type_.base not in {"varchar", "bigint", "integer", "double", "boolean"}:
        raise NotHere(f"a cast from json to map({type_}, …)")
    return SCALARS[type_.base](key, type_)


def _row(value: Any, type_: Type) -> Object:
    """A row of an array or of an object. Raises Rejected, NotHere."""
    kinds = _inner(type_)
    found = _field_values(value, type_)
    if len(found) != len(kinds):
        raise Rejected("Unexpected token")
    pairs = zip(found, kinds, strict=True)
    values = [_decoded(one, kind) for one, kind in pairs]
    return {f"f{number}": one for number, one in enumerate(values)}


def _field_values(value: Any, type_: Type) -> list[Any]:
    """The values of a row's fields: an array's items, or an object's values by name."""
    if isinstance(value, list):
        return value
    items: Mapping[str, Any] = _taken(value, dict)
    held = {key.lower(): one for key, one in items.items()}
    if not type_.names or "" in type_.names:
        raise NotHere(f"a cast from a JSON object to {type_}")
    return [held.get(name.lower()) for name in type_.names]


def _text(value: Any, type_: Type) -> str:
    """A varchar, cut to its length. Raises Rejected."""
    match value:
        case bool():
            text = str(value).lower()
        case float():
            text = numbers.scientific(value)
        case int() | str():
            text = str(value)
        case _:
            raise Rejected("Unexpected token")
    # without a length, the whole text
    most = next(iter(_sizes(type_)), None)
    return text[:most]


def _whole(value: Any, type_: Type) -> int:
    """A whole number of a type. Raises Rejected."""
    match value:
        case bool() | int():
            made = int(value)
        case float():
            return numbers.rounded(value, type_.base)
        case str():
            made = _read_whole(value, type_)
        case _:
            raise Rejected("Unexpected token")
    if not numbers.is_within(made, type_.base):
        raise Rejected(f"Out of range for {type_.base}: {made}")
    return made


def _read_whole(text: str, type_: Type) -> int:
    """A whole number of a text. Raises Rejected in Trino's words."""
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    shown = type_.base.upper()
    if shown == "INTEGER":
        shown = "INT"
    raise Rejected(f"Cannot cast '{text}' to {shown}")


def _float(value: Any, _: Type) -> float:
    """A double or a real. Raises Rejected."""
    if isinstance(value, str):
        return numbers.read_double(value)
    return float(_taken(value, bool, int, float))


def _truth(value: Any, _: Type) -> bool:
    """A boolean. Raises Rejected."""
    if not isinstance(value, str):
        return bool(_taken(value, bool, int, float))
    if value.lower() in {"t", "true", "1"}:
        return True
    if value.lower() in {"f", "false", "0"}:
        return False
    raise Rejected(f"Cannot cast '{value}' to BOOLEAN")


def _decimal(value: Any, type_: Type) -> Decimal:
    """A decimal, rounded half up. Raises Rejected."""
    precision, scale = _sizes(type_)
    if isinstance(value, str):
        return numbers.read_decimal(value, precision, scale)
    # the 0 makes a number of a boolean
    number = _taken(value, int, float) + 0
    return numbers.read_decimal(str(number), precision, scale)


SCALARS: Mapping[str, Decoder] = {
    "varchar": _text,
    "tinyint": _whole,
    "smallint": _whole,
    "integer": _whole,
    "bigint": _whole,
    "double": _float,
    "real": _float,
    "boolean": _truth,
    "decimal": _decimal,
}
