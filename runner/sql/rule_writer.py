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
        number = len(self.facts) + 1
        made = self.facts.setdefault((sql, where), f"{kind}_{number}")
        return f"{quoted(self.name)}.{made}"


class _Writer:
    """Writes one audience; gathers what must be joined."""

    def __init__(
        self, audience: Audience, others: Mapping[str, str], base: str
    ) -> None:
        source = audience.source
        self._audience = audience
        self._source = source
        self._others = others
        self._base = base
        self._people = source.name
        self._taken = {source.name, source.table}
        self._base_name = ""
        if base:
            self._base_name = self._free("base")
        self._passes: dict[tuple[str, Window], _Pass] = {}
        self._cohorts: dict[str, str] = {}

    def written(self, columns: list[str]) -> str:
        """The whole SELECT."""
        top = self._audience.top
        sample = self._audience.sample
        tests = self._tests()
        table = quoted(self._base_name or self._people)
        named = [f"{table}.{quoted(column)}" for column in columns]
        if top and top.by not in columns:
            named.append(self._of(top.by))
        shown = ", ".join(named)
        lines = [f"SELECT {shown}", *self._from()]
        if tests:
            lines.append(_where(tests))
        if top:
            lines = self._best(lines, columns, top, sample)
        # last, since only now all reads of events and all other cohorts are known
        made = ",\n".join(_with(name, sql) for name, sql in self._made())
        if made:
            lines.insert(0, f"WITH {made}")
        return "\n".join(lines)

    def _tests(self) -> list[str]:
        """The conditions that each of the people must meet."""
        rule = self._audience.where
        sample = self._audience.sample
        tests: list[str] = []
        if rule:
            tests += [self._sql(part) for part in _conjuncts(rule)]
        # with `top` the sample is of the best, not the best of the sample
        if sample and not self._audience.top:
            key = self._of(self._source.key)
            tests.append(_sampled(key, sample))
        return tests

    def _best(
        self, lines: list[str], columns: list[str], top: Top, sample: Sample | None
    ) -> list[str]:
        """The lines of a SELECT, narrowed to the greatest values of a column."""
        key = self._source.key
        greatest = self._of(top.by)
        ordered = [
            *lines,
            f"ORDER BY {greatest} DESC NULLS LAST, {self._of(key)}",
            f"LIMIT {top.limit}",
        ]
        inside = indented("\n".join(ordered), 2)
        shown = ", ".join(map(quoted, columns))
        name = self._free("best")
        best = [
            f"SELECT {shown}",
            f"FROM (\n{inside}\n) AS {name}",
        ]
        if sample:
            chosen = _sampled(quoted(key), sample)
            best.append(f"WHERE {chosen}")
        return best

    def _made(self) -> Iterable[tuple[str, str]]:
        """The parts that go before: the base, each read of events, each other cohort."""
        key = quoted(self._source.key)
        if self._base:
            yield self._base_name, self._base
        for each in self._passes.values():
            read = _pass(each, self._audience.zone)
            yield each.name, read
        for cohort, name in self._cohorts.items():
            members = indented(self._others[cohort], 2)
            yield name, f"SELECT DISTINCT {key}\nFROM (\n{members}\n) AS members"

    def _from(self) -> Iterable[str]:
        """The people, and what is joined to them; nothing joined has two rows a person."""
        source = self._source
        people = f"{_table(source)} AS {quoted(self._people)}"
        mine = self._of(source.key)
        if self._base:
            base = self._base_name
            yield f"FROM {base}"
            key = quoted(source.key)
            yield f"JOIN {people} ON {mine} = {base}.{key}"
        else:
            yield f"FROM {people}"
        for each in self._passes.values():
            yield self._left_join(each.name, each.source.key)
        for name in self._cohorts.values():
            yield self._left_join(name, source.key)

    def _left_join(self, name: str, key: str) -> str:
        """A part that goes before, joined to the people by its key."""
        table = quoted(name)
        mine = self._of(self._source.key)
        return f"LEFT JOIN {table} ON {table}.{quoted(key)} = {mine}"

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
                key = self._cohort(cohort)
                return f"{key} IS NOT NULL"
            case OnColumn(column, test):
                zone = self._audience.zone
                declared = self._source.columns[column]
                return conditions.holds(declared, self._of(column), test, zone)

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
                key = self._cohort(cohort)
                return f"{key} IS NULL"
            case Events(
                measures=(Measure(aggregate, column, compare),), none_after=None
            ) if aggregate in _COUNTED:
                # nobody's count is missing, so the opposite sign will do
                fact = self._fact(rule, aggregate, column)
                sign = _OPPOSITES[compare.sign]
                number = literal(compare.value)
                return f"COALESCE({fact}, 0) {sign} {number}"
            case OnColumn(column, test):
                zone = self._audience.zone
                declared = self._source.columns[column]
                return conditions.fails(declared, self._of(column), test, zone)
            case Events():
                condition = self._sql(rule)
                return f"COALESCE(NOT ({condition}), TRUE)"

    def _cohort(self, cohort: str) -> str:
        """The column that says whether somebody is a member of another cohort."""
        if cohort not in self._cohorts:
            self._cohorts[cohort] = self._free(f"cohort_{cohort}")
        name = quoted(self._cohorts[cohort])
        key = quoted(self._source.key)
        return f"{name}.{key}"

    def _events(self, events: Events) -> str:
        """The condition on what somebody did."""
        tests = []
        for each in events.measures:
            fact = self._fact(events, each.aggregate, each.column)
            tests.append(_measured(fact, each))
        # nothing of the other kind, or nothing later than the last of this kind
        if events.none_after:
            last = self._fact(events, Aggregate.MAX, events.source.time)
            other = self._pass(events.none_after, events.window)
            time = quoted(events.none_after.time)
            after = other.fact(f"MAX({time})", "")
            tests += [f"{last} IS NOT NULL", f"COALESCE({after} <= {last}, TRUE)"]
        return conditions.joined("AND", tests)

    def _fact(self, events: Events, aggregate: Aggregate, column: str) -> str:
        """The column that has a measure of each person's events; NULL where there are none."""
        where = ""
        if events.where:
            zone = self._audience.zone
            where = conditions.of_events(events.where, events.source, zone)
        sql = _SUMS[aggregate].format(quoted(column))
        read = self._pass(events.source, events.window)
        return read.fact(sql, where)

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
    source = each.source
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
        time = quoted(source.time)
        in_time = time_windows.seconds(time, each.window, zone)
        tests.append(in_time)
    if shared:
        tests.append(shared)
    key = quoted(source.key)
    lines = [
        f"SELECT {key},",
        ",\n".join(facts),
        f"FROM {_table(source)}",
    ]
    if tests:
        lines.append(_where(tests))
    lines.append(f"GROUP BY {key}")
    return "\n".join(lines)


def _with(name: str, sql: str) -> str:
    """A query of WITH under its name."""
    inside = indented(sql, 2)
    return f"{quoted(name)} AS (\n{inside}\n)"


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
    compare = measure.compare
    number = literal(compare.value)
    return f"{fact} {compare.sign} {number}"


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
    salt = literal(f"{sample.salt}:")
    salted = f"CONCAT({salt}, CAST({key} AS VARCHAR))"
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
    """WHERE with its conditions, one below the other."""
    shown = [indented(test, 2).lstrip(" ") for test in tests]
    conditions = "\n  AND ".join(shown)
    return f"WHERE {conditions}"


def _table(source: Source) -> str:
    """A source's table, quoted, with its database if it has one."""
    parts = source.table.split(".")
    return ".".join(map(quoted, parts))
