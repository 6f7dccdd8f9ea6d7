"""Conditions that can never hold together, as a misspelt number or a copied line makes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
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

_End = tuple[float, bool]
"""An end of a range of numbers, and whether the number itself belongs to the range."""

_NEVER_NEGATIVE = frozenset({Aggregate.COUNT, Aggregate.DISTINCT})


def never(parts: Sequence[Rule]) -> str:
    """Why these conditions can never hold all at once; an empty text where they may.
    What is not certain counts as possible.
    """
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
    """Why no events of anybody can have these measures; an empty text where they may."""
    compared: dict[tuple[Aggregate, str], list[Compare]] = defaultdict(list)
    for measure in measures:
        compared[measure.aggregate, measure.column].append(measure.compare)
    for (aggregate, _), tests in compared.items():
        if aggregate in _NEVER_NEGATIVE:
            tests.append(Compare(Sign.GTE, 0))
        if not _range(tests).is_possible:
            return f"no {aggregate} passes all its tests"
    return ""


@dataclass(frozen=True, slots=True)
class _Range:
    """Numbers between two ends, each with whether it belongs to them."""

    low: _End
    high: _End

    @property
    def is_possible(self) -> bool:
        """True where some number lies in the range."""
        low, with_low = self.low
        high, with_high = self.high
        if low == high:
            return with_low and with_high
        return low < high

    def has(self, number: Any) -> bool:
        """True where this number lies in the range."""
        low, with_low = self.low
        high, with_high = self.high
        if number == low and not with_low:
            return False
        if number == high and not with_high:
            return False
        return bool(low <= number <= high)


def _range(tests: Iterable[Compare]) -> _Range:
    """The numbers that pass all tests."""
    low: _End = (float("-inf"), True)
    high: _End = (float("inf"), True)
    for test in tests:
        value: Any = test.value
        if test.sign in (Sign.EQUALS, Sign.GT, Sign.GTE):
            low = max(low, (value, test.sign is not Sign.GT), key=_of_lows)
        if test.sign in (Sign.EQUALS, Sign.LT, Sign.LTE):
            # of two equal ends the one without its number is the lower: False < True
            high = min(high, (value, test.sign is not Sign.LT))
    return _Range(low, high)


def _of_lows(end: _End) -> _End:
    """The order of lower ends: of two equal ones, that without its number is the higher."""
    number, with_number = end
    return number, not with_number


def _possible(asked: Sequence[Test], excluded: Sequence[Test]) -> bool:
    """True where some value of a column may pass all tests that are asked, and none of
    those that are excluded.
    """
    nulls = [test for test in asked if isinstance(test, IsNull)]
    if nulls:
        return len(nulls) == len(asked)
    compared = [test for test in asked if isinstance(test, Compare)]
    limits = [test for test in compared if test.sign is not Sign.EQUALS]
    span = _range(limits)
    named = [values for test in asked if (values := _values(test)) is not None]
    if not named:
        return span.is_possible
    left = set(named[0]).intersection(*named[1:])
    for test in excluded:
        left.difference_update(_values(test) or ())
    # without a limit the values may be texts, which lie in no range
    return any(not limits or span.has(value) for value in left)


def _values(test: Test) -> tuple[Value, ...] | None:
    """The only values that pass, where a test names them; else None."""
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
