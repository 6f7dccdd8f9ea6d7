"""Expressions as Trino's messages show them, without the texts that stand in them."""

from __future__ import annotations

from runner.trino import tree


def parts(node: tree.Node) -> tuple[str, ...] | None:
    """The names of `a.b.c`, in lower case; None for anything else."""
    names: list[str] = []
    while isinstance(node, tree.Field):
        names.append(node.name.key)
        node = node.base
    if not isinstance(node, tree.Column):
        return None
    names.append(node.name.key)
    return tuple(reversed(names))


def shown(node: tree.Node) -> str:
    """An expression in Trino's words; a text in it is '…'."""
    match node:
        case tree.Column():
            return _name(node.name)
        case tree.Field():
            return f"{shown(node.base)}.{_name(node.name)}"
        case tree.Subscript():
            return f"{shown(node.base)}[{shown(node.index)}]"
        case tree.Call():
            return _call(node)
        case tree.Operation():
            return f"({shown(node.left)} {node.operator} {shown(node.right)})"
        case tree.Comparison():
            return f"({shown(node.left)} {node.comparator} {shown(node.right)})"
        case tree.Cast():
            return f"{'TRY_CAST' if node.safe else 'CAST'}({shown(node.value)} AS {node.type.base})"
    return _literal(node)


def _literal(node: tree.Node) -> str:
    match node:
        case tree.Number():
            return node.text
        case tree.Text() | tree.TypedText() | tree.Bytes():
            return "'…'"
        case tree.Null():
            return "null"
        case tree.Boolean():
            return str(node.value).lower()
    return "…"


def _name(name: tree.Identifier) -> str:
    return f'"{name.name}"' if name.quoted else name.name


def _call(node: tree.Call) -> str:
    inside = "*" if node.star else ", ".join(map(shown, node.arguments))
    name = ".".join(one.name.lower() for one in node.name)
    return f"{name}({'DISTINCT ' if node.distinct else ''}{inside})" + (" OVER …" if node.window else "")
