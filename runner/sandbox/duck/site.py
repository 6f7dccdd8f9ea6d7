"""A function call on its way into DuckDB's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

    @property
    def first(self) -> str:
        """The first argument in DuckDB's words."""
        return self.arguments[0]

    @property
    def kind(self) -> Type:
        """The type of the first argument."""
        return self.types[0]

    @property
    def base(self) -> str:
        """The name of the first argument's type, without what stands in parentheses."""
        return self.kind.base

    @property
    def second(self) -> str:
        """The second argument in DuckDB's words."""
        return self.arguments[1]

    @property
    def count(self) -> int:
        """How many arguments there are."""
        return len(self.arguments)

    def literal(self, position: int) -> str | None:
        """The text of an argument that is a literal.

        None where it is missing, or anything else.
        """
        if position >= len(self.node.arguments):
            return None
        node = self.node.arguments[position]
        if not isinstance(node, tree.Text):
            return None
        return node.value

    def whole(self, position: int) -> int | None:
        """The value of an argument that is a whole number, perhaps with a sign.

        None where it is missing, or anything else.
        """
        if position >= len(self.node.arguments):
            return None
        node = self.node.arguments[position]
        factor = 1
        if isinstance(node, tree.Sign):
            if node.negative:
                factor = -1
            node = node.value
        if not tree.is_whole(node):
            return None
        return factor * int(node.text)

    def zone(self, position: int) -> str:
        """The zone of an argument that is a moment."""
        return zone_of(self.node.arguments[position], self.scope)

    def python(self, function: str, *more: str, returns: str = "") -> str:
        """A call of a function in Python with these arguments, and more behind them.

        `returns` is DuckDB's type of its result; by default the one of this call's.
        """
        kind = returns or storage(self.returns)
        return python(function, kind, *self.arguments, *more)

    def refuse(self, what: str = "") -> NotHere:
        """That there is no proven form for these arguments; the caller raises it."""
        types = ", ".join(map(str, self.types))
        shown = what or types
        return NotHere(f"{self.name}({shown})")


Emitter = Callable[[Site], str]
"""What writes a call in DuckDB's words. Raises NotHere."""

Emitters = Mapping[str, Emitter]
"""What writes the calls of each function, by its name."""


def native(name: str) -> Emitter:
    """DuckDB has the very same function under this name."""

    def emit(site: Site) -> str:
        listed = ", ".join(site.arguments)
        return f"{name}({listed})"

    return emit


def in_python(function: str, *more: str) -> Emitter:
    """Python answers; `more` are constants behind the arguments."""

    def emit(site: Site) -> str:
        return site.python(function, *more)

    return emit
