"""What the files ask of one target: a query for every good cohort, and all problems."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache

from runner.definitions.cohort import Cohort
from runner.definitions.folder import TEMPLATES
from runner.definitions.references import in_order
from runner.definitions.tree import Tree
from runner.errors import Problem, Problems
from runner.project.file import Suppression, Target
from runner.sql import query
from runner.sql.library import Library
from runner.sql.members import Listed
from runner.sql.query import Queries, Query
from runner.sql.reads import tables_read
from runner.sql.suppressed import NO_ONE, Suppressed, suppressed

Users = dict[Problem, list[str]]
"""The ids of the cohorts that have a problem, of which some are in shared files."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Queries sorted by cohort id; all problems, of files and of SQL, sorted; who is
    taken out of every cohort.
    """

    target: Target
    queries: tuple[Query, ...]
    problems: Problems
    suppression: Suppressed = NO_ONE

    @property
    def invalid_files(self) -> int:
        """How many files have a problem: while there is one, nothing can be called gone."""
        return len({problem.at.path for problem in self.problems})


def wanted(tree: Tree, target: Target) -> Wanted:
    """Every cohort rendered and checked for one target, without those who are taken out
    of every cohort.

    Where a list of them cannot be used there is no query but those of the lists: nobody
    on it may be written to.
    """
    shared = library(tree)
    good: dict[str, Query] = {}
    users: Users = defaultdict(list)
    for cohort in in_order(tree.cohorts):
        made = query.build(cohort, target, shared, good, tree.known)
        if isinstance(made, Query):
            good[cohort.id] = made
            continue
        for problem in made:
            users[problem].append(cohort.id)
    # a cohort that clashes with another file runs nowhere; problems of its SQL are told
    # all the same
    for cohort in tree.clashing:
        for problem in _of_clashing(cohort, target, shared, good, tree):
            users[problem].append(cohort.id)
    problems = _with_all_users(users)
    problems.update(tree.problems)
    queries, out = _suppressed(tree, good)
    return Wanted(target, queries, tuple(sorted(problems)), out)


def _with_all_users(users: Users) -> set[Problem]:
    """The problems, each told once, with who uses what it is about."""
    return {_with_users(problem, cohorts) for problem, cohorts in users.items()}


def _of_clashing(
    cohort: Cohort,
    target: Target,
    shared: Library,
    good: Queries,
    tree: Tree,
) -> Problems:
    """What is wrong with the SQL of a cohort that clashes with another file."""
    alone = cohort
    if cohort.references:
        # what is wrong with references is told of the files
        alone = replace(cohort, rule=None)
    if not alone.sql and alone.rule is None:
        return ()
    made = query.build(alone, target, shared, good, tree.known)
    if isinstance(made, Query):
        return ()
    return made


def _suppressed(tree: Tree, good: Queries) -> tuple[tuple[Query, ...], Suppressed]:
    """The queries to run, sorted by cohort id, and who is taken out of them. Cohorts
    that are lists themselves, or unsuppressed, keep everybody.
    """
    lists = {listed.cohort for listed in tree.suppress if listed.cohort}
    usable = lists <= good.keys()
    out = NO_ONE
    if usable:
        people = [_people(listed, good) for listed in tree.suppress]
        out = suppressed(people)
    queries: list[Query] = []
    for cohort_id, found in sorted(good.items()):
        if cohort_id in lists or found.cohort.unsuppressed:
            queries.append(found)
        elif usable:
            queries.append(found.without(out))
    return tuple(queries), out


def _people(listed: Suppression, good: Queries) -> Listed:
    """The SQL of a list of suppressed people, and what identifies them in it."""
    if listed.cohort:
        found = good[listed.cohort]
        return found.audience, found.cohort.identifiers
    return _table(listed), listed.identifiers


def _table(listed: Suppression) -> str:
    """The SQL that reads a table of suppressed people."""
    database, _, table = listed.table.partition(".")
    columns = ", ".join(f'"{identifier.column}"' for identifier in listed.identifiers)
    return f'SELECT {columns} FROM "{database}"."{table}"'


def tables_of(asked: Wanted, tree: Tree) -> frozenset[str]:
    """The tables that the queries of a target read, as `database.table`; those of
    `suppress` included.
    """
    database = asked.target.database
    texts = [query.audience for query in asked.queries]
    texts += [_table(listed) for listed in tree.suppress if listed.table]
    read: set[str] = set()
    for sql in texts:
        read |= tables_read(sql, database)
    return frozenset(read)


def library(tree: Tree) -> Library:
    """The texts that templates may import."""
    texts = sorted(tree.templates.items())
    return _library(tuple(texts))


# the same object for every target, so that what is compiled with it is kept
@lru_cache(maxsize=1)
def _library(texts: tuple[tuple[str, str], ...]) -> Library:
    return Library(dict(texts))


def _with_users(problem: Problem, cohorts: list[str]) -> Problem:
    """A problem in a shared file is told once, with who uses it."""
    if not problem.at.path.startswith(f"{TEMPLATES}/"):
        return problem
    by = cohorts[0]
    others = len(cohorts) - 1
    if others:
        by = f"{by} and {others:,} more"
    return replace(problem, what=f"{problem.what} (used by {by})")
