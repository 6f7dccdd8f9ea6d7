"""A cohort's query for one target, and the fingerprint of what it would deliver."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from runner.definitions.cohort import Cohort, Mode
from runner.definitions.known import NOTHING_KNOWN, Known
from runner.definitions.rule import Audience
from runner.definitions.source_check import full_name
from runner.errors import Position, Problem
from runner.identifiers import Handle, Identifier
from runner.identifiers import Kind as IdentifierKind
from runner.project.file import Target
from runner.sql import members, rule_writer, sizes
from runner.sql.barred import NO_ONE, Barred
from runner.sql.budget import MAX_TEXT
from runner.sql.checks import Finding, check
from runner.sql.fingerprint import SUPPRESSION, fingerprint, parts
from runner.sql.jinja import names_used
from runner.sql.library import EMPTY, Library
from runner.sql.literals import Refused
from runner.sql.places import author_place
from runner.sql.semantics import resolved
from runner.sql.templates import Fault, Rendered, render
from runner.sql.tokens import without_end

SQL = ("audience", "sql")


@dataclass(frozen=True, slots=True)
class Written:
    """What an author wrote, rendered: the SQL as it is wrapped, and where each piece of
    it came from; `above`: the empty lines that were cut off before it.
    """

    sql: str
    rendered: Rendered
    above: int = 0

    def locate(self, line: int, column: int) -> tuple[str, int, int]:
        """File (nothing for the cohort's own SQL), line and column (from 1) of a place in the SQL."""
        return self.rendered.locate(line + self.above, column)


@dataclass(frozen=True, slots=True)
class Query:
    """The SQL of one cohort for one target.

    `audience` is the author's SQL rendered (one SELECT, no trailing semicolon).
    `barred`: whom `suppress` takes out. `parts` are the fingerprint's, by name.
    `previous_id`: in Braze, before the cohort was moved on purpose. `written`: the
    author's own SQL, where there is any; a rule may be around it.
    """

    cohort: Cohort
    workspace: str
    braze_id: str
    audience: str
    fingerprint: str
    parts: Mapping[str, str]
    barred: Barred = NO_ONE
    previous_id: str = ""
    written: Written | None = field(default=None, compare=False, repr=False)

    def place(self, statement: str, line: int, column: int) -> Position | None:
        """The place in a file of what was told of a statement that holds the audience;
        None where it is not about it. SQL that a rule makes stands nowhere: that is the
        rule.
        """
        document = self.cohort.document
        inside = author_place(statement, self.audience, line, column)
        if inside is None:
            return None
        own = self.written and author_place(self.audience, self.written.sql, *inside)
        if self.written and own:
            return _place(self.cohort, *self.written.locate(*own))
        return document.at("audience", "where") if self.cohort.rule else None

    def members(self, barred: str | None = None) -> str:
        """One row a member (see `runner.sql.members`); `barred`: another SELECT of the
        same people, such as a table.
        """
        return members.members(
            self.audience,
            self.cohort.identifiers,
            self.barred.sql if barred is None else barred,
        )

    @property
    def exports(self) -> Mapping[Handle, str]:
        """The members as the connector wants them, by handle: one column of exact name each."""
        identifiers = self.cohort.identifiers
        barred = "" if self.cohort.mode is Mode.REMOVE else self.barred.sql
        return {
            one.handle: members.export(self.audience, one, barred)
            for one in identifiers
        }

    def standing_in(self, audience: str) -> Query:
        """The same cohort with other SQL, such as members that a test gives."""
        return replace(self, audience=audience)

    def returns(self, column: str) -> bool:
        """True where the query has a column."""
        key = Identifier(Handle(IdentifierKind.EXTERNAL_ID), column)
        return not check(self.audience, self.audience, (key,))

    def without(self, barred: Barred) -> Query:
        """The same query with people taken out of every cohort. In mode `remove` it
        names who is taken out, and spares nobody: what is barred is whom the cohort let
        in before.
        """
        if not barred:
            return self
        made_of = {**self.parts, SUPPRESSION: barred.mark}
        return replace(
            self, barred=barred, parts=made_of, fingerprint=fingerprint(made_of)
        )


def build(
    cohort: Cohort,
    target: Target,
    library: Library = EMPTY,
    others: Mapping[str, Query] = MappingProxyType({}),
    known: Known = NOTHING_KNOWN,
) -> Query | tuple[Problem, ...]:
    """Render, check and wrap a cohort's SQL for a target; everything wrong with it, at
    its place in its file. `others`: the queries of the cohorts that it refers to, by
    their ids; `known`: the tables that it may read.
    """
    written = _written(cohort, target, library, known) if cohort.sql else None
    if isinstance(written, tuple):
        return written
    sql = written.sql if written else ""
    audience = _narrowed(cohort, cohort.rule, sql, others) if cohort.rule else sql
    if isinstance(audience, tuple):
        return audience
    if unfit := tuple(_unfit(cohort, audience, target, known)):
        return unfit
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
        fingerprint=fingerprint(made_of),
        parts=made_of,
        previous_id=target.braze_id(cohort.life.previous_id)
        if cohort.life.previous_id
        else "",
        written=written,
    )


