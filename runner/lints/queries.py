"""What is noticed of queries: what they read whole, what answers otherwise every time,
what they compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.definitions.cohort import Cohort
from runner.definitions.rule import ALWAYS, Events
from runner.definitions.rule import walk as parts
from runner.errors import Position, Problem
from runner.lints.lint import Lint, Name
from runner.project.sources import Source, Type
from runner.sql.query import Query
from runner.trino.parser import SyntaxRefused, parse
from runner.trino.tree import (
    Aliased,
    Between,
    Call,
    Column,
    Comparator,
    Comparison,
    Expression,
    Field,
    Join,
    JoinKind,
    MatchRecognize,
    Node,
    Number,
    Present,
    Relation,
    Sampled,
    Select,
    Subquery,
    Table,
    TableFunction,
    Text,
    Unnest,
    walk,
)

_TIME_FUNCTIONS = frozenset({"td_time_range", "td_interval"})
_CHANCE = frozenset({"random", "rand", "uuid", "now", "shuffle"})
_CLOCKS = frozenset(
    {"current_timestamp", "current_date", "current_time", "localtime", "localtimestamp"}
)
_ORDERED = (
    Comparator.GREATER,
    Comparator.GREATER_OR_EQUAL,
    Comparator.LESS,
    Comparator.LESS_OR_EQUAL,
)


def of(query: Query, sources: Mapping[str, Source]) -> Iterator[Lint]:
    """What is noticed of one cohort's query; a rule is looked at as a rule, SQL as SQL."""
    cohort = query.cohort
    if cohort.rule and cohort.rule.where:
        for part in parts(cohort.rule.where):
            if isinstance(part, Events) and part.window == ALWAYS:
                yield _whole(
                    cohort, part.source.name, cohort.document.at("audience", "where")
                )
    if not cohort.sql:
        return
    at = cohort.document.at("audience", "template" if cohort.template else "sql")
    try:
        statement = parse(query.audience)
    except SyntaxRefused:
        return
    tree = tuple(walk(statement))
    yield from _unfiltered(tree, cohort, sources, at)
    yield from _by_chance(tree, cohort, at)
    yield from _crossed(tree, cohort, at)
    yield from _mixed(tree, cohort, sources, at)


def _whole(cohort: Cohort, source: str, at: Position) -> Lint:
    what = f"{cohort.id} reads {source} without a limit of time: all of it, every time"
    return Lint(
        Name.NO_TIME_FILTER,
        Problem(at, "N001", what, "add `within`, `between` or `calendar` if you can"),
    )


def _unfiltered(
    tree: tuple[Node, ...], cohort: Cohort, sources: Mapping[str, Source], at: Position
) -> Iterator[Lint]:
    """Tables of events in a SELECT whose WHERE says nothing about their time."""
    events = {
        source.table.rpartition(".")[2]: source
        for source in sources.values()
        if source.has_events
    }
    told = set()
    for select in tree:
        if not isinstance(select, Select) or select.from_ is None:
            continue
        joined = tuple(_joined(select.from_))
        places = [select.where, *(part.on for part in joined if isinstance(part, Join))]
        for table in joined:
            source = (
                events.get(table.name[-1].key) if isinstance(table, Table) else None
            )
            if source is None or source.name in told:
                continue
            if not any(
                place is not None and _limits(place, source.time) for place in places
            ):
                told.add(source.name)
                what = f"{cohort.id} reads {source.name} without a limit of time: all of it, every time"
                fix = f"add TD_TIME_RANGE({source.time}, …) to its WHERE if you can"
                yield Lint(Name.NO_TIME_FILTER, Problem(at, "N001", what, fix))


def _joined(relation: Relation) -> Iterator[Relation]:
    """The relations of one FROM, without what stands in their own queries."""
    yield relation
    match relation:
        case Join(left=left, right=right):
            yield from _joined(left)
            yield from _joined(right)
        case (
            Aliased(relation=inner)
            | Sampled(relation=inner)
            | MatchRecognize(relation=inner)
        ):
            yield from _joined(inner)
        case Table() | Subquery() | Unnest() | TableFunction():
            pass


def _limits(place: Expression, time: str) -> bool:
    for node in walk(place):
        if isinstance(node, Call) and node.key in _TIME_FUNCTIONS:
            return True
        compares = isinstance(node, Between) or (
            isinstance(node, Comparison) and node.comparator in _ORDERED
        )
        if compares and any(_column(inside) == time for inside in walk(node)):
            return True
    return False


def _column(node: Node) -> str:
    """A column's name, without its table's; none for anything else."""
    return node.name.key if isinstance(node, Column | Field) else ""


def _by_chance(tree: tuple[Node, ...], cohort: Cohort, at: Position) -> Iterator[Lint]:
    found = {
        node.which
        for node in tree
        if isinstance(node, Present) and node.which in _CLOCKS
    }
    found |= {
        node.key for node in tree if isinstance(node, Call) and node.key in _CHANCE
    }
    for name in sorted(found):
        what = f"{cohort.id}: {name} answers otherwise every time, so that nobody can tell why somebody is in it"
        fix = "use TD_SCHEDULED_TIME() for now, and `sample` for a part of people"
        yield Lint(Name.NOT_REPEATABLE, Problem(at, "N002", what, fix))


def _crossed(tree: tuple[Node, ...], cohort: Cohort, at: Position) -> Iterator[Lint]:
    for select in tree:
        if not isinstance(select, Select) or select.from_ is None:
            continue
        for join in _joined(select.from_):
            if isinstance(join, Join) and _every_row(
                join, filtered=select.where is not None
            ):
                what = (
                    f"{cohort.id} joins every row of a table with every row of another"
                )
                yield Lint(
                    Name.CROSS_JOIN,
                    Problem(at, "N006", what, "add ON and a condition, or USING"),
                )
                return


def _every_row(join: Join, *, filtered: bool) -> bool:
    """True for a join without a condition; a WHERE after tables with commas may be one."""
    right = join.right
    while isinstance(right, Aliased | Sampled):
        right = right.relation
    is_table = isinstance(right, Table) or (
        isinstance(right, Subquery) and not right.lateral
    )
    return join.kind is JoinKind.CROSS and is_table and not (join.comma and filtered)


def _mixed(
    tree: tuple[Node, ...], cohort: Cohort, sources: Mapping[str, Source], at: Position
) -> Iterator[Lint]:
    """Columns whose type all sources agree on, compared with a literal of another."""
    kinds: dict[str, set[Type]] = {}
    for source in sources.values():
        for column in source.columns.values():
            kinds.setdefault(column.name, set()).add(column.type)
    told = set()
    for node in tree:
        if not isinstance(node, Comparison):
            continue
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(one, Column | Field) or not isinstance(
                other, Text | Number
            ):
                continue
            name, is_text = one.name.key, isinstance(other, Text)
            types = kinds.get(name, set())
            wrong = types <= (
                {Type.NUMBER, Type.TIME} if is_text else {Type.TEXT, Type.DATE}
            )
            if types and wrong and name not in told:
                told.add(name)
                kind = " or ".join(sorted(types))
                what = f"{cohort.id}: {name} is {kind}, and is compared with {'text' if is_text else 'a number'}"
                yield Lint(
                    Name.COMPARED_TYPES,
                    Problem(
                        at, "N007", what, "compare it with a value of its own type"
                    ),
                )
