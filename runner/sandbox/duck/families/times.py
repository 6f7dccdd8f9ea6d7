"""Functions of dates and moments."""

from __future__ import annotations

from collections.abc import Mapping

from runner.sandbox.duck import expressions
from runner.sandbox.duck.casts import as_text, cast, local, stamp
from runner.sandbox.duck.extracts import OF_DATE, OF_TIME, field_of
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.duck.site import Emitter, Site
from runner.sandbox.duck.storage import DATE, DOUBLE, precision_of, python, text
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
STEPS = {"month": 1, "quarter": 3, "year": 12}
TEXT_OF = ("date", "timestamp", "timestamp with time zone")


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
    kind = site.types[1]
    unit = _unit(site, kind)
    one, other = site.arguments[1:]
    if site.types[2].base != kind.base:
        raise site.refuse()
    if kind.base == "timestamp with time zone":
        zone = site.zone(1)
        if unit in {"day", "week", *STEPS} and {zone, site.zone(2)} != {"UTC"}:
            raise site.refuse(f"{unit} in the time zone {zone}")
        one, other = local(one, "UTC"), local(other, "UTC")
    elif kind.base not in {"date", "timestamp"}:
        raise site.refuse()
    if unit in STEPS:
        months = f"trino_months({one}, {other})"
        return months if STEPS[unit] == 1 else f"({months} // {STEPS[unit]})"
    if kind.base == "date":
        days = f"({other} - {one})"
        return days if unit == "day" else f"({days} // 7)"
    return f"(trino_milliseconds({other}, {one}) // {LENGTHS[unit]})"


def _added(site: Site) -> str:
    kind = site.types[2]
    unit = _unit(site, kind)
    number, moment = site.arguments[1:]
    if kind.base == "date":
        if unit in STEPS:
            return f"CAST({moment} + to_months(CAST({number} * {STEPS[unit]} AS INTEGER)) AS DATE)"
        return f"({moment} + CAST({number} * {7 if unit == 'week' else 1} AS INTEGER))"
    if unit == "millisecond" and precision_of(kind) < 3:
        raise site.refuse("milliseconds of a moment without them")
    if kind.base == "timestamp":
        return _moved(moment, unit, number)
    if kind.base != "timestamp with time zone":
        raise site.refuse()
    zone = site.zone(2)
    if unit in STEPS or unit in {"day", "week"}:
        return (
            f"({_moved(local(moment, zone), unit, number)} AT TIME ZONE {text(zone)})"
        )
    return f"({moment} + to_milliseconds({number} * {LENGTHS[unit]}))"


def _moved(moment: str, unit: str, number: str) -> str:
    if unit in STEPS:
        return f"({moment} + to_months(CAST({number} * {STEPS[unit]} AS INTEGER)))"
    return f"({moment} + to_milliseconds({number} * {LENGTHS[unit]}))"


def _truncated(site: Site) -> str:
    kind = site.types[1]
    unit = _unit(site, kind)
    moment = site.arguments[1]
    if unit == "millisecond":
        raise site.refuse(unit)
    if kind.base == "timestamp with time zone":
        zone = site.zone(1)
        return (
            f"(date_trunc('{unit}', {local(moment, zone)}) AT TIME ZONE {text(zone)})"
        )
    made = f"date_trunc('{unit}', {moment})"
    return f"CAST({made} AS DATE)" if kind.base == "date" else made


def _moment_in_zone(site: Site, position: int = 0) -> str:
    """What clocks show: a TIMESTAMP of a moment of any kind."""
    sql, kind = site.arguments[position], site.types[position]
    if kind.base == "timestamp with time zone":
        return local(sql, site.zone(position))
    if kind.base in {"date", "timestamp"}:
        return f"CAST({sql} AS TIMESTAMP)"
    raise site.refuse()


def _date_format(site: Site) -> str:
    return python("date_format", "VARCHAR", _moment_in_zone(site), site.arguments[1])


