"""What this sandbox cannot tell: a form of Trino that DuckDB has no proven answer for."""

from __future__ import annotations

MARK = "not here: "
"""How a message begins that DuckDB raises while it runs, where only a value shows that
there is no answer.
"""

BEGINNING = "this sandbox cannot tell what Trino answers for "
ENDING = "; run with --engine trino"


class NotHere(Exception):
    """Trino has an answer, and this sandbox does not know it; `what` it is about."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{BEGINNING}{what}{ENDING}")
        self.what = what


class Rejected(ValueError):
    """A value that Trino refuses, in Trino's words."""
