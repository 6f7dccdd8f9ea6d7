"""Windows of functions: what stands in OVER, and which functions may have one."""

from __future__ import annotations

from runner.trino import tree
from runner.trino.analysis.place import Place
from runner.trino.analysis.shown import shown
from runner.trino.functions import kinds
from runner.trino.tree import BoundKind
from runner.trino.types import comparable, orderable

_WHOLE = frozenset({"tinyint", "smallint", "integer", "bigint"})
_NO_DISTANCES = frozenset(
    {"varchar", "char", "boolean", "varbinary", "array", "row", "unknown"}
)
_MOVING = frozenset({"lag", "lead"})
_TAKES_NULLS = frozenset({"lag", "lead", "first_value", "last_value", "nth_value"})
_ORDER = (
    BoundKind.UNBOUNDED_PRECEDING,
    BoundKind.PRECEDING,
    BoundKind.CURRENT_ROW,
    BoundKind.FOLLOWING,
    BoundKind.UNBOUNDED_FOLLOWING,
)


def check_call(node: tree.Call, place: Place) -> None:
    """What Trino refuses of a call because of its window, or because it has none."""
    known = kinds(node.key)
    if node.window is None:
        if known == {"window"}:
            told = f"Window function {node.key} requires an OVER clause"
            place.facts.refuse(node, told, "MISSING_OVER")
        return
    window = resolved(node.window, place)
    analyze(window, place)
    facts = place.facts
    if node.filter is not None:
        facts.refuse(
            node, "FILTER is not yet supported for window functions", "NOT_SUPPORTED"
        )
    elif node.order_by:
        facts.refuse(
            node, "Window function with ORDER BY is not supported", "NOT_SUPPORTED"
        )
    elif node.distinct and known != {"scalar"}:
        told = (
            f"DISTINCT in window function parameters not yet supported: {shown(node)}"
        )
        facts.refuse(node, told, "NOT_SUPPORTED")
    elif known == {"scalar"}:
        facts.refuse(node, f"Not a window function: {node.key}", "FUNCTION_NOT_WINDOW")
    elif known and node.nulls is not tree.Nulls.UNSAID and node.key not in _TAKES_NULLS:
        told = f"Cannot specify null treatment clause for {node.key} function"
        facts.refuse(node, told, "NULL_TREATMENT_NOT_ALLOWED")
    elif node.key in _MOVING:
        _check_moving(node, window, place)


def recognises_pattern(node: tree.Call, place: Place) -> bool:
    """True where the window is one of MATCH_RECOGNIZE's kind, of which nothing is known here."""
    window = node.window
    while window is not None and window.frame is None and window.base is not None:
        window = place.windows.get(window.base.key)
    return window is not None and window.frame is not None and window.frame.pattern


def resolved(window: tree.Window, place: Place) -> tree.Window:
    """A window with what it takes from a named one."""
    if window.base is None:
        return window
    base = place.windows.get(window.base.key)
    if base is None:
        told = f"Cannot resolve WINDOW name {window.base.name}"
        place.facts.refuse(
            window.base,
            told,
            "INVALID_WINDOW_REFERENCE",
            window.base.name,
            place.windows,
        )
        return window
    base = resolved(base, place)
    return tree.Window(
        window.at,
        window.end,
        None,
        window.partition_by or base.partition_by,
        window.order_by or base.order_by,
        window.frame or base.frame,
    )


def _check_moving(node: tree.Call, window: tree.Window, place: Place) -> None:
    if not window.order_by:
        told = f"{node.key} function requires an ORDER BY window clause"
        place.facts.refuse(node.window or node, told, "MISSING_ORDER_BY")
    elif window.frame is not None:
        told = f"Cannot specify window frame for {node.key} function"
        place.facts.refuse(window.frame, told, "INVALID_WINDOW_FRAME")


def analyze(window: tree.Window, place: Place) -> None:
    """The types of what stands in a window."""
    for one in window.partition_by:
        kind = place.infer(one)
        if kind is not None and not comparable(kind):
            told = f"{kind} is not comparable, and therefore cannot be used in window function PARTITION BY"
            place.facts.refuse(one, told)
    for item in window.order_by:
        kind = place.infer(item.expression)
        if kind is not None and not orderable(kind):
            told = f"{kind} is not orderable, and therefore cannot be used in window function ORDER BY"
            place.facts.refuse(item.expression, told)
    if window.frame is not None:
        _frame(window.frame, window, place)


def _frame(frame: tree.Frame, window: tree.Window, place: Place) -> None:
    if (told := _wrong_ends(frame)) is not None:
        place.facts.refuse(frame, told, "INVALID_WINDOW_FRAME")
    bounds = (frame.start,) if frame.stop is None else (frame.start, frame.stop)
    for one, which in zip(bounds, ("start", "end"), strict=False):
        if one.value is None:
            continue
        kind = place.infer(one.value)
        whole = (
            kind is None
            or kind.base in _WHOLE
            or (kind.base == "decimal" and kind.numbers[1] == 0)
        )
        if (
            frame.kind in {"rows", "groups"}
            and not whole
            and kind is not None
            and kind.base != "unknown"
        ):
            words = f"Window frame {frame.kind.upper()} {which} value type must be exact numeric type with scale 0"
            place.facts.refuse(one.value, f"{words} (actual {kind})")
        if frame.kind == "range":
            _range(frame, window, place)


def _range(frame: tree.Frame, window: tree.Window, place: Place) -> None:
    """What a frame of values, not of rows, is counted in."""
    which = "Window frame of type RANGE PRECEDING or FOLLOWING requires"
    if not window.order_by:
        place.facts.refuse(frame, f"{which} ORDER BY", "MISSING_ORDER_BY")
        return
    kind = place.facts.types.get(window.order_by[0].expression)
    if kind is not None and kind.base in _NO_DISTANCES:
        told = f"{which} that sort item type be numeric, datetime or interval (actual: {kind})"
        place.facts.refuse(window.order_by[0].expression, told)


def _wrong_ends(frame: tree.Frame) -> str | None:
    """Why the ends of a frame do not go together."""
    start = frame.start.kind
    stop = BoundKind.CURRENT_ROW if frame.stop is None else frame.stop.kind
    if start is BoundKind.UNBOUNDED_FOLLOWING:
        return "Window frame start cannot be UNBOUNDED FOLLOWING"
    if stop is BoundKind.UNBOUNDED_PRECEDING:
        return "Window frame end cannot be UNBOUNDED PRECEDING"
    if start is BoundKind.CURRENT_ROW and stop is BoundKind.PRECEDING:
        return "Window frame starting from CURRENT ROW cannot end with PRECEDING"
    if start is BoundKind.FOLLOWING and _ORDER.index(stop) < _ORDER.index(start):
        ends = "PRECEDING" if stop is BoundKind.PRECEDING else "CURRENT ROW"
        return f"Window frame starting from FOLLOWING cannot end with {ends}"
    return None
