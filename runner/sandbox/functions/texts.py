"""Texts as Trino takes them apart and puts them together."""

from __future__ import annotations

import re
import unicodedata
from itertools import zip_longest
from typing import Any

from runner.sandbox.duck.nothere import Rejected

Pair = tuple[str, str]
"""A key and a value."""


def upper(text: str) -> str:
    """UPPER, letter by letter: ß has no single capital letter in Java."""
    return "".join(_capital(letter) for letter in text)


def _capital(letter: str) -> str:
    """The capital letter; the letter itself where its capital would be several."""
    capital = letter.upper()
    if len(capital) != 1:
        return letter
    return capital


def reverse(text: str) -> str:
    """REVERSE, by code points."""
    return text[::-1]


def split(text: str, delimiter: str, most: int | None = None) -> list[str]:
    """SPLIT into at most so many parts. Raises Rejected."""
    if not delimiter:
        raise Rejected("The delimiter may not be the empty string")
    if most is not None and most <= 0:
        raise Rejected("Limit must be positive")
    if most is None:
        return text.split(delimiter)
    return text.split(delimiter, most - 1)


def split_part(text: str, delimiter: str, index: int) -> str | None:
    """SPLIT_PART, counted from 1; None past the end. Raises Rejected."""
    if index <= 0:
        raise Rejected("Index must be greater than zero")
    # without a delimiter, each letter is a part
    parts = list(text)
    if delimiter:
        parts = text.split(delimiter)
    if index > len(parts):
        return None
    return parts[index - 1]


def _pairs(text: str, entries: str, keys: str) -> list[Pair]:
    """The keys and values of a text, by the delimiters of entries and of keys.

    Raises Rejected.
    """
    if not entries:
        raise Rejected("entryDelimiter is empty")
    if not keys:
        raise Rejected("keyValueDelimiter is empty")
    if entries == keys:
        raise Rejected("entryDelimiter and keyValueDelimiter must not be the same")
    found = []
    for entry in _entries(text, entries):
        key, delimiter, value = entry.partition(keys)
        if not delimiter or keys in value:
            raise Rejected(
                "Key-value delimiter must appear exactly once in each entry."
                f" Bad input: '{entry}'"
            )
        found.append((key, value))
    return found


def _entries(text: str, delimiter: str) -> list[str]:
    """The entries of a text; an empty text has none."""
    if not text:
        return []
    found = text.split(delimiter)
    if text.endswith(delimiter):
        return [entry for entry in found if entry]
    return found


def split_to_map(text: str, entries: str, keys: str) -> dict[str, str]:
    """SPLIT_TO_MAP. Raises Rejected."""
    made: dict[str, str] = {}
    for key, value in _pairs(text, entries, keys):
        if key in made:
            raise Rejected(f"Duplicate keys ({key}) are not allowed")
        made[key] = value
    return made


def split_to_multimap(text: str, entries: str, keys: str) -> dict[str, list[str]]:
    """SPLIT_TO_MULTIMAP. Raises Rejected."""
    made: dict[str, list[str]] = {}
    for key, value in _pairs(text, entries, keys):
        made.setdefault(key, []).append(value)
    return made


def padded(text: str, length: int, filling: str, side: str) -> str:
    """LPAD and RPAD. Raises Rejected."""
    if not 0 <= length <= 2**31 - 1:
        raise Rejected("Target length must be in the range [0..2147483647]")
    if not filling:
        raise Rejected("Padding string must not be empty")
    if length <= len(text):
        return text[:length]
    missing = length - len(text)
    times = missing // len(filling) + 1
    repeated = filling * times
    more = repeated[:missing]
    if side == "left":
        return more + text
    return text + more


def position(text: str, wanted: str, occurrence: int = 1) -> int:
    """STRPOS of an occurrence, counted from the end where it is negative.

    The place is counted from 1; it is 0 where there is none. Raises Rejected.
    """
    if occurrence == 0:
        raise Rejected("'instance' must be a positive or negative number.")
    if not wanted:
        return 1
    if occurrence > 0:
        return _from_start(text, wanted, occurrence)
    return _from_end(text, wanted, -occurrence)


def _from_start(text: str, wanted: str, times: int) -> int:
    """The place of an occurrence from 1, counted from the start; 0 for none."""
    at = -1
    for _ in range(times):
        at = text.find(wanted, at + 1)
        if at < 0:
            return 0
    return at + 1


def _from_end(text: str, wanted: str, times: int) -> int:
    """The place of an occurrence from 1, counted from the end; 0 for none."""
    at = len(text)
    for _ in range(times):
        # the next one may overlap the last one, but has to begin before it
        end = at + len(wanted) - 1
        at = text.rfind(wanted, 0, max(end, 0))
        if at < 0:
            return 0
    return at + 1


def concat_ws(separator: str | None, parts: list[str | None]) -> str | None:
    """CONCAT_WS of the parts that are not NULL; NULL where the separator is."""
    if separator is None:
        return None
    there = [one for one in parts if one is not None]
    return separator.join(there)


def translate(text: str, old: str, new: str) -> str:
    """TRANSLATE: the first place of a letter counts.

    A letter that has no new one at its place is left out.
    """
    places: dict[str, str] = {}
    # what is too much of the new ones stands for nothing
    instead = new[: len(old)]
    for letter, other in zip_longest(old, instead, fillvalue=""):
        places.setdefault(letter, other)
    return "".join(places.get(letter, letter) for letter in text)


def trimmed(text: str, letters: str, side: str) -> str:
    """TRIM of given letters: of none, where there are none."""
    match side:
        case "leading":
            return text.lstrip(letters)
        case "trailing":
            return text.rstrip(letters)
        case _:
            return text.strip(letters)


def levenshtein(left: str, right: str) -> int:
    """LEVENSHTEIN_DISTANCE: how many letters to add, take away or change.

    `before` holds the distances of the beginning of `left` that is one letter shorter.
    """
    before = list(range(len(right) + 1))
    for row, one in enumerate(left, start=1):
        now = [row]
        for column, other in enumerate(right, start=1):
            taken = before[column] + 1
            added = now[-1] + 1
            changed = before[column - 1]
            if one != other:
                changed += 1
            now.append(min(taken, added, changed))
        before = now
    return before[-1]


def hamming(left: str, right: str) -> int:
    """HAMMING_DISTANCE: at how many places letters differ. Raises Rejected."""
    if len(left) != len(right):
        raise Rejected(
            "The input strings to hamming_distance function must have the same length"
        )
    pairs = zip(left, right, strict=True)
    return sum(one != other for one, other in pairs)


def luhn(text: str) -> bool:
    """LUHN_CHECK: true where the last digit is the right check digit. Raises Rejected."""
    if not text:
        return False
    if not re.fullmatch(r"[0-9]+", text):
        raise Rejected("luhn_check function can only be used with strings of digits")
    total = 0
    for place, letter in enumerate(reversed(text)):
        digit = int(letter)
        # every second digit from the end counts twice, as the sum of its own digits
        if place % 2:
            digit = sum(divmod(2 * digit, 10))
        total += digit
    return total % 10 == 0


def normalized(text: str, form: str) -> str:
    """NORMALIZE into a form of Unicode: NFC, NFD, NFKC or NFKD."""
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def ngrams(items: list[Any], length: int) -> list[list[Any]]:
    """NGRAMS: each run of so many items; all of them where they are fewer.

    Raises Rejected.
    """
    if length <= 0:
        raise Rejected("N must be positive")
    last = max(len(items) - length, 0)
    starts = range(last + 1)
    return [items[at : at + length] for at in starts]
