"""SQL as people may see it: what is compared with an identifier may be a member, and is hidden."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.sql.tokens import Kind, tokens

HIDDEN = "'•••'"
ADDRESS = re.compile(r"[^\s'\"@]+@[^\s'\"@]+")

# Where a condition or a column's expression ends: what is inside with an identifier is hidden, what is beside is not.
BOUNDS = (exp.And, exp.Or, exp.Where, exp.Having, exp.Join, exp.Query, exp.Alias, exp.From, exp.Group, exp.Order)


def masked(sql: str, columns: Collection[str]) -> str:
    """The SQL with every literal that meets an identifier column hidden, and every e-mail address; lines stay as they
    are. Rather too much than too little: SQL that cannot be read loses all its texts.
    """
    try:
        secret: set[str] | None = set(_secrets(sqlglot.parse_one(sql, read="trino"), columns)) if sql.strip() else set()
    except (SqlglotError, RecursionError):
        if any(text == "'" for _, text in tokens(sql)):  # where texts begin and end cannot be told
            return "\n".join("•••" for _ in sql.split("\n"))
        secret = None
    return "".join(_shown(kind, text, secret) for kind, text in tokens(sql))


def _shown(kind: Kind, text: str, secret: set[str] | None) -> str:
    if kind is Kind.TEXT:
        value = text[text.index("'") + 1 : -1].replace("''", "'")
        if secret is None or value in secret or text[0] != "'":  # the last: written in escapes, U&'\\0041'
            return HIDDEN[:-1] + "\n" * text.count("\n") + "'"
        return ADDRESS.sub("•••", text)
    if kind is Kind.NUMBER and (secret is None or text in secret):
        return HIDDEN
    if kind is Kind.COMMENT:  # a sentence may name anybody
        begins = text[:2]
        return f"{begins} •••" + "\n" * text.count("\n") + (" */" if begins == "/*" else "")
    return ADDRESS.sub("•••", text) if kind is Kind.QUOTED else text


def _secrets(tree: exp.Expr, columns: Collection[str]) -> Iterator[str]:
    names = _names(tree, columns)
    for place in _places(tree, names):
        yield from (literal.name for literal in place.find_all(exp.Literal))


def _places(tree: exp.Expr, names: set[str]) -> Iterator[exp.Expr]:
    """All that meets one of these columns or becomes one."""
    yield from (_around(column) for column in tree.find_all(exp.Column) if column.name.lower() in names)
    yield from (made.this for made in tree.find_all(exp.Alias) if made.alias.lower() in names)
    # rows that are written out, and a text that is a column, most often name somebody, wherever they are used
    yield from tree.find_all(exp.Values, exp.Unnest)
    for made in tree.find_all(exp.Select):
        yield from (column for column in made.selects if isinstance(column.unalias(), exp.Literal))
    for named in tree.find_all(exp.TableAlias):  # VALUES, UNNEST and WITH name their columns here
        if named.parent and names & {column.name.lower() for column in named.columns}:
            yield named.parent
    for union in tree.find_all(exp.SetOperation):  # the later branches need not name theirs
        if names & {name.lower() for name in union.named_selects}:
            yield from (select for branch in union.find_all(exp.Select) for select in branch.selects)


def _names(tree: exp.Expr, columns: Collection[str]) -> set[str]:
    """The identifier's columns, those it is made from (`email AS customer_id`) and those it is compared with
    (`ON customer_id = v.id`), through any number of steps.
    """
    names, before = {column.lower() for column in columns}, 0
    together = [
        {pair.this.name.lower(), pair.expression.name.lower()}
        for pair in tree.find_all(exp.EQ)
        if isinstance(pair.this, exp.Column) and isinstance(pair.expression, exp.Column)
    ]
    made = [
        (alias.alias.lower(), {column.name.lower() for column in alias.this.find_all(exp.Column)})
        for alias in tree.find_all(exp.Alias)
    ]
    while before != len(names):
        before = len(names)
        for pair in together:
            names |= pair if pair & names else set()
        for name, sources in made:
            names |= sources if name in names else set()
    return names


def _around(column: exp.Column) -> exp.Expr:
    """The whole condition or expression that an identifier stands in; the column alone where it is only counted."""
    node: exp.Expr = column
    while node.parent is not None and not isinstance(node.parent, BOUNDS):
        if isinstance(node.parent, exp.Count):
            return column
        node = node.parent
    return node
