"""SQL as people may see it: what is compared with an identifier may be a member, and is hidden."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.sql.tokens import Kind, tokens

HIDDEN = "'•••'"
ADDRESS = re.compile(r"[^\s'@]+@[^\s'@]+")
COMPARISONS = (exp.Predicate, exp.In, exp.Between, exp.ArrayContains, exp.RegexpLike)


def masked(sql: str, columns: Collection[str]) -> str:
    """The SQL with every literal that meets an identifier column hidden, and every e-mail address; lines stay as they
    are. Rather too much than too little: SQL that cannot be read loses all its texts.
    """
    try:
        secret: set[str] | None = set(_secrets(sqlglot.parse_one(sql, read="trino"), columns)) if sql.strip() else set()
    except (SqlglotError, RecursionError):
        secret = None
    return "".join(_shown(kind, text, secret) for kind, text in tokens(sql))


def _shown(kind: Kind, text: str, secret: set[str] | None) -> str:
    if kind is Kind.TEXT:
        value = text[text.index("'") + 1 : -1].replace("''", "'")
        return HIDDEN if secret is None or value in secret else ADDRESS.sub("•••", text)
    if kind is Kind.NUMBER and secret is not None and text in secret:
        return HIDDEN
    return ADDRESS.sub("•••", text) if kind is Kind.COMMENT else text


def _secrets(tree: exp.Expr, columns: Collection[str]) -> Iterator[str]:
    names = _names(tree, columns)
    for comparison in tree.find_all(*COMPARISONS):
        if any(_is_identifier(column, comparison, names) for column in comparison.find_all(exp.Column)):
            yield from (literal.name for literal in comparison.find_all(exp.Literal))
    for values in tree.find_all(exp.Values):
        if names & {column.lower() for column in values.alias_column_names}:
            yield from (literal.name for literal in values.find_all(exp.Literal))


def _names(tree: exp.Expr, columns: Collection[str]) -> set[str]:
    """The identifier's columns, and those it is made from (`email AS customer_id`), through any number of steps."""
    names, before = {column.lower() for column in columns}, 0
    while before != len(names):
        before = len(names)
        for alias in tree.find_all(exp.Alias):
            if alias.alias.lower() in names:
                names |= {column.name.lower() for column in alias.this.find_all(exp.Column)}
    return names


def _is_identifier(column: exp.Column, comparison: exp.Expr, names: set[str]) -> bool:
    """True for an identifier column of this comparison, and not one that is only counted."""
    if column.name.lower() not in names:
        return False
    node = column.parent
    while node is not None and node is not comparison:
        if isinstance(node, exp.Count):
            return False
        node = node.parent
    return True
