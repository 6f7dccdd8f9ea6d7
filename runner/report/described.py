"""A cohort in plain English: who is meant, what it reads, and how it depends on others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from runner.definitions.cohort import Cohort, Life, Mode
from runner.definitions.rule import (
    Aggregate,
    All,
    Anniversary,
    AnyOf,
    Audience,
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
from runner.project.schedules import Schedule
from runner.sql.shown import ADDRESS

MANY = 8
"""How many values of a list are written out."""

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
    """The whole page. `everybody` is all cohorts, to tell which refer to this one;
    `suppressed`: people are taken out of every cohort of this project; `sizes` is what
    the ledger says of its members.
    """
    lines = [f"{cohort.name} ({cohort.id})"]
    if cohort.description:
        lines.append(cohort.description.strip())
    lines += ["", *_who(cohort), "", MODES[cohort.mode]]
    if suppressed and cohort.unsuppressed:
        lines.append(f"Those whom the project suppresses stay: {cohort.unsuppressed}.")
    elif suppressed:
        lines.append("Those whom the project suppresses are left out.")
    lines.append("")
    for name, value in _facts(cohort, everybody, sizes):
        if value:
            head = f"{name}:"
            lines.append(f"{head:<12}{value}")
    return "\n".join(lines)


def in_authors_words(cohort: Cohort) -> str:
    """The description of a cohort's file on one line, for pages that many read."""
    line = " ".join(cohort.description.split())
    return ADDRESS.sub(HIDDEN, line)


def who(cohort: Cohort) -> list[str]:
    """Who is meant, as lines for pages that many read: values that are compared with an
    identifier or a personal column are hidden.
    """
    # a parameter of a template may be anything, also somebody's address
    shown = replace(cohort, params={})
    return [ADDRESS.sub(HIDDEN, line) for line in _who(shown, cohort.columns)]


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
        case OnColumn(column, _) if column in hidden:
            return [f"{column} is compared with {HIDDEN}"]
        case OnColumn(column, test):
            return [f"{column} {_test(test)}"]
        case Events():
            return _events(rule, hidden)


def _negated(rule: Rule, hidden: Collection[str]) -> list[str]:
    """The lines for everybody whom a rule does not mean."""
    # English has short words for these; any other rule gets a "not:" in front
    match rule:
        case AnyOf(parts):
            return ["none of this:", *_below(parts, hidden)]
        case All(parts):
            return ["not all of this:", *_below(parts, hidden)]
        case OnColumn(column, test) if column not in hidden:
            return [_not(column, test)]
        case InCohort(cohort):
            return [f"not in the cohort {cohort}"]
        # "no purchase" would be wrong where a rule asks for three of them
        case Events(where=None) if _exists(rule):
            events = rule.source.name
            when = _when(rule.window)
            return [f"no {events}{when}"]
    # what a hidden column is compared with stays hidden here too
    first, *rest = of_rule(rule, hidden)
    return [f"not: {first}", *rest]


def _who(cohort: Cohort, hidden: Collection[str] = ()) -> Iterator[str]:
    """Who is meant, as lines; what is compared with a `hidden` column is not told."""
    rule = cohort.rule
    if rule is None:
        yield f"Who: whoever {_query(cohort)} finds.{_params(cohort)}"
        return
    people = rule.source.name
    if cohort.sql:
        people += f" found by {_query(cohort)}"
    if rule.where is None:
        yield f"Who: all {people}"
    else:
        first, *rest = of_rule(rule.where, hidden)
        yield f"Who: {people} with {first}"
        yield from rest
    top = rule.top
    sample = rule.sample
    if top:
        yield f"Of them the {top.limit:,} with the greatest {top.by}."
    if sample:
        percent = sample.of_ten_thousand / 100
        share = f"{percent:g} of a hundred"
        if sample.rest:
            share = f"all but {share}"
        yield f"Of them {share}, always the same people (salt {sample.salt})."


def _query(cohort: Cohort) -> str:
    """What finds the people of a cohort that has SQL."""
    if cohort.template:
        return f"the SQL of {cohort.template}"
    return "its SQL"


def _params(cohort: Cohort) -> str:
    """The values that a template was given; empty where it was given none."""
    if not cohort.params:
        return ""
    told = [f"{name}: {value}" for name, value in cohort.params.items()]
    listed = ", ".join(told)
    return f" With {listed}."


def _facts(
    cohort: Cohort, everybody: Sequence[Cohort], sizes: str
) -> Iterator[tuple[str, str]]:
    """Names and values, in the order of the page; an empty value is not shown."""
    named = [f"{each.handle} ({each.column})" for each in cohort.identifiers]
    yield "Named by", ", ".join(named)
    yield "Owner", cohort.owner
    yield "Tags", ", ".join(cohort.tags)
    yield "Reads", _sources(cohort.rule)
    yield "Uses", ", ".join(sorted(_used(cohort)))
    users = [other.id for other in everybody if cohort.id in _used(other)]
    yield "Used by", ", ".join(sorted(users))
    yield "Refreshed", _refreshed(cohort.schedule)
    yield from _end(cohort.life)
    yield "Tests", str(len(cohort.cases) or "none")
    yield "Members", sizes
    yield "File", cohort.document.path


def _refreshed(schedule: Schedule | None) -> str:
    """When a cohort is refreshed, in words; empty where it never is."""
    if schedule is None:
        return ""
    return f"{schedule.words} ({schedule.zone})"


def _end(life: Life) -> Iterator[tuple[str, str]]:
    """When a cohort ends, and until when it is suspended."""
    if life.expires:
        yield "Expires", f"after {life.expires}"
    suspended = life.suspended
    if suspended:
        yield "Suspended", f"until {suspended.until}: {suspended.reason}"


