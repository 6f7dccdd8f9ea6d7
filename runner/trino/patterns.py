"""Patterns of rows: what MATCH_RECOGNIZE and a window's frame share. They are read, and
little is kept.
"""

from __future__ import annotations

from runner.trino.cursor import NAMES, Cursor
from runner.trino.lexer import INTEGER
from runner.trino.tree import Expression, Expressions, Identifier

Named = tuple[Identifier, Expression]
"""What a measure or a definition calls a value, and the value."""


def measures(cursor: Cursor) -> tuple[Named, ...]:
    """What MEASURES makes, where it stands here."""
    if not cursor.take("MEASURES"):
        return ()
    return cursor.list_of(lambda: _measure(cursor))


def values(named: tuple[Named, ...]) -> Expressions:
    """The values of measures, without their names."""
    return tuple(value for _, value in named)


def _measure(cursor: Cursor) -> Named:
    """`value AS name`."""
    value = cursor.expression()
    cursor.expect("AS")
    return cursor.identifier(), value


def after_match(cursor: Cursor) -> bool:
    """AFTER MATCH SKIP …, INITIAL and SEEK; true if one of them is here."""
    found = False
    if cursor.take("AFTER"):
        cursor.expect_all("MATCH", "SKIP")
        _skip_to(cursor)
        found = True
    if cursor.take_any(("INITIAL", "SEEK")):
        found = True
    return found


def _skip_to(cursor: Cursor) -> None:
    """Where the next match begins: `PAST LAST ROW`, `TO NEXT ROW` or `TO LAST a`."""
    if cursor.expect_any(("TO", "PAST")) == "PAST":
        cursor.expect_all("LAST", "ROW")
        return
    if cursor.take_all("NEXT", "ROW"):
        return
    if cursor.kind in ("FIRST", "LAST") and _names_label(cursor):
        cursor.advance()
    cursor.identifier()


def _names_label(cursor: Cursor) -> bool:
    """True where a label follows FIRST or LAST, which may be labels themselves."""
    if cursor.ahead() == "PATTERN" and cursor.ahead(2) == "(":
        return False
    return cursor.ahead() in NAMES


def pattern(cursor: Cursor) -> None:
    """PATTERN (…)."""
    cursor.expect_all("PATTERN", "(")
    _row_pattern(cursor)
    cursor.expect(")")


def subsets(cursor: Cursor) -> bool:
    """SUBSET …; true if it is here."""
    if not cursor.take("SUBSET"):
        return False
    cursor.list_of(lambda: _subset(cursor))
    return True


def definitions(cursor: Cursor) -> Expressions:
    """The conditions of DEFINE."""
    cursor.expect("DEFINE")
    return cursor.list_of(lambda: _definition(cursor))


def frame_pattern(cursor: Cursor) -> tuple[bool, Expressions]:
    """What may follow a window's frame: whether it recognises a pattern, and the
    conditions it defines.
    """
    found = after_match(cursor)
    if cursor.kind == "PATTERN":
        pattern(cursor)
        found = True
    if subsets(cursor):
        found = True
    if cursor.kind != "DEFINE":
        return found, ()
    return True, definitions(cursor)


def _subset(cursor: Cursor) -> None:
    """`a = (b, c)`."""
    cursor.identifier()
    cursor.expect("=")
    cursor.names_in_parentheses()


def _definition(cursor: Cursor) -> Expression:
    """`a AS condition`: the condition."""
    cursor.identifier()
    cursor.expect("AS")
    return cursor.expression()


def _row_pattern(cursor: Cursor) -> None:
    """Patterns one after another, and alternatives with `|`."""
    cursor.deepen()
    _quantified(cursor)
    while cursor.kind not in (")", ",", "-}"):
        cursor.take("|")
        _quantified(cursor)
    cursor.rise()


def _quantified(cursor: Cursor) -> None:
    """One part of a pattern, with how often it may come."""
    if cursor.take("("):
        if cursor.kind != ")":
            _row_pattern(cursor)
        cursor.expect(")")
    elif cursor.take("{-"):
        _row_pattern(cursor)
        cursor.expect("-}")
    elif cursor.at_all("PERMUTE", "(") and cursor.ahead(2) != ")":
        cursor.expect_all("PERMUTE", "(")
        cursor.list_of(lambda: _row_pattern(cursor))
        cursor.expect(")")
    elif not cursor.take_any(("^", "$")):
        cursor.identifier()
    _quantifier(cursor)


def _quantifier(cursor: Cursor) -> None:
    """`*`, `+`, `?`, `{2}` or `{1,3}`, each with a `?` where as few rows as possible are
    wanted.
    """
    if cursor.take("{"):
        _count(cursor)
        cursor.expect("}")
    elif not cursor.take_any(("*", "+", "?")):
        return
    cursor.take("?")


def _count(cursor: Cursor) -> None:
    """The numbers between braces."""
    # `{2}` has no comma, and `{2,}`, `{,3}` and `{1,3}` have one
    if cursor.take(INTEGER) and cursor.kind == "}":
        return
    cursor.expect(",")
    cursor.take(INTEGER)


def rows_per_match(cursor: Cursor) -> bool:
    """ONE ROW PER MATCH or ALL ROWS PER MATCH, where it stands here; true for ALL ROWS."""
    if cursor.take("ONE"):
        cursor.expect_all("ROW", "PER", "MATCH")
        return False
    if not cursor.take("ALL"):
        return False
    cursor.expect_all("ROWS", "PER", "MATCH")
    if cursor.take("WITH"):
        cursor.expect_all("UNMATCHED", "ROWS")
    elif cursor.take_any(("SHOW", "OMIT")):
        cursor.expect_all("EMPTY", "MATCHES")
    return True
