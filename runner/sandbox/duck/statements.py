"""One Trino statement as Treasure Data takes it: read, checked, and put into DuckDB's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.sandbox.duck import expressions, queries
from runner.sandbox.duck.casts import as_text, coerced, each_as
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.duck.scope import Facts, HeldTable, Named, Scope
from runner.sandbox.duck.shapes import Columns
from runner.sandbox.duck.storage import (
    INTEGERS,
    element,
    is_text,
    length_of,
    name,
    python,
    storage,
    text,
)
from runner.sandbox.warehouse import COLUMN, DATABASE_OR_TABLE, Warehouse
from runner.sandbox.warehouse import Column as Stored
from runner.trino import tree
from runner.trino.analysis import ColumnType, Refusal, analyze
from runner.trino.parser import SyntaxRefused, parse
from runner.trino.types import Type, coerces, parse_type

MAIN = "line 1:1: "
CATALOGS = frozenset({"td", "td-presto"})


class QueryFailed(Exception):
    """Why a query failed, in Trino's words."""


@dataclass(frozen=True, slots=True)
class Name:
    """A table's full name."""

    database: str
    table: str

    @property
    def sql(self) -> str:
        """Quoted, for DuckDB."""
        database = name(self.database)
        table = name(self.table)
        return f"{database}.{table}"

    @property
    def words(self) -> str:
        """As Trino's messages call it."""
        return f"Table 'td.{self.database}.{self.table}'"


@dataclass(frozen=True, slots=True)
class Select:
    """Rows to give back: DuckDB's SQL, and the columns."""

    sql: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Create:
    """CREATE TABLE AS, from the rows of a query."""

    name: Name
    query: Select
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT INTO … SELECT; `columns` is empty where the statement names none."""

    name: Name
    columns: tuple[str, ...]
    query: Select


@dataclass(frozen=True, slots=True)
class Drop:
    """DROP TABLE, which fails for a missing table unless `if_exists`."""

    name: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class AddColumn:
    """ALTER TABLE ADD COLUMN, with Trino's type of the column."""

    name: Name
    column: str
    type: Type
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE … WHERE; `sql` is DuckDB's."""

    name: Name
    sql: str


Statement = Select | Create | Insert | Drop | AddColumn | Delete


@dataclass(frozen=True, slots=True)
class Job:
    """What a statement is read for.

    `database` is that of a table's name without one. The two times are unix seconds.
    """

    database: str
    scheduled_time: int
    now: float
    warehouse: Warehouse

    def columns(self, table: Name) -> Sequence[Stored] | None:
        """The columns of a table; None where the warehouse has no such table."""
        return self.warehouse.columns(table.database, table.table)


def translate(sql: str, job: Job) -> Statement:
    """Read one statement. Raises QueryFailed for what Trino refuses, NotHere for what
    is not known here.
    """
    try:
        return _statement(sql, parse(sql), job)
    except SyntaxRefused as exc:
        where = position(sql, exc.at)
        raise QueryFailed(f"{where}{exc.message}") from None
    except Rejected as exc:
        raise QueryFailed(str(exc)) from None
    except RecursionError:
        raise QueryFailed(
            f"{MAIN}statement is too large (stack overflow while parsing)"
        ) from None


def position(sql: str, offset: int) -> str:
    """`line 1:8: `, as Trino's messages begin."""
    line, column = tree.place(sql, offset)
    return f"line {line}:{column}: "


def _statement(sql: str, node: tree.Statement, job: Job) -> Statement:
    """A statement by its kind. Raises QueryFailed for kinds that are not supported."""
    match node:
        case tree.Query():
            return _as_written(_selected(sql, node, node, job), node)
        case tree.CreateTableAs() if node.with_data:
            return _created(sql, node, job)
        case tree.Insert():
            return _inserted(sql, node, job)
        case tree.DropTable():
            target = _target(sql, node.table, job)
            return Drop(target, node.if_exists)
        case tree.AddColumn():
            return _add_column(sql, node, job)
        case tree.Delete() if node.where is not None:
            return _deleted(sql, node, node.where, job)
    words = _first_words(sql, node)
    raise QueryFailed(
        f"{MAIN}this statement is not supported by Treasure Data: {words}"
    )


def _created(sql: str, node: tree.CreateTableAs, job: Job) -> Create:
    """CREATE TABLE AS. Raises QueryFailed, NotHere."""
    made = _selected(sql, node, node.query, job)
    _check_named(node, made)
    target = _target(sql, node.table, job)
    return Create(target, made, node.if_not_exists)


def _inserted(sql: str, node: tree.Insert, job: Job) -> Insert:
    """INSERT INTO … SELECT. Raises QueryFailed, NotHere."""
    target = _target(sql, node.table, job)
    columns = tuple(column.key for column in node.columns)
    made = _selected(sql, node, node.query, job)
    return Insert(target, columns, made)


def _first_words(sql: str, node: tree.Statement) -> str:
    """How a statement begins, for a message."""
    if isinstance(node, tree.OtherStatement):
        return node.words
    words = sql.split()
    return " ".join(words[:2])[:60]


