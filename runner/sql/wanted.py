"""What the files ask of one target: a query for every good cohort, and every problem of the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from runner.definitions.cohort import Cohort
from runner.definitions.folder import TEMPLATES
from runner.definitions.references import in_order
from runner.definitions.tree import Tree
from runner.errors import Problem
from runner.project.file import Suppression, Target
from runner.sql import query
from runner.sql.barred import NO_ONE, Barred, barred
from runner.sql.library import Library
from runner.sql.query import Query
from runner.sql.reads import tables_read


@dataclass(frozen=True, slots=True)
class Wanted:
    """Queries sorted by cohort id; all problems, of files and of SQL, sorted; who is
    taken out of every cohort.
    """

    target: Target
    queries: tuple[Query, ...]
    problems: tuple[Problem, ...]
    barred: Barred = NO_ONE

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
    built: list[tuple[Cohort, Query | tuple[Problem, ...]]] = []
    known: dict[str, Query] = {}
    for cohort in in_order(tree.cohorts):
        made = query.build(cohort, target, shared, known, tree.known)
        built.append((cohort, made))
        if isinstance(made, Query):
            known[cohort.id] = made
    # a cohort that clashes with another file runs nowhere; problems of its SQL are told
    # all the same
    for cohort in tree.clashing:
        # what is wrong with references is told of the files
        alone = replace(cohort, rule=None) if cohort.references else cohort
        if alone.sql or alone.rule:
            built.append(
                (cohort, query.build(alone, target, shared, known, tree.known))
            )
    good = {cohort_id: known[cohort_id] for cohort_id in sorted(known)}
    users: dict[Problem, list[str]] = defaultdict(list)
    for cohort, found in built:
        for problem in () if isinstance(found, Query) else found:
            users[problem].append(cohort.id)
    problems = {_with_users(problem, cohorts) for problem, cohorts in users.items()}
    lists = {listed.cohort for listed in tree.suppress if listed.cohort}
    usable = lists <= good.keys()
    out = _barred(tree, good) if usable else NO_ONE
    spared = lists | {
        cohort_id for cohort_id, found in good.items() if found.cohort.unsuppressed
    }
    queries = [
        found if cohort_id in spared else found.without(out)
        for cohort_id, found in good.items()
        if usable or cohort_id in spared
    ]
    return Wanted(
        target, tuple(queries), tuple(sorted(problems.union(tree.problems))), out
    )


def _barred(tree: Tree, good: Mapping[str, Query]) -> Barred:
    lists = [
        (good[one.cohort].audience, good[one.cohort].cohort.identifiers)
        if one.cohort
        else (_table(one), one.identifiers)
        for one in tree.suppress
    ]
    return barred(lists)


def _table(listed: Suppression) -> str:
    database, _, table = listed.table.partition(".")
    columns = ", ".join(f'"{identifier.column}"' for identifier in listed.identifiers)
    return f'SELECT {columns} FROM "{database}"."{table}"'


def tables_of(asked: Wanted, tree: Tree) -> frozenset[str]:
    """The tables that the queries of a target read, as `database.table`; those of
    `suppress` included.
    """
    database = asked.target.database
    lists = [_table(listed) for listed in tree.suppress if listed.table]
    read = (
        tables_read(sql, database)
        for sql in (*(query.audience for query in asked.queries), *lists)
    )
    return frozenset().union(*read)


def library(tree: Tree) -> Library:
    """The texts that templates may import."""
    return _library(tuple(sorted(tree.templates.items())))


@lru_cache(
    maxsize=1
)  # the same for every target, so that what is compiled with it is kept
def _library(texts: tuple[tuple[str, str], ...]) -> Library:
    return Library(dict(texts))


def _with_users(problem: Problem, cohorts: list[str]) -> Problem:
    """A problem in a shared file is told once, with who uses it."""
    if not problem.at.path.startswith(f"{TEMPLATES}/"):
        return problem
    more = f" and {len(cohorts) - 1:,} more" if len(cohorts) > 1 else ""
    return replace(problem, what=f"{problem.what} (used by {cohorts[0]}{more})")
