"""Names that an expression may use: the columns around it, from the nearest query outwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from runner.trino.types import Type


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of a relation: its name, or None, its type where it is known, and the
    names that may qualify it.

    `wild` stands for all columns of a relation that nothing is known of. `partial`
    where the relation is a table that may be named with more before it.
    """

    name: str | None
    type: Type | None
    relation: tuple[str, ...] = ()
    wild: bool = False
    partial: bool = False

    @property
    def key(self) -> str:
        """The name as Trino compares it."""
        return "" if self.name is None else self.name.lower()

    def under(self, relation: tuple[str, ...]) -> Column:
        """The column in another relation."""
        return Column(self.name, self.type, relation, self.wild)

    def is_of(self, prefix: tuple[str, ...]) -> bool:
        """True where these names may stand before the column's."""
        if self.partial and len(prefix) > len(self.relation):
            return prefix[-len(self.relation) :] == self.relation
        return not prefix or self.relation[-len(prefix) :] == prefix


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Columns, and the scope around them. `is_query` where a query begins; `is_lambda`
    where they are arguments.
    """

    columns: tuple[Column, ...]
    parent: Scope | None
    named: Mapping[str, Sequence[Column]]
    wild: tuple[Column, ...]
    is_query: bool = False
    is_lambda: bool = False

    def names(self) -> tuple[str, ...]:
        """The names of all columns that can be used here, sorted."""
        found: set[str] = set()
        scope: Scope | None = self
        while scope is not None:
            found.update(scope.named)
            scope = scope.parent
        return tuple(sorted(found))


def scope_of(
    columns: Sequence[Column],
    parent: Scope | None,
    *,
    is_query: bool = False,
    is_lambda: bool = False,
) -> Scope:
    """A scope of these columns."""
    named: dict[str, list[Column]] = {}
    for one in columns:
        if one.name is not None and not one.wild:
            named.setdefault(one.name.lower(), []).append(one)
    wild = tuple(one for one in columns if one.wild)
    return Scope(tuple(columns), parent, named, wild, is_query, is_lambda)


EMPTY = scope_of((), None, is_query=True)


class Missing(Enum):
    """Why a name means no column."""

    AMBIGUOUS = "several columns have it"
    ABSENT = "no column has it"
    PASSES = "it may be of a table that nothing is known of"
    ROW = "its beginning is a column, of whose fields it may be one"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The column that a name means, the scope it is of, and how many queries further out that is."""

    column: Column
    scope: Scope
    outer: int = 0


def resolve(scope: Scope, parts: tuple[str, ...]) -> Resolved | Missing:
    """What a name of one or more parts, in lower case, means."""
    here: Scope | None = scope
    passes = False
    outer = 0
    while here is not None:
        found = _matching(here, parts)
        if len(found) > 1:
            return Missing.AMBIGUOUS
        if found:
            return Resolved(found[0], here, outer)
        if any(
            _matching(here, parts[:count]) for count in range(len(parts) - 1, 0, -1)
        ):
            return Missing.ROW
        if here.wild and _may_be_wild(here, parts):
            if len(parts) == 1 or any(one.is_of(parts[:-1]) for one in here.wild):
                return Missing.PASSES
            passes = True
        outer += here.is_query
        here = here.parent
    return Missing.PASSES if passes else Missing.ABSENT


def _matching(scope: Scope, parts: tuple[str, ...]) -> Sequence[Column]:
    known = scope.named.get(parts[-1], ())
    return [one for one in known if one.is_of(parts[:-1])] if len(parts) > 1 else known


def _may_be_wild(scope: Scope, parts: tuple[str, ...]) -> bool:
    """False where the name is qualified by a relation of which all columns are known."""
    prefix = parts[:1]
    if len(parts) == 1 or any(one.is_of(prefix) for one in scope.wild):
        return True
    return not any(one.is_of(prefix) for one in scope.columns if not one.wild)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a query or a relation in FROM makes."""

    columns: tuple[Column, ...] = field(default=())

    @property
    def is_known(self) -> bool:
        """True where all its columns are known."""
        return not any(one.wild for one in self.columns)
