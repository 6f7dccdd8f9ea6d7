"""Refuse a cohort whose source is not loaded yet (guard G011): made of half a table, it
would lose people who did nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from runner.errors import CohortsError, Problem
from runner.files.documents import Document
from runner.plan.ledger import Destination
from runner.plan.overrides import LATE
from runner.plan.plan import Action, Change
from runner.project.file import Project
from runner.project.sources import Source, Sources
from runner.sql.names import quoted
from runner.sql.tokens import Kind, tokens
from runner.sync.attempt import GuardRefused, Refusals
from runner.treasuredata.client import Rows

_WITHOUT_QUERY = frozenset({Action.WITHDRAW, Action.SUPPRESS, Action.ROLLBACK})

Select = Callable[[str], Rows]
"""Runs a query in the target's database; raises CohortsError."""


def refused(
    due: Iterable[Change], project: Project, now: int, select: Select
) -> Refusals:
    """The refusals of the changes whose query reads a source that is older than its
    `max_lag`. One query asks for all sources; where it fails, nobody knows, and all of
    these changes are refused with its error. `now` in unix seconds.
    """
    limited = {
        source.name: source for source in project.sources.values() if source.max_lag
    }
    if not limited:
        return {}
    changes = {change.destination: change for change in due}
    used = {}
    for where, change in changes.items():
        used[where] = _used(change, limited)
    asked = sorted(frozenset().union(*used.values()))
    if not asked:
        return {}
    try:
        late = _late([limited[name] for name in asked], now, select)
    except CohortsError as exc:
        return {where: exc for where, names in used.items() if names}
    refusals: dict[Destination, CohortsError] = {}
    for where, names in used.items():
        sources = [limited[name] for name in sorted(names & late)]
        if sources:
            refusals[where] = _refusal(changes[where], sources, project.document)
    return refusals


def _late(sources: Iterable[Source], now: int, select: Select) -> frozenset[str]:
    """The names of the sources that have no row young enough. Raises CohortsError."""
    rows = select(_newest(sources, now))
    return frozenset(str(name) for name, newest in rows if newest is None)


def _refusal(
    change: Change, late: Iterable[Source], document: Document
) -> GuardRefused:
    """The refusal of a change, with a problem for each source that is late."""
    return GuardRefused(tuple(_problem(change, source, document) for source in late))


def _used(change: Change, limited: Sources) -> frozenset[str]:
    """The sources whose tables a change's query names, in a rule as in SQL."""
    if change.query is None or change.action in _WITHOUT_QUERY:
        return frozenset()
    if LATE in change.allowed:
        return frozenset()
    # a word that only looks like the table's name costs a look, and no more
    words = {
        text.strip('"').lower()
        for kind, text in tokens(change.query.audience)
        if kind in (Kind.WORD, Kind.QUOTED)
    }
    return frozenset(
        name
        for name, source in limited.items()
        if source.table.rpartition(".")[2] in words
    )


def _newest(sources: Iterable[Source], now: int) -> str:
    """A SELECT with a row for each source: its name, and the time of its newest row that
    is young enough, or NULL.
    """
    return "\nUNION ALL\n".join(_newest_of(source, now) for source in sources)


def _newest_of(source: Source, now: int) -> str:
    """The SELECT for one source."""
    time = quoted(source.time)
    parts = source.table.split(".")
    table = ".".join(map(quoted, parts))
    oldest = now - source.max_lag
    return (
        f"SELECT '{source.name}' AS source, MAX({time}) AS newest\n"
        f"FROM {table}\n"
        f"WHERE TD_TIME_RANGE({time}, {oldest}, NULL)"
    )


def _problem(change: Change, source: Source, document: Document) -> Problem:
    """The refusal of a change by one source, at the source's `max_lag`."""
    data: Any = document.data
    limit = data["sources"][source.name]["max_lag"]
    return Problem(
        document.at("sources", source.name, "max_lag"),
        "G011",
        f"{change.id}: the source {source.name} has no row younger than {limit}:"
        " it is not loaded yet",
        "run again when it is, or, if this is right, once with"
        f' `--allow {LATE}:{change.id} --reason "…"`',
    )
