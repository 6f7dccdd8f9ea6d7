"""Every lint of a tree, sorted into errors and warnings as the project asks."""

from __future__ import annotations

from collections.abc import Iterator

from runner.definitions.tree import Tree
from runner.errors import Problem, Problems
from runner.lints import files, queries
from runner.lints.lint import Level, Lint, levels
from runner.project.file import Project
from runner.sql.wanted import Wanted


def found(
    tree: Tree, wanted: Wanted, project: Project, owners: str
) -> tuple[Problems, Problems]:
    """The errors and the warnings, each sorted by place. `owners` is the text of the
    CODEOWNERS file, empty where there is none.
    """
    level = levels(project)
    by_level: dict[Level, set[Problem]] = {each: set() for each in Level}
    for lint in _lints(tree, wanted, project, owners):
        # a policy has no level: whoever writes one means it
        taken_as = Level.ERROR
        if lint.name:
            taken_as = level[lint.name]
        by_level[taken_as].add(lint.problem)
    errors = tuple(sorted(by_level[Level.ERROR]))
    warnings = tuple(sorted(by_level[Level.WARNING]))
    return errors, warnings


def _lints(tree: Tree, wanted: Wanted, project: Project, owners: str) -> Iterator[Lint]:
    """Every lint, in no order."""
    cohorts = [query.cohort for query in wanted.queries]
    database = wanted.target.database
    yield from files.of_cohorts(wanted.queries)
    yield from files.between(wanted.queries, tree, project)
    if owners:
        yield from files.of_owners(cohorts, owners)
    yield from files.of_policy(cohorts, project)
    yield from files.of_policy_on_sources(wanted.queries, project, database)
    for query in wanted.queries:
        yield from queries.of(query, project.sources)
