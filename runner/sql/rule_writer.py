"""A rule as one SELECT for Trino: a row a person, with what was done joined in, one row
a person each.

Each source of events is read once for each stretch of time, grouped by person; facts of
it are columns. So nothing multiplies rows, nobody's count is 0 and not missing, and a
negation has an answer for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runner.definitions.rule import (
    ALWAYS,
    Aggregate,
    All,
    AnyOf,
    Audience,
    Begin,
    Compare,
    Events,
    FromNow,
    InCohort,
    Measure,
    Not,
    OnColumn,
    Rule,
    Sample,
    Sign,
    Top,
    Unit,
    Window,
)
from runner.project.sources import Source
from runner.sql import conditions, time_windows
from runner.sql.literals import literal
from runner.sql.names import quoted
from runner.sql.tokens import indented

_SUMS = {
    Aggregate.COUNT: "COUNT(*)",
    Aggregate.DISTINCT: "COUNT(DISTINCT {})",
    Aggregate.SUM: "SUM({})",
    Aggregate.AVG: "AVG({})",
    Aggregate.MIN: "MIN({})",
    Aggregate.MAX: "MAX({})",
}
_OPPOSITES = {
    Sign.GT: "<=",
    Sign.GTE: "<",
    Sign.LT: ">=",
    Sign.LTE: ">",
    Sign.EQUALS: "<>",
}
_COUNTED = frozenset({Aggregate.COUNT, Aggregate.DISTINCT})
_FROM_NOTHING = frozenset({Aggregate.COUNT, Aggregate.DISTINCT, Aggregate.SUM})


def select(
    audience: Audience,
    columns: Iterable[str],
    others: Mapping[str, str],
    base: str = "",
) -> str:
    """Who an audience is: its source's key and the columns asked for. `others`: the
    SELECTs of the cohorts that it refers to, each with the key; `base`: a SELECT with
    the key and the columns, which the rule narrows. Raises Refused.
    """
    once = dict.fromkeys([audience.source.key, *columns])
    return _Writer(audience, others, base).written(list(once))


@dataclass(slots=True)
class _Pass:
    """One read of a source's events in one stretch of time. `facts`: names of
    aggregates, by their SQL and filter.
    """

    name: str
    source: Source
    window: Window
    facts: dict[tuple[str, str], str] = field(default_factory=dict)

    def fact(self, sql: str, where: str) -> str:
        """The column of an aggregate over the events that pass `where`."""
        kind = sql.split("(", maxsplit=1)[0].lower()
        made = self.facts.setdefault((sql, where), f"{kind}_{len(self.facts) + 1}")
        return f"{quoted(self.name)}.{made}"


class _Writer:
    """Writes one audience; gathers what must be joined."""

    def __init__(
        self, audience: Audience, others: Mapping[str, str], base: str
    ) -> None:
        self._audience, self._others, self._base = audience, others, base
        self._people = audience.source.name
        self._taken = {audience.source.name, audience.source.table}
        self._base_name = self._free("base") if base else ""
        self._passes: dict[tuple[str, Window], _Pass] = {}
        self._cohorts: dict[str, str] = {}

    def written(self, columns: list[str]) -> str:
        """The whole SELECT."""
        rule, source = self._audience.where, self._audience.source
        top, sample = self._audience.top, self._audience.sample
        tests: list[str] = []
        if rule:
            tests += [self._sql(part) for part in _conjuncts(rule)]
        # with `top` the sample is of the best, not the best of the sample
        if sample and not top:
            tests.append(_sampled(self._of(source.key), sample))
        table = quoted(self._base_name or self._people)
        named = [f"{table}.{quoted(column)}" for column in columns]
        if top and top.by not in columns:
            named.append(self._of(top.by))
        lines = [f"SELECT {', '.join(named)}", *self._from()]
        if tests:
            lines.append(_where(tests))
        if top:
            lines = self._best(lines, columns, top, sample)
        # last, since only now all reads of events and all other cohorts are known
        made = [
            f"{quoted(name)} AS (\n{indented(sql, 2)}\n)" for name, sql in self._made()
        ]
        if made:
            lines.insert(0, "WITH " + ",\n".join(made))
        return "\n".join(lines)

    def _best(
        self, lines: list[str], columns: list[str], top: Top, sample: Sample | None
    ) -> list[str]:
        """The lines of a SELECT, narrowed to the greatest values of a column."""
        key = self._audience.source.key
        ordered = [
            *lines,
            f"ORDER BY {self._of(top.by)} DESC NULLS LAST, {self._of(key)}",
            f"LIMIT {top.limit}",
        ]
        inside = indented("\n".join(ordered), 2)
        best = [
            f"SELECT {', '.join(quoted(column) for column in columns)}",
            f"FROM (\n{inside}\n) AS {self._free('best')}",
        ]
        if sample:
            best.append(f"WHERE {_sampled(quoted(key), sample)}")
        return best

    def _made(self) -> Iterable[tuple[str, str]]:
        """The parts that go before: the base, each read of events, each other cohort."""
        key = quoted(self._audience.source.key)
        if self._base:
            yield self._base_name, self._base
        for each in self._passes.values():
            yield each.name, _pass(each, self._audience.zone)
        for cohort, name in self._cohorts.items():
            members = indented(self._others[cohort], 2)
            yield name, f"SELECT DISTINCT {key}\nFROM (\n{members}\n) AS members"

    def _from(self) -> Iterable[str]:
        """The people, and what is joined to them; nothing joined has two rows a person."""
        source = self._audience.source
        people = f"{_table(source)} AS {quoted(self._people)}"
        mine = self._of(source.key)
        if self._base:
            yield f"FROM {self._base_name}"
            yield f"JOIN {people} ON {mine} = {self._base_name}.{quoted(source.key)}"
        else:
            yield f"FROM {people}"
        joined = [(each.name, each.source.key) for each in self._passes.values()]
        joined += [(name, source.key) for name in self._cohorts.values()]
        for name, key in joined:
            table = quoted(name)
            yield f"LEFT JOIN {table} ON {table}.{quoted(key)} = {mine}"

    def _of(self, column: str) -> str:
        """A column of the people."""
        return f"{quoted(self._people)}.{quoted(column)}"

    def _free(self, name: str) -> str:
        """A name that nothing else has here."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    # the rule

    def _sql(self, rule: Rule) -> str:
        """A condition that is true for those for whom the rule holds, and false or NULL
        for the others.
        """
        match rule:
            case All(parts):
                return conditions.joined("AND", [self._sql(part) for part in parts])
            case AnyOf(parts):
                return conditions.joined("OR", [self._sql(part) for part in parts])
            case Not(part):
                return self._not(part)
            case Events():
                return self._events(rule)
            case InCohort(cohort):
                return f"{self._cohort(cohort)} IS NOT NULL"
            case OnColumn(column, test):
                source = self._audience.source
                return conditions.holds(
                    source.columns[column], self._of(column), test, self._audience.zone
                )

    def _not(self, rule: Rule) -> str:
        """The exact complement: true where the rule is false or NULL."""
        match rule:
            case All(parts):
                return conditions.joined("OR", [self._not(part) for part in parts])
            case AnyOf(parts):
                return conditions.joined("AND", [self._not(part) for part in parts])
            case Not(part):
                return self._sql(part)
            case InCohort(cohort):
                return f"{self._cohort(cohort)} IS NULL"
            case Events(
                measures=(Measure(aggregate, column, compare),), none_after=None
            ) if aggregate in _COUNTED:
                # nobody's count is missing, so the opposite sign will do
                fact = self._fact(rule, aggregate, column)
                number = literal(compare.value)
                return f"COALESCE({fact}, 0) {_OPPOSITES[compare.sign]} {number}"
            case OnColumn(column, test):
                source = self._audience.source
                return conditions.fails(
                    source.columns[column], self._of(column), test, self._audience.zone
                )
            case Events():
                return f"COALESCE(NOT ({self._sql(rule)}), TRUE)"

    def _cohort(self, cohort: str) -> str:
        """The column that says whether somebody is a member of another cohort."""
        if cohort not in self._cohorts:
            self._cohorts[cohort] = self._free(f"cohort_{cohort}")
        name = quoted(self._cohorts[cohort])
        return f"{name}.{quoted(self._audience.source.key)}"

    def _events(self, events: Events) -> str:
        """The condition on what somebody did."""
        tests = [
            _measured(self._fact(events, each.aggregate, each.column), each)
            for each in events.measures
        ]
        # nothing of the other kind, or nothing later than the last of this kind
        if events.none_after:
            last = self._fact(events, Aggregate.MAX, events.source.time)
            other = self._pass(events.none_after, events.window)
            after = other.fact(f"MAX({quoted(events.none_after.time)})", "")
            tests += [f"{last} IS NOT NULL", f"COALESCE({after} <= {last}, TRUE)"]
        return conditions.joined("AND", tests)

    def _fact(self, events: Events, aggregate: Aggregate, column: str) -> str:
        """The column that has a measure of each person's events; NULL where there are none."""
        where = ""
        if events.where:
            zone = self._audience.zone
            where = conditions.of_events(events.where, events.source, zone)
        sql = _SUMS[aggregate].format(quoted(column))
        return self._pass(events.source, events.window).fact(sql, where)

    def _pass(self, source: Source, window: Window) -> _Pass:
        """The read of a source in a stretch of time, which all its facts share."""
        known = self._passes.get((source.name, window))
        if known is None:
            # a WITH that has a table's name would hide the table
            self._taken.add(source.table)
            name = self._free(f"{source.name}{_label(window)}")
            known = self._passes[source.name, window] = _Pass(name, source, window)
        return known


