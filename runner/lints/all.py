"""Every lint of a tree, sorted into errors and warnings as the project asks."""

from __future__ import annotations

from itertools import chain

from runner.definitions.tree import Tree
from runner.errors import Problem
from runner.lints import files, queries
from runner.lints.lint import Level, levels
from runner.project.file import Project
from runner.sql.wanted import Wanted


def found(
    tree: Tree, wanted: Wanted, project: Project, owners: str
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Errors and warnings. `owners`: the text of the CODEOWNERS file, empty where there is none."""
    level = levels(project)
    cohorts = [query.cohort for query in wanted.queries]
    lints = chain(
        files.of_cohorts(wanted.queries),
        files.between(wanted.queries, tree, project),
        files.of_owners(cohorts, owners) if owners else (),
        files.of_policy(cohorts, project),
        files.of_policy_on_sources(wanted.queries, project, wanted.target.database),
        *(queries.of(query, project.sources) for query in wanted.queries),
    )
    sorted_out: dict[Level, set[Problem]] = {each: set() for each in Level}
    for lint in lints:
        sorted_out[level[lint.name] if lint.name else Level.ERROR].add(lint.problem)
    return tuple(sorted(sorted_out[Level.ERROR])), tuple(
        sorted(sorted_out[Level.WARNING])
    )
