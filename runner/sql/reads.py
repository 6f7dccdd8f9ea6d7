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
    names = [name for name in _names(statement, frozenset()) if len(name) < 3]
    return frozenset(
        ".".join(name if len(name) == 2 else (database, *name)) for name in names
    )


def _names(node: Node, given: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Every table's name below a node, where a WITH has `given` some."""
    match node:
        case Table(name=parts):
            name = tuple(part.key for part in parts)
            if len(name) > 1 or name[0] not in given:
                yield name
        case Query(with_=With() as with_):
            for each in with_.queries:
                mine = given | {each.name.key} if with_.recursive else given
                yield from _names(each.query, mine)
                given |= {each.name.key}
            for child in children(node):
                if child is not with_:
                    yield from _names(child, given)
        case _:
            for child in children(node):
                yield from _names(child, given)
