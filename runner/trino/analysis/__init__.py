"""What a statement of Trino means: the types of its expressions, its columns, and what
Trino would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.trino.analysis.expressions import infer
from runner.trino.analysis.facts import Facts, Reference, ReferenceKind, Refusal
from runner.trino.analysis.place import FURTHER, ColumnType, Context, Lookup, Unknown
from runner.trino.analysis.queries import query
from runner.trino.analysis.relations import table
from runner.trino.analysis.scopes import EMPTY, Column, Relation, scope_of
from runner.trino.functions import Signature
from runner.trino.tree import (
    AddColumn,
    Call,
    CreateTableAs,
    Delete,
    DropTable,
    Expression,
    Insert,
    Node,
    OtherStatement,
    Query,
    Statement,
)
from runner.trino.types import UNKNOWN, Type

__all__ = [
    "FURTHER",
    "Analysis",
    "ColumnType",
    "Lookup",
    "Reference",
    "ReferenceKind",
    "Refusal",
    "Unknown",
    "analyze",
]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found of a statement.

    `columns` are what its query returns, empty where they are not all known. `types`
    has every expression that was reached; `conversions` those that Trino converts, and
    to what; `calls` the form of each function, with its type variables bound; `names`
    what each name means.
    """

    columns: tuple[ColumnType, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    types: Mapping[Node, Type | None] = field(default_factory=dict)
    conversions: Mapping[Node, Type] = field(default_factory=dict)
    calls: Mapping[Call, Signature] = field(default_factory=dict)
    names: Mapping[Node, Reference] = field(default_factory=dict)


def analyze(statement: Statement, lookup: Lookup) -> Analysis:
    """What a statement means, and all that Trino would refuse of it, in the order of its text.

    A statement that is nested deeper than Python can follow is let pass, as one that
    nothing is known of.
    """
    facts = Facts()
    place = Context(facts, lookup, EMPTY, infer, query, {}, {})
    try:
        found = _statement(statement, place)
    except RecursionError:
        return Analysis()
    columns: tuple[ColumnType, ...] = ()
    if found.is_known:
        columns = tuple(ColumnType(one.name or "", one.type) for one in found.columns)
    refusals = tuple(sorted(facts.refusals, key=lambda one: one.at))
    return Analysis(
        columns,
        refusals,
        facts.types,
        facts.conversions,
        facts.calls,
        facts.names,
    )


def _statement(statement: Statement, place: Context) -> Relation:
    """What a statement returns or writes; a relation without columns for any other."""
    match statement:
        case Query():
            return query(statement, place)
        case CreateTableAs():
            return _create(statement, place)
        case Insert():
            return _insert(statement, place)
        case Delete():
            found = table(statement.table, place)
            if statement.where is not None:
                _where(statement.where, found, place)
        case DropTable() | AddColumn() | OtherStatement():
            pass
    return Relation()


def _create(statement: CreateTableAs, place: Context) -> Relation:
    """The columns of a new table, which must all have a name and a type."""
    found = query(statement.query, place)
    if not found.is_known:
        return found
    if not statement.columns:
        _check_columns(statement.query, found.columns, place)
        return found
    wanted = len(statement.columns)
    has = len(found.columns)
    if wanted != has:
        told = f"Column alias list has {wanted} entries but relation has {has} columns"
        place.refuse(statement, told, "MISMATCHED_COLUMN_ALIASES")
    return found


def _check_columns(node: Query, columns: tuple[Column, ...], place: Context) -> None:
    """Refuse what cannot be the columns of a new table."""
    seen: set[str] = set()
    for number, one in enumerate(columns, 1):
        if one.name is None:
            told = f"Column name not specified at position {number}"
            place.refuse(node, told, "MISSING_COLUMN_NAME")
        elif one.key in seen:
            told = f"Column name '{one.key}' specified more than once"
            place.refuse(node, told, "DUPLICATE_COLUMN_NAME", one.key)
        if one.type == UNKNOWN:
            told = f"Column type is unknown at position {number}"
            place.refuse(node, told, "COLUMN_TYPE_UNKNOWN")
        seen.add(one.key)


def _insert(statement: Insert, place: Context) -> Relation:
    """The columns of the query that is written to a table."""
    into = table(statement.table, place)
    if into.is_known:
        known = {one.key for one in into.columns}
        for name in statement.columns:
            if name.key in known:
                continue
            told = f"Insert column name does not exist in target table: {name.key}"
            place.refuse(statement, told, "COLUMN_NOT_FOUND", name.key, sorted(known))
    return query(statement.query, place)


def _where(node: Expression, found: Relation, place: Context) -> None:
    """Check the condition of a DELETE, which names the columns of its table."""
    here = place.within(scope_of(found.columns, None, is_query=True))
    kind = here.infer(node)
    here.check_condition(node, kind, "WHERE clause")
