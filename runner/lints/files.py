"""What is noticed of files: names, owners, tests, what nobody uses; and the team's own
policy.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runner.definitions.cohort import Cohort
from runner.definitions.folder import TEMPLATES
from runner.definitions.rule import Audience, columns_used
from runner.definitions.source_check import full_name
from runner.definitions.tree import Tree
from runner.errors import Position
from runner.files import habits
from runner.files.documents import Pointer, quoted
from runner.lints.lint import Lint, Name, against_policy, noticed
from runner.project.file import FILE, Project
from runner.project.sources import Source, Sources
from runner.sql.fingerprint import short
from runner.sql.query import Query
from runner.sql.reads import tables_read
from runner.sql.tokens import Kind, tokens

_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]{2,}|\+?\d[\d ()/-]{7,}\d")


Allowed = Mapping[str, Sequence[str]]
"""The sources that the policy allows, by the folder whose cohorts may use them."""


def of_cohorts(queries: Sequence[Query]) -> Iterator[Lint]:
    """What is noticed of each cohort by itself."""
    for query in queries:
        cohort = query.cohort
        yield from _personal(cohort)
        yield from _two_readings(cohort)
        if not cohort.cases:
            at = cohort.document.at()
            what = f"{cohort.id} has no tests"
            fix = "add an example of who belongs to it and who does not"
            yield noticed(Name.NO_TESTS, at, what, fix)
        if cohort.rule:
            yield from _deprecated(cohort, cohort.rule)
        if cohort.rule and not cohort.sql:
            yield from _repeated(cohort, cohort.rule)


def between(queries: Sequence[Query], tree: Tree, project: Project) -> Iterator[Lint]:
    """What is noticed of cohorts beside each other, and of what none of them uses."""
    yield from _same(queries)
    yield from _unused_templates(tree)
    yield from _unused_sources(queries, project)


def _same(queries: Sequence[Query]) -> Iterator[Lint]:
    """Cohorts that find the same people as one before them."""
    same: dict[tuple[str, str], list[Cohort]] = defaultdict(list)
    for query in queries:
        audience = short(query.audience)
        identifiers = query.parts["identifiers"]
        same[audience, identifiers].append(query.cohort)
    for first, *others in same.values():
        path = first.document.path
        for cohort in others:
            at = cohort.document.at("audience")
            what = f"{cohort.id} finds the same people as {first.id} ({path})"
            fix = "keep one of them, or say in its rule what is different"
            yield noticed(Name.SAME_AS_ANOTHER, at, what, fix)


def _unused_templates(tree: Tree) -> Iterator[Lint]:
    """Templates that no cohort uses."""
    # what a file with a problem uses is not known, so nothing is called unused while
    # there is one
    if len(tree.cohorts) != tree.files:
        return
    used = {cohort.template for cohort in tree.cohorts}
    texts = [cohort.sql for cohort in tree.cohorts]
    texts += tree.templates.values()
    for name in tree.templates:
        # a template may take in another by its name
        is_taken_in = any(name in text for text in texts)
        if name in used or is_taken_in:
            continue
        at = Position(f"{TEMPLATES}/{name}")
        what = "no cohort uses this template"
        yield noticed(Name.UNUSED_TEMPLATE, at, what, "remove it")


def _unused_sources(queries: Sequence[Query], project: Project) -> Iterator[Lint]:
    """Sources that no cohort's query reads."""
    read: set[str] = set()
    for query in queries:
        read |= words(query.audience)
    for source in project.sources.values():
        if _table(source) in read:
            continue
        at = project.document.key_at("sources", source.name)
        what = f"no cohort uses the source {source.name}"
        fix = "remove it, or leave it for later"
        yield noticed(Name.UNUSED_SOURCE, at, what, fix)


def _table(source: Source) -> str:
    """The name of a source's table, without its database."""
    return source.table.rpartition(".")[2]


