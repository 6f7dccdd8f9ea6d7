"""The first rows that cohorts' queries find, for a person who wants to see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from runner.application import reading
from runner.application.connecting import treasure_data
from runner.application.invocation import Invocation
from runner.definitions.cohort import Cohort
from runner.errors import InvalidDefinitions
from runner.identifiers import Handle
from runner.sql import members
from runner.sql.query import Query
from runner.sync.delivering import at_the_authors
from runner.treasuredata.client import TreasureData


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of one of a cohort's exports: how many, and the characters of the
    shortest and of the longest value (0 where there is no row). `values` is empty where
    nobody agreed to see identifiers.
    """

    cohort: Cohort
    handle: Handle
    rows: int
    shortest: int
    longest: int
    values: tuple[str, ...] = ()


def preview(
    invocation: Invocation,
    *,
    target: str,
    select: Sequence[str],
    ask: Callable[[], bool],
) -> Iterator[Preview]:
    """The first rows of each export of the selected cohorts, one after the other. `ask`
    is asked once, before any query runs: without its yes no value leaves Treasure Data.
    Raises InvalidDefinitions, BadSelection, Usage, and what a job raises.
    """
    _, asked = reading.wanted(invocation.root, invocation.day, target)
    chosen = reading.chosen_queries(asked, select)
    if chosen.problems:
        raise InvalidDefinitions(chosen.problems)
    with treasure_data(invocation, asked.target) as (client, _):
        look = _Look(client, asked.target.database, invocation, with_values=ask())
        for query in chosen.queries:
            for handle, exported in query.exports.items():
                yield look.at(query, handle, exported)


@dataclass(frozen=True, slots=True)
class _Look:
    """Where the queries run, and whether their values may be seen."""

    client: TreasureData
    database: str
    invocation: Invocation
    with_values: bool

    def at(self, query: Query, handle: Handle, exported: str) -> Preview:
        """The first rows of an export. Raises JobFailed, Unavailable."""
        sql = members.first_lengths(exported, handle)
        if self.with_values:
            sql = members.first_rows(exported)
        with at_the_authors(query):
            rows = self.client.select(
                self.database,
                sql,
                key=f"cohorts-{self.invocation.token()}-preview",
                scheduled_time=self.invocation.now,
                what=f"{query.cohort.id}: the preview",
            )
        if self.with_values:
            return _of_values(query.cohort, handle, [str(value) for (value,) in rows])
        number, shortest, longest = (int(each or 0) for each in rows[0])
        return Preview(query.cohort, handle, number, shortest, longest)


def _of_values(cohort: Cohort, handle: Handle, values: Sequence[str]) -> Preview:
    lengths = [len(value) for value in values] or [0]
    shown = tuple(sorted(values))
    return Preview(cohort, handle, len(values), min(lengths), max(lengths), shown)
