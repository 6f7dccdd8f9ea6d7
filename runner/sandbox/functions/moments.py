"""Dates and moments as Trino reads them from texts, and the two pattern languages that it has for them.

A moment is a `datetime` without a zone: what clocks show, in UTC where nothing else is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
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
    parts = [int(match[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")]
    if not 1 <= parts[0] <= 9999:
        raise NotHere("a moment before the year 1 or after the year 9999")
    try:
        made = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5])  # noqa: DTZ001
    except ValueError:
        raise refusal from None
    return made + timedelta(microseconds=_fraction(match["fraction"] or "", precision)), named


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
        return date(*(int(part) for part in match.groups())) if match else _week_date(text)
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
    parts = [int(match[one] or low) for one, low in (("year", 1), ("month", 1), ("day", 1))]
    parts += [int(match[one] or 0) for one in ("hour", "minute", "second")]
    milliseconds = int((match["fraction"] or "0").ljust(3, "0")[:3])
    try:
        moment = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5])  # noqa: DTZ001
    except ValueError:
        raise Rejected(f'Invalid format: "{text}"') from None
    return moment + timedelta(milliseconds=milliseconds)


# MySQL's patterns

MYSQL: dict[str, Callable[[datetime], str]] = {
    "a": lambda at: DAYS[at.weekday()][:3],
    "b": lambda at: MONTHS[at.month - 1][:3],
    "c": lambda at: str(at.month),
    "d": lambda at: f"{at.day:02}",
    "e": lambda at: str(at.day),
    "f": lambda at: f"{at.microsecond // 1000 * 1000:06}",
    "H": lambda at: f"{at.hour:02}",
    "h": lambda at: f"{(at.hour + 11) % 12 + 1:02}",
    "I": lambda at: f"{(at.hour + 11) % 12 + 1:02}",
    "i": lambda at: f"{at.minute:02}",
    "j": lambda at: f"{at.timetuple().tm_yday:03}",
    "k": lambda at: str(at.hour),
    "l": lambda at: str((at.hour + 11) % 12 + 1),
    "M": lambda at: MONTHS[at.month - 1],
    "m": lambda at: f"{at.month:02}",
    "p": lambda at: "PM" if at.hour >= 12 else "AM",
    "r": lambda at: f"{(at.hour + 11) % 12 + 1:02}:{at.minute:02}:{at.second:02} {MYSQL['p'](at)}",
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
        _mysql(piece)(moment) if piece.startswith("%") and len(piece) == 2 else piece
        for piece in _mysql_pieces(pattern)
    )


@lru_cache(maxsize=500)
def _mysql_pieces(pattern: str) -> tuple[str, ...]:
    return tuple(re.findall(r"%.|[^%]+|%$", pattern, re.DOTALL))


def _mysql(piece: str) -> Callable[[datetime], str]:
    letter = piece[1]
    if letter in REFUSED:
        raise Rejected(f"%{letter} not supported in date format string")
    return MYSQL.get(letter) or (lambda _: letter)


READ = {
    "Y": ("year", r"(\d{1,4})"),
    "m": ("month", r"(\d{1,2})"),
    "c": ("month", r"(\d{1,2})"),
    "d": ("day", r"(\d{1,2})"),
    "e": ("day", r"(\d{1,2})"),
    "H": ("hour", r"(\d{1,2})"),
    "k": ("hour", r"(\d{1,2})"),
    "i": ("minute", r"(\d{1,2})"),
    "S": ("second", r"(\d{1,2})"),
    "s": ("second", r"(\d{1,2})"),
    "f": ("fraction", r"(\d{1,9})"),
}


@lru_cache(maxsize=500)
def _reader(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A regular expression of a MySQL pattern and what its groups are. Raises NotHere, Rejected."""
    fields, made = [], ""
    for piece in _mysql_pieces(pattern.replace("%T", "%H:%i:%S")):
        if not (piece.startswith("%") and len(piece) == 2):
            made += re.escape(piece)
        elif piece[1] in READ:
            name, expression = READ[piece[1]]
            fields.append(name)
            made += expression
        elif piece[1] in REFUSED:
            raise Rejected(f"%{piece[1]} not supported in date format string")
        elif piece[1] in MYSQL:
            raise NotHere(f"date_parse with {piece}")
        else:
            made += re.escape(piece[1])
    if len(set(fields)) < len(fields):
        raise NotHere("date_parse with the same part twice")
    return re.compile(made, re.ASCII), tuple(fields)


def date_parse(text: str, pattern: str) -> datetime:
    """DATE_PARSE. Raises Rejected."""
    expression, fields = _reader(pattern)
    match = expression.fullmatch(text)
    if not match:
        if re.search(r"[+-]\d", text) and not expression.match(text):
            raise NotHere("date_parse of a text with signs")
        raise Rejected(f'Invalid format: "{text}"')
    return _assembled(dict(zip(fields, match.groups(), strict=True)), text)


