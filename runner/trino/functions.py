"""The functions and operators of Trino 423, and Treasure Data's own, with their signatures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runner.trino.types import Type, Types

_HERE = Path(__file__).parent
_TRINO = _HERE / "functions-423.tsv"
_TREASURE_DATA = _HERE / "functions-treasuredata.tsv"
UNTOLD = Type("?")
"""A type that no documentation defines; in a signature, any type."""

_PLUGINS = re.compile(
    r"st_\w+|bing_tile\w*|\w*_?geometry_?\w*|to_spherical_geography"
    r"|great_circle_distance|geohash\w*"
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
    to: Types = ()
    from_: Types = ()

    def __str__(self) -> str:
        """In Trino's words."""
        shown = self.name
        if self.comparable:
            shown += ":comparable"
        if self.orderable:
            shown += ":orderable"
        for one in self.to:
            shown += f":castableTo({one})"
        return shown


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
    arguments: Types
    returns: Type
    variables: tuple[Variable, ...] = ()
    lengths: tuple[tuple[str, str], ...] = ()
    variadic: bool = False
    nullable: tuple[bool, ...] = ()
    told: bool = True

    def __str__(self) -> str:
        """As Trino shows it among those it expected."""
        arguments = ", ".join(map(declared, self.arguments))
        shown = f"{self.name}({arguments})"
        if not self.variables:
            return shown
        variables = ", ".join(map(str, self.variables))
        return f"{shown} {variables}"


def declared(kind: Type) -> str:
    """A type as Trino shows it in a signature: in lower case where it has capitals
    elsewhere, and without spaces after commas.
    """
    shown = str(kind).replace(", ", ",")
    shown = shown.replace("HyperLogLog", "hyperloglog")
    return shown.replace("SetDigest", "setdigest")


@cache
def _lines() -> Mapping[str, tuple[str, ...]]:
    """The lines of each function, not yet read: few functions stand in a query."""
    found: dict[str, list[str]] = {}
    for file in (_TRINO, _TREASURE_DATA):
        for line in file.read_text("utf-8").splitlines():
            if line.startswith("#"):
                continue
            name, _, _ = line.partition("\t")
            found.setdefault(name, []).append(line)
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
    key = name
    if not name.startswith("$"):
        key = name.lower()
    lines = _lines().get(key, ())
    return tuple(map(_read, lines))


def is_of_plugin(name: str) -> bool:
    """True for a function that Treasure Data may have or not."""
    return _PLUGINS.fullmatch(name.lower()) is not None


def kinds(name: str) -> frozenset[str]:
    """Whether a function is a scalar, an aggregate, a window function, or several of them."""
    return frozenset(one.kind for one in signatures(name))


# from text


def _read(line: str) -> Signature:
    """A signature from its line, whose parts are between tabs."""
    name, kind, returns, arguments, conditions, nulls = line.split("\t")[:6]
    types = tuple(map(formal, _listed(arguments.removesuffix("..."))))
    variables: list[Variable] = []
    lengths: list[tuple[str, str]] = []
    for condition in _listed(conditions):
        length, assigned, computed = condition.partition(" := ")
        if assigned:
            lengths.append((length.lower(), computed.lower()))
        else:
            variables.append(_variable(condition))
    return Signature(
        name=name,
        kind=kind,
        arguments=types,
        returns=formal(returns),
        variables=tuple(variables),
        lengths=tuple(lengths),
        variadic=arguments.endswith("..."),
        nullable=tuple(one == "n" for one in nulls),
        told=UNTOLD not in types,
    )


def _listed(text: str) -> list[str]:
    """What stands between semicolons; nothing in an empty text."""
    if not text:
        return []
    return text.split("; ")


def _variable(condition: str) -> Variable:
    """A variable from `T comparable to=varchar`."""
    name, *words = condition.split(" ")
    bounds: dict[str, str] = {}
    for word in words:
        key, _, value = word.partition("=")
        bounds[key] = value
    return Variable(
        name=name,
        comparable="comparable" in bounds,
        orderable="orderable" in bounds,
        base=bounds.get("base", ""),
        to=_bound_type("to", bounds),
        from_=_bound_type("from", bounds),
    )


def _bound_type(key: str, bounds: Mapping[str, str]) -> Types:
    """The type that a variable must be castable to or from, if there is one."""
    if key not in bounds:
        return ()
    return (formal(bounds[key]),)


@cache
def formal(text: str) -> Type:
    """A type as signatures declare it; a variable is a type without arguments."""
    base, open_, inside = text.partition("(")
    if not open_:
        return Type(text)
    # `timestamp(p) with time zone` goes on after its argument
    inside, _, zone = inside.rpartition(")")
    arguments = tuple(map(_argument, _parts(inside)))
    return Type(base + zone, arguments)


def _argument(text: str) -> Type | int:
    """A number, or a type, between a type's parentheses."""
    if text.isdigit():
        return int(text)
    return formal(text)


def _parts(text: str) -> list[str]:
    """The parts between commas that stand in no parentheses."""
    parts: list[str] = []
    depth = 0
    start = 0
    for at, letter in enumerate(text):
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    parts.append(text[start:].strip())
    return parts
