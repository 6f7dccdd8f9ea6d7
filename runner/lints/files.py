"""What is noticed of files: names, owners, tests, what nobody uses; and the team's own policy."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runner.definitions.cohort import Cohort
from runner.definitions.folder import TEMPLATES
from runner.definitions.rule import columns_used
from runner.definitions.source_check import full_name
from runner.definitions.tree import Tree
from runner.errors import Position, Problem
from runner.files.documents import quoted
from runner.lints.lint import Lint, Name
from runner.project.file import FILE, Project
from runner.project.sources import Source
from runner.sql.fingerprint import short
from runner.sql.query import Query
from runner.sql.reads import tables_read
from runner.sql.tokens import Kind, tokens

_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]{2,}|\+?\d[\d ()/-]{7,}\d")


def of_cohorts(queries: Sequence[Query]) -> Iterator[Lint]:
    """What is noticed of each cohort by itself."""
    for query in queries:
        cohort = query.cohort
        yield from _personal(cohort)
        if not cohort.cases:
            fix = "add an example of who belongs to it and who does not"
            yield Lint(
                Name.NO_TESTS,
                Problem(cohort.document.at(), "N012", f"{cohort.id} has no tests", fix),
            )
        if cohort.rule:
            yield from _columns(cohort)


def between(queries: Sequence[Query], tree: Tree, project: Project) -> Iterator[Lint]:
    """What is noticed of cohorts beside each other, and of what none of them uses."""
    same: dict[tuple[str, str], list[Cohort]] = defaultdict(list)
    for query in queries:
        same[short(query.audience), query.parts["identifiers"]].append(query.cohort)
    for found in same.values():
        for cohort in found[1:]:
            what = f"{cohort.id} finds the same people as {found[0].id} ({found[0].document.path})"
            fix = "keep one of them, or say in its rule what is different"
            yield Lint(
                Name.SAME_AS_ANOTHER,
                Problem(cohort.document.at("audience"), "N003", what, fix),
            )
    # what a file with a problem uses is not known, so nothing is called unused while there is one
    templates = tree.templates if len(tree.cohorts) == tree.files else {}
    used = {cohort.template for cohort in tree.cohorts}
    texts = [cohort.sql for cohort in tree.cohorts] + list(tree.templates.values())
    for name in templates:
        if name not in used and not any(name in text for text in texts):
            problem = Problem(
                Position(f"{TEMPLATES}/{name}"),
                "N004",
                "no cohort uses this template",
                "remove it",
            )
            yield Lint(Name.UNUSED_TEMPLATE, problem)
    read = {word for query in queries for word in words(query.audience)}
    for source in project.sources.values():
        if source.table.rpartition(".")[2] not in read:
            at = project.document.key_at("sources", source.name)
            problem = Problem(
                at,
                "N005",
                f"no cohort uses the source {source.name}",
                "remove it, or leave it for later",
            )
            yield Lint(Name.UNUSED_SOURCE, problem)


def of_owners(cohorts: Iterable[Cohort], owners: str) -> Iterator[Lint]:
    """Owners whom the text of a CODEOWNERS file does not name."""
    lines = [line.partition("#")[0].split() for line in owners.splitlines()]
    named = {
        word.lstrip("@").rpartition("/")[2].casefold()
        for line in lines
        for word in line[1:]
    }
    named |= {word.lstrip("@").casefold() for line in lines for word in line[1:]}
    for cohort in cohorts:
        if cohort.owner.lstrip("@").casefold() not in named:
            what = f"the owner {quoted(cohort.owner)} is not in the CODEOWNERS file"
            fix = "add them there, or correct the name"
            yield Lint(
                Name.NOT_IN_CODEOWNERS,
                Problem(cohort.document.at("owner"), "N011", what, fix),
            )


def of_policy(cohorts: Iterable[Cohort], project: Project) -> Iterator[Lint]:
    """What the team asks of every cohort."""
    data: Any = project.document.data
    policy: Mapping[str, Any] = data.get("policy", {})
    pattern = policy.get("id", "")
    try:
        re.compile(pattern)
    except re.error as exc:
        what = f"this regular expression cannot be read: {exc}"
        yield Lint(
            None,
            Problem(project.document.at("policy", "id"), "C008", what, "correct it"),
        )
        pattern = ""
    for cohort in cohorts:
        given: Any = cohort.document.data
        for key in policy.get("required", ()):
            if key not in given:
                what = f"this project asks every cohort for `{key}`"
                yield Lint(
                    None, Problem(cohort.document.at(), "N020", what, f"add `{key}`")
                )
        if pattern and not re.search(pattern, cohort.id):
            what = f"the id {cohort.id} is not as this project asks: {quoted(pattern)}"
            yield Lint(
                None,
                Problem(
                    cohort.document.at("id"),
                    "N021",
                    what,
                    f"rename it; see `policy` in {FILE}",
                ),
            )


def of_policy_on_sources(
    queries: Iterable[Query],
    project: Project,
    database: str,
) -> Iterator[Lint]:
    """Sources and tables that the policy keeps from a folder's cohorts, in rules and in SQL."""
    data: Any = project.document.data
    policy: Mapping[str, Sequence[str]] = data.get("policy", {}).get("sources", {})
    yield from _unknown_sources(policy, project)
    for query in queries:
        folder = query.cohort.document.path.removeprefix("cohorts/").rpartition("/")[0]
        for name, allowed in policy.items():
            if folder != name and not folder.startswith(f"{name}/"):
                continue
            for used in _not_allowed(query, allowed, project.sources, database):
                what = f"cohorts in {name}/ may not use {used}"
                fix = f"use one of: {', '.join(allowed)}; or see `policy` in {FILE}"
                yield Lint(
                    None,
                    Problem(query.cohort.document.at("audience"), "N022", what, fix),
                )


