"""Stretches of time as Treasure Data's SQL, by the time a run is for: columns of
seconds, and of dates as text.

`TD_TIME_RANGE` with constant ends lets Treasure Data skip what lies outside of them;
`TD_INTERVAL` would leave today out (docs/services.md, Treasure Data's Trino).
"""

from __future__ import annotations

from datetime import date

from runner.definitions.rule import Anniversary, Begin, Edge, FromNow, Unit, Window
from runner.sql.literals import literal

NOW = "TD_SCHEDULED_TIME()"
DAY = 86_400
NOON = 43_200

# seconds after the beginning of a unit that lie in the next one, whatever its length
_INTO_NEXT = {
    Unit.DAY: 30 * 3_600,
    Unit.WEEK: 8 * DAY,
    Unit.MONTH: 40 * DAY,
    Unit.QUARTER: 110 * DAY,
    Unit.YEAR: 400 * DAY,
}


def seconds(column: str, window: Window, zone: str) -> str:
    """The condition that a column of unix seconds lies in a window."""
    start = _second(window.start, zone)
    end = _second(window.end, zone)
    # the zone says where a day begins; all else is seconds already
    zoned = ""
    if _has_date(window):
        zoned = _zoned(zone)
    return f"TD_TIME_RANGE({column}, {start}, {end}{zoned})"


def dates(column: str, window: Window, zone: str) -> str:
    """The condition that a date as text lies in a window, day by day in the zone."""
    tests = []
    if window.start is not None:
        first = _date(window.start, zone, is_end=False)
        tests.append(f"{column} >= {first}")
    if window.end is not None:
        last = _date(window.end, zone, is_end=True)
        tests.append(f"{column} < {last}")
    return " AND ".join(tests)


def anniversary(column: str, test: Anniversary, zone: str) -> str:
    """The condition that the day of a date comes round within so many days. The stretch
    may go past the end of a year; where February has 28 days, its last one is also the
    29th's.
    """
    first = _day(0, zone, "MM-dd")
    last = _day(test.days - 1, zone, "MM-dd")
    after = _day(test.days, zone, "MM-dd")
    last = f"CASE WHEN {after} = '03-01' THEN '02-29' ELSE {last} END"
    of_year = f"SUBSTR({column}, 6, 5)"
    return (
        f"CASE WHEN {first} <= {last}\n"
        f"  THEN {of_year} BETWEEN {first} AND {last}\n"
        f"  ELSE {of_year} >= {first} OR {of_year} <= {last}\nEND"
    )


def _has_date(window: Window) -> bool:
    """True for a window with a day of the calendar at one of its ends."""
    return isinstance(window.start, date) or isinstance(window.end, date)


def _zoned(zone: str) -> str:
    """The zone as a further argument; UTC is what Treasure Data's functions take anyway."""
    if zone == "UTC":
        return ""
    return f", {literal(zone)}"


def _second(edge: Edge | None, zone: str) -> str:
    """An edge in unix seconds, or as a text that TD_TIME_RANGE understands."""
    match edge:
        case None:
            return "NULL"
        case FromNow(0):
            return NOW
        case FromNow(offset):
            return f"TD_TIME_ADD({NOW}, '{_duration(offset)}')"
        case Begin():
            return _begin(edge, zone)
        case date():
            return literal(edge.isoformat())


def _duration(offset: int) -> str:
    """A length of time as TD_TIME_ADD takes it: in days, else in hours."""
    if offset % DAY == 0:
        return f"{offset // DAY}d"
    return f"{offset // 3_600}h"


def _begin(edge: Begin, zone: str) -> str:
    """A unit's beginning: one second before it lies in the unit before, some days after
    it in the next.
    """
    zoned = _zoned(zone)
    this = f"TD_DATE_TRUNC('{edge.unit}', {NOW}{zoned})"
    if edge.shift == 0:
        return this
    other = f"{this} + {_INTO_NEXT[edge.unit]}"
    if edge.shift < 0:
        other = f"{this} - 1"
    return f"TD_DATE_TRUNC('{edge.unit}', {other}{zoned})"


def _date(edge: Edge, zone: str, *, is_end: bool) -> str:
    """An edge as a date. So many days before now are today and the days before it;
    after now, today and those after.
    """
    match edge:
        case FromNow(offset):
            days = offset // DAY
            if days < 0 or (is_end and days == 0):
                days += 1
            return _day(days, zone, "yyyy-MM-dd")
        case Begin():
            begin = _begin(edge, zone)
            return f"TD_TIME_FORMAT({begin}, 'yyyy-MM-dd', {literal(zone)})"
        case date():
            return literal(edge.isoformat())


def _day(number: int, zone: str, pattern: str) -> str:
    """The day so many days from now; counted from noon where clocks may be changed in between."""
    if number == 0:
        moment = NOW
    elif zone == "UTC":
        moment = f"TD_TIME_ADD({NOW}, '{number}d')"
    else:
        ahead = NOON + number * DAY
        sign = "+"
        if ahead < 0:
            sign = "-"
        moment = f"TD_DATE_TRUNC('day', {NOW}, {literal(zone)}) {sign} {abs(ahead)}"
    return f"TD_TIME_FORMAT({moment}, '{pattern}', {literal(zone)})"
