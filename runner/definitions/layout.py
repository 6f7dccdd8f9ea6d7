"""A cohort's file in its usual order: keys as the schema has them, each with the
comments above it; nothing else moves.

The text is cut and put together again, not written anew, so that comments, quotes and
line breaks stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

from runner.files import documents, schemas
from runner.files.documents import Document

_MODELINE = re.compile(r"#\s*yaml-language-server:")


def formatted(document: Document) -> str:
    """The file's text in order; as it is where it is no group of keys, or would mean
    something else.
    """
    if not isinstance(document.data, dict) or not document.data:
        return document.source
    first = {key: document.keys[key,].line for key in document.data}
    columns = {document.keys[key,].column for key in document.data}
    # keys that share a line, or do not begin one, are written on one line: {id: a, name: b}
    if len(set(first.values())) < len(first) or columns - {1}:
        return document.source
    header, pieces = _cut(document.source.rstrip("\n").split("\n"), first)
    places = _order()
    ordered = sorted(pieces, key=lambda key: places.get(key, len(places)))
    lines = list(header)
    for key in ordered:
        lines += pieces[key]
    text = "\n".join(_tidied(lines, document)) + "\n"
    if _means_the_same(text, document):
        return text
    return document.source


def _means_the_same(text: str, document: Document) -> bool:
    """True where a text has the data of a file."""
    again = documents.parse(text.encode(), document.path)
    return isinstance(again, Document) and again.data == document.data


@cache
def _order() -> Mapping[str, int]:
    """The place of each key in the schema."""
    schema = json.loads(schemas.text("cohort"))
    return {key: place for place, key in enumerate(schema["properties"])}


def _cut(
    lines: list[str], first: dict[str, int]
) -> tuple[list[str], dict[str, list[str]]]:
    """The lines above the first key that are about the whole file; and for each key its
    lines, with the comments above them. `first` are the lines (from 1) of the keys.
    """
    starts = {key: _with_comments(lines, line - 1) for key, line in first.items()}
    top = min(starts, key=starts.__getitem__)
    # all that stands above the first key belongs to it or to the whole file
    starts[top] = _header(lines[: first[top] - 1])
    ends = sorted([*starts.values(), len(lines)])
    pieces: dict[str, list[str]] = {}
    for key, start in starts.items():
        end = ends[ends.index(start) + 1]
        pieces[key] = lines[start:end]
    return lines[: starts[top]], pieces


def _header(above: list[str]) -> int:
    """How many of the lines above the first key are about the whole file: those up to
    the last blank one, and what may only stand at the top.
    """
    count = 0
    for number, line in enumerate(above, start=1):
        if not line.strip():
            count = number
    while count < len(above) and _is_of_top(above[count]):
        count += 1
    return count


def _is_of_top(line: str) -> bool:
    """True for an editor's mode line, a YAML directive, and where a document starts."""
    return line.startswith(("---", "%")) or bool(_MODELINE.match(line))


def _with_comments(lines: list[str], line: int) -> int:
    """Where the comments right above a line begin."""
    while line > 0 and lines[line - 1].startswith("#"):
        line -= 1
    return line


def _tidied(lines: list[str], document: Document) -> list[str]:
    """Without white space at ends of lines and empty lines at the end, where no text
    would change by it.
    """
    kept = [line.rstrip() for line in lines]
    # in a block of text, white space at the end of a line is part of the text
    if not _means_the_same("\n".join(kept) + "\n", document):
        kept = list(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
