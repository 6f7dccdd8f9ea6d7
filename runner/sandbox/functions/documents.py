"""JSON as Trino reads, writes and casts it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions import numbers
from runner.trino.types import Type, parse_type

STEP = re.compile(r'\.([\w:@]+)|\[(\w+)\]|\["((?:[^"\\]|\\.)*)"\]', re.ASCII)
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


class Raw(str):
    """A number as it was written."""

    __slots__ = ()


def _constant(name: str) -> Any:
    raise ValueError(name)


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
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
        if text.lstrip(" \t\r\n")[:1] in {"{", "["}:
            raise NotHere("a text that only begins as JSON does") from None
        try:
            _EXACT.raw_decode(text.lstrip(" \t\r\n"))
        except ValueError:
            return MISSING
        raise NotHere("a text that only begins as JSON does") from None


def dumped(value: Any, *, ordered: bool) -> str:
    """A value as Trino writes it; keys sorted where `ordered`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
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
            return "[" + ",".join(dumped(one, ordered=ordered) for one in value) + "]"
        case dict():
            pairs = sorted(value.items()) if ordered else value.items()
            return (
                "{"
                + ",".join(
                    f"{quoted(key)}:{dumped(one, ordered=ordered)}"
                    for key, one in pairs
                )
                + "}"
            )
        case _:
            raise NotHere(f"JSON of {type(value).__name__}")


def _number(text: str) -> str:
    return str(int(text)) if re.fullmatch(r"-?\d+", text) else _double(float(text))


def _double(value: float) -> str:
    shown = numbers.plain(value)
    return f'"{shown}"' if shown[-1] in "Ny" else shown


def quoted(text: str) -> str:
    """A text as JSON."""
    return '"' + "".join(ESCAPES.get(one) or _shown(one) for one in text) + '"'


def _shown(letter: str) -> str:
    return f"\\u{ord(letter):04X}" if letter < " " else letter


def json_parse(text: str) -> str:
    """JSON_PARSE, in canonical form. Raises Rejected."""
    try:
        return dumped(parsed(text), ordered=True)
    except ValueError:
        raise Rejected(f"Cannot convert value to JSON: '{text}'") from None


@lru_cache(maxsize=1000)
def path(text: str) -> tuple[str, ...]:
    """The steps of a JsonPath. Raises Rejected."""
    refusal = Rejected(f"Invalid JSON path: '{text}'")
    if not text.startswith("$"):
        raise refusal
    at, steps = 1, []
    while at < len(text):
        match = STEP.match(text, at)
        if not match:
            if not text.isascii() or "*" in text or ".." in text:
                raise NotHere(f"the JSON path {text}")
            raise refusal
        found = match[1] or match[2] or match[3] or ""
        if "\\" in found:
            raise NotHere(f"the JSON path {text}")
        steps.append(found)
        at = match.end()
    return tuple(steps)


def _found(text: str, where: str) -> Any:
    steps = path(where)
    value = _written(text)
    for step in steps:
        value = _inside(value, step)
        if value is MISSING:
            break
    return value


