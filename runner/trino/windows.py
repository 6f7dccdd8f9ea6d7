"""ORDER BY, windows and their frames."""

from __future__ import annotations

from runner.trino import patterns
from runner.trino.cursor import NAMES, Cursor
from runner.trino.tree import (
    Bound,
    BoundKind,
    Expressions,
    Frame,
    NamedWindow,
    SortItem,
    SortItems,
    Window,
)

_KINDS = ("RANGE", "ROWS", "GROUPS")
_SIDES = ("PRECEDING", "FOLLOWING")
_ENDS = (")", "ORDER")
"""What may follow a window's name in its parentheses."""


def sort_items(cursor: Cursor) -> SortItems:
    """`ORDER BY a, b DESC`."""
    cursor.expect_all("ORDER", "BY")
    return cursor.list_of(lambda: sort_item(cursor))


def sort_item(cursor: Cursor) -> SortItem:
    """`a DESC NULLS LAST`."""
    at = cursor.at
    expression = cursor.expression()
    descending = cursor.take_any(("ASC", "DESC")) == "DESC"
    nulls_first = None
    if cursor.take("NULLS"):
        nulls_first = cursor.expect_any(("FIRST", "LAST")) == "FIRST"
    return SortItem(at, cursor.end, expression, descending, nulls_first)


def over(cursor: Cursor) -> Window:
    """`OVER name`, or `OVER (…)`."""
    at = cursor.at
    cursor.expect("OVER")
    if cursor.kind != "(":
        name = cursor.identifier()
        return Window(at, cursor.end, name)
    cursor.advance()
    return _specification(cursor, at)


def begins_named_windows(cursor: Cursor) -> bool:
    """True at WINDOW where it is a clause and not a name."""
    if cursor.kind != "WINDOW":
        return False
    return cursor.ahead() in NAMES and cursor.ahead(2) == "AS"


def named_window(cursor: Cursor) -> NamedWindow:
    """`name AS (…)`."""
    at = cursor.at
    name = cursor.identifier()
    cursor.expect("AS")
    window_at = cursor.at
    cursor.expect("(")
    window = _specification(cursor, window_at)
    return NamedWindow(at, cursor.end, name, window)


def partition_by(cursor: Cursor) -> Expressions:
    """PARTITION BY, where it stands here."""
    if not cursor.take_all("PARTITION", "BY"):
        return ()
    return cursor.list_of(cursor.expression)


def _specification(cursor: Cursor, at: int) -> Window:
    """What is between a window's parentheses, and the second of them."""
    base = None
    if _names_window(cursor):
        base = cursor.identifier()
    partitions = partition_by(cursor)
    # what a message lists is what could still come, clause by clause
    expected = [*_KINDS, "ORDER"]
    order_by: SortItems = ()
    if cursor.kind == "ORDER":
        order_by = sort_items(cursor)
        expected = [*_KINDS]
    frame = None
    if cursor.kind in _KINDS or cursor.kind == "MEASURES":
        frame = _frame(cursor)
        expected = []
    cursor.expect(")", *expected)
    return Window(at, cursor.end, base, partitions, order_by, frame)


def _names_window(cursor: Cursor) -> bool:
    """True if the window takes up another one. ROWS and its like are names too: `OVER
    (rows ORDER BY a)`.
    """
    kind = cursor.kind
    ahead = cursor.ahead()
    if kind not in NAMES:
        return False
    if kind == "PARTITION":
        return ahead != "BY"
    if kind == "MEASURES":
        return ahead in _ENDS or ahead in _KINDS
    if kind not in _KINDS:
        return True
    if ahead in _KINDS:
        # `rows ROWS …` is a name with a frame, and `ROWS rows PRECEDING` a frame
        return cursor.ahead(2) not in _SIDES
    return ahead in _ENDS or cursor.at_all(kind, "PARTITION", "BY")


def _frame(cursor: Cursor) -> Frame:
    """`ROWS BETWEEN a AND b`, with a pattern of rows before and after it."""
    at = cursor.at
    measures = patterns.measures(cursor)
    kind = cursor.expect_any(_KINDS).lower()
    is_between = cursor.take("BETWEEN")
    start = _bound(cursor)
    stop = None
    if is_between:
        cursor.expect("AND")
        stop = _bound(cursor)
    recognises, conditions = patterns.frame_pattern(cursor)
    if measures:
        recognises = True
    inside = (*patterns.values(measures), *conditions)
    return Frame(at, cursor.end, kind, start, stop, recognises, inside)


def _bound(cursor: Cursor) -> Bound:
    """`UNBOUNDED PRECEDING`, `CURRENT ROW` or `3 FOLLOWING`."""
    at = cursor.at
    if cursor.kind == "UNBOUNDED" and cursor.ahead() in _SIDES:
        cursor.advance()
        side = cursor.expect_any(_SIDES).lower()
        return Bound(at, cursor.end, BoundKind(f"unbounded {side}"))
    if cursor.take_all("CURRENT", "ROW"):
        return Bound(at, cursor.end, BoundKind.CURRENT_ROW)
    value = cursor.expression()
    side = cursor.expect_any(_SIDES).lower()
    return Bound(at, cursor.end, BoundKind(side), value)
