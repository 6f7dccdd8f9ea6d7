"""What is wrong with one file, noted while it is read."""

from __future__ import annotations

from runner.errors import Problem
from runner.files.documents import Document, Pointer


class Notes:
    """Gathers problems, so that reading goes on."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: set[Problem] = set()

    def tell(
        self, at: Pointer, code: str, what: str, fix: str, *, key: bool = False
    ) -> None:
        """Note a problem at a value, or at its key."""
        place = self.document.at(*at)
        if key:
            place = self.document.key_at(*at)
        self.problems.add(Problem(place, code, what, fix))