def _written(
    cohort: Cohort, target: Target, library: Library, known: Known
) -> Written | tuple[Problem, ...]:
    """The SQL of the author, rendered and checked."""
    rendered = render(cohort.sql, {**target.vars, **cohort.params}, library)
    if isinstance(rendered, Fault):
        return (_faulty(cohort, rendered),)
    if unused := tuple(_unused(cohort, library)):
        return unused
    sql = without_end(rendered.text)
    asked = cohort.identifiers
    if cohort.rule and cohort.rule.source.key not in {one.column for one in asked}:
        asked = (
            *asked,
            Identifier(Handle(IdentifierKind.EXTERNAL_ID), cohort.rule.source.key),
        )
    if findings := check(sql, rendered.text, asked) or resolved(
        sql, target.database, known
    ):
        return tuple(
            sorted(
                {
                    _problem(cohort, rendered.locate(found.line, found.column), found)
                    for found in findings
                }
            )
        )
    return Written(sql.strip("\n"), rendered, len(sql) - len(sql.lstrip("\n")))


def _narrowed(
    cohort: Cohort, rule: Audience, base: str, others: Mapping[str, Query]
) -> str | tuple[Problem, ...]:
    """The rule as SQL, over the author's where there is one."""
    found: list[Problem] = []
    for reference in rule.cohorts:
        other = others.get(reference.cohort)
        at = cohort.document.at(*reference.pointer)
        if other is None:
            what, fix = (
                f"the cohort {reference.cohort} has problems of its own",
                "mend its file first",
            )
            found.append(Problem(at, "C012", what, fix))
        elif not other.returns(rule.source.key):
            what = f"the cohort {reference.cohort} does not return {rule.source.key}, by which people are found here"
            found.append(
                Problem(at, "C012", what, f"let its query return {rule.source.key} too")
            )
    if found:
        return tuple(sorted(set(found)))
    columns = [identifier.column for identifier in cohort.identifiers]
    try:
        sql = rule_writer.select(
            rule,
            columns,
            {each.cohort: others[each.cohort].audience for each in rule.cohorts},
            base,
        )
    except Refused as exc:
        return (
            Problem(cohort.document.at("audience", "where"), "C005", exc.what, exc.fix),
        )
    if rule.where and (many := sizes.largest(rule.where)) >= sizes.TOO_MANY:
        what = f"{many:,} different conditions are in one `any`: Trino runs fewer than {sizes.TOO_MANY:,}"
        fix = "put what they ask for into a table, or a part of them into cohorts that this one refers to"
        return (Problem(cohort.document.at("audience", "where"), "C014", what, fix),)
    if len(sql) > MAX_TEXT:
        what = f"this rule is more than {MAX_TEXT:,} characters of SQL, with the cohorts that it refers to"
        return (
            Problem(
                cohort.document.at("audience", "where"), "C013", what, "make it simpler"
            ),
        )
    return sql


def _unfit(
    cohort: Cohort, audience: str, target: Target, known: Known
) -> Iterator[Problem]:
    """What Trino refuses of a rule's SQL. Over declared columns alone it is right as it
    is made: what can be wrong are the author's columns below it, and tables that are
    not as they were declared.
    """
    rule = cohort.rule
    if rule is None or not (
        cohort.sql
        or known.has(full_name(each, target.database) for each in rule.sources)
    ):
        return
    at = (
        cohort.document.at("audience", "where")
        if rule.where
        else cohort.document.at("audience")
    )
    for found in resolved(audience, target.database, known):
        yield Problem(
            at, found.code, f"in the SQL of this rule: {found.what}", found.fix
        )


def _faulty(cohort: Cohort, fault: Fault) -> Problem:
    """What is wrong with a template, in its own file; what it lacks, in the cohort's."""
    if fault.missing and cohort.template:
        at = cohort.document.at("audience", "template")
        what = f"the template {fault.file or cohort.template} needs {fault.missing!r} in its line {fault.line}"
        return Problem(
            at,
            fault.code,
            what,
            "give it under `params`, or under `vars` in cohorts/project.yml",
        )
    return Problem(
        _place(cohort, fault.file, fault.line, fault.column),
        fault.code,
        fault.what,
        fault.fix,
    )


def _unused(cohort: Cohort, library: Library) -> Iterator[Problem]:
    """Parameters that the template does not ask for: most often a misspelt name."""
    asked = names_used(cohort.sql, library) if cohort.params else frozenset()
    for name in cohort.params:
        if name not in asked:
            close = difflib.get_close_matches(name, asked, 1)
            fix = (
                f"perhaps you meant {close[0]}"
                if close
                else f"remove it; it uses: {', '.join(sorted(asked)) or 'none'}"
            )
            at = cohort.document.key_at("audience", "params", name)
            yield Problem(
                at,
                "T010",
                f"the template {cohort.template} does not use the parameter {name}",
                fix,
            )


def _problem(cohort: Cohort, place: tuple[str, int, int], found: Finding) -> Problem:
    at = (
        cohort.document.at("identifiers", *found.about.pointer) if found.about else None
    )
    if (
        at is None or at == cohort.document.at()
    ):  # the column is the project's default: point at the SQL
        at = _place(cohort, *place)
    return Problem(at, found.code, found.what, found.fix)


def _place(cohort: Cohort, file: str, line: int, column: int) -> Position:
    """A place in a file of the library, or in the cohort's own SQL."""
    file = file or cohort.template
    return (
        Position(f"cohorts/templates/{file}", line, column)
        if file
        else cohort.document.within(SQL, line, column)
    )
