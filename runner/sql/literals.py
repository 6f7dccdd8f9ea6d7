"""Values as Trino literals: what a template prints."""

from __future__ import annotations

import math
import re

from markupsafe import Markup

# What documents refuse too (a template can still write it as an escape), and the marks
# of a rendering (see jinja).
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufffe\uffff\ue000-\ue003]"
)
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


class Refused(Exception):
    """A template asked for something it may not have: `what` happened and what to do about it."""

    def __init__(self, code: str, what: str, fix: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.fix = fix


def literal(value: object) -> str:
    """A value as a Trino literal. Raises Refused for what has none."""
    match value:
        case Markup():
            what = "SQL text cannot be a value"
            fix = "print it alone, outside lists and filters"
            raise Refused("T006", what, fix)
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case int() | float() if math.isfinite(value) and abs(value) < 2**63:
            # the shortest text that reads back as the same number
            text = repr(value)
            # a bare `-` after another begins a comment
            if text.startswith("-"):
                return f"({text})"
            return text
        case str() if not CONTROLS.search(value):
            return "'" + value.replace("'", "''") + "'"
        case list() | tuple() if value:
            items = ", ".join(_listed(item) for item in value)
            return f"({items})"
        case list() | tuple():
            what = "an empty list cannot be printed: IN () is not SQL"
            raise Refused("T006", what, "give it at least one value")
        case _:
            what = f"{_kind(value)} cannot be printed as an SQL value"
            fix = "print a text, a number, a date text or a list"
            raise Refused("T006", what, fix)


def _listed(item: object) -> str:
    """An entry of a list as a literal."""
    if isinstance(item, list | tuple | dict):
        what = "a list of lists cannot be printed as an SQL value"
        raise Refused("T006", what, "print one list at a time")
    return literal(item)


def _kind(value: object) -> str:
    """What a value is, in the words of a message."""
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
    """A name, checked and quoted, for `{{ name | identifier }}`. The two parts of
    `database.table` are quoted each. Raises Refused for what is no name.
    """
    # Markup is a text, too, but it is SQL and no name
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    if not is_text or not IDENTIFIER.fullmatch(str(value)):
        what = "this is not a name that Treasure Data can have"
        fix = "use lower-case letters, digits and underscores"
        raise Refused("T006", what, fix)
    quoted = [f'"{part}"' for part in str(value).split(".")]
    return Markup(".".join(quoted))  # noqa: S704 - checked just above
