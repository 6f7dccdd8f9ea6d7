"""Functions of Trino 423 and of Treasure Data: their signatures, and which of them fits a call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runner.trino.types import NUMBERS, UNKNOWN, Type, as_decimal, common, parse_type

DATA = Path(__file__).parent / "functions-423.tsv"
UNTOLD = frozenset(
    """
    smart_digest td_currency_conv td_interval_range td_ip_to_city_name td_ip_to_connection_type td_ip_to_country_code
    td_ip_to_country_name td_ip_to_domain td_ip_to_latitude td_ip_to_least_specific_subdivision_name td_ip_to_longitude
    td_ip_to_metro_code td_ip_to_most_specific_subdivision_name td_ip_to_postal_code td_ip_to_subdivision_names
    td_ip_to_time_zone td_lat_long_to_country td_parse_agent td_parse_user_agent td_sessionize_window
    """.split()  # noqa: SIM905
)
"""Treasure Data's functions whose types are not told here."""

VARIABLE = re.compile(r"[A-Z]\d?|[KV]\d?|[a-z]\d?")
NESTED = re.compile(r"(array|map|row|function)\((.*)\)")
TEXTUAL = frozenset({"joniregexp", "jsonpath", "codepoints", "color", "likepattern"})
REPEATED = frozenset({"concat", "concat_ws", "greatest", "least", "map_concat", "char"})
"""Functions that take their last argument again and again."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One form of a function, types as Trino writes them; `kind` is scalar, aggregate or window."""

    name: str
    kind: str
    returns: str
    arguments: tuple[str, ...]


@cache
def _all() -> Mapping[str, tuple[Signature, ...]]:
    found: dict[str, tuple[Signature, ...]] = {}
    for line in DATA.read_text("utf-8").splitlines():
        name, kind, returns, arguments = line.split("\t")
        one = Signature(name, kind, returns, tuple(split(arguments)))
        found[name] = (*found.get(name, ()), one)
    return found


def names() -> frozenset[str]:
    """All functions' names."""
    return frozenset(_all())


def signatures(name: str) -> tuple[Signature, ...]:
    """The forms of a function; empty where there is none."""
    return _all().get(name, ())


def split(text: str) -> list[str]:
    """The parts between commas that stand in no parentheses."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in [*parts, text[start:].strip()] if part]


def is_variable(text: str) -> bool:
    """True for a type variable such as T."""
    return VARIABLE.fullmatch(text) is not None


def expected(one: Signature, count: int) -> tuple[str, ...] | None:
    """The types of so many arguments; None where it takes another number."""
    if one.name in REPEATED and one.arguments and count > len(one.arguments):
        return (*one.arguments, *(one.arguments[-1:] * (count - len(one.arguments))))
    return one.arguments if len(one.arguments) == count else None


Form = tuple[Signature, tuple[str, ...], dict[str, Type]]
"""A form that fits: its arguments' types as they are written, and what its variables are bound to."""


def chosen(name: str, given: Sequence[Type | None]) -> Form | None:
    """The form that fits these arguments (None for a lambda) best, its arguments and bound variables."""
    for coercing in (False, True):
        fitting = list(_fitting(name, given, coercing=coercing))
        if fitting:
            return min(fitting, key=lambda found: _cost(found[1], given))
    return None


def is_ambiguous(name: str, given: Sequence[Type | None]) -> bool:
    """True where a bare NULL leaves it open which of several forms is meant."""
    if UNKNOWN not in given:
        return False
    fitting = list(_fitting(name, given, coercing=True))
    kinds = {bound_type(one.returns, bound) for one, _, bound in fitting}
    return len(kinds) > 1 or {one.returns for one, _, _ in fitting} == {"varchar", "varchar(x)"}


def _fitting(name: str, given: Sequence[Type | None], *, coercing: bool) -> Iterator[Form]:
    for one in signatures(name):
        wanted = expected(one, len(given))
        if wanted is None:
            continue
        bound: dict[str, Type] = {}
        if all(_fits(text, kind, bound, coercing=coercing) for text, kind in zip(wanted, given, strict=True)):
            yield one, wanted, bound


def _cost(wanted: Sequence[str], given: Sequence[Type | None]) -> int:
    """How far arguments are converted: a whole number rather becomes a longer one than a double."""
    cost = 0
    for text, kind in zip(wanted, given, strict=True):
        base = _base(text)
        if kind is not None and kind.base in NUMBERS and base in NUMBERS:
            cost += NUMBERS.index(base) - NUMBERS.index(kind.base)
    return cost


def _fits(text: str, kind: Type | None, bound: dict[str, Type], *, coercing: bool) -> bool:
    if kind is None or text.startswith("function("):
        return kind is None and text.startswith("function(")
    if is_variable(text):
        return _bind(text, kind, bound)
    if nested := NESTED.fullmatch(text):
        parts = split(nested[2])
        if kind == UNKNOWN:
            return coercing
        if kind.base != nested[1] or len(parts) != len(kind.arguments):
            return False
        inner = [each for each in kind.arguments if isinstance(each, Type)]
        return all(_fits(part, each, bound, coercing=coercing) for part, each in zip(parts, inner, strict=True))
    base = _base(text)
    if kind.base == base == "varchar" and text != base:
        bound.setdefault(f"#{text}", kind)
    if base in TEXTUAL:
        return kind.base in {"varchar", "unknown"}
    return kind.base == base or (coercing and _converts(kind, base))


def _bind(variable: str, kind: Type, bound: dict[str, Type]) -> bool:
    known = bound.get(variable)
    shared = kind if known is None else common(known, kind)
    if shared is None:
        return False
    bound[variable] = shared
    return True


def _base(text: str) -> str:
    return re.sub(r"\([^)]*\)", "", text).strip()


def _converts(kind: Type, base: str) -> bool:
    if kind == UNKNOWN:
        return True
    if base == "decimal":
        return kind.base in {"tinyint", "smallint", "integer", "bigint"}
    if base in {"varchar", "char"}:
        return False
    try:
        target = parse_type(base)
    except ValueError:
        return False
    shared = common(kind, target)
    return shared is not None and shared.base == base


def bound_type(text: str, bound: Mapping[str, Type], digits: int = 3) -> Type:
    """A type of a signature with its variables filled in; `digits` of a second for moments."""
    if is_variable(text):
        return bound.get(text, UNKNOWN)
    if nested := NESTED.fullmatch(text):
        return Type(nested[1], tuple(bound_type(part, bound, digits) for part in split(nested[2])))
    base = _base(text)
    if base == "varchar" and (known := bound.get(f"#{text}")):
        return known
    if base in {"varchar", "char", "decimal"}:
        return Type("varchar") if base == "char" else Type(base)
    if base.startswith(("timestamp", "time")) and "(" in text and not re.search(r"\(\d", text):
        return Type(base, (digits,))
    return parse_type(text)


def converted(text: str, kind: Type, bound: Mapping[str, Type]) -> Type | None:
    """What an argument is converted to; None where it is taken as it is."""
    if text.startswith("function(") or _base(text) in {*TEXTUAL, "varchar", "char"}:
        return None
    if _base(text) == "decimal":
        return as_decimal(kind) if kind.base != "decimal" and kind != UNKNOWN else None
    digits = next((each for each in kind.arguments if isinstance(each, int)), 3)
    target = bound_type(text, bound, digits)
    return target if target != kind and target.base not in {"unknown"} else None
