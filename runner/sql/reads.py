"""Which tables a query reads."""

from __future__ import annotations

from collections.abc import Iterator

from runner.trino.parser import SyntaxRefused, parse
from runner.trino.tree import Node, Query, Table, With, children


def tables_read(sql: str, database: str) -> frozenset[str]:
    """The tables that a query reads, as `database.table` in small letters; a name
    without a database is one of `database`. Names that a WITH gives, and tables of
    other catalogs, are left out.
    """
    try:
        statement = parse(sql)
    except SyntaxRefused:
        return frozenset()
    found: set[str] = set()
    for name in _names(statement, frozenset()):
        match name:
            case [table]:
                found.add(f"{database}.{table}")
            case [own, table]:
                found.add(f"{own}.{table}")
            case _:  # three parts: another catalog's
                pass
    return frozenset(found)


def _names(node: Node, given: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Every table's name below a node, where a WITH has `given` some."""
    match node:
        case Table(name=parts):
            name = tuple(part.key for part in parts)
            if len(name) > 1 or name[0] not in given:
                yield name
        case Query(with_=With() as with_):
            for each in with_.queries:
                later = given | {each.name.key}
                # its own name is known inside a query only where WITH is RECURSIVE
                if with_.recursive:
                    given = later
                yield from _names(each.query, given)
                given = later
            for child in children(node):
                if child is not with_:
                    yield from _names(child, given)
        case _:
            for child in children(node):
                yield from _names(child, given)
