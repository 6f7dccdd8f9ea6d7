"""What one rendering may still do: counted, not timed, so that the same template always
ends the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from runner.sql.literals import Refused

MAX_STEPS = 20_000
"""Loop rounds and calls in one template, all together."""

MAX_TEXT = 250_000
"""Characters a template may make. A query may have 1,000,000 (docs/services.md, Issuing a job).

The SQL must fit into one twice over: wrapped, and as a text with every quote doubled in
the ledger's row that says it was delivered.
"""

MAX_DEPTH = 40
"""Macros that call macros."""

MAX_WORK = 2_000_000
"""Pieces of a template run and values looked at, all together: well under a second."""

LISTS: tuple[type[Any], ...] = (
    list,
    tuple,
    set,
    range,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)


class Budget:
    """How much a rendering has left. Each method takes its share, and raises Refused
    (T004) where nothing is left.
    """

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.text = MAX_TEXT
        self.work = MAX_WORK
        self.depth = 0

    def step(self) -> None:
        """One more loop round or call."""
        self.steps -= 1
        if self.steps < 0:
            what = f"the template takes more than {MAX_STEPS:,} steps"
            raise Refused("T004", what, "make its loops shorter")

    def grow(self, characters: int) -> None:
        """So many characters more."""
        self.text -= characters
        if self.text < 0:
            what = f"the template makes more than {MAX_TEXT:,} characters"
            raise Refused("T004", what, "make its loops shorter")

    def spend(self, work: int) -> None:
        """So much work, whatever it makes."""
        self.work -= work
        if self.work < 0:
            what = "the template has too much to do"
            raise Refused("T004", what, "make its loops and lists shorter")

    def enter(self) -> None:
        """One call deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            what = "the template calls itself too deeply"
            raise Refused("T004", what, "make it simpler")

    def leave(self) -> None:
        """Back from a call."""
        self.depth -= 1

    def weigh(self, value: object) -> None:
        """How much a value is with all in it, as when it were written out: spent at
        once, since a list that holds another twice, forty times over, would be compared
        or printed for ever.
        """
        waiting: list[Iterator[Any]] = [iter((value,))]
        while waiting:
            for item in waiting[-1]:
                cost = 1
                if isinstance(item, str):
                    cost += len(item) >> 3
                self.spend(cost)
                # what is inside comes first, and then the rest of this list
                if isinstance(item, dict):
                    waiting.append(iter(item.items()))
                    break
                if isinstance(item, LISTS):
                    waiting.append(iter(item))
                    break
            else:
                waiting.pop()


class _Weighed(NodeTransformer):
    """Sends lists that are made, and values that are compared, through the filters that
    weigh them.
    """

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802 - the visitor's naming
        return _filtered(self.generic_visit(node), "_made")

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802 - the visitor's naming
        for pair in node.items:
            pair.key = _filtered(pair.key, "_made")
        return _filtered(self.generic_visit(node), "_made")

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - the visitor's naming
        made = self.generic_visit(node)
        # the names that a loop or a {% set %} gives values to are a tuple, too
        if node.ctx != "load":
            return made
        return _filtered(made, "_made")

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - the visitor's naming
        self.generic_visit(node)
        node.expr = _filtered(node.expr, "_compared")
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, "_compared")
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - the visitor's naming
        self.generic_visit(node)
        # Jinja cuts these without asking the environment
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, "_compared")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - the visitor's naming
        self.generic_visit(node)
        node.nodes = [_filtered(part, "_text") for part in node.nodes]
        return node


def counted(tree: nodes.Template) -> None:
    """Make a template count what it does: every loop round, every macro call, every
    list and comparison.
    """
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _filtered(loop.iter, "_rounds", _cost(loop))
    macros: list[Any] = list(tree.find_all((nodes.Macro, nodes.CallBlock)))
    for macro in macros:
        told = _filtered(nodes.Const(0, lineno=macro.lineno), "_spent", _cost(macro))
        macro.body.insert(0, nodes.ExprStmt(told, lineno=macro.lineno))
    _Weighed().visit(tree)


def _cost(node: nodes.Node) -> int:
    """A piece of a template's share of the work, each time it runs."""
    within: Iterable[nodes.Node] = node.find_all(nodes.Node)
    cost = 0
    for part in within:
        cost += 1
        if isinstance(part, nodes.TemplateData):
            cost += len(part.data) >> 1
    return cost


def _filtered(node: Any, name: str, *numbers: int) -> nodes.Filter:
    """A node that goes through one of the sandbox's own filters, with these numbers."""
    known = [nodes.Const(number, lineno=node.lineno) for number in numbers]
    return nodes.Filter(node, name, known, [], None, None, lineno=node.lineno)
