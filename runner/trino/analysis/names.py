"""What a name in an expression means: a column, a lambda's argument, a field of a row."""

from __future__ import annotations

from runner.trino import tree
from runner.trino.analysis.facts import Reference, ReferenceKind
from runner.trino.analysis.place import Place
from runner.trino.analysis.scopes import Missing, Resolved, resolve
from runner.trino.analysis.shown import parts, shown
from runner.trino.types import Type


def column(node: tree.Column, place: Place) -> Type | None:
    """A bare name."""
    name = (node.name.key,)
    match resolve(place.scope, name):
        case Resolved() as found:
            return _told(node, found, place)
        case Missing.PASSES:
            return None
        case missing:
            _refuse(node, name, missing, place)
            return None


def field(node: tree.Field, place: Place) -> Type | None:
    """`base.name`: a column of a relation, or a field of a row."""
    name = parts(node)
    if name is not None:
        match resolve(place.scope, name):
            case Resolved() as found:
                return _told(node, found, place)
            case Missing.PASSES:
                return None
            case Missing.ROW:
                pass
            case missing:
                _refuse(node, name, missing, place)
                return None
    return _of_row(node, name, place)


def _told(node: tree.Column | tree.Field, found: Resolved, place: Place) -> Type | None:
    one = found.column
    kind = ReferenceKind.ARGUMENT if found.scope.is_lambda else ReferenceKind.COLUMN
    place.facts.names[node] = Reference(
        kind, one.name or "", one.relation, found.outer, one
    )
    return one.type


def _refuse(
    node: tree.Node, name: tuple[str, ...], missing: Missing, place: Place
) -> None:
    shown_name = ".".join(name)
    if missing is Missing.AMBIGUOUS:
        place.facts.refuse(
            node, f"Column '{shown_name}' is ambiguous", "AMBIGUOUS_NAME", shown_name
        )
        return
    told = f"Column '{shown_name}' cannot be resolved"
    place.facts.refuse(node, told, "COLUMN_NOT_FOUND", shown_name, place.scope.names())


def _of_row(
    node: tree.Field, name: tuple[str, ...] | None, place: Place
) -> Type | None:
    kind = place.infer(node.base)
    if kind is None:
        return None
    if kind.base != "row":
        place.facts.refuse(
            node.base, f"Expression {shown(node.base)} is not of type ROW"
        )
        return None
    found = [
        one
        for one, its in zip(kind.elements, kind.names, strict=False)
        if its.lower() == node.name.key
    ]
    if len(found) == 1:
        place.facts.names[node] = Reference(ReferenceKind.FIELD, node.name.name)
        return found[0]
    if found:
        told = f"Ambiguous row field reference: {node.name.name}"
        place.facts.refuse(node.name, told, "AMBIGUOUS_NAME", node.name.name)
        return None
    shown_name = ".".join(name or (node.name.key,))
    told = f"Column '{shown_name}' cannot be resolved"
    place.facts.refuse(
        node,
        told,
        "COLUMN_NOT_FOUND",
        shown_name,
        tuple(one for one in kind.names if one),
    )
    return None
