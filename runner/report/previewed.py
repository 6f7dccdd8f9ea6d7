"""The first rows of a cohort's query as text for a terminal."""

from __future__ import annotations

from runner.application.previewing import Preview
from runner.report.lists import many
from runner.sql.members import FIRST

WIDEST = 200
"""Characters of a value that are shown."""


def text(each: Preview, target: str) -> str:
    """One export of a cohort: its column as Braze's connector knows it, its rows, and
    their values where somebody agreed to see them.
    """
    cohort = each.cohort
    lines = [
        f"{cohort.id} · {cohort.name} · target {target} · by {each.handle}",
        f"  column {each.handle.export_column}: {_size(each)}",
    ]
    lines += [f"    {_safe(value)}" for value in each.values]
    return "\n".join(lines)


def _size(each: Preview) -> str:
    if not each.rows:
        return "no row, so the query finds nobody"
    rows = many(each.rows, "row")
    if each.rows == FIRST:
        rows = f"{FIRST} rows (perhaps there are more)"
    lengths = f"{each.shortest:,} to {each.longest:,} characters"
    if each.shortest == each.longest:
        lengths = many(each.longest, "character")
    return f"{rows}, of {lengths}"


def _safe(value: str) -> str:
    """A value as a terminal may get it: what is not seen is written as an escape."""
    shown = "".join(_seen(each) for each in value[:WIDEST])
    if len(value) > WIDEST:
        shown += "…"
    return shown


def _seen(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
