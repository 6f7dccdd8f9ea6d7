"""Functions of dates and moments."""

from __future__ import annotations

from runner.sandbox.duck import expressions
from runner.sandbox.duck.casts import as_text, cast, local, stamp
from runner.sandbox.duck.extracts import OF_DATE, OF_TIME, field_of
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.duck.site import Emitter, Emitters, Site
from runner.sandbox.duck.storage import DATE, DOUBLE, in_utc, precision_of, python
from runner.sandbox.duck.zones import zone_of
from runner.trino.types import Type

DATES = ("day", "week", "month", "quarter", "year")
LENGTHS = {
    "millisecond": 1,
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
"""How many milliseconds a unit has."""

STEPS = {"month": 1, "quarter": 3, "year": 12}
"""How many months a unit has."""

MOMENTS = ("date", "timestamp", "timestamp with time zone")


def _unit(site: Site, of: Type) -> str:
    """The literal unit of DATE_DIFF and its like. Raises NotHere, Rejected."""
    unit = site.literal(0)
    if unit is None:
        raise site.refuse("a unit that is not a literal")
    unit = unit.lower()
    if of.base == "date" and unit not in DATES:
        raise Rejected(f"'{unit}' is not a valid DATE field")
    if unit not in {*LENGTHS, *STEPS}:
        raise Rejected(f"'{unit}' is not a valid TIMESTAMP field")
    return unit


def _difference(site: Site) -> str:
    """DATE_DIFF: whole units from one date or moment to another."""
    kind = site.types[1]
    unit = _unit(site, kind)
    one, other = site.arguments[1:]
    last = site.types[2]
    if last.base != kind.base or kind.base not in MOMENTS:
        raise site.refuse()
    if kind.base == "timestamp with time zone":
        _check_difference(site, unit)
        one = local(one, "UTC")
        other = local(other, "UTC")
    if unit in STEPS:
        return _in_months(one, other, STEPS[unit])
    if kind.base == "date":
        return _in_days(one, other, unit)
    return f"(trino_milliseconds({other}, {one}) // {LENGTHS[unit]})"


def _check_difference(site: Site, unit: str) -> None:
    """Raises NotHere for a unit whose length hangs on a zone that is not UTC."""
    zone = site.zone(1)
    zones = {zone, site.zone(2)}
    if unit in {"day", "week", *STEPS} and zones != {"UTC"}:
        raise site.refuse(f"{unit} in the time zone {zone}")


def _in_months(one: str, other: str, step: int) -> str:
    """Whole months, quarters or years from one date or moment to another."""
    months = f"trino_months({one}, {other})"
    if step == 1:
        return months
    return f"({months} // {step})"


def _in_days(one: str, other: str, unit: str) -> str:
    """Whole days or weeks from one date to another."""
    days = f"({other} - {one})"
    if unit == "day":
        return days
    return f"({days} // 7)"


def _added(site: Site) -> str:
    """DATE_ADD: a date or a moment, and so many units."""
    kind = site.types[2]
    unit = _unit(site, kind)
    number, moment = site.arguments[1:]
    if kind.base == "date":
        return _date_moved(moment, unit, number)
    if unit == "millisecond" and precision_of(kind) < 3:
        raise site.refuse("milliseconds of a moment without them")
    if kind.base == "timestamp":
        return _moved(moment, unit, number)
    if kind.base != "timestamp with time zone":
        raise site.refuse()
    zone = site.zone(2)
    if unit in {"day", "week", *STEPS}:
        # such a unit ends when the clocks of the zone show the same time again
        moved = _moved(local(moment, zone), unit, number)
        return local(moved, zone)
    return _moved(moment, unit, number)


def _months(unit: str, number: str) -> str:
    """So many months, quarters or years, as an interval of DuckDB."""
    return f"to_months(CAST({number} * {STEPS[unit]} AS INTEGER))"


def _date_moved(day: str, unit: str, number: str) -> str:
    """A date so many units later."""
    if unit in STEPS:
        months = _months(unit, number)
        return f"CAST({day} + {months} AS DATE)"
    length = {"day": 1, "week": 7}[unit]
    return f"({day} + CAST({number} * {length} AS INTEGER))"


def _moved(moment: str, unit: str, number: str) -> str:
    """What clocks show so many units later."""
    if unit in STEPS:
        months = _months(unit, number)
        return f"({moment} + {months})"
    return f"({moment} + to_milliseconds({number} * {LENGTHS[unit]}))"


def _truncated(site: Site) -> str:
    """DATE_TRUNC: the start of the unit that a date or a moment is in. Raises NotHere."""
    kind = site.types[1]
    unit = _unit(site, kind)
    moment = site.second
    if unit == "millisecond":
        raise site.refuse(unit)
    if kind.base == "timestamp with time zone":
        zone = site.zone(1)
        shown = local(moment, zone)
        start = f"date_trunc('{unit}', {shown})"
        return local(start, zone)
    made = f"date_trunc('{unit}', {moment})"
    if kind.base == "date":
        # DuckDB makes a TIMESTAMP of a date
        return f"CAST({made} AS DATE)"
    return made


def _moment_in_zone(site: Site) -> str:
    """What clocks show at the moment of the first argument: a TIMESTAMP."""
    if site.base == "timestamp with time zone":
        return local(site.first, site.zone(0))
    if site.base in {"date", "timestamp"}:
        return f"CAST({site.first} AS TIMESTAMP)"
    raise site.refuse()


def _date_format(site: Site) -> str:
    """DATE_FORMAT of what clocks show."""
    moment = _moment_in_zone(site)
    return python("date_format", "VARCHAR", moment, site.second)


def _date_parse(site: Site) -> str:
    """DATE_PARSE with one of MySQL's patterns, in Python."""
    return python("date_parse", "TIMESTAMP", *site.arguments)


def _format_datetime(site: Site) -> str:
    """FORMAT_DATETIME with one of Joda's patterns, in Python. Raises NotHere."""
    zoned = site.base == "timestamp with time zone"
    if zoned and site.zone(0) != "UTC":
        pattern = site.literal(1)
        if pattern is None or "z" in pattern or "Z" in pattern:
            raise site.refuse("a zone in its pattern")
    moment = _moment_in_zone(site)
    return python("format_datetime", "VARCHAR", moment, site.second, str(zoned))


def _in_utc(function: str) -> Emitter:
    """Python reads a text: it gives what clocks in UTC show."""

    def emit(site: Site) -> str:
        moment = python(function, "TIMESTAMP", *site.arguments)
        return in_utc(moment)

    return emit


def _from_unixtime(site: Site) -> str:
    """FROM_UNIXTIME of seconds, perhaps in a zone. Raises NotHere."""
    if site.count > 2:
        raise site.refuse("hours and minutes")
    # asked for what it raises
    site.zone(0)
    if site.count == 2 and site.literal(1) is None:
        raise site.refuse("a zone that is not a literal")
    return f"trino_from_unixtime({site.first})"


def _to_unixtime(site: Site) -> str:
    """TO_UNIXTIME: seconds as a double. Raises NotHere."""
    if site.base not in MOMENTS:
        raise site.refuse()
    moment = site.first
    if site.base == "timestamp with time zone":
        moment = local(moment, "UTC")
    return f"(CAST(epoch_us({moment}) AS DOUBLE) / 1e6)"


def _date(site: Site) -> str:
    """DATE: the date that clocks show."""
    return cast(site.first, site.kind, DATE, zone=site.zone(0))


def _field(name: str) -> Emitter:
    """YEAR and its like, which are EXTRACT under names of their own."""

    def emit(site: Site) -> str:
        return field_of(name, site.first, site.kind, site.zone(0))

    return emit


def _last_day(site: Site) -> str:
    """LAST_DAY_OF_MONTH of what clocks show."""
    return f"last_day({_moment_in_zone(site)})"


def _to_iso8601(site: Site) -> str:
    """TO_ISO8601 of a date, or of a moment in UTC. Raises NotHere."""
    kind = site.kind
    if kind.base == "date":
        return as_text(site.first, kind)
    moment = stamp(_moment_in_zone(site), precision_of(kind))
    shown = f"replace({moment}, ' ', 'T')"
    if kind.base == "timestamp":
        return shown
    if site.zone(0) != "UTC":
        raise site.refuse("another time zone than UTC")
    return f"({shown} || 'Z')"


def _with_timezone(site: Site) -> str:
    """WITH_TIMEZONE: the moment at which clocks in a zone show a TIMESTAMP."""
    zone = zone_of(site.node, site.scope)
    return local(site.first, zone)


def _at_timezone(site: Site) -> str:
    """AT_TIMEZONE: the same moment, which clocks of a zone then show."""
    # asked for what it raises: the moment itself stays
    zone_of(site.node, site.scope)
    return site.first


def _now(site: Site) -> str:
    """NOW, which is the same in the whole statement."""
    return expressions.present("current_timestamp", 3, site.scope.facts.now)


def _today(site: Site) -> str:
    """CURRENT_DATE as a function, in UTC."""
    return expressions.present("current_date", 0, site.scope.facts.now)


def _to_milliseconds(site: Site) -> str:
    """TO_MILLISECONDS of an interval of days. Raises NotHere."""
    if site.base != "interval day to second":
        raise site.refuse()
    # an interval is kept in milliseconds
    return site.first


def _readable(site: Site) -> str:
    """HUMAN_READABLE_SECONDS of a double. Raises NotHere."""
    if site.kind != DOUBLE and "cast" not in site.first.lower():
        raise NotHere("human_readable_seconds of such a value")
    return python("human_readable_seconds", "VARCHAR", site.first)


TIMES: Emitters = {
    "date_diff": _difference,
    "date_add": _added,
    "date_trunc": _truncated,
    "date_format": _date_format,
    "date_parse": _date_parse,
    "format_datetime": _format_datetime,
    "parse_datetime": _in_utc("parse_datetime"),
    "from_unixtime": _from_unixtime,
    "to_unixtime": _to_unixtime,
    "date": _date,
    "last_day_of_month": _last_day,
    "to_iso8601": _to_iso8601,
    "from_iso8601_date": lambda site: python("iso_date", "DATE", *site.arguments),
    "from_iso8601_timestamp": _in_utc("iso_moment"),
    "with_timezone": _with_timezone,
    "at_timezone": _at_timezone,
    "now": _now,
    "current_date": _today,
    "current_timezone": lambda _: "'UTC'",
    "to_milliseconds": _to_milliseconds,
    "human_readable_seconds": _readable,
    "parse_duration": lambda site: python("duration", "BIGINT", *site.arguments),
    **{name: _field(name) for name in (*OF_DATE, *OF_TIME, "millisecond")},
}
