"""What a statement of Trino means: the types of its expressions, its columns, and what
Trino would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.trino import tree
from runner.trino.analysis.expressions import infer
from runner.trino.analysis.facts import Facts, Reference, ReferenceKind, Refusal
from runner.trino.analysis.place import FURTHER, ColumnType, Lookup, Place, Unknown
from runner.trino.analysis.queries import query
from runner.trino.analysis.relations import table
from runner.trino.analysis.scopes import EMPTY, Relation, scope_of
from runner.trino.functions import Signature
from runner.trino.types import BOOLEAN, UNKNOWN, Type, coerces

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
    types: Mapping[tree.Node, Type | None] = field(default_factory=dict)
    conversions: Mapping[tree.Node, Type] = field(default_factory=dict)
    calls: Mapping[tree.Call, Signature] = field(default_factory=dict)
    names: Mapping[tree.Node, Reference] = field(default_factory=dict)


def analyze(statement: tree.Statement, lookup: Lookup) -> Analysis:
    """What a statement means, and all that Trino would refuse of it, in the order of its text.

    A statement that is nested deeper than Python can follow is let pass, as one that
    nothing is known of.
    """
    facts = Facts()
    place = Place(facts, lookup, EMPTY, infer, query, {}, {})
    try:
        found = _statement(statement, place)
    except RecursionError:
        return Analysis()
    columns = (
        tuple(ColumnType(one.name or "", one.type) for one in found.columns)
        if found.is_known
        else ()
    )
    refusals = tuple(sorted(facts.refusals, key=lambda one: one.at))
    return Analysis(
        columns, refusals, facts.types, facts.conversions, facts.calls, facts.names
    )


def _statement(statement: tree.Statement, place: Place) -> Relation:
    match statement:
        case tree.Query():
            return query(statement, place)
        case tree.CreateTableAs():
            return _create(statement, place)
        case tree.Insert():
            return _insert(statement, place)
        case tree.Delete():
            found = table(statement.table, place)
            if statement.where is not None:
                _where(statement.where, found, place)
        case tree.DropTable() | tree.AddColumn() | tree.OtherStatement():
            pass
    return Relation()


def _create(statement: tree.CreateTableAs, place: Place) -> Relation:
    found = query(statement.query, place)
    if not found.is_known:
        return found
    if statement.columns:
        if len(statement.columns) != len(found.columns):
            told = (
                f"Column alias list has {len(statement.columns)} entries"
                f" but relation has {len(found.columns)} columns"
            )
            place.facts.refuse(statement, told, "MISMATCHED_COLUMN_ALIASES")
        return found
    seen: set[str] = set()
    for number, one in enumerate(found.columns, 1):
        if one.name is None:
            told = f"Column name not specified at position {number}"
            place.facts.refuse(statement.query, told, "MISSING_COLUMN_NAME")
        elif one.key in seen:
            told = f"Column name '{one.key}' specified more than once"
            place.facts.refuse(statement.query, told, "DUPLICATE_COLUMN_NAME", one.key)
        if one.type == UNKNOWN:
            told = f"Column type is unknown at position {number}"
            place.facts.refuse(statement.query, told, "COLUMN_TYPE_UNKNOWN")
        seen.add(one.key)
    return found


def _insert(statement: tree.Insert, place: Place) -> Relation:
    into = table(statement.table, place)
    known = {one.key for one in into.columns}
    for name in statement.columns:
        if into.is_known and name.key not in known:
            told = f"Insert column name does not exist in target table: {name.key}"
            place.facts.refuse(
                statement, told, "COLUMN_NOT_FOUND", name.key, sorted(known)
            )
    return query(statement.query, place)


def _where(node: tree.Expression, found: Relation, place: Place) -> None:
    kind = place.within(scope_of(found.columns, None, is_query=True)).infer(node)
    if kind is not None and not coerces(kind, BOOLEAN):
        place.facts.refuse(
            node, f"WHERE clause must evaluate to a boolean: actual type {kind}"
        )
