"""A cohort's query for one target, and the fingerprint of what it would deliver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.identifiers import Handle
from runner.project import Target
from runner.sql import members
from runner.sql.checks import Finding, check
from runner.sql.fingerprint import fingerprint, parts
from runner.sql.templates import Fault, render
from runner.sql.tokens import without_end

SQL = ("audience", "sql")


@dataclass(frozen=True, slots=True)
class Query:
    """The SQL of one cohort for one target.

    `audience` is the author's SQL rendered (one SELECT, no trailing semicolon). `members` wraps it: one row a member
    (see `runner.sql.members`). `exports` are the same members as the connector wants them, by handle: one column of
    exact name each. `parts` are the fingerprint's, by name.
    """

    cohort: Cohort
    workspace: str
    braze_id: str
    audience: str
    members: str
    exports: Mapping[Handle, str]
    fingerprint: str
    parts: Mapping[str, str]


def build(cohort: Cohort, target: Target) -> Query | tuple[Problem, ...]:
    """Render, check and wrap a cohort's SQL for a target; everything wrong with it, at its place in the file."""
    rendered = render(cohort.sql, target.vars)
    if isinstance(rendered, Fault):
        at = cohort.document.within(SQL, rendered.line, rendered.column)
        return (Problem(at, rendered.code, rendered.what, rendered.fix),)
    audience = without_end(rendered.text)
    if findings := check(audience, rendered.text, cohort.identifiers):
        return tuple(sorted({_problem(cohort, rendered.locate(found.line, found.column), found) for found in findings}))
    audience = audience.strip("\n")
    made_of = parts(
        sql=audience,
        cohort_id=target.braze_id(cohort.braze_id),
        name=cohort.name,
        identifiers=cohort.identifiers,
        mode=cohort.mode.value,
        workspace=target.workspace,
    )
    return Query(
        cohort=cohort,
        workspace=target.workspace,
        braze_id=target.braze_id(cohort.braze_id),
        audience=audience,
        members=members.members(audience, cohort.identifiers),
        exports={identifier.handle: members.export(audience, identifier) for identifier in cohort.identifiers},
        fingerprint=fingerprint(made_of),
        parts=made_of,
    )


def _problem(cohort: Cohort, place: tuple[int, int], found: Finding) -> Problem:
    at = cohort.document.at("identifiers", *found.about.pointer) if found.about else None
    if at is None or at == cohort.document.at():  # the column is the project's default: point at the SQL
        at = cohort.document.within(SQL, *place)
    return Problem(at, found.code, found.what, found.fix)