def _inside(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(value, list) and re.fullmatch(r"\d+", step):
        return value[int(step)] if int(step) < len(value) else MISSING
    return MISSING


def extract(text: str, where: str) -> str | None:
    """JSON_EXTRACT. Raises Rejected for a path."""
    value = _found(text, where)
    return None if value is MISSING else dumped(value, ordered=False)


def extract_scalar(text: str, where: str) -> str | None:
    """JSON_EXTRACT_SCALAR. Raises Rejected for a path."""
    value = _found(text, where)
    return None if value is MISSING else _scalar(value)


def _scalar(value: Any) -> str | None:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return str(value)
        case _:
            return None


def size(text: str, where: str) -> int | None:
    """JSON_SIZE."""
    value = _found(text, where)
    if value is MISSING:
        return None
    return len(value) if isinstance(value, (list, dict)) else 0


def array_length(text: str) -> int | None:
    """JSON_ARRAY_LENGTH."""
    value = _written(text)
    return len(value) if isinstance(value, list) else None


def array_get(text: str, index: int) -> str | None:
    """JSON_ARRAY_GET, whose texts are not quoted."""
    value = _written(text)
    if not isinstance(value, list) or not -len(value) <= index < len(value):
        return None
    found = value[index]
    if found is None:
        return None
    return str(found) if isinstance(found, str) else dumped(found, ordered=False)


def array_contains(text: str, wanted: object) -> bool | None:
    """JSON_ARRAY_CONTAINS."""
    value = _written(text)
    if not isinstance(value, list):
        return None
    return any(_equals(one, wanted) for one in value)


def _equals(one: Any, wanted: object) -> bool:
    match wanted:
        case bool():
            return one is wanted
        case int():
            return (
                isinstance(one, Raw)
                and re.fullmatch(r"-?\d+", one) is not None
                and int(one) == wanted
            )
        case float():
            return isinstance(one, Raw) and "." in one and float(one) == wanted
        case _:
            return isinstance(one, str) and not isinstance(one, Raw) and one == wanted


def is_scalar(text: str) -> bool | None:
    """IS_JSON_SCALAR. Raises Rejected."""
    value = _written(text)
    if value is MISSING:
        raise NotHere("is_json_scalar of a text that is no JSON")
    return not isinstance(value, (list, dict))


# casts to JSON


def to_json(value: Any, kind: str) -> str | None:
    """CAST(value AS JSON)."""
    return None if value is None else _encoded(value, parse_type(kind))


def _encoded(value: Any, type_: Type) -> str:
    if value is None:
        return "null"
    inside = tuple(one for one in type_.arguments if isinstance(one, Type))
    match type_.base:
        case "json":
            return str(value)
        case "array":
            return "[" + ",".join(_encoded(one, inside[0]) for one in value) + "]"
        case "map":
            pairs = sorted(
                (_key(key), _encoded(one, inside[1])) for key, one in value.items()
            )
            return "{" + ",".join(f"{quoted(key)}:{one}" for key, one in pairs) + "}"
        case "row":
            names = type_.names or ("",) * len(inside)
            shown = zip(names, value.values(), inside, strict=True)
            return (
                "{"
                + ",".join(
                    f"{quoted(name)}:{_encoded(one, of)}" for name, one, of in shown
                )
                + "}"
            )
        case "real":
            return numbers.plain_real(value)
        case _:
            return dumped(value, ordered=True)


def _key(key: Any) -> str:
    if isinstance(key, (bool, int, str, Decimal)):
        return str(key).lower() if isinstance(key, bool) else str(key)
    raise NotHere("a map with such keys as JSON")


# casts of JSON


def from_json(text: str | None, kind: str) -> Any:
    """CAST(json AS type). Raises Rejected."""
    if text is None:
        return None
    type_ = parse_type(kind)
    try:
        value = json.loads(text)
    except ValueError:
        raise NotHere("a cast of such JSON") from None
    if isinstance(value, (list, dict)) and type_.base in SCALARS:
        raise Rejected(f"Cannot cast '{text}' to {kind}")
    if type_.base in {"array", "map", "row"}:
        return _container(value, type_, text)
    return _decoded(value, type_)


def _container(value: Any, type_: Type, text: str) -> Any:
    wanted = {
        "array": "a json array",
        "map": "a json object",
        "row": "json array or a json object",
    }
    taken: tuple[type, ...] = {"array": (list,), "map": (dict,), "row": (list, dict)}[
        type_.base
    ]
    if value is not None and not isinstance(value, taken):
        shown = text if not isinstance(value, str) else value
        raise Rejected(
            f"Cannot cast to {type_}. Expected {wanted[type_.base]}, but got {shown}\n{text}"
        )
    try:
        return _decoded(value, type_)
    except Rejected:
        raise Rejected(f"Cannot cast to {type_}.\n{text}") from None


def _decoded(value: Any, type_: Type) -> Any:
    if type_.base == "json":
        return dumped(value, ordered=False)
    if value is None:
        return None
    inside = tuple(one for one in type_.arguments if isinstance(one, Type))
    match type_.base:
        case "array":
            return [_decoded(one, inside[0]) for one in _taken(value, list)]
        case "map":
            taken = _taken(value, dict)
            return {
                _map_key(key, inside[0]): _decoded(one, inside[1])
                for key, one in taken.items()
            }
        case "row":
            return _row(value, type_, inside)
        case _:
            return (
                SCALARS[type_.base](value, type_)
                if type_.base in SCALARS
                else _refused(type_)
            )


def _taken(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise Rejected("Unexpected token")
    return value


def _map_key(key: str, type_: Type) -> Any:
    if type_.base not in {"varchar", "bigint", "integer", "double", "boolean"}:
        raise NotHere(f"a cast from json to map({type_}, …)")
    return SCALARS[type_.base](key, type_)


def _row(value: Any, type_: Type, inside: tuple[Type, ...]) -> dict[str, Any]:
    if isinstance(value, list):
        if len(value) != len(inside):
            raise Rejected("Unexpected token")
        found: list[Any] = value
    else:
        held: Mapping[str, Any] = {
            key.lower(): one for key, one in _taken(value, dict).items()
        }
        if not all(type_.names) or not type_.names:
            raise NotHere(f"a cast from a JSON object to {type_}")
        found = [held.get(name.lower()) for name in type_.names]
    return {
        f"f{number}": _decoded(one, of)
        for number, (one, of) in enumerate(zip(found, inside, strict=True))
    }


def _refused(type_: Type) -> Any:
    raise NotHere(f"a cast from json to {type_}")


def _text(value: Any, type_: Type) -> str:
    match value:
        case bool():
            text = "true" if value else "false"
        case float():
            text = numbers.scientific(value)
        case int() | str():
            text = str(value)
        case _:
            raise Rejected("Unexpected token")
    most = next((one for one in type_.arguments if isinstance(one, int)), None)
    return text if most is None else text[:most]


def _whole(value: Any, type_: Type) -> int:
    match value:
        case bool() | int():
            made = int(value)
        case float():
            return numbers.rounded(value, type_.base)
        case str():
            if not re.fullmatch(r"[+-]?[0-9]+", value):
                shown = {"integer": "INT"}.get(type_.base, type_.base.upper())
                raise Rejected(f"Cannot cast '{value}' to {shown}")
            made = int(value)
        case _:
            raise Rejected("Unexpected token")
    if not -(2 ** numbers.LIMITS[type_.base]) <= made < 2 ** numbers.LIMITS[type_.base]:
        raise Rejected(f"Out of range for {type_.base}: {made}")
    return made


def _float(value: Any, _: Type) -> float:
    if isinstance(value, str):
        return numbers.read_double(value)
    return float(_taken(value, (bool, int, float)))  # type: ignore[arg-type]


def _truth(value: Any, _: Type) -> bool:
    if not isinstance(value, str):
        return bool(_taken(value, (bool, int, float)))  # type: ignore[arg-type]
    if value.lower() in {"t", "true", "1"}:
        return True
    if value.lower() in {"f", "false", "0"}:
        return False
    raise Rejected(f"Cannot cast '{value}' to BOOLEAN")


def _decimal(value: Any, type_: Type) -> Decimal:
    precision, scale = (one for one in type_.arguments if isinstance(one, int))
    if isinstance(value, str):
        return numbers.read_decimal(value, precision, scale)
    return numbers.read_decimal(str(_taken(value, (int, float)) + 0), precision, scale)  # type: ignore[arg-type]


SCALARS: Mapping[str, Callable[[Any, Type], Any]] = {
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
