"""How much of a rule must stand in one expression: Trino compiles no expression of a
thousand conditions.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from runner.definitions.rule import (
    All,
    AnyOf,
    Compare,
    Events,
    InCohort,
    Not,
    OnColumn,
    OneOf,
    Rule,
    Sign,
)

TOO_MANY = 1_000
"""Conditions of the cheapest kind in one OR that Trino does not compile, whatever they
stand beside (measured). Of dearer kinds it takes fewer, so less than this is no
promise.
"""


def largest(rule: Rule) -> int:
    """How many different conditions the largest `any` of a rule has, at least: values
    of one column are one list.
    """
    counts = [len(set(_leaves(part, alone=True))) for part in _disjunctions(rule)]
    return max(counts, default=0)


def _disjunctions(rule: Rule) -> Iterator[Rule]:
    """Every `any` of a rule; a negated `all` is one, too."""
    match rule:
        case AnyOf():
            yield rule
        case Not(All(parts)):
            yield AnyOf(tuple(Not(part) for part in parts))
        case All(parts):
            for part in parts:
                yield from _disjunctions(part)
        case OnColumn() | Events() | InCohort() | Not():
            pass


def _leaves(rule: Rule, *, alone: bool) -> Iterator[Hashable]:
    """Different conditions; `alone`: directly in an OR, where Trino makes one list of
    values of a column.
    """
    match rule:
        case AnyOf(parts):
            for part in parts:
                yield from _leaves(part, alone=True)
        case All(parts):
            for part in parts:
                yield from _leaves(part, alone=False)
        case OnColumn(column, Compare(Sign.EQUALS) | OneOf()) if alone:
            yield column
        case OnColumn() | Events() | InCohort() | Not():
            yield rule
