"""Everything that can be said of the files alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from runner.definitions import tree as trees
from runner.definitions.cohort import Cohort
from runner.definitions.tree import Tree
from runner.errors import ExitCode, Position, Problem
from runner.lints import all as lints
from runner.plan import life
from runner.project import file as projects
from runner.project.file import Project
from runner.sql import wanted as queries
from runner.sql.wanted import Wanted

NO_COHORT = Problem(
    Position("cohorts/"),
    "D005",
    "there is no cohort yet",
    "write one with `cohorts new`",
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A repository's files with all that is wrong with them (`errors`) and what only
    deserves a word (`warnings`), both sorted. `project` is None where its file cannot
    be used. `wanted` has the queries of each target, of those that have the same
    variables and database once.
    """

    tree: Tree
    project: Project | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    wanted: tuple[Wanted, ...]
    files: int
    """How many cohort files were checked."""
    good: int = 0
    """How many of them define a cohort."""

    @property
    def exit_code(self) -> ExitCode:
        """INVALID where anything is wrong; a warning is no error."""
        if self.errors:
            return ExitCode.INVALID
        return ExitCode.DONE


def check(root: Path, day: date) -> Checked:
    """Check every file for every target: YAML, schema, rules, SQL and lints."""
    project = projects.load(root)
    if isinstance(project, tuple):
        tree = trees.load(root, None, day)
        errors = sorted({*project, *tree.problems})
        return Checked(tree, None, tuple(errors), (), (), tree.files)
    tree = trees.load(root, project, day)
    wanted = _wanted(tree, project)
    found, hints = lints.found(tree, wanted[0], project, _codeowners(root))
    # the lints look at one target: what they judge is the same in all of them
    problems = {problem for each in wanted for problem in each.problems}
    warnings = {*hints, *_ends((*tree.cohorts, *tree.clashing), day)}
    if not tree.files:
        warnings.add(NO_COHORT)
    return Checked(
        tree,
        project,
        tuple(sorted(problems.union(found))),
        tuple(sorted(warnings)),
        wanted,
        tree.files,
        len(tree.cohorts),
    )


def _wanted(tree: Tree, project: Project) -> tuple[Wanted, ...]:
    """Targets with the same variables and database have the same problems, so that one
    of them is enough.
    """
    different = {
        (repr(sorted(target.vars.items())), target.database): target
        for target in project.targets.values()
    }
    return tuple(queries.wanted(tree, target) for target in different.values())


def _ends(cohorts: Iterable[Cohort], day: date) -> Iterable[Problem]:
    """The warnings of cohorts that soon expire, or resume."""
    for cohort in cohorts:
        yield from life.warnings(cohort, day)


def _codeowners(root: Path) -> str:
    """The CODEOWNERS file, in the order in which GitHub looks for it; empty where there is none."""
    for place in (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"):
        if (root / place).is_file():
            return (root / place).read_text(encoding="utf-8", errors="replace")
    return ""
