"""Text of others inside Markdown: shown as it is, and nothing that GitHub would act on."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Everything that Markdown, HTML or GitHub itself (mentions, references, links, emoji)
# could read as more than a letter.
_LIVE = re.compile(r"[^\w ,;=%'\u2013\u2026→←−•·…-]|_")

# What GitHub takes as it is: no sign that could begin a mention, a reference (`GH-1` is
# one), a link or a mark.
_DEAD = re.compile(r"(?:[^\W_]|[ ,;()%'+→–/]|-(?!\d))+")

# A word without the signs around it, which do nothing there.
_WORD = re.compile(r"(?P<before>[\"(]*)(?P<word>.*?)(?P<after>[\".,:;)]*)")

# Letters that are not seen, or that turn the others round (https://trojansource.codes).
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u180e\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)

# Seven digits of a hash, which GitHub would make a link to a commit.
_COMMIT = re.compile("[0-9a-f]{7}")

LONGEST = 300
"""Characters of one piece of somebody's text."""


def seen(text: str) -> str:
    """The text on one line, with every letter that cannot be seen written out."""
    line = text.replace("\r\n", "\n").replace("\n", "⏎").replace("\t", " ")
    return _written_out(line)


def _written_out(text: str) -> str:
    """A text with each unseen letter as its number, such as `\\u200b`."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def code(text: str) -> str:
    """A piece of somebody's text as code, where GitHub looks for neither mentions nor
    references. Every sign is written as a number, so that neither a table nor an inline
    mark ends in it. Empty for an empty text.
    """
    shown = seen(text)
    if not shown:
        return ""
    if len(shown) > LONGEST:
        shown = f"{shown[:LONGEST]}…"
    dead = _LIVE.sub(lambda found: f"&#{ord(found[0])};", shown)
    return f"<code>{dead}</code>"


def words(text: str) -> str:
    """A name, or a sentence of ours that may quote others: as it is where nothing in it
    can mean more, else as code.
    """
    if _is_dead(text):
        return text
    return code(text)


def sentence(text: str, most: int = LONGEST) -> str:
    """A sentence of ours that may quote others: what it has in backticks is code, and so
    is every word that could mean more than it says.
    """
    shown = seen(text)
    if len(shown) > most:
        shown = f"{shown[:most]}…"
    parts = shown.split("`")
    # what an odd number of backticks comes before stands between two of them
    told = [
        code(part) if place % 2 else _each_word(part)
        for place, part in enumerate(parts)
    ]
    return "".join(told)


def _each_word(text: str) -> str:
    """A text of which each word is as it is, or code."""
    told = []
    for given in text.split(" "):
        found = _WORD.fullmatch(given)
        before, word, after = found.groups() if found else ("", given, "")
        told.append(f"{before}{words(word)}{after}")
    return " ".join(told)


def _is_dead(text: str) -> bool:
    """True where GitHub and Markdown show the text as it is."""
    if not _DEAD.fullmatch(text) or seen(text) != text:
        return False
    # GitHub makes a link of what begins with www, without any sign that gives it away
    return not _COMMIT.search(text) and "www" not in text.lower()


def fenced(lines: Sequence[str], language: str = "") -> str:
    """Lines in a block that none of them can end."""
    shown = [_written_out(line.replace("\t", "    ")) for line in lines]
    # a block ends with as many backticks as it began with: take more than any line has
    longest = 2
    for line in shown:
        for run in re.findall("`+", line):
            longest = max(longest, len(run))
    fence = "`" * (longest + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def folded(title: str, *blocks: str, is_open: bool = False) -> str:
    """Blocks that are seen when the title is clicked; `is_open`: until it is clicked."""
    tag = "<details>"
    if is_open:
        tag = "<details open>"
    return "\n\n".join([f"{tag}<summary>{title}</summary>", *blocks, "</details>"])
