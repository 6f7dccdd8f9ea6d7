"""Treasure Data's functions, as their documentation defines them."""

from __future__ import annotations

from datetime import tzinfo

from runner.sandbox import tdtime
from runner.sandbox.duck.nothere import Rejected
from runner.sandbox.duck.site import Emitters, Site, in_python
from runner.sandbox.duck.storage import INTEGERS, UNKNOWN, python, text
from runner.trino import tree

TRUNCATIONS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
UNITS = "smhdwMqy"
NULL = "CAST(NULL AS BIGINT)"


def _zone_name(site: Site, position: int) -> str:
    """A literal zone as Python gets it; UTC where it is left out. Raises NotHere, Rejected."""
    if position >= site.count:
        return "UTC"
    if isinstance(site.node.arguments[position], tree.Null):
        return "UTC"
    name = site.literal(position)
    if name is None:
        raise site.refuse("a time zone that is not a literal")
    _zone(name)
    return name


def _zone(name: str) -> tzinfo:
    """A zone by its name. Raises Rejected."""
    try:
        return tdtime.zone(name)
    except tdtime.BadTime as exc:
        raise Rejected(str(exc)) from None


def _seconds(site: Site, position: int, zone: str) -> str:
    """Seconds since 1970 of a number or a text; NULL for a text that is no time."""
    kind = site.types[position]
    if kind.base in INTEGERS:
        return f"CAST({site.arguments[position]} AS BIGINT)"
    if kind == UNKNOWN:
        return NULL
    if kind.base != "varchar":
        raise site.refuse()
    known = site.literal(position)
    if known is None:
        return python("td_seconds", "BIGINT", site.arguments[position], text(zone))
    try:
        return _parsed_literal(known, zone)
    except tdtime.BadTime:
        return NULL


def _parsed_literal(written: str, zone: str) -> str:
    """Seconds of a text that is a literal. Raises BadTime, Rejected."""
    where = _zone(zone)
    seconds = tdtime.parse(written, where)
    return f"CAST({seconds} AS BIGINT)"


def _scheduled(site: Site) -> str:
    """TD_SCHEDULED_TIME: what the job was told, in seconds."""
    return f"CAST({site.scope.facts.scheduled_time} AS BIGINT)"


def _range(site: Site) -> str:
    """start <= time < end; NULL, or no end, is open."""
    zone = _zone_name(site, 3)
    from_start = _bounded(site, 1, ">=", zone)
    to_end = _bounded(site, 2, "<", zone)
    tests = [test for test in (from_start, to_end) if test]
    if not tests:
        return f"({_open(site.first)})"
    conditions = " AND ".join(tests)
    return f"({conditions})"


def _open(moment: str) -> str:
    """True for every moment, and NULL for no moment."""
    return f"{moment} IS NOT NULL OR NULL"


def _bounded(site: Site, position: int, sign: str, zone: str) -> str:
    """The test of one side of TD_TIME_RANGE; "" for a side that is open."""
    if position >= site.count or site.types[position] == UNKNOWN:
        return ""
    bound = _bound(site, position, zone)
    if bound == NULL:
        return ""
    moment = site.first
    test = f"{moment} {sign} {bound}"
    if site.literal(position) is not None or site.whole(position) is not None:
        return test
    # only the query knows whether this side is open
    return f"CASE WHEN {bound} IS NULL THEN {_open(moment)} ELSE {test} END"


def _bound(site: Site, position: int, zone: str) -> str:
    """Seconds of a bound. Raises Rejected for a text that is no time."""
    if site.types[position].base != "varchar":
        return _seconds(site, position, zone)
    known = site.literal(position)
    if known is None:
        return python("td_bound", "BIGINT", site.arguments[position], text(zone))
    try:
        return _parsed_literal(known, zone)
    except tdtime.BadTime:
        raise Rejected(f"Invalid time {known}") from None


def _is_time(node: tree.Expression) -> bool:
    """True for the column `time`, with or without its relation's name."""
    if not isinstance(node, (tree.Column, tree.Field)):
        return False
    return node.name.key == "time"


def _interval(site: Site) -> str:
    """TD_INTERVAL of the column `time` and a literal. Raises NotHere, Rejected."""
    column = site.node.arguments[0]
    if not _is_time(column):
        # the engine takes any number; Treasure Data's page says that it has to be this
        # column
        raise site.refuse("anything but the column time")
    given = site.literal(1)
    zone = _zone_name(site, 2)
    if given is None:
        raise site.refuse("an interval that is not a literal")
    scheduled_time = site.scope.facts.scheduled_time
    where = _zone(zone)
    try:
        start, end = tdtime.interval(given, scheduled_time, where)
    except tdtime.BadTime as exc:
        raise Rejected(str(exc)) from None
    return f"({site.first} >= {start} AND {site.first} < {end})"


def _added(site: Site) -> str:
    """TD_TIME_ADD, of a length that does not change with the moment."""
    duration = site.literal(1)
    zone = _zone_name(site, 2)
    if duration is None:
        raise site.refuse("a duration that is not a literal")
    try:
        length = tdtime.add(0, duration)
    except tdtime.BadTime as exc:
        raise Rejected(str(exc)) from None
    start = _seconds(site, 0, zone)
    return f"({start} + CAST({length} AS BIGINT))"


def _parsed(site: Site) -> str:
    """TD_TIME_PARSE of a text in a zone."""
    zone = _zone_name(site, 1)
    return _seconds(site, 0, zone)


def _truncated(site: Site) -> str:
    """TD_DATE_TRUNC by a unit that is a literal. Raises NotHere, Rejected."""
    unit = (site.literal(0) or "").lower()
    zone = _zone_name(site, 2)
    if not unit:
        raise site.refuse("a unit that is not a literal")
    if unit not in TRUNCATIONS:
        listed = ", ".join(TRUNCATIONS)
        raise Rejected(f"TD_DATE_TRUNC: {unit!r} is none of {listed}")
    moment = _seconds(site, 1, zone)
    letter = UNITS[TRUNCATIONS.index(unit)]
    return python("td_truncate", "BIGINT", moment, text(letter), text(zone))


def _formatted(site: Site) -> str:
    """TD_TIME_FORMAT by a pattern that is a literal. Raises NotHere."""
    pattern = site.literal(1)
    zone = _zone_name(site, 2)
    if pattern is None:
        raise site.refuse("a pattern that is not a literal")
    moment = _seconds(site, 0, zone)
    return python("td_format", "VARCHAR", moment, text(pattern), text(zone))


def _string(site: Site) -> str:
    """TD_TIME_STRING by a format that is a literal. Raises NotHere, Rejected."""
    shape = site.literal(1)
    zone = _zone_name(site, 2)
    if shape is None:
        raise site.refuse("a format that is not a literal")
    if shape.removesuffix("!") not in set(UNITS):
        raise Rejected(f"TD_TIME_STRING: unknown format {shape!r}")
    moment = _seconds(site, 0, zone)
    return python("td_string", "VARCHAR", moment, text(shape), text(zone))


def _md5(site: Site) -> str:
    """TD_MD5 of a text, in hexadecimal digits. Raises NotHere."""
    if site.base != "varchar":
        raise site.refuse()
    return f"md5({site.first})"


TREASURE: Emitters = {
    "td_scheduled_time": _scheduled,
    "td_time_range": _range,
    "td_interval": _interval,
    "td_time_add": _added,
    "td_time_parse": _parsed,
    "td_date_trunc": _truncated,
    "td_time_format": _formatted,
    "td_time_string": _string,
    "td_md5": _md5,
    "td_url_decode": in_python("td_url_decode"),
}
