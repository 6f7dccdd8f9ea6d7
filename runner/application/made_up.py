"""Rows made up for the tables of a project's sources, so that its own rules find people
in a sandbox.

The same seed and sources give the same rows; times go with the clock. No value is that
of a real person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from random import Random
from typing import Any

from runner.application import reading
from runner.application.invocation import Invocation
from runner.definitions import tree as trees
from runner.definitions.cohort import Cohort
from runner.definitions.rule import (
    Anniversary,
    Compare,
    Has,
    Holds,
    IsNull,
    Matches,
    OnColumn,
    OneOf,
    Test,
    Value,
    Window,
    walk,
)
from runner.errors import Usage
from runner.identifiers import Handle, Identifier, Kind
from runner.project import file as projects
from runner.project.file import FILE, Project, Target, is_local
from runner.project.sources import Column, Type
from runner.sandbox.braze import User
from runner.sandbox.engine.tables import Loaded
from runner.sandbox.own_data import OwnData
from runner.sandbox.sample import SHOP, TABLES
from runner.sandbox.warehouse import RESERVED
from runner.testing.local import KINDS

PEOPLE = 1_000
FEW = 20
"""So many of them are in a table whose people `suppress` takes out."""

IDLE = 0.15
"""The share of people without any event in a table."""

MOST_EVENTS = 12
"""Events of one person in one table; a few are usual."""

MISSING = 0.05
"""The share of cells without a value, where a column need not have one."""

YES = 0.7
"""The share of what is true."""

GREATEST = 10_000
"""The greatest number where no rule names one; small ones are usual."""

YEAR = 365 * 86_400

MAIL = re.compile(r"mail(_address)?$")
"""How the name of a column ends that holds addresses."""

_KEPT = frozenset({Type.TIME, Type.BOOLEAN})
"""Types of columns of which each row has a value."""


class _Rows(IntEnum):
    """Whom the rows of a table are about. If two declarations of one table differ, the
    lower one counts.
    """

    FEW = 1
    """Some people, one row each: those whom `suppress` takes out."""
    EVERYBODY = 2
    """All people, one row each."""
    EVENTS = 3
    """Most people, with a row for each event."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table with all columns that are declared of it."""

    database: str
    name: str
    columns: Mapping[str, Column]
    rows: _Rows


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Data for a sandbox, and the target whose queries read it. `has_cohorts`: there are
    files whose rules ask for values. `unread` are the paths of files with problems,
    whose rules nobody knows; sorted.
    """

    target: Target
    data: OwnData
    has_cohorts: bool
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _World:
    """What all tables share. `now` in unix seconds. `declared` are all columns of
    sources, and `keys` those that say who; `key` is one of people. `unique` are columns
    whose values no two people share: of them `numbers` hold numbers, and `mails`
    addresses. `named` are the values that rules ask for, by column.
    """

    seed: int
    now: int
    keys: frozenset[str]
    numbers: frozenset[str]
    unique: frozenset[str]
    mails: frozenset[str]
    key: str
    declared: frozenset[str]
    named: Mapping[str, tuple[Value, ...]]


def of_project(invocation: Invocation, *, target: str, seed: int) -> MadeUp:
    """The tables of a project's sources, as a target's queries name them, and Braze's
    users beside them. Raises InvalidDefinitions, and Usage P102 and P135.
    """
    project = reading.project(invocation.root, target)
    here = project.targets[target]
    if not project.sources:
        what = f"{FILE} declares no `sources`, so there are no tables to make"
        fix = "declare them, or start the sandbox without `--from-sources`"
        raise Usage("P135", what, fix)
    tree = trees.load(invocation.root, project, invocation.day)
    identifiers = _identifiers(project, tree.cohorts)
    tables = _tables(project, here)
    databases = tuple(sorted({here.database, *(table.database for table in tables)}))
    for database in databases:
        if database in RESERVED:
            what = f"the sandbox cannot have a database named {database}"
            raise Usage("P135", what, "name another database in the source or target")
    world = _world(project, tree.cohorts, identifiers, seed=seed, now=invocation.now)
    data = OwnData(
        databases=databases,
        tables=tuple(_loaded(table, world) for table in tables),
        users=tuple(_users(identifiers, world)),
        connections=((here.connection, here.workspace),),
    )
    unread = {problem.at.path for problem in tree.problems}
    return MadeUp(here, data, bool(tree.paths), tuple(sorted(unread)))


def not_in_the_shop(root: Path, target: str) -> str:
    """What to tell of tables that a target reads in a sandbox and the sample shop does
    not have; empty where it has all, and where no project file says what is read.
    """
    project = projects.load(root)
    if not isinstance(project, Project) or target not in project.targets:
        return ""
    here = project.targets[target]
    if not is_local(here.endpoint):
        return ""
    found: set[str] = set()
    for table in _tables(project, here):
        if table.database != SHOP:
            found.add(f"tables of {table.database}")
        elif table.name not in TABLES:
            found.add(f"{SHOP}.{table.name}")
    lacking = "which the sample shop does not have"
    makes = "`cohorts sandbox --from-sources` makes them"
    if found:
        return f"your sources name {', '.join(sorted(found))}, {lacking}; {makes}"
    if here.database != SHOP:
        what = f"the target {target} reads the database {here.database}, {lacking}"
        return f"{what}; declare its tables under `sources`, and {makes}"
    return ""


def _identifiers(project: Project, cohorts: Iterable[Cohort]) -> tuple[Identifier, ...]:
    """All ways to name people that the project and its cohorts have, each once."""
    found = list(project.defaults.identifiers)
    for cohort in cohorts:
        found += cohort.identifiers
    if not found:
        external_id = Handle(Kind.EXTERNAL_ID)
        for source in project.sources.values():
            found.append(Identifier(external_id, source.key))
    return tuple(dict.fromkeys(found))


def _tables(project: Project, target: Target) -> tuple[_Table, ...]:
    """The tables of sources, and those of `suppress`, each once, sorted."""
    tables: dict[tuple[str, str], _Table] = {}
    for table in _declared(project, target):
        place = table.database, table.name
        tables[place] = _joined(tables.get(place, table), table)
    return tuple(tables[place] for place in sorted(tables))


def _joined(first: _Table, second: _Table) -> _Table:
    """One table of two declarations; a column is as the first has it."""
    columns = {**second.columns, **first.columns}
    return replace(first, columns=columns, rows=min(first.rows, second.rows))


def _declared(project: Project, target: Target) -> Iterator[_Table]:
    """A table for each declaration."""
    for source in project.sources.values():
        rows = _Rows.EVERYBODY
        if source.has_events:
            rows = _Rows.EVENTS
        yield _Table(*_place(source.table, target), source.columns, rows)
    for suppression in project.suppress:
        if suppression.table:
            names = [each.column for each in suppression.identifiers]
            columns = {name: Column(name, Type.TEXT) for name in names}
            place = _place(suppression.table, target)
            yield _Table(*place, columns, _Rows.FEW)


def _place(table: str, target: Target) -> tuple[str, str]:
    """The database and the name of a table."""
    database, _, name = table.rpartition(".")
    return database or target.database, name


def _world(
    project: Project,
    cohorts: Iterable[Cohort],
    identifiers: Iterable[Identifier],
    *,
    seed: int,
    now: int,
) -> _World:
    """What all tables of a project share."""
    sources = project.sources.values()
    columns = [column for source in sources for column in source.columns.values()]
    keys = frozenset(source.key for source in sources)
    people = frozenset(source.key for source in sources if not source.has_events)
    mails = frozenset(each.name for each in columns if MAIL.search(each.name))
    if people and people <= mails:
        # events name people by their addresses then, whatever the column is called
        mails |= keys
    naming = keys | {each.column for each in identifiers}
    return _World(
        seed=seed,
        now=now,
        keys=keys,
        numbers=naming & _numbers(columns),
        unique=naming | mails | _personal(columns),
        mails=mails,
        key=min(people or keys),
        declared=frozenset(each.name for each in columns),
        named=_named(cohorts),
    )


def _numbers(columns: Iterable[Column]) -> frozenset[str]:
    """The names of columns of numbers."""
    return frozenset(each.name for each in columns if each.type is Type.NUMBER)


def _personal(columns: Iterable[Column]) -> frozenset[str]:
    """The names of columns whose values tell who somebody is."""
    return frozenset(each.name for each in columns if each.personal)


def _named(cohorts: Iterable[Cohort]) -> Mapping[str, tuple[Value, ...]]:
    """The values that rules ask for, by column: made-up rows have them too."""
    found: dict[str, dict[Value, None]] = {}
    for cohort in cohorts:
        if cohort.rule is None or cohort.rule.where is None:
            continue
        for part in walk(cohort.rule.where):
            if isinstance(part, OnColumn):
                values = found.setdefault(part.column, {})
                values.update(dict.fromkeys(_values(part.test)))
    return {column: tuple(values) for column, values in found.items()}


def _values(test: Test) -> tuple[Value, ...]:
    """The values that a test of a column names."""
    match test:
        case Compare(_, value):
            return (value,)
        case OneOf(values):
            return values
        case Has(_, texts) | Holds(texts, _):
            return texts
        case Matches() | IsNull() | Anniversary() | Window():
            return ()


def _loaded(table: _Table, world: _World) -> Loaded:
    """A table with its rows."""
    columns = dict(table.columns)
    columns.setdefault("time", Column("time", Type.TIME))
    owners = _owners(table, world)
    cells = [_cells(table, column, owners, world) for column in columns.values()]
    kinds = {column.name: _kind(column, world) for column in columns.values()}
    rows = list(zip(*cells, strict=True))
    return Loaded(table.database, table.name, kinds, rows)


def _owners(table: _Table, world: _World) -> list[int]:
    """Whom each row is about, by number."""
    everybody = range(1, PEOPLE + 1)
    match table.rows:
        case _Rows.EVERYBODY:
            return list(everybody)
        case _Rows.FEW:
            return list(everybody[:: PEOPLE // FEW])
        case _Rows.EVENTS:
            random = _random(world, table.name)
            return [one for one in everybody for _ in range(_events(random))]


def _events(random: Random) -> int:
    """How many events somebody has; few have many."""
    if random.random() < IDLE:
        return 0
    return 1 + int(MOST_EVENTS * random.random() ** 3)


def _kind(column: Column, world: _World) -> str:
    """Trino's type of a column."""
    if column.name in world.numbers and column.type is Type.NUMBER:
        # a member is a text, and as a double the number 1 would be 1.0
        return "bigint"
    return KINDS[column.type]


