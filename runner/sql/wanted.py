"""What the files ask of one target: a query for every good cohort, and every problem of the others."""

from __future__ import annotations

from dataclasses import dataclass

from runner.definitions.tree import Tree
from runner.errors import Problem
from runner.project import Target
from runner.sql import query
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
    built = [query.build(cohort, target) for cohort in tree.cohorts]
    queries = tuple(found for found in built if isinstance(found, Query))
    problems = {problem for found in built if not isinstance(found, Query) for problem in found}
    return Wanted(target, queries, tuple(sorted(problems.union(tree.problems))))
