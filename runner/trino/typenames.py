"""A type as it is written: `decimal(10, 2)`, `row(a bigint)`, `timestamp(3) with time zone`."""

from __future__ import annotations

from runner.trino.cursor import Cursor, SyntaxRefused
from runner.trino.lexer import INTEGER
from runner.trino.tree import TypeName

FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


_BASES = {"0x": 16, "0o": 8, "0b": 2}


def whole_number(text: str) -> int:
    """The value of 12, 1_000, 0xff, 0o17 or 0b11."""
    digits = text.replace("_", "")
    prefix = digits[:2].lower()
    if prefix not in _BASES:
        return int(digits)
    return int(digits[2:], _BASES[prefix])


def read_type(cursor: Cursor) -> TypeName:
    """A type, with the arrays of it that follow."""
    at = cursor.at
    found = _first_type(cursor)
    while cursor.take("ARRAY"):
        if cursor.kind == "[":
            raise SyntaxRefused(cursor.at, "Explicit array size not supported")
        found = TypeName(at, cursor.end, "array", (found,))
    return found


def _first_type(cursor: Cursor) -> TypeName:
    """A type without the arrays of it, which may hold other types."""
    cursor.deepen()
    found = _one_type(cursor)
    cursor.rise()
    return found


def _one_type(cursor: Cursor) -> TypeName:
    """A type with a grammar of its own, or a name with arguments."""
    at = cursor.at
    kind = cursor.kind
    ahead = cursor.ahead()
    if kind == "ROW" and ahead == "(":
        return _row(cursor)
    if kind == "INTERVAL" and ahead in FIELDS:
        return _interval(cursor)
    if kind in ("TIME", "TIMESTAMP"):
        return _time(cursor)
    if cursor.take_all("DOUBLE", "PRECISION"):
        return TypeName(at, cursor.end, "double")
    if kind in ("ARRAY", "MAP") and ahead == "<":
        return _legacy(cursor)
    base = cursor.identifier().key
    arguments = _arguments(cursor)
    return TypeName(at, cursor.end, base, arguments)


def _arguments(cursor: Cursor) -> tuple[TypeName | int, ...]:
    """`(10, 2)`; nothing where no parenthesis opens."""
    if not cursor.take("("):
        return ()
    found = cursor.list_of(lambda: _argument(cursor))
    cursor.expect(")")
    return found


def _row(cursor: Cursor) -> TypeName:
    """`row(a bigint, b varchar)`."""
    at = cursor.at
    cursor.expect_all("ROW", "(")
    fields = cursor.list_of(lambda: _field(cursor))
    cursor.expect(")")
    names = tuple(name for name, _ in fields)
    types = tuple(kind for _, kind in fields)
    return TypeName(at, cursor.end, "row", types, names)


def _field(cursor: Cursor) -> tuple[str, TypeName]:
    """The name, or "", and the type of a row's field. What can be a type alone is one:
    `row(double precision)`.
    """
    mark = cursor.mark()
    first = cursor.index
    try:
        found = read_type(cursor)
    except SyntaxRefused:
        # a field's name may be one token that begins no type, such as "a b"
        if cursor.index > first + 1:
            raise
    else:
        if cursor.kind in (",", ")"):
            return "", found
    cursor.back_to(mark)
    return cursor.identifier().name, read_type(cursor)


def _interval(cursor: Cursor) -> TypeName:
    """`interval day to second`."""
    at = cursor.at
    cursor.expect("INTERVAL")
    first = cursor.expect_any(FIELDS)
    last = first
    if cursor.take("TO"):
        last = cursor.expect_any(FIELDS)
    return TypeName(at, cursor.end, f"interval {first} to {last}".lower())


def _time(cursor: Cursor) -> TypeName:
    """`timestamp(3) with time zone`."""
    at = cursor.at
    base = cursor.kind.lower()
    cursor.advance()
    arguments = _arguments(cursor)
    if len(arguments) > 1:
        # a type of that name, which the analysis refuses
        return TypeName(at, cursor.end, base, arguments)
    if cursor.take_all("WITH", "TIME", "ZONE"):
        base += " with time zone"
    else:
        cursor.take_all("WITHOUT", "TIME", "ZONE")
    return TypeName(at, cursor.end, base, arguments)


def _legacy(cursor: Cursor) -> TypeName:
    """`array<bigint>` or `map<varchar, bigint>`."""
    at = cursor.at
    base = cursor.kind.lower()
    cursor.advance()
    cursor.expect("<")
    arguments = [read_type(cursor)]
    if base == "map":
        cursor.expect(",")
        arguments.append(read_type(cursor))
    cursor.expect(">")
    return TypeName(at, cursor.end, base, tuple(arguments))


def _argument(cursor: Cursor) -> TypeName | int:
    """A number or a type between a type's parentheses."""
    at = cursor.at
    if cursor.take(INTEGER):
        return whole_number(cursor.sql[at : cursor.end])
    return read_type(cursor)
