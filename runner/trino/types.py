"""Types of Trino 423, and which values one type takes from another without a CAST."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """A type, such as `decimal(10,2)`: its base in lower case, its arguments, and a row's field names.

    `arguments` are types (of an array, a map, a row's fields) or whole numbers (of varchar, decimal, timestamp). A
    varchar without a length has no arguments.
    """

    base: str
    arguments: tuple[Type | int, ...] = ()
    names: tuple[str, ...] = ()
