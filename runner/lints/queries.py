"""What is noticed of queries: what they read whole, what answers otherwise every time, what they compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.definitions.cohort import Cohort
from runner.definitions.rule import ALWAYS, Events, walk
from runner.errors import Position, Problem
from runner.lints.lint import Lint, Name
from runner.sources import Source, Type
from runner.sql.query import Query

_TIME_FUNCTIONS = frozenset({"td_time_range", "td_interval"})
_CHANCE = frozenset({"random", "rand", "uuid", "now", "shuffle", "localtime", "localtimestamp"})
_CLOCKS = (exp.Rand, exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.CurrentDatetime, exp.Uuid)


def of(query: Query, sources: Mapping[str, Source]) -> Iterator[Lint]:
    """What is noticed of one cohort's query; a rule is looked at as a rule, SQL as SQL."""
    cohort = query.cohort
    if cohort.rule and cohort.rule.where:
        for part in walk(cohort.rule.where):
            if isinstance(part, Events) and part.window == ALWAYS:
                yield _whole(cohort, part.source.name, cohort.document.at("audience", "where"))
    if not cohort.sql:
        return
    at = cohort.document.at("audience", "template" if cohort.template else "sql")
    try:
        tree = sqlglot.parse_one(query.audience, read="trino")
    except (SqlglotError, RecursionError):
        return
    yield from _unfiltered(tree, cohort, sources, at)
    yield from _by_chance(tree, cohort, at)
    yield from _crossed(tree, cohort, at)
    yield from _mixed(tree, cohort, sources, at)


def _whole(cohort: Cohort, source: str, at: Position) -> Lint:
    what = f"{cohort.id} reads {source} without a limit of time: all of it, every time"
    return Lint(Name.NO_TIME_FILTER, Problem(at, "N001", what, "add `within`, `between` or `calendar` if you can"))


def _unfiltered(tree: exp.Expr, cohort: Cohort, sources: Mapping[str, Source], at: Position) -> Iterator[Lint]:
    """Tables of events in a SELECT whose WHERE says nothing about their time."""
    events = {source.table.rpartition(".")[2]: source for source in sources.values() if source.has_events}
    told = set()
    for table in tree.find_all(exp.Table):
        source = events.get(table.name.lower())
        scope = table.find_ancestor(exp.Select)
        if source is None or source.name in told or scope is None:
            continue
        places = [scope.args.get("where"), *(join.args.get("on") for join in scope.args.get("joins") or ())]
        if not any(place is not None and _limits(place, source.time) for place in places):
            told.add(source.name)
            what = f"{cohort.id} reads {source.name} without a limit of time: all of it, every time"
            fix = f"add TD_TIME_RANGE({source.time}, …) to its WHERE if you can"
            yield Lint(Name.NO_TIME_FILTER, Problem(at, "N001", what, fix))


def _limits(place: exp.Expr, time: str) -> bool:
    if any(call.name.lower() in _TIME_FUNCTIONS for call in place.find_all(exp.Anonymous)):
        return True
    compared = place.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
    return any(column.name.lower() == time for each in compared for column in each.find_all(exp.Column))


def _by_chance(tree: exp.Expr, cohort: Cohort, at: Position) -> Iterator[Lint]:
    found = {node.sql("trino").split("(")[0].lower() for node in tree.find_all(*_CLOCKS)}
    found |= {call.name.lower() for call in tree.find_all(exp.Anonymous) if call.name.lower() in _CHANCE}
    for name in sorted(found):
        what = f"{cohort.id}: {name} answers otherwise every time, so that nobody can tell why somebody is in it"
        fix = "use TD_SCHEDULED_TIME() for now, and `sample` for a part of people"
        yield Lint(Name.NOT_REPEATABLE, Problem(at, "N002", what, fix))


def _crossed(tree: exp.Expr, cohort: Cohort, at: Position) -> Iterator[Lint]:
    for join in tree.find_all(exp.Join):
        is_table = isinstance(join.this, exp.Table | exp.Subquery)
        is_free = not (join.args.get("on") or join.args.get("using") or join.args.get("method") == "NATURAL")
        scope = join.find_ancestor(exp.Select)
        is_comma = not join.args.get("kind") and scope is not None and scope.args.get("where") is not None
        if is_table and is_free and not is_comma:
            what = f"{cohort.id} joins every row of a table with every row of another"
            yield Lint(Name.CROSS_JOIN, Problem(at, "N006", what, "add ON and a condition, or USING"))
            return


def _mixed(tree: exp.Expr, cohort: Cohort, sources: Mapping[str, Source], at: Position) -> Iterator[Lint]:
    """Columns whose type all sources agree on, compared with a literal of another."""
    kinds: dict[str, set[Type]] = {}
    for source in sources.values():
        for column in source.columns.values():
            kinds.setdefault(column.name, set()).add(column.type)
    told = set()
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(one, exp.Column) or not isinstance(other, exp.Literal):
                continue
            name, types = one.name.lower(), kinds.get(one.name.lower(), set())
            wrong = types <= {Type.TEXT, Type.DATE} if not other.is_string else types <= {Type.NUMBER, Type.TIME}
            if types and wrong and name not in told:
                told.add(name)
                kind = " or ".join(sorted(types))
                what = (
                    f"{cohort.id}: {name} is {kind}, and is compared with {'text' if other.is_string else 'a number'}"
                )
                yield Lint(Name.COMPARED_TYPES, Problem(at, "N007", what, "compare it with a value of its own type"))
