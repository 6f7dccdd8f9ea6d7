"""SQL as people may see it, without what may be a member: what meets an identifier is hidden."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from runner.sql.tokens import Kind, tokens
from runner.trino.parser import SyntaxRefused, parse
from runner.trino.tree import (
    Aliased,
    And,
    Body,
    Call,
    Column,
    Comparator,
    Comparison,
    CreateTableAs,
    Delete,
    Expression,
    Field,
    GroupingElement,
    Identifier,
    Insert,
    Join,
    Node,
    Number,
    Or,
    OtherStatement,
    Query,
    Select,
    SelectItem,
    SetOperation,
    Sign,
    SortItem,
    Statement,
    TableBody,
    Text,
    TypedText,
    Unnest,
    Values,
    WithQuery,
    children,
    walk,
)

HIDDEN = "'•••'"
ADDRESS = re.compile(r"[^\s'\"@]+@[^\s'\"@]+")

# Where a condition or a column's expression ends: what is inside with an identifier is
# hidden, what is beside is not.
BOUNDS = (And, Or, Select, SelectItem, Join, Query, GroupingElement, SortItem, Delete)


def masked(sql: str, columns: Collection[str]) -> str:
    """The SQL with every literal that meets an identifier column hidden, and every
    e-mail address; lines stay as they are. Rather too much than too little: SQL that
    cannot be read loses all its texts.
    """
    if not sql.strip():
        return sql
    try:
        statement = parse(sql)
    except SyntaxRefused:
        if any(text == "'" for _, text in tokens(sql)):
            # where texts begin and end cannot be told
            return "\n".join("•••" for _ in sql.split("\n"))
        return _hidden(sql, None)
    return _hidden(sql, _secrets(statement, columns))


def _hidden(sql: str, secret: Collection[str] | None) -> str:
    """The SQL without the literals that are `secret`, or without any where it is None."""
    shown = [_shown(kind, text, secret) for kind, text in tokens(sql)]
    return "".join(shown)


def _shown(kind: Kind, text: str, secret: Collection[str] | None) -> str:
    """A token as people may see it."""
    match kind:
        case Kind.TEXT:
            return _shown_text(text, secret)
        case Kind.NUMBER:
            if secret is None or text in secret:
                return HIDDEN
            return text
        case Kind.COMMENT:
            return _shown_comment(text)
        case Kind.QUOTED:
            return ADDRESS.sub("•••", text)
        case Kind.SPACE | Kind.WORD | Kind.SYMBOL:
            return text


def _shown_text(text: str, secret: Collection[str] | None) -> str:
    """A text as people may see it: line breaks stay."""
    value = text[text.index("'") + 1 : -1].replace("''", "'")
    # the empty text names nobody; the wrapper of every query has it
    if not value:
        return text
    # in front of the quote is U& or X: then the value is written in escapes, U&'\\0041'
    has_escapes = text[0] != "'"
    if secret is None or value in secret or has_escapes:
        lines = "\n" * text.count("\n")
        return f"{HIDDEN[:-1]}{lines}'"
    return ADDRESS.sub("•••", text)


def _shown_comment(text: str) -> str:
    """Nothing of what a comment says: a sentence may name anybody."""
    lines = "\n" * text.count("\n")
    shown = f"{text[:2]} •••{lines}"
    if shown.startswith("/*"):
        shown += " */"
    return shown


def _secrets(statement: Statement, columns: Collection[str]) -> set[str] | None:
    """The literals that may be members; None where the statement was not read, and all
    of them may be.
    """
    if isinstance(statement, OtherStatement):
        return None
    nodes = tuple(walk(statement))
    names = _names(nodes, columns)
    found: set[str] = set()
    for place in _places(nodes, names):
        for node in walk(place):
            found.update(_literal(node))
    return found


def _literal(node: Node) -> Iterator[str]:
    """The value of a literal, as it is compared with a token."""
    match node:
        case Text(value=value) | TypedText(value=value):
            yield value
        case Number(text=text):
            yield text
        case _:  # any other node holds no literal itself
            pass


def _places(nodes: tuple[Node, ...], names: set[str]) -> Iterator[Node]:
    """All that meets one of these columns or becomes one."""
    parents = {child: node for node in nodes for child in children(node)}
    for node in nodes:
        match node:
            case Column(name=name) | Field(name=name) if name.key in names:
                yield _around(node, parents)
            case SelectItem(alias=Identifier() as alias) if alias.key in names:
                yield node
            # rows that are written out, and a text that is a column, most often name
            # somebody, wherever they are used
            case Values() | Unnest():
                yield node
            case SelectItem(expression=Text() | Number() | TypedText() | Sign()):
                yield node
            # VALUES, UNNEST, WITH and what is written into a table name their columns here
            case Aliased(columns=named) | WithQuery(columns=named) if _any(
                named, names
            ):
                yield node
            case Insert(columns=named) | CreateTableAs(columns=named) if _any(
                named, names
            ):
                yield node
            # the later branches need not name their columns
            case SetOperation() if names & _first_names(node):
                yield from _items(node)


def _any(columns: tuple[Identifier, ...], names: set[str]) -> bool:
    """True where one of some columns is among the names."""
    return any(column.key in names for column in columns)


def _first_names(body: Body) -> set[str]:
    """The names of the first branch's columns, which are those of them all."""
    while not isinstance(body, Select):
        match body:
            case SetOperation(left=left):
                body = left
            case Query(body=inner):
                body = inner
            case Values() | TableBody():
                return set()
    return {_name(item) for item in body.items if isinstance(item, SelectItem)}


