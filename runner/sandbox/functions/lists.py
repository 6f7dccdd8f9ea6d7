"""Arrays and maps as Trino compares, joins and takes them apart; a row is a dict, a map too."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations as chosen
from typing import Any

from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions import numbers

LONGEST = 10_000
"""How many values SEQUENCE may make."""


def equal(left: Any, right: Any) -> bool | None:
    """left = right, None where that is NULL."""
    if left is None or right is None:
        return None
    if isinstance(left, list):
        return _all_equal(left, right) if len(left) == len(right) else False
    if isinstance(left, dict):
        if left.keys() != right.keys():
            return False
        return _all_equal(list(left.values()), [right[key] for key in left])
    return bool(left == right)


def _all_equal(left: list[Any], right: list[Any]) -> bool | None:
    found = [equal(one, other) for one, other in zip(left, right, strict=True)]
    if False in found:
        return False
    return None if None in found else True


def contains(items: list[Any] | None, wanted: Any) -> bool | None:
    """CONTAINS: NULL where a NULL might be it."""
    if items is None or wanted is None:
        return None
    found = [equal(one, wanted) for one in items]
    return True if True in found else (None if None in found else False)


def map_subscript(items: dict[Any, Any], key: Any) -> Any:
    """map[key]. Raises Rejected."""
    if key not in items:
        raise Rejected(f"Key not present in map: {_shown(key)}")
    return items[key]


def _shown(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def map_at(items: dict[Any, Any], key: Any) -> Any:
    """ELEMENT_AT of a map."""
    return items.get(key)


def made_map(keys: list[Any], values: list[Any]) -> dict[Any, Any]:
    """MAP. Raises Rejected."""
    if len(keys) != len(values):
        raise Rejected("Key and value arrays must be the same length")
    made: dict[Any, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            raise Rejected("map key cannot be null")
        if key in made:
            raise Rejected(f"Duplicate map keys ({_shown(key)}) are not allowed")
        made[key] = value
    return made


def map_entries(items: dict[Any, Any]) -> list[dict[str, Any]]:
    """MAP_ENTRIES, as rows."""
    return [{"f0": key, "f1": value} for key, value in items.items()]


def map_from_entries(entries: list[dict[str, Any] | None]) -> dict[Any, Any]:
    """MAP_FROM_ENTRIES. Raises Rejected."""
    made: dict[Any, Any] = {}
    for entry in entries:
        if entry is None:
            raise Rejected("map entry cannot be null")
        key, value = entry.values()
        if key is None:
            raise Rejected("map key cannot be null")
        if key in made:
            raise Rejected(f"Duplicate map keys ({_shown(key)}) are not allowed")
        made[key] = value
    return made


def multimap_from_entries(entries: list[dict[str, Any] | None]) -> dict[Any, list[Any]]:
    """MULTIMAP_FROM_ENTRIES. Raises Rejected."""
    made: dict[Any, list[Any]] = {}
    for entry in entries:
        if entry is None:
            raise Rejected("map entry cannot be null")
        key, value = entry.values()
        if key is None:
            raise Rejected("map key cannot be null")
        made.setdefault(key, []).append(value)
    return made


def map_concat(*maps: dict[Any, Any]) -> dict[Any, Any]:
    """MAP_CONCAT: the last value of a key counts."""
    made: dict[Any, Any] = {}
    for one in maps:
        made.update(one)
    return made


def map_agg(keys: list[Any] | None, values: list[Any] | None) -> dict[Any, Any] | None:
    """MAP_AGG. Raises NotHere where two values of one key differ."""
    if keys is None or values is None:
        return None
    made: dict[Any, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            continue
        if key in made and made[key] != value:
            raise NotHere("map_agg with several values of one key")
        made[key] = value
    return made or None


def histogram(items: list[Any] | None) -> dict[Any, int] | None:
    """HISTOGRAM."""
    made: dict[Any, int] = {}
    for one in items or []:
        if one is not None:
            made[one] = made.get(one, 0) + 1
    return made or None


# arrays


def distinct(items: list[Any]) -> list[Any]:
    """ARRAY_DISTINCT, in the order of first places."""
    made: list[Any] = []
    seen: set[Any] = set()
    for one in items:
        key = _key(one)
        if key not in seen:
            seen.add(key)
            made.append(one)
    return made


def _key(value: Any) -> Any:
    return tuple(_key(one) for one in value) if isinstance(value, list) else value


def union(left: list[Any], right: list[Any]) -> list[Any]:
    """ARRAY_UNION."""
    return distinct(left + right)


def intersect(left: list[Any], right: list[Any]) -> list[Any]:
    """ARRAY_INTERSECT. Raises NotHere where its order is not known."""
    keys = {_key(one) for one in right}
    made = [one for one in distinct(left) if _key(one) in keys]
    if len(made) > 1 and made != [
        one for one in distinct(right) if _key(one) in {_key(it) for it in left}
    ]:
        raise NotHere("array_intersect of arrays in different orders")
    return made


def without(left: list[Any], right: list[Any]) -> list[Any]:
    """ARRAY_EXCEPT."""
    keys = {_key(one) for one in right}
    return [one for one in distinct(left) if _key(one) not in keys]


def removed(items: list[Any], wanted: Any) -> list[Any]:
    """ARRAY_REMOVE."""
    return [one for one in items if one != wanted or one is None]


def overlap(left: list[Any], right: list[Any]) -> bool | None:
    """ARRAYS_OVERLAP: NULL where a NULL might be in common."""
    keys = {_key(one) for one in right if one is not None}
    if any(one is not None and _key(one) in keys for one in left):
        return True
    if not left or not right:
        return False
    return None if None in left or None in right else False


def joined(items: list[Any], separator: str, missing: str | None = None) -> str:
    """ARRAY_JOIN: NULL is left out where nothing stands in for it."""
    shown = [missing if one is None else _text(one) for one in items]
    return separator.join(one for one in shown if one is not None)


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return numbers.scientific(value)
        case _:
            return str(value)


def sliced(items: list[Any], start: int, length: int) -> list[Any]:
    """SLICE, from 1, or from the end. Raises Rejected."""
    if length < 0:
        raise Rejected("length must be greater than or equal to 0")
    if start == 0:
        raise Rejected("SQL array indices start at 1")
    first = start - 1 if start > 0 else len(items) + start
    if first < 0 or first >= len(items):
        return []
    return items[first : first + length]


def sequence(start: int, stop: int, step: int | None = None) -> list[int]:
    """SEQUENCE of whole numbers. Raises Rejected."""
    by = step if step is not None else (1 if stop >= start else -1)
    _check_step(start, stop, by)
    made = range(start, stop + (1 if by > 0 else -1), by)
    if len(made) > LONGEST:
        raise Rejected(
            "result of sequence function must not have more than 10000 entries"
        )
    return list(made)


def _check_step(start: Any, stop: Any, step: int) -> None:
    if step == 0:
        raise Rejected("step must not be zero")
    if (step > 0) != (stop >= start) and start != stop:
        raise Rejected(
            "sequence stop value should be greater than or equal to start value if step is greater"
            " than zero otherwise stop should be less than or equal to start"
        )


def date_sequence(start: date, stop: date, step: int, unit: str) -> list[date]:
    """SEQUENCE of dates by days or months. Raises Rejected."""
    if unit == "milliseconds":
        if step % 86_400_000:
            raise NotHere("sequence of dates by parts of a day")
        _check_step(start, stop, step)
        days = step // 86_400_000
        count = (stop - start).days // days if days else 0
        made = [start + timedelta(days=days * number) for number in range(count + 1)]
    else:
        _check_step(start, stop, step)
        made = []
        at = start
        while _is_before_end(at, stop, step):
            made.append(at)
            at = _by_months(start, step * len(made))
    if len(made) > LONGEST:
        raise Rejected(
            "result of sequence function must not have more than 10000 entries"
        )
    return made


def _is_before_end(at: date, stop: date, step: int) -> bool:
    """True up to the end, the end itself with it, in the direction of the step."""
    if step > 0:
        return at <= stop
    return at >= stop


def _by_months(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    for day in range(start.day, 0, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    raise NotHere("sequence of dates after the year 9999")


def flattened(items: list[list[Any] | None]) -> list[Any]:
    """FLATTEN."""
    return [one for part in items if part is not None for one in part]


def repeated(value: Any, number: int) -> list[Any]:
    """REPEAT. Raises Rejected."""
    if number > LONGEST:
        raise Rejected(
            "count argument of repeat function must be less than or equal to 10000"
        )
    if number < 0:
        raise Rejected(
            "count argument of repeat function must be greater than or equal to 0"
        )
    return [value] * number


def zipped(*arrays: list[Any]) -> list[dict[str, Any]]:
    """ZIP: missing values are NULL."""
    longest = max(len(one) for one in arrays)
    return [
        {
            f"f{number}": one[at] if at < len(one) else None
            for number, one in enumerate(arrays)
        }
        for at in range(longest)
    ]


def combined(items: list[Any], number: int) -> list[list[Any]]:
    """COMBINATIONS. Raises Rejected, NotHere."""
    if not 0 <= number <= 5:
        raise Rejected(
            "combination size must not be negative"
            if number < 0
            else "combination size must not exceed 5"
        )
    if number != 2 and len(items) > number > 1:
        raise NotHere("combinations of other than 2")
    made = [list(one) for one in chosen(range(len(items)), number)]
    made.sort(key=lambda places: list(reversed(places)))
    return [[items[at] for at in places] for places in made]


def trimmed(items: list[Any], number: int) -> list[Any]:
    """TRIM_ARRAY. Raises Rejected."""
    if number < 0:
        raise Rejected("size must not be negative: " + str(number))
    if number > len(items):
        raise Rejected(f"size must not exceed array cardinality {len(items)}: {number}")
    return items[: len(items) - number]


def contains_sequence(items: list[Any], wanted: list[Any]) -> bool:
    """CONTAINS_SEQUENCE."""
    return any(
        items[at : at + len(wanted)] == wanted
        for at in range(len(items) - len(wanted) + 1)
    )
