"""The members of an audience as SQL: the author's query wrapped, so that no column can
have the wrong name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.identifiers import Handle, Identifier
from runner.sql.tokens import indented

COLUMNS = "kind, label, value"
"""What a member is."""

NOTED = "spellings, type"
"""What is noted of a member: whether the query wrote it in one way (1) or several (2),
and the type of its column.
"""


NOTES = ("unusable", "usable")
"""Labels of the two rows of no kind that a snapshot ends with: `spellings` counts the
query's rows that name nobody Braze could find, and the others.
"""

LONGEST = 1_000
"""Characters of an identifier. Braze does not publish its limit; no id, device or
address is as long as this.
"""

NOTHING = "''"
"""The empty text in SQL."""

CONTROL = "[[:cntrl:]]"
"""What no identifier holds; as a regular expression for Trino."""


def members(audience: str, identifiers: Sequence[Identifier], barred: str = "") -> str:
    """One row a member: `kind`, `label`, `value` (distinct, usable), `spellings`,
    `type`; and the NOTES.

    The audience is read once however many identifiers there are, and so is `barred`,
    which selects `kind, label, value` of people to leave out (see `suppressed`):
    whoever stands in a row with one of them is left out by all names. `type` is Trino's
    name of the column's type: numbers with a fraction would be written like `1.2E7`,
    and are refused when they are counted.
    """
    note = len(identifiers)  # the number of the row that is no identifier's
    lowered = [str(number) for number, one in enumerate(identifiers) if one.lower]
    people = _people(audience, identifiers, barred if note == 1 else "")
    if barred and note > 1:
        people = _looked_up(people, identifiers, barred)
    value = (
        f"CASE WHEN number IN ({', '.join(lowered)}) THEN LOWER(written) ELSE written END"
        if lowered
        else "written"
    )
    rows = "SUM(row_count)" if barred and note > 1 else "COUNT(*)"
    written = "WHEN MIN(written) = MAX(written) THEN 1 ELSE 2" if lowered else "ELSE 1"
    more = ", row_count" if barred and note > 1 else ""
    more += ", is_barred" if barred else ""
    spellings = f"CASE WHEN number = {note} THEN {rows} {written} END"
    return (
        "SELECT\n"
        f"  CAST({_of_number([one.handle.kind for one in identifiers], NOTHING)} AS VARCHAR) AS kind,\n"
        f"  CAST({_of_number([one.handle.label for one in identifiers], 'value')} AS VARCHAR) AS label,\n"
        f"  CASE number WHEN {note} THEN '' ELSE value END AS value, spellings, type\n"
        "FROM (\n"
        f"  SELECT number, value, MAX(type) AS type,\n    {spellings} AS spellings\n"
        "  FROM (\n"
        f"    SELECT number, {value} AS value, written, type{more}\n"
        "    FROM (\n"
        f"      SELECT number, {_case('usable', note, 'note')} AS written,\n"
        f"        {_case('type', note, NOTHING)} AS type{more}\n"
        f"      FROM (\n{indented(people, 8)}\n      ) AS people\n"
        f"      CROSS JOIN {_numbers(note + 1)}\n"
        "    ) AS named\n"
        "    WHERE written <> ''\n"
        "  ) AS written\n"
        "  GROUP BY number, value"
        + (f"\n  HAVING number = {note} OR MAX(is_barred) = 0" if barred else "")
        + "\n) AS members"
    )


def _people(audience: str, identifiers: Sequence[Identifier], barred: str) -> str:
    """The rows of the audience: of each identifier the value and its type, and whether
    they name everybody well.
    """
    numbers = range(len(identifiers))
    named = ",\n".join(
        f"      {_written(one)} AS written_{number}, {_type(one)} AS type_{number}"
        for number, one in enumerate(identifiers)
    )
    nobody = " AND ".join(f"usable_{number} = ''" for number in numbers)
    broken = " OR ".join(f"usable_{number} <> written_{number}" for number in numbers)
    kept = ", ".join(f"usable_{number}, type_{number}" for number in numbers)
    usable = ",\n".join(
        f"    written_{number}, type_{number}, {_usable(number)} AS usable_{number}"
        for number in numbers
    )
    out = ""
    if barred:
        people = f"SELECT value FROM (\n{indented(barred, 4)}\n  ) AS barred WHERE {of_handle(identifiers[0].handle)}"
        out = f",\n  CASE WHEN LOWER(usable_0) IN ({people}) THEN 1 ELSE 0 END AS is_barred"
    return (
        f"SELECT {kept},\n"
        f"  CASE WHEN ({nobody}) OR {broken} THEN '{NOTES[0]}' ELSE '{NOTES[1]}' END AS note{out}\n"
        f"FROM (\n  SELECT\n{usable}\n"
        f"  FROM (\n    SELECT\n{named}\n"
        f"    FROM {_named(audience, 6)}\n"
        "  ) AS read\n) AS cleaned"
    )


def _looked_up(people: str, identifiers: Sequence[Identifier], barred: str) -> str:
    """Rows that say the same as one, with how many they are, and whether one of their
    names is barred. All names are looked up at once: Trino would read the lists again
    for each other place where they are asked.
    """
    numbers = range(len(identifiers))
    keys = _case("usable", len(identifiers), NOTHING)
    names = ", ".join(f"usable_{number}" for number in numbers)
    types = ", ".join(f"type_{number}" for number in numbers)
    most = ", ".join(f"MAX(type_{number}) AS type_{number}" for number in numbers)
    kinds = _of_number(
        [f"{one.handle.kind}/{one.handle.label}/" for one in identifiers], NOTHING
    )
    return (
        f"SELECT {names}, note, {most},\n"
        "  SUM(CASE number WHEN 0 THEN 1 ELSE 0 END) AS row_count, MAX(is_barred) AS is_barred\n"
        "FROM (\n"
        f"  SELECT number, {names}, note, {types},\n"
        f"    CASE WHEN {kinds} || LOWER({keys}) IN (\n"
        f"      SELECT {key_of('value')} FROM (\n{indented(barred, 8)}\n      ) AS barred\n"
        "    ) THEN 1 ELSE 0 END AS is_barred\n"
        f"  FROM (\n{indented(people, 4)}\n  ) AS people\n"
        f"  CROSS JOIN {_numbers(len(identifiers))}\n"
        ") AS looked_up\n"
        f"GROUP BY {names}, note"
    )


def key_of(value: str) -> str:
    """`kind`, `label` and a value as one text, so that one look-up will do."""
    return f"kind || '/' || label || '/' || {value}"


def _numbers(count: int) -> str:
    return f"UNNEST(ARRAY[{', '.join(map(str, range(count)))}]) AS asked (number)"


def _of_number(texts: Sequence[str], otherwise: str) -> str:
    lines = "".join(
        f" WHEN {number} THEN '{text}'" for number, text in enumerate(texts)
    )
    return f"CASE number{lines} ELSE {otherwise} END"


def suppressed(lists: Iterable[tuple[str, Sequence[Identifier]]]) -> str:
    """`kind, label, value` of everybody whom one of these queries names, each value
    once and in small letters: who must not be written to is found in whatever letters
    it was written. Each query is read once.
    """
    return "\nUNION\n".join(
        _listed(audience, identifiers) for audience, identifiers in lists
    )


def _listed(audience: str, identifiers: Sequence[Identifier]) -> str:
    named = ", ".join(
        f"{_written(one)} AS written_{number}" for number, one in enumerate(identifiers)
    )
    return (
        "SELECT kind, label, value\n"
        "FROM (\n"
        f"  SELECT CAST({_of_number([one.handle.kind for one in identifiers], NOTHING)} AS VARCHAR) AS kind,\n"
        f"    CAST({_of_number([one.handle.label for one in identifiers], NOTHING)} AS VARCHAR) AS label,\n"
        f"    LOWER({_case('written', len(identifiers), 'NULL')}) AS value\n"
        f"  FROM (\n    SELECT {named}\n    FROM {_named(audience, 6)}\n  ) AS named\n"
        f"  CROSS JOIN {_numbers(len(identifiers))}\n"
        ") AS listed\n"
        "WHERE value <> ''"
    )


def _usable(number: int) -> str:
    """The value of an identifier's column; nothing where there is none, or one that
    Braze could not take.
    """
    written = f"written_{number}"
    broken = f"LENGTH({written}) > {LONGEST} OR REGEXP_LIKE({written}, '{CONTROL}')"
    return f"CASE WHEN {broken} THEN '' ELSE COALESCE({written}, '') END"


def export(audience: str, identifier: Identifier, barred: str = "") -> str:
    """The members of one handle as the connector wants them: one column with its exact name."""
    value = (
        f"LOWER({_written(identifier)})" if identifier.lower else _written(identifier)
    )
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


def _case(name: str, identifiers: int, of_note: str) -> str:
    lines = "".join(
        f" WHEN {number} THEN {name}_{number}" for number in range(identifiers)
    )
    return f"CASE number{lines} ELSE {of_note} END"
