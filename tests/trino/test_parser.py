"""Statements as trees, against the verdicts of Trino 423's own parser."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest
from runner.trino.parser import SyntaxRefused, parse
from runner.trino.tree import (
    And,
    Body,
    Call,
    Cast,
    Column,
    Comparison,
    Expression,
    Field,
    InList,
    Node,
    Not,
    Number,
    Operation,
    Or,
    OtherStatement,
    Query,
    Row,
    ScalarQuery,
    Select,
    SelectItem,
    SetOperation,
    Sign,
    Star,
    Text,
    TypeName,
    children,
    place,
    walk,
)

GRAMMAR = [json.loads(line) for line in Path(__file__).with_name("grammar.jsonl").read_text().splitlines()]
ACCEPTED = [case["sql"] for case in GRAMMAR if case["accepted"]]


def refused(sql: str) -> SyntaxRefused:
    with pytest.raises(SyntaxRefused) as caught:
        parse(sql)
    return caught.value


def select(sql: str) -> Select:
    query = parse(sql)
    assert isinstance(query, Query)
    assert isinstance(query.body, Select)
    return query.body


def value(sql: str) -> Expression:
    item = select(f"SELECT {sql}").items[0]
    assert isinstance(item, SelectItem)
    return item.expression


def short(node: object) -> str:  # noqa: C901  a branch for each kind of expression
    """An expression with all its parentheses."""
    match node:
        case Column(name=name):
            return name.name
        case Field(base=base, name=name):
            return f"{short(base)}.{name.name}"
        case Number(text=text):
            return text
        case Text(value=text):
            return f"'{text}'"
        case Sign(negative=negative, value=inner):
            return f"({'-' if negative else '+'}{short(inner)})"
        case Operation(operator=operator, left=left, right=right):
            return f"({short(left)} {operator.value} {short(right)})"
        case Comparison(comparator=comparator, left=left, right=right):
            return f"({short(left)} {comparator.value} {short(right)})"
        case Not(value=inner):
            return f"(NOT {short(inner)})"
        case And(terms=terms):
            return "(" + " AND ".join(map(short, terms)) + ")"
        case Or(terms=terms):
            return "(" + " OR ".join(map(short, terms)) + ")"
        case Row(items=items):
            return "ROW(" + ", ".join(map(short, items)) + ")"
        case TypeName():
            return typed(node)
    return type(node).__name__


def typed(node: TypeName | int) -> str:
    if isinstance(node, int):
        return str(node)
    inside = [typed(one) for one in node.arguments]
    if node.names:
        inside = [f"{name} {one}".strip() for name, one in zip(node.names, inside, strict=True)]
    return f"{node.base}({', '.join(inside)})" if inside else node.base


def sets(body: Body) -> str:
    match body:
        case SetOperation(kind=kind, left=left, right=right):
            return f"({sets(left)} {kind.value} {sets(right)})"
        case Select(items=(SelectItem(expression=Number(text=text)),)):
            return text
        case Query(body=inner):
            return sets(inner)
    return type(body).__name__


@pytest.mark.parametrize("case", GRAMMAR, ids=[case["sql"][:60] for case in GRAMMAR])
def test_what_trinos_parser_takes_is_taken_and_what_it_refuses_is_refused_at_the_same_place(
    case: dict[str, str],
) -> None:
    if case["accepted"]:
        parse(case["sql"])
        return
    error = refused(case["sql"])
    if "place" in case:
        line, column = place(case["sql"], error.at)
        assert f"{line}:{column}" == case["place"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a + b * c - d", "((a + (b * c)) - d)"),
        ("a || b + c || d", "((a || (b + c)) || d)"),
        ("-a * b", "((-a) * b)"),
        ("a * -b + c", "((a * (-b)) + c)"),
        ("2 -1", "(2 - 1)"),
        ("- -1", "(-(-1))"),
        ("a OR b AND NOT c = d OR e", "(a OR (b AND (NOT (c = d))) OR e)"),
        ("(a AND b) AND c", "((a AND b) AND c)"),
        ("NOT NOT a AND b", "((NOT (NOT a)) AND b)"),
        ("(a, b) = ROW(1, 2)", "(ROW(a, b) = ROW(1, 2))"),
        ("(((a)))", "a"),
        ("a.b.c = 'it''s'", "(a.b.c = 'it's')"),
        (r"U&'\00e9\\' || U&'!00e9' UESCAPE '!'", r"('é\' || 'é')"),
    ],
)
def test_operators_bind_as_in_trino(sql: str, expected: str) -> None:
    assert short(value(sql)) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 UNION SELECT 2 INTERSECT SELECT 3", "(1 union (2 intersect 3))"),
        ("SELECT 1 INTERSECT SELECT 2 UNION SELECT 3", "((1 intersect 2) union 3)"),
        ("SELECT 1 EXCEPT SELECT 2 UNION SELECT 3", "((1 except 2) union 3)"),
        ("SELECT 1 EXCEPT (SELECT 2 UNION SELECT 3)", "(1 except (2 union 3))"),
    ],
)
def test_intersect_binds_closer_than_union_and_except(sql: str, expected: str) -> None:
    query = parse(sql)
    assert isinstance(query, Query)
    assert sets(query.body) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("decimal(10, 2)", "decimal(10, 2)"),
        ("TIMESTAMP(3) WITH TIME ZONE", "timestamp with time zone(3)"),
        ("timestamp without time zone", "timestamp"),
        ("double precision array", "array(double)"),
        ("ARRAY<MAP<varchar, bigint>>", "array(map(varchar, bigint))"),
        (
            "ROW(a bigint, double precision, b array(bigint), c array)",
            "row(a bigint, double, b array(bigint), array(c))",
        ),
        ("INTERVAL DAY TO SECOND", "interval day to second"),
    ],
)
def test_types_are_read_as_trino_reads_them(sql: str, expected: str) -> None:
    cast = value(f"CAST(a AS {sql})")
    assert isinstance(cast, Cast)
    assert typed(cast.type) == expected


def test_a_query_in_parentheses_may_go_on_wherever_a_value_may_stand() -> None:
    found = value("((SELECT 1) UNION SELECT 2)")
    assert isinstance(found, ScalarQuery)
    assert sets(found.query.body) == "(1 union 2)"
    listed = value("a IN ((SELECT 1), 2)")
    assert isinstance(listed, InList)
    assert len(listed.options) == 2


def test_stars_keep_their_base_and_their_aliases() -> None:
    whole, named = select("SELECT *, f(x).* AS (a, b)").items
    assert isinstance(whole, Star)
    assert isinstance(named, Star)
    assert isinstance(named.base, Call)
    assert [one.name for one in named.aliases] == ["a", "b"]


# places


def text_of(sql: str, node: Node) -> str:
    return sql[node.at : node.end]


def test_every_node_knows_where_it_stands() -> None:
    sql = (
        "SELECT  (a + 1) * 2 AS x, CASE WHEN b THEN  'y' END\nFROM t -- comment\n"
        "WHERE (c) = 1 AND f( d ) OVER (ORDER BY e DESC )  IN (1,2) "
    )
    found = {type(node).__name__ + ": " + text_of(sql, node) for node in walk(parse(sql))}
    for expected in (
        "SelectItem: (a + 1) * 2 AS x",
        "Operation: (a + 1) * 2",
        "Operation: a + 1",
        "Case: CASE WHEN b THEN  'y' END",
        "When: WHEN b THEN  'y'",
        "Table: t",
        "Comparison: (c) = 1",
        "InList: f( d ) OVER (ORDER BY e DESC )  IN (1,2)",
        "Call: f( d ) OVER (ORDER BY e DESC )",
        "Window: OVER (ORDER BY e DESC )",
        "SortItem: e DESC",
        "Query: " + sql.strip(),
    ):
        assert expected in found


@pytest.mark.parametrize("sql", ACCEPTED, ids=[sql[:60] for sql in ACCEPTED])
def test_nodes_lie_inside_one_another_and_begin_and_end_with_a_token(sql: str) -> None:
    for node in walk(parse(sql)):
        assert 0 <= node.at <= node.end <= len(sql)
        assert text_of(sql, node) == text_of(sql, node).strip()
        for child in children(node):
            assert node.at <= child.at <= child.end <= node.end


def test_every_value_of_a_comparison_stands_in_order() -> None:
    sql = "SELECT a FROM t WHERE a = 1 AND b BETWEEN 2 AND 3 OR c NOT LIKE 'x' ESCAPE '\\'"
    where = select(sql).where
    assert isinstance(where, Or)
    for left, right in pairwise(where.terms):
        assert left.end < right.at


# refusals


@pytest.mark.parametrize(
    ("sql", "where", "message"),
    [
        ("SELECT a,\n  b\nFORM t\nWHERE x", (3, 6), "mismatched input 't'. Expecting: <EOF>, ',', 'FROM', 'WHERE'"),
        ("SELECT a FROM t WHERE b ==1", (1, 26), "mismatched input '='. Expecting: <expression>"),
        ("SELECT a FROM t WHERE b IS TRUE", (1, 28), "mismatched input 'TRUE'. Expecting: 'DISTINCT', 'NOT', 'NULL'"),
        ("SELECT a FROM t WHERE b ILIKE 'x'", (1, 25), "mismatched input 'ILIKE'. Expecting: <EOF>, 'AND', 'OR'"),
        ("SELECT a FROM t WHERE b = ?", (1, 27), "mismatched input '?'. Expecting: <expression>"),
        ("SELECT a::bigint FROM t", (1, 9), "mismatched input ':'. Expecting: <EOF>, ','"),
        ("SELECT [1, 2]", (1, 8), "mismatched input '['. Expecting: <expression>"),
        ("SELECT `a`", (1, 8), "backquoted identifiers are not supported; use double quotes to quote identifiers"),
        ("SELECT 1a", (1, 8), "identifiers must not start with a digit; surround the identifier with double quotes"),
        ("SELECT 'a", (1, 8), "mismatched input ''': the quote that opens here is never closed"),
        ("SELECT 1 /* a", (1, 10), "mismatched input '/*': the comment that opens here is never closed"),
        (
            "SELECT rank OVER (ORDER BY a)",
            (1, 13),
            "mismatched input 'OVER'. Expecting: '(': a window function is called",
        ),
        ("SELECT 1; SELECT 2", (1, 11), "a second statement begins here"),
        ("SHOW TABLES; SELECT 2", (1, 14), "a second statement begins here"),
        ("FOO", (1, 1), "mismatched input 'FOO'. Expecting: 'SELECT', 'WITH'"),
    ],
)
def test_a_refusal_says_where_and_what_may_stand_there(sql: str, where: tuple[int, int], message: str) -> None:
    error = refused(sql)
    assert place(sql, error.at) == where
    assert error.message.startswith(message)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 'secret'",
        "SELECT a b U&'secret'",
        "SELECT a b X'5ec7e7'",
        'SELECT a b "secret"',
        "SELECT a b 5377",
        "SELECT a b 53.77",
        "SELECT a b 5377secret",
        "SELECT a FROM t LIMIT 'secret'",
        "SELECT extract('secret' FROM a)",
        "SELECT 99999999999999995377",
        "SELECT X'secret'",
        r"SELECT U&'\secret'",
        "SELECT U&'a' UESCAPE 'secret'",
        "SELECT `secret`",
        "SELECT a b 'secret",
    ],
)
def test_no_message_says_what_may_be_a_member(sql: str) -> None:
    message = refused(sql).message
    assert "secret" not in message
    assert "53" not in message
    assert "5ec7e7" not in message


def test_one_statement_may_end_in_a_semicolon() -> None:
    assert isinstance(parse("SELECT 1 ;\n-- the end"), Query)
    assert isinstance(parse("DROP VIEW v;"), OtherStatement)


@pytest.mark.parametrize(
    ("sql", "words"),
    [("SHOW TABLES", "SHOW TABLES"), ("CREATE TABLE t (a bigint)", "CREATE TABLE"), ("UPDATE t SET a = 1", "UPDATE")],
)
def test_other_statements_are_named_and_not_read(sql: str, words: str) -> None:
    found = parse(sql)
    assert isinstance(found, OtherStatement)
    assert found.words == words


# depth and size


@pytest.mark.parametrize(
    ("before", "after"),
    [("(", ")"), ("f(", ")"), ("CASE WHEN true THEN ", " END"), ("(SELECT ", ")"), ("ARRAY[", "]"), ("x -> ", "")],
)
def test_a_thousand_levels_are_read(before: str, after: str) -> None:
    usual = sys.getrecursionlimit()
    assert isinstance(parse("SELECT " + before * 1_000 + "1" + after * 1_000), Query)
    assert sys.getrecursionlimit() == usual


@pytest.mark.parametrize("before", ["(", "f(", "CASE WHEN ", "(SELECT ", "ARRAY[", "x -> ", "a IN (", "a["])
def test_a_hundred_thousand_levels_are_refused(before: str) -> None:
    usual = sys.getrecursionlimit()
    assert "nested too deep" in refused("SELECT " + before * 100_000).message
    assert sys.getrecursionlimit() == usual


def test_a_type_in_a_type_is_a_level_too() -> None:
    assert "nested too deep" in refused("SELECT CAST(a AS " + "ARRAY<" * 100_000).message


@pytest.mark.parametrize("between", [" + ", " AND ", " OR ", " || ", ", ", " * "])
def test_long_chains_are_not_deep(between: str) -> None:
    assert isinstance(parse("SELECT " + between.join(["a"] * 20_000)), Query)


@pytest.mark.parametrize(
    ("before", "after"),
    [("trim(both(", "))"), ("position(a IN (1), ", ")"), ("a = ANY ((SELECT ", ") UNION SELECT 1)")],
)
def test_what_can_be_read_in_two_ways_does_not_double_at_every_level(before: str, after: str) -> None:
    began = time.process_time()
    with contextlib.suppress(SyntaxRefused):
        parse("SELECT " + before * 60 + "1" + after * 60)
    assert time.process_time() - began < 5


def test_long_texts_are_read_in_linear_time() -> None:
    listed = "SELECT a FROM t WHERE b IN (" + ", ".join(f"'{number:016}'" for number in range(50_000)) + ")"
    assert len(listed) > 1_000_000
    began = time.perf_counter()
    where = select(listed).where
    assert isinstance(where, InList)
    assert len(where.options) == 50_000
    parse("SELECT '" + "x''" * 300_000 + "'")
    refused("SELECT '" + "x''" * 300_000)
    refused("SELECT " + "/*" * 300_000)
    parse("SELECT 1 UNION ALL " * 5_000 + "SELECT 2")
    assert time.perf_counter() - began < 20  # it takes about one second; only a square of the length would take more


def test_every_kind_of_node_begins_with_its_place() -> None:
    for node in walk(parse("SELECT a, b.* FROM t JOIN u ON x = y GROUP BY 1 ORDER BY 2 LIMIT 3")):
        assert [one.name for one in fields(node)][:2] == ["at", "end"]
