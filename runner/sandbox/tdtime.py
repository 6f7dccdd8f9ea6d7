"""Treasure Data's time arithmetic: zones, date texts, durations and relative intervals,
in whole seconds since 1970.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIXED_HOURS = {
    "PST": -8,
    "PDT": -7,
    "MST": -7,
    "MDT": -6,
    "CST": -6,
    "CDT": -5,
    "EST": -5,
    "EDT": -4,
    "JST": 9,
}
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
DURATION = re.compile(r"([+-]?)(\d+)([smhdwMqy])")
DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?)?")
FIXED_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
MONTHS = {"M": 1, "q": 3, "y": 12}


class BadTime(ValueError):
    """A zone, date or interval that Treasure Data would not take."""


@dataclass(frozen=True, slots=True)
class Length:
    """So many units of time (s m h d w M q y); below 0 it leads back."""

    count: int
    unit: str


def zone(name: str | None) -> tzinfo:
    """A zone by Treasure Data's short names, an offset or a region; UTC where none is given."""
    if name is None:
        return UTC
    short = name.upper()
    if short in {"UTC", "GMT", "Z"}:
        return UTC
    if short in FIXED_HOURS:
        shift = timedelta(hours=FIXED_HOURS[short])
        return timezone(shift, short)
    offset = OFFSET.fullmatch(name)
    if offset:
        sign, hours, minutes = offset.groups()
        shift = timedelta(hours=int(hours), minutes=int(minutes))
        if sign == "-":
            shift = -shift
        return timezone(shift)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadTime(f"Unknown time zone {name}") from None


def parse(text: str, where: tzinfo) -> int:
    """Seconds of 'yyyy-MM-dd[ HH:mm[:ss]]', which may end in a zone of its own, or of digits."""
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    match = DATE.match(text)
    if not match:
        raise BadTime(f"Invalid time {text!r}")
    own = text[match.end() :].strip()
    parts = [int(part or 0) for part in match.groups()]
    year, month, day, hour, minute, second = parts
    try:
        if own:
            where = zone(own)
        at = datetime(year, month, day, hour, minute, second, tzinfo=where)
        return seconds(at)
    except ValueError:
        raise BadTime(f"Invalid time {text!r}") from None


def add(start: int, duration: str) -> int:
    """TD_TIME_ADD: whole seconds of d, h, m, s (and w), also several in a row ('1d2h')."""
    parts = DURATION.findall(duration)
    # what the parts leave out is no duration, such as a space between two
    read = "".join(map("".join, parts))
    if not parts or read != duration:
        raise BadTime(f"Invalid duration {duration!r}")
    length = 0
    for _, count, unit in parts:
        if unit in MONTHS:
            raise BadTime(f"Invalid duration {duration!r}")
        length += int(count) * FIXED_SECONDS[unit]
    # the first sign is that of all parts
    if duration.startswith("-"):
        return start - length
    return start + length


def interval(text: str, now: int, where: tzinfo) -> tuple[int, int]:
    """TD_INTERVAL's half-open bounds. `-7d` ends where today starts; `/offset` moves
    the end; '-1h/now' reaches now.
    """
    given, _, offset = text.partition("/")
    length = _length(given)
    present = datetime.fromtimestamp(now, where)
    context = truncate(present, length.unit)
    if offset:
        context = _offset(offset, length.unit, present, where)
    start, end = _window(context, length)
    return seconds(start), seconds(end)


def truncate(moment: datetime, unit: str) -> datetime:
    """The start of the unit (s m h d w M q y) that a moment lies in, by its zone's
    clock; weeks start on Monday.
    """
    moment = moment.replace(microsecond=0)
    match unit:
        case "s":
            return moment
        case "m":
            return moment.replace(second=0)
        case "h":
            return moment.replace(minute=0, second=0)
        case _:
            return _day_of(moment.replace(hour=0, minute=0, second=0), unit)


def _day_of(day: datetime, unit: str) -> datetime:
    """The first day of the unit (d w M q y) that a day lies in."""
    match unit:
        case "w":
            return day - timedelta(days=day.weekday())
        case "M":
            return day.replace(day=1)
        case "q":
            quarter = (day.month - 1) // 3
            return day.replace(month=quarter * 3 + 1, day=1)
        case "y":
            return day.replace(month=1, day=1)
        case _:
            return day


def seconds(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def _offset(text: str, unit: str, present: datetime, where: tzinfo) -> datetime:
    """Where a window ends or begins: `now`, a length of time ago, or a date. Raises BadTime."""
    if text == "now":
        return present
    if DURATION.fullmatch(text):
        length = _length(text)
        context = truncate(present, length.unit)
        start, _ = _window(context, length)
        return start
    at = datetime.fromtimestamp(parse(text, where), where)
    return truncate(at, unit)


def _window(context: datetime, length: Length) -> tuple[datetime, datetime]:
    """From a context that many units on, the earlier end first. A context within a unit
    keeps that fraction in the window.
    """
    begin = truncate(context, length.unit)
    end = _shift(begin, length)
    return min(context, end), max(context, end)


def _shift(moment: datetime, length: Length) -> datetime:
    """A moment, so much later."""
    count = length.count
    if length.unit in MONTHS:
        # months since the year 0
        months = moment.year * 12 + moment.month - 1
        months += count * MONTHS[length.unit]
        year, month = divmod(months, 12)
        return moment.replace(year=year, month=month + 1)
    # by the calendar: a day may have 23 hours
    if length.unit == "w":
        return moment + timedelta(weeks=count)
    if length.unit == "d":
        return moment + timedelta(days=count)
    fixed = timedelta(seconds=count * FIXED_SECONDS[length.unit])
    later = moment.astimezone(UTC) + fixed
    return later.astimezone(moment.tzinfo)


def _length(text: str) -> Length:
    """A length as an interval spells it. Raises BadTime."""
    match = DURATION.fullmatch(text)
    if not match:
        raise BadTime(f"Invalid interval {text!r}")
    sign, count, unit = match.groups()
    return Length(int(sign + count), unit)
