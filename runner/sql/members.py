"""The members of an audience as SQL: the author's query, wrapped.

The wrapper gives every column its name, so that none can have the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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

FIRST = 10
"""Rows that a preview shows of an export."""

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
    asked = _Asked(tuple(identifiers), barred)
    if asked.looks_up:
        everybody = _people(audience, identifiers, "")
        people = _looked_up(everybody, identifiers, barred)
    else:
        people = _people(audience, identifiers, barred)
    note = asked.note
    kind = _of_number([one.handle.kind for one in identifiers], NOTHING)
    label = _of_number([one.handle.label for one in identifiers], "value")
    return (
        "SELECT\n"
        f"  CAST({kind} AS VARCHAR) AS kind,\n"
        f"  CAST({label} AS VARCHAR) AS label,\n"
        f"  CASE number WHEN {note} THEN '' ELSE value END AS value, spellings, type\n"
        "FROM (\n"
        "  SELECT number, value, MAX(type) AS type,\n"
        f"    {asked.spellings} AS spellings\n"
        "  FROM (\n"
        f"    SELECT number, {asked.value} AS value, written, type{asked.more}\n"
        "    FROM (\n"
        f"      SELECT number, {_case('usable', note, 'note')} AS written,\n"
        f"        {_case('type', note, NOTHING)} AS type{asked.more}\n"
        f"      FROM (\n{indented(people, 8)}\n      ) AS people\n"
        f"      CROSS JOIN {_numbers(note + 1)}\n"
        "    ) AS named\n"
        "    WHERE written <> ''\n"
        "  ) AS written\n"
        f"  GROUP BY number, value{asked.kept}\n"
        ") AS members"
    )


Listed = tuple[str, Sequence[Identifier]]
"""A query of a suppression list, and the identifiers that it returns."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The parts of the members' SQL that depend on what is asked: which identifiers are
    compared in lower case, and whether people are barred.
    """

    identifiers: tuple[Identifier, ...]
    barred: str

    @property
    def note(self) -> int:
        """The number of the row that is no identifier's, but one of the NOTES."""
        return len(self.identifiers)

    @property
    def looks_up(self) -> bool:
        """True where people who are barred have several names: all are looked up at once."""
        return bool(self.barred) and len(self.identifiers) > 1

    @property
    def lowered(self) -> tuple[str, ...]:
        """The numbers of the identifiers that are compared in lower case."""
        every = enumerate(self.identifiers)
        return tuple(str(number) for number, one in every if one.lower)

    @property
    def value(self) -> str:
        """A member's value by what is written."""
        if not self.lowered:
            return "written"
        numbers = ", ".join(self.lowered)
        return f"CASE WHEN number IN ({numbers}) THEN LOWER(written) ELSE written END"

    @property
    def spellings(self) -> str:
        """How many rows a note counts, or in how many ways a member is written: 1 or 2."""
        rows = "COUNT(*)"
        if self.looks_up:
            rows = "SUM(row_count)"
        ways = "ELSE 1"
        if self.lowered:
            ways = "WHEN MIN(written) = MAX(written) THEN 1 ELSE 2"
        return f"CASE WHEN number = {self.note} THEN {rows} {ways} END"

    @property
    def more(self) -> str:
        """Further columns that the steps hand on."""
        if self.looks_up:
            return ", row_count, is_barred"
        if self.barred:
            return ", is_barred"
        return ""

    @property
    def kept(self) -> str:
        """The condition that leaves barred members out, but keeps the notes."""
        if not self.barred:
            return ""
        return f"\n  HAVING number = {self.note} OR MAX(is_barred) = 0"


def _people(audience: str, identifiers: Sequence[Identifier], barred: str) -> str:
    """The rows of the audience: of each identifier the value and its type, and whether
    they name everybody well.
    """
    numbers = range(len(identifiers))
    columns = []
    for number, one in enumerate(identifiers):
        value = _written(one)
        kind = _type(one)
        columns.append(f"      {value} AS written_{number}, {kind} AS type_{number}")
    named = ",\n".join(columns)
    nobody = " AND ".join(f"usable_{number} = ''" for number in numbers)
    broken = " OR ".join(f"usable_{number} <> written_{number}" for number in numbers)
    kept = ", ".join(f"usable_{number}, type_{number}" for number in numbers)
    usable = ",\n".join(
        f"    written_{number}, type_{number}, {_usable(number)} AS usable_{number}"
        for number in numbers
    )
    unusable, usable_row = NOTES
    note = (
        f"CASE WHEN ({nobody}) OR {broken} "
        f"THEN '{unusable}' ELSE '{usable_row}' END AS note"
    )
    out = ""
    if barred:
        people = _values_of(identifiers[0].handle, barred)
        test = f"LOWER(usable_0) IN ({people})"
        out = f",\n  CASE WHEN {test} THEN 1 ELSE 0 END AS is_barred"
    return (
        f"SELECT {kept},\n"
        f"  {note}{out}\n"
        f"FROM (\n  SELECT\n{usable}\n"
        f"  FROM (\n    SELECT\n{named}\n"
        f"    FROM {_named(audience, 6)}\n"
        "  ) AS read\n) AS cleaned"
    )


