"""The members of an audience as SQL: the author's query wrapped, so that no column can have the wrong name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.identifiers import Handle, Identifier
from runner.sql.tokens import indented

COLUMNS = "kind, label, value"
"""What a member is."""

NOTED = "spellings, type"
"""What is noted of a member: in how many ways the query wrote it, and the type of its column."""


NOTES = ("unusable", "usable")
"""Labels of the two rows of no kind that a snapshot ends with: `spellings` counts the query's rows that name nobody
Braze could find, and the others.
"""

LONGEST = 1_000
"""Characters of an identifier. Braze does not publish its limit; no id, device or address is as long as this."""

CONTROL = "[[:cntrl:]]"
"""What no identifier holds; as a regular expression for Trino."""


def members(audience: str, identifiers: Sequence[Identifier], barred: str = "") -> str:
    """One row a member: `kind`, `label`, `value` (distinct, usable), `spellings`, `type`; and the NOTES.

    The audience is read once however many identifiers there are. `type` is Trino's name of the column's type: numbers
    with a fraction would be written like `1.2E7`, and are refused when they are counted. `barred` selects `kind, label,
    value` of people to leave out (see `suppressed`): whoever stands in a row with one of them is left out by all names.
    """
    numbered = tuple(enumerate(identifiers))
    named = ",\n".join(
        f"          {_written(one)} AS written_{number}, {_type(one)} AS type_{number}" for number, one in numbered
    )
    usable = ",\n".join(
        f"        written_{number}, type_{number}, {_usable(number)} AS usable_{number}" for number, _ in numbered
    )
    out = f",\n        {_barred(identifiers, barred)} AS barred" if barred else ""
    nobody = " AND ".join(f"usable_{number} = ''" for number, _ in numbered)
    broken = " OR ".join(f"usable_{number} <> written_{number}" for number, _ in numbered)
    note = f"CASE WHEN ({nobody}) OR {broken} THEN '{NOTES[0]}' ELSE '{NOTES[1]}' END"
    asked = [(one.handle.kind, one.handle.label) for one in identifiers]
    rows = ", ".join(
        f"({number}, {_text(kind)}, {_text(label)})" for number, (kind, label) in enumerate([*asked, ("", "")])
    )
    value = _value([identifier.handle for identifier in identifiers if identifier.lower], len(identifiers))
    return (
        "SELECT kind, label, value,\n"
        "  CASE WHEN kind = '' THEN COUNT(*) ELSE COUNT(DISTINCT written) END AS spellings, MAX(type) AS type\n"
        "FROM (\n"
        f"  SELECT kind, CASE WHEN kind = '' THEN written ELSE label END AS label,\n"
        f"    CASE WHEN kind = '' THEN '' ELSE {value} END AS value, written, type{', barred' if barred else ''}\n"
        "  FROM (\n"
        "    SELECT asked.kind, asked.label,\n"
        f"      {_case('usable', len(identifiers), note)} AS written,\n"
        f"      {_case('type', len(identifiers), _text(''))} AS type{', barred' if barred else ''}\n"
        "    FROM (\n"
        f"      SELECT\n{usable}{out}\n"
        "      FROM (\n"
        f"        SELECT\n{named}\n"
        f"        FROM {_named(audience, 10)}\n"
        "      ) AS named\n"
        "    ) AS people\n"
        f"    CROSS JOIN (VALUES {rows}) AS asked (number, kind, label)\n"
        "  ) AS written\n"
        "  WHERE written <> ''\n"
        ") AS members\n"
        "GROUP BY kind, label, value" + ("\nHAVING kind = '' OR MAX(barred) = 0" if barred else "")
    )


def suppressed(lists: Iterable[tuple[str, Sequence[Identifier]]]) -> str:
    """`kind, label, value` of everybody whom one of these queries names, each value once and in small letters: who must
    not be written to is found in whatever letters it was written. Each query is read once.
    """
    return "\nUNION\n".join(_listed(audience, identifiers) for audience, identifiers in lists)


def _listed(audience: str, identifiers: Sequence[Identifier]) -> str:
    named = ", ".join(f"{_written(one)} AS written_{number}" for number, one in enumerate(identifiers))
    rows = ", ".join(
        f"({number}, {_text(one.handle.kind)}, {_text(one.handle.label)})" for number, one in enumerate(identifiers)
    )
    return (
        "SELECT kind, label, value\n"
        "FROM (\n"
        f"  SELECT asked.kind, asked.label, LOWER({_case('written', len(identifiers), 'NULL')}) AS value\n"
        f"  FROM (\n    SELECT {named}\n    FROM {_named(audience, 6)}\n  ) AS named\n"
        f"  CROSS JOIN (VALUES {rows}) AS asked (number, kind, label)\n"
        ") AS listed\n"
        "WHERE value <> ''"
    )


def _barred(identifiers: Sequence[Identifier], barred: str) -> str:
    """1 for a row of the audience that names somebody barred."""
    found = " OR ".join(
        f"LOWER({_usable(number)}) IN (SELECT value FROM (\n{indented(barred, 8)}\n      ) AS barred"
        f" WHERE {of_handle(identifier.handle)})"
        for number, identifier in enumerate(identifiers)
    )
    return f"CASE WHEN {found} THEN 1 ELSE 0 END"


def _usable(number: int) -> str:
    """The value of an identifier's column; nothing where there is none, or one that Braze could not take."""
    written = f"written_{number}"
    broken = f"LENGTH({written}) > {LONGEST} OR REGEXP_LIKE({written}, '{CONTROL}')"
    return f"CASE WHEN {broken} THEN '' ELSE COALESCE({written}, '') END"


def export(audience: str, identifier: Identifier, barred: str = "") -> str:
    """The members of one handle as the connector wants them: one column with its exact name."""
    value = f"LOWER({_written(identifier)})" if identifier.lower else _written(identifier)
    out = ""
    if barred:
        out = (
            f"\n  AND LOWER(member) NOT IN (SELECT value FROM (\n{indented(barred, 4)}\n  ) AS barred"
            f" WHERE {of_handle(identifier.handle)})"
        )
    return (
        f'SELECT DISTINCT member AS "{identifier.handle.export_column}"\n'
        "FROM (\n"
        f"  SELECT {value} AS member\n"
        f"  FROM {_named(audience, 4)}\n"
        ") AS members\n"
        f"WHERE member <> ''{out}"
    )


def of_handle(handle: Handle) -> str:
    """The condition that keeps one handle's members."""
    return f"kind = '{handle.kind.value}' AND label = '{handle.label}'"


def _named(audience: str, depth: int) -> str:
    """The author's SQL on lines of its own, so that a comment at its end swallows nothing."""
    return f"(\n{indented(audience, depth)}\n{' ' * (depth - 2)}) AS audience"


def _written(identifier: Identifier) -> str:
    return f'TRIM(CAST(audience."{identifier.column}" AS VARCHAR))'


def _type(identifier: Identifier) -> str:
    return f'TYPEOF(audience."{identifier.column}")'


def _text(value: str) -> str:
    return f"CAST('{value}' AS VARCHAR)"


def _case(name: str, identifiers: int, of_note: str) -> str:
    lines = "".join(f" WHEN {number} THEN {name}_{number}" for number in range(identifiers))
    return f"CASE asked.number{lines} ELSE {of_note} END"


def _value(lowered: Sequence[Handle], handles: int) -> str:
    if not lowered:
        return "written"
    if handles == len(lowered):
        return "LOWER(written)"
    which = " OR ".join(f"({of_handle(handle)})" for handle in lowered)
    return f"CASE WHEN {which} THEN LOWER(written) ELSE written END"
