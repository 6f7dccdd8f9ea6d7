"""What is noticed of queries: what they read whole, what answers otherwise every time,
what they compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runner.definitions.cohort import Cohort
from runner.definitions.rule import ALWAYS, Events
from runner.definitions.rule import walk as parts
from runner.errors import Position
from runner.lints.lint import Lint, Name, noticed
from runner.project.sources import Source, Sources, Type
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
_NEVER_TEXT = frozenset({Type.NUMBER, Type.TIME})
_NEVER_NUMBERS = frozenset({Type.TEXT, Type.DATE})
_ORDERED = (
    Comparator.GREATER,
    Comparator.GREATER_OR_EQUAL,
    Comparator.LESS,
    Comparator.LESS_OR_EQUAL,
)


def of(query: Query, sources: Sources) -> Iterator[Lint]:
    """What is noticed of one cohort's query; a rule is looked at as a rule, SQL as SQL."""
    cohort = query.cohort
    if cohort.rule and cohort.rule.where:
        at = cohort.document.at("audience", "where")
        fix = "add `within`, `between` or `calendar` if you can"
        for part in parts(cohort.rule.where):
            if isinstance(part, Events) and part.window == ALWAYS:
                yield _whole(cohort, part.source, at, fix)
    if not cohort.sql:
        return
    at = cohort.document.at("audience", "sql")
    if cohort.template:
        at = cohort.document.at("audience", "template")
    try:
        statement = parse(query.audience)
    except SyntaxRefused:
        return
    sql = _Sql(cohort, at, tuple(walk(statement)), sources)
    yield from _unfiltered(sql)
    yield from _by_chance(sql)
    yield from _crossed(sql)
    yield from _mixed(sql)


@dataclass(frozen=True, slots=True)
class _Sql:
    """A cohort's SQL: the place in its file, every part of it, and the sources by name
    that it may read.
    """

    cohort: Cohort
    at: Position
    parts: tuple[Node, ...]
    sources: Sources


def _whole(cohort: Cohort, source: Source, at: Position, fix: str) -> Lint:
    """That a cohort reads all of a source of events."""
    what = (
        f"{cohort.id} reads {source.name} without a limit of time:"
        " all of it, every time"
    )
    return noticed(Name.NO_TIME_FILTER, at, what, fix)


def _unfiltered(sql: _Sql) -> Iterator[Lint]:
    """Tables of events in a SELECT whose WHERE says nothing about their time."""
    events: dict[str, Source] = {}
    for source in sql.sources.values():
        if source.has_events:
            events[source.table.rpartition(".")[2]] = source
    told = set()
    for select in sql.parts:
        if not isinstance(select, Select):
            continue
        for source in _read_whole(select, events):
            # one cohort may read a source in several places
            if source.name not in told:
                told.add(source.name)
                fix = f"add TD_TIME_RANGE({source.time}, …) to its WHERE if you can"
                yield _whole(sql.cohort, source, sql.at, fix)


def _read_whole(select: Select, events: Sources) -> Iterator[Source]:
    """The sources in a FROM whose time neither WHERE nor ON limits."""
    if select.from_ is None:
        return
    joined = tuple(_joined(select.from_))
    places = _conditions(select, joined)
    for table in joined:
        if not isinstance(table, Table):
            continue
        source = events.get(table.name[-1].key)
        if source is None:
            continue
        if not any(_limits(place, source.time) for place in places):
            yield source


def _conditions(select: Select, joined: Iterable[Relation]) -> list[Expression]:
    """What WHERE and the ONs of a SELECT ask for."""
    places = [select.where]
    places += [part.on for part in joined if isinstance(part, Join)]
    return [place for place in places if place is not None]


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
    """True where a condition bounds the column of the time."""
    for node in walk(place):
        if isinstance(node, Call) and node.key in _TIME_FUNCTIONS:
            return True
        if not _bounds(node):
            continue
        if any(_column(inside) == time for inside in walk(node)):
            return True
    return False


def _bounds(node: Node) -> bool:
    """True for BETWEEN, and for a comparison that asks for more or less."""
    if isinstance(node, Comparison):
        return node.comparator in _ORDERED
    return isinstance(node, Between)


def _column(node: Node) -> str:
    """A column's name, without its table's; an empty text for anything else."""
    if isinstance(node, Column | Field):
        return node.name.key
    return ""


def _by_chance(sql: _Sql) -> Iterator[Lint]:
    """Functions that answer otherwise every time."""
    found = set()
    for node in sql.parts:
        if isinstance(node, Present) and node.which in _CLOCKS:
            found.add(node.which)
        if isinstance(node, Call) and node.key in _CHANCE:
            found.add(node.key)
    for name in sorted(found):
        what = (
            f"{sql.cohort.id}: {name} gives another result every time, so nobody"
            " can tell why a person is in the cohort"
        )
        fix = "use TD_SCHEDULED_TIME() for now, and `sample` for a part of people"
        yield noticed(Name.NOT_REPEATABLE, sql.at, what, fix)


def _crossed(sql: _Sql) -> Iterator[Lint]:
    """A join without a condition, told once for each cohort."""
    if any(_crosses(part) for part in sql.parts):
        what = f"{sql.cohort.id} joins every row of a table with every row of another"
        fix = "add ON and a condition, or USING"
        yield noticed(Name.CROSS_JOIN, sql.at, what, fix)


def _crosses(select: Node) -> bool:
    """True for a SELECT that joins tables without a condition."""
    if not isinstance(select, Select) or select.from_ is None:
        return False
    is_filtered = select.where is not None
    joins = [part for part in _joined(select.from_) if isinstance(part, Join)]
    return any(_every_row(join, is_filtered=is_filtered) for join in joins)


def _every_row(join: Join, *, is_filtered: bool) -> bool:
    """True for a join of whole tables without a condition."""
    if join.kind is not JoinKind.CROSS:
        return False
    # the WHERE after tables with commas may be their condition
    if join.comma and is_filtered:
        return False
    right = join.right
    while isinstance(right, Aliased | Sampled):
        right = right.relation
    # UNNEST and LATERAL read of each row on the left alone
    if isinstance(right, Subquery):
        return not right.lateral
    return isinstance(right, Table)


def _mixed(sql: _Sql) -> Iterator[Lint]:
    """Columns whose type all sources agree on, compared with a literal of another."""
    kinds = _types(sql.sources)
    told = set()
    for node in sql.parts:
        if not isinstance(node, Comparison):
            continue
        # the column may stand on either side
        sides = (node.left, node.right)
        for one, other in (sides, reversed(sides)):
            name = _column(one)
            types = kinds.get(name)
            if not types or name in told:
                continue
            literal = _misfit(types, other)
            if literal:
                told.add(name)
                kind = " or ".join(sorted(types))
                what = (
                    f"{sql.cohort.id}: {name} is {kind}, and is compared with {literal}"
                )
                fix = "compare it with a value of its own type"
                yield noticed(Name.COMPARED_TYPES, sql.at, what, fix)


def _types(sources: Sources) -> dict[str, set[Type]]:
    """The types that each name of a column has in any source."""
    types: dict[str, set[Type]] = {}
    for source in sources.values():
        for column in source.columns.values():
            types.setdefault(column.name, set())
            types[column.name].add(column.type)
    return types


def _misfit(types: set[Type], other: Expression) -> str:
    """What is compared with a column of these types, in words, where it is a literal
    that suits none of them; else an empty text.
    """
    if isinstance(other, Text) and types <= _NEVER_TEXT:
        return "text"
    if isinstance(other, Number) and types <= _NEVER_NUMBERS:
        return "a number"
    return ""
