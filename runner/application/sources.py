"""Declared sources: compared with what Treasure Data has, and filled from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.application import reading
from runner.application.connecting import treasure_data
from runner.application.files import write
from runner.application.invocation import Invocation
from runner.definitions import proposals, source_check, table_check
from runner.definitions import tree as trees
from runner.definitions.known import NOTHING_KNOWN
from runner.definitions.proposals import NO_SAMPLE, Asked, Sample
from runner.definitions.source_check import Tables
from runner.errors import (
    AuthenticationFailed,
    ExitCode,
    InvalidDefinitions,
    Problem,
    Usage,
)
from runner.project import tables as known_tables
from runner.project.file import FILE, Project, Target
from runner.project.sources import Type
from runner.project.tables import Tables as KnownTables
from runner.sql import sampled
from runner.sql import wanted as queries
from runner.treasuredata.client import JobFailed


@dataclass(frozen=True, slots=True)
class Compared:
    """Declared sources and tables beside Treasure Data: what is wrong (`problems`), what
    is new there (`news`), and how many sources and tables were looked at; `tables` is
    None where no file of tables is kept.
    """

    problems: tuple[Problem, ...]
    news: tuple[str, ...]
    sources: int
    tables: int | None

    @property
    def exit_code(self) -> ExitCode:
        """FAILED where anything is wrong."""
        if self.problems:
            return ExitCode.FAILED
        return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class KeptTables:
    """The tables that were written to cohorts/tables.yml: how many, whether the file
    changed, and those that queries read and Treasure Data does not have, sorted.
    """

    number: int
    has_changed: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drafts:
    """What to declare for tables (`texts`), those whose rows nobody could look at, each
    with the reason, and those that are `declared` already, each with its source.
    """

    texts: tuple[str, ...]
    unseen: Mapping[str, str]
    declared: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pulled:
    """The columns that were added to the project file (`names`), none where nothing is
    new; and the tables whose rows nobody could look at, each with the reason.
    """

    names: tuple[str, ...]
    unseen: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Looked:
    """Counts of some rows by table; and why nobody could look at some tables."""

    samples: Mapping[str, Sample]
    unseen: Mapping[str, str]


def compare(invocation: Invocation, *, target: str) -> Compared:
    """Compare sources and cohorts/tables.yml with what Treasure Data has. Raises
    InvalidDefinitions and Usage.
    """
    loaded = reading.project(invocation.root, target)
    kept = _kept(invocation)
    read: frozenset[str] = frozenset()
    if kept.document:
        read = _read_by_queries(invocation, loaded)[0][target]
    listed = kept.columns.keys() & read
    found = _found(invocation, loaded, target, listed)
    database = loaded.targets[target].database
    problems = [
        *source_check.problems(loaded.document, loaded.sources, found, database),
        *table_check.behind(kept, found, read),
    ]
    number = None
    if kept.document:
        number = len(listed)
    return Compared(
        tuple(sorted(problems)),
        tuple(table_check.news(kept, found, read)),
        len(loaded.sources),
        number,
    )


def drafts(invocation: Invocation, *, target: str, names: Sequence[str]) -> Drafts:
    """What to declare for tables, in the words of the project file. A name without a
    database is in the target's. Raises Usage P113 for a table that there is not.
    """
    loaded = reading.project(invocation.root, target)
    here = loaded.targets[target]
    wanted = [_full_name(name, here.database) for name in names]
    found = _found(invocation, loaded, target, wanted)
    for name in wanted:
        if name not in found:
            raise Usage("P113", f"there is no table {name[:60]}", "correct its name")
    sources = {
        source_check.full_name(source, here.database): source.name
        for source in loaded.sources.values()
    }
    new = [name for name in wanted if name not in sources]
    identifiers = [each.column for each in loaded.defaults.identifiers]
    known = proposals.known_keys(loaded.sources, identifiers)
    asked = {name: source_check.asked_of_draft(found[name], known) for name in new}
    looked = _looked(invocation, here, asked)
    texts = [
        source_check.draft(name, found[name], known, looked.samples[name])
        for name in new
    ]
    declared = {name: sources[name] for name in wanted if name in sources}
    return Drafts(tuple(texts), looked.unseen, declared)


def pull_columns(invocation: Invocation, *, target: str) -> Pulled:
    """Add the columns that sources do not declare yet to the project file."""
    loaded = reading.project(invocation.root, target)
    here = loaded.targets[target]
    found = _found(invocation, loaded, target, ())
    new: dict[str, dict[str, Type]] = {}
    for source in loaded.sources.values():
        table = source_check.full_name(source, here.database)
        columns = source_check.new_columns(source, found.get(table, {}))
        new.setdefault(table, {}).update(columns)
    asked = {
        table: Asked((), proposals.texts(columns)) for table, columns in new.items()
    }
    looked = _looked(invocation, here, asked)
    text, names = source_check.with_new_columns(
        loaded.document, loaded.sources, found, here.database, looked.samples
    )
    if names:
        (invocation.root / FILE).write_text(text, encoding="utf-8")
    return Pulled(tuple(names), looked.unseen)


def pull_tables(invocation: Invocation, *, target: str) -> KeptTables:
    """Write cohorts/tables.yml anew, with the tables that queries of this target read.
    Raises InvalidDefinitions, and Usage P122.
    """
    loaded = reading.project(invocation.root, target)
    before = known_tables.load(invocation.root)
    if isinstance(before, tuple):
        # a file that cannot be read is written anew
        before = known_tables.NOTHING
    read, are_all = _read_by_queries(invocation, loaded)
    mine = read[target]
    # a cohort with problems of its own may read any of those that are there
    others = frozenset(before.columns)
    if are_all:
        others = frozenset[str]().union(*read.values())
    found = _found(invocation, loaded, target, mine)
    renewed = table_check.renewed(before, found, mine, others)
    text = known_tables.text(renewed)
    write(invocation.root / known_tables.FILE, text)
    has_changed = not before.document or text != before.document.source
    return KeptTables(len(renewed), has_changed, tuple(sorted(mine - found.keys())))


def _read_by_queries(
    invocation: Invocation, loaded: Project
) -> tuple[Mapping[str, frozenset[str]], bool]:
    """The tables that good queries read, by target; and whether these are all queries."""
    tree = trees.load(invocation.root, loaded, invocation.day)
    # a file of tables that is behind must not be what keeps it from being written anew
    tree = replace(tree, known=NOTHING_KNOWN)
    asked = {
        name: queries.wanted(tree, target) for name, target in loaded.targets.items()
    }
    read = {name: queries.tables_of(each, tree) for name, each in asked.items()}
    return read, not any(each.problems for each in asked.values())


def _kept(invocation: Invocation) -> KnownTables:
    """What cohorts/tables.yml knows. Raises InvalidDefinitions."""
    loaded = known_tables.load(invocation.root)
    if isinstance(loaded, tuple):
        raise InvalidDefinitions(loaded)
    return loaded


def _full_name(name: str, database: str) -> str:
    if "." in name:
        return name
    return f"{database}.{name}"


def _found(
    invocation: Invocation, loaded: Project, target: str, more: Iterable[str]
) -> Tables:
    """The columns of all tables in the databases that sources, or the tables asked for,
    are in.
    """
    here = loaded.targets[target]
    names = {
        source_check.full_name(source, here.database)
        for source in loaded.sources.values()
    }
    databases = {name.partition(".")[0] for name in names.union(more)}
    found = {}
    with treasure_data(invocation, here) as (client, _):
        for database in sorted(databases):
            for name, columns in client.columns(database).items():
                found[f"{database}.{name}"] = columns
    return found


def _looked(
    invocation: Invocation, target: Target, asked: Mapping[str, Asked]
) -> _Looked:
    """A look at a few rows of each table, in counts alone. A key that may list tables,
    but not read them, sees nothing.
    """
    samples: dict[str, Sample] = {}
    unseen: dict[str, str] = {}
    token, now = invocation.token(), invocation.now
    with treasure_data(invocation, target) as (client, _):
        for number, (table, columns) in enumerate(asked.items()):
            samples[table] = NO_SAMPLE
            if not (columns.keys or columns.texts):
                continue
            try:
                rows = client.select(
                    table.partition(".")[0],
                    sampled.select(table, columns.keys, columns.texts),
                    key=f"cohorts-{token}-sampled-{number}",
                    scheduled_time=now,
                    what=f"looking at a few rows of {table}",
                )
            except (AuthenticationFailed, JobFailed) as exc:
                unseen[table] = exc.what
                continue
            samples[table] = sampled.read(rows[0], columns.keys, columns.texts)
    return _Looked(samples, unseen)
