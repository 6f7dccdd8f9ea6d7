"""What an expression stands among: names, what is found on the way, and refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runner.trino import tree
from runner.trino.types import NUMBERS, Type

DAYS, MONTHS = Type("interval day to second"), Type("interval year to month")
INTERVALS = frozenset({DAYS.base, MONTHS.base})
MOMENTS = frozenset({"date", "timestamp", "timestamp with time zone"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Trino would refuse, in its words; `identifier` is the name that it is about."""

    at: int
    end: int
    name: str
    message: str
    identifier: str


class Stop(Exception):
    """The statement is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Column:
    """A column that can be named. `of` are the names of its relation; `partial` where that has more before them."""

    name: str
    of: tuple[str, ...]
    type: Type | None
    partial: bool = False


OTHERS = "*"
"""The name of what stands for all further columns of a relation, of which nothing is known: every name may be one."""


def is_open(columns: Sequence[Column]) -> bool:
    """True where there may be further columns."""
    return any(one.name == OTHERS for one in columns)


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression may name: columns, those of the query around, arguments of lambdas."""

    columns: tuple[Column, ...]
    outer: Names | None = None
    arguments: Mapping[str, Type | None] = field(default_factory=dict)

    def inside(self, columns: Sequence[Column]) -> Names:
        """The names of a query inside this one."""
        return Names(tuple(columns), self)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is found on the way."""

    types: dict[tree.Node, Type | None]
    conversions: dict[tree.Node, Type]

    def convert(self, node: tree.Node, target: Type | None) -> None:
        """Note that Trino converts an expression to a type."""
        source = self.types.get(node)
        if target is None or source is None or source == target:
            return
        if source.base == target.base == "varchar":
            return
        self.conversions[node] = target


SETTLED = frozenset(
    {*NUMBERS, *MOMENTS, *INTERVALS, "boolean", "varchar", "varbinary", "array", "map", "row", "json", "unknown"}
)


def settled(*kinds: Type) -> bool:
    """True for types whose operators are known here."""
    return all(kind.base in SETTLED for kind in kinds)


Subquery = Callable[[tree.Query, Names], tuple[Column, ...]]
"""The columns of a query that stands at a place with these names."""


def refuse(node: tree.Node, message: str, name: str = "TYPE_MISMATCH", identifier: str = "") -> Stop:
    """The refusal of a node."""
    return Stop(Refusal(node.at, node.end, name, message, identifier))


def parts(node: tree.Node) -> tuple[str, ...] | None:
    """The names of `a.b.c`; None for anything else."""
    match node:
        case tree.Column():
            return (node.name.key,)
        case tree.Field():
            before = parts(node.base)
            return None if before is None else (*before, node.name.key)
    return None


def fits(column: Column, of: tuple[str, ...]) -> bool:
    """True where names before a column's may mean its relation."""
    if column.partial:
        shared = min(len(of), len(column.of))
        return not of or column.of[-shared:] == of[-shared:]
    return not of or column.of[-len(of) :] == of


@dataclass(frozen=True, slots=True)
class At:
    """An expression's surroundings."""

    names: Names
    found: Findings
    subquery: Subquery
    of: Callable[[tree.Expression, At], Type | None]

    def infer(self, node: tree.Expression) -> Type | None:
        """The type of an expression inside."""
        kind = self.of(node, self)
        self.found.types[node] = kind
        return kind

    def all(self, nodes: Sequence[tree.Expression]) -> list[Type | None]:
        """The types of several."""
        return [self.infer(node) for node in nodes]

    def with_arguments(self, arguments: Mapping[str, Type | None]) -> At:
        """The same inside a lambda."""
        known = {**self.names.arguments, **arguments}
        return replace(self, names=replace(self.names, arguments=known))


def window_at(node: tree.Window, at: At) -> None:
    """The types of what stands in a window."""
    at.all(node.partition_by)
    at.all([item.expression for item in node.order_by])
    bounds = [] if node.frame is None else [node.frame.start, node.frame.stop]
    at.all([bound.value for bound in bounds if bound is not None and bound.value is not None])


def decimal_result(operator: tree.Operator, one: Type, other: Type) -> Type:
    """The type of arithmetic with decimals."""
    precision, scale = (each for each in one.arguments if isinstance(each, int))
    its, its_scale = (each for each in other.arguments if isinstance(each, int))
    longest = max(scale, its_scale)
    match operator:
        case tree.Operator.MULTIPLY:
            return Type("decimal", (min(38, precision + its), scale + its_scale))
        case tree.Operator.DIVIDE:
            return Type("decimal", (min(38, precision + its_scale + max(0, its_scale - scale)), longest))
        case tree.Operator.MODULUS:
            return Type("decimal", (min(its - its_scale, precision - scale) + longest, longest))
    whole = max(precision - scale, its - its_scale)
    return Type("decimal", (min(38, whole + longest + 1), longest))
