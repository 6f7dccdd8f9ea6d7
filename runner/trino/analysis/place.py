"""Where an expression stands: what it may name, and what is asked of the analysis's other parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from runner.trino import tree
from runner.trino.analysis.facts import Facts
from runner.trino.analysis.scopes import Column, Relation, Scope
from runner.trino.types import Type, coerces


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column; a type that is not known is None, and everything passes."""

    name: str
    type: Type | None


class Unknown(Enum):
    """A table nothing is known of: all its columns pass."""

    UNKNOWN = "unknown"


FURTHER = ColumnType("*", None)
"""Among the columns of a table: it may have others, of which nothing is known."""


Lookup = Callable[[tuple[str, ...]], Sequence[ColumnType] | Unknown | None]
"""The columns of a table by the parts of its name, in lower case; None where there is
no such table.
"""


class Infer(Protocol):
    """Finds the type of an expression."""

    def __call__(self, node: tree.Expression, place: Place) -> Type | None:
        """The type; None where it is not known."""


class Analyzed(Protocol):
    """Finds the columns of a query."""

    def __call__(self, node: tree.Query, place: Place) -> Relation:
        """The columns."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression or a query stands."""

    facts: Facts
    lookup: Lookup
    scope: Scope
    infer_at: Infer
    query_at: Analyzed
    tables: Mapping[str, Relation]
    windows: Mapping[str, tree.Window]

    def infer(self, node: tree.Expression) -> Type | None:
        """The type of an expression here; None where it is not known."""
        return self.infer_at(node, self)

    def query(self, node: tree.Query) -> Relation:
        """The columns of a query here."""
        return self.query_at(node, self)

    def within(self, scope: Scope) -> Place:
        """The same with other names."""
        return replace(self, scope=scope)

    def expect(
        self, node: tree.Expression, kind: Type | None, wanted: Type, what: str
    ) -> None:
        """Refuse an expression that is not converted to a type; `what` begins the message."""
        if kind is None:
            return
        if not coerces(kind, wanted):
            self.facts.refuse(
                node, f"{what} must evaluate to a {wanted} (actual: {kind})"
            )
        self.facts.convert(node, wanted)


def named_columns(columns: Sequence[Column]) -> tuple[str, ...]:
    """The names of columns that have one."""
    return tuple(one.name for one in columns if one.name is not None)