def of_owners(cohorts: Iterable[Cohort], owners: str) -> Iterator[Lint]:
    """Owners whom the text of a CODEOWNERS file does not name."""
    named = _named(owners)
    for cohort in cohorts:
        if _plain(cohort.owner) in named:
            continue
        at = cohort.document.at("owner")
        owner = quoted(cohort.owner)
        what = f"the owner {owner} is not in the CODEOWNERS file"
        fix = "add them there, or correct the name"
        yield noticed(Name.NOT_IN_CODEOWNERS, at, what, fix)


def _named(owners: str) -> set[str]:
    """The owners that a CODEOWNERS file names; a team also without its organisation."""
    named = set()
    for line in owners.splitlines():
        text, _, _ = line.partition("#")
        # the first word of a line says which files it is about
        for word in text.split()[1:]:
            owner = _plain(word)
            _, _, team = owner.rpartition("/")
            named |= {owner, team}
    return named


def _plain(owner: str) -> str:
    """An owner as it is compared: GitHub does not tell large letters from small ones."""
    return owner.lstrip("@").casefold()


def of_policy(cohorts: Iterable[Cohort], project: Project) -> Iterator[Lint]:
    """What the team asks of every cohort."""
    data: Any = project.document.data
    policy: Mapping[str, Any] = data.get("policy", {})
    required: Sequence[str] = policy.get("required", ())
    pattern = policy.get("id", "")
    try:
        re.compile(pattern)
    except re.error as exc:
        at = project.document.at("policy", "id")
        what = f"this regular expression cannot be read: {exc}"
        yield against_policy("C008", at, what, "correct it")
        pattern = ""
    for cohort in cohorts:
        yield from _lacking(cohort, required)
        if pattern:
            yield from _unlike(cohort, pattern)


def _unlike(cohort: Cohort, pattern: str) -> Iterator[Lint]:
    """The id of a cohort that is not as the policy asks."""
    if re.search(pattern, cohort.id):
        return
    at = cohort.document.at("id")
    what = f"the id {cohort.id} is not as this project asks: {quoted(pattern)}"
    fix = f"rename it; see `policy` in {FILE}"
    yield against_policy("N021", at, what, fix)


def _lacking(cohort: Cohort, required: Sequence[str]) -> Iterator[Lint]:
    """The keys that the policy asks for and a cohort's file does not have."""
    given: Any = cohort.document.data
    for key in required:
        if key not in given:
            at = cohort.document.at()
            what = f"this project asks every cohort for `{key}`"
            yield against_policy("N020", at, what, f"add `{key}`")


def of_policy_on_sources(
    queries: Iterable[Query],
    project: Project,
    database: str,
) -> Iterator[Lint]:
    """Sources and tables that the policy keeps from a folder's cohorts, in rules and in SQL."""
    data: Any = project.document.data
    policy: Allowed = data.get("policy", {}).get("sources", {})
    yield from _unknown_sources(policy, project)
    for query in queries:
        document = query.cohort.document
        at = document.at("audience")
        file = document.path.removeprefix("cohorts/")
        for name, allowed in policy.items():
            if not file.startswith(f"{name}/"):
                continue
            listed = ", ".join(allowed)
            fix = f"use one of: {listed}; or see `policy` in {FILE}"
            for used in _not_allowed(query, allowed, project.sources, database):
                what = f"cohorts in {name}/ may not use {used}"
                yield against_policy("N022", at, what, fix)


def _unknown_sources(policy: Allowed, project: Project) -> Iterator[Lint]:
    """Sources that the policy names and the project does not declare."""
    for folder, allowed in policy.items():
        for number, name in enumerate(allowed):
            if name in project.sources:
                continue
            at = project.document.at("policy", "sources", folder, number)
            what = f"there is no source {quoted(name)}"
            fix = "declare it under `sources`"
            close = difflib.get_close_matches(name, project.sources, 1)
            if close:
                fix = f"perhaps you meant {close[0]}"
            yield against_policy("C002", at, what, fix)


