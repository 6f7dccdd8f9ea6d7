"""Which names mean what at a place of a statement, and what was found out about the statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runner.sandbox.duck.nothere import NotHere
from runner.trino.tree import Call, Column, Expression, Field, Node, Window
from runner.trino.types import Type


@dataclass(frozen=True, slots=True)
class Facts:
    """What the analysis knows, and the two times a statement may ask for (unix seconds)."""

    types: Mapping[Node, Type | None]
    conversions: Mapping[Node, Type]
    tables: Mapping[Node, tuple[str, tuple[tuple[str, Type], ...]]]
    now: float
    scheduled_time: int

    def type_of(self, node: Node) -> Type:
        """An expression's own type. Raises NotHere where it is not known."""
        if (known := self.types.get(node)) is None:
            raise NotHere("an expression whose type it does not know")
        return known

    def result_of(self, node: Node) -> Type:
        """An expression's type after what Trino converts it to."""
        return self.conversions.get(node) or self.type_of(node)


@dataclass(frozen=True, slots=True)
class Named:
    """A column that can be named: by its name alone, or with the names of its relation before it."""

    name: str
    qualifiers: tuple[str, ...]
    sql: str
    type: Type
    hidden: bool = False
    """Not among the columns of `*`, such as the second of a USING pair."""


@dataclass(frozen=True, slots=True)
class WithTable:
    """What a WITH made: its name in DuckDB, and its columns' names and types."""

    sql: str
    columns: tuple[tuple[str, Type], ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """The names at a place. `outer` is the query around this one, whose columns may be
    used as well.
    """

    facts: Facts
    columns: tuple[Named, ...] = ()
    outer: Scope | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, WithTable] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    around: Call | None = None
    """The call whose argument is being written."""

    def inside(self) -> Scope:
        """The scope of a query inside this one."""
        return Scope(self.facts, outer=self, tables=self.tables)

    def inside_of(self, around: Scope) -> Scope:
        """These columns as those of a query around, whose own outer query stays."""
        return Scope(
            self.facts, outer=replace(self, outer=around.outer), tables=self.tables
        )

    def over(self, columns: tuple[Named, ...]) -> Scope:
        """The same place with these columns."""
        return replace(self, columns=columns)


def lookup(scope: Scope, name: str, qualifiers: tuple[str, ...] = ()) -> Named | None:
    """The column that a name means, looked for from the inside out."""
    at: Scope | None = scope
    while at is not None:
        for one in at.columns:
            if one.name == name and _fits(one.qualifiers, qualifiers):
                return one
        at = at.outer
    return None


def _fits(full: tuple[str, ...], given: tuple[str, ...]) -> bool:
    return not given or full[-len(given) :] == given


def argument(scope: Scope, name: str) -> str | None:
    """DuckDB's name of a lambda's argument."""
    at: Scope | None = scope
    while at is not None:
        if name in at.arguments:
            return at.arguments[name]
        at = at.outer
    return None


def parts(node: Expression) -> tuple[str, ...] | None:
    """The names of `a.b.c`, in small letters; None where it is anything else."""
    match node:
        case Column():
            return (node.name.key,)
        case Field():
            before = parts(node.base)
            return None if before is None else (*before, node.name.key)
        case _:
            return None


def of_relation(scope: Scope, base: Expression) -> tuple[Named, ...] | None:
    """The columns of `base.*`; None where it names no relation."""
    names = parts(base)
    if names is None:
        return None
    at: Scope | None = scope
    while at is not None:
        found = tuple(
            one for one in at.columns if not one.hidden and _fits(one.qualifiers, names)
        )
        if found:
            return found
        at = at.outer
    return None