def _cells(
    table: _Table, column: Column, owners: Sequence[int], world: _World
) -> list[Any]:
    """The values of a column, one for each row."""
    if column.name in world.numbers and column.type is Type.NUMBER:
        return list(owners)
    is_unique = column.name in world.unique or table.rows is _Rows.FEW
    if is_unique and column.type is Type.TEXT and not column.values:
        return [_name(column.name, owner, world) for owner in owners]
    # each column has a generator of its own, so that a new one changes no other
    random = _random(world, f"{table.name} {column.name}")
    return [_cell(column, random, world) for _ in owners]


def _name(column: str, person: int, world: _World) -> str:
    """What a column calls somebody: the same in each table, so that rows meet."""
    if column not in world.declared:
        # what SQL alone calls so can only be a key
        column = world.key
    if column in world.numbers:
        return str(person)
    if column in world.mails:
        return f"person_{person:04}@example.com"
    if column in world.unique - world.keys:
        return f"{column}_{person:04}"
    return f"person_{person:04}"


def _cell(column: Column, random: Random, world: _World) -> Any:
    """One value, or None where there is none."""
    if column.type not in _KEPT and random.random() < MISSING:
        return None
    match column.type:
        case Type.TEXT:
            return random.choice(_texts(column, world))
        case Type.NUMBER:
            return _number(column, random, world)
        case Type.BOOLEAN:
            return random.random() < YES
        case Type.DATE:
            return _date(column, random, world)
        case Type.TIME:
            return world.now - 1 - int(YEAR * random.random() ** 2)
        case Type.LIST:
            texts = _texts(column, world)
            return random.sample(texts, random.randint(0, min(3, len(texts))))


