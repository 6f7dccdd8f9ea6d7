"""Where an expression stands: what it may name, and what is asked of the analysis's other parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from runner.trino.analysis.facts import Facts
from runner.trino.analysis.scopes import Relation, Scope
from runner.trino.tree import Expression, Node, Parts, Query, Window
from runner.trino.types import BOOLEAN, Type, coerces


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column of a table: its name and its type.

    The type is None where it is not known; every use of the column then passes.
    """

    name: str
    type: Type | None


class Unknown(Enum):
    """A table that nothing is known of: every column that is asked of it passes."""

    UNKNOWN = "unknown"


FURTHER = ColumnType("*", None)
"""Among the columns of a table: it may have others, of which nothing is known."""


Lookup = Callable[[Parts], Sequence[ColumnType] | Unknown | None]
"""The columns of a table by the parts of its name, in lower case; None where there is
no such table.
"""


class Infer(Protocol):
    """Finds the type of an expression."""

    def __call__(self, node: Expression, place: Context) -> Type | None:
        """The type; None where it is not known."""


class Analyzed(Protocol):
    """Finds the columns of a query."""

    def __call__(self, node: Query, place: Context) -> Relation:
        """The columns."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where an expression or a query stands.

    `scope` has the columns that it may name, `tables` the queries of WITH, `windows`
    the named windows. `infer_at` and `query_at` are functions and not imports, since
    the modules of the analysis need one another: a value holds queries, and a query
    holds values.
    """

    facts: Facts
    lookup: Lookup
    scope: Scope
    infer_at: Infer
    query_at: Analyzed
    tables: Mapping[str, Relation]
    windows: Mapping[str, Window]

    def infer(self, node: Expression) -> Type | None:
        """The type of an expression here; None where it is not known."""
        return self.infer_at(node, self)

    def query(self, node: Query) -> Relation:
        """The columns of a query here."""
        return self.query_at(node, self)

    def within(self, scope: Scope) -> Context:
        """The same place with other columns to name."""
        return replace(self, scope=scope)

    def refuse(
        self,
        node: Node,
        message: str,
        name: str = "TYPE_MISMATCH",
        identifier: str = "",
        known: Iterable[str] = (),
    ) -> None:
        """Note a refusal of a node; the arguments are those of `Facts.refuse`."""
        self.facts.refuse(node, message, name, identifier, known)

    def convert(self, node: Expression, target: Type | None) -> None:
        """Note that Trino converts an expression to a type, where it is of another."""
        self.facts.convert(node, target)

    def expect(
        self, node: Expression, kind: Type | None, wanted: Type, what: str
    ) -> None:
        """Refuse an expression that is not converted to a type; `what` begins the message."""
        if kind is None:
            return
        if not coerces(kind, wanted):
            told = f"{what} must evaluate to a {wanted} (actual: {kind})"
            self.refuse(node, told)
        self.convert(node, wanted)

    def expect_boolean(self, node: Expression, what: str) -> None:
        """Find the type of an expression, and refuse it where it is no condition."""
        self.expect(node, self.infer(node), BOOLEAN, what)

    def check_condition(self, node: Expression, kind: Type | None, clause: str) -> None:
        """Refuse what stands in a clause, such as WHERE, and is no condition.

        Trino has other words here than those of `expect`, and converts nothing.
        """
        if kind is not None and not coerces(kind, BOOLEAN):
            told = f"{clause} must evaluate to a boolean: actual type {kind}"
            self.refuse(node, told)