def _values_of(handle: Handle, barred: str) -> str:
    """The values by which `barred` names people in one way."""
    return (
        f"SELECT value FROM (\n{indented(barred, 4)}\n  ) AS barred"
        f" WHERE {of_handle(handle)}"
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
    begins = [f"{one.handle.kind}/{one.handle.label}/" for one in identifiers]
    kinds = _of_number(begins, NOTHING)
    return (
        f"SELECT {names}, note, {most},\n"
        "  SUM(CASE number WHEN 0 THEN 1 ELSE 0 END) AS row_count,"
        " MAX(is_barred) AS is_barred\n"
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
    """A table of the numbers from 0 on, one row each."""
    listed = ", ".join(map(str, range(count)))
    return f"UNNEST(ARRAY[{listed}]) AS asked (number)"


def _of_number(texts: Sequence[str], otherwise: str) -> str:
    """An expression that has one of some texts by the number of its row."""
    lines = "".join(
        f" WHEN {number} THEN '{text}'" for number, text in enumerate(texts)
    )
    return f"CASE number{lines} ELSE {otherwise} END"


def suppressed(lists: Iterable[Listed]) -> str:
    """`kind, label, value` of everybody whom one of these queries names, each value
    once and in small letters: who must not be written to is found in whatever letters
    it was written. Each query is read once.
    """
    return "\nUNION\n".join(
        _listed(audience, identifiers) for audience, identifiers in lists
    )


def _listed(audience: str, identifiers: Sequence[Identifier]) -> str:
    """The people whom one query of a suppression list names, a row for each identifier."""
    named = ", ".join(
        f"{_written(one)} AS written_{number}" for number, one in enumerate(identifiers)
    )
    kind = _of_number([one.handle.kind for one in identifiers], NOTHING)
    label = _of_number([one.handle.label for one in identifiers], NOTHING)
    return (
        "SELECT kind, label, value\n"
        "FROM (\n"
        f"  SELECT CAST({kind} AS VARCHAR) AS kind,\n"
        f"    CAST({label} AS VARCHAR) AS label,\n"
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
    value = _written(identifier)
    if identifier.lower:
        value = f"LOWER({value})"
    out = ""
    if barred:
        people = _values_of(identifier.handle, barred)
        out = f"\n  AND LOWER(member) NOT IN ({people})"
    return (
        f'SELECT DISTINCT member AS "{identifier.handle.export_column}"\n'
        "FROM (\n"
        f"  SELECT {value} AS member\n"
        f"  FROM {_named(audience, 4)}\n"
        ") AS members\n"
        f"WHERE member <> ''{out}"
    )


def first_rows(exported: str) -> str:
    """The first rows of an export, whichever the engine finds first: it need not read
    on (docs/services.md, Treasure Data's Trino).
    """
    return f"{exported}\nLIMIT {FIRST}"


def first_lengths(exported: str, handle: Handle) -> str:
    """How many first rows an export has, and the characters of the shortest and of the
    longest value. No value leaves the engine.
    """
    length = f'LENGTH("{handle.export_column}")'
    return (
        f"SELECT COUNT(*) AS row_count, MIN({length}) AS shortest,"
        f" MAX({length}) AS longest\n"
        f"FROM (\n{indented(first_rows(exported))}\n) AS first_rows"
    )


def of_handle(handle: Handle) -> str:
    """The condition that keeps one handle's members."""
    return f"kind = '{handle.kind.value}' AND label = '{handle.label}'"


def _named(audience: str, depth: int) -> str:
    """The author's SQL on lines of its own, so that a comment at its end swallows nothing."""
    return f"(\n{indented(audience, depth)}\n{' ' * (depth - 2)}) AS audience"


def _written(identifier: Identifier) -> str:
    """An identifier as the query wrote it, without spaces around it."""
    return f'TRIM(CAST(audience."{identifier.column}" AS VARCHAR))'


def _type(identifier: Identifier) -> str:
    """Trino's name of the type of an identifier's column."""
    return f'TYPEOF(audience."{identifier.column}")'


def _case(name: str, identifiers: int, of_note: str) -> str:
    """An expression that has one of some columns by the number of its row."""
    lines = "".join(
        f" WHEN {number} THEN {name}_{number}" for number in range(identifiers)
    )
    return f"CASE number{lines} ELSE {of_note} END"
