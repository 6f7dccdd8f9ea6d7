"""Dates and moments as Trino reads them from texts, and the two pattern languages that
it has for them.

A moment is a `datetime` without a zone: what clocks show, in UTC where nothing else is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import isfinite

from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.tdtime import BadTime, zone

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DATE = re.compile(r"(\d{1,9})-(\d{1,2})-(\d{1,2})")
MOMENT = re.compile(
    r"(?P<year>[-+]?\d{4,})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"( (?:(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?)?"
    r"\s*(?P<zone>.+)?)?"
)
ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?"
    r"(?:T(?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?"
)


def read_date(text: str) -> date:
    """The date of a text. Raises Rejected."""
    refusal = Rejected(f"Value cannot be cast to date: {text}")
    match = DATE.fullmatch(text.strip(" \t\n\r\f\v"))
    if not match:
        if text.strip().startswith(("-", "+")):
            raise NotHere("a date with a sign before its year")
        raise refusal
    year, month, day = (int(part) for part in match.groups())
    if not 1 <= year <= 9999:
        raise NotHere("a date before the year 1 or after the year 9999")
    try:
        return date(year, month, day)
    except ValueError:
        raise refusal from None


def read_timestamp(text: str, precision: int) -> datetime:
    """The TIMESTAMP of a text; a zone in it is ignored. Raises Rejected."""
    return _read(text, precision, "timestamp")[0]


def read_moment(text: str, precision: int) -> datetime:
    """The moment of a text, in UTC, where it has no other zone. Raises Rejected, NotHere."""
    moment, named = _read(text, precision, "timestamp with time zone")
    if named not in {"", "UTC", "Z"}:
        raise NotHere("a time zone that stands in a value")
    return moment


def _read(text: str, precision: int, kind: str) -> tuple[datetime, str]:
    refusal = Rejected(f"Value cannot be cast to {kind}: {text}")
    match = MOMENT.fullmatch(text.strip(" \t\n\r\f\v"))
    if not match:
        raise refusal
    named = (match["zone"] or "").strip()
    if named and not _is_zone(named):
        raise refusal
    if not 1 <= int(match["year"]) <= 9999:
        raise NotHere("a moment before the year 1 or after the year 9999")
    fraction = _fraction(match["fraction"] or "", precision)
    return _to_seconds(match.groupdict(), refusal) + timedelta(
        microseconds=fraction
    ), named


def _to_seconds(parts: Mapping[str, str | None], refusal: Rejected) -> datetime:
    """The moment of parts in digits; parts that are missing are those of 1970-01-01.
    Raises the refusal.
    """
    dates, clock = (
        (("year", 1970), ("month", 1), ("day", 1)),
        ("hour", "minute", "second"),
    )
    year, month, day = (int(parts.get(name) or missing) for name, missing in dates)
    hour, minute, second = (int(parts.get(name) or 0) for name in clock)
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        raise refusal from None


def _to_milliseconds(parts: Mapping[str, str | None], refusal: Rejected) -> datetime:
    """The moment of parts in digits, of which `fraction` is cut off. Raises the refusal."""
    fraction = (parts.get("fraction") or "0").ljust(3, "0")[:3]
    return _to_seconds(parts, refusal) + timedelta(milliseconds=int(fraction))


def _fraction(digits: str, precision: int) -> int:
    """Microseconds of the digits after a second's point, rounded half up."""
    if not digits:
        return 0
    wanted = int(digits[: precision + 1].ljust(precision + 1, "0"))
    return (wanted + 5) // 10 * int(10 ** (6 - precision))


def _is_zone(name: str) -> bool:
    if re.fullmatch(r"[+-]\d{2}:\d{2}", name):
        return True
    try:
        zone(name)
    except BadTime:
        return False
    return True


def iso_date(text: str) -> date:
    """FROM_ISO8601_DATE. Raises Rejected."""
    match = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text)
    try:
        return (
            date(*(int(part) for part in match.groups())) if match else _week_date(text)
        )
    except ValueError:
        raise Rejected(f'Invalid format: "{text}"') from None


def _week_date(text: str) -> date:
    if match := re.fullmatch(r"(\d{4})-W(\d{2})-(\d)", text):
        return date.fromisocalendar(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{4})-W(\d{2})", text):
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    if match := re.fullmatch(r"(\d{4})-(\d{3})", text):
        return date(int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1)
    if match := re.fullmatch(r"(\d{4})(?:-(\d{2}))?", text):
        return date(int(match[1]), int(match[2] or 1), 1)
    raise Rejected(f'Invalid format: "{text}"')


def iso_moment(text: str) -> datetime:
    """FROM_ISO8601_TIMESTAMP, in UTC. Raises Rejected, NotHere for other zones."""
    match = ISO.fullmatch(text)
    if not match:
        raise NotHere("from_iso8601_timestamp of such a text")
    if match["zone"] not in {None, "Z", "+00:00", "+0000", "+00"}:
        raise NotHere("a time zone that stands in a value")
    return _to_milliseconds(match.groupdict(), Rejected(f'Invalid format: "{text}"'))


