"""What a name in an expression means: a column, a lambda's argument, a field of a row."""

from __future__ import annotations

from collections.abc import Sequence

from runner.trino.analysis.facts import Reference, ReferenceKind
from runner.trino.analysis.place import Context
from runner.trino.analysis.scopes import Missing, Resolved, resolve
from runner.trino.analysis.shown import parts, shown
from runner.trino.tree import Column, Field, Node, Parts
from runner.trino.types import Type


def column(node: Column, place: Context) -> Type | None:
    """The type that a bare name has; None where it is not known."""
    name = (node.name.key,)
    found = resolve(place.scope, name)
    if isinstance(found, Resolved):
        return _told(node, found, place)
    if found is not Missing.PASSES:
        _refuse(node, name, found, place)
    return None


def field(node: Field, place: Context) -> Type | None:
    """The type of `base.name`: a column of a relation, or a field of a row."""
    name = parts(node)
    if name is None:
        return _of_row(node, (node.name.key,), place)
    match resolve(place.scope, name):
        case Resolved() as found:
            return _told(node, found, place)
        case Missing.PASSES:
            return None
        case Missing.ROW:
            return _of_row(node, name, place)
        case missing:
            _refuse(node, name, missing, place)
            return None


def _told(node: Column | Field, found: Resolved, place: Context) -> Type | None:
    """Note what a name means; its type."""
    kind = ReferenceKind.COLUMN
    if found.scope.is_lambda:
        kind = ReferenceKind.ARGUMENT
    one = found.column
    reference = Reference(kind, one.name or "", one.relation, found.outer, one)
    place.facts.names[node] = reference
    return one.type


def _refuse(node: Node, name: Parts, missing: Missing, place: Context) -> None:
    """Refuse a name that means no column, or several."""
    if missing is Missing.AMBIGUOUS:
        shown_name = ".".join(name)
        told = f"Column '{shown_name}' is ambiguous"
        place.refuse(node, told, "AMBIGUOUS_NAME", shown_name)
        return
    _refuse_missing(node, name, place.scope.names(), place)


def _refuse_missing(
    node: Node, name: Parts, known: Sequence[str], place: Context
) -> None:
    """Refuse a name that there is not; `known` are those that there are."""
    shown_name = ".".join(name)
    told = f"Column '{shown_name}' cannot be resolved"
    place.refuse(node, told, "COLUMN_NOT_FOUND", shown_name, known)


def _of_row(node: Field, name: Parts, place: Context) -> Type | None:
    """The type of a row's field; `name` is what a message calls it."""
    row = place.infer(node.base)
    if row is None:
        return None
    if row.base != "row":
        base = shown(node.base)
        told = f"Expression {base} is not of type ROW"
        place.refuse(node.base, told)
        return None
    found = _fields_named(node.name.key, row)
    if len(found) == 1:
        reference = Reference(ReferenceKind.FIELD, node.name.name)
        place.facts.names[node] = reference
        return found[0]
    if found:
        told = f"Ambiguous row field reference: {node.name.name}"
        place.refuse(node.name, told, "AMBIGUOUS_NAME", node.name.name)
        return None
    known = tuple(one for one in row.names if one)
    _refuse_missing(node, name, known, place)
    return None


def _fields_named(key: str, row: Type) -> list[Type]:
    """The types of a row's fields of this name. A row without names has none of them."""
    pairs = zip(row.elements, row.names, strict=False)
    return [kind for kind, name in pairs if name.lower() == key]