def _facts(sql: str, node: tree.Statement, job: Job) -> Facts:
    """What the analysis finds.

    Raises QueryFailed with the first thing, by its place, that Trino refuses.
    """
    _check_places(sql, node, job)
    found = analyze(node, lambda names: _columns(names, job))
    if found.refusals:
        first = min(found.refusals, key=lambda one: one.at)
        where = position(sql, first.at)
        words = _words(first, node, job)
        raise QueryFailed(f"{where}{words}")
    return Facts(
        found.types,
        found.conversions,
        _held_tables(node, job),
        job.now,
        job.scheduled_time,
    )


def _held_tables(node: tree.Node, job: Job) -> Mapping[tree.Node, HeldTable]:
    """The tables that a statement names and the warehouse holds."""
    tables: dict[tree.Node, HeldTable] = {}
    for one in _tables(node):
        held = _held(one, job)
        if held is not None:
            tables[one] = held
    return tables


def _tables(node: tree.Node) -> Iterator[tree.Table]:
    """The tables that a statement names."""
    for one in tree.walk(node):
        if isinstance(one, tree.Table):
            yield one


def _words(refusal: Refusal, node: tree.Node, job: Job) -> str:
    """Trino's words; a table is told by its full name, which only the job knows."""
    if refusal.name != "TABLE_NOT_FOUND":
        return refusal.message
    for one in _tables(node):
        if one.at == refusal.at:
            full = _full_name(one, job).words
            return f"{full} does not exist"
    return refusal.message


def _check_places(sql: str, node: tree.Node, job: Job) -> None:
    """Raises QueryFailed for a catalog or a database that is not there."""
    for one in _tables(node):
        names = [part.key for part in one.name]
        if len(names) == 1:
            continue
        where = position(sql, one.at)
        catalog = names[0]
        if len(names) == 3 and catalog not in CATALOGS:
            raise QueryFailed(f"{where}Catalog '{catalog}' does not exist")
        database = names[-2]
        if database not in job.warehouse.databases():
            raise QueryFailed(f"{where}Schema '{database}' does not exist")


def _full(names: Sequence[str], job: Job) -> Name:
    """A table's full name; one without a database is in the job's."""
    if len(names) == 1:
        return Name(job.database, names[0])
    return Name(names[-2], names[-1])


def _full_name(node: tree.Table, job: Job) -> Name:
    """The full name of a table that a statement names."""
    names = [part.key for part in node.name]
    return _full(names, job)


def _columns(names: tree.Parts, job: Job) -> Sequence[ColumnType] | None:
    """The columns of a table for the analysis; None where there is no such table."""
    full = _full(names, job)
    columns = job.columns(full)
    if columns is None or full.database not in job.warehouse.databases():
        return None
    return [ColumnType(one.name, type_of(one)) for one in columns]


def _held(node: tree.Table, job: Job) -> HeldTable | None:
    """A table's name for DuckDB, and its columns.

    None where there is no such table, or where a column's type is not one of Trino's.
    """
    full = _full_name(node, job)
    columns = job.columns(full)
    if columns is None:
        return None
    known = []
    for one in columns:
        kind = type_of(one)
        if kind is None:
            return None
        known.append((one.name, kind))
    return full.sql, tuple(known)


def type_of(column: Stored) -> Type | None:
    """Trino's type of a table's column.

    None for a type that only the sandbox itself could have made.
    """
    try:
        return parse_type(column.trino_type)
    except ValueError:
        return None


def _selected(sql: str, node: tree.Statement, query: tree.Query, job: Job) -> Select:
    """The rows of a query in a statement. Raises QueryFailed, NotHere."""
    scope = Scope(_facts(sql, node, job))
    made = queries.written(query, scope)
    return Select(made.sql, made.columns)


def _as_written(made: Select, query: tree.Query) -> Select:
    """A result whose columns are called as the query writes them: a result keeps
    capitals, which a table does not (measured on Trino 423). Columns of `*`, and of set
    operations, stay in small letters here.
    """
    if not isinstance(query.body, tree.Select):
        return made
    written = []
    for item in query.body.items:
        if isinstance(item, tree.Star):
            return made
        written.append(_written_name(item))
    columns = []
    for own, (key, kind) in zip(written, made.columns, strict=True):
        shown = own or key
        columns.append((shown, kind))
    return Select(made.sql, tuple(columns))


def _written_name(item: tree.SelectItem) -> str:
    """The name of a column as it is written; empty where it has none."""
    if item.alias:
        return item.alias.name
    if isinstance(item.expression, tree.Column | tree.Field):
        return item.expression.name.name
    return ""


def _check_named(node: tree.CreateTableAs, made: Select) -> None:
    """Raises QueryFailed for a column without a name, which no table can have."""
    if node.columns:
        raise NotHere("CREATE TABLE with columns' names")
    for number, (column, _) in enumerate(made.columns, start=1):
        if not column:
            raise QueryFailed(f"{MAIN}Column name not specified at position {number}")


