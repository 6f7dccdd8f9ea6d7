"""A cohort's query for one target, and the fingerprint of what it would deliver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.project import Target
from runner.sql.checks import Finding, check
from runner.sql.fingerprint import fingerprint, parts
from runner.sql.templates import Fault, render
from runner.sql.tokens import indented, without_end

SQL = ("audience", "sql")
MEMBERS = "CAST('external_id' AS VARCHAR) AS kind, CAST('' AS VARCHAR) AS label, member AS value"


@dataclass(frozen=True, slots=True)
class Query:
    """The SQL of one cohort for one target.

    `audience` is the author's SQL rendered (one SELECT, no trailing semicolon). `members` wraps it: one row a member,
    columns exactly `kind`, `label`, `value` (VARCHAR, distinct, no NULL, no blank). `export` is the same members as the
    connector wants them: one column, `user_ids`. `parts` are the fingerprint's, by name.
    """

    cohort: Cohort
    workspace: str
    audience: str
    members: str
    export: str
    fingerprint: str
    parts: Mapping[str, str]


def build(cohort: Cohort, target: Target) -> Query | tuple[Problem, ...]:
    """Render, check and wrap a cohort's SQL for a target; everything wrong with it, at its place in the file."""
    rendered = render(cohort.sql, target.vars)
    if isinstance(rendered, Fault):
        at = cohort.document.within(SQL, rendered.line, rendered.column)
        return (Problem(at, rendered.code, rendered.what, rendered.fix),)
    audience = without_end(rendered.text)
    if findings := check(audience, rendered.text, cohort.external_id):
        return tuple(sorted({_problem(cohort, rendered.locate(found.line, found.column), found) for found in findings}))
    audience = audience.strip("\n")
    made_of = parts(
        sql=audience,
        cohort_id=cohort.id,
        name=cohort.name,
        external_id=cohort.external_id,
        mode=cohort.mode.value,
        workspace=target.workspace,
    )
    return Query(
        cohort=cohort,
        workspace=target.workspace,
        audience=audience,
        members=_wrapped(audience, cohort.external_id, MEMBERS),
        export=_wrapped(audience, cohort.external_id, "member AS user_ids"),
        fingerprint=fingerprint(made_of),
        parts=made_of,
    )


def _problem(cohort: Cohort, place: tuple[int, int], found: Finding) -> Problem:
    at = cohort.document.at("identifiers", "external_id") if found.about_identifier else None
    if at is None or at == cohort.document.at():  # the column is the project's default: point at the SQL
        at = cohort.document.within(SQL, *place)
    return Problem(at, found.code, found.what, found.fix)


def _wrapped(audience: str, column: str, columns: str) -> str:
    """The author's SQL on lines of its own, so that a comment at its end swallows nothing. NULL fails the WHERE too."""
    return (
        f"SELECT DISTINCT {columns}\n"
        "FROM (\n"
        f'  SELECT TRIM(CAST("{column}" AS VARCHAR)) AS member\n'
        "  FROM (\n"
        f"{indented(audience, 4)}\n"
        "  ) AS audience\n"
        ") AS members\n"
        "WHERE member <> ''"
    )
