"""Dates and moments as Trino reads them from texts, and the two pattern languages that
it has for them.

A moment is a `datetime` without a zone: what clocks show, in UTC where nothing else is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import zip_longest
from math import isfinite

from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.tdtime import BadTime, zone

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EPOCH = {"year": 1970, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
"""What a part of a moment is that a text leaves out."""

SPACES = " \t\n\r\f\v"
DATE = re.compile(r"(\d{1,9})-(\d{1,2})-(\d{1,2})")
MOMENT = re.compile(
    r"(?P<year>[-+]?\d{4,})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"( (?:(?P<hour>\d{1,2}):(?P<minute>\d{1,2})"
    r"(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?)?"
    r"\s*(?P<zone>.+)?)?"
)
ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?"
    r"(?:T(?P<hour>\d{2})(?::(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?"
)


Reader = re.Pattern[str]
"""What finds the parts of a text."""

Parts = Mapping[str, str | None]
"""The parts of a moment in digits, by their names; None for what a text leaves out."""

DateReader = Callable[..., date]


def read_date(text: str) -> date:
    """The date of a text. Raises Rejected, NotHere."""
    refusal = Rejected(f"Value cannot be cast to date: {text}")
    match = DATE.fullmatch(text.strip(SPACES))
    if match is None:
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
    """What clocks show, with so many digits of a second, and the zone's name or "".

    Raises Rejected, NotHere.
    """
    refusal = Rejected(f"Value cannot be cast to {kind}: {text}")
    match = MOMENT.fullmatch(text.strip(SPACES))
    if match is None:
        raise refusal
    named = (match["zone"] or "").strip()
    if named and not _is_zone(named):
        raise refusal
    if not 1 <= int(match["year"]) <= 9999:
        raise NotHere("a moment before the year 1 or after the year 9999")
    whole = _to_seconds(match.groupdict(), refusal)
    fraction = _fraction(match["fraction"] or "", precision)
    return whole + timedelta(microseconds=fraction), named


def _to_seconds(parts: Parts, refusal: Rejected) -> datetime:
    """The moment of parts in digits; parts that are missing are those of 1970-01-01.

    Raises the refusal where there is no such moment.
    """
    numbers = []
    for name, missing in EPOCH.items():
        part = parts.get(name) or missing
        numbers.append(int(part))
    year, month, day, hour, minute, second = numbers
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        raise refusal from None


def _to_milliseconds(parts: Parts, refusal: Rejected) -> datetime:
    """The moment of parts in digits, of which `fraction` is cut off. Raises the refusal."""
    digits = parts.get("fraction") or "0"
    thousandths = int(digits.ljust(3, "0")[:3])
    return _to_seconds(parts, refusal) + timedelta(milliseconds=thousandths)


def _fraction(digits: str, precision: int) -> int:
    """Microseconds of the digits after a second's point, rounded half up."""
    if not digits:
        return 0
    # one digit more than wanted decides the rounding
    length = precision + 1
    wanted = digits[:length].ljust(length, "0")
    rounded = (int(wanted) + 5) // 10
    return rounded * int(10 ** (6 - precision))


def _is_zone(name: str) -> bool:
    """True for an offset, and for the name of a zone that is known here."""
    if re.fullmatch(r"[+-]\d{2}:\d{2}", name):
        return True
    try:
        zone(name)
    except BadTime:
        return False
    return True


def iso_date(text: str) -> date:
    """FROM_ISO8601_DATE. Raises Rejected."""
    refusal = Rejected(f'Invalid format: "{text}"')
    for pattern, read in ISO_DATES.items():
        match = pattern.fullmatch(text)
        if match is None:
            continue
        parts = [int(part) for part in match.groups(default="1")]
        try:
            return read(*parts)
        except ValueError:
            raise refusal from None
    raise refusal


def _of_year(year: int, day: int) -> date:
    """The date of a day of a year, from 1."""
    return date(year, 1, 1) + timedelta(days=day - 1)


def _of_month(year: int, month: int) -> date:
    return date(year, month, 1)