# What both pattern languages show and read


def _hour_of_12(at: datetime) -> int:
    return (at.hour + 11) % 12 + 1


def _half_of_day(at: datetime) -> str:
    return "PM" if at.hour >= 12 else "AM"


def _digits(name: str, least: int, most: int) -> str:
    """A regular expression of a part in digits."""
    return rf"(?P<{name}>\d{{{least},{most}}})"


def _reader(expression: str, function: str) -> re.Pattern[str]:
    """What reads the parts of a text. Raises NotHere."""
    try:
        return re.compile(expression, re.ASCII)
    except (
        re.error
    ):  # of texts that are escaped and digits with names, only a name can be wrong
        raise NotHere(f"{function} with the same part twice") from None


def _parsed(text: str, reader: re.Pattern[str], function: str) -> datetime:
    """The moment of a text. Raises Rejected, NotHere."""
    if match := reader.fullmatch(text):
        return _to_milliseconds(match.groupdict(), Rejected(f'Cannot parse "{text}"'))
    if re.search(r"[+-]\d", text) and not reader.match(text):
        raise NotHere(f"{function} of a text with signs")
    raise Rejected(f'Invalid format: "{text}"')


# MySQL's patterns

MYSQL: dict[str, Callable[[datetime], str]] = {
    "a": lambda at: DAYS[at.weekday()][:3],
    "b": lambda at: MONTHS[at.month - 1][:3],
    "c": lambda at: str(at.month),
    "d": lambda at: f"{at.day:02}",
    "e": lambda at: str(at.day),
    "f": lambda at: f"{at.microsecond // 1000 * 1000:06}",
    "H": lambda at: f"{at.hour:02}",
    "h": lambda at: f"{_hour_of_12(at):02}",
    "I": lambda at: f"{_hour_of_12(at):02}",
    "i": lambda at: f"{at.minute:02}",
    "j": lambda at: f"{at.timetuple().tm_yday:03}",
    "k": lambda at: str(at.hour),
    "l": lambda at: str(_hour_of_12(at)),
    "M": lambda at: MONTHS[at.month - 1],
    "m": lambda at: f"{at.month:02}",
    "p": _half_of_day,
    "r": lambda at: (
        f"{_hour_of_12(at):02}:{at.minute:02}:{at.second:02} {_half_of_day(at)}"
    ),
    "S": lambda at: f"{at.second:02}",
    "s": lambda at: f"{at.second:02}",
    "T": lambda at: f"{at.hour:02}:{at.minute:02}:{at.second:02}",
    "v": lambda at: f"{at.isocalendar().week:02}",
    "W": lambda at: DAYS[at.weekday()],
    "x": lambda at: f"{at.isocalendar().year:04}",
    "Y": lambda at: f"{at.year:04}",
    "y": lambda at: f"{at.year % 100:02}",
}
REFUSED = frozenset("DUuVwX")


def date_format(moment: datetime, pattern: str) -> str:
    """DATE_FORMAT. Raises Rejected."""
    if not pattern:
        raise Rejected("Both printing and parsing not supported")
    return "".join(
        MYSQL[letter](moment) if letter else text
        for letter, text in _mysql_pieces(pattern)
    )


@lru_cache(maxsize=500)
def _mysql_pieces(pattern: str) -> tuple[tuple[str, str], ...]:
    """The letter, or the text, of each piece; a letter that means nothing is a text.
    Raises Rejected.
    """
    pieces = []
    for letter, text in re.findall(r"%(.)|([^%]+|%$)", pattern, re.DOTALL):
        if letter in REFUSED:
            raise Rejected(f"%{letter} not supported in date format string")
        pieces.append((letter, "") if letter in MYSQL else ("", letter or text))
    return tuple(pieces)


READ = {
    "Y": ("year", 4),
    "m": ("month", 2),
    "c": ("month", 2),
    "d": ("day", 2),
    "e": ("day", 2),
    "H": ("hour", 2),
    "k": ("hour", 2),
    "i": ("minute", 2),
    "S": ("second", 2),
    "s": ("second", 2),
    "f": ("fraction", 9),
}
"""The part that a letter is, and how many digits it has at most."""


@lru_cache(maxsize=500)
def _mysql_reader(pattern: str) -> re.Pattern[str]:
    expression = ""
    for letter, text in _mysql_pieces(pattern.replace("%T", "%H:%i:%S")):
        if not letter:
            expression += re.escape(text)
        elif letter in READ:
            name, most = READ[letter]
            expression += _digits(name, 1, most)
        else:
            raise NotHere(f"date_parse with %{letter}")
    return _reader(expression, "date_parse")


def date_parse(text: str, pattern: str) -> datetime:
    """DATE_PARSE. Raises Rejected, NotHere."""
    return _parsed(text, _mysql_reader(pattern), "date_parse")


# Joda's patterns


