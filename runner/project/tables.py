"""What is known of the tables that queries read, as `cohorts/tables.yml` keeps it:
names and types, no data.

Types are Trino's words, not those of Treasure Data's API: queries are written in
Trino's SQL, and what is told of them speaks of `bigint` and `array(varchar)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from runner.errors import Position, Problem
from runner.files import documents, scalars, schemas
from runner.files.documents import Document, quoted
from runner.trino.parser import SyntaxRefused, parse
from runner.trino.tree import (
    AddColumn,
    Cast,
    CreateTableAs,
    Delete,
    DropTable,
    Insert,
    OtherStatement,
    Query,
    Select,
    SelectItem,
    TypeName,
)

FILE, MISNAMED = "cohorts/tables.yml", "cohorts/tables.yaml"

UNKNOWN = "unknown"
"""What stands in the place of a type, or of a table's columns, of which nothing is
known: everything passes.
"""

MAX_BYTES = 4 * 1024 * 1024
"""A wide table has hundreds of columns, and the file is written by a program."""

TIME = {"time": "bigint"}
"""The column that Treasure Data gives every table (docs/services.md, Tables)."""

_API = {
    "string": "varchar",
    "int": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double",
    "boolean": "boolean",
}
"""Trino's types by the words of Treasure Data's API. `int` and `float` are the
narrowest that they may be in Trino: those are taken wherever a wider one is, so that no
query is refused for what is not certain.
"""

_MEANT = {
    "string": "varchar",
    "text": "varchar",
    "long": "bigint",
    "number": "double",
    "float": "real",
    "list": "array(varchar)",
}
"""Trino's types by words of other systems."""

_SIMPLE = (
    "bigint",
    "boolean",
    "date",
    "double",
    "integer",
    "int",
    "ipaddress",
    "json",
    "real",
    "smallint",
    "tinyint",
)
_TIMES = ("time", "timestamp", "time with time zone", "timestamp with time zone")
_BASES = frozenset(
    {
        *_SIMPLE,
        *_TIMES,
        "array",
        "char",
        "decimal",
        "map",
        "row",
        "uuid",
        "varbinary",
        "varchar",
    }
)
"""What a column of a table can be in Trino 423."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null"})
"""What YAML, of one version or another, takes for something else than text."""

_OPENING = (
    "# The names and types of the tables that queries read, "
    "as Treasure Data has them; no data. Written by\n"
    "# `cohorts sources pull --tables`; "
    "`cohorts sources check` says where it is behind.\n"
    "version: 1\n"
)


@dataclass(frozen=True, slots=True)
class Tables:
    """Columns with Trino's types by `database.table`, in small letters; None for a
    table whose columns are not known, "" for a type that is not. `document`: the file,
    where there is one.
    """

    columns: Mapping[str, Mapping[str, str] | None] = field(default_factory=dict)
    document: Document | None = None

    @property
    def databases(self) -> frozenset[str]:
        """Of which databases the file knows any table."""
        return frozenset(name.partition(".")[0] for name in self.columns)


NOTHING = Tables()


def load(root: Path) -> Tables | tuple[Problem, ...]:
    """Read the file; NOTHING where there is none, and all that is wrong with it,
    sorted, where it cannot be used.
    """
    file = root / FILE
    if not (file.exists() or file.is_symlink()):
        if (root / MISNAMED).exists():
            what = "the file of tables has the wrong name"
            return (Problem(Position(MISNAMED), "P002", what, f"rename it to {FILE}"),)
        return NOTHING
    document = documents.read(file, FILE, inside=root / "cohorts", most=MAX_BYTES)
    if isinstance(document, tuple):
        return document
    return read(document)


def read(document: Document) -> Tables | tuple[Problem, ...]:
    """The tables of a file whose content is given; everything wrong with it, sorted,
    where it cannot be used.
    """
    if found := schemas.problems(document, "tables"):
        return found
    if found := tuple(sorted(_problems(document))):
        return found
    data: Any = document.data
    columns = {name: _columns(given) for name, given in data["tables"].items()}
    return Tables(columns, document)


def _columns(given: str | Mapping[str, str]) -> Mapping[str, str] | None:
    """The columns of a table as the file gives it; None where they are not known."""
    if isinstance(given, str):
        return None
    columns = dict(TIME)
    for name, kind in given.items():
        columns[name.lower()] = kind.lower()
        if kind == UNKNOWN:
            columns[name.lower()] = ""
    return columns


def _problems(document: Document) -> Iterator[Problem]:
    """What no JSON Schema can tell."""
    data: Any = document.data
    for table, given in data["tables"].items():
        # instead of columns there may be the word `unknown`
        if isinstance(given, str):
            continue
        first: dict[str, str] = {}
        for name, kind in given.items():
            place = ("tables", table, name)
            other = first.setdefault(name.lower(), name)
            if other != name:
                what = (
                    f"the columns {quoted(other)} and {quoted(name)} "
                    f"of {table} are one column in Trino"
                )
                at = document.key_at(*place)
                yield Problem(at, "F008", what, "keep one of the two")
            if kind != UNKNOWN and not is_type(kind):
                what = f"{quoted(kind)} is not a type of Trino"
                fix = (
                    f"write for example {_meant(kind)}, "
                    f"or {UNKNOWN} where it is not known"
                )
                yield Problem(document.at(*place), "C023", what, fix)


def _meant(kind: str) -> str:
    """The type that somebody may have had in mind who wrote another system's word."""
    word = re.split(r"[^a-z]", kind.lower())[0]
    return _MEANT.get(word, "varchar")


