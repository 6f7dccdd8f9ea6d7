"""The SQL of cohorts, as Braze's connector wants it, and the schemas of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from runner.application import reading
from runner.definitions import editor, folder
from runner.definitions import tree as trees
from runner.errors import Problem
from runner.identifiers import Handle
from runner.sql.query import Query
from runner.sql.shown import masked


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement: whose it is, the way it names people, and a heading that says so."""

    cohort: str
    target: str
    handle: Handle
    heading: str
    sql: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The statements of the cohorts that were asked for, and the problems to be told:
    theirs, or all where they cannot be told apart.
    """

    statements: tuple[Statement, ...]
    problems: tuple[Problem, ...]


def render(
    root: Path,
    day: date,
    *,
    target: str,
    select: Sequence[str],
    exclude: Sequence[str],
    exact: bool = False,
) -> Rendered:
    """The SQL of the selected cohorts; values of members that are compared by name are
    hidden, unless it is to be `exact`. Raises InvalidDefinitions, Usage and
    BadSelection.
    """
    _, asked = reading.wanted(root, day, target)
    chosen = reading.chosen_queries(asked, select, exclude)
    statements = [
        each
        for query in chosen.queries
        for each in _statements(query, target, exact=exact)
    ]
    return Rendered(tuple(statements), chosen.problems)


def _statements(query: Query, target: str, *, exact: bool) -> list[Statement]:
    cohort = query.cohort
    heading = f"-- {cohort.id} · {cohort.name} · target {target}"
    named = cohort.columns | query.suppression.columns
    statements = []
    for handle, sql in query.exports.items():
        title = heading
        if len(query.exports) > 1:
            title = f"{heading} · by {handle}"
        shown = sql
        if not exact:
            shown = masked(sql, named)
        statements.append(Statement(cohort.id, target, handle, title, shown))
    return statements


def cohort_schema(root: Path) -> str:
    """The JSON Schema of cohorts with this project's sources, columns, cohorts and
    files in it. Raises InvalidDefinitions.
    """
    loaded = reading.project(root)
    return editor.schema(loaded, trees.load(root, loaded), folder.lists(root)[0])
