"""One Trino statement as Treasure Data takes it, read, checked and put into DuckDB's words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.sandbox.functions import BadCall, rewrite
from runner.sandbox.tdtime import BadTime
from runner.sandbox.warehouse import COLUMN, DATABASE_OR_TABLE, Warehouse

MAIN = "line 1:1: "

# it warns on statements it does not know; those are refused here
logging.getLogger("sqlglot").setLevel(logging.ERROR)


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
        return f'"{self.database}"."{self.table}"'

    @property
    def words(self) -> str:
        """As Trino's messages call it."""
        return f"Table 'td.{self.database}.{self.table}'"


@dataclass(frozen=True, slots=True)
class Select:
    """Rows to give back; `sql` is DuckDB's."""

    sql: str


@dataclass(frozen=True, slots=True)
class Create:
    """CREATE TABLE AS."""

    name: Name
    sql: str
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT INTO … SELECT; `columns` is empty where the statement names none."""

    name: Name
    columns: tuple[str, ...]
    sql: str


@dataclass(frozen=True, slots=True)
class Drop:
    """DROP TABLE."""

    name: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class AddColumn:
    """ALTER TABLE ADD COLUMN; `type` is DuckDB's."""

    name: Name
    column: str
    type: str


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE … WHERE; `sql` is DuckDB's."""

    name: Name
    sql: str


Statement = Select | Create | Insert | Drop | AddColumn | Delete


def translate(sql: str, *, database: str, scheduled_time: int, now: float, warehouse: Warehouse) -> Statement:
    """Read one statement; names without a database are the job's. Raises QueryFailed."""
    tree = _parsed(sql)
    try:
        return _statement(tree, sql, database, (scheduled_time, now), warehouse)
    except (BadCall, BadTime) as exc:
        raise QueryFailed(f"{MAIN}{exc}") from None
    except RecursionError:
        raise QueryFailed(f"{MAIN}statement is too large (stack overflow while parsing)") from None


def _parsed(sql: str) -> exp.Expr:
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="trino") if tree is not None]
    except SqlglotError as exc:
        found = getattr(exc, "errors", None) or [{}]
        line, column = found[0].get("line", 1), found[0].get("col", 1)
        near = str(found[0].get("highlight") or "").strip()
        raise QueryFailed(f"line {line}:{column}: mismatched input '{near}'") from None
    except RecursionError:
        raise QueryFailed(f"{MAIN}statement is too large (stack overflow while parsing)") from None
    if len(trees) != 1:
        raise QueryFailed(f"{MAIN}mismatched input ';': one statement a job, found {len(trees)}")
    return trees[0]


def _statement(tree: exp.Expr, sql: str, database: str, times: tuple[int, float], warehouse: Warehouse) -> Statement:
    def query(node: exp.Expr, *, named: bool) -> str:
        _resolve(node, sql, database, warehouse)
        _name_columns(node, named=named)
        return rewrite(node, *times).sql("duckdb")

    match tree:
        case exp.Query() | exp.Values():
            return Select(query(tree, named=False))
        case exp.Create() if tree.kind == "TABLE" and isinstance(tree.expression, exp.Query):
            name = _target(tree.this, database)
            return Create(name, query(tree.expression, named=True), bool(tree.args.get("exists")))
        case exp.Insert() if isinstance(tree.expression, exp.Query) and not tree.args.get("overwrite"):
            return _insert(tree, database, query)
        case exp.Drop() if tree.kind == "TABLE":
            return Drop(_target(tree, database), bool(tree.args.get("exists")))
        case exp.Alter() if tree.args.get("kind") == "TABLE" and len(tree.args.get("actions") or []) == 1:
            return _add_column(tree, database)
        case exp.Delete() if tree.args.get("where"):
            name = _target(tree.this, database)
            _resolve(tree, sql, database, warehouse)
            return Delete(name, rewrite(tree, *times).sql("duckdb"))
    raise QueryFailed(f"{MAIN}this statement is not supported by Treasure Data: {_first_words(sql)}")


def _insert(tree: exp.Insert, database: str, query: Callable[..., str]) -> Insert:
    schema = tree.this
    columns: tuple[str, ...] = ()
    if isinstance(schema, exp.Schema):
        columns = tuple(column.name.lower() for column in schema.expressions)
    source = tree.expression
    if tree.args.get("with_"):
        source.set("with_", tree.args["with_"].pop())
    return Insert(_target(schema, database), columns, query(source, named=False))


