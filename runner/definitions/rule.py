"""A rule as its author meant it: groups, conditions on columns and on events, other
cohorts; values only.

A rule says of each person of a source whether it holds; there is no third answer, so a
negation is the complement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from runner.files.documents import Pointer
from runner.project.sources import Source

Value = str | int | float | bool


class Unit(StrEnum):
    """Units of the calendar; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class FromNow:
    """So many seconds after the run's time, before it where below 0."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a unit of the calendar begins: the one that now lies in (0), the one before
    (-1), the next (1).
    """

    unit: Unit
    shift: int


Edge = FromNow | Begin | date
"""An end of a window; a date stands for where that day begins, in the project's time zone."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: from `start` on, up to and without `end`; None is open."""

    start: Edge | None
    end: Edge | None


class Sign(StrEnum):
    """How numbers, texts and booleans are compared."""

    EQUALS = "="
    GT = ">"
    GTE = ">="
    LT = "<"
    LTE = "<="


@dataclass(frozen=True, slots=True)
class Compare:
    """Compared with one value."""

    sign: Sign
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values."""

    values: tuple[Value, ...]


class Part(StrEnum):
    """Where a text is looked for in another."""

    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


@dataclass(frozen=True, slots=True)
class Has:
    """The text has one of these there."""

    part: Part
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """A regular expression is found in the text."""

    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """Nothing is there."""


@dataclass(frozen=True, slots=True)
class Anniversary:
    """The day of the year comes within so many days, today included."""

    days: int


@dataclass(frozen=True, slots=True)
class Holds:
    """The list has one of these, or every one."""

    texts: tuple[str, ...]
    every: bool


Test = Compare | OneOf | Has | Matches | IsNull | Anniversary | Holds | Window


@dataclass(frozen=True, slots=True)
class OnColumn:
    """A test of a column. Where nothing is there it does not hold, but for IsNull."""

    column: str
    test: Test


class Aggregate(StrEnum):
    """What is measured of somebody's events."""

    COUNT = "count"
    DISTINCT = "distinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure and a number. Where there are no events count, distinct and sum are 0;
    of the others nothing holds.
    """

    aggregate: Aggregate
    column: str
    compare: Compare


@dataclass(frozen=True, slots=True)
class Events:
    """What somebody did: all measures hold of those events of a source that lie in the
    window and pass `where`; and nothing of `none_after` happened after the last of them
    (a name, or nothing).
    """

    source: Source
    window: Window
    where: Rule | None
    measures: tuple[Measure, ...]
    none_after: Source | None = None


@dataclass(frozen=True, slots=True)
class InCohort:
    """Whoever another cohort's query finds. `pointer`: where the file says so."""

    cohort: str
    pointer: Pointer = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Rule


Rule = OnColumn | Events | InCohort | All | AnyOf | Not

ALWAYS = Window(None, None)
"""Any time."""


@dataclass(frozen=True, slots=True)
class Top:
    """So many with the greatest values of a column; of equal ones, by the key."""

    by: str
    limit: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Who falls into so many of ten thousand by a hash of the key."""

    of_ten_thousand: int
    salt: str


@dataclass(frozen=True, slots=True)
class Audience:
    """People of a source for whom a rule holds (None: all); the base query, where there
    is one, stands in the cohort. `zone`: whose calendar counts.
    """

    source: Source
    where: Rule | None
    zone: str
    top: Top | None = None
    sample: Sample | None = None

    @property
    def cohorts(self) -> tuple[InCohort, ...]:
        """The cohorts that it refers to."""
        return tuple(part for part in self._parts if isinstance(part, InCohort))

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources that it reads, each once, its people first."""
        events = [part for part in self._parts if isinstance(part, Events)]
        read = [
            source
            for each in events
            for source in (each.source, each.none_after)
            if source
        ]
        return tuple({source.name: source for source in (self.source, *read)}.values())

    @property
    def personal(self) -> frozenset[str]:
        """The columns whose values tell who somebody is."""
        columns = [
            column for source in self.sources for column in source.columns.values()
        ]
        keys = {source.key for source in self.sources}
        return frozenset(column.name for column in columns if column.personal) | keys

    @property
    def _parts(self) -> tuple[Rule, ...]:
        return tuple(walk(self.where)) if self.where else ()


def walk(rule: Rule) -> Iterator[Rule]:
    """A rule and everything in it, also in the `where` of events."""
    yield rule
    match rule:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from walk(part)
        case Not(part):
            yield from walk(part)
        case Events():
            if rule.where:
                yield from walk(rule.where)
        case OnColumn() | InCohort():
            pass


def columns_used(audience: Audience) -> tuple[tuple[Source, str], ...]:
    """The columns that an audience asks about, each once with its source."""
    found = _used(audience.where, audience.source) if audience.where else iter(())
    top = [(audience.source, audience.top.by)] if audience.top else []
    return tuple(
        {
            (source.name, column): (source, column) for source, column in (*found, *top)
        }.values()
    )


def _used(rule: Rule, source: Source) -> Iterator[tuple[Source, str]]:
    match rule:
        case OnColumn(column, _):
            yield source, column
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _used(part, source)
        case Not(part):
            yield from _used(part, source)
        case Events():
            yield from (
                (rule.source, measure.column)
                for measure in rule.measures
                if measure.column
            )
            if rule.where:
                yield from _used(rule.where, rule.source)
        case InCohort():
            pass
