"""Functions with words between their arguments: EXTRACT, TRIM, SUBSTRING, POSITION, NORMALIZE."""

from __future__ import annotations

from runner.trino import calls
from runner.trino.cursor import Cursor, Reader, SyntaxRefused
from runner.trino.lexer import TEXT, UNICODE_TEXT
from runner.trino.tree import Call, Expression, Extract, Identifier, Text, Trim

# What Trino's EXTRACT knows.
EXTRACTED = frozenset(
    """
    year quarter month week day day_of_month day_of_week dow day_of_year doy year_of_week
    yow hour minute second timezone_minute timezone_hour
    """.split()  # noqa: SIM905  a list of words is read as one
)
_SIDES = ("BOTH", "LEADING", "TRAILING")
_AFTER_COLUMN = ("(", "+", "-", "AT", TEXT, UNICODE_TEXT)
"""What goes on with a value that begins with a name, and begins a value too."""


def _extract(cursor: Cursor) -> Expression:
    """`EXTRACT(year FROM value)`."""
    at = cursor.at
    cursor.expect_all("EXTRACT", "(")
    field = cursor.identifier()
    cursor.expect("FROM")
    value = cursor.value()
    cursor.expect(")")
    if field.quoted or field.key not in EXTRACTED:
        known = ", ".join(sorted(EXTRACTED)).upper()
        raise SyntaxRefused(at, f"Invalid EXTRACT field: it is one of {known}")
    return Extract(at, cursor.end, field.key, value)


def _trim(cursor: Cursor) -> Expression:
    """`TRIM(value)`, `TRIM(BOTH 'x' FROM value)` and what is between them."""
    at = cursor.at
    cursor.expect_all("TRIM", "(")
    if cursor.kind in _SIDES:
        found = _trim_side(cursor, at)
        if found is not None:
            return found
    if cursor.kind == "FROM":
        message = (
            "The 'trim' function must have specification, char or both arguments"
            " when it takes FROM"
        )
        raise SyntaxRefused(at, message)
    first = cursor.value()
    if cursor.take("FROM"):
        value = cursor.value()
        cursor.expect(")")
        return Trim(at, cursor.end, "both", value, first)
    what = None
    if cursor.take(","):
        what = cursor.value()
    cursor.expect(")", ",", "FROM")
    return Trim(at, cursor.end, "both", first, what)


def _trim_side(cursor: Cursor, at: int) -> Expression | None:
    """`TRIM(LEADING …`, if the word is none of a column: `trim(both)`,
    `trim(leading.name)`, `trim(both(x))`.
    """
    mark = cursor.mark()
    side = cursor.expect_any(_SIDES).lower()
    what = None
    if cursor.kind != "FROM":
        what = _trimmed(cursor)
        if what is None:
            cursor.back_to(mark)
            return None
    cursor.expect("FROM")
    value = cursor.value()
    cursor.expect(")")
    return Trim(at, cursor.end, side, value, what)


def _trimmed(cursor: Cursor) -> Expression | None:
    """What TRIM takes away, between its side and FROM; None where the side is a column."""
    column_goes_on = cursor.kind in _AFTER_COLUMN
    if calls.begins_no_value(cursor):
        return None
    try:
        what = cursor.value()
        if cursor.kind != "FROM":
            raise cursor.mismatch("FROM")
    except SyntaxRefused:
        # `both(x)` may be a call and `both + x` a sum, but `both x` is neither
        if not column_goes_on:
            raise
        return None
    return what


def _normalize(cursor: Cursor) -> Expression:
    """`NORMALIZE(value, NFC)`. NFC is what Trino takes where no form is said."""
    at = cursor.at
    name = _word(cursor)
    cursor.expect("(")
    value = cursor.value()
    form = Text(cursor.end, cursor.end, "NFC")
    if cursor.take(","):
        form_at = cursor.at
        kind = cursor.expect_any(("NFC", "NFD", "NFKC", "NFKD"))
        form = Text(form_at, cursor.end, kind)
    cursor.expect(")", ",")
    return Call(at, cursor.end, (name,), (value, form))


def _substring(cursor: Cursor) -> Expression:
    """SUBSTRING(text FROM start FOR length); with commas, it is a function as any other."""
    if cursor.ahead() != "(":
        return calls.named(cursor)
    at = cursor.at
    mark = cursor.mark()
    name = _word(cursor)
    cursor.advance()
    if _begins_no_value(cursor):
        cursor.back_to(mark)
        return calls.call(cursor)
    first_at = cursor.at
    first = cursor.value()
    if not cursor.take("FROM"):
        return calls.call_from(cursor, mark, cursor.condition_from(first_at, first))
    arguments = [first, cursor.value()]
    if cursor.take("FOR"):
        arguments.append(cursor.value())
    cursor.expect(")")
    # what Trino makes of it is a call of substr
    function = Identifier(name.at, name.end, "substr")
    return Call(at, cursor.end, (function,), tuple(arguments))


def _position(cursor: Cursor) -> Expression:
    """POSITION(part IN text); with commas, and as a name, it is as any other."""
    if cursor.ahead() != "(":
        return calls.named(cursor)
    at = cursor.at
    mark = cursor.mark()
    name = _word(cursor)
    cursor.advance()
    if _begins_no_value(cursor):
        cursor.back_to(mark)
        return calls.call(cursor)
    first_at = cursor.at
    part = cursor.value()
    if cursor.take("IN"):
        text = cursor.value()
        if cursor.take(")"):
            # what Trino makes of it is a call of strpos
            function = Identifier(name.at, name.end, "strpos")
            return Call(at, cursor.end, (function,), (text, part))
        # `position(a IN (1), b)` is a call with a condition in it
        cursor.back_to(mark)
        return calls.call(cursor)
    return calls.call_from(cursor, mark, cursor.condition_from(first_at, part))


def _begins_no_value(cursor: Cursor) -> bool:
    """True where no value begins; a condition or a quantifier may still."""
    return cursor.kind in ("NOT", "ALL") or calls.begins_no_value(cursor)


def _word(cursor: Cursor) -> Identifier:
    """The word here as the name of a function."""
    at = cursor.at
    cursor.advance()
    return Identifier(at, cursor.end, cursor.sql[at : cursor.end])


SPECIAL_READERS: dict[str, Reader] = {
    "EXTRACT": _extract,
    "TRIM": _trim,
    "NORMALIZE": _normalize,
    "SUBSTRING": _substring,
    "POSITION": _position,
    "LISTAGG": calls.listagg,
}
