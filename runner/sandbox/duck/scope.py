"""Which names mean what at a place of a statement, and what is known of the statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.shapes import Columns
from runner.trino.tree import Call, Column, Expression, Field, Node, Parts, Window
from runner.trino.types import Type

HeldTable = tuple[str, Columns]
"""A table that the warehouse holds: its full name for DuckDB, and its columns."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the analysis knows, and the two times a statement may ask for (unix seconds)."""

    types: Mapping[Node, Type | None]
    conversions: Mapping[Node, Type]
    tables: Mapping[Node, HeldTable]
    now: float
    scheduled_time: int

    def type_of(self, node: Node) -> Type:
        """An expression's own type. Raises NotHere where it is not known."""
        known = self.types.get(node)
        if known is None:
            raise NotHere("an expression whose type it does not know")
        return known

    def result_of(self, node: Node) -> Type:
        """An expression's type after Trino's own conversion of it.

        Raises NotHere where the type is not known.
        """
        converted = self.conversions.get(node)
        return converted or self.type_of(node)


@dataclass(frozen=True, slots=True)
class Named:
    """A column that can be named: by its name alone, or behind its relation's names.

    A `hidden` column is not among those of `*`: it is one of a USING pair.
    """

    name: str
    qualifiers: Parts
    sql: str
    type: Type
    hidden: bool = False


NamedColumns = tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class WithTable:
    """A query of WITH: its name in DuckDB, and its columns."""

    sql: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression may use at its place.

    `outer` is the query around this one, whose columns may be used as well. `around` is
    the call whose argument is being written.
    """

    facts: Facts
    columns: NamedColumns = ()
    outer: Scope | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, WithTable] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    around: Call | None = None

    def type_of(self, node: Node) -> Type:
        """An expression's own type. Raises NotHere where it is not known."""
        return self.facts.type_of(node)

    def result_of(self, node: Node) -> Type:
        """An expression's type after Trino's own conversion of it. Raises NotHere."""
        return self.facts.result_of(node)

    def bare(self) -> Scope:
        """The same place without columns of its own."""
        return Scope(self.facts, outer=self.outer, tables=self.tables)

    def inside(self) -> Scope:
        """The scope of a query inside this one."""
        return Scope(self.facts, outer=self, tables=self.tables)

    def inside_of(self, around: Scope) -> Scope:
        """These columns as those of a query around, whose own outer query stays."""
        outer = replace(self, outer=around.outer)
        return Scope(self.facts, outer=outer, tables=self.tables)

    def over(self, columns: NamedColumns) -> Scope:
        """The same place with these columns."""
        return replace(self, columns=columns)

    def outwards(self) -> Iterator[Scope]:
        """This scope, then the one around it, up to the outermost."""
        at: Scope | None = self
        while at is not None:
            yield at
            at = at.outer


def named(columns: Columns, alias: str, qualifiers: Parts = ()) -> NamedColumns:
    """The columns of a query that stands in FROM under an alias."""
    return tuple(
        Named(name, qualifiers, f"{alias}.c{number}", kind)
        for number, (name, kind) in enumerate(columns)
    )


def lookup(scope: Scope, name: str, qualifiers: Parts = ()) -> Named | None:
    """The column that a name means, looked for from the inside out.

    None where no scope has such a column.
    """
    for at in scope.outwards():
        for one in at.columns:
            if one.name == name and _fits(one.qualifiers, qualifiers):
                return one
    return None


def _fits(full: Parts, given: Parts) -> bool:
    """True where a relation with these names can be called by the given ones."""
    if not given:
        return True
    last = full[-len(given) :]
    return last == given


def argument(scope: Scope, name: str) -> str | None:
    """DuckDB's name of a lambda's argument; None where no lambda has such a one."""
    for at in scope.outwards():
        if name in at.arguments:
            return at.arguments[name]
    return None


def parts(node: Expression) -> Parts | None:
    """The names of `a.b.c`, in small letters; None where it is anything else."""
    match node:
        case Column():
            return (node.name.key,)
        case Field():
            before = parts(node.base)
            if before is None:
                return None
            return (*before, node.name.key)
        case _:
            return None


def of_relation(scope: Scope, base: Expression) -> NamedColumns | None:
    """The columns of `base.*`; None where it names no relation."""
    names = parts(base)
    if names is None:
        return None
    for at in scope.outwards():
        shown = (one for one in at.columns if not one.hidden)
        found = tuple(one for one in shown if _fits(one.qualifiers, names))
        if found:
            return found
    return None
