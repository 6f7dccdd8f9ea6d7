"""The known name that somebody may have meant who wrote another."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SIMILAR = 0.6
"""difflib's own measure of how alike two names must be."""


def suggestion(
    name: str, known: Iterable[str], otherwise: str, *, similar: float = _SIMILAR
) -> str:
    """The `fix` of a problem with a name that is not known: the closest of the `known`
    names, or `otherwise` where none is close. `similar` is between 0 and 1.
    """
    close = difflib.get_close_matches(name, list(known), 1, similar)
    if close:
        return f"perhaps you meant {close[0]}"
    return otherwise
