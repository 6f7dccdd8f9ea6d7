"""Treasure Data's time functions of values that only the query knows."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from runner.sandbox import tdtime
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions.moments import joda, joda_pieces

LENGTHS = {"s": 19, "m": 16, "h": 13, "d": 10, "w": 10, "M": 7, "q": 7, "y": 4}
"""How much of 'yyyy-MM-dd HH:mm:ss' is left by TD_TIME_STRING's '!'."""

LIKE_JODA = frozenset({
    "yyyy", "yy", "MMMM", "MMM", "MM", "M", "dd", "d", "DDD", "D", "EEEE", "EEE", "E",
    "a", "HH", "H", "hh", "h", "mm", "m", "ss", "s", "SSS",
})  # fmt: skip
"""Letters of SimpleDateFormat that show the same in Joda."""

SHOWN = LIKE_JODA | {"u", "z", "Z", "X", "XX", "XXX"}


def _at(moment: int, zone: str) -> datetime:
    return datetime.fromtimestamp(moment, tdtime.zone(zone))


def seconds(text: str, zone: str) -> int | None:
    """Seconds of a text; None where it is no time."""
    try:
        return tdtime.parse(text, tdtime.zone(zone))
    except tdtime.BadTime:
        return None


def bound(text: str, zone: str) -> int:
    """Seconds of a text that TD_TIME_RANGE begins or ends with. Raises Rejected."""
    if (made := seconds(text, zone)) is None:
        raise Rejected(f"Invalid time {text}")
    return made


def truncated(moment: int, unit: str, zone: str) -> int:
    """TD_DATE_TRUNC."""
    return tdtime.seconds(tdtime.truncate(_at(moment, zone), unit))


def string(moment: int, shape: str, zone: str) -> str:
    """TD_TIME_STRING."""
    at = tdtime.truncate(_at(moment, zone), shape[0])
    shown = f"{at.year:04}-{at:%m-%d %H:%M:%S}"
    return (
        shown[: LENGTHS[shape[0]]] if shape.endswith("!") else shown + at.strftime("%z")
    )


@lru_cache(maxsize=500)
def _pieces(pattern: str) -> tuple[tuple[str, str], ...]:
    """The letters, or the text, of each piece. Raises NotHere."""
    pieces = []
    for letter, count, text in joda_pieces(pattern):
        letters = letter * count
        if letters and letters not in SHOWN:
            raise NotHere(f"TD_TIME_FORMAT with {letters}")
        pieces.append((letters, text))
    return tuple(pieces)


def formatted(moment: int, pattern: str, zone: str) -> str:
    """TD_TIME_FORMAT. Raises NotHere."""
    at = _at(moment, zone)
    return "".join(
        text if not letters else _piece(letters, at)
        for letters, text in _pieces(pattern)
    )


def _piece(letters: str, at: datetime) -> str:
    if letters in LIKE_JODA:
        return joda(letters[0], len(letters), at)
    shift = at.strftime("%z")
    match letters:
        case "u":
            return str(at.year)
        case "z":
            if at.tzinfo is not UTC:
                raise NotHere("TD_TIME_FORMAT with z in another time zone than UTC")
            return "UTC"
        case "Z" | "XX":
            return "Z" if letters == "XX" and shift == "+0000" else shift
        case "X":
            return (
                "Z"
                if shift == "+0000"
                else shift.removesuffix("00")
                if shift.endswith("00")
                else shift
            )
        case _:
            return "Z" if shift == "+0000" else f"{shift[:3]}:{shift[3:]}"
