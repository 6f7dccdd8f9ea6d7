"""A written query: DuckDB's text, and its columns, which DuckDB calls c0, c1 and so on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runner.trino import tree
from runner.trino.types import Type

Columns = tuple[tuple[str, Type], ...]
"""Columns in order: the name of each ("" where it has none), and its type."""


@dataclass(frozen=True, slots=True)
class Made:
    """A query in DuckDB's words, and the columns that it returns."""

    sql: str
    columns: Columns

    @property
    def kinds(self) -> list[Type]:
        """The types of the columns, in order."""
        return [kind for _, kind in self.columns]


@dataclass(frozen=True, slots=True)
class Item:
    """One column of a SELECT: its expression, name and type.

    `node` is None for a column that came from `*`.
    """

    sql: str
    name: str
    type: Type
    node: tree.Expression | None


def numbered(count: int) -> str:
    """The names of so many columns: `c0, c1, c2`."""
    return ", ".join(f"c{number}" for number in range(count))


def as_numbered(expressions: Iterable[str]) -> str:
    """Expressions behind SELECT, each with its column's name: `x AS c0, y AS c1`."""
    shown = [f"{sql} AS c{number}" for number, sql in enumerate(expressions)]
    return ", ".join(shown)


def derived(sql: str, alias: str, count: int) -> str:
    """A query of so many columns as a table in FROM: `(sql) AS alias (c0, c1)`."""
    return f"({sql}) AS {alias} ({numbered(count)})"


def renamed(columns: Columns, names: Iterable[str]) -> Columns:
    """The same columns under other names, of which there are as many."""
    kinds = [kind for _, kind in columns]
    return tuple(zip(names, kinds, strict=True))


def retyped(columns: Columns, kinds: Iterable[Type]) -> Columns:
    """The same columns with other types, of which there are as many."""
    names = [name for name, _ in columns]
    return tuple(zip(names, kinds, strict=True))
