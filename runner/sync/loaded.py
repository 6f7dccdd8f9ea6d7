"""Sources that are not loaded: a cohort made of half a table would lose people who did
nothing (guard G011).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from runner.errors import CohortsError, Problem
from runner.files.documents import Document
from runner.plan.ledger import Destination
from runner.plan.overrides import LATE
from runner.plan.plan import Action, Change
from runner.project.file import Project
from runner.project.sources import Source
from runner.sql.names import quoted
from runner.sql.tokens import Kind, tokens
from runner.sync.attempt import GuardRefused

_WITHOUT_QUERY = frozenset({Action.WITHDRAW, Action.SUPPRESS, Action.ROLLBACK})

Select = Callable[[str], Sequence[Sequence[Any]]]
"""Runs a query in the target's database; raises CohortsError."""


def refused(
    due: Iterable[Change], project: Project, now: int, select: Select
) -> Mapping[Destination, CohortsError]:
    """The changes whose query reads a source that is older than its `max_lag`, each
    with why. One query for all; where it fails, nobody knows, and they are refused with
    its error. `now` in unix seconds.
    """
    limited = {
        source.name: source for source in project.sources.values() if source.max_lag
    }
    used = (
        {change.destination: _used(change, limited) for change in due}
        if limited
        else {}
    )
    asked = sorted({name for names in used.values() for name in names})
    if not asked:
        return {}
    try:
        late = {
            str(name)
            for name, newest in select(_newest([limited[name] for name in asked], now))
            if newest is None
        }
    except CohortsError as exc:
        return {where: exc for where, names in used.items() if names}
    changes = {change.destination: change for change in due}
    return {
        where: GuardRefused(
            tuple(
                _problem(changes[where], limited[name], project.document)
                for name in found
            )
        )
        for where, names in used.items()
        if (found := sorted(names & late))
    }


def _used(change: Change, limited: Mapping[str, Source]) -> frozenset[str]:
    """The sources whose tables a change's query names, in a rule as in SQL."""
    if (
        change.query is None
        or change.action in _WITHOUT_QUERY
        or LATE in change.allowed
    ):
        return frozenset()
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
    """A row a source: its name, and the time of its newest row that is young enough, if
    there is one.
    """
    return "\nUNION ALL\n".join(
        f"SELECT '{source.name}' AS source, MAX({quoted(source.time)}) AS newest\n"
        f"FROM {'.'.join(map(quoted, source.table.split('.')))}\n"
        f"WHERE TD_TIME_RANGE({quoted(source.time)}, {now - source.max_lag}, NULL)"
        for source in sources
    )


def _problem(change: Change, source: Source, document: Document) -> Problem:
    data: Any = document.data
    limit = data["sources"][source.name]["max_lag"]
    return Problem(
        document.at("sources", source.name, "max_lag"),
        "G011",
        f"{change.id}: the source {source.name} has no row younger than {limit}: it is not loaded yet",
        f'run again when it is, or, if this is right, once with `--allow {LATE}:{change.id} --reason "…"`',
    )
