"""Values without operators: literals, names, CASE, CAST and what has a grammar of its own."""

from __future__ import annotations

from runner.trino import calls
from runner.trino.cursor import NAMES, QUERIES, TEXTS, Cursor, Reader, SyntaxRefused
from runner.trino.jsoncalls import JSON_READERS
from runner.trino.lexer import BINARY, DECIMAL, DOUBLE, INTEGER, TEXT, UNICODE_TEXT
from runner.trino.special import SPECIAL_READERS
from runner.trino.tree import (
    Array,
    Boolean,
    Bytes,
    Case,
    Cast,
    Column,
    Exists,
    Expression,
    Expressions,
    Field,
    Grouping,
    Identifiers,
    Interval,
    Lambda,
    Null,
    Number,
    NumberKind,
    Present,
    Row,
    ScalarQuery,
    Sign,
    Text,
    TypedText,
    When,
)
from runner.trino.typenames import FIELDS, read_type, whole_number

NUMBERS = {
    INTEGER: NumberKind.INTEGER,
    DECIMAL: NumberKind.DECIMAL,
    DOUBLE: NumberKind.DOUBLE,
}
_LARGEST = 2**63 - 1
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


# literals


def number(cursor: Cursor) -> Expression:
    """A number, with a minus sign that is its own."""
    at = cursor.at
    negative = cursor.take("-")
    number_at = cursor.at
    kind = NUMBERS.get(cursor.kind)
    if kind is None:
        raise cursor.mismatch("<number>")
    cursor.advance()
    # 1_000 is 1000
    text = cursor.sql[number_at : cursor.end].replace("_", "")
    if kind is NumberKind.INTEGER:
        _check_whole_number(at, text, negative=negative)
    found = Number(number_at, cursor.end, kind, text)
    if not negative:
        return found
    return Sign(at, cursor.end, negative=True, value=found)


def _check_whole_number(at: int, text: str, *, negative: bool) -> None:
    """Refuse a whole number that no bigint is: the smallest one needs its sign."""
    largest = _LARGEST
    if negative:
        largest += 1
    told = "Invalid numeric literal"
    if whole_number(text) > largest:
        raise SyntaxRefused(at, f"{told}: it is greater than a bigint can be")
    if negative and not text.isdigit():
        why = "a minus sign goes with a decimal number only"
        raise SyntaxRefused(at, f"{told}: {why}")


def _null(cursor: Cursor) -> Expression:
    """`NULL`."""
    at = cursor.at
    cursor.advance()
    return Null(at, cursor.end)


def _boolean(cursor: Cursor) -> Expression:
    """`TRUE` or `FALSE`."""
    at = cursor.at
    kind = cursor.kind
    cursor.advance()
    return Boolean(at, cursor.end, kind == "TRUE")


def _text(cursor: Cursor) -> Expression:
    """`'text'`, or `U&'text'`."""
    at = cursor.at
    found = cursor.text()
    return Text(at, cursor.end, found)


def _binary(cursor: Cursor) -> Expression:
    """`X'00FF'`. Spaces between the digits are allowed."""
    at = cursor.at
    cursor.advance()
    begin = at + len("X'")
    written = cursor.sql[begin : cursor.end - 1]
    digits = "".join(written.split())
    if not _HEXADECIMAL.issuperset(digits):
        raise SyntaxRefused(at, "Binary literal can only contain hexadecimal digits")
    if len(digits) % 2:
        raise SyntaxRefused(at, "Binary literal must contain an even number of digits")
    return Bytes(at, cursor.end, bytes.fromhex(digits))


def interval(cursor: Cursor) -> Expression:
    """`INTERVAL '3' DAY`."""
    at = cursor.at
    cursor.expect("INTERVAL")
    negative = cursor.take_any(("+", "-")) == "-"
    value = cursor.text()
    unit = cursor.expect_any(FIELDS).lower()
    to = ""
    if cursor.kind == "TO" and cursor.ahead() in FIELDS:
        cursor.advance()
        to = cursor.expect_any(FIELDS).lower()
    return Interval(at, cursor.end, value, unit, to, negative)


