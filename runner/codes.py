"""What each error code means, from the page that users read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ENTRY = re.compile(
    r"""
    ^\#\#\#[ ](?P<code>[A-Z]\d{3})\n\n
    (?P<meaning>\S.*)\n\n
    (?:```\w+\n(?P<example>(?:(?!```).*\n)+)```\n\n)?
    \*\*What[ ]to[ ]do:\*\*[ ](?P<cure>.+)$
    """,
    re.MULTILINE | re.VERBOSE,
)
"""One code of the page: its heading, its meaning on one line, perhaps an example, and
the cure on one line.
"""


@dataclass(frozen=True, slots=True)
class Code:
    """An error code, what it means and what to do, in the page's words; `example` may
    be of several lines, or none.
    """

    code: str
    meaning: str
    cure: str
    example: str = ""

    @property
    def tells_more(self) -> bool:
        """True where the page has what a message of one sentence has not: an example,
        or a cure of several sentences.
        """
        return bool(self.example) or ". " in self.cure


def known() -> Mapping[str, Code]:
    """Every code, in the order of the page. It is shipped inside the package, and
    beside it in a checkout.
    """
    package = Path(__file__).parent
    places = (package / "docs", package.parent / "docs")
    page = next(place for place in places if place.is_dir()) / "codes.md"
    return parse(page.read_text(encoding="utf-8"))


def parse(page: str) -> Mapping[str, Code]:
    """The codes of a page, in its order."""
    found: dict[str, Code] = {}
    for entry in ENTRY.finditer(page):
        code = Code(
            code=entry["code"],
            meaning=_plain(entry["meaning"]),
            cure=_plain(entry["cure"]),
            example=(entry["example"] or "").rstrip(),
        )
        found[code.code] = code
    return found


def closest(text: str, codes: Iterable[str]) -> tuple[str, ...]:
    """Up to three codes that may have been meant: the nearest numbers of the same
    letter, or else what looks alike.
    """
    # a very long text would take long to compare
    asked, names = text.strip().upper()[:20], tuple(codes)
    same = [name for name in names if name[0] == asked[:1]]
    if same and re.fullmatch(r"[A-Z][0-9]+", asked):
        number = int(asked[1:])
        near = sorted(same, key=lambda name: abs(int(name[1:]) - number))
        # a code whose number is the same is certainly meant
        if int(near[0][1:]) == number:
            return (near[0],)
        return tuple(sorted(near[:3]))
    return tuple(sorted(difflib.get_close_matches(asked, names, 3, 0.55)))


def explained(code: Code) -> str:
    """All about one code, for a terminal."""
    example = ""
    if code.example:
        example = f"\n\n{_indented(code.example)}\n"
    return f"{code.code}: {code.meaning}{example}\nWhat to do: {code.cure}"


def listed(codes: Iterable[Code]) -> str:
    """One line a code: the first sentence of its meaning."""
    return "\n".join(
        f"{code.code}  {code.meaning.partition('. ')[0].removesuffix('.')}"
        for code in codes
    )


def _plain(text: str) -> str:
    """Without links, which a terminal cannot follow: the file's name stays."""
    return re.sub(r"\[([^]]+)]\([^)]+\)", r"docs/\1", text)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
