"""Statements tried on tables that are given: hundreds of trials, several at a time,
each on tables of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

from runner.sandbox.engine.client import Connection
from runner.sandbox.engine.errors import EngineProblem, StatementFailed
from runner.sandbox.engine.tables import EngineTables, Loaded

CATALOGS = tuple(f"trial{number}" for number in range(4))
"""One for each trial that runs: statements name databases, so the same one must be
there several times.
"""

SECONDS = 60.0
"""How long the statements of a trial may take; the first ones of an engine take a few."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The tables there are, statements by a name, the database they run in, and what time it is."""

    tables: tuple[Loaded, ...]
    statements: Mapping[str, str]
    database: str
    now: int


Found = Mapping[str, tuple[tuple[Any, ...], ...]]
"""Rows by the statement's name."""


def carried_out(trials: Iterable[Trial], url: str) -> Iterator[Found | str]:
    """What each trial's statements found, or why one failed; in order. Raises
    EngineProblem when the engine dies.
    """
    free: SimpleQueue[str] = SimpleQueue()
    for catalog in CATALOGS:
        free.put(catalog)
    with ThreadPoolExecutor(len(CATALOGS), "trial") as threads:
        yield from threads.map(partial(_carried_out, url, free), trials)


def refusals(
    statements: Sequence[str], tables: Sequence[Loaded], database: str, url: str
) -> Iterator[StatementFailed | None]:
    """For each statement why Trino would not begin it on these tables, or None: it is
    planned, and not carried out.

    Raises EngineProblem, also when Trino does not take a table.
    """
    try:
        EngineTables(url, CATALOGS[0]).load(tables, replace=True)
    except StatementFailed as exc:
        raise EngineProblem(
            f"the tables cannot be made: {exc.message}", "correct their types"
        ) from None
    with ThreadPoolExecutor(len(CATALOGS), "refusal") as threads:
        yield from threads.map(partial(_refusal, url, database), statements)


def _carried_out(url: str, free: SimpleQueue[str], trial: Trial) -> Found | str:
    """A trial in a catalog that is free, which is given back."""
    catalog = free.get()
    try:
        return _found(url, catalog, trial)
    finally:
        free.put(catalog)


def _found(url: str, catalog: str, trial: Trial) -> Found | str:
    """What a trial's statements find; a sentence where they fail or take too long."""
    now = float(trial.now)
    try:
        EngineTables(url, catalog).load(trial.tables, replace=True, now=now)
    except StatementFailed as exc:
        return f"the tables cannot be made: {exc.message}"
    with (
        closing(Connection(url, catalog, is_small=True)) as connection,
        _ended_after(SECONDS, connection) as late,
    ):
        try:
            return {
                name: connection.execute(
                    sql, schema=trial.database, scheduled_time=trial.now, now=now
                ).rows
                for name, sql in trial.statements.items()
            }
        except StatementFailed as exc:
            if late.is_set():
                return f"it took longer than {SECONDS:g} s"
            return f"the query failed: {_without(catalog, exc.message)}"


def _refusal(url: str, database: str, sql: str) -> StatementFailed | None:
    """Why the engine would not begin a statement; None where it would."""
    with closing(Connection(url, CATALOGS[0])) as connection:
        try:
            # a line of its own, so that only the number of the line changes
            connection.execute(f"EXPLAIN\n{sql}", schema=database)
        except StatementFailed as exc:
            line = max(0, exc.line - 1)
            place = f"line {exc.line}:{exc.column}: "
            told = exc.message.removeprefix(place)
            message = _without(CATALOGS[0], told)
            return StatementFailed(exc.name, message, line, exc.column)
    return None


def _without(catalog: str, message: str) -> str:
    """A message without the catalog's name: which one it was says nothing."""
    return message.replace(f"'{catalog}.", "'")


@contextmanager
def _ended_after(seconds: float, connection: Connection) -> Iterator[threading.Event]:
    """Cancels what the connection does once the time is over; yields what says whether it did."""
    late = threading.Event()

    def end() -> None:
        late.set()
        connection.cancel()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