def _target(sql: str, node: tree.Table, job: Job) -> Name:
    """The table that a statement writes to. Raises QueryFailed for a name that is none."""
    _check_places(sql, node, job)
    made = _full_name(node, job)
    if not DATABASE_OR_TABLE.fullmatch(made.table):
        raise QueryFailed(
            f"{MAIN}Table name '{made.table}' is invalid:"
            " 3 to 128 characters of a-z, 0-9 and _"
        )
    return made


def check_column(column: str) -> None:
    """Raises QueryFailed for a name Treasure Data does not take."""
    if not COLUMN.fullmatch(column):
        raise QueryFailed(
            f"{MAIN}Column name '{column}' is invalid:"
            " lower case a-z, 0-9 and _, no digit first"
        )


def _add_column(sql: str, node: tree.AddColumn, job: Job) -> AddColumn:
    """ALTER TABLE ADD COLUMN. Raises QueryFailed, NotHere."""
    column = node.column.name.key
    check_column(column)
    kind = type_named(node.column.type)
    target = _target(sql, node.table, job)
    return AddColumn(target, column, kind, node.if_not_exists)


def type_named(node: tree.TypeName) -> Type:
    """The type that a name in a statement means. Raises NotHere."""
    base = node.base
    for one in node.arguments:
        if not isinstance(one, (int, tree.TypeName)):
            raise NotHere(f"the type {base}")
    if base == "array":
        inside = (one for one in node.arguments if isinstance(one, tree.TypeName))
        elements = tuple(map(type_named, inside))
        return Type("array", elements)
    if base in {"row", "map"}:
        raise NotHere(f"a column of type {base}")
    if not node.arguments:
        return parse_type(base)
    numbers = ", ".join(map(str, node.arguments))
    return parse_type(f"{base}({numbers})")


def _deleted(sql: str, node: tree.Delete, where: tree.Expression, job: Job) -> Delete:
    """DELETE of the rows for which a condition holds. Raises QueryFailed, NotHere."""
    target = _target(sql, node.table, job)
    facts = _facts(sql, node, job)
    known = facts.tables.get(node.table)
    if known is None:
        raise QueryFailed(f"{MAIN}{target.words} does not exist")
    _, held = known
    qualifiers = ("td", target.database, target.table)
    columns = []
    for column, kind in held:
        one = Named(column, qualifiers, name(column), kind)
        columns.append(one)
    scope = Scope(facts, tuple(columns))
    condition = expressions.expression(where, scope)
    return Delete(target, f"DELETE FROM {target.sql} WHERE {condition}")


# what tables keep


def stored(type_: Type) -> Type:
    """The type a table keeps values of a type in: Treasure Data has whole numbers,
    doubles, text and arrays.
    """
    if type_.base == "array":
        inside = stored(element(type_))
        return Type("array", (inside,))
    if type_.base in INTEGERS:
        return Type("bigint")
    if type_.base in {"decimal", "real", "double"}:
        return Type("double")
    if type_.base in {"boolean", "varchar"}:
        return type_
    return Type("varchar")


def kept(sql: str, type_: Type) -> str:
    """A value as a table keeps it. Raises NotHere."""
    target = stored(type_)
    if type_.base == "unknown":
        return f"CAST({sql} AS VARCHAR)"
    if type_.base == "array":
        each = kept("x", element(type_))
        return each_as(sql, each)
    if type_.base == "json":
        # JSON is a text for DuckDB
        return sql
    if is_text(target) and not is_text(type_):
        return as_text(sql, type_)
    return coerced(sql, type_, target)


def inserted(sql: str, source: Type, target: Type) -> str:
    """A value on its way into a table's column.

    The statement fails when it runs where a text is too long for the column.
    """
    if source.base == "unknown":
        return f"CAST(NULL AS {storage(target)})"
    if is_text(source) and is_text(target):
        return _inserted_text(sql, source, target)
    return coerced(sql, source, target)


def _inserted_text(sql: str, source: Type, target: Type) -> str:
    """A text cut to a column's length; only spaces may be cut off."""
    most = length_of(target)
    if most is None:
        return sql
    longest = length_of(source)
    if longest and longest <= most:
        return sql
    words = (
        "Cannot truncate non-space characters when casting"
        f" from {source} to {target} on INSERT"
    )
    failing = python("fail", "VARCHAR", text(words))
    too_long = f"length(rtrim({sql})) > {most}"
    return f"CASE WHEN {too_long} THEN {failing} ELSE left({sql}, {most}) END"


def mismatch(sources: Sequence[Type], targets: Sequence[Type]) -> str:
    """Why values of these types cannot be inserted there; "" where they can."""
    pairs = zip(sources, targets, strict=True)
    if all(_fits(source, target) for source, target in pairs):
        return ""
    table = ", ".join(map(str, targets))
    query = ", ".join(map(str, sources))
    return (
        f"Insert query has mismatched column types: Table: [{table}], Query: [{query}]"
    )


def _fits(source: Type, target: Type) -> bool:
    """True where Trino inserts a value of one type into a column of the other."""
    if source == target or coerces(source, target):
        return True
    return is_text(source) and is_text(target)
