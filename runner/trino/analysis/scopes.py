"""Names that an expression may use: the columns around it, from the nearest query outwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from runner.trino.tree import Parts
from runner.trino.types import Type


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of a relation: its name, or None, its type where it is known, and the
    names that may qualify it.

    `wild` stands for all columns of a relation that nothing is known of. `partial` is
    true where the relation is a table that may be named with more before it. Two
    columns are the same only where they are the same object.
    """

    name: str | None
    type: Type | None
    relation: Parts = ()
    wild: bool = False
    partial: bool = False

    @property
    def key(self) -> str:
        """The name as Trino compares it."""
        if self.name is None:
            return ""
        return self.name.lower()

    def under(self, relation: Parts) -> Column:
        """The column in another relation."""
        return Column(self.name, self.type, relation, self.wild)

    def is_of(self, prefix: Parts) -> bool:
        """True where these names may stand before the column's."""
        if not prefix:
            return True
        relation = self.relation
        # `catalog.schema.t.a` names a column of the table that is known as `t`
        if self.partial and len(prefix) > len(relation):
            return prefix[-len(relation) :] == relation
        return relation[-len(prefix) :] == prefix


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Columns, and the scope around them.

    `named` has the columns by name, `wild` those that stand for unknown ones.
    `is_query` is true where a query begins, `is_lambda` where the columns are a
    lambda's arguments.
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
    """The column that a name means, the scope it is of, and how many queries further out
    that is.
    """

    column: Column
    scope: Scope
    outer: int = 0


def resolve(scope: Scope, parts: Parts) -> Resolved | Missing:
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
        if _begins_with_column(here, parts):
            return Missing.ROW
        if here.wild and _may_be_wild(here, parts):
            if _is_surely_wild(here, parts):
                return Missing.PASSES
            # a scope further out may still have it for certain
            passes = True
        # a lambda has a scope, and is no query
        outer += here.is_query
        here = here.parent
    if passes:
        return Missing.PASSES
    return Missing.ABSENT


def _matching(scope: Scope, parts: Parts) -> Sequence[Column]:
    """The columns of this scope that a name may mean."""
    known = scope.named.get(parts[-1], ())
    if len(parts) == 1:
        return known
    prefix = parts[:-1]
    return [one for one in known if one.is_of(prefix)]


def _begins_with_column(scope: Scope, parts: Parts) -> bool:
    """True where a shorter name, without the last parts, means a column here."""
    counts = range(len(parts) - 1, 0, -1)
    return any(_matching(scope, parts[:count]) for count in counts)


def _may_be_wild(scope: Scope, parts: Parts) -> bool:
    """False where the name is qualified by a relation of which all columns are known."""
    if len(parts) == 1:
        return True
    prefix = parts[:1]
    if any(one.is_of(prefix) for one in scope.wild):
        return True
    known = (one for one in scope.columns if not one.wild)
    return not any(one.is_of(prefix) for one in known)


def _is_surely_wild(scope: Scope, parts: Parts) -> bool:
    """True where nothing but a relation that nothing is known of can have the name."""
    if len(parts) == 1:
        return True
    prefix = parts[:-1]
    return any(one.is_of(prefix) for one in scope.wild)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a query or a relation in FROM makes."""

    columns: tuple[Column, ...] = field(default=())

    @property
    def is_known(self) -> bool:
        """True where all its columns are known."""
        return not any(one.wild for one in self.columns)

    def under(self, names: Parts) -> Relation:
        """The same columns, which these names may qualify instead."""
        columns = tuple(one.under(names) for one in self.columns)
        return Relation(columns)


ANYTHING = Relation((Column(None, None, wild=True),))
"""A relation that nothing is known of."""