def _pass(each: _Pass, zone: str) -> str:
    """The read: one row a person. A filter that all facts share is the read's own."""
    filters = {where for _, where in each.facts}
    shared = ""
    if len(filters) == 1:
        shared = filters.pop()
    facts: list[str] = []
    for (sql, where), name in each.facts.items():
        if where and not shared:
            facts.append(f"  {sql} FILTER (WHERE {where}) AS {name}")
        else:
            facts.append(f"  {sql} AS {name}")
    tests: list[str] = []
    if each.window != ALWAYS:
        tests.append(time_windows.seconds(quoted(each.source.time), each.window, zone))
    if shared:
        tests.append(shared)
    key = quoted(each.source.key)
    lines = [f"SELECT {key},", ",\n".join(facts), f"FROM {_table(each.source)}"]
    if tests:
        lines.append(_where(tests))
    return "\n".join([*lines, f"GROUP BY {key}"])


def _label(window: Window) -> str:
    """The end of a read's name, which says of what stretch of time it is."""
    match window:
        case Window(None, None):
            return "_ever"
        case Window(FromNow(offset), FromNow(0)):
            if offset % 86_400 == 0:
                return f"_last_{-offset // 86_400}d"
            return f"_last_{-offset // 3_600}h"
        case Window(Begin(Unit.DAY, 0)):
            return "_today"
        case Window(Begin(Unit.DAY)):
            return "_yesterday"
        case Window(Begin(unit, 0)):
            return f"_this_{unit}"
        case Window(Begin(unit)):
            return f"_last_{unit}"
        case Window():
            return "_then"


