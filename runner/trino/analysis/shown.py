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
        case _:
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
        case _:
            return "…"


def _name(name: tree.Identifier) -> str:
    return f'"{name.name}"' if name.quoted else name.name


def _call(node: tree.Call) -> str:
    inside = "*" if node.star else ", ".join(map(shown, node.arguments))
    name = ".".join(one.name for one in node.name)
    call = f"{name}({'DISTINCT ' if node.distinct else ''}{inside})"
    return call if node.window is None else f"{call} OVER {_window(node.window)}"


def _window(node: tree.Window) -> str:
    if node.frame is not None or node.base is not None:
        return "…"
    clauses = []
    if node.partition_by:
        clauses.append("PARTITION BY " + ", ".join(map(shown, node.partition_by)))
    if node.order_by:
        clauses.append("ORDER BY " + ", ".join(map(_sorted, node.order_by)))
    return f"({' '.join(clauses)})"


def _sorted(item: tree.SortItem) -> str:
    nulls = (
        ""
        if item.nulls_first is None
        else f" NULLS {'FIRST' if item.nulls_first else 'LAST'}"
    )
    return f"{shown(item.expression)} {'DESC' if item.descending else 'ASC'}{nulls}"
