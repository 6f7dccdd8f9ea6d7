"""Who is taken out of every cohort: the lists of `suppress` as one SELECT, and how they
name people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.identifiers import Handle, Identifier
from runner.sql import members
from runner.sql.fingerprint import short
from runner.sql.members import Listed


@dataclass(frozen=True, slots=True)
class Suppressed:
    """People who are taken out of every cohort. `sql` selects `kind, label, value`, each
    value once and in small letters; it is empty where nobody is suppressed. `handles` are
    those by which every list names people. `columns` are what lists call them. `mark`
    is a short hash of the lists.
    """

    sql: str = ""
    handles: frozenset[Handle] = frozenset()
    columns: frozenset[str] = frozenset()
    mark: str = ""

    def __bool__(self) -> bool:
        return bool(self.sql)


NO_ONE = Suppressed()


def suppressed(lists: Sequence[Listed]) -> Suppressed:
    """Everybody whom one of these queries names, by their identifiers."""
    if not lists:
        return NO_ONE
    sql = members.suppressed(lists)
    handles: list[frozenset[Handle]] = []
    columns: set[str] = set()
    for _, identifiers in lists:
        handles.append(frozenset(one.handle for one in identifiers))
        columns.update(one.column for one in identifiers)
    # by a handle that one list lacks nobody is known to be on any list
    shared = frozenset.intersection(*handles)
    return Suppressed(sql, shared, frozenset(columns), _mark(lists))


def _mark(lists: Sequence[Listed]) -> str:
    """A short hash of the lists. It is part of fingerprints, so it is of the SQL that
    the first version wrote for them, and not of what is run: else every cohort would be
    sent again whenever that is written otherwise.
    """
    written = [_first_written(audience, identifiers) for audience, identifiers in lists]
    return short("\nUNION\n".join(written))


def _first_written(audience: str, identifiers: Sequence[Identifier]) -> str:
    """The SQL that the first version wrote for one list."""
    named = ", ".join(
        f'TRIM(CAST(audience."{one.column}" AS VARCHAR)) AS written_{number}'
        for number, one in enumerate(identifiers)
    )
    rows = ", ".join(
        f"({number}, CAST('{one.handle.kind}' AS VARCHAR),"
        f" CAST('{one.handle.label}' AS VARCHAR))"
        for number, one in enumerate(identifiers)
    )
    cases = "".join(
        f" WHEN {number} THEN written_{number}" for number in range(len(identifiers))
    )
    return (
        "SELECT kind, label, value FROM ("
        " SELECT asked.kind, asked.label,"
        f" LOWER(CASE asked.number{cases} ELSE NULL END) AS value"
        f" FROM ( SELECT {named} FROM (\n{audience}\n) AS audience ) AS named"
        f" CROSS JOIN (VALUES {rows}) AS asked (number, kind, label)"
        ") AS listed WHERE value <> ''"
    )
