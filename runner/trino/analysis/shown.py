"""Expressions as Trino's messages show them, without the texts that stand in them."""

from __future__ import annotations

from collections.abc import Iterable

from runner.trino.tree import (
    Boolean,
    Bytes,
    Call,
    Cast,
    Column,
    Comparison,
    Field,
    Identifier,
    Node,
    Null,
    Number,
    Operation,
    Parts,
    SortItem,
    Subscript,
    Text,
    TypedText,
    Window,
)

# A text may be a person's email address, so no message shows one.
_HIDDEN_TEXT = "'…'"
_NULLS = {None: "", True: " NULLS FIRST", False: " NULLS LAST"}
_DIRECTIONS = {True: "DESC", False: "ASC"}
_CASTS = {True: "TRY_CAST", False: "CAST"}


def parts(node: Node) -> Parts | None:
    """The names of `a.b.c`, in lower case; None for anything else."""
    names: list[str] = []
    while isinstance(node, Field):
        names.append(node.name.key)
        node = node.base
    if not isinstance(node, Column):
        return None
    names.append(node.name.key)
    names.reverse()
    return tuple(names)


def shown(node: Node) -> str:
    """An expression in Trino's words; a text in it is '…'."""
    match node:
        case Column():
            return _name(node.name)
        case Field():
            return f"{shown(node.base)}.{_name(node.name)}"
        case Subscript():
            return f"{shown(node.base)}[{shown(node.index)}]"
        case Call():
            return _call(node)
        case Operation():
            return _between(node.left, node.operator, node.right)
        case Comparison():
            return _between(node.left, node.comparator, node.right)
        case Cast():
            word = _CASTS[node.safe]
            value = shown(node.value)
            return f"{word}({value} AS {node.type.base})"
        case _:
            return _literal(node)


def listed(nodes: Iterable[Node]) -> str:
    """Some expressions in Trino's words, with commas between."""
    return ", ".join(map(shown, nodes))


def _between(left: Node, sign: str, right: Node) -> str:
    """Two values and the operator between them."""
    return f"({shown(left)} {sign} {shown(right)})"


def _literal(node: Node) -> str:
    """A value that is written out; … for what has no short form."""
    match node:
        case Number():
            return node.text
        case Text() | TypedText() | Bytes():
            return _HIDDEN_TEXT
        case Null():
            return "null"
        case Boolean():
            return str(node.value).lower()
        case _:
            return "…"


def _name(name: Identifier) -> str:
    """A name as it is written, in quotes or without."""
    if name.quoted:
        return f'"{name.name}"'
    return name.name


def _call(node: Call) -> str:
    """A call with its arguments and its window."""
    name = ".".join(one.name for one in node.name)
    call = f"{name}({_arguments(node)})"
    if node.window is None:
        return call
    window = _window(node.window)
    return f"{call} OVER {window}"


def _arguments(node: Call) -> str:
    """What stands in a call's parentheses."""
    inside = listed(node.arguments)
    if node.star:
        inside = "*"
    if node.distinct:
        return f"DISTINCT {inside}"
    return inside


def _window(node: Window) -> str:
    """What stands in OVER's parentheses; … where it has a frame or a name."""
    if node.frame is not None or node.base is not None:
        return "…"
    clauses = []
    if node.partition_by:
        columns = listed(node.partition_by)
        clauses.append(f"PARTITION BY {columns}")
    if node.order_by:
        items = ", ".join(map(_sorted, node.order_by))
        clauses.append(f"ORDER BY {items}")
    inside = " ".join(clauses)
    return f"({inside})"


def _sorted(item: SortItem) -> str:
    """An item of ORDER BY."""
    direction = _DIRECTIONS[item.descending]
    nulls = _NULLS[item.nulls_first]
    value = shown(item.expression)
    return f"{value} {direction}{nulls}"
