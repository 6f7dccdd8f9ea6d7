"""A function call on its way into DuckDB's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runner.sandbox.duck.nothere import NotHere
from runner.sandbox.duck.scope import Scope
from runner.sandbox.duck.storage import python, storage
from runner.sandbox.duck.zones import zone_of
from runner.trino import tree
from runner.trino.types import Type


@dataclass(frozen=True, slots=True)
class Site:
    """A call: its arguments in DuckDB's words (converted as Trino does), their types,
    and what it returns.
    """

    node: tree.Call
    scope: Scope
    arguments: tuple[str, ...]
    types: tuple[Type, ...]
    returns: Type

    @property
    def name(self) -> str:
        """The function's name in small letters."""
        return self.node.key

    def literal(self, position: int) -> str | None:
        """The text of an argument that is a literal."""
        if position >= len(self.node.arguments):
            return None
        node = self.node.arguments[position]
        return node.value if isinstance(node, tree.Text) else None

    def whole(self, position: int) -> int | None:
        """The value of an argument that is a whole number."""
        if position >= len(self.node.arguments):
            return None
        node = self.node.arguments[position]
        negative = isinstance(node, tree.Sign) and node.negative
        if isinstance(node, tree.Sign):
            node = node.value
        if (
            not isinstance(node, tree.Number)
            or node.kind is not tree.NumberKind.INTEGER
        ):
            return None
        return -int(node.text) if negative else int(node.text)

    def zone(self, position: int) -> str:
        """The zone of an argument that is a moment."""
        return zone_of(self.node.arguments[position], self.scope)

    def python(self, function: str, *more: str, returns: str = "") -> str:
        """A call of a function in Python with these arguments, and more behind them."""
        return python(
            function, returns or storage(self.returns), *self.arguments, *more
        )

    def refuse(self, what: str = "") -> NotHere:
        """That there is no proven form for these arguments."""
        shown = what or ", ".join(map(str, self.types))
        return NotHere(f"{self.name}({shown})")


Emitter = Callable[[Site], str]


def native(name: str) -> Emitter:
    """DuckDB has the very same function under this name."""
    return lambda site: f"{name}({', '.join(site.arguments)})"


def in_python(function: str, *more: str) -> Emitter:
    """Python answers; `more` are constants behind the arguments."""
    return lambda site: site.python(function, *more)
