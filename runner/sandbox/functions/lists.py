"""Arrays and maps as Trino compares, joins and takes them apart; a row is a dict, a map too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import combinations as chosen
from itertools import zip_longest
from typing import Any

from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions import numbers

Items = list[Any]
"""An array."""

Map = dict[Any, Any]

Row = dict[str, Any]
"""A row by the names of its fields."""

Entries = list[Row | None]
"""Rows of a key and a value, of which some may be NULL."""

Pair = tuple[Any, Any]
"""A key and a value."""

Places = tuple[int, ...]
"""Where items stand in an array, from 0."""

Dates = list[date]

Truth = bool | None
"""What Trino says of a condition: None is NULL."""

DAY = 86_400_000
"""Milliseconds of a day."""

LONGEST = 10_000
"""How many values SEQUENCE may make."""


def equal(left: Any, right: Any) -> Truth:
    """left = right, with the values inside; None where that is NULL."""
    if left is None or right is None:
        return None
    if isinstance(left, list):
        return _all_equal(left, right)
    if isinstance(left, dict):
        if left.keys() != right.keys():
            return False
        # two maps may have their keys in different orders
        others = [right[key] for key in left]
        return _all_equal(list(left.values()), others)
    return bool(left == right)


def _all_equal(left: Items, right: Items) -> Truth:
    """True where all pairs are equal; None where a NULL leaves it open."""
    if len(left) != len(right):
        return False
    found = list(map(equal, left, right))
    return _decided(found, by=False)


def _decided(found: list[Truth], *, by: bool) -> Truth:
    """What decides, where one of the answers is that; else None where one of them is
    NULL, and the opposite where none is.
    """
    if by in found:
        return by
    if None in found:
        return None
    return not by


def contains(items: Items | None, wanted: Any) -> Truth:
    """CONTAINS: None where a NULL might be it."""
    if items is None or wanted is None:
        return None
    found = [equal(one, wanted) for one in items]
    return _decided(found, by=True)


def map_subscript(items: Map, key: Any) -> Any:
    """map[key]. Raises Rejected where the map does not have the key."""
    if key not in items:
        raise Rejected(f"Key not present in map: {_shown(key)}")
    return items[key]


def _shown(key: Any) -> str:
    """A key in a message."""
    if isinstance(key, bool):
        return str(key).lower()
    return str(key)


def map_at(items: Map, key: Any) -> Any:
    """ELEMENT_AT of a map; None where it does not have the key."""
    return items.get(key)


def made_map(keys: Items, values: Items) -> Map:
    """MAP of keys and of values. Raises Rejected."""
    if len(keys) != len(values):
        raise Rejected("Key and value arrays must be the same length")
    return _map_of(zip(keys, values, strict=True))


def _map_of(pairs: Iterable[Pair]) -> Map:
    """A map of keys that are all different. Raises Rejected."""
    made: Map = {}
    for key, value in pairs:
        _check_key(key)
        if key in made:
            raise Rejected(f"Duplicate map keys ({_shown(key)}) are not allowed")
        made[key] = value
    return made


def _check_key(key: Any) -> None:
    """Raises Rejected for NULL."""
    if key is None:
        raise Rejected("map key cannot be null")


def map_entries(items: Map) -> list[Row]:
    """MAP_ENTRIES, as rows."""
    return [{"f0": key, "f1": value} for key, value in items.items()]


def map_from_entries(entries: Entries) -> Map:
    """MAP_FROM_ENTRIES, of rows of a key and a value. Raises Rejected."""
    return _map_of(map(_key_and_value, entries))


def _key_and_value(entry: Row | None) -> Pair:
    """The two fields of a row. Raises Rejected where it is NULL."""
    if entry is None:
        raise Rejected("map entry cannot be null")
    key, value = entry.values()
    return key, value


def multimap_from_entries(entries: Entries) -> Map:
    """MULTIMAP_FROM_ENTRIES: each key with all of its values. Raises Rejected."""
    made: Map = {}
    for key, value in map(_key_and_value, entries):
        _check_key(key)
        made.setdefault(key, []).append(value)
    return made


def map_concat(*maps: Map) -> Map:
    """MAP_CONCAT: the last value of a key counts."""
    made: Map = {}
    for one in maps:
        made.update(one)
    return made


def map_agg(keys: Items | None, values: Items | None) -> Map | None:
    """MAP_AGG; None where there is no key.

    Raises NotHere where two values of one key differ: Trino takes the one that comes
    first, and which that is, nothing says.
    """
    if keys is None or values is None:
        return None
    made: Map = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            continue
        if key in made and made[key] != value:
            raise NotHere("map_agg with several values of one key")
        made[key] = value
    return made or None


def histogram(items: Items | None) -> dict[Any, int] | None:
    """HISTOGRAM: how often each value is there; None where there is none."""
    counts = Counter(items or [])
    del counts[None]
    return dict(counts) or None


# arrays


def distinct(items: Items) -> Items:
    """ARRAY_DISTINCT, in the order of first places."""
    made: Items = []
    seen: set[Any] = set()
    for one in items:
        key = _key(one)
        if key not in seen:
            seen.add(key)
            made.append(one)
    return made


def _key(value: Any) -> Any:
    """A value as a set can hold it."""
    if not isinstance(value, list):
        return value
    return tuple(_key(one) for one in value)


def _keys(items: Items) -> set[Any]:
    """What items of an array are compared by."""
    return {_key(one) for one in items}


def union(left: Items, right: Items) -> Items:
    """ARRAY_UNION, in the order of first places."""
    return distinct(left + right)


def intersect(left: Items, right: Items) -> Items:
    """ARRAY_INTERSECT. Raises NotHere where its order is not known."""
    made = _within(left, right)
    backwards = _within(right, left)
    # which of the two orders Trino keeps is not known
    if len(made) > 1 and made != backwards:
        raise NotHere("array_intersect of arrays in different orders")
    return made


def _within(left: Items, right: Items) -> Items:
    """The different items of one array that the other has as well."""
    keys = _keys(right)
    return [one for one in distinct(left) if _key(one) in keys]


def without(left: Items, right: Items) -> Items:
    """ARRAY_EXCEPT: the different items of one array that the other does not have."""
    keys = _keys(right)
    return [one for one in distinct(left) if _key(one) not in keys]


def removed(items: Items, wanted: Any) -> Items:
    """ARRAY_REMOVE, which leaves every NULL."""
    return [one for one in items if one != wanted or one is None]


def overlap(left: Items, right: Items) -> Truth:
    """ARRAYS_OVERLAP: None where a NULL might be in common."""
    in_common = _keys(left) & _keys(right)
    if in_common - {None}:
        return True
    if not left or not right:
        return False
    if None in left or None in right:
        return None
    return False


def joined(items: Items, separator: str, missing: str | None = None) -> str:
    """ARRAY_JOIN: NULL is left out where nothing stands in for it."""
    shown = []
    for one in items:
        if one is not None:
            shown.append(_text(one))
        elif missing is not None:
            shown.append(missing)
    return separator.join(shown)


def _text(value: Any) -> str:
    """A value as CAST makes it a text."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return numbers.scientific(value)
        case _:
            return str(value)


