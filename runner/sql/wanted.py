"""What the files ask of one target: a query for every good cohort, and every problem of the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from runner.definitions.tree import TEMPLATES, Tree
from runner.errors import Problem
from runner.project import Suppression, Target
from runner.sql import members, query
from runner.sql.library import Library
from runner.sql.query import Query


@dataclass(frozen=True, slots=True)
class Wanted:
    """Queries sorted by cohort id, and all problems, of files and of SQL, sorted."""

    target: Target
    queries: tuple[Query, ...]
    problems: tuple[Problem, ...]

    @property
    def invalid_files(self) -> int:
        """How many files have a problem: while there is one, nothing can be called gone."""
        return len({problem.at.path for problem in self.problems})


def wanted(tree: Tree, target: Target) -> Wanted:
    """Every cohort rendered and checked for one target, without those who are taken out of every cohort.

    Where a list of them cannot be used there is no query but those of the lists: nobody on it may be written to.
    """
    library = _library(tuple(sorted(tree.templates.items())))
    built = [(cohort, query.build(cohort, target, library)) for cohort in tree.cohorts]
    good = {cohort.id: found for cohort, found in built if isinstance(found, Query)}
    users: dict[Problem, list[str]] = defaultdict(list)
    for cohort, found in built:
        for problem in () if isinstance(found, Query) else found:
            users[problem].append(cohort.id)
    problems = {_with_users(problem, cohorts) for problem, cohorts in users.items()}
    return Wanted(target, tuple(_suppressed(tree, good)), tuple(sorted(problems.union(tree.problems))))


def _suppressed(tree: Tree, good: Mapping[str, Query]) -> Iterator[Query]:
    """The queries without suppressed people; a list's own is left whole."""
    names = {listed.cohort for listed in tree.suppress if listed.cohort}
    lists = [
        (good[one.cohort].audience, good[one.cohort].cohort.identifiers)
        if one.cohort
        else (_table(one), one.identifiers)
        for one in tree.suppress
        if not one.cohort or one.cohort in good
    ]
    barred = members.suppressed(lists)
    for cohort_id, found in good.items():
        if cohort_id in names:
            yield found
        elif names <= good.keys():
            yield found.without(barred)


def _table(listed: Suppression) -> str:
    database, _, table = listed.table.partition(".")
    columns = ", ".join(f'"{identifier.column}"' for identifier in listed.identifiers)
    return f'SELECT {columns} FROM "{database}"."{table}"'


@lru_cache(maxsize=1)  # the same for every target, so that what is compiled with it is kept
def _library(texts: tuple[tuple[str, str], ...]) -> Library:
    return Library(dict(texts))


def _with_users(problem: Problem, cohorts: list[str]) -> Problem:
    """A problem in a shared file is told once, with who uses it."""
    if not problem.at.path.startswith(f"{TEMPLATES}/"):
        return problem
    more = f" and {len(cohorts) - 1:,} more" if len(cohorts) > 1 else ""
    return replace(problem, what=f"{problem.what} (used by {cohorts[0]}{more})")