def joda(letter: str, count: int, at: datetime) -> str:
    """What a letter shows that stands so many times. Raises NotHere."""
    match letter:
        case "y" | "Y" if count == 2:
            return f"{at.year % 100:02}"
        case "x" if count != 2:
            return f"{at.isocalendar().year:0{count}}"
        case "M" | "L" if count >= 3:
            return MONTHS[at.month - 1] if count > 3 else MONTHS[at.month - 1][:3]
        case "E":
            return DAYS[at.weekday()] if count > 3 else DAYS[at.weekday()][:3]
        case "a":
            return _half_of_day(at)
        case "S":
            return f"{at.microsecond // 1000:03}"[:count].ljust(count, "0")
        case _:
            if letter not in NUMBERS:
                raise NotHere(f"format_datetime with {letter * count}")
            return f"{NUMBERS[letter](at):0{count}}"


NUMBERS: dict[str, Callable[[datetime], int]] = {
    "y": lambda at: at.year,
    "Y": lambda at: at.year,
    "M": lambda at: at.month,
    "d": lambda at: at.day,
    "H": lambda at: at.hour,
    "k": lambda at: at.hour or 24,
    "h": _hour_of_12,
    "K": lambda at: at.hour % 12,
    "m": lambda at: at.minute,
    "s": lambda at: at.second,
    "D": lambda at: at.timetuple().tm_yday,
    "w": lambda at: at.isocalendar().week,
    "e": lambda at: at.isoweekday(),
}
PIECE = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


@lru_cache(maxsize=500)
def joda_pieces(pattern: str) -> tuple[tuple[str, int, str], ...]:
    """Letter, count and text of each piece. Raises NotHere."""
    pieces, at = [], 0
    while at < len(pattern):
        match = PIECE.match(pattern, at)
        if not match:
            raise NotHere("a pattern with a quote that does not end")
        if match[2]:
            pieces.append((match[2], len(match[0]), ""))
        else:
            quoted = (
                match[0] if match[1] is None else (match[1].replace("''", "'") or "'")
            )
            pieces.append(("", 0, quoted))
        at = match.end()
    return tuple(pieces)


def format_datetime(moment: datetime, pattern: str) -> str:
    """FORMAT_DATETIME of what clocks show in UTC. Raises NotHere."""
    return "".join(
        quoted if not letter else _zoned(letter, count, moment)
        for letter, count, quoted in joda_pieces(pattern)
    )


def _zoned(letter: str, count: int, moment: datetime) -> str:
    if letter == "z" and count < 4:
        return "UTC"
    if letter == "Z":
        return {1: "+0000", 2: "+00:00"}.get(count, "UTC")
    return joda(letter, count, moment)


JODA_READ = {
    "y": ("year", 9),
    "Y": ("year", 9),
    "M": ("month", 2),
    "d": ("day", 2),
    "H": ("hour", 2),
    "m": ("minute", 2),
    "s": ("second", 2),
    "S": ("fraction", 9),
}
"""The part that a letter is, and how many digits it has at most."""


@lru_cache(maxsize=500)
def _joda_reader(pattern: str) -> re.Pattern[str]:
    expression = ""
    pieces = joda_pieces(pattern)
    for number, (letter, count, quoted) in enumerate(pieces):
        if not letter:
            expression += re.escape(quoted)
            continue
        followed = number + 1 < len(pieces) and pieces[number + 1][0] != ""
        unread = letter not in JODA_READ or (letter == "M" and count > 2)
        if unread or (letter in "yY" and count < 4):
            raise NotHere(f"parse_datetime with {letter * count}")
        name, most = JODA_READ[letter]
        expression += (
            _digits(name, count, count) if followed else _digits(name, 1, most)
        )
    return _reader(expression, "parse_datetime")


def parse_datetime(text: str, pattern: str) -> datetime:
    """PARSE_DATETIME, in UTC. Raises Rejected, NotHere."""
    return _parsed(text, _joda_reader(pattern), "parse_datetime")


# intervals


def day_interval_text(milliseconds: int) -> str:
    """An interval of days as a text: `2 03:00:00.000`."""
    sign, rest = ("-" if milliseconds < 0 else ""), abs(milliseconds)
    seconds, thousandths = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{sign}{days} {hour:02}:{minute:02}:{second:02}.{thousandths:03}"


def year_interval_text(months: int) -> str:
    """An interval of months as a text: `1-2`."""
    years, month = divmod(abs(months), 12)
    return f"{'-' if months < 0 else ''}{years}-{month}"


def human_readable_seconds(seconds: float) -> str:
    """HUMAN_READABLE_SECONDS."""
    if not isfinite(seconds):
        raise Rejected("Invalid argument found: NaN")
    rest, shown = int(abs(seconds) + 0.5), []
    for name, length in (
        ("week", 604800),
        ("day", 86400),
        ("hour", 3600),
        ("minute", 60),
        ("second", 1),
    ):
        number, rest = divmod(rest, length)
        if number:
            shown.append(f"{number} {name}{'' if number == 1 else 's'}")
    return ", ".join(shown) or "0 seconds"


def duration(text: str) -> int:
    """PARSE_DURATION, in milliseconds. Raises Rejected."""
    units = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", text)
    if not match or match[2] not in units:
        raise NotHere("parse_duration of such a text")
    return int(float(match[1]) * units[match[2]] + 0.5)
