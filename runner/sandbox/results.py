"""A result's rows in the formats Treasure Data hands out."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import msgpack

from runner.sandbox.query import Rows
from runner.sandbox.warehouse import Refused

MEDIA = {
    "msgpack": "application/x-msgpack",
    "msgpack.gz": "application/gzip",
    "json": "application/json",
    "jsonl": "application/json",
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
}


def encode(rows: Rows, form: str, *, header: bool) -> bytes:
    """Rows as msgpack lists, JSON lists (one a line), CSV or TSV. Raises Refused 422
    for an unknown format.
    """
    match form:
        case "msgpack":
            return b"".join(map(msgpack.packb, _plain_rows(rows)))
        case "msgpack.gz":
            return gzip.compress(
                encode(rows, "msgpack", header=header), compresslevel=1, mtime=0
            )
        case "json" | "jsonl":
            lines = [f"{line}\n" for line in map(json.dumps, _plain_rows(rows))]
            return "".join(lines).encode()
        case "csv":
            return _separated(rows, ",", header=header)
        case "tsv":
            return _separated(rows, "\t", header=header)
        case _:
            forms = ", ".join(MEDIA)
            raise Refused(422, f"format {form!r} is none of {forms}")


_SIZES: WeakKeyDictionary[Rows, int] = WeakKeyDictionary()


def size(rows: Rows) -> int:
    """Bytes of a result as msgpack.gz: what clients divide into ranges. Kept, since
    jobs are shown often.
    """
    known = _SIZES.get(rows)
    if known is None:
        packed = encode(rows, "msgpack.gz", header=False)
        known = len(packed)
        _SIZES[rows] = known
    return known


def _separated(rows: Rows, separator: str, *, header: bool) -> bytes:
    """Rows as lines of values with a separator between them."""
    text = io.StringIO()
    # None is written as an empty field
    lines = csv.writer(text, delimiter=separator, lineterminator="\n")
    if header:
        lines.writerow([column.name for column in rows.columns])
    lines.writerows(_plain_rows(rows))
    return text.getvalue().encode()


def _plain_rows(rows: Rows) -> Iterator[list[Any]]:
    """The rows as lists of plain values."""
    for row in rows.rows:
        yield list(map(_plain, row))


def _plain(value: Any) -> Any:
    """What JSON and msgpack can hold; anything else as its text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes() | bytearray():
            return value.hex()
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case _:
            return str(value)