def sliced(items: Items, start: int, length: int) -> Items:
    """SLICE, from 1, or from the end. Raises Rejected."""
    if length < 0:
        raise Rejected("length must be greater than or equal to 0")
    if start == 0:
        raise Rejected("SQL array indices start at 1")
    first = start - 1
    if start < 0:
        first = len(items) + start
    if first < 0 or first >= len(items):
        return []
    return items[first : first + length]


def sequence(start: int, stop: int, step: int | None = None) -> list[int]:
    """SEQUENCE of whole numbers, up or down by 1 without a step. Raises Rejected."""
    if step is None:
        step = 1
        if stop < start:
            step = -1
    _check_step(start, stop, step)
    # the last number counts as well
    end = stop + 1
    if step < 0:
        end = stop - 1
    made = range(start, end, step)
    _check_length(len(made))
    return list(made)


def _check_length(length: int) -> None:
    """Raises Rejected for a sequence that is too long."""
    if length > LONGEST:
        raise Rejected(
            "result of sequence function must not have more than 10000 entries"
        )


def _check_step(start: Any, stop: Any, step: int) -> None:
    """Raises Rejected for a step that leads nowhere, or away from the end."""
    if step == 0:
        raise Rejected("step must not be zero")
    is_upward = stop >= start
    leads_away = is_upward != (step > 0)
    if leads_away and start != stop:
        raise Rejected(
            "sequence stop value should be greater than or equal to start value"
            " if step is greater than zero"
            " otherwise stop should be less than or equal to start"
        )


