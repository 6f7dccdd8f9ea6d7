"""A cohort's query for one target, and the fingerprint of what it would deliver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from runner.definitions.cohort import Cohort, Mode
from runner.definitions.known import NOTHING_KNOWN, Known
from runner.definitions.rule import Audience
from runner.definitions.source_check import full_name
from runner.errors import Position, Problem, Problems
from runner.files.suggestions import suggestion
from runner.identifiers import Handle, Identifier
from runner.identifiers import Kind as IdentifierKind
from runner.project.file import Target
from runner.sql import members, rule_writer, sizes
from runner.sql.budget import MAX_TEXT
from runner.sql.checks import Finding, check
from runner.sql.fingerprint import SUPPRESSION, fingerprint, parts
from runner.sql.jinja import names_used
from runner.sql.library import EMPTY, Library
from runner.sql.literals import Refused
from runner.sql.places import author_place
from runner.sql.reads import tables_read
from runner.sql.semantics import resolved
from runner.sql.suppressed import NO_ONE, Suppressed
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
        """File (empty for the cohort's own SQL), line and column (from 1) of a place in
        the SQL.
        """
        return self.rendered.locate(line + self.above, column)


@dataclass(frozen=True, slots=True)
class Query:
    """The SQL of one cohort for one target.

    `audience` is the author's SQL rendered (one SELECT, no trailing semicolon).
    `suppression`: whom `suppress` takes out. `parts` are the fingerprint's, by name.
    `database`: where names of tables without a database are looked up. `previous_id`:
    in Braze, before the cohort was moved on purpose. `written`: the author's own SQL,
    where there is any; a rule may be around it.
    """

    cohort: Cohort
    workspace: str
    braze_id: str
    audience: str
    fingerprint: str
    parts: Mapping[str, str]
    suppression: Suppressed = NO_ONE
    database: str = ""
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
        if self.written:
            own = author_place(self.audience, self.written.sql, *inside)
            if own:
                located = self.written.locate(*own)
                return _place(self.cohort, *located)
        if self.cohort.rule:
            return document.at("audience", "where")
        return None

    def members(self, barred: str | None = None) -> str:
        """One row a member (see `runner.sql.members`). `barred` is another SELECT of
        the people who are taken out, such as a table that has them already.
        """
        out = barred
        if out is None:
            out = self.suppression.sql
        return members.members(self.audience, self.cohort.identifiers, out)

    @property
    def exports(self) -> Mapping[Handle, str]:
        """The SQL of the members of each handle, as the connector wants them: one column
        with its exact name.
        """
        barred = self.suppression.sql
        # who is suppressed must be taken out of Braze, too
        if self.cohort.mode is Mode.REMOVE:
            barred = ""
        return {
            one.handle: members.export(self.audience, one, barred)
            for one in self.cohort.identifiers
        }

    def standing_in(self, audience: str) -> Query:
        """The same cohort with other SQL, such as members that a test gives."""
        return replace(self, audience=audience)

    def returns(self, column: str) -> bool:
        """True where the query has a column."""
        findings = check(self.audience, self.audience, (_plain(column),))
        return not findings

    def reads_others_than_in(self, database: str) -> bool:
        """True where the query names a table without its database, and so reads another
        table here than it would in that database.
        """
        if database == self.database:
            return False
        read: set[str] = set()
        for sql in (self.audience, self.suppression.sql):
            if sql:
                read |= tables_read(sql, "")
        return any(name.startswith(".") for name in read)

    def without(self, suppression: Suppressed) -> Query:
        """The same query with people taken out of every cohort. In mode `remove` it
        names who is taken out, and spares nobody: who is suppressed is whom the cohort let
        in before.
        """
        if not suppression:
            return self
        made_of = {**self.parts, SUPPRESSION: suppression.mark}
        return replace(
            self,
            suppression=suppression,
            parts=made_of,
            fingerprint=fingerprint(made_of),
        )


Queries = Mapping[str, Query]
"""Queries by the names of their cohorts."""


def build(
    cohort: Cohort,
    target: Target,
    library: Library = EMPTY,
    others: Queries = MappingProxyType({}),
    known: Known = NOTHING_KNOWN,
) -> Query | Problems:
    """The query of a cohort for a target: its SQL rendered and checked. Or everything
    wrong with it, sorted, at its place in its file. `others` are the queries of the
    cohorts that it refers to, by their ids; `known` are the tables that it may read.
    """
    written: Written | Problems | None = None
    if cohort.sql:
        written = _written(cohort, target, library, known)
    if isinstance(written, tuple):
        return written
    base = ""
    if written:
        base = written.sql
    audience: str | Problems = base
    if cohort.rule:
        audience = _narrowed(cohort, cohort.rule, base, others)
    if isinstance(audience, tuple):
        return audience
    unfit = tuple(_unfit(cohort, audience, target, known))
    if unfit:
        return unfit
    previous_id = cohort.life.previous_id
    if previous_id:
        previous_id = target.braze_id(previous_id)
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
        database=target.database,
        fingerprint=fingerprint(made_of),
        parts=made_of,
        previous_id=previous_id,
        written=written,
    )


def _written(
    cohort: Cohort, target: Target, library: Library, known: Known
) -> Written | Problems:
    """The SQL of the author, rendered and checked."""
    variables = {**target.vars, **cohort.params}
    rendered = render(cohort.sql, variables, library)
    if isinstance(rendered, Fault):
        return (_faulty(cohort, rendered),)
    unused = tuple(_unused(cohort, library))
    if unused:
        return unused
    sql = without_end(rendered.text)
    findings = check(sql, rendered.text, _asked(cohort))
    # names and types can only be resolved of SQL that has Trino's grammar
    findings = findings or resolved(sql, target.database, known)
    if not findings:
        below = sql.lstrip("\n")
        above = len(sql) - len(below)
        return Written(sql.strip("\n"), rendered, above)
    problems: set[Problem] = set()
    for found in findings:
        place = rendered.locate(found.line, found.column)
        problems.add(_problem(cohort, place, found))
    return tuple(sorted(problems))


def _asked(cohort: Cohort) -> tuple[Identifier, ...]:
    """The columns that the author's SQL must return: the identifiers', and the key by
    which a rule narrows it.
    """
    asked = cohort.identifiers
    if cohort.rule is None:
        return asked
    key = cohort.rule.source.key
    if key in {one.column for one in asked}:
        return asked
    return (*asked, _plain(key))


def _plain(column: str) -> Identifier:
    """A column that is asked for by its name alone."""
    handle = Handle(IdentifierKind.EXTERNAL_ID)
    return Identifier(handle, column)


def _narrowed(
    cohort: Cohort, rule: Audience, base: str, others: Queries
) -> str | Problems:
    """The rule as SQL, over the author's where there is one."""
    lost = set(_lost(cohort, rule, others))
    if lost:
        return tuple(sorted(lost))
    columns = [identifier.column for identifier in cohort.identifiers]
    selects = {}
    for each in rule.cohorts:
        selects[each.cohort] = others[each.cohort].audience
    at = cohort.document.at("audience", "where")
    try:
        sql = rule_writer.select(rule, columns, selects, base)
    except Refused as exc:
        return (Problem(at, "C005", exc.what, exc.fix),)
    many = 0
    if rule.where:
        many = sizes.largest(rule.where)
    if many >= sizes.TOO_MANY:
        what = (
            f"{many:,} different conditions are in one `any`: "
            f"Trino runs fewer than {sizes.TOO_MANY:,}"
        )
        fix = (
            "put what they ask for into a table, "
            "or a part of them into cohorts that this one refers to"
        )
        return (Problem(at, "C014", what, fix),)
    if len(sql) > MAX_TEXT:
        what = (
            f"this rule is more than {MAX_TEXT:,} characters of SQL, "
            "with the cohorts that it refers to"
        )
        return (Problem(at, "C013", what, "make it simpler"),)
    return sql


def _lost(cohort: Cohort, rule: Audience, others: Queries) -> Iterator[Problem]:
    """References to cohorts that have no query, or one without the key of this rule."""
    key = rule.source.key
    for reference in rule.cohorts:
        at = cohort.document.at(*reference.pointer)
        other = others.get(reference.cohort)
        if other is None:
            what = f"the cohort {reference.cohort} has problems of its own"
            yield Problem(at, "C012", what, "mend its file first")
        elif not other.returns(key):
            what = (
                f"the cohort {reference.cohort} does not return {key}, "
                "by which people are found here"
            )
            yield Problem(at, "C012", what, f"let its query return {key} too")


def _unfit(
    cohort: Cohort, audience: str, target: Target, known: Known
) -> Iterator[Problem]:
    """What Trino refuses of a rule's SQL. Over declared columns alone it is right as it
    is made: what can be wrong are the author's columns below it, and tables that are
    not as they were declared.
    """
    rule = cohort.rule
    if rule is None:
        return
    tables = [full_name(each, target.database) for each in rule.sources]
    if not cohort.sql and not known.has(tables):
        return
    at = cohort.document.at("audience")
    if rule.where:
        at = cohort.document.at("audience", "where")
    for found in resolved(audience, target.database, known):
        what = f"in the SQL of this rule: {found.what}"
        yield Problem(at, found.code, what, found.fix)


def _faulty(cohort: Cohort, fault: Fault) -> Problem:
    """What is wrong with a template, in its own file; what it lacks, in the cohort's."""
    if fault.missing and cohort.template:
        what = (
            f"the template {fault.file or cohort.template} needs {fault.missing!r} "
            f"in its line {fault.line}"
        )
        fix = "give it under `params`, or under `vars` in cohorts/project.yml"
        return Problem(
            cohort.document.at("audience", "template"), fault.code, what, fix
        )
    at = _place(cohort, fault.file, fault.line, fault.column)
    return Problem(at, fault.code, fault.what, fault.fix)


def _unused(cohort: Cohort, library: Library) -> Iterator[Problem]:
    """Parameters that the template does not ask for: most often a misspelt name."""
    if not cohort.params:
        return
    asked = names_used(cohort.sql, library)
    uses = ", ".join(sorted(asked)) or "none"
    for name in cohort.params:
        if name not in asked:
            at = cohort.document.key_at("audience", "params", name)
            what = f"the template {cohort.template} does not use the parameter {name}"
            fix = suggestion(name, asked, f"remove it; it uses: {uses}")
            yield Problem(at, "T010", what, fix)


def _problem(cohort: Cohort, place: tuple[str, int, int], found: Finding) -> Problem:
    """A finding at its place: in `identifiers`, or in the SQL."""
    at = _place(cohort, *place)
    if found.about:
        named = cohort.document.at("identifiers", *found.about.pointer)
        # where the column is the project's default, the file has no place for it
        if named != cohort.document.at():
            at = named
    return Problem(at, found.code, found.what, found.fix)


def _place(cohort: Cohort, file: str, line: int, column: int) -> Position:
    """A place in a file of the library, or in the cohort's own SQL."""
    name = file or cohort.template
    if name:
        return Position(f"cohorts/templates/{name}", line, column)
    return cohort.document.within(SQL, line, column)