def _texts(column: Column, world: _World) -> list[str]:
    """The texts that a column has: those that are declared; or else those that rules
    ask for, and some more.
    """
    if column.values:
        return [str(value) for value in column.values]
    others = [f"{column.name}_{number}" for number in (1, 2, 3)]
    return _named_texts(column, world) + others


def _named_texts(column: Column, world: _World) -> list[str]:
    """The texts that rules ask for in a column."""
    named = world.named.get(column.name, ())
    return [value for value in named if isinstance(value, str)]


def _number(column: Column, random: Random, world: _World) -> float:
    """A number: one that is declared; or else, as often as not, one that rules ask for,
    half of it, or more.
    """
    if column.values:
        return float(random.choice(column.values))
    named = world.named.get(column.name, ())
    numbers = [value for value in named if isinstance(value, int | float)]
    if numbers and random.random() < 0.5:
        return round(random.choice(numbers) * random.choice((0.5, 1, 1.5)), 2)
    return round(GREATEST * random.random() ** 3, 2)


def _date(column: Column, random: Random, world: _World) -> str:
    """A day: one that is declared; or else, as often as not, one that rules ask for; of
    the others half are in the last year.
    """
    if column.values:
        return str(random.choice(column.values))
    named = _named_texts(column, world)
    if named and random.random() < 0.5:
        return random.choice(named)
    days = random.randint(0, 365)
    if random.random() < 0.5:
        days = random.randint(366, 60 * 365)
    today = datetime.fromtimestamp(world.now, UTC).date()
    return (today - timedelta(days)).isoformat()


def _random(world: _World, what: str) -> Random:
    """A generator for one thing, by the seed."""
    return Random(f"{world.seed} {what}")  # noqa: S311 - nothing here is secret


def _users(identifiers: Iterable[Identifier], world: _World) -> Iterator[User]:
    """Everybody, as Braze knows them. A device is a user of its own, since a device of
    an identified user leads nowhere.
    """
    columns: dict[Handle, list[str]] = {}
    for each in identifiers:
        columns.setdefault(each.handle, []).append(each.column)
    external_ids = columns.pop(Handle(Kind.EXTERNAL_ID), [])
    devices = columns.pop(Handle(Kind.DEVICE_ID), [])
    for person in range(1, PEOPLE + 1):
        aliases = frozenset(
            (handle.label, _name(names[0], person, world))
            for handle, names in columns.items()
        )
        for external_id in sorted(
            {_name(name, person, world) for name in external_ids}
        ):
            yield User(external_id, aliases)
        if aliases and not external_ids:
            yield User(aliases=aliases)
        for device in sorted({_name(name, person, world) for name in devices}):
            yield User(devices=frozenset({device}))
