"""What the files ask of one target: a query for every good cohort, and every problem of the others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache

from runner.definitions.tree import TEMPLATES, Tree
from runner.errors import Problem
from runner.project import Target
from runner.sql import query
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
    """Every cohort rendered and checked for one target."""
    library = _library(tuple(sorted(tree.templates.items())))
    built = [(cohort, query.build(cohort, target, library)) for cohort in tree.cohorts]
    queries = tuple(found for _, found in built if isinstance(found, Query))
    users: dict[Problem, list[str]] = defaultdict(list)
    for cohort, found in built:
        for problem in () if isinstance(found, Query) else found:
            users[problem].append(cohort.id)
    problems = {_with_users(problem, cohorts) for problem, cohorts in users.items()}
    return Wanted(target, queries, tuple(sorted(problems.union(tree.problems))))


@lru_cache(maxsize=1)  # the same for every target, so that what is compiled with it is kept
def _library(texts: tuple[tuple[str, str], ...]) -> Library:
    return Library(dict(texts))


def _with_users(problem: Problem, cohorts: list[str]) -> Problem:
    """A problem in a shared file is told once, with who uses it."""
    if not problem.at.path.startswith(f"{TEMPLATES}/"):
        return problem
    more = f" and {len(cohorts) - 1:,} more" if len(cohorts) > 1 else ""
    return replace(problem, what=f"{problem.what} (used by {cohorts[0]}{more})")
