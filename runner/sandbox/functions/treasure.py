"""Treasure Data's time functions of values that only the query knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from runner.sandbox import tdtime
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions.moments import DAYS, MONTHS

LENGTHS = {"s": 19, "m": 16, "h": 13, "d": 10, "w": 10, "M": 7, "q": 7, "y": 4}
"""How much of 'yyyy-MM-dd HH:mm:ss' is left by TD_TIME_STRING's '!'."""

PIECE = re.compile(r"'(?P<quoted>[^']*)'|(?P<letter>[A-Za-z])(?P=letter)*|[^A-Za-z']+")
LETTERS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04}",
    "yy": lambda at: f"{at.year % 100:02}",
    "MM": lambda at: f"{at.month:02}",
    "M": lambda at: str(at.month),
    "MMM": lambda at: MONTHS[at.month - 1][:3],
    "MMMM": lambda at: MONTHS[at.month - 1],
    "dd": lambda at: f"{at.day:02}",
    "d": lambda at: str(at.day),
    "HH": lambda at: f"{at.hour:02}",
    "H": lambda at: str(at.hour),
    "hh": lambda at: f"{(at.hour + 11) % 12 + 1:02}",
    "h": lambda at: str((at.hour + 11) % 12 + 1),
    "mm": lambda at: f"{at.minute:02}",
    "m": lambda at: str(at.minute),
    "ss": lambda at: f"{at.second:02}",
    "s": lambda at: str(at.second),
    "SSS": lambda _: "000",
    "a": lambda at: "PM" if at.hour >= 12 else "AM",
    "EEE": lambda at: DAYS[at.weekday()][:3],
    "E": lambda at: DAYS[at.weekday()][:3],
    "EEEE": lambda at: DAYS[at.weekday()],
    "D": lambda at: str(at.timetuple().tm_yday),
    "DDD": lambda at: f"{at.timetuple().tm_yday:03}",
    "u": lambda at: f"{at.year}",
}


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
    return shown[: LENGTHS[shape[0]]] if shape.endswith("!") else shown + at.strftime("%z")


@lru_cache(maxsize=500)
def _pieces(pattern: str) -> tuple[tuple[str, str], ...]:
    """The letters, or the text, of each piece. Raises NotHere."""
    pieces = []
    for match in PIECE.finditer(pattern):
        if not match["letter"]:
            pieces.append(("", match[0] if match["quoted"] is None else match["quoted"] or "'"))
            continue
        if match[0] not in LETTERS and match[0] not in {"z", "Z", "X", "XX", "XXX"}:
            raise NotHere(f"TD_TIME_FORMAT with {match[0]}")
        pieces.append((match[0], ""))
    return tuple(pieces)


def formatted(moment: int, pattern: str, zone: str) -> str:
    """TD_TIME_FORMAT. Raises NotHere."""
    at = _at(moment, zone)
    return "".join(text if not letters else _piece(letters, at) for letters, text in _pieces(pattern))


def _piece(letters: str, at: datetime) -> str:
    if make := LETTERS.get(letters):
        return make(at)
    shift = at.strftime("%z")
    match letters:
        case "z":
            if at.tzinfo is not UTC:
                raise NotHere("TD_TIME_FORMAT with z in another time zone than UTC")
            return "UTC"
        case "Z" | "XX":
            return "Z" if letters == "XX" and shift == "+0000" else shift
        case "X":
            return "Z" if shift == "+0000" else shift.removesuffix("00") if shift.endswith("00") else shift
    return "Z" if shift == "+0000" else f"{shift[:3]}:{shift[3:]}"
