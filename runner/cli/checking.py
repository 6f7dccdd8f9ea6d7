"""Everything that can be said of the files alone, which several commands begin with."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.options import Engine
from runner.errors import CohortsError, Position, Problem

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.definitions.cohort import Cohort
    from runner.definitions.tree import Tree
    from runner.project.file import Project
    from runner.sql.wanted import Wanted
    from runner.testing.local import Result


@dataclass(frozen=True, slots=True)
class Checked:
    """A repository's files with all that is wrong with them, and what only deserves a
    word; `project` is None where its file cannot be used. `wanted` has the queries of
    each target, of those that have the same variables and database once.
    """

    tree: Tree
    project: Project | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    wanted: tuple[Wanted, ...]


def checked(root: Path, day: date) -> Checked:
    """YAML, schema, rules, SQL and lints, for every target. Targets with the same variables
    and the same database have the same problems."""
    from runner.definitions import tree as trees
    from runner.lints import all as lints
    from runner.plan import life
    from runner.project import file as projects
    from runner.sql import wanted as queries

    project = projects.load(root)
    if isinstance(project, tuple):
        tree = trees.load(root, None, day)
        return Checked(tree, None, tuple(sorted({*project, *tree.problems})), (), ())
    tree = trees.load(root, project, day)
    different = {
        (repr(sorted(each.vars.items())), each.database): each
        for each in project.targets.values()
    }
    asked = tuple(queries.wanted(tree, target) for target in different.values())
    errors, warnings = lints.found(tree, asked[0], project, _codeowners(root))
    found = {*errors, *(problem for each in asked for problem in each.problems)}
    nobody = Problem(
        Position("cohorts/"),
        "D005",
        "there is no cohort yet",
        "write one with `cohorts new`",
    )
    soon = {
        *([] if tree.files else [nobody]),
        *warnings,
        *(warning for cohort in tree.cohorts for warning in life.warnings(cohort, day)),
    }
    return Checked(tree, project, tuple(sorted(found)), tuple(sorted(soon)), asked)


@dataclass(frozen=True, slots=True)
class Tested:
    """How tests ended, and which queries the engine would not begin; only a real engine
    says the latter.
    """

    results: tuple[Result, ...] = ()
    refused: tuple[Problem, ...] = ()


def tested(
    cohorts: Sequence[Cohort],
    asked: Wanted,
    tree: Tree,
    project: Project,
    engine: Engine = Engine.DUCKDB,
) -> Tested:
    """The own tests of these cohorts, run. Raises CohortsError where what this takes is
    missing: packages, the engine.

    A real engine also looks at the queries of all of them.
    """
    from runner.sql import wanted as queries

    try:
        from runner.testing import engine as engine_tests
        from runner.testing import local as testing
    except ModuleNotFoundError as exc:
        raise lacks_extra("tests need", exc) from None
    run = partial(
        testing.run,
        [cohort for cohort in cohorts if cohort.cases],
        {query.cohort.id: query for query in asked.queries},
        asked.target,
        sources=project.sources,
        library=queries.library(tree),
        workers=os.cpu_count() or 1,
        known=tree.known,
    )
    if engine is Engine.DUCKDB:
        return Tested(tuple(run()))
    with engine_tests.started(os.environ) as url:
        results = tuple(run(carry_out=engine_tests.carrying_out(url)))
        chosen = [query for query in asked.queries if query.cohort in cohorts]
        refused = engine_tests.refused(
            chosen, asked.target, project.sources.values(), url, known=tree.known
        )
    return Tested(results, refused)


def lacks_extra(what: str, exc: ModuleNotFoundError) -> CohortsError:
    """The error where a package of the extra `sandbox` is missing."""
    return CohortsError(
        "R030",
        f"{what} a package that is not installed ({exc.name})",
        "install cohort-runner with its extra: `cohort-runner[sandbox]`",
    )


def _codeowners(root: Path) -> str:
    """The CODEOWNERS file, in the order in which GitHub looks for it; empty where there is none."""
    for place in (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"):
        if (root / place).is_file():
            return (root / place).read_text(encoding="utf-8", errors="replace")
    return ""
