"""Values as Trino literals: what a template prints."""

from __future__ import annotations

import math
import re

from markupsafe import Markup

# What documents refuse too (a template can still write it as an escape), and the marks
# of a rendering (see jinja).
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff\ue000-\ue003]"
)
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


class Refused(Exception):
    """A template asked for something it may not have: `what` happened and what to do about it."""

    def __init__(self, code: str, what: str, fix: str) -> None:
        super().__init__(what)
        self.code, self.what, self.fix = code, what, fix


def literal(value: object) -> str:
    """A value as a Trino literal. Raises Refused for what has none."""
    match value:
        case Markup():
            raise Refused(
                "T006",
                "SQL text cannot be a value",
                "print it alone, outside lists and filters",
            )
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float() if math.isfinite(value) and abs(value) < 2**63:
            # repr is the shortest text that reads back as the same number; a bare `-`
            # after another begins a comment
            return f"({value!r})" if repr(value).startswith("-") else repr(value)
        case str() if not CONTROLS.search(value):
            return "'" + value.replace("'", "''") + "'"
        case list() | tuple() if value:
            return "(" + ", ".join(_listed(item) for item in value) + ")"
        case list() | tuple():
            raise Refused(
                "T006",
                "an empty list cannot be printed: IN () is not SQL",
                "give it at least one value",
            )
        case _:
            raise Refused(
                "T006",
                f"{_kind(value)} cannot be printed as an SQL value",
                "print a text, a number, a date text or a list",
            )


def _listed(item: object) -> str:
    if isinstance(item, list | tuple | dict):
        raise Refused(
            "T006",
            "a list of lists cannot be printed as an SQL value",
            "print one list at a time",
        )
    return literal(item)


def _kind(value: object) -> str:
    match value:
        case str():
            return "a text with control characters"
        case dict():
            return "a map"
        case int() | float():
            return "this number"
        case _:
            return "this"


def identifier(value: object) -> Markup:
    """A checked, quoted name: `{{ name | identifier }}`; `database.table` is quoted in two parts."""
    if (
        isinstance(value, Markup)
        or not isinstance(value, str)
        or not IDENTIFIER.fullmatch(value)
    ):
        raise Refused(
            "T006",
            "this is not a name that Treasure Data can have",
            "use lower-case letters, digits and underscores",
        )
    return Markup(".".join(f'"{part}"' for part in value.split(".")))  # noqa: S704 - checked just above