def _sources(rule: Audience | None) -> str:
    """The sources that a rule reads, with their tables."""
    if rule is None:
        return ""
    named = [f"{source.name} ({source.table})" for source in rule.sources]
    return ", ".join(named)


def _used(cohort: Cohort) -> set[str]:
    """The ids of the cohorts that this one refers to."""
    return {reference.cohort for reference in cohort.references}


def _below(parts: Sequence[Rule], hidden: Collection[str]) -> Iterator[str]:
    """The parts of a rule as a list, indented."""
    for part in parts:
        first, *rest = of_rule(part, hidden)
        yield f"  - {first}"
        for line in rest:
            yield f"  {line}"


def _events(events: Events, hidden: Collection[str]) -> list[str]:
    """A rule about events: how many, which, when, and what holds of them."""
    number = _how_many(events)
    when = _when(events.window)
    first = f"{number} {events.source.name}{when}".strip()
    others = [
        _measure(measure)
        for measure in events.measures
        if measure.aggregate is not Aggregate.COUNT
    ]
    if others:
        conditions = " and ".join(others)
        first += f" where {conditions}"
    if events.none_after:
        later = events.none_after.name
        first += f", and no {later} after the last of them"
    if events.where is None:
        return [first]
    inner, *rest = of_rule(events.where, hidden)
    return [f"{first}, counting those with {inner}", *rest]


def _how_many(events: Events) -> str:
    """How often somebody must have done it; empty where that is not asked."""
    counts = [
        _count(measure.compare)
        for measure in events.measures
        if measure.aggregate is Aggregate.COUNT
    ]
    if counts == ["at least 1"]:
        return "any"
    return " and ".join(counts)


def _exists(events: Events) -> bool:
    """True where a rule asks only whether there is any such event."""
    once = Measure(Aggregate.COUNT, "", Compare(Sign.GTE, 1))
    return events.measures == (once,) and events.none_after is None


def _count(compare: Compare) -> str:
    """How many events there must be."""
    number = _number(compare.value)
    return f"{_COUNTS[compare.sign]} {number}"


def _measure(measure: Measure) -> str:
    """What is reckoned over the events, and what it must be."""
    compare = measure.compare
    what = _MEASURES[measure.aggregate].format(measure.column)
    sign = _SIGNS[compare.sign]
    number = _number(compare.value)
    return f"{what} {sign} {number}"


def _test(test: Test) -> str:
    """What a column must be like: the words that follow its name."""
    match test:
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
            within = _plural(days, "day")
            return f"comes round within {within}, today included"
        case Holds(texts, every=True):
            listed = ", ".join(texts)
            return f"has all of {listed}"
        case Holds(texts):
            listed = ", ".join(texts)
            return f"has one of {listed}"
        case Window():
            return f"lies{_when(test)}"


def _not(column: str, test: Test) -> str:
    """The same, where the column must not be like that; with the column's name."""
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
    """A window as words with a space in front; empty where it has no edge."""
    match window:
        case Window(None, None):
            return ""
        case Window(FromNow() as start, FromNow(0)):
            return f" in the last {_length(start)}"
        case Window(FromNow(0), FromNow() as end):
            return f" in the next {_length(end)}"
        case Window(Begin(unit, shift), Begin()):
            period = _period(unit, shift)
            return f" {period}"
        case Window(None, date() as end):
            return f" before {end}"
        case Window(date() as start, None):
            day_before = start - timedelta(days=1)
            return f" after {day_before}"
        case Window(date() as start, date() as end):
            # a window ends before its second day, people name the last day in it
            return _days(start, end - timedelta(days=1))
        case Window(start, end):
            return f" from {_edge(start)} to {_edge(end)}"


def _days(first: date, last: date) -> str:
    """A window of whole days, by its first and its last day."""
    if first == last:
        return f" on {first}"
    return f" from {first} to {last}"


def _edge(edge: Edge | None) -> str:
    """One end of a window that has no shorter words."""
    match edge:
        case FromNow(0):
            return "now"
        case FromNow(offset) if offset < 0:
            return f"{_length(edge)} ago"
        case FromNow():
            return f"{_length(edge)} ahead"
        case Begin() | date() | None:
            return str(edge)


def _period(unit: Unit, shift: int) -> str:
    """The period that runs now (`shift` 0), or the one before it."""
    if unit is Unit.DAY and shift == 0:
        return "today"
    if unit is Unit.DAY:
        return "yesterday"
    if shift == 0:
        return f"this {unit}"
    return f"last {unit}"


def _length(edge: FromNow) -> str:
    """How far a time is from now, in days; in hours where it is no whole number of days,
    or up to two days where its author counted hours.
    """
    seconds = abs(edge.seconds)
    days, rest = divmod(seconds, 86_400)
    if rest or (edge.in_hours and days <= 2):
        return _plural(seconds // 3_600, "hour")
    return _plural(days, "day")


def _plural(number: int, word: str) -> str:
    """A number without separators, as files have it, and its noun."""
    if number == 1:
        return f"1 {word}"
    return f"{number} {word}s"


def _either(values: Sequence[Value]) -> str:
    """Values with an "or" before the last; of a long list the first ones."""
    shown = [_value(value) for value in values[:MANY]]
    more = len(values) - MANY
    if more > 0:
        shown.append(f"one of {more:,} more")
    *others, last = shown
    if not others:
        return last
    listed = ", ".join(others)
    return f"{listed} or {last}"


def _value(value: Value) -> str:
    """A value of a rule, as a file has it."""
    # in Python a truth value is a number too, so it is asked for first
    if isinstance(value, bool):
        return str(value).lower()
    return _number(value)


def _number(value: Value) -> str:
    if isinstance(value, int | float):
        return f"{value:,}"
    return str(value)
