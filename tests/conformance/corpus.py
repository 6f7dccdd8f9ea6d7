"""The statements and tables that are played, and the answers that were kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ANSWERS = HERE / "answers-423.jsonl"
HELD_OUT = HERE / "held_out" / "answers-423.jsonl"
"""Statements that nobody looked at who wrote the sandbox or the analyzer: the measure of all others."""

SCHEDULED_TIME = 1775000000
"""What TD_SCHEDULED_TIME() answers: 2026-03-31 23:33:20 UTC."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: the file it stands in, its name or number there, and its text."""

    file: str
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, Trino's type of each column, and its rows."""

    name: str
    columns: Mapping[str, str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine answered: columns with rows, or an error. `rows` is None where they vary."""

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[Any, ...], ...] | None = ()
    error: Mapping[str, Any] | None = None


def statements(folder: Path = HERE) -> list[Statement]:
    """All statements below a folder, by file and in the order written."""
    return [*_expressions(folder), *_queries(folder)]


def _expressions(folder: Path) -> Iterator[Statement]:
    for path in sorted(folder.glob("expressions/*.txt")):
        heading = ""
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.startswith("# "):
                heading = line[2:]
            elif line.strip():
                yield Statement(f"expressions/{path.name}", heading, f"SELECT {line}")


def _queries(folder: Path) -> Iterator[Statement]:
    for path in sorted(folder.glob("queries/*.sql")):
        text = path.read_text(encoding="utf-8")
        for section in ("\n" + text).split("\n--- ")[1:]:
            name, _, sql = section.partition("\n")
            yield Statement(f"queries/{path.name}", name.strip(), sql.strip())


def tables(folder: Path = HERE) -> list[Table]:
    """The tables that queries read."""
    loaded = yaml.safe_load((folder / "queries" / "tables.yml").read_text(encoding="utf-8"))
    return [Table(name, dict(table["columns"]), table["rows"]) for name, table in loaded.items()]


def answers(path: Path = ANSWERS) -> list[tuple[Statement, Answer]]:
    """The answers that were kept, each with its statement."""
    return [_read(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def _read(row: Mapping[str, Any]) -> tuple[Statement, Answer]:
    statement = Statement(row["file"], row["name"], row["sql"])
    if "error" in row:
        return statement, Answer(error=row["error"])
    rows = row["rows"]
    kept = None if rows is None else tuple(tuple(each) for each in rows)
    return statement, Answer(tuple((name, kind) for name, kind in row["columns"]), kept)


def written(statement: Statement, answer: Answer) -> str:
    """One line of the file of answers."""
    row: dict[str, Any] = {"file": statement.file, "name": statement.name, "sql": statement.sql}
    if answer.error is not None:
        row["error"] = answer.error
    else:
        row |= {"columns": answer.columns, "rows": answer.rows}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
