"""The cohorts' own tests, run on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner.application import reading
from runner.application.extra import lacks_extra
from runner.definitions import tree as trees
from runner.definitions.cohort import Cohort
from runner.definitions.tree import Tree
from runner.errors import ExitCode, Problem
from runner.project.file import Project
from runner.sql import wanted as queries
from runner.sql.wanted import Wanted

if TYPE_CHECKING:  # it needs the packages of the extra `sandbox`
    from runner.testing.local import Result


@dataclass(frozen=True, slots=True)
class Tested:
    """How tests ended, and which queries the engine refused; only a real engine says
    the latter.
    """

    results: tuple[Result, ...] = ()
    refused: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class TestRun:
    """The tests of the selected cohorts: their results, the cohorts without a test, and
    the problems of files and queries, sorted.
    """

    results: tuple[Result, ...]
    untested: tuple[Cohort, ...]
    problems: tuple[Problem, ...]

    @property
    def wrong(self) -> tuple[Result, ...]:
        """The tests that did not pass: they failed, or were not judged."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def exit_code(self) -> ExitCode:
        """FAILED for tests, INVALID for files, MIXED for both."""
        if self.wrong and self.problems:
            return ExitCode.MIXED
        if self.problems:
            return ExitCode.INVALID
        if self.wrong:
            return ExitCode.FAILED
        return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class Engine:
    """Where SQL runs: in a real Trino or in DuckDB. `environment` holds the variables
    by which the installed Trino and its Java are found.
    """

    is_trino: bool
    environment: Mapping[str, str]


def test(
    root: Path,
    day: date,
    *,
    target: str,
    select: Sequence[str],
    exclude: Sequence[str],
    engine: Engine,
) -> TestRun:
    """Run the tests of the selected cohorts. Raises InvalidDefinitions, Usage and
    BadSelection.
    """
    loaded = reading.project(root, target)
    tree = trees.load(root, loaded, day)
    asked = queries.wanted(tree, loaded.targets[target])
    chosen = reading.chosen_queries(asked, select, exclude)
    cohorts = tuple(query.cohort for query in chosen.queries)
    done = run(cohorts, asked, tree, loaded, engine)
    problems = sorted({*asked.problems, *done.refused})
    untested = tuple(cohort for cohort in cohorts if not cohort.cases)
    return TestRun(done.results, untested, tuple(problems))


def run(
    cohorts: Sequence[Cohort],
    asked: Wanted,
    tree: Tree,
    project: Project,
    engine: Engine,
) -> Tested:
    """Run the own tests of these cohorts; a real engine also looks at the queries of
    all of them. Raises CohortsError where what this takes is missing: packages, the
    engine.
    """
    try:
        # the packages of the extra `sandbox` are missing where nobody tests
        from runner.testing import local  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        raise lacks_extra("tests need", exc) from None
    sources = project.sources
    # each worker has a DuckDB of its own
    results_of = partial(
        local.run,
        [cohort for cohort in cohorts if cohort.cases],
        {query.cohort.id: query for query in asked.queries},
        asked.target,
        sources=sources,
        library=queries.library(tree),
        workers=os.cpu_count() or 1,
        known=tree.known,
    )
    if not engine.is_trino:
        return Tested(tuple(results_of()))
    # tests on DuckDB must not pay for the engine's client
    from runner.testing import engine as engine_tests  # noqa: PLC0415

    with engine_tests.started(engine.environment) as url:
        results = tuple(results_of(carry_out=engine_tests.carrying_out(url)))
        chosen = [query for query in asked.queries if query.cohort in cohorts]
        refused = engine_tests.refused(
            chosen, asked.target, sources.values(), url, known=tree.known
        )
    return Tested(results, refused)
