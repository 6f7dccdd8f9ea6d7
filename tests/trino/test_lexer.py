"""The tokens of a statement: what Trino's lexer takes for one, and where it ends."""

from __future__ import annotations

import pytest
from runner.trino.lexer import read


def kinds(sql: str) -> list[str]:
    return read(sql).kinds[:-1]


def written(sql: str) -> list[str]:
    tokens = read(sql)
    return [sql[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)][:-1]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("1 1.5 .5 5. 1e3", ["integer", "decimal", "decimal", "decimal", "double"]),
        ("1_000 0xFF 0b11 0o17", ["integer"] * 4),
        ("1a 1_ 0x 0xg 1e", ["digits first"] * 5),
        ("1e5 1.e5 1.5E-3", ["double"] * 3),
        ("a _b Case skip", ["name", "name", "CASE", "SKIP"]),
        ("'a''b' \"a\"\"b\" `a``b`", ["text", "quoted", "backquoted"]),
        ("x'00' U&'a' u & 'a'", ["binary", "unicode text", "name", "unknown"]),
        ("<> != <= -> => || {- -}", ["<>", "<>", "<=", "->", "=>", "||", "{-", "-}"]),
        ("a -- b\n/* c */ d", ["name", "name"]),
        ("a\xa0b", ["name", "unknown"]),
    ],
)
def test_tokens_have_the_kinds_of_trinos_lexer(sql: str, expected: list[str]) -> None:
    assert kinds(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("t.1", ["t", ".1"]),
        ("1..2", ["1.", ".2"]),
        ("1_0.5e3", ["1_0.5", "e3"]),
        ("1.5e3x", ["1.5e3", "x"]),
        ("a--b\nc", ["a", "c"]),
        ("a->b", ["a", "->", "b"]),
        ("'a'''b", ["'a'''", "b"]),
        ("'a''", ["'a'", "'"]),
        ("/* a */*/**/b", ["*", "b"]),
    ],
)
def test_the_longest_token_is_taken(sql: str, expected: list[str]) -> None:
    assert written(sql) == expected


def test_nothing_is_read_after_a_quote_or_a_comment_that_never_closes() -> None:
    assert kinds("a 'b c") == ["name", "unknown"]
    assert kinds("a /* b c") == ["name", "/*"]
