"""The cohorts of a repository as a table of one line each."""

from __future__ import annotations

from collections.abc import Sequence

from runner.application.listing import Kind
from runner.definitions.cohort import Cohort
from runner.report.lists import column_widths

Row = tuple[str, str, str, str, str, str]

HEADER: Row = ("ID", "NAME", "OWNER", "KIND", "SCHEDULE", "FILE")

GIVES_WAY = (1, 5, 2, 4)
"""Columns that are shortened where the terminal is narrow: name, file, owner, schedule."""

LEAST = 8
"""The narrowest that a column is made, in characters."""

GAP = 2
"""Spaces between columns."""


def table(cohorts: Sequence[Cohort], kinds: Sequence[Kind], width: int = 0) -> str:
    """A line for each cohort, at most `width` characters wide; 0 is as wide as it takes."""
    rows = [HEADER]
    rows += [_row(*each) for each in zip(cohorts, kinds, strict=True)]
    widths = column_widths(rows)
    if width:
        widths = _narrowed(widths, width)
    return "\n".join(_line(row, widths) for row in rows)


def _row(cohort: Cohort, kind: Kind) -> Row:
    """The cells of one cohort."""
    schedule = "-"
    if cohort.schedule:
        schedule = cohort.schedule.cron
    return (
        cohort.id,
        cohort.name,
        cohort.owner or "-",
        kind.value,
        schedule,
        cohort.document.path,
    )


def _narrowed(widths: Sequence[int], width: int) -> list[int]:
    """Column widths that fit into a line, as far as the columns that give way allow."""
    fitting = list(widths)
    gaps = GAP * (len(widths) - 1)
    over = max(sum(widths) + gaps - width, 0)
    for column in GIVES_WAY:
        spare = max(fitting[column] - LEAST, 0)
        less = min(over, spare)
        fitting[column] -= less
        over -= less
    return fitting


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """A row in columns of these widths."""
    cells = []
    for text, width in zip(row, widths, strict=True):
        shown = _shortened(text, width)
        cells.append(shown.ljust(width))
    gap = " " * GAP
    return gap.join(cells).rstrip()


def _shortened(text: str, width: int) -> str:
    """A text that is cut where it is longer."""
    if len(text) <= width:
        return text
    return f"{text[: width - 1]}…"
