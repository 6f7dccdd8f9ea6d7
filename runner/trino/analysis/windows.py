"""Windows of functions: what stands in OVER, and which functions may have one."""

from __future__ import annotations

from runner.trino.analysis.place import Context
from runner.trino.analysis.shown import shown
from runner.trino.functions import kinds
from runner.trino.tree import (
    Bound,
    BoundKind,
    Call,
    Frame,
    Nulls,
    Window,
)
from runner.trino.types import Type, comparable, orderable

_WHOLE = frozenset({"tinyint", "smallint", "integer", "bigint"})
_NO_DISTANCES = frozenset(
    {"varchar", "char", "boolean", "varbinary", "array", "row", "unknown"}
)
_MOVING = frozenset({"lag", "lead"})
_TAKES_NULLS = frozenset({"lag", "lead", "first_value", "last_value", "nth_value"})


def check_call(node: Call, place: Context) -> None:
    """What Trino refuses of a call because of its window, or because it has none."""
    if node.window is None:
        if kinds(node.key) == {"window"}:
            told = f"Window function {node.key} requires an OVER clause"
            place.refuse(node, told, "MISSING_OVER")
        return
    window = resolved(node.window, place)
    analyze(window, place)
    _check_windowed(node, window, place)


def _check_windowed(node: Call, window: Window, place: Context) -> None:
    """What Trino refuses of a call with a window: the first of these, as it does."""
    known = kinds(node.key)
    if node.filter is not None:
        told = "FILTER is not yet supported for window functions"
        place.refuse(node, told, "NOT_SUPPORTED")
    elif node.order_by:
        told = "Window function with ORDER BY is not supported"
        place.refuse(node, told, "NOT_SUPPORTED")
    elif node.distinct and known != {"scalar"}:
        told = "DISTINCT in window function parameters not yet supported"
        place.refuse(node, f"{told}: {shown(node)}", "NOT_SUPPORTED")
    elif known == {"scalar"}:
        told = f"Not a window function: {node.key}"
        place.refuse(node, told, "FUNCTION_NOT_WINDOW")
    elif known and _treats_nulls_in_vain(node):
        told = f"Cannot specify null treatment clause for {node.key} function"
        place.refuse(node, told, "NULL_TREATMENT_NOT_ALLOWED")
    elif node.key in _MOVING:
        _check_moving(node, window, place)


def _treats_nulls_in_vain(node: Call) -> bool:
    """True for IGNORE NULLS and RESPECT NULLS where the function knows neither."""
    return node.nulls is not Nulls.UNSAID and node.key not in _TAKES_NULLS


def recognises_pattern(node: Call, place: Context) -> bool:
    """True where the window is one of MATCH_RECOGNIZE's kind, of which nothing is known here."""
    window = node.window
    # a window without a frame of its own may have that of a named one
    while window is not None and window.frame is None:
        if window.base is None:
            return False
        window = place.windows.get(window.base.key)
    if window is None or window.frame is None:
        return False
    return window.frame.pattern


def resolved(window: Window, place: Context) -> Window:
    """A window with what it takes from a named one."""
    if window.base is None:
        return window
    name = window.base
    base = place.windows.get(name.key)
    if base is None:
        told = f"Cannot resolve WINDOW name {name.name}"
        known = place.windows
        place.refuse(name, told, "INVALID_WINDOW_REFERENCE", name.name, known)
        return window
    base = resolved(base, place)
    partition_by = window.partition_by or base.partition_by
    order_by = window.order_by or base.order_by
    frame = window.frame or base.frame
    return Window(window.at, window.end, None, partition_by, order_by, frame)


def _check_moving(node: Call, window: Window, place: Context) -> None:
    """LAG and LEAD need an order, and take no frame."""
    if not window.order_by:
        told = f"{node.key} function requires an ORDER BY window clause"
        place.refuse(node.window or node, told, "MISSING_ORDER_BY")
    elif window.frame is not None:
        told = f"Cannot specify window frame for {node.key} function"
        place.refuse(window.frame, told, "INVALID_WINDOW_FRAME")


def analyze(window: Window, place: Context) -> None:
    """Find the types of what stands in a window, and refuse what cannot stand there."""
    for one in window.partition_by:
        kind = place.infer(one)
        if kind is not None and not comparable(kind):
            told = (
                f"{kind} is not comparable, and therefore cannot be used"
                " in window function PARTITION BY"
            )
            place.refuse(one, told)
    for item in window.order_by:
        kind = place.infer(item.expression)
        if kind is not None and not orderable(kind):
            told = (
                f"{kind} is not orderable, and therefore cannot be used"
                " in window function ORDER BY"
            )
            place.refuse(item.expression, told)
    if window.frame is not None:
        _frame(window.frame, window, place)


def _frame(frame: Frame, window: Window, place: Context) -> None:
    """Check the two ends of a frame."""
    told = _wrong_ends(frame)
    if told is not None:
        place.refuse(frame, told, "INVALID_WINDOW_FRAME")
    _bound(frame.start, "start", frame, window, place)
    if frame.stop is not None:
        _bound(frame.stop, "end", frame, window, place)


def _bound(
    bound: Bound, which: str, frame: Frame, window: Window, place: Context
) -> None:
    """Check the distance that a bound of a frame names, if it names one."""
    if bound.value is None:
        return
    kind = place.infer(bound.value)
    if frame.kind == "range":
        _range(frame, window, place)
    elif kind is not None and not _counts_rows(kind):
        kind_of_frame = frame.kind.upper()
        told = (
            f"Window frame {kind_of_frame} {which} value type"
            f" must be exact numeric type with scale 0 (actual {kind})"
        )
        place.refuse(bound.value, told)


def _counts_rows(kind: Type) -> bool:
    """True for a type of whole numbers, and for the bare NULL."""
    if kind.base == "decimal":
        return kind.numbers[1] == 0
    return kind.base in _WHOLE or kind.base == "unknown"


def _range(frame: Frame, window: Window, place: Context) -> None:
    """What a frame of values, not of rows, is counted in."""
    which = "Window frame of type RANGE PRECEDING or FOLLOWING requires"
    if not window.order_by:
        place.refuse(frame, f"{which} ORDER BY", "MISSING_ORDER_BY")
        return
    sorted_by = window.order_by[0].expression
    kind = place.facts.types.get(sorted_by)
    if kind is not None and kind.base in _NO_DISTANCES:
        told = f"that sort item type be numeric, datetime or interval (actual: {kind})"
        place.refuse(sorted_by, f"{which} {told}")


def _wrong_ends(frame: Frame) -> str | None:
    """Why the ends of a frame do not go together."""
    start = frame.start.kind
    stop = BoundKind.CURRENT_ROW
    if frame.stop is not None:
        stop = frame.stop.kind
    if start is BoundKind.UNBOUNDED_FOLLOWING:
        return "Window frame start cannot be UNBOUNDED FOLLOWING"
    if stop is BoundKind.UNBOUNDED_PRECEDING:
        return "Window frame end cannot be UNBOUNDED PRECEDING"
    if start is BoundKind.CURRENT_ROW and stop is BoundKind.PRECEDING:
        return "Window frame starting from CURRENT ROW cannot end with PRECEDING"
    if start is not BoundKind.FOLLOWING:
        return None
    if stop is BoundKind.PRECEDING:
        return "Window frame starting from FOLLOWING cannot end with PRECEDING"
    if stop is BoundKind.CURRENT_ROW:
        return "Window frame starting from FOLLOWING cannot end with CURRENT ROW"
    return None
