"""The functions and operators of Trino 423, and Treasure Data's own, with their signatures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runner.trino.types import Type

_HERE = Path(__file__).parent
_TRINO = _HERE / "functions-423.tsv"
_TREASURE_DATA = _HERE / "functions-treasuredata.tsv"
UNTOLD = Type("?")
"""A type that no documentation defines; in a signature, any type."""

_PLUGINS = re.compile(
    r"st_\w+|bing_tile\w*|\w*_?geometry_?\w*|to_spherical_geography|great_circle_distance|geohash\w*"
)
"""Functions of a plugin of Trino. Whether Treasure Data has it is not documented: they
are let pass.
"""


@dataclass(frozen=True, slots=True)
class Variable:
    """What a type variable must be: comparable or orderable, of a base, castable to or
    from other types.
    """

    name: str
    comparable: bool = False
    orderable: bool = False
    base: str = ""
    to: tuple[Type, ...] = ()
    from_: tuple[Type, ...] = ()

    def __str__(self) -> str:
        """In Trino's words."""
        shown = (
            self.name + ":comparable" * self.comparable + ":orderable" * self.orderable
        )
        return shown + "".join(f":castableTo({one})" for one in self.to)


@dataclass(frozen=True, slots=True)
class Signature:
    """One form of a function. `kind` is scalar, aggregate or window.

    Types are as Trino declares them: with type variables (`array(t)`), which
    `variables` tells more of, and variables for numbers (`varchar(x)`), of which
    `lengths` computes some. `variadic`: the last argument may stand any number of
    times. `nullable` tells of each argument whether the function takes NULL itself.
    `told` is false where the types of the arguments are not documented.
    """

    name: str
    kind: str
    arguments: tuple[Type, ...]
    returns: Type
    variables: tuple[Variable, ...] = ()
    lengths: tuple[tuple[str, str], ...] = ()
    variadic: bool = False
    nullable: tuple[bool, ...] = ()
    told: bool = True

    def __str__(self) -> str:
        """As Trino shows it among those it expected."""
        shown = f"{self.name}({', '.join(declared(one) for one in self.arguments)})"
        return (
            f"{shown} {', '.join(map(str, self.variables))}"
            if self.variables
            else shown
        )


def declared(kind: Type) -> str:
    """A type as Trino shows it in a signature: without spaces after commas."""
    return (
        str(kind)
        .replace(", ", ",")
        .replace("HyperLogLog", "hyperloglog")
        .replace("SetDigest", "setdigest")
    )


@cache
def _lines() -> Mapping[str, tuple[str, ...]]:
    """The lines of each function, not yet read: few functions stand in a query."""
    found: dict[str, list[str]] = {}
    for file in (_TRINO, _TREASURE_DATA):
        for line in file.read_text("utf-8").splitlines():
            if not line.startswith("#"):
                found.setdefault(line[: line.index("\t")], []).append(line)
    return {name: tuple(lines) for name, lines in found.items()}


@cache
def names() -> tuple[str, ...]:
    """The names of all functions, sorted."""
    return tuple(sorted(name for name in _lines() if not name.startswith("$")))


@cache
def signatures(name: str) -> tuple[Signature, ...]:
    """The forms of a function, or of an operator such as `$ADD`, in Trino's order;
    empty where there is none.
    """
    key = name if name.startswith("$") else name.lower()
    return tuple(_read(line) for line in _lines().get(key, ()))


def is_of_plugin(name: str) -> bool:
    """True for a function that Treasure Data may have or not."""
    return _PLUGINS.fullmatch(name.lower()) is not None


def kinds(name: str) -> frozenset[str]:
    """Whether a function is a scalar, an aggregate, a window function, or several of them."""
    return frozenset(one.kind for one in signatures(name))


# from text


def _read(line: str) -> Signature:
    name, kind, returns, arguments, conditions, nulls = line.split("\t")[:6]
    variadic = arguments.endswith("...")
    types = tuple(
        formal(one) for one in arguments.removesuffix("...").split("; ") if one
    )
    variables: list[Variable] = []
    lengths: list[tuple[str, str]] = []
    for condition in conditions.split("; ") if conditions else ():
        length, assigned, computed = condition.partition(" := ")
        if assigned:
            lengths.append((length.lower(), computed.lower()))
        else:
            variables.append(_variable(condition))
    return Signature(
        name,
        kind,
        types,
        formal(returns),
        tuple(variables),
        tuple(lengths),
        variadic,
        tuple(one == "n" for one in nulls),
        UNTOLD not in types,
    )


def _variable(condition: str) -> Variable:
    name, *words = condition.split(" ")
    bounds: dict[str, str] = {}
    for word in words:
        key, _, value = word.partition("=")
        bounds[key] = value
    to = (formal(bounds["to"]),) if "to" in bounds else ()
    from_ = (formal(bounds["from"]),) if "from" in bounds else ()
    return Variable(
        name,
        "comparable" in bounds,
        "orderable" in bounds,
        bounds.get("base", ""),
        to,
        from_,
    )


@cache
def formal(text: str) -> Type:
    """A type as signatures declare it; a variable is a type without arguments."""
    base, open_, inside = text.partition("(")
    if not open_:
        return Type(text)
    inside, _, zone = inside.rpartition(")")
    parts = _parts(inside)
    return Type(
        base + zone, tuple(int(one) if one.isdigit() else formal(one) for one in parts)
    )


def _parts(text: str) -> list[str]:
    """The parts between commas that stand in no parentheses."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]
