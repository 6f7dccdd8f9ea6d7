"""Conditions and values: the precedence of NOT, AND, OR and of what stands between values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runner.trino import calls
from runner.trino.cursor import NAMES, QUERIES, Cursor, SyntaxRefused
from runner.trino.primaries import NUMBERS, READERS, interval
from runner.trino.tree import (
    And,
    AtTimeZone,
    Between,
    Comparator,
    Comparison,
    Expression,
    Expressions,
    Field,
    InList,
    InQuery,
    IsDistinct,
    IsNull,
    Like,
    Not,
    Operation,
    Operator,
    Or,
    QuantifiedComparison,
    Sign,
    Subscript,
    Text,
)

_COMPARATORS = {one.value: one for one in Comparator}
_OPERATORS = {one.value: one for one in Operator}
_BINDING = {"||": 1, "+": 2, "-": 2, "*": 3, "/": 3, "%": 3}
_LOOSEST = 0
_SIGNED = 4
_QUANTIFIERS = ("ALL", "ANY", "SOME")


@dataclass(frozen=True, slots=True)
class Said:
    """How a predicate begins: with NOT or without, and where."""

    negated: bool
    at: int


def expression(cursor: Cursor) -> Expression:
    """A condition or a value."""
    cursor.deepen()
    at = cursor.at
    found = _joined(cursor, at, _condition(cursor))
    cursor.rise()
    return found


def expression_from(cursor: Cursor, at: int, first: Expression) -> Expression:
    """The rest of an expression that began at `at` and whose first primary was read already."""
    return condition_from(cursor, at, _value_from(cursor, at, first, _LOOSEST))


def condition_from(cursor: Cursor, at: int, value: Expression) -> Expression:
    """The rest of an expression that began at `at` and whose first value was read already."""
    return _joined(cursor, at, _predicate(cursor, at, value))


def value(cursor: Cursor) -> Expression:
    """A value: what stands on either side of a comparison."""
    cursor.deepen()
    found = _value(cursor, _LOOSEST)
    cursor.rise()
    return found


def _joined(cursor: Cursor, at: int, first: Expression) -> Expression:
    """The conditions after the first one, which began at `at`: AND binds closer than OR."""
    alternatives: list[Expression] = []
    terms = [first]
    terms_at = at
    while cursor.kind in ("AND", "OR"):
        if cursor.take("AND"):
            terms.append(_condition(cursor))
            continue
        alternatives.append(_all_of(terms, terms_at, cursor.end))
        cursor.advance()
        terms_at = cursor.at
        terms = [_condition(cursor)]
    last = _all_of(terms, terms_at, cursor.end)
    if not alternatives:
        return last
    return Or(at, cursor.end, (*alternatives, last))


def _all_of(terms: list[Expression], at: int, end: int) -> Expression:
    """The terms between two ORs as one condition."""
    if len(terms) == 1:
        return terms[0]
    return And(at, end, tuple(terms))


def _condition(cursor: Cursor) -> Expression:
    """A value with at most one predicate, and the NOTs before it."""
    negations = []
    while cursor.kind == "NOT":
        negations.append(cursor.at)
        cursor.advance()
    at = cursor.at
    found = _predicate(cursor, at, _value(cursor, _LOOSEST))
    for negated_at in reversed(negations):
        found = Not(negated_at, cursor.end, found)
    return found


# predicates


def _predicate(cursor: Cursor, at: int, left: Expression) -> Expression:
    """What is said of a value that began at `at`; the value itself where nothing is."""
    kind = cursor.kind
    sign_at = cursor.at
    comparator = _COMPARATORS.get(kind)
    if comparator is not None:
        return _comparison(cursor, at, left, comparator)
    if kind == "IS":
        return _is(cursor, at, left)
    negated = cursor.take("NOT")
    # there is one predicate at most: Trino refuses `a = b = c`
    read = _PREDICATES.get(cursor.kind)
    if read is None:
        if negated:
            raise cursor.mismatch("BETWEEN", "IN", "LIKE")
        return left
    cursor.advance()
    return read(cursor, at, left, Said(negated, sign_at))


def _comparison(
    cursor: Cursor, at: int, left: Expression, comparator: Comparator
) -> Expression:
    """`a = b`, or `a = ALL (query)`; `a` was read already."""
    sign_at = cursor.at
    cursor.advance()
    right = None
    if not _begins_quantifier(cursor):
        right = value(cursor)
    elif cursor.ahead(2) not in QUERIES:
        right = _call_of_quantifier(cursor)
    if right is not None:
        return Comparison(at, cursor.end, comparator, left, right, sign_at)
    quantifier = cursor.expect_any(_QUANTIFIERS).lower()
    query = cursor.query_in_parentheses()
    return QuantifiedComparison(
        at, cursor.end, comparator, quantifier, left, query, sign_at
    )


def _begins_quantifier(cursor: Cursor) -> bool:
    """True at `ALL (`. ALL, ANY and SOME may also be functions."""
    return cursor.kind in _QUANTIFIERS and cursor.ahead() == "("


def _call_of_quantifier(cursor: Cursor) -> Expression | None:
    """A call of a function that is named ALL, ANY or SOME; None, and nothing read, for a
    query in parentheses.

    `= ALL ((SELECT 1) UNION SELECT 2)` is a query, and `= ALL ((SELECT 1))` a call.
    """
    mark = cursor.mark()
    first = cursor.index
    try:
        return value(cursor)
    except SyntaxRefused:
        if not _opens_query(cursor, first + 2):
            raise
    cursor.back_to(mark)
    return None


def _opens_query(cursor: Cursor, index: int) -> bool:
    """True if nothing but parentheses stands between the token of this index and a
    query's first word.
    """
    by = index - cursor.index
    while cursor.ahead(by) == "(":
        by += 1
    return cursor.ahead(by) in QUERIES


def _is(cursor: Cursor, at: int, left: Expression) -> Expression:
    """`a IS NOT NULL`, or `a IS DISTINCT FROM b`; `a` was read already."""
    sign_at = cursor.at
    cursor.advance()
    negated = cursor.take("NOT")
    if cursor.take("NULL"):
        return IsNull(at, cursor.end, left, negated)
    if cursor.kind != "DISTINCT":
        if negated:
            raise cursor.mismatch("DISTINCT", "NULL")
        raise cursor.mismatch("DISTINCT", "NOT", "NULL")
    cursor.expect_all("DISTINCT", "FROM")
    right = value(cursor)
    return IsDistinct(at, cursor.end, left, right, negated, sign_at)


def _between(cursor: Cursor, at: int, left: Expression, said: Said) -> Expression:
    """`a BETWEEN b AND c`; what stands before `b` was read already."""
    low = value(cursor)
    cursor.expect("AND")
    high = value(cursor)
    return Between(at, cursor.end, left, low, high, said.negated, said.at)


def _in(cursor: Cursor, at: int, left: Expression, said: Said) -> Expression:
    """`a IN (b, c)`, or `a IN (query)`; what stands before the parenthesis was read
    already.
    """
    cursor.expect("(")
    query = None
    options: Expressions = ()
    if cursor.kind in QUERIES:
        query = cursor.query()
    else:
        first_at = cursor.at
        first = cursor.expression()
        query = cursor.rest_of_query(first_at, first)
        if query is None:
            options = cursor.list_of(cursor.expression, first)
    cursor.expect(")")
    if query is None:
        return InList(at, cursor.end, left, options, said.negated)
    return InQuery(at, cursor.end, left, query, said.negated, said.at)


def _like(cursor: Cursor, at: int, left: Expression, said: Said) -> Expression:
    """`a LIKE b ESCAPE c`; what stands before `b` was read already."""
    pattern = value(cursor)
    escape = None
    if cursor.take("ESCAPE"):
        escape = value(cursor)
    return Like(at, cursor.end, left, pattern, escape, said.negated)


_PREDICATES: dict[str, Callable[[Cursor, int, Expression, Said], Expression]] = {
    "BETWEEN": _between,
    "IN": _in,
    "LIKE": _like,
}


# values


def _value(cursor: Cursor, loosest: int) -> Expression:
    """A value that no operator takes apart that binds less than `loosest`."""
    at = cursor.at
    if cursor.kind in ("+", "-"):
        return _value_from(cursor, at, _signed(cursor), loosest)
    return _value_from(cursor, at, primary(cursor), loosest)


def _signed(cursor: Cursor) -> Expression:
    """A value with the signs before it. A minus before a number is the number's own,
    and binds closest.
    """
    signs = []
    while cursor.kind in ("+", "-") and not _begins_number(cursor):
        signs.append((cursor.at, cursor.kind == "-"))
        cursor.advance()
    at = cursor.at
    found = _value_from(cursor, at, primary(cursor), _SIGNED)
    for sign_at, negative in reversed(signs):
        found = Sign(sign_at, cursor.end, negative, found)
    return found


def _begins_number(cursor: Cursor) -> bool:
    """True at a minus that is a number's own."""
    return cursor.kind == "-" and cursor.ahead() in NUMBERS