def _date_parse(site: Site) -> str:
    return python("date_parse", "TIMESTAMP", *site.arguments)


def _format_datetime(site: Site) -> str:
    zoned = site.types[0].base == "timestamp with time zone"
    if zoned and site.zone(0) != "UTC":
        pattern = site.literal(1)
        if pattern is None or "z" in pattern or "Z" in pattern:
            raise site.refuse("a zone in its pattern")
    return python(
        "format_datetime",
        "VARCHAR",
        _moment_in_zone(site),
        site.arguments[1],
        str(zoned),
    )


def _parse_datetime(site: Site) -> str:
    return (
        f"({python('parse_datetime', 'TIMESTAMP', *site.arguments)} AT TIME ZONE 'UTC')"
    )


def _from_unixtime(site: Site) -> str:
    if len(site.arguments) > 2:
        raise site.refuse("hours and minutes")
    site.zone(0)
    if len(site.arguments) == 2 and site.literal(1) is None:
        raise site.refuse("a zone that is not a literal")
    return f"trino_from_unixtime({site.arguments[0]})"


def _to_unixtime(site: Site) -> str:
    kind = site.types[0]
    moment = (
        local(site.arguments[0], "UTC") if "zone" in kind.base else site.arguments[0]
    )
    if kind.base not in TEXT_OF:
        raise site.refuse()
    return f"(CAST(epoch_us({moment}) AS DOUBLE) / 1e6)"


def _date(site: Site) -> str:
    return cast(site.arguments[0], site.types[0], DATE, zone=site.zone(0))


def _field(name: str) -> Emitter:
    return lambda site: field_of(name, site.arguments[0], site.types[0], site.zone(0))


def _last_day(site: Site) -> str:
    return f"last_day({_moment_in_zone(site)})"


def _to_iso8601(site: Site) -> str:
    kind = site.types[0]
    if kind.base == "date":
        return as_text(site.arguments[0], kind)
    shown = f"replace({stamp(_moment_in_zone(site), precision_of(kind))}, ' ', 'T')"
    if kind.base == "timestamp":
        return shown
    if site.zone(0) != "UTC":
        raise site.refuse("another time zone than UTC")
    return f"({shown} || 'Z')"


def _iso_moment(site: Site) -> str:
    return f"({python('iso_moment', 'TIMESTAMP', *site.arguments)} AT TIME ZONE 'UTC')"


def _with_timezone(site: Site) -> str:
    zone = zone_of(site.node, site.scope)
    return f"({site.arguments[0]} AT TIME ZONE {text(zone)})"


def _at_timezone(site: Site) -> str:
    zone_of(site.node, site.scope)
    return site.arguments[0]


def _now(site: Site) -> str:
    return expressions.present("current_timestamp", 3, site.scope.facts.now)


def _today(site: Site) -> str:
    return expressions.present("current_date", 0, site.scope.facts.now)


def _to_milliseconds(site: Site) -> str:
    if site.types[0].base != "interval day to second":
        raise site.refuse()
    return site.arguments[0]


def _readable(site: Site) -> str:
    if site.types[0] != DOUBLE and "cast" not in site.arguments[0].lower():
        raise NotHere("human_readable_seconds of such a value")
    return python("human_readable_seconds", "VARCHAR", site.arguments[0])


TIMES: Mapping[str, Emitter] = {
    "date_diff": _difference,
    "date_add": _added,
    "date_trunc": _truncated,
    "date_format": _date_format,
    "date_parse": _date_parse,
    "format_datetime": _format_datetime,
    "parse_datetime": _parse_datetime,
    "from_unixtime": _from_unixtime,
    "to_unixtime": _to_unixtime,
    "date": _date,
    "last_day_of_month": _last_day,
    "to_iso8601": _to_iso8601,
    "from_iso8601_date": lambda site: python("iso_date", "DATE", *site.arguments),
    "from_iso8601_timestamp": _iso_moment,
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
