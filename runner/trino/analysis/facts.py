"""What is found of a statement on the way: types, conversions, calls, names, and refusals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from runner.trino.functions import Signature
from runner.trino.tree import Call, Grouping, Node, Parts
from runner.trino.types import READ_AS_TEXT, Type


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Trino would refuse, in its words and with its name of the error.

    `identifier` is the name that it is about, empty where it is about none;
    `candidates` are the names that there are instead. Neither ever holds a value of a
    row or a text of the query.
    """

    at: int
    end: int
    name: str
    message: str
    identifier: str = ""
    candidates: tuple[str, ...] = ()


class ReferenceKind(StrEnum):
    """What a name can mean."""

    COLUMN = "column"
    ARGUMENT = "argument"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a name means: a column of a relation, an argument of a lambda, or a field of a row.

    `relation` is the alias or the table's name; `outer` is how many queries further out
    the column is. `column` is the same object for every reference to one column.
    """

    kind: ReferenceKind
    name: str
    relation: Parts = ()
    outer: int = 0
    column: object = None


Met = Call | Grouping
"""What makes one value of several rows: an aggregate, a window, or a GROUPING."""


@dataclass(slots=True)
class Facts:
    """What was found so far."""

    types: dict[Node, Type | None] = field(default_factory=dict)
    conversions: dict[Node, Type] = field(default_factory=dict)
    calls: dict[Call, Signature] = field(default_factory=dict)
    names: dict[Node, Reference] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    seen: set[tuple[int, str]] = field(default_factory=set)
    met: list[Met] = field(default_factory=list)
    """The aggregates, windows and groupings of the query that is looked at, in the
    order of its text.
    """

    def refuse(
        self,
        node: Node,
        message: str,
        name: str = "TYPE_MISMATCH",
        identifier: str = "",
        known: Iterable[str] = (),
    ) -> None:
        """Note a refusal at a node's place.

        `name` is Trino's name of the error, `identifier` the name that it is about,
        and `known` are the names that there are instead.
        """
        at = position(node)
        # what may be left out, such as NORMALIZE's form, has a place without a width
        end = max(node.end, at + 1)
        self.add(Refusal(at, end, name, message, identifier, tuple(known)))

    def add(self, refusal: Refusal) -> None:
        """Note a refusal, once for each place: an expression may be looked at twice."""
        key = (refusal.at, refusal.name)
        if key not in self.seen:
            self.seen.add(key)
            self.refusals.append(refusal)

    def convert(self, node: Node, target: Type | None) -> None:
        """Note that Trino converts an expression to a type, where it is of another one.

        A pattern or a path stays the text that it is written as.
        """
        if target is None or target.base in READ_AS_TEXT:
            return
        source = self.types.get(node)
        if source is not None and source != target:
            self.conversions[node] = target


def position(node: Node) -> int:
    """Where Trino says that a node is: at its operator where it has one between its values."""
    sign_at: int = getattr(node, "sign_at", -1)
    if sign_at < 0:
        return node.at
    return sign_at