ISO_DATES: dict[Reader, DateReader] = {
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})"): date,
    re.compile(r"(\d{4})-W(\d{2})(?:-(\d))?"): date.fromisocalendar,
    re.compile(r"(\d{4})-(\d{3})"): _of_year,
    re.compile(r"(\d{4})(?:-(\d{2}))?"): _of_month,
}
"""The shapes of a date, each with what reads its numbers; one that is missing is 1."""


def iso_moment(text: str) -> datetime:
    """FROM_ISO8601_TIMESTAMP, in UTC. Raises Rejected, NotHere for other zones."""
    match = ISO.fullmatch(text)
    if match is None:
        raise NotHere("from_iso8601_timestamp of such a text")
    if match["zone"] not in {None, "Z", "+00:00", "+0000", "+00"}:
        raise NotHere("a time zone that stands in a value")
    return _to_milliseconds(match.groupdict(), Rejected(f'Invalid format: "{text}"'))


# What both pattern languages show and read


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a pattern: a letter and how often it stands there, or else a text."""

    letter: str = ""
    count: int = 0
    text: str = ""


Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What people call the parts of a moment, and how they count them."""

    at: datetime

    @property
    def short_year(self) -> int:
        """The year within its century."""
        return self.at.year % 100

    @property
    def month(self) -> str:
        """The name of the month."""
        return MONTHS[self.at.month - 1]

    @property
    def weekday(self) -> str:
        """The name of the day of the week."""
        return DAYS[self.at.weekday()]

    @property
    def day_of_year(self) -> int:
        """The day, counted from 1 at the first of January."""
        return self.at.timetuple().tm_yday

    @property
    def week(self) -> int:
        """The week by ISO 8601."""
        return self.at.isocalendar().week

    @property
    def year_of_week(self) -> int:
        """The year that the week belongs to."""
        return self.at.isocalendar().year

    @property
    def hour(self) -> int:
        """The hour as a clock with 12 hours shows it: 12 at midnight and at noon."""
        return (self.at.hour + 11) % 12 + 1

    @property
    def half(self) -> str:
        """AM or PM."""
        if self.at.hour >= 12:
            return "PM"
        return "AM"

    @property
    def milliseconds(self) -> int:
        """The thousandths of the second."""
        return self.at.microsecond // 1000


def _digits(name: str, least: int, most: int) -> str:
    """A regular expression of a part in digits."""
    return rf"(?P<{name}>\d{{{least},{most}}})"


def _reader(expression: str, function: str) -> Reader:
    """What reads the parts of a text. Raises NotHere."""
    try:
        return re.compile(expression, re.ASCII)
    except re.error:
        # of texts that are escaped and digits with names, only a name can be wrong
        raise NotHere(f"{function} with the same part twice") from None


def _parsed(text: str, reader: Reader, function: str) -> datetime:
    """The moment of a text. Raises Rejected, NotHere."""
    match = reader.fullmatch(text)
    if match is not None:
        refusal = Rejected(f'Cannot parse "{text}"')
        return _to_milliseconds(match.groupdict(), refusal)
    if re.search(r"[+-]\d", text) and not reader.match(text):
        raise NotHere(f"{function} of a text with signs")
    raise Rejected(f'Invalid format: "{text}"')


# MySQL's patterns

MYSQL = {
    "a": "{named.weekday:.3}",
    "b": "{named.month:.3}",
    "c": "{at.month}",
    "d": "{at.day:02}",
    "e": "{at.day}",
    "f": "{named.milliseconds:03}000",
    "H": "{at.hour:02}",
    "h": "{named.hour:02}",
    "I": "{named.hour:02}",
    "i": "{at.minute:02}",
    "j": "{named.day_of_year:03}",
    "k": "{at.hour}",
    "l": "{named.hour}",
    "M": "{named.month}",
    "m": "{at.month:02}",
    "p": "{named.half}",
    "r": "{named.hour:02}:{at.minute:02}:{at.second:02} {named.half}",
    "S": "{at.second:02}",
    "s": "{at.second:02}",
    "T": "{at.hour:02}:{at.minute:02}:{at.second:02}",
    "v": "{named.week:02}",
    "W": "{named.weekday}",
    "x": "{named.year_of_week:04}",
    "Y": "{at.year:04}",
    "y": "{named.short_year:02}",
}
"""What a letter shows, of a moment (`at`) and of what people call its parts (`named`)."""