def date_sequence(start: date, stop: date, step: int, unit: str) -> Dates:
    """SEQUENCE of dates by a step in milliseconds or in months. Raises Rejected, NotHere."""
    if unit == "milliseconds" and step % DAY:
        raise NotHere("sequence of dates by parts of a day")
    _check_step(start, stop, step)
    made = _dates(start, stop, step, unit)
    _check_length(len(made))
    return made


def _dates(start: date, stop: date, step: int, unit: str) -> Dates:
    """The dates of a sequence, by its unit. Raises NotHere."""
    if unit == "milliseconds":
        return _dates_by_days(start, stop, step // DAY)
    return _dates_by_months(start, stop, step)


def _dates_by_days(start: date, stop: date, days: int) -> Dates:
    """Dates from the first to the last, so many days apart."""
    last = (stop - start).days // days
    shifts = [days * number for number in range(last + 1)]
    return [start + timedelta(days=shift) for shift in shifts]


def _dates_by_months(start: date, stop: date, months: int) -> Dates:
    """Each date counts from the first one, whose day a short month would lose."""
    made: Dates = []
    at = start
    while _is_before_end(at, stop, months):
        made.append(at)
        at = _by_months(start, months * len(made))
    return made


def _is_before_end(at: date, stop: date, step: int) -> bool:
    """True up to the end, the end itself with it, in the direction of the step."""
    if step > 0:
        return at <= stop
    return at >= stop


def _by_months(start: date, months: int) -> date:
    """The date so many months later; in a short month its last day. Raises NotHere."""
    # months since the year 0
    total = start.year * 12 + start.month - 1
    year, month = divmod(total + months, 12)
    for day in range(start.day, 0, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    raise NotHere("sequence of dates after the year 9999")


def flattened(items: list[Items | None]) -> Items:
    """FLATTEN: the items of all arrays in an array, of which some may be NULL."""
    made: Items = []
    for part in items:
        made += part or []
    return made


def repeated(value: Any, number: int) -> Items:
    """REPEAT: a value so many times. Raises Rejected."""
    if number > LONGEST:
        raise Rejected(
            "count argument of repeat function must be less than or equal to 10000"
        )
    if number < 0:
        raise Rejected(
            "count argument of repeat function must be greater than or equal to 0"
        )
    return [value] * number


def zipped(*arrays: Items) -> list[Row]:
    """ZIP: missing values are NULL."""
    fields = [f"f{number}" for number in range(len(arrays))]
    rows = zip_longest(*arrays)
    return [dict(zip(fields, values, strict=True)) for values in rows]


def combined(items: Items, number: int) -> list[Items]:
    """COMBINATIONS of so many items, in Trino's order. Raises Rejected, NotHere."""
    if number < 0:
        raise Rejected("combination size must not be negative")
    if number > 5:
        raise Rejected("combination size must not exceed 5")
    if number != 2 and len(items) > number > 1:
        raise NotHere("combinations of other than 2")
    # Trino orders by the last place first, Python by the first
    every = chosen(range(len(items)), number)
    made = sorted(every, key=_from_the_end)
    return [_at(items, places) for places in made]


def _at(items: Items, places: Places) -> Items:
    """The items at some places."""
    return [items[place] for place in places]


def _from_the_end(places: Places) -> Places:
    """What places are sorted by: the last of them first."""
    return places[::-1]


def trimmed(items: Items, number: int) -> Items:
    """TRIM_ARRAY: an array without so many of its last items. Raises Rejected."""
    if number < 0:
        raise Rejected(f"size must not be negative: {number}")
    if number > len(items):
        raise Rejected(f"size must not exceed array cardinality {len(items)}: {number}")
    return items[: len(items) - number]


def contains_sequence(items: Items, wanted: Items) -> bool:
    """CONTAINS_SEQUENCE: true where the wanted items stand there one after another."""
    length = len(wanted)
    starts = range(len(items) - length + 1)
    for start in starts:
        end = start + length
        if items[start:end] == wanted:
            return True
    return False