def _items(body: Body) -> Iterator[Node]:
    """The columns of every SELECT below a node."""
    for node in walk(body):
        if isinstance(node, Select):
            yield from node.items


def _name(item: SelectItem) -> str:
    """The name of a column that a SELECT returns; an empty text where it has none."""
    if item.alias:
        return item.alias.key
    return _column(item.expression)


def _column(expression: Expression) -> str:
    """The name of a column; an empty text for another expression."""
    if isinstance(expression, Column | Field):
        return expression.name.key
    return ""


def _names(nodes: tuple[Node, ...], columns: Collection[str]) -> set[str]:
    """The identifier's columns, those it is made from (`email AS customer_id`) and
    those it is compared with (`ON customer_id = v.id`), through any number of steps.
    """
    names = {column.lower() for column in columns}
    together = list(_compared(nodes))
    made = list(_made(nodes))
    before = 0
    while before != len(names):
        before = len(names)
        for pair in together:
            if not names.isdisjoint(pair):
                names |= pair
        for name, sources in made:
            if name in names:
                names |= sources
    return names


def _compared(nodes: Iterable[Node]) -> Iterator[set[str]]:
    """Two columns each that a condition says are equal."""
    for node in nodes:
        match node:
            case Comparison(comparator=Comparator.EQUAL, left=left, right=right):
                pair = {_column(left), _column(right)}
                if "" not in pair:
                    yield pair
            case _:  # any other node compares no columns itself
                pass


def _made(nodes: Iterable[Node]) -> Iterator[tuple[str, set[str]]]:
    """Names that a SELECT gives, each with the columns that it is made from."""
    for node in nodes:
        if isinstance(node, SelectItem) and node.alias:
            inside = walk(node.expression)
            columns = {
                each.name.key for each in inside if isinstance(each, Column | Field)
            }
            yield node.alias.key, columns


def _around(column: Node, parents: Mapping[Node, Node]) -> Node:
    """The whole condition or expression that an identifier stands in; the column alone
    where it is only counted.
    """
    node = column
    while node in parents and not isinstance(parents[node], BOUNDS):
        node = parents[node]
        if isinstance(node, Call) and node.key == "count":
            return column
    return node
