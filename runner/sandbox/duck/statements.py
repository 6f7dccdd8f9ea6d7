"""One Trino statement as Treasure Data takes it: read, checked, and put into DuckDB's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.sandbox.duck import expressions, queries
from runner.sandbox.duck.casts import as_text, coerced
from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.duck.scope import Facts, Named, Scope
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
from runner.trino.analysis import Analysis, ColumnType, Refusal, analyze
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
        return f"{name(self.database)}.{name(self.table)}"

    @property
    def words(self) -> str:
        """As Trino's messages call it."""
        return f"Table 'td.{self.database}.{self.table}'"


@dataclass(frozen=True, slots=True)
class Select:
    """Rows to give back: DuckDB's SQL, and each column's name and type."""

    sql: str
    columns: tuple[tuple[str, Type], ...]


@dataclass(frozen=True, slots=True)
class Create:
    """CREATE TABLE AS."""

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
    """DROP TABLE."""

    name: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class AddColumn:
    """ALTER TABLE ADD COLUMN."""

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
    """What a statement is read for: the database of names without one, the two times
    (unix seconds), the tables.
    """

    database: str
    scheduled_time: int
    now: float
    warehouse: Warehouse


def translate(sql: str, job: Job) -> Statement:
    """Read one statement. Raises QueryFailed for what Trino refuses, NotHere for what
    is not known here.
    """
    try:
        return _statement(sql, parse(sql), job)
    except SyntaxRefused as exc:
        raise QueryFailed(f"{position(sql, exc.at)}{exc.message}") from None
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
    match node:
        case tree.Query():
            return _selected(sql, node, node, job)
        case tree.CreateTableAs() if node.with_data:
            made = _selected(sql, node, node.query, job)
            _check_named(node, made)
            return Create(_target(sql, node.table, job), made, node.if_not_exists)
        case tree.Insert():
            target = _target(sql, node.table, job)
            columns = tuple(column.key for column in node.columns)
            return Insert(target, columns, _selected(sql, node, node.query, job))
        case tree.DropTable():
            return Drop(_target(sql, node.table, job), node.if_exists)
        case tree.AddColumn():
            return _add_column(sql, node, job)
        case tree.Delete() if node.where is not None:
            return _deleted(sql, node, node.where, job)
    words = (
        node.words
        if isinstance(node, tree.OtherStatement)
        else " ".join(sql.split()[:2])[:60]
    )
    raise QueryFailed(
        f"{MAIN}this statement is not supported by Treasure Data: {words}"
    )


def _facts(sql: str, node: tree.Statement, job: Job) -> tuple[Facts, Analysis]:
    """What the analysis finds. Raises QueryFailed with the first thing that Trino refuses."""
    _check_places(sql, node, job)
    found = analyze(node, lambda names: _columns(names, job))
    if found.refusals:
        first = min(found.refusals, key=lambda one: one.at)
        raise QueryFailed(f"{position(sql, first.at)}{_words(first, node, job)}")
    tables: dict[tree.Node, tuple[str, tuple[tuple[str, Type], ...]]] = {
        one: held
        for one in tree.walk(node)
        if isinstance(one, tree.Table) and (held := _held(one, job)) is not None
    }
    return Facts(
        found.types, found.conversions, tables, job.now, job.scheduled_time
    ), found


def _words(refusal: Refusal, node: tree.Node, job: Job) -> str:
    """Trino's words; a table is told by its full name, which only the job knows."""
    for one in tree.walk(node):
        if (
            isinstance(one, tree.Table)
            and one.at == refusal.at
            and refusal.name == "TABLE_NOT_FOUND"
        ):
            return f"{_full([part.key for part in one.name], job).words} does not exist"
    return refusal.message


def _check_places(sql: str, node: tree.Node, job: Job) -> None:
    for one in tree.walk(node):
        if not isinstance(one, tree.Table) or len(one.name) == 1:
            continue
        if len(one.name) == 3 and one.name[0].key not in CATALOGS:
            raise QueryFailed(
                f"{position(sql, one.at)}Catalog '{one.name[0].key}' does not exist"
            )
        if one.name[-2].key not in job.warehouse.databases():
            raise QueryFailed(
                f"{position(sql, one.at)}Schema '{one.name[-2].key}' does not exist"
            )


def _full(names: Sequence[str], job: Job) -> Name:
    return Name(names[-2] if len(names) > 1 else job.database, names[-1])


def _columns(names: tuple[str, ...], job: Job) -> Sequence[ColumnType] | None:
    full = _full(names, job)
    columns = job.warehouse.columns(full.database, full.table)
    if columns is None or full.database not in job.warehouse.databases():
        return None
    return [ColumnType(one.name, type_of(one)) for one in columns]