def _not_allowed(
    query: Query,
    allowed: Sequence[str],
    sources: Sources,
    database: str,
) -> Iterator[str]:
    """What a cohort uses that is none of the allowed sources, in words.

    The cohort's own SQL may read the tables of those sources alone.
    """
    rule = query.cohort.rule
    if rule is not None:
        for source in rule.sources:
            if source.name not in allowed:
                yield f"the source {source.name}"
    if query.written is None:
        return
    # several sources may be of one table: it is allowed where one of them is
    names: dict[str, str] = {}
    permitted: set[str] = set()
    for source in sources.values():
        table = full_name(source, database)
        names[table] = source.name
        if source.name in allowed:
            permitted.add(table)
    read = tables_read(query.written.sql, database)
    for table in sorted(read - permitted):
        told = f"the table {table}"
        if table in names:
            told += f", which is the source {names[table]}"
        yield told


def words(sql: str) -> frozenset[str]:
    """The names in SQL, without texts and comments."""
    found = set()
    for kind, text in tokens(sql):
        if kind in (Kind.WORD, Kind.QUOTED):
            name = text.strip('"')
            found.add(name.lower())
    return frozenset(found)


def _personal(cohort: Cohort) -> Iterator[Lint]:
    """Texts of a cohort that look as if they held an address or a telephone number."""
    texts = {"name": cohort.name, "description": cohort.description}
    fix = "take it out: names and descriptions are read by many, and kept for ever"
    for key, text in texts.items():
        if _PERSONAL.search(text):
            at = cohort.document.at(key)
            what = f"the {key} seems to contain a person's address or number"
            yield noticed(Name.PERSONAL_DATA, at, what, fix)


def _two_readings(cohort: Cohort) -> Iterator[Lint]:
    """Values of the audience that mean something else than many people think."""
    document = cohort.document
    data: Any = document.data
    for pointer, value in _leaves(data["audience"], ("audience",)):
        at = document.at(*pointer)
        # the file's text is looked at for few values
        if isinstance(value, float):
            yield from _of_number(value, document.written(at), at)
        # its text may name a person, so it is not told
        if isinstance(value, str) and habits.curly(value):
            what = "the curly quotes are a part of this text"
            fix = 'write straight quotes ("), or none'
            yield noticed(Name.TWO_READINGS, at, what, fix)
        if isinstance(value, dict) and _is_birthday(value):
            at = document.key_at(*pointer, "within_next")
            what = "`within_next` looks at the year, too: nobody is born in the days to come"
            fix = "write `anniversary_within_next`"
            yield noticed(Name.TWO_READINGS, at, what, fix)


def _of_number(value: float, written: str, at: Position) -> Iterator[Lint]:
    """A number whose point may have been meant to part thousands."""
    if not habits.has_thousands(written):
        return
    meant = habits.thousands(written)
    what = f"{written} is {value:g} here: the point is a decimal point"
    fix = f"write {meant}, or {value:g} if that is meant"
    yield noticed(Name.TWO_READINGS, at, what, fix)


def _is_birthday(condition: Mapping[str, Any]) -> bool:
    """True for a condition on a day of birth that looks for it in the days to come."""
    named = str(condition.get("column", "")).lower()
    is_birth = "birth" in named or named in ("dob", "bday")
    looks_ahead = "within_next" in condition
    return is_birth and looks_ahead


def _leaves(value: object, pointer: Pointer) -> Iterator[tuple[Pointer, object]]:
    """Every value of a part of a file, with where it stands."""
    yield pointer, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*pointer, name))
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*pointer, number))


def _deprecated(cohort: Cohort, rule: Audience) -> Iterator[Lint]:
    """Columns of a rule that should not be used any more."""
    at = cohort.document.at("audience", "where")
    for source, name in columns_used(rule):
        why = source.columns[name].deprecated
        if why:
            what = f"the column {name} of {source.name} is deprecated: {why}"
            yield noticed(Name.DEPRECATED_COLUMN, at, what, "use another column")


def _repeated(cohort: Cohort, rule: Audience) -> Iterator[Lint]:
    """Identifiers that several rows may share."""
    people = rule.source
    for identifier in cohort.identifiers:
        if identifier.column == people.key:
            continue
        at = cohort.document.at("identifiers", *identifier.pointer)
        what = (
            f"{identifier.column} is not the key of {people.name}:"
            " several rows may have the same"
        )
        fix = "make sure that it names one person each, or name people by the key"
        yield noticed(Name.REPEATED_IDENTIFIER, at, what, fix)
