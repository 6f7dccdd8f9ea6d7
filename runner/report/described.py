"""A cohort in plain English: who is meant, what it reads, whom it depends on and who depends on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from runner.definitions.cohort import Cohort, Mode
from runner.definitions.rule import (
    Aggregate,
    All,
    Anniversary,
    AnyOf,
    Begin,
    Compare,
    Edge,
    Events,
    FromNow,
    Has,
    Holds,
    InCohort,
    IsNull,
    Matches,
    Measure,
    Not,
    OnColumn,
    OneOf,
    Part,
    Rule,
    Sign,
    Test,
    Unit,
    Value,
    Window,
)
from runner.sql.shown import ADDRESS

MANY = 8
"""Values of a list that are written out."""

HIDDEN = "•••"

_SIGNS = {
    Sign.EQUALS: "is",
    Sign.GT: "is more than",
    Sign.GTE: "is at least",
    Sign.LT: "is less than",
    Sign.LTE: "is at most",
}
_COUNTS = {
    Sign.EQUALS: "exactly",
    Sign.GT: "more than",
    Sign.GTE: "at least",
    Sign.LT: "less than",
    Sign.LTE: "at most",
}
_MEASURES = {
    Aggregate.DISTINCT: "the number of different values of {}",
    Aggregate.SUM: "the sum of {}",
    Aggregate.AVG: "the average of {}",
    Aggregate.MIN: "the least {}",
    Aggregate.MAX: "the greatest {}",
}
_PARTS = {
    Part.CONTAINS: "has {} in it",
    Part.STARTS_WITH: "begins with {}",
    Part.ENDS_WITH: "ends with {}",
}
MODES = {
    Mode.MIRROR: "Braze is to hold exactly these people.",
    Mode.ADD: "These people are let in; nobody leaves.",
    Mode.REMOVE: "These people are taken out, whoever put them in.",
}


def text(
    cohort: Cohort, *, everybody: Sequence[Cohort], suppressed: bool, sizes: str
) -> str:
    """The whole page. `everybody`: all cohorts, to tell which refer to this one;
    `suppressed`: people are taken out of every cohort of this project; `sizes`: what
    the ledger says of its members.
    """
    lines = [f"{cohort.name} ({cohort.id})"]
    if cohort.description:
        lines.append(cohort.description.strip())
    lines += ["", *_who(cohort), "", MODES[cohort.mode]]
    if suppressed:
        also = f"Those whom the project suppresses stay: {cohort.unsuppressed}."
        lines.append(
            also
            if cohort.unsuppressed
            else "Those whom the project suppresses are left out."
        )
    lines.append("")
    lines += [
        f"{name + ':':<12}{value}"
        for name, value in _facts(cohort, everybody, sizes)
        if value
    ]
    return "\n".join(lines)


def who(cohort: Cohort) -> list[str]:
    """Who is meant, for pages that many read: what is compared with an identifier or a
    personal column is hidden.
    """
    return [
        ADDRESS.sub(HIDDEN, line)
        for line in _who(replace(cohort, params={}), cohort.columns)
    ]


def of_rule(rule: Rule, hidden: Collection[str] = ()) -> list[str]:
    """A rule as lines, its parts indented below it; what is compared with one of the
    `hidden` columns is not told.
    """
    match rule:
        case All(parts):
            return ["all of this:", *_below(parts, hidden)]
        case AnyOf(parts):
            return ["at least one of this:", *_below(parts, hidden)]
        case Not(part):
            return _negated(part, hidden)
        case InCohort(cohort):
            return [f"in the cohort {cohort}"]
        case OnColumn(column, test):
            return [
                f"{column} is compared with {HIDDEN}"
                if column in hidden
                else f"{column} {_test(test)}"
            ]
        case Events():
            return _events(rule, hidden)


def _negated(rule: Rule, hidden: Collection[str]) -> list[str]:
    match rule:
        case AnyOf(parts):
            return ["none of this:", *_below(parts, hidden)]
        case All(parts):
            return ["not all of this:", *_below(parts, hidden)]
        case OnColumn(column, test) if column not in hidden:
            return [_not(column, test)]
        case InCohort(cohort):
            return [f"not in the cohort {cohort}"]
        case Events(where=None) if _exists(rule):
            return [f"no {rule.source.name}{_when(rule.window)}"]
    first, *rest = of_rule(rule, hidden)
    return [f"not: {first}", *rest]


def _who(cohort: Cohort, hidden: Collection[str] = ()) -> Iterator[str]:
    base = f"the SQL of {cohort.template}" if cohort.template else "its SQL"
    rule = cohort.rule
    if rule is None:
        yield f"Who: whoever {base} finds." + (_params(cohort) if cohort.params else "")
        return
    narrowed = f" found by {base}" if cohort.sql else ""
    if rule.where is None:
        yield f"Who: all {rule.source.name}{narrowed}"
    else:
        first, *rest = of_rule(rule.where, hidden)
        yield f"Who: {rule.source.name}{narrowed} with {first}"
        yield from rest
    if rule.top:
        yield f"Of them the {rule.top.limit:,} with the greatest {rule.top.by}."
    if rule.sample:
        yield f"Of them {rule.sample.of_ten_thousand / 100:g} of a hundred, always the same ({rule.sample.salt})."


def _params(cohort: Cohort) -> str:
    return (
        " With "
        + ", ".join(f"{name}: {value}" for name, value in cohort.params.items())
        + "."
    )


def _facts(
    cohort: Cohort, everybody: Sequence[Cohort], sizes: str
) -> Iterator[tuple[str, str]]:
    named = (
        f"{identifier.handle} ({identifier.column})"
        for identifier in cohort.identifiers
    )
    yield "Named by", ", ".join(named)
    yield "Owner", cohort.owner
    yield "Tags", ", ".join(cohort.tags)
    yield (
        "Reads",
        ", ".join(
            f"{source.name} ({source.table})"
            for source in (cohort.rule.sources if cohort.rule else ())
        ),
    )
    yield (
        "Uses",
        ", ".join(sorted({reference.cohort for reference in cohort.references})),
    )
    users = [
        other.id
        for other in everybody
        if cohort.id in {each.cohort for each in other.references}
    ]
    yield "Used by", ", ".join(sorted(users))
    if cohort.schedule:
        yield "Refreshed", f"{cohort.schedule.cron} ({cohort.schedule.zone})"
    if cohort.life.expires:
        yield "Expires", f"after {cohort.life.expires}"
    if cohort.life.suspended:
        yield (
            "Suspended",
            f"until {cohort.life.suspended.until}: {cohort.life.suspended.reason}",
        )
    yield "Tests", str(len(cohort.cases)) if cohort.cases else "none"
    yield "Members", sizes
    yield "File", cohort.document.path


def _below(parts: Sequence[Rule], hidden: Collection[str]) -> Iterator[str]:
    for part in parts:
        first, *rest = of_rule(part, hidden)
        yield f"  - {first}"
        yield from (f"  {line}" for line in rest)


def _events(events: Events, hidden: Collection[str]) -> list[str]:
    name, when = events.source.name, _when(events.window)
    counts = [
        _count(measure.compare)
        for measure in events.measures
        if measure.aggregate is Aggregate.COUNT
    ]
    others = [
        _measure(measure)
        for measure in events.measures
        if measure.aggregate is not Aggregate.COUNT
    ]
    many = "any" if counts == ["at least 1"] else " and ".join(counts)
    first = f"{many} {name}{when}".strip() + (
        f" where {' and '.join(others)}" if others else ""
    )
    if events.none_after:
        first += f", and no {events.none_after.name} after the last of them"
    if events.where is None:
        return [first]
    inner, *rest = of_rule(events.where, hidden)
    return [f"{first}, counting those with {inner}", *rest]


def _exists(events: Events) -> bool:
    once = Measure(Aggregate.COUNT, "", Compare(Sign.GTE, 1))
    return events.measures == (once,) and events.none_after is None


def _count(compare: Compare) -> str:
    return f"{_COUNTS[compare.sign]} {_number(compare.value)}"


def _measure(measure: Measure) -> str:
    compared = f"{_SIGNS[measure.compare.sign]} {_number(measure.compare.value)}"
    return f"{_MEASURES[measure.aggregate].format(measure.column)} {compared}"


def _test(test: Test) -> str:
    match test:
        case Compare(Sign.EQUALS, value):
            return f"is {_value(value)}"
        case Compare(sign, value):
            return f"{_SIGNS[sign]} {_value(value)}"
        case OneOf(values):
            return f"is {_either(values)}"
        case Has(part, texts):
            return _PARTS[part].format(_either(texts))
        case Matches(pattern):
            return f"matches {pattern}"
        case IsNull():
            return "is empty"
        case Anniversary(days):
            return f"comes round within {days} day{'s' * (days > 1)}, today included"
        case Holds(texts, every):
            return f"has {'all' if every else 'one'} of {', '.join(texts)}"
        case Window():
            return f"lies{_when(test)}"


def _not(column: str, test: Test) -> str:
    match test:
        case IsNull():
            return f"{column} is not empty"
        case Compare(Sign.EQUALS, value):
            return f"{column} is not {_value(value)}"
        case OneOf(values):
            return f"{column} is not {_either(values)}"
        case Compare() | Has() | Matches() | Anniversary() | Holds() | Window():
            return f"not: {column} {_test(test)}"


def _when(window: Window) -> str:
    match window:
        case Window(None, None):
            return ""
        case Window(FromNow(offset), FromNow(0)):
            return f" in the last {_length(-offset)}"
        case Window(FromNow(0), FromNow(offset)):
            return f" in the next {_length(offset)}"
        case Window(Begin(unit, shift), Begin()):
            return f" {_period(unit, shift)}"
        case Window(None, date() as end):
            return f" before {end}"
        case Window(date() as start, None):
            return f" after {start - timedelta(days=1)}"
        case Window(date() as start, date() as end):
            last = end - timedelta(days=1)
            return f" on {start}" if last == start else f" from {start} to {last}"
        case Window(start, end):
            return f" from {_edge(start)} to {_edge(end)}"


def _edge(edge: Edge | None) -> str:
    match edge:
        case FromNow(0):
            return "now"
        case FromNow(offset):
            return f"{_length(abs(offset))} {'ago' if offset < 0 else 'ahead'}"
        case Begin() | date() | None:
            return str(edge)


def _period(unit: Unit, shift: int) -> str:
    if unit is Unit.DAY:
        return "today" if shift == 0 else "yesterday"
    return f"{'this' if shift == 0 else 'last'} {unit}"


def _length(seconds: int) -> str:
    number, word = (
        (seconds // 86_400, "day")
        if seconds % 86_400 == 0
        else (seconds // 3_600, "hour")
    )
    return f"{number} {word}{'s' * (number != 1)}"


def _either(values: Sequence[Value]) -> str:
    shown = [_value(value) for value in values[:MANY]]
    if len(values) > MANY:
        return f"{', '.join(shown)} or one of {len(values) - MANY:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else _number(value)


def _number(value: Value) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)
