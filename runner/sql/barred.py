"""Who is taken out of every cohort: the lists of `suppress` as one SELECT, and how they name people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runner.identifiers import Handle, Identifier
from runner.sql import members
from runner.sql.fingerprint import short


@dataclass(frozen=True, slots=True)
class Barred:
    """`sql` selects `kind, label, value`, each value once and in small letters; nothing where nobody is barred.
    `handles` are those by which every list names people, `columns` what lists call them; `mark` changes when they do.
    """

    sql: str = ""
    handles: frozenset[Handle] = frozenset()
    columns: frozenset[str] = frozenset()
    mark: str = ""

    def __bool__(self) -> bool:
        return bool(self.sql)


NO_ONE = Barred()


def barred(lists: Sequence[tuple[str, Sequence[Identifier]]]) -> Barred:
    """Everybody whom one of these queries names, by their identifiers."""
    if not lists:
        return NO_ONE
    sql = members.suppressed(lists)
    handles = [frozenset(_handles(identifiers)) for _, identifiers in lists]
    columns = frozenset(identifier.column for _, identifiers in lists for identifier in identifiers)
    return Barred(sql, frozenset.intersection(*handles), columns, short(sql))


def _handles(identifiers: Iterable[Identifier]) -> Iterable[Handle]:
    return (identifier.handle for identifier in identifiers)
