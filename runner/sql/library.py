"""Shared templates and macros: texts by name, and their places in numbers that survive
a compilation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

FILE = 1_000_000
"""Lines apart that files are numbered: line 12 of the third file is 3,000,012. A file
holds at most 256 KiB.
"""


class Library:
    """The files under `cohorts/templates/`. File 0 is the template that is rendered; it
    need not be one of them.

    Compared by identity, so that what was compiled with it can be kept.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)
        self.names = tuple(sorted(texts))

    def texts_with(self, template: str) -> Iterator[str]:
        """Every text, `template` first."""
        yield template
        yield from self._texts.values()

    def number(self, name: str) -> int | None:
        """A file's number, from 1; None where there is no such file."""
        if name not in self._texts:
            return None
        return self.names.index(name) + 1

    def text(self, number: int, template: str) -> str:
        """A file's text by its number; `template` is file 0's."""
        if number == 0:
            return template
        return self._texts[self.names[number - 1]]

    def name(self, number: int) -> str:
        """A file's name by its number; an empty text for file 0."""
        if number == 0:
            return ""
        return self.names[number - 1]


EMPTY = Library({})