def _measured(fact: str, measure: Measure) -> str:
    """The comparison of a fact with its number."""
    # the read has no row of whoever has no events
    if measure.aggregate in _FROM_NOTHING and _holds_of_zero(measure.compare):
        fact = f"COALESCE({fact}, 0)"
    return f"{fact} {measure.compare.sign} {literal(measure.compare.value)}"


def _holds_of_zero(compare: Compare) -> bool:
    """True where a comparison holds for whoever has no events."""
    value = float(compare.value)
    match compare.sign:
        case Sign.EQUALS:
            return value == 0
        case Sign.GT:
            return value < 0
        case Sign.GTE:
            return value <= 0
        case Sign.LT:
            return value > 0
        case Sign.LTE:
            return value >= 0


def _sampled(key: str, sample: Sample) -> str:
    """True for so many of ten thousand, by a hash of the key that is the same every time."""
    salted = f"CONCAT({literal(sample.salt + ':')}, CAST({key} AS VARCHAR))"
    number = f"FROM_BASE(SUBSTR(TO_HEX(MD5(TO_UTF8({salted}))), 1, 8), 16)"
    sign = "<"
    if sample.rest:
        sign = ">="
    return f"MOD({number}, 10000) {sign} {sample.of_ten_thousand}"


def _conjuncts(rule: Rule) -> Iterable[Rule]:
    """Rules that must all hold for a rule to hold."""
    match rule:
        case All(parts):
            for part in parts:
                yield from _conjuncts(part)
        case Not(AnyOf(parts)):
            for part in parts:
                yield from _conjuncts(Not(part))
        case Not(Not(part)):
            yield from _conjuncts(part)
        case OnColumn() | Events() | InCohort() | AnyOf() | Not():
            yield rule


def _where(tests: list[str]) -> str:
    return "WHERE " + "\n  AND ".join(indented(test, 2).lstrip(" ") for test in tests)


def _table(source: Source) -> str:
    return ".".join(quoted(part) for part in source.table.split("."))
