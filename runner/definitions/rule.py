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
    """So many seconds after the run's time, before it where below 0. `in_hours`: its
    author counted hours.
    """

    seconds: int
    in_hours: bool = field(default=False, compare=False)


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
    """The value of a column is equal to one value, or below or above it."""

    sign: Sign
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value of a column is one of these."""

    values: tuple[Value, ...]


class Part(StrEnum):
    """Where a text is looked for in another."""

    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


@dataclass(frozen=True, slots=True)
class Has:
    """The text contains one of these texts, or begins or ends with one (see Part)."""

    part: Part
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """A regular expression is found in the text."""

    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """The column has no value."""


@dataclass(frozen=True, slots=True)
class Anniversary:
    """The day of the year comes within so many days, today included."""

    days: int


@dataclass(frozen=True, slots=True)
class Holds:
    """The list contains one of these texts; with `every`, it contains all of them."""

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
    """A measure of somebody's events, and the number it is compared with. Where there
    are no events, count, distinct and sum are 0, and of the others no comparison holds.
    """

    aggregate: Aggregate
    column: str
    compare: Compare


@dataclass(frozen=True, slots=True)
class Events:
    """What somebody did. All measures hold of those events of a source that lie in the
    window and pass `where`. Where `none_after` is given, no event of that source
    happened after the last of them.
    """

    source: Source
    window: Window
    where: Rule | None
    measures: tuple[Measure, ...]
    none_after: Source | None = None


@dataclass(frozen=True, slots=True)
class InCohort:
    """Whoever another cohort's query finds. `pointer` is where the file refers to it."""

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
    """The people with the greatest values of the column `by`, at most `limit` of them.
    Of equal values the lower keys come first.
    """

    by: str
    limit: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A share of people, by a hash of their key and the salt: `of_ten_thousand` of
    10,000 on average, and always the same ones. `rest`: the others instead.
    """

    of_ten_thousand: int
    salt: str
    rest: bool = False


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
        read = {self.source.name: self.source}
        for part in self._parts:
            if not isinstance(part, Events):
                continue
            read[part.source.name] = part.source
            if part.none_after:
                read[part.none_after.name] = part.none_after
        return tuple(read.values())

    @property
    def personal(self) -> frozenset[str]:
        """The columns whose values tell who somebody is."""
        names: set[str] = set()
        for source in self.sources:
            names.add(source.key)
            names.update(
                column.name for column in source.columns.values() if column.personal
            )
        return frozenset(names)

    @property
    def _parts(self) -> tuple[Rule, ...]:
        if self.where is None:
            return ()
        return tuple(walk(self.where))


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
    used: list[tuple[Source, str]] = []
    if audience.where:
        used += _used(audience.where, audience.source)
    if audience.top:
        used.append((audience.source, audience.top.by))
    # a source holds a mapping, so that it cannot be the key of one itself
    once = {(source.name, column): (source, column) for source, column in used}
    return tuple(once.values())


def _used(rule: Rule, source: Source) -> Iterator[tuple[Source, str]]:
    """The columns that a rule asks about; `source` is what it is asked of."""
    match rule:
        case OnColumn(column, _):
            yield source, column
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _used(part, source)
        case Not(part):
            yield from _used(part, source)
        case Events():
            for measure in rule.measures:
                if measure.column:
                    yield rule.source, measure.column
            if rule.where:
                yield from _used(rule.where, rule.source)
        case InCohort():
            pass
