"""Conditions on columns as Trino's SQL, and their exact complements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from runner.definitions.rule import (
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
    Not,
    OnColumn,
    OneOf,
    Part,
    Rule,
    Sign,
    Test,
    Window,
)
from runner.project.sources import Column, Source, Type
from runner.sql import time_windows
from runner.sql.literals import literal
from runner.sql.names import quoted
from runner.sql.tokens import indented

TOO_MANY = {Part.CONTAINS: 700, Part.STARTS_WITH: 900, Part.ENDS_WITH: 10_000}
TOO_MANY_DENIED = {**TOO_MANY, Part.STARTS_WITH: 815}
"""The same where the condition is denied, as `not` and `fails` do."""

TOO_MANY_HELD = 650
"""So many texts, asked for one by one, are more than Trino compiles, by whatever they
stand (measured). From there on they are written as one array; below, a rule's SQL stays
as it was, and with it the cohort's fingerprint.
"""

_WIDTH = 100
"""Characters of a condition from which on it is written on several lines."""


def of_events(rule: Rule, source: Source, zone: str) -> str:
    """The condition on events themselves."""
    match rule:
        case All(parts):
            return joined("AND", _each_of_events(parts, source, zone))
        case AnyOf(parts):
            return joined("OR", _each_of_events(parts, source, zone))
        case Not(All(parts)):
            denied = map(Not, parts)
            return joined("OR", _each_of_events(denied, source, zone))
        case Not(AnyOf(parts)):
            denied = map(Not, parts)
            return joined("AND", _each_of_events(denied, source, zone))
        case Not(Not(part)):
            return of_events(part, source, zone)
        case Not(OnColumn(column, test)):
            declared = source.columns[column]
            return fails(declared, quoted(column), test, zone)
        case OnColumn(column, test):
            declared = source.columns[column]
            return holds(declared, quoted(column), test, zone)
        case Events() | InCohort() | Not():
            # the reader refuses them in the `where` of events
            raise AssertionError(rule)


def _each_of_events(rules: Iterable[Rule], source: Source, zone: str) -> list[str]:
    """The condition on events for each of these rules."""
    return [of_events(rule, source, zone) for rule in rules]


def holds(column: Column, sql: str, test: Test, zone: str) -> str:
    """That a column passes a test: NULL or false where nothing is there, but for IsNull."""
    match test:
        case Compare(Sign.EQUALS, bool() as value):
            return _is(sql, value)
        case Compare(sign, value):
            return f"{sql} {sign} {literal(value)}"
        case OneOf(values):
            listed = literal(list(values))
            return f"{sql} IN {listed}"
        case Has():
            return _has_any(sql, test, TOO_MANY)
        case Matches(pattern):
            return f"REGEXP_LIKE({sql}, {literal(pattern)})"
        case IsNull():
            return f"{sql} IS NULL"
        case Anniversary():
            return time_windows.anniversary(sql, test, zone)
        case Holds():
            return _holds_texts(sql, test)
        case Window():
            return _within(column, sql, test, zone)


def fails(column: Column, sql: str, test: Test, zone: str) -> str:
    """The exact complement of `holds`: true also where nothing is there."""
    match test:
        case IsNull():
            return f"{sql} IS NOT NULL"
        case OneOf():
            listed = literal(list(test.values))
            return f"COALESCE({sql} NOT IN {listed}, TRUE)"
        case Compare(Sign.EQUALS, value) if not isinstance(value, bool):
            return f"{sql} IS DISTINCT FROM {literal(value)}"
        case Has():
            condition = _has_any(sql, test, TOO_MANY_DENIED)
            return f"COALESCE(NOT ({condition}), TRUE)"
        case Compare() | Matches() | Anniversary() | Holds() | Window():
            condition = holds(column, sql, test, zone)
            return f"COALESCE(NOT ({condition}), TRUE)"


def _is(sql: str, value: object) -> str:
    """That a column is true, or false."""
    # Treasure Data may keep a boolean as a whole number
    if value:
        return f"CAST({sql} AS BOOLEAN)"
    return f"NOT CAST({sql} AS BOOLEAN)"


def _within(column: Column, sql: str, window: Window, zone: str) -> str:
    """That a column lies in a window; a column of dates is compared by days."""
    if column.type is Type.DATE:
        return time_windows.dates(sql, window, zone)
    return time_windows.seconds(sql, window, zone)


def _has_any(sql: str, test: Has, too_many: Mapping[Part, int]) -> str:
    """That a column has one of several texts."""
    part = test.part
    # one by one where that compiles: it reads better, and fingerprints stay
    if _number_of(test.texts) >= too_many[part]:
        texts = _array(test.texts)
        inside = _has(sql, part, "text", "LENGTH(text)")
        return f"ANY_MATCH({texts}, text -> {inside})"
    tests = []
    for text in test.texts:
        length = str(len(text))
        condition = _has(sql, part, literal(text), length)
        tests.append(condition)
    return joined("OR", tests)


def _number_of(texts: Iterable[str]) -> int:
    """How many different texts there are."""
    return len(set(texts))


def _holds_texts(sql: str, test: Holds) -> str:
    """That a list has one of several texts, or all of them."""
    function = "ANY_MATCH"
    word = "OR"
    if test.every:
        function = "ALL_MATCH"
        word = "AND"
    if _number_of(test.texts) >= TOO_MANY_HELD:
        texts = _array(test.texts)
        return f"{function}({texts}, text -> CONTAINS({sql}, text))"
    tests = [f"CONTAINS({sql}, {literal(text)})" for text in test.texts]
    return joined(word, tests)


def _has(sql: str, part: Part, text: str, length: str) -> str:
    """That a column has a text, given as SQL; `length` is its own."""
    match part:
        case Part.CONTAINS:
            return f"STRPOS({sql}, {text}) > 0"
        case Part.STARTS_WITH:
            return f"STARTS_WITH({sql}, {text})"
        case Part.ENDS_WITH:
            return f"SUBSTR({sql}, -{length}) = {text}"


def _array(texts: Iterable[str]) -> str:
    """An array of any length: ARRAY[…] takes 254 values."""
    once = sorted(set(texts))
    listed = json.dumps(once, ensure_ascii=False)
    return f"CAST(JSON_PARSE({literal(listed)}) AS ARRAY(VARCHAR))"


def joined(word: str, parts: list[str]) -> str:
    """Conditions joined; in parentheses where there are several, on lines of their own
    where they are long.
    """
    if len(parts) == 1:
        return parts[0]
    on_one_line = f" {word} ".join(parts)
    text = f"({on_one_line})"
    if len(text) <= _WIDTH and "\n" not in text:
        return text
    lines = f"\n{word} ".join(parts)
    inside = indented(lines, 2)
    return f"(\n{inside}\n)"
