"""Declared sources beside the tables that are there: what is gone or of another type,
and what is not declared.

A project file is never written anew: columns are put into its text, so that comments
and order stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from runner.definitions import proposals
from runner.definitions.proposals import NO_SAMPLE, Asked, Sample
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
    if "." in source.table:
        return source.table
    return f"{database}.{source.table}"


def problems(
    document: Document, sources: Mapping[str, Source], found: Tables, database: str
) -> Iterator[Problem]:
    """Sources whose table is not as it is declared: gone, without a column, or with one
    of another type.
    """
    for source in sources.values():
        table = full_name(source, database)
        columns = found.get(table)
        if columns is not None:
            yield from _column_problems(document, source, table, columns)
            continue
        at = document.at("sources", source.name, "table")
        what = f"the table {table} of the source {source.name} does not exist"
        yield Problem(at, "C020", what, "correct its name, or remove the source")


def _column_problems(
    document: Document, source: Source, table: str, columns: Mapping[str, str]
) -> Iterator[Problem]:
    """Columns of a source that its table has not, or not so."""
    for column in source.columns.values():
        at = document.key_at("sources", source.name, "columns", column.name)
        kind = columns.get(column.name)
        if kind is None:
            what = f"{table} has no column {column.name}"
            fix = "correct its name, or remove it here and from rules"
            yield Problem(at, "C021", what, fix)
        elif kind in _FITTING and column.type not in _FITTING[kind]:
            what = f"{table}.{column.name} is {kind} there, which is not {column.type}"
            yield Problem(
                at, "C022", what, f"declare it as {' or '.join(_FITTING[kind])}"
            )


def new_columns(source: Source, columns: Mapping[str, str]) -> Mapping[str, Type]:
    """The columns of its table that a source does not declare, and what each is taken for."""
    usable = _usable(columns)
    return {name: kind for name, kind in usable.items() if name not in source.columns}


def with_new_columns(
    document: Document,
    sources: Mapping[str, Source],
    found: Tables,
    database: str,
    samples: Mapping[str, Sample],
) -> tuple[str, list[str]]:
    """The project file's text with every column that tables have and sources do not
    declare; and the names of these columns, as `source.column`. `samples` are the looks
    at tables, by their full name.
    """
    inserts: list[tuple[int, str]] = []
    names: list[str] = []
    root: Any = yaml.compose(document.source, Loader=yaml.SafeLoader)
    for source in sources.values():
        table = full_name(source, database)
        new = new_columns(source, found.get(table, {}))
        if new:
            node = _node(root, "sources", source.name, "columns")
            entries = _entries(new, samples.get(table, NO_SAMPLE))
            inserts.append(_insert(node, entries, document.source))
            names += [f"{source.name}.{column}" for column in new]
    text = document.source
    # from the end, so that places before an insertion stay right
    for place, added in sorted(inserts, reverse=True):
        text = text[:place] + added + text[place:]
    return text, names


def asked_of_draft(columns: Mapping[str, str], known: Sequence[str]) -> Asked:
    """What a look at a new table must tell for its `draft`."""
    return proposals.asked(_usable(columns), known)


def draft(
    table: str, columns: Mapping[str, str], known: Sequence[str], sample: Sample
) -> str:
    """The text of a source of a table, to begin with. `known` are the columns that say
    who in this project. What is proposed has its reason beside it: only a person knows.
    """
    usable = _usable(columns)
    roles = proposals.lines(usable, known, sample)
    # every table of Treasure Data has it, and most often it is not of interest
    usable.pop(proposals.TIME, None)
    lines = [
        f"  {table.rpartition('.')[2]}:",
        f"    table: {table}",
        *(f"    {role}" for role in roles),
        "    columns:",
        *(f"      {entry}" for entry in _entries(usable, sample)),
    ]
    return "\n".join(lines)


def _entries(columns: Mapping[str, Type], sample: Sample) -> list[str]:
    """Columns as they are written, each with its type."""
    seen = sample.columns
    return [
        f"{name}: {proposals.typed(kind, seen.get(name))}"
        for name, kind in columns.items()
    ]


def _usable(columns: Mapping[str, str]) -> dict[str, Type]:
    """The columns that rules can use, and what each is taken for."""
    usable: dict[str, Type] = {}
    for name, kind in columns.items():
        if kind not in _FITTING:
            continue
        usable[name] = _FITTING[kind][0]
        if name == "time":
            usable[name] = Type.TIME
    return usable


def _node(root: Any, *path: str) -> Any:
    """The node of a YAML tree that is reached by these keys."""
    node = root
    for step in path:
        node = next(value for key, value in node.value if key.value == step)
    return node


def _insert(node: Any, entries: Sequence[str], source: str) -> tuple[int, str]:
    """Where in the text the columns go, and what is written there."""
    if node.flow_style:
        indent = " " * (node.start_mark.column + 1)
        text = _in_flow(entries, indent)
        if node.value:
            return node.value[-1][1].end_mark.index, f", {text}"
        return node.end_mark.index - 1, text
    last_key, last_value = node.value[-1]
    last = last_value.end_mark.index
    # a value that is a block ends only where the next line begins
    if source[last - 1 : last] == "\n":
        last -= 1
    indent = " " * last_key.start_mark.column
    text = "".join(f"\n{indent}{entry}" for entry in entries)
    return source.find("\n", last), text


def _in_flow(entries: Sequence[str], indent: str) -> str:
    """Columns within braces. A comment ends its line, so what follows it begins another."""
    text = ""
    for number, entry in enumerate(entries, 1):
        plain, comment_mark, comment = entry.partition("   #")
        text += plain
        if number < len(entries):
            text += ","
        if comment_mark:
            text += f"   #{comment}\n{indent}"
        elif number < len(entries):
            text += " "
    return text
