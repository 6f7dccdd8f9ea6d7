"""The members of an audience as SQL: the author's query wrapped, so that no column can have the wrong name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.identifiers import Handle, Identifier
from runner.sql.tokens import indented

COLUMNS = "kind, label, value"
"""What a member is."""

NOTED = "spellings, type"
"""What is noted of a member: in how many ways the query wrote it, and the type of its column."""


def members(audience: str, identifiers: Sequence[Identifier]) -> str:
    """One row a member: `kind`, `label`, `value` (distinct, no NULL, no blank), `spellings`, `type`.

    The audience is read once however many identifiers there are. `type` is Trino's name of the column's type: numbers
    with a fraction would be written like `1.2E7`, and are refused when they are counted.
    """
    if len(identifiers) == 1:
        kind, label = _text(identifiers[0].handle.kind), _text(identifiers[0].handle.label)
        columns = (
            f"{kind} AS kind, {label} AS label, {_written(identifiers[0])} AS written, {_type(identifiers[0])} AS type"
        )
        source = _named(audience, 4)
    else:
        numbered = tuple(enumerate(identifiers))
        columns = (
            "asked.kind, asked.label,\n"
            f"    {_case((number, _written(identifier)) for number, identifier in numbered)} AS written,\n"
            f"    {_case((number, _type(identifier)) for number, identifier in numbered)} AS type"
        )
        rows = ", ".join(
            f"({number}, {_text(identifier.handle.kind)}, {_text(identifier.handle.label)})"
            for number, identifier in numbered
        )
        source = f"{_named(audience, 4)}\n  CROSS JOIN (VALUES {rows}) AS asked (number, kind, label)"
    lowered = [identifier.handle for identifier in identifiers if identifier.lower]
    return (
        f"SELECT kind, label, {_value(lowered, len(identifiers))} AS value,"
        f" {'COUNT(DISTINCT written)' if lowered else 'CAST(1 AS BIGINT)'} AS spellings, MAX(type) AS type\n"
        "FROM (\n"
        f"  SELECT {columns}\n"
        f"  FROM {source}\n"
        ") AS members\n"
        "WHERE written <> ''\n"
        f"GROUP BY kind, label, {_value(lowered, len(identifiers))}"
    )


def export(audience: str, identifier: Identifier) -> str:
    """The members of one handle as the connector wants them: one column with its exact name."""
    value = f"LOWER({_written(identifier)})" if identifier.lower else _written(identifier)
    return (
        f'SELECT DISTINCT member AS "{identifier.handle.export_column}"\n'
        "FROM (\n"
        f"  SELECT {value} AS member\n"
        f"  FROM {_named(audience, 4)}\n"
        ") AS members\n"
        "WHERE member <> ''"
    )


def of_handle(handle: Handle) -> str:
    """The condition that keeps one handle's members."""
    return f"kind = '{handle.kind.value}' AND label = '{handle.label}'"


def _named(audience: str, depth: int) -> str:
    """The author's SQL on lines of its own, so that a comment at its end swallows nothing."""
    return f"(\n{indented(audience, depth)}\n  ) AS audience"


def _written(identifier: Identifier) -> str:
    return f'TRIM(CAST(audience."{identifier.column}" AS VARCHAR))'


def _type(identifier: Identifier) -> str:
    return f'TYPEOF(audience."{identifier.column}")'


def _text(value: str) -> str:
    return f"CAST('{value}' AS VARCHAR)"


def _case(values: Iterable[tuple[int, str]]) -> str:
    lines = "".join(f" WHEN {number} THEN {value}" for number, value in values)
    return f"CASE asked.number{lines} END"


def _value(lowered: Sequence[Handle], handles: int) -> str:
    if not lowered:
        return "written"
    if handles == len(lowered):
        return "LOWER(written)"
    which = " OR ".join(f"({of_handle(handle)})" for handle in lowered)
    return f"CASE WHEN {which} THEN LOWER(written) ELSE written END"