def _unknown_sources(
    policy: Mapping[str, Sequence[str]], project: Project
) -> Iterator[Lint]:
    for folder, allowed in policy.items():
        for number, name in enumerate(allowed):
            if name not in project.sources:
                at = project.document.at("policy", "sources", folder, number)
                close = difflib.get_close_matches(name, project.sources, 1)
                fix = (
                    f"perhaps you meant {close[0]}"
                    if close
                    else "declare it under `sources`"
                )
                what = f"there is no source {quoted(name)}"
                yield Lint(None, Problem(at, "C002", what, fix))


def _not_allowed(
    query: Query,
    allowed: Sequence[str],
    sources: Mapping[str, Source],
    database: str,
) -> Iterator[str]:
    """What a cohort uses that is none of the allowed sources, in words.

    The cohort's own SQL may read the tables of those sources alone.
    """
    used = query.cohort.rule.sources if query.cohort.rule else ()
    yield from (
        f"the source {source.name}" for source in used if source.name not in allowed
    )
    if query.written is None:
        return
    names = {full_name(source, database): source.name for source in sources.values()}
    permitted = {
        full_name(sources[name], database) for name in allowed if name in sources
    }
    for table in sorted(tables_read(query.written.sql, database) - permitted):
        source = f", which is the source {names[table]}" if table in names else ""
        yield f"the table {table}{source}"


def words(sql: str) -> frozenset[str]:
    """The names in SQL, without texts and comments."""
    return frozenset(
        text.strip('"').lower()
        for kind, text in tokens(sql)
        if kind in (Kind.WORD, Kind.QUOTED)
    )


def _personal(cohort: Cohort) -> Iterator[Lint]:
    for key, text in (("name", cohort.name), ("description", cohort.description)):
        if _PERSONAL.search(text):
            what = f"the {key} looks as if somebody's address or number stood in it"
            fix = "take it out: names and descriptions are read by many, and kept for ever"
            yield Lint(
                Name.PERSONAL_DATA, Problem(cohort.document.at(key), "N010", what, fix)
            )


def _columns(cohort: Cohort) -> Iterator[Lint]:
    """Columns of a rule that should not be used any more, and identifiers that several
    rows may share.
    """
    if cohort.rule is None:
        return
    at = cohort.document.at("audience", "where")
    for source, name in columns_used(cohort.rule):
        if why := source.columns[name].deprecated:
            what = f"the column {name} of {source.name} is deprecated: {why}"
            yield Lint(
                Name.DEPRECATED_COLUMN, Problem(at, "N008", what, "use another column")
            )
    if cohort.sql:
        return
    for identifier in cohort.identifiers:
        if identifier.column != cohort.rule.source.key:
            what = f"{identifier.column} is not the key of {cohort.rule.source.name}: several rows may have the same"
            fix = "make sure that it names one person each, or name people by the key"
            place = cohort.document.at("identifiers", *identifier.pointer)
            yield Lint(Name.REPEATED_IDENTIFIER, Problem(place, "N009", what, fix))