REFUSED = frozenset("DUuVwX")


def date_format(moment: datetime, pattern: str) -> str:
    """DATE_FORMAT. Raises Rejected."""
    if not pattern:
        raise Rejected("Both printing and parsing not supported")
    named = Named(moment)
    shown = []
    for piece in _mysql_pieces(pattern):
        if piece.letter:
            shape = MYSQL[piece.letter]
            shown.append(shape.format(at=moment, named=named))
        else:
            shown.append(piece.text)
    return "".join(shown)


@lru_cache(maxsize=500)
def _mysql_pieces(pattern: str) -> Pieces:
    """The pieces of a pattern; a letter that means nothing is a text.

    Raises Rejected.
    """
    pieces = []
    for letter, text in re.findall(r"%(.)|([^%]+|%$)", pattern, re.DOTALL):
        if letter in REFUSED:
            raise Rejected(f"%{letter} not supported in date format string")
        if letter in MYSQL:
            pieces.append(Piece(letter))
        else:
            pieces.append(Piece(text=letter or text))
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
def _mysql_reader(pattern: str) -> Reader:
    """What reads a text of a pattern. Raises Rejected, NotHere."""
    expression = ""
    in_full = pattern.replace("%T", "%H:%i:%S")
    for piece in _mysql_pieces(in_full):
        if not piece.letter:
            expression += re.escape(piece.text)
        elif piece.letter in READ:
            name, most = READ[piece.letter]
            expression += _digits(name, 1, most)
        else:
            raise NotHere(f"date_parse with %{piece.letter}")
    return _reader(expression, "date_parse")


def date_parse(text: str, pattern: str) -> datetime:
    """DATE_PARSE: what clocks show. Raises Rejected, NotHere."""
    return _parsed(text, _mysql_reader(pattern), "date_parse")


# Joda's patterns


def joda(letter: str, count: int, at: datetime) -> str:
    """What a letter shows that stands so many times. Raises NotHere."""
    named = Named(at)
    match letter:
        case "y" | "Y" if count == 2:
            return f"{named.short_year:02}"
        case "x" if count != 2:
            return f"{named.year_of_week:0{count}}"
        case "M" | "L" if count >= 3:
            return _name(named.month, count)
        case "E":
            return _name(named.weekday, count)
        case "a":
            return named.half
        case "S":
            digits = f"{named.milliseconds:03}"
            return digits[:count].ljust(count, "0")
        case _:
            if letter not in NUMBERS:
                raise NotHere(f"format_datetime with {letter * count}")
            return f"{NUMBERS[letter](at):0{count}}"


Number = Callable[[datetime], int]


def _name(name: str, count: int) -> str:
    """A name in full for four letters or more, else its beginning."""
    if count > 3:
        return name
    return name[:3]


NUMBERS: dict[str, Number] = {
    "y": lambda at: at.year,
    "Y": lambda at: at.year,
    "M": lambda at: at.month,
    "d": lambda at: at.day,
    "H": lambda at: at.hour,
    "k": lambda at: at.hour or 24,
    "h": lambda at: Named(at).hour,
    "K": lambda at: at.hour % 12,
    "m": lambda at: at.minute,
    "s": lambda at: at.second,
    "D": lambda at: Named(at).day_of_year,
    "w": lambda at: Named(at).week,
    "e": lambda at: at.isoweekday(),
}
"""The number that a letter shows, with as many digits at least as it stands there."""

PIECE = re.compile(
    r"'(?P<quoted>(?:[^']|'')*)'"
    r"|(?P<letter>[A-Za-z])(?P=letter)*"
    r"|[^A-Za-z']+"
)


@lru_cache(maxsize=500)
def joda_pieces(pattern: str) -> Pieces:
    """The pieces of a pattern. Raises NotHere."""
    pieces = []
    at = 0
    while at < len(pattern):
        match = PIECE.match(pattern, at)
        if match is None:
            raise NotHere("a pattern with a quote that does not end")
        if match["letter"]:
            count = len(match[0])
            pieces.append(Piece(match["letter"], count))
        else:
            pieces.append(Piece(text=_unquoted(match)))
        at = match.end()
    return tuple(pieces)


