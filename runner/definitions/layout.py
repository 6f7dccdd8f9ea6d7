"""A cohort's file in its usual order: keys as the schema has them, each with the
comments above it; nothing else moves.

The text is cut and put together again, not written anew, so that comments, quotes and
line breaks stay as they are.
"""

from __future__ import annotations

import json
import re
from functools import cache

from runner.files import documents, schemas
from runner.files.documents import Document

_MODELINE = re.compile(r"#\s*yaml-language-server:")


def formatted(document: Document) -> str:
    """The file's text in order; as it is where it is no group of keys, or would mean
    something else.
    """
    if not isinstance(document.data, dict):
        return document.source
    first = {key: document.keys[key,].line for key in document.data}
    if len(set(first.values())) < len(first) or any(
        document.keys[key,].column != 1 for key in document.data
    ):
        return document.source  # written on one line
    header, pieces = _cut(document.source.rstrip("\n").split("\n"), first)
    known = _order()
    ordered = sorted(
        pieces, key=lambda key: known.index(key) if key in known else len(known)
    )
    lines = [*header, *(line for key in ordered for line in pieces[key])]
    text = "\n".join(_tidied(lines, document)) + "\n"
    again = documents.parse(text.encode(), document.path)
    return (
        text
        if isinstance(again, Document) and again.data == document.data
        else document.source
    )


@cache
def _order() -> list[str]:
    return list(json.loads(schemas.text("cohort"))["properties"])


def _cut(
    lines: list[str], first: dict[str, int]
) -> tuple[list[str], dict[str, list[str]]]:
    """What stands above the first key and is about the whole file; and the lines of
    each key with what is above it.
    """
    starts = {key: _with_comments(lines, line - 1) for key, line in first.items()}
    header: list[str] = []
    top = min(starts, key=starts.__getitem__)
    above = lines[: first[top] - 1]
    whole = next(
        (
            number
            for number in range(len(above), 0, -1)
            if not above[number - 1].strip()
        ),
        0,
    )
    while whole < len(above) and (
        _MODELINE.match(above[whole]) or above[whole].startswith(("---", "%"))
    ):
        whole += 1
    header, starts[top] = lines[:whole], whole
    ends = sorted([*starts.values(), len(lines)])
    return header, {
        key: lines[start : ends[ends.index(start) + 1]] for key, start in starts.items()
    }


def _with_comments(lines: list[str], line: int) -> int:
    """Where the comments right above a line begin."""
    while line > 0 and lines[line - 1].startswith("#"):
        line -= 1
    return line


def _tidied(lines: list[str], document: Document) -> list[str]:
    """Without white space at ends of lines and empty lines at the end, where no text
    would change by it.
    """
    bare = [line.rstrip() for line in lines]
    again = documents.parse(("\n".join(bare) + "\n").encode(), document.path)
    kept = (
        bare if isinstance(again, Document) and again.data == document.data else lines
    )
    while kept and not kept[-1].strip():
        kept = kept[:-1]
    return kept