def _assembled(parts: dict[str, str], text: str) -> datetime:
    whole = [int(parts.get(one) or 1) for one in ("month", "day")]
    clock = [int(parts.get(one) or 0) for one in ("hour", "minute", "second")]
    try:
        made = datetime(int(parts.get("year") or 1970), *whole, *clock)  # type: ignore[arg-type] # noqa: DTZ001
    except ValueError:
        raise Rejected(f'Cannot parse "{text}"') from None
    return made + timedelta(milliseconds=int((parts.get("fraction") or "0").ljust(3, "0")[:3]))


# Joda's patterns


def _number(value: int, count: int) -> str:
    return f"{value:0{count}}"


def _joda(letter: str, count: int, at: datetime) -> str:
    match letter:
        case "y" | "Y" if count == 2:
            return f"{at.year % 100:02}"
        case "x" if count != 2:
            return _number(at.isocalendar().year, count)
        case "M" | "L" if count >= 3:
            return MONTHS[at.month - 1] if count > 3 else MONTHS[at.month - 1][:3]
        case "E":
            return DAYS[at.weekday()] if count > 3 else DAYS[at.weekday()][:3]
        case "a":
            return "PM" if at.hour >= 12 else "AM"
        case "S":
            return f"{at.microsecond // 1000:03}"[:count].ljust(count, "0")
    if letter not in NUMBERS:
        raise NotHere(f"format_datetime with {letter * count}")
    return _number(NUMBERS[letter](at), count)


NUMBERS: dict[str, Callable[[datetime], int]] = {
    "y": lambda at: at.year,
    "Y": lambda at: at.year,
    "M": lambda at: at.month,
    "d": lambda at: at.day,
    "H": lambda at: at.hour,
    "k": lambda at: at.hour or 24,
    "h": lambda at: (at.hour + 11) % 12 + 1,
    "K": lambda at: at.hour % 12,
    "m": lambda at: at.minute,
    "s": lambda at: at.second,
    "D": lambda at: at.timetuple().tm_yday,
    "w": lambda at: at.isocalendar().week,
    "e": lambda at: at.isoweekday(),
}
PIECE = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


@lru_cache(maxsize=500)
def _joda_pieces(pattern: str) -> tuple[tuple[str, int, str], ...]:
    """Letter, count and text of each piece. Raises NotHere."""
    pieces, at = [], 0
    while at < len(pattern):
        match = PIECE.match(pattern, at)
        if not match:
            raise NotHere("format_datetime with a quote that does not end")
        if match[2]:
            pieces.append((match[2], len(match[0]), ""))
        else:
            quoted = match[0] if match[1] is None else (match[1].replace("''", "'") or "'")
            pieces.append(("", 0, quoted))
        at = match.end()
    return tuple(pieces)


def format_datetime(moment: datetime, pattern: str) -> str:
    """FORMAT_DATETIME of what clocks show in UTC. Raises NotHere."""
    return "".join(
        quoted if not letter else _zoned(letter, count, moment) for letter, count, quoted in _joda_pieces(pattern)
    )


def _zoned(letter: str, count: int, moment: datetime) -> str:
    if letter == "z" and count < 4:
        return "UTC"
    if letter == "Z":
        return {1: "+0000", 2: "+00:00"}.get(count, "UTC")
    return _joda(letter, count, moment)


JODA_READ = {
    "y": ("year", r"(\d{1,9})"),
    "Y": ("year", r"(\d{1,9})"),
    "M": ("month", r"(\d{1,2})"),
    "d": ("day", r"(\d{1,2})"),
    "H": ("hour", r"(\d{1,2})"),
    "m": ("minute", r"(\d{1,2})"),
    "s": ("second", r"(\d{1,2})"),
    "S": ("fraction", r"(\d{1,9})"),
}


@lru_cache(maxsize=500)
def _joda_reader(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    fields, made = [], ""
    pieces = _joda_pieces(pattern)
    for number, (letter, count, quoted) in enumerate(pieces):
        if not letter:
            made += re.escape(quoted)
            continue
        followed = number + 1 < len(pieces) and pieces[number + 1][0] != ""
        unread = letter not in JODA_READ or (letter == "M" and count > 2)
        if unread or (letter in "yY" and count < 4):
            raise NotHere(f"parse_datetime with {letter * count}")
        name, expression = JODA_READ[letter]
        fields.append(name)
        made += rf"(\d{{{count}}})" if followed else expression
    if len(set(fields)) < len(fields):
        raise NotHere("parse_datetime with the same part twice")
    return re.compile(made, re.ASCII), tuple(fields)


def parse_datetime(text: str, pattern: str) -> datetime:
    """PARSE_DATETIME, in UTC. Raises Rejected."""
    expression, fields = _joda_reader(pattern)
    match = expression.fullmatch(text)
    if not match:
        if re.search(r"[+-]\d", text):
            raise NotHere("parse_datetime of a text with signs")
        raise Rejected(f'Invalid format: "{text}"')
    return _assembled(dict(zip(fields, match.groups(), strict=True)), text)


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


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
