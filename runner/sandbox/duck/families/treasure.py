"""Treasure Data's functions, as their documentation defines them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from runner.sandbox import tdtime
from runner.sandbox.duck.nothere import Rejected
from runner.sandbox.duck.site import Emitter, Site, in_python
from runner.sandbox.duck.storage import INTEGERS, UNKNOWN, python, text
from runner.trino import tree

TRUNCATIONS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
UNITS = "smhdwMqy"


def _zone_name(site: Site, position: int) -> str:
    """A literal zone as Python gets it; UTC where it is left out. Raises NotHere, Rejected."""
    if position >= len(site.arguments) or isinstance(
        site.node.arguments[position], tree.Null
    ):
        return "UTC"
    name = site.literal(position)
    if name is None:
        raise site.refuse("a time zone that is not a literal")
    _zone(name)
    return name


def _zone(name: str) -> tzinfo:
    try:
        return tdtime.zone(name)
    except tdtime.BadTime as exc:
        raise Rejected(str(exc)) from None


def _seconds(site: Site, position: int, zone: str) -> str:
    """Seconds since 1970 of a number or a text."""
    kind = site.types[position]
    if kind.base in INTEGERS:
        return f"CAST({site.arguments[position]} AS BIGINT)"
    if kind == UNKNOWN:
        return "CAST(NULL AS BIGINT)"
    if kind.base != "varchar":
        raise site.refuse()
    known = site.literal(position)
    if known is None:
        return python("td_seconds", "BIGINT", site.arguments[position], text(zone))
    try:
        return f"CAST({tdtime.parse(known, _zone(zone))} AS BIGINT)"
    except tdtime.BadTime:
        return "CAST(NULL AS BIGINT)"


def _scheduled(site: Site) -> str:
    return f"CAST({site.scope.facts.scheduled_time} AS BIGINT)"


def _range(site: Site) -> str:
    """start <= time < end; NULL, or no end, is open."""
    zone, moment = _zone_name(site, 3), site.arguments[0]
    tests = []
    for position, sign in ((1, ">="), (2, "<")):
        if position >= len(site.arguments) or site.types[position] == UNKNOWN:
            continue
        bound = _bound(site, position, zone)
        if bound == "CAST(NULL AS BIGINT)":
            continue
        literal = site.literal(position) is not None or site.whole(position) is not None
        test = f"{moment} {sign} {bound}"
        tests.append(
            test
            if literal
            else f"CASE WHEN {bound} IS NULL THEN {moment} IS NOT NULL OR NULL ELSE {test} END"
        )
    return f"({' AND '.join(tests)})" if tests else f"({moment} IS NOT NULL OR NULL)"


def _bound(site: Site, position: int, zone: str) -> str:
    if site.types[position].base != "varchar":
        return _seconds(site, position, zone)
    known = site.literal(position)
    if known is None:
        return python("td_bound", "BIGINT", site.arguments[position], text(zone))
    try:
        return f"CAST({tdtime.parse(known, _zone(zone))} AS BIGINT)"
    except tdtime.BadTime:
        raise Rejected(f"Invalid time {known}") from None


def _interval(site: Site) -> str:
    column = site.node.arguments[0]
    named = column.name.key if isinstance(column, (tree.Column, tree.Field)) else ""
    if named != "time":
        # the engine takes any number; Treasure Data's page says that it has to be this column
        raise site.refuse("anything but the column time")
    given, zone = site.literal(1), _zone_name(site, 2)
    if given is None:
        raise site.refuse("an interval that is not a literal")
    try:
        start, end = tdtime.interval(
            given, site.scope.facts.scheduled_time, _zone(zone)
        )
    except tdtime.BadTime as exc:
        raise Rejected(str(exc)) from None
    return f"({site.arguments[0]} >= {start} AND {site.arguments[0]} < {end})"


def _added(site: Site) -> str:
    duration, zone = site.literal(1), _zone_name(site, 2)
    if duration is None:
        raise site.refuse("a duration that is not a literal")
    try:
        length = tdtime.add(0, duration)
    except tdtime.BadTime as exc:
        raise Rejected(str(exc)) from None
    return f"({_seconds(site, 0, zone)} + CAST({length} AS BIGINT))"


def _parsed(site: Site) -> str:
    return _seconds(site, 0, _zone_name(site, 1))


def _truncated(site: Site) -> str:
    unit, zone = (site.literal(0) or "").lower(), _zone_name(site, 2)
    if not unit:
        raise site.refuse("a unit that is not a literal")
    if unit not in TRUNCATIONS:
        raise Rejected(f"TD_DATE_TRUNC: {unit!r} is none of {', '.join(TRUNCATIONS)}")
    moment = _seconds(site, 1, zone)
    letter = UNITS[TRUNCATIONS.index(unit)]
    return python("td_truncate", "BIGINT", moment, text(letter), text(zone))


def _formatted(site: Site) -> str:
    pattern, zone = site.literal(1), _zone_name(site, 2)
    if pattern is None:
        raise site.refuse("a pattern that is not a literal")
    return python(
        "td_format", "VARCHAR", _seconds(site, 0, zone), text(pattern), text(zone)
    )


def _string(site: Site) -> str:
    shape, zone = site.literal(1), _zone_name(site, 2)
    if shape is None:
        raise site.refuse("a format that is not a literal")
    if shape.removesuffix("!") not in set(UNITS):
        raise Rejected(f"TD_TIME_STRING: unknown format {shape!r}")
    return python(
        "td_string", "VARCHAR", _seconds(site, 0, zone), text(shape), text(zone)
    )


def _md5(site: Site) -> str:
    if site.types[0].base != "varchar":
        raise site.refuse()
    return f"md5({site.arguments[0]})"


TREASURE: Mapping[str, Emitter] = {
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
