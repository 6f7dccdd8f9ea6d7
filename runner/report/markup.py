"""Text of others inside Markdown: shown as it is, and nothing that GitHub would act on."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Everything that Markdown, HTML or GitHub itself (mentions, references, links, emoji)
# could read as more than a letter.
_LIVE = re.compile(r"[^\w ,;=%'\u2013\u2026→←−•·…-]|_")

# What GitHub takes as it is: no sign that could begin a mention, a reference (`GH-1` is
# one), a link or a mark.
_DEAD = re.compile(r"(?:[^\W_]|[ ,;()%'+→–]|-(?!\d))+")

# Letters that are not seen, or that turn the others round (https://trojansource.codes).
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u180e\u2800\u3164\ufe00-\ufe0f\uffa0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)

LONGEST = 300
"""Characters of one piece of somebody's text."""


def seen(text: str) -> str:
    """The text on one line, with every letter that cannot be seen written out."""
    return _UNSEEN.sub(
        lambda found: f"\\u{ord(found[0]):04x}",
        text.replace("\r\n", "\n").replace("\n", "⏎").replace("\t", " "),
    )


def code(text: str) -> str:
    """A piece of somebody's text as code, where GitHub looks for neither mentions nor
    references. Every sign is written as a number, so that neither a table nor an inline
    mark ends in it.
    """
    whole = seen(text)
    short = whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}…"
    return (
        f"<code>{_LIVE.sub(lambda found: f'&#{ord(found[0])};', short)}</code>"
        if short
        else ""
    )


def words(text: str) -> str:
    """A name, or a sentence of ours that may quote others: as it is where nothing in it
    can mean more, else as code.
    """
    return (
        text
        if _DEAD.fullmatch(text)
        and seen(text) == text
        and not re.search("[0-9a-f]{7}", text)
        and "www" not in text.lower()
        else code(text)
    )


def fenced(lines: Sequence[str], language: str = "") -> str:
    """Lines in a block that none of them can end."""
    whole = [
        _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line.replace("\t", "    "))
        for line in lines
    ]
    longest = max(
        (len(run) for line in whole for run in re.findall("`+", line)), default=0
    )
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *whole, fence])


def folded(title: str, *blocks: str) -> str:
    """Blocks that are seen when the title is clicked."""
    return "\n\n".join([f"<details><summary>{title}</summary>", *blocks, "</details>"])
