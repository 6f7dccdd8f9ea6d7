"""What a source may be declared as, by the names, the types and a look at the data.

A proposal is a guess with its reason beside it: only a person can know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from runner.project.sources import Source, Type

TIME = "time"
"""The column that Treasure Data gives every table, and finds rows fast by."""

REPEATED = 20
"""A table is one of events if at least one row in so many repeats somebody."""

_EVENTS = f"join: …, and time: {TIME}"

KEYS = (Type.TEXT, Type.NUMBER)

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
"""What a source can declare as a column."""


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """Of the rows looked at: how many have a value here (`present`), how many different
    ones there are (`distinct`; 0 where nobody asked), and how many are `days`.
    """

    present: int
    distinct: int
    days: int

    @property
    def holds_days(self) -> bool:
        """True where every value is a day."""
        return 0 < self.present == self.days


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts of the `rows` of a table that were looked at; none where nobody looked."""

    rows: int = 0
    columns: Mapping[str, ColumnSample] = field(default_factory=dict)


NO_SAMPLE = Sample()


@dataclass(frozen=True, slots=True)
class Asked:
    """The columns to look at: those that may say who or when, and those of texts."""

    keys: tuple[str, ...]
    texts: tuple[str, ...]


def asked(columns: Mapping[str, Type], known: Sequence[str] = ()) -> Asked:
    """What a look at a table must tell for `lines` and `typed`; the arguments are theirs."""
    keys = [column for column in _who(columns, known)[:1] if _NAME.fullmatch(column)]
    if keys and TIME in columns:
        keys.append(TIME)
    return Asked(tuple(keys), texts(columns))


def texts(columns: Mapping[str, Type]) -> tuple[str, ...]:
    """The columns of text, which may hold days."""
    named = filter(_NAME.fullmatch, columns)
    return tuple(column for column in named if columns[column] is Type.TEXT)


def known_keys(
    sources: Mapping[str, Source], identifiers: Sequence[str]
) -> tuple[str, ...]:
    """The columns that say who in this project, the surest first: the keys of declared
    sources, then the columns of its identifiers.
    """
    people = [source.key for source in sources.values() if not source.has_events]
    events = [source.key for source in sources.values() if source.has_events]
    return tuple(dict.fromkeys([*people, *events, *identifiers]))


def lines(
    columns: Mapping[str, Type], known: Sequence[str], sample: Sample
) -> Iterator[str]:
    """The lines of a source that say who a row is about and, of events, when it
    happened. `known` are the columns that say who elsewhere (see `known_keys`).
    """
    names = _who(columns, known)
    if not names:
        yield f"key: TODO   # or, of events: {_EVENTS}"
        return
    who = names[0]
    seen = sample.columns.get(who)
    if seen is None or not seen.present or not _is_sure(names, known):
        or_else = "; or ".join([*names[1:], f"of events: {_EVENTS}"])
        yield f"key: {who}   # a guess by its name; or {or_else}"
        return
    repeated = seen.present - seen.distinct
    counted = f"{repeated:,} of {seen.present:,} rows looked at name somebody again"
    if repeated * REPEATED < seen.present:
        yield f"key: {who}   # proposed: {counted}; of events write {_EVENTS}"
        return
    yield f"join: {who}   # proposed: {counted}, as events do; of people write key: …"
    yield _time(sample)


def _time(sample: Sample) -> str:
    """The line that says when an event happened."""
    seen = sample.columns.get(TIME)
    if seen is None or seen.present < sample.rows:
        return "time: TODO   # the column of unix seconds that says when"
    if seen.distinct == 1:
        return (
            f"time: TODO   # not {TIME}: it is the same in all {sample.rows:,} rows looked"
            " at, perhaps that of an import"
        )
    return (
        f"time: {TIME}   # proposed: it has {seen.distinct:,} values in {sample.rows:,}"
        " rows looked at; Treasure Data finds rows fast by it"
    )


def typed(kind: Type, seen: ColumnSample | None) -> str:
    """A column's type as it is written; one that is only proposed has its reason beside it."""
    if kind is Type.TEXT and seen and seen.holds_days:
        counted = f"{seen.days:,} of {seen.present:,} values looked at"
        return f"{Type.DATE}   # proposed: {counted} are days"
    return str(kind)


def _is_sure(names: Sequence[str], known: Sequence[str]) -> bool:
    """True where the first name is known to say who, or no other could."""
    return names[0] in known or len(names) == 1


def _who(columns: Mapping[str, Type], known: Sequence[str]) -> list[str]:
    """The columns that may say who, the likeliest first."""
    possible = [column for column, kind in columns.items() if kind in KEYS]
    named = [column for column in known if column in possible]
    ids = [column for column in possible if column.endswith("_id")]
    return list(dict.fromkeys([*named, *ids]))