def _interval_or_name(cursor: Cursor) -> Expression:
    """INTERVAL is a name too: `interval - '1'` takes something from a column."""
    if _begins_interval(cursor):
        return interval(cursor)
    return calls.named(cursor)


def _begins_interval(cursor: Cursor) -> bool:
    """True at `INTERVAL '3' DAY`, with a sign before the text or without."""
    by = 1
    if cursor.ahead() in ("+", "-"):
        by = 2
    if cursor.ahead(by) not in TEXTS:
        return False
    after = by + 1
    if cursor.ahead(after) == "UESCAPE":
        after += 2
    return cursor.ahead(after) in FIELDS


def _double_or_name(cursor: Cursor) -> Expression:
    """`DOUBLE PRECISION '1.5'`. DOUBLE is a name too."""
    at = cursor.at
    if cursor.ahead() != "PRECISION" or cursor.ahead(2) not in TEXTS:
        return calls.named(cursor)
    cursor.expect_all("DOUBLE", "PRECISION")
    value = cursor.text()
    return TypedText(at, cursor.end, "double", value)


def _present(cursor: Cursor) -> Expression:
    """`CURRENT_DATE`, or another of the present that takes no digits."""
    at = cursor.at
    which = cursor.kind.lower()
    cursor.advance()
    return Present(at, cursor.end, which)


def _present_time(cursor: Cursor) -> Expression:
    """`CURRENT_TIMESTAMP`, or `CURRENT_TIMESTAMP(6)`."""
    at = cursor.at
    which = cursor.kind.lower()
    cursor.advance()
    precision = None
    if cursor.take("("):
        digits_at = cursor.at
        cursor.expect(INTEGER)
        precision = whole_number(cursor.sql[digits_at : cursor.end])
        cursor.expect(")")
    return Present(at, cursor.end, which, precision)


# names


def dotted(names: Identifiers) -> Expression:
    """`a.b.c` as a column and its fields."""
    first = names[0]
    found: Expression = Column(first.at, first.end, first)
    for name in names[1:]:
        found = Field(first.at, name.end, found, name)
    return found


def _grouping(cursor: Cursor) -> Expression:
    """`GROUPING(a, b)`."""
    at = cursor.at
    cursor.expect_all("GROUPING", "(")
    columns = cursor.list_of(lambda: dotted(cursor.qualified_name()))
    cursor.expect(")", ",")
    return Grouping(at, cursor.end, columns)


# what is in parentheses


def _parentheses(cursor: Cursor) -> Expression:
    """A query, a lambda, a row, or a value, whichever the parentheses hold."""
    at = cursor.at
    if _begins_lambda(cursor):
        return _lambda(cursor)
    cursor.advance()
    if cursor.kind in QUERIES:
        query = cursor.query()
        cursor.expect(")")
        return ScalarQuery(at, cursor.end, query)
    first_at = cursor.at
    first = cursor.expression()
    longer = cursor.rest_of_query(first_at, first)
    if longer is not None:
        cursor.expect(")")
        return ScalarQuery(at, cursor.end, longer)
    if cursor.kind == ",":
        items: Expressions = cursor.list_of(cursor.expression, first)
        cursor.expect(")")
        return Row(at, cursor.end, items)
    inner_end = cursor.end
    cursor.expect(")", ",")
    if not isinstance(first, ScalarQuery):
        return first
    if first.at != first_at or first.end != inner_end:
        return first
    # `((SELECT 1))` is one query, whose place is that of all its parentheses
    return ScalarQuery(at, cursor.end, first.query)


def _begins_lambda(cursor: Cursor) -> bool:
    """True at `() ->` and at `(a, b) ->`."""
    by = 1
    while cursor.ahead(by) in NAMES and cursor.ahead(by + 1) == ",":
        by += 2
    if cursor.ahead(by) in NAMES:
        by += 1
    elif by > 1:
        return False
    return cursor.ahead(by) == ")" and cursor.ahead(by + 1) == "->"