@lru_cache(maxsize=1024)
def is_type(text: str) -> bool:
    """True for a type that a column can have, in Trino's words."""
    begin = "SELECT CAST(NULL AS "
    try:
        statement = parse(f"{begin}{text})")
    except SyntaxRefused:
        return False
    match statement:
        case Query(body=Select(items=(SelectItem(expression=Cast(type=kind)),))):
            # whatever else stands in the text, such as another column after a bracket,
            # is no type
            return kind.end - kind.at == len(text) and _is_known(kind)
        case Query() | CreateTableAs() | Insert() | Delete():
            return False
        case DropTable() | AddColumn() | OtherStatement():
            return False


def _is_known(kind: TypeName) -> bool:
    """True for a type of Trino whose parts are types of Trino, too."""
    inner = (one for one in kind.arguments if isinstance(one, TypeName))
    return kind.base in _BASES and all(map(_is_known, inner))


def trino_type(word: str) -> str:
    """Trino's type of a column whose type Treasure Data's API words so; UNKNOWN where
    that is not certain.
    """
    word = word.strip().lower()
    if word.startswith("array<") and word.endswith(">"):
        inner = trino_type(word[6:-1])
        if inner == UNKNOWN:
            return UNKNOWN
        return f"array({inner})"
    return _API.get(word, UNKNOWN)


def text(known: Mapping[str, Mapping[str, str] | None]) -> str:
    """The file's text: tables and columns sorted, so that the same tables are the same text."""
    if not known:
        return f"{_OPENING}tables: {{}}\n"
    lines = ["tables:"]
    for table, columns in sorted(known.items()):
        if not columns:
            lines.append(f"  {table}: {UNKNOWN}")
            continue
        lines.append(f"  {table}:")
        for name, kind in sorted(columns.items()):
            lines.append(f"    {_written(name)}: {_written_type(kind)}")
    return _OPENING + "\n".join(lines) + "\n"


def _written(name: str) -> str:
    """A column's name as YAML: in quotes where it would be read as something else."""
    if name in _WORDS or not _PLAIN.fullmatch(name):
        return quoted_whole(name)
    if scalars.plain(name) != name:
        return quoted_whole(name)
    return name


def _written_type(kind: str) -> str:
    if not kind:
        return UNKNOWN
    if re.fullmatch(r"[a-z][a-z0-9_(), ]*", kind):
        return kind
    return quoted_whole(kind)


def quoted_whole(value: str) -> str:
    """A text in YAML's single quotes, in which nothing but the quote means something."""
    return "'" + value.replace("'", "''") + "'"