def _unquoted(piece: re.Match[str]) -> str:
    """The text of a piece that is no letter; two quotes are one, within quotes or alone."""
    quoted = piece["quoted"]
    if quoted is None:
        return piece[0]
    return quoted.replace("''", "'") or "'"


def format_datetime(moment: datetime, pattern: str) -> str:
    """FORMAT_DATETIME of what clocks show in UTC. Raises NotHere."""
    shown = []
    for piece in joda_pieces(pattern):
        if piece.letter:
            shown.append(_zoned(piece.letter, piece.count, moment))
        else:
            shown.append(piece.text)
    return "".join(shown)


OFFSETS = {1: "+0000", 2: "+00:00"}
"""What so many letters Z show of UTC."""


def _zoned(letter: str, count: int, moment: datetime) -> str:
    """What a letter shows of a moment in UTC. Raises NotHere."""
    if letter == "z" and count < 4:
        return "UTC"
    if letter == "Z":
        return OFFSETS.get(count, "UTC")
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
def _joda_reader(pattern: str) -> Reader:
    """What reads a text of a pattern. Raises NotHere."""
    expression = ""
    pieces = joda_pieces(pattern)
    for piece, after in zip_longest(pieces, pieces[1:], fillvalue=Piece()):
        if not piece.letter:
            expression += re.escape(piece.text)
            continue
        _check_read(piece.letter, piece.count)
        name, most = JODA_READ[piece.letter]
        # digits that follow each other are told apart by how many letters there are
        if after.letter:
            expression += _digits(name, piece.count, piece.count)
        else:
            expression += _digits(name, 1, most)
    return _reader(expression, "parse_datetime")


def _check_read(letter: str, count: int) -> None:
    """Raises NotHere for letters that are not read as digits here."""
    is_name = letter == "M" and count > 2
    is_short_year = letter in "yY" and count < 4
    if letter not in JODA_READ or is_name or is_short_year:
        raise NotHere(f"parse_datetime with {letter * count}")


def parse_datetime(text: str, pattern: str) -> datetime:
    """PARSE_DATETIME, in UTC. Raises Rejected, NotHere."""
    return _parsed(text, _joda_reader(pattern), "parse_datetime")


# intervals

SECONDS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}
"""How many seconds a unit has, the greatest first."""

MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
"""How many milliseconds a unit of PARSE_DURATION has."""


def day_interval_text(milliseconds: int) -> str:
    """An interval of days as a text: `2 03:00:00.000`."""
    seconds, thousandths = divmod(abs(milliseconds), 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{hour:02}:{minute:02}:{second:02}.{thousandths:03}"
    return f"{_minus(milliseconds)}{days} {clock}"


def _minus(value: int) -> str:
    if value < 0:
        return "-"
    return ""


def year_interval_text(months: int) -> str:
    """An interval of months as a text: `1-2`."""
    years, month = divmod(abs(months), 12)
    return f"{_minus(months)}{years}-{month}"


def human_readable_seconds(seconds: float) -> str:
    """HUMAN_READABLE_SECONDS, such as `1 hour, 2 seconds`. Raises Rejected."""
    if not isfinite(seconds):
        raise Rejected("Invalid argument found: NaN")
    rest = int(abs(seconds) + 0.5)
    shown = []
    for name, length in SECONDS.items():
        number, rest = divmod(rest, length)
        if number == 1:
            shown.append(f"1 {name}")
        elif number > 1:
            shown.append(f"{number} {name}s")
    return ", ".join(shown) or "0 seconds"


def duration(text: str) -> int:
    """PARSE_DURATION, in milliseconds. Raises Rejected."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", text)
    if match is None:
        raise NotHere("parse_duration of such a text")
    number, unit = match.groups()
    if unit not in MILLISECONDS:
        raise NotHere("parse_duration of such a text")
    return int(float(number) * MILLISECONDS[unit] + 0.5)