def _lambda(cursor: Cursor) -> Expression:
    """`(a, b) -> body`."""
    at = cursor.at
    cursor.expect("(")
    parameters: Identifiers = ()
    if cursor.kind != ")":
        parameters = cursor.list_of(cursor.identifier)
    cursor.expect_all(")", "->")
    body = cursor.expression()
    return Lambda(at, cursor.end, parameters, body)


def _exists(cursor: Cursor) -> Expression:
    """`EXISTS (query)`."""
    at = cursor.at
    cursor.expect("EXISTS")
    query = cursor.query_in_parentheses()
    return Exists(at, cursor.end, query)


def _array_or_name(cursor: Cursor) -> Expression:
    """`ARRAY[a, b]`. ARRAY is a name too."""
    if cursor.ahead() != "[":
        return calls.named(cursor)
    at = cursor.at
    cursor.expect_all("ARRAY", "[")
    items: Expressions = ()
    if cursor.kind != "]":
        items = cursor.list_of(cursor.expression)
    cursor.expect("]")
    return Array(at, cursor.end, items)


# CASE and CAST


def _case(cursor: Cursor) -> Expression:
    """`CASE a WHEN b THEN c ELSE d END`, or a CASE without `a`."""
    at = cursor.at
    cursor.expect("CASE")
    operand = None
    if cursor.kind != "WHEN":
        operand = cursor.expression()
    branches = [_when(cursor)]
    while cursor.kind == "WHEN":
        branches.append(_when(cursor))
    default = None
    instead: tuple[str, ...] = ("ELSE", "WHEN")
    if cursor.take("ELSE"):
        default = cursor.expression()
        instead = ()
    cursor.expect("END", *instead)
    return Case(at, cursor.end, operand, tuple(branches), default)


def _when(cursor: Cursor) -> When:
    """`WHEN a THEN b`."""
    at = cursor.at
    cursor.expect("WHEN")
    condition = cursor.expression()
    cursor.expect("THEN")
    result = cursor.expression()
    return When(at, cursor.end, condition, result)


def _cast(cursor: Cursor) -> Expression:
    """`CAST(a AS type)`."""
    at = cursor.at
    cursor.expect_all("CAST", "(")
    value = cursor.expression()
    return _cast_to(cursor, at, value, safe=False)


def _cast_to(cursor: Cursor, at: int, value: Expression, *, safe: bool) -> Expression:
    """The rest of a CAST that began at `at`; its value was read already."""
    cursor.expect("AS")
    kind = read_type(cursor)
    cursor.expect(")")
    return Cast(at, cursor.end, value, kind, safe)


def _try_cast_or_name(cursor: Cursor) -> Expression:
    """TRY_CAST is a name too."""
    if cursor.ahead() != "(":
        return calls.named(cursor)
    at = cursor.at
    mark = cursor.mark()
    cursor.advance()
    cursor.advance()
    if calls.begins_no_value(cursor):
        cursor.back_to(mark)
        return calls.named(cursor)
    first = cursor.expression()
    if cursor.kind == "AS":
        return _cast_to(cursor, at, first, safe=True)
    return calls.call_from(cursor, mark, first)


READERS: dict[str, Reader] = {
    **SPECIAL_READERS,
    **JSON_READERS,
    "(": _parentheses,
    "-": number,
    INTEGER: number,
    DECIMAL: number,
    DOUBLE: number,
    TEXT: _text,
    UNICODE_TEXT: _text,
    BINARY: _binary,
    "NULL": _null,
    "TRUE": _boolean,
    "FALSE": _boolean,
    "INTERVAL": _interval_or_name,
    "DOUBLE": _double_or_name,
    "ARRAY": _array_or_name,
    "CASE": _case,
    "CAST": _cast,
    "TRY_CAST": _try_cast_or_name,
    "EXISTS": _exists,
    "GROUPING": _grouping,
    "CURRENT_DATE": _present,
    "CURRENT_USER": _present,
    "CURRENT_CATALOG": _present,
    "CURRENT_SCHEMA": _present,
    "CURRENT_PATH": _present,
    "CURRENT_TIME": _present_time,
    "CURRENT_TIMESTAMP": _present_time,
    "LOCALTIME": _present_time,
    "LOCALTIMESTAMP": _present_time,
}