def _held(
    node: tree.Table, job: Job
) -> tuple[str, tuple[tuple[str, Type], ...]] | None:
    full = _full([part.key for part in node.name], job)
    columns = job.warehouse.columns(full.database, full.table)
    if columns is None:
        return None
    known = tuple(
        (one.name, kind) for one in columns if (kind := type_of(one)) is not None
    )
    return (full.sql, known) if len(known) == len(columns) else None


def type_of(column: Stored) -> Type | None:
    """Trino's type of a table's column; None for one that only the sandbox itself could have made."""
    try:
        return parse_type(column.trino_type)
    except ValueError:
        return None


def _selected(sql: str, node: tree.Statement, query: tree.Query, job: Job) -> Select:
    facts, _ = _facts(sql, node, job)
    made = queries.written(query, Scope(facts))
    return Select(made.sql, made.columns)


def _check_named(node: tree.CreateTableAs, made: Select) -> None:
    if node.columns:
        raise NotHere("CREATE TABLE with columns' names")
    for number, (column, _) in enumerate(made.columns):
        if not column:
            raise QueryFailed(
                f"{MAIN}Column name not specified at position {number + 1}"
            )


def _target(sql: str, node: tree.Table, job: Job) -> Name:
    _check_places(sql, node, job)
    made = _full([part.key for part in node.name], job)
    if not DATABASE_OR_TABLE.fullmatch(made.table):
        raise QueryFailed(
            f"{MAIN}Table name '{made.table}' is invalid: 3 to 128 characters of a-z, 0-9 and _"
        )
    return made


def check_column(column: str) -> None:
    """Raises QueryFailed for a name Treasure Data does not take."""
    if not COLUMN.fullmatch(column):
        raise QueryFailed(
            f"{MAIN}Column name '{column}' is invalid: lower case a-z, 0-9 and _, no digit first"
        )


def _add_column(sql: str, node: tree.AddColumn, job: Job) -> AddColumn:
    check_column(node.column.name.key)
    type_ = type_named(node.column.type)
    return AddColumn(
        _target(sql, node.table, job), node.column.name.key, type_, node.if_not_exists
    )


def type_named(node: tree.TypeName) -> Type:
    """The type that a name in a statement means. Raises NotHere."""
    if node.arguments and not all(
        isinstance(one, (int, tree.TypeName)) for one in node.arguments
    ):
        raise NotHere(f"the type {node.base}")
    if node.base == "array":
        return Type(
            "array",
            tuple(
                type_named(one)
                for one in node.arguments
                if isinstance(one, tree.TypeName)
            ),
        )
    if node.base in {"row", "map"}:
        raise NotHere(f"a column of type {node.base}")
    numbers = ", ".join(str(one) for one in node.arguments)
    return parse_type(f"{node.base}({numbers})" if numbers else node.base)


def _deleted(sql: str, node: tree.Delete, where: tree.Expression, job: Job) -> Delete:
    target = _target(sql, node.table, job)
    facts, _ = _facts(sql, node, job)
    held = facts.tables.get(node.table)
    if held is None:
        raise QueryFailed(f"{MAIN}{target.words} does not exist")
    columns = tuple(
        Named(one, ("td", target.database, target.table), name(one), kind)
        for one, kind in held[1]
    )
    condition = expressions.expression(where, Scope(facts).over(columns))
    return Delete(target, f"DELETE FROM {target.sql} WHERE {condition}")


# what tables keep


def stored(type_: Type) -> Type:
    """The type a table keeps values of a type in: Treasure Data has whole numbers,
    doubles, text and arrays.
    """
    if type_.base == "array":
        return Type("array", (stored(element(type_)),))
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
        made = kept("x", element(type_))
        return sql if made == "x" else f"list_transform({sql}, lambda x: {made})"
    if is_text(target) and not is_text(type_):
        return sql if type_.base == "json" else as_text(sql, type_)
    return coerced(sql, type_, target)


def inserted(sql: str, source: Type, target: Type) -> str:
    """A value on its way into a table's column. Raises QueryFailed where a text is too long for it."""
    if source.base == "unknown":
        return f"CAST(NULL AS {storage(target)})"
    most = length_of(target) if is_text(target) else None
    if most is not None and is_text(source) and (length_of(source) or most + 1) > most:
        words = f"Cannot truncate non-space characters when casting from {source} to {target} on INSERT"
        failing = python("fail", "VARCHAR", text(words))
        return f"CASE WHEN length(rtrim({sql})) > {most} THEN {failing} ELSE left({sql}, {most}) END"
    return coerced(sql, source, target)


def mismatch(sources: Sequence[Type], targets: Sequence[Type]) -> str:
    """Why these cannot be inserted there; "" where they can."""
    fits = all(
        source == target
        or coerces(source, target)
        or (is_text(source) and is_text(target))
        for source, target in zip(sources, targets, strict=True)
    )
    if fits:
        return ""
    shown = ", ".join(map(str, targets)), ", ".join(map(str, sources))
    return f"Insert query has mismatched column types: Table: [{shown[0]}], Query: [{shown[1]}]"