def _value_from(cursor: Cursor, at: int, left: Expression, loosest: int) -> Expression:
    """The operators after a value that began at `at`."""
    while True:
        kind = cursor.kind
        if kind == "AT" and cursor.ahead() == "TIME":
            left = _at_time_zone(cursor, at, left)
            continue
        binding = _BINDING.get(kind)
        if binding is None or binding < loosest:
            return left
        sign_at = cursor.at
        cursor.advance()
        right = _value(cursor, binding + 1)
        left = Operation(at, cursor.end, _OPERATORS[kind], left, right, sign_at)


def _at_time_zone(cursor: Cursor, at: int, left: Expression) -> Expression:
    """`a AT TIME ZONE b`; `a` was read already."""
    cursor.expect_all("AT", "TIME", "ZONE")
    zone_at = cursor.at
    if cursor.at_text():
        text = cursor.text()
        return AtTimeZone(at, cursor.end, left, Text(zone_at, cursor.end, text))
    if cursor.kind != "INTERVAL":
        raise cursor.mismatch("<string>", "INTERVAL")
    zone = interval(cursor)
    return AtTimeZone(at, cursor.end, left, zone)


def primary(cursor: Cursor) -> Expression:
    """A value without operators, with the fields and subscripts after it."""
    at = cursor.at
    kind = cursor.kind
    read = READERS.get(kind)
    if read is not None:
        found = read(cursor)
    elif kind in NAMES:
        found = calls.named(cursor)
    else:
        raise cursor.mismatch("<expression>")
    while True:
        if cursor.kind == "[":
            cursor.advance()
            index = value(cursor)
            cursor.expect("]")
            found = Subscript(at, cursor.end, found, index)
        elif cursor.kind == "." and cursor.ahead() != "*":
            cursor.advance()
            name = cursor.identifier()
            found = Field(at, cursor.end, found, name)
        else:
            return found
