"""What each error code means, from the page that users read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Code:
    """An error code, what it means and what to do, as Markdown."""

    code: str
    meaning: str
    cure: str


def known() -> dict[str, Code]:
    """Every code, in the order of the page. It is shipped inside the package, and beside it in a checkout."""
    package = Path(__file__).parent
    places = (package / "docs", package.parent / "docs")
    page = next(place for place in places if place.is_dir()) / "codes.md"
    rows = re.findall(r"^\| ([A-Z]\d{3}) \| (.+) \| (.+) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {code: Code(code, meaning, cure) for code, meaning, cure in rows}
