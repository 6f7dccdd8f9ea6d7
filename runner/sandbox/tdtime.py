"""Treasure Data's time arithmetic: zones, date texts, durations and relative intervals,
in whole seconds since 1970.
"""

from __future__ import annotations

import re
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
    if match := OFFSET.fullmatch(name):
        shift = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if match[1] == "-":
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
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        if own := text[match.end() :].strip():
            where = zone(own)
        return seconds(datetime(year, month, day, hour, minute, second, tzinfo=where))
    except ValueError:
        raise BadTime(f"Invalid time {text!r}") from None


def add(start: int, duration: str) -> int:
    """TD_TIME_ADD: whole seconds of d, h, m, s (and w), also several in a row ('1d2h')."""
    parts = DURATION.findall(duration)
    # what the parts leave out is no duration, such as a space between two
    is_whole = "".join(map("".join, parts)) == duration
    if not parts or not is_whole:
        raise BadTime(f"Invalid duration {duration!r}")
    length = 0
    for _, count, unit in parts:
        if unit in MONTHS:
            raise BadTime(f"Invalid duration {duration!r}")
        length += int(count) * FIXED_SECONDS[unit]
    # the first sign is that of all parts
    if parts[0][0] == "-":
        return start - length
    return start + length


def interval(text: str, now: int, where: tzinfo) -> tuple[int, int]:
    """TD_INTERVAL's half-open bounds. `-7d` ends where today starts; `/offset` moves
    the end; '-1h/now' reaches now.
    """
    length, _, offset = text.partition("/")
    count, unit = _duration(length)
    present = datetime.fromtimestamp(now, where)
    context = truncate(present, unit)
    if offset:
        context = _offset(offset, unit, present, where)
    start, end = _window(context, count, unit)
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
    if text == "now":
        return present
    if DURATION.fullmatch(text):
        count, own = _duration(text)
        start, _ = _window(truncate(present, own), count, own)
        return start
    return truncate(datetime.fromtimestamp(parse(text, where), where), unit)


def _window(context: datetime, count: int, unit: str) -> tuple[datetime, datetime]:
    """From a context that many units on, the earlier end first. A context within a unit
    keeps that fraction in the window.
    """
    end = _shift(truncate(context, unit), count, unit)
    return min(context, end), max(context, end)


def _shift(moment: datetime, count: int, unit: str) -> datetime:
    """A moment, so many units later."""
    if unit in MONTHS:
        # months since the year 0
        months = moment.year * 12 + moment.month - 1
        months += count * MONTHS[unit]
        return moment.replace(year=months // 12, month=months % 12 + 1)
    # by the calendar: a day may have 23 hours
    if unit == "w":
        return moment + timedelta(weeks=count)
    if unit == "d":
        return moment + timedelta(days=count)
    length = timedelta(seconds=count * FIXED_SECONDS[unit])
    return (moment.astimezone(UTC) + length).astimezone(moment.tzinfo)


def _duration(text: str) -> tuple[int, str]:
    match = DURATION.fullmatch(text)
    if not match:
        raise BadTime(f"Invalid interval {text!r}")
    return int(match[1] + match[2]), match[3]