def _add_column(tree: exp.Alter, database: str) -> AddColumn:
    action = tree.args["actions"][0]
    if not isinstance(action, exp.ColumnDef) or action.kind is None:
        raise QueryFailed(f"{MAIN}only ADD COLUMN is supported by ALTER TABLE")
    check_column(action.name.lower())
    return AddColumn(_target(tree.this, database), action.name.lower(), action.kind.sql("duckdb"))


def _target(node: exp.Expr, database: str) -> Name:
    table = node.find(exp.Table)
    if table is None or not isinstance(table.this, exp.Identifier):
        raise QueryFailed(f"{MAIN}a table's name was expected")
    name = Name((table.db or database).lower(), table.name.lower())
    if not DATABASE_OR_TABLE.fullmatch(name.table):
        raise QueryFailed(f"{MAIN}Table name '{name.table}' is invalid: 3 to 128 characters of a-z, 0-9 and _")
    table.set("db", exp.to_identifier(name.database, quoted=True))
    table.set("this", exp.to_identifier(name.table, quoted=True))
    return name


def check_column(name: str) -> None:
    """Raises QueryFailed for a name Treasure Data does not take."""
    if not COLUMN.fullmatch(name):
        raise QueryFailed(f"{MAIN}Column name '{name}' is invalid: lower case a-z, 0-9 and _, no digit first")


def _resolve(tree: exp.Expr, sql: str, database: str, warehouse: Warehouse) -> None:
    """Give every table its database; refuse what is not a table. Raises QueryFailed."""
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise QueryFailed(f"{MAIN}Table function '{table.name or table.this.sql()}' not registered")
        if not table.db and _is_made_by_with(table):
            continue
        name = Name((table.db or database).lower(), table.name.lower())
        if table.catalog and table.catalog.lower() not in {"td", "td-presto"}:
            raise QueryFailed(f"{position(sql, table.catalog)}Catalog '{table.catalog}' not found")
        if name.database not in warehouse.databases():
            raise QueryFailed(f"{position(sql, table.db or table.name)}Schema '{name.database}' does not exist")
        if warehouse.columns(name.database, name.table) is None:
            raise QueryFailed(f"{position(sql, table.name)}{name.words} does not exist")
        table.set("catalog", None)
        table.set("db", exp.to_identifier(name.database, quoted=True))
        table.set("this", exp.to_identifier(name.table, quoted=True))


def _is_made_by_with(table: exp.Table) -> bool:
    """True where a WITH that is in force here makes a table of this name."""
    node: exp.Expr | None = table
    wanted = table.name.lower()
    inside: exp.Expr | None = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        with_ = node if isinstance(node, exp.With) else node.args.get("with_")
        if isinstance(with_, exp.With):
            for made in with_.expressions:
                if made is inside and not with_.args.get("recursive"):
                    break  # a WITH table sees those before it, not itself
                if made.alias.lower() == wanted:
                    return True
        node = node.parent
    return False


def _name_columns(tree: exp.Expr, *, named: bool) -> None:
    """Trino calls a nameless column `_col0`; CREATE TABLE AS does not take one. Raises QueryFailed."""
    first: exp.Expr | None = tree
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this
    if not isinstance(first, exp.Select):
        return
    for index, projection in enumerate(first.expressions):
        bare = isinstance(projection, (exp.Alias, exp.Column, exp.Star)) or projection.is_star
        if not bare and named:
            raise QueryFailed(f"{MAIN}Column name not specified at position {index + 1}")
        if not bare:
            projection.replace(exp.alias_(projection.copy(), f"_col{index}", quoted=True))


def position(sql: str, word: str) -> str:
    """`line 1:8: ` of a word's first place in a statement, as Trino's messages begin."""
    try:
        tokens = sqlglot.tokenize(sql, read="trino")
    except SqlglotError:
        return MAIN
    for token in tokens:
        if token.text.lower() == word.lower():
            before = sql[: token.start]
            return f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
    return MAIN


def _first_words(sql: str) -> str:
    return " ".join(sql.split()[:2])[:60]
