"""Declared sources beside the tables that are there: what is gone or of another type,
and what is not declared.

A project file is never written anew: columns are put into its text, so that comments
and order stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from runner.errors import Problem
from runner.files.documents import Document
from runner.project.sources import Source, Type

Tables = Mapping[str, Mapping[str, str]]
"""Columns and their types, as Treasure Data's API words them, by `database.table`."""

_FITTING: Mapping[str, tuple[Type, ...]] = {
    "string": (Type.TEXT, Type.DATE),
    "long": (Type.NUMBER, Type.TIME, Type.BOOLEAN),
    "int": (Type.NUMBER, Type.TIME, Type.BOOLEAN),
    "double": (Type.NUMBER,),
    "float": (Type.NUMBER,),
    "boolean": (Type.BOOLEAN,),
    "array<string>": (Type.LIST,),
}
"""What a column may be declared as; the first is what it is taken for."""


def full_name(source: Source, database: str) -> str:
    """A source's table with its database; `database` is the target's."""
    return source.table if "." in source.table else f"{database}.{source.table}"


def problems(
    document: Document, sources: Mapping[str, Source], found: Tables, database: str
) -> Iterator[Problem]:
    """Sources that are not as they are declared."""
    for source in sources.values():
        table, at = full_name(source, database), ("sources", source.name)
        columns = found.get(table)
        if columns is None:
            what = f"the table {table} of the source {source.name} does not exist"
            yield Problem(
                document.at(*at, "table"),
                "C020",
                what,
                "correct its name, or remove the source",
            )
            continue
        for column in source.columns.values():
            kind = columns.get(column.name)
            place = document.key_at(*at, "columns", column.name)
            if kind is None:
                what = f"{table} has no column {column.name}"
                yield Problem(
                    place,
                    "C021",
                    what,
                    "correct its name, or remove it here and from rules",
                )
            elif column.type not in _FITTING.get(kind, (column.type,)):
                fits = " or ".join(_FITTING[kind])
                what = (
                    f"{table}.{column.name} is {kind} there, which is not {column.type}"
                )
                yield Problem(place, "C022", what, f"declare it as {fits}")


def with_new_columns(
    document: Document, sources: Mapping[str, Source], found: Tables, database: str
) -> tuple[str, list[str]]:
    """The project file's text with every column that tables have and sources do not
    declare; and which these are.
    """
    inserts: list[tuple[int, str]] = []
    names: list[str] = []
    root: Any = yaml.compose(document.source, Loader=yaml.SafeLoader)
    for source in sources.values():
        columns = found.get(full_name(source, database), {})
        new = {
            name: _taken_for(name, kind)
            for name, kind in columns.items()
            if kind in _FITTING
        }
        new = {name: kind for name, kind in new.items() if name not in source.columns}
        if new:
            inserts.append(
                _insert(
                    _node(root, "sources", source.name, "columns"), new, document.source
                )
            )
            names += [f"{source.name}.{column}" for column in new]
    text = document.source
    for place, added in sorted(inserts, reverse=True):
        text = text[:place] + added + text[place:]
    return text, names


def draft(table: str, columns: Mapping[str, str]) -> str:
    """A source of a table as a person may begin with it: what its key is, nobody but them can know."""
    name = table.rpartition(".")[2]
    known = {
        column: _FITTING[kind][0]
        for column, kind in columns.items()
        if kind in _FITTING and column != "time"
    }
    key = next((column for column in known if column.endswith("_id")), "")
    lines = [
        f"  {name}:",
        f"    table: {table}",
        f"    key: {key or 'TODO'}   # or, of events: join: …, and time: time",
        "    columns:",
    ]
    return "\n".join(
        [*lines, *(f"      {column}: {kind}" for column, kind in known.items())]
    )


def _taken_for(name: str, kind: str) -> Type:
    return Type.TIME if name == "time" else _FITTING[kind][0]


def _node(root: Any, *path: str) -> Any:
    for step in path:
        root = next(value for key, value in root.value if key.value == step)
    return root


def _insert(node: Any, new: Mapping[str, Type], source: str) -> tuple[int, str]:
    """Where in the text the columns go, and what is written there."""
    if node.flow_style:
        text = ", ".join(f"{name}: {kind}" for name, kind in new.items())
        if node.value:
            return node.value[-1][1].end_mark.index, f", {text}"
        return node.end_mark.index - 1, text
    last = node.value[-1][1].end_mark.index
    end = source.find("\n", last - 1 if source[last - 1 : last] == "\n" else last)
    indent = " " * node.value[-1][0].start_mark.column
    return end, "".join(f"\n{indent}{name}: {kind}" for name, kind in new.items())
