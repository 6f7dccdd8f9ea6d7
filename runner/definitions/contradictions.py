"""Conditions that can never hold together: what a misspelt number or a copied line leads to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.definitions.rule import (
    Aggregate,
    All,
    Anniversary,
    AnyOf,
    Compare,
    Events,
    Has,
    Holds,
    InCohort,
    IsNull,
    Matches,
    Measure,
    Not,
    OnColumn,
    OneOf,
    Rule,
    Sign,
    Test,
    Value,
    Window,
)


def never(parts: Sequence[Rule]) -> str:
    """Why these can never hold all at once; nothing where they may."""
    for part in parts:
        if isinstance(part, Not) and part.part in parts:
            return "the same condition is asked for and excluded"
    asked: dict[str, list[Test]] = defaultdict(list)
    excluded: dict[str, list[Test]] = defaultdict(list)
    for part in parts:
        match part:
            case OnColumn(column, test):
                asked[column].append(test)
            case Not(OnColumn(column, test)):
                excluded[column].append(test)
            case Events() | InCohort() | All() | AnyOf() | Not():
                pass
    for column, tests in asked.items():
        if not _possible(tests, excluded[column]):
            return f"no value of {column} passes all its tests"
    return ""


def never_measured(measures: Iterable[Measure]) -> str:
    """Why no events of anybody can have these measures; nothing where they may."""
    compared: dict[tuple[Aggregate, str], list[Compare]] = defaultdict(list)
    for measure in measures:
        compared[measure.aggregate, measure.column].append(measure.compare)
    for (aggregate, _), tests in compared.items():
        counted = aggregate in (Aggregate.COUNT, Aggregate.DISTINCT)
        if not _range(
            [*tests, *([Compare(Sign.GTE, 0)] if counted else [])]
        ).is_possible:
            return f"no {aggregate} passes all its tests"
    return ""


@dataclass(frozen=True, slots=True)
class _Range:
    """Numbers between two ends, each with whether it belongs to them."""

    low: tuple[float, bool]
    high: tuple[float, bool]

    @property
    def is_possible(self) -> bool:
        """True where a number lies in it."""
        (low, with_low), (high, with_high) = self.low, self.high
        return low < high or (low == high and with_low and with_high)

    def has(self, number: Any) -> bool:
        """True where a number lies in it."""
        (low, with_low), (high, with_high) = self.low, self.high
        return (low < number or (with_low and low == number)) and (
            number < high or (with_high and number == high)
        )


def _range(tests: Iterable[Compare]) -> _Range:
    low, high = (float("-inf"), True), (float("inf"), True)
    for test in tests:
        value: Any = test.value
        if test.sign in (Sign.EQUALS, Sign.GT, Sign.GTE):
            low = max(
                low,
                (value, test.sign is not Sign.GT),
                key=lambda end: (end[0], not end[1]),
            )
        if test.sign in (Sign.EQUALS, Sign.LT, Sign.LTE):
            high = min(
                high,
                (value, test.sign is not Sign.LT),
                key=lambda end: (end[0], end[1]),
            )
    return _Range(low, high)


def _possible(asked: Sequence[Test], excluded: Sequence[Test]) -> bool:
    if any(isinstance(test, IsNull) for test in asked):
        return all(isinstance(test, IsNull) for test in asked)
    sets = [values for test in asked if (values := _values(test)) is not None]
    numbers = [
        test
        for test in asked
        if isinstance(test, Compare) and test.sign is not Sign.EQUALS
    ]
    left: Mapping[Value, None] | None = None
    for values in sets:
        left = dict.fromkeys(value for value in values if left is None or value in left)
    span = _range(numbers)
    if left is None:
        return span.is_possible
    barred = {value for test in excluded for value in _values(test) or ()}
    return any(
        value not in barred and (not numbers or span.has(value)) for value in left
    )


def _values(test: Test) -> tuple[Value, ...] | None:
    """The only values that pass, where a test names them."""
    match test:
        case Compare(Sign.EQUALS, value):
            return (value,)
        case OneOf(values):
            return values
        case (
            Compare()
            | Has()
            | Matches()
            | IsNull()
            | Anniversary()
            | Holds()
            | Window()
        ):
            return None
