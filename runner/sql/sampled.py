"""A look at a few rows of a table in counts alone: no value of a row is returned.

What is counted says whether a column tells rows apart, and whether it holds days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from runner.definitions.proposals import ColumnSample, Sample
from runner.sql.literals import literal
from runner.sql.names import quoted

ROWS = 10_000
"""How many rows are looked at, whichever the engine finds first."""

DAYS = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
"""A day as a column of the type `date` holds it (see time_windows.dates)."""


def select(table: str, keys: Collection[str], texts: Collection[str]) -> str:
    """A SELECT of one row of counts, for `read`. `table` has its database; `keys` are the
    columns whose different values are counted, `texts` those that may hold days.
    """
    counts = ",\n".join(f"  {count}" for count in _counts(keys, texts))
    columns = ", ".join(map(quoted, _columns(keys, texts)))
    parts = table.split(".")
    name = ".".join(map(quoted, parts))
    return (
        f"SELECT\n{counts}\n"
        f"FROM (SELECT {columns} FROM {name} LIMIT {ROWS}) AS looked_at"
    )


def read(row: Sequence[Any], keys: Collection[str], texts: Collection[str]) -> Sample:
    """The counts of a row that `select` found for the same columns."""
    numbers = iter(map(int, row))
    rows = next(numbers)
    columns: dict[str, ColumnSample] = {}
    for column in _columns(keys, texts):
        present = next(numbers)
        distinct = 0
        days = 0
        if column in keys:
            distinct = next(numbers)
        if column in texts:
            days = next(numbers)
        columns[column] = ColumnSample(present, distinct, days)
    return Sample(rows, columns)


def _counts(keys: Collection[str], texts: Collection[str]) -> Iterator[str]:
    """What is counted, in the order in which `read` takes it."""
    yield "COUNT(*)"
    for column in _columns(keys, texts):
        name = quoted(column)
        yield f"COUNT({name})"
        if column in keys:
            yield f"COUNT(DISTINCT {name})"
        if column in texts:
            yield f"COUNT_IF(REGEXP_LIKE({name}, {literal(DAYS)}))"


def _columns(keys: Collection[str], texts: Collection[str]) -> list[str]:
    """The columns that are looked at, each once."""
    return sorted({*keys, *texts})
