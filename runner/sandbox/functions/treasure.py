"""Treasure Data's time functions of values that only the query knows."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from runner.sandbox import tdtime
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions.moments import Pieces, joda, joda_pieces

LENGTHS = {"s": 19, "m": 16, "h": 13, "d": 10, "w": 10, "M": 7, "q": 7, "y": 4}
"""How much of 'yyyy-MM-dd HH:mm:ss' is left by TD_TIME_STRING's '!'."""

LIKE_JODA = frozenset(
    {
        "yyyy",
        "yy",
        "MMMM",
        "MMM",
        "MM",
        "M",
        "dd",
        "d",
        "DDD",
        "D",
        "EEEE",
        "EEE",
        "E",
        "a",
        "HH",
        "H",
        "hh",
        "h",
        "mm",
        "m",
        "ss",
        "s",
        "SSS",
    }
)
"""Letters of SimpleDateFormat that show the same in Joda."""

SHOWN = LIKE_JODA | {"u", "z", "Z", "X", "XX", "XXX"}


def _at(moment: int, zone: str) -> datetime:
    """What clocks in a zone show at a moment, which is given in seconds since 1970."""
    return datetime.fromtimestamp(moment, tdtime.zone(zone))


def seconds(text: str, zone: str) -> int | None:
    """Seconds of a text; None where it is no time."""
    try:
        return tdtime.parse(text, tdtime.zone(zone))
    except tdtime.BadTime:
        return None


def bound(text: str, zone: str) -> int:
    """Seconds of a text that TD_TIME_RANGE begins or ends with. Raises Rejected."""
    made = seconds(text, zone)
    if made is None:
        raise Rejected(f"Invalid time {text}")
    return made


def truncated(moment: int, unit: str, zone: str) -> int:
    """TD_DATE_TRUNC: the seconds at which a unit of time begins in a zone."""
    start = tdtime.truncate(_at(moment, zone), unit)
    return tdtime.seconds(start)


def string(moment: int, shape: str, zone: str) -> str:
    """TD_TIME_STRING. The shape is a unit, and perhaps a `!` for a text that ends there."""
    unit = shape[0]
    at = tdtime.truncate(_at(moment, zone), unit)
    shown = f"{at.year:04}-{at:%m-%d %H:%M:%S}"
    if shape.endswith("!"):
        return shown[: LENGTHS[unit]]
    return shown + at.strftime("%z")


@lru_cache(maxsize=500)
def _pieces(pattern: str) -> Pieces:
    """The pieces of a pattern. Raises NotHere."""
    pieces = joda_pieces(pattern)
    for piece in pieces:
        letters = piece.letter * piece.count
        if letters and letters not in SHOWN:
            raise NotHere(f"TD_TIME_FORMAT with {letters}")
    return pieces


def formatted(moment: int, pattern: str, zone: str) -> str:
    """TD_TIME_FORMAT. Raises NotHere."""
    at = _at(moment, zone)
    shown = []
    for piece in _pieces(pattern):
        if piece.letter:
            letters = piece.letter * piece.count
            shown.append(_piece(letters, at))
        else:
            shown.append(piece.text)
    return "".join(shown)


def _piece(letters: str, at: datetime) -> str:
    """What letters of a pattern show. Raises NotHere."""
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
        case "Z":
            return shift
        case _ if shift == "+0000":
            return "Z"
        case "XX":
            return shift
        case "X":
            return shift.removesuffix("00")
        case _:
            return f"{shift[:3]}:{shift[3:]}"
