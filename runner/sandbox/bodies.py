"""What the sandbox's own endpoints are given as JSON: each value of the type it must have."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeGuard

Given = Mapping[str, Any]
"""A JSON object that is read."""

Objects = list[Given]

Shown = dict[str, Any]
"""A JSON object that is written."""


class BadValue(ValueError):
    """A value of a wrong type; the message names it and says what it must be."""


def json_object(body: bytes) -> Given:
    """The JSON object in a body; an empty one where it holds something else, so that
    each act says what it takes.
    """
    try:
        given = json.loads(body)
        # half of a surrogate pair can be read, but no answer could show it
        json.dumps(given, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    return given


def are_objects(value: object) -> TypeGuard[Objects]:
    """True for a list of objects, also an empty one."""
    if not isinstance(value, list):
        return False
    return all(isinstance(each, Mapping) for each in value)


def are_texts(value: object) -> TypeGuard[list[str]]:
    """True for a list of texts, also an empty one."""
    if not isinstance(value, list):
        return False
    return all(isinstance(each, str) for each in value)


def text(value: object, name: str) -> str:
    """A text as it is. Raises BadValue."""
    if not isinstance(value, str):
        raise BadValue(f"{name} must be a text")
    return value


def texts(value: object, name: str) -> list[str]:
    """A list of texts as it is. Raises BadValue."""
    if not are_texts(value):
        raise BadValue(f"{name} must be a list of texts")
    return value


def whole(value: object, name: str) -> int:
    """A whole number; true and false are none. Raises BadValue."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadValue(f"{name} must be a whole number")
    return value


def number(value: object, name: str) -> float:
    """A number that is finite; true and false are none. Raises BadValue."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            told = float(value)
        except OverflowError:  # a whole number of more than 308 digits
            told = math.inf
        if math.isfinite(told):
            return told
    raise BadValue(f"{name} must be a number")
