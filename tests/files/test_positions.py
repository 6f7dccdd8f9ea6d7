"""Where keys, values, and the characters of a text stand in the file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runner.errors import Position
from runner.files import documents
from runner.files.documents import Document

SOURCE = """\
# a comment
id: a
audience:
  sql: |
    SELECT 1
list:
  - x
  - {y: "z"}
empty:
"""


def parsed(text: str) -> Document:
    read = documents.parse(text.encode(), "a.yml")
    assert isinstance(read, Document), [str(problem) for problem in read]
    return read


def place(line: int, column: int) -> Position:
    return Position("a.yml", line, column)


def character(document: Document, at: Position) -> str:
    """What stands in the file at a place; a line break at the end of a line."""
    line = document.source.split("\n")[at.line - 1] + "\n"
    return line[at.column - 1]


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_values_and_keys(line_break: str) -> None:
    document = parsed(SOURCE.replace("\n", line_break))
    assert document.at() == place(2, 1)
    assert document.at("id") == place(2, 5)
    assert document.key_at("id") == place(2, 1)
    assert document.at("audience", "sql") == place(4, 8)
    assert document.key_at("audience", "sql") == place(4, 3)
    assert document.at("list", 1, "y") == place(8, 9)
    assert document.key_at("list", 1) == place(8, 5)
    assert document.at("empty") == place(9, 7)


def test_what_is_absent_is_at_its_nearest_parent() -> None:
    document = parsed(SOURCE)
    assert document.at("audience", "from", 3) == document.at("audience") == place(4, 3)
    assert document.key_at("audience", "from", 3) == document.key_at("audience") == place(3, 1)
    assert document.at("guards") == document.key_at("guards") == place(2, 1)
    assert document.within(("audience", "from"), 1, 1) == place(4, 3)
    assert document.within(("audience",), 1, 1) == place(4, 3)


LINE = st.text(st.sampled_from(" ab'\"\\#:-é👩{}|>%"), max_size=8)


@st.composite
def literals(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    """A file with a literal block at `a.b`, and the block's lines as meant; at least one is not blank."""
    rows = draw(st.lists(LINE, min_size=1, max_size=6).filter(lambda rows: any(row.strip() for row in rows)))
    indent = draw(st.integers(1, 5))
    first = next(row for row in rows if row.strip())
    explicit = draw(st.booleans()) or first.startswith(" ") or any(row and not row.strip() for row in rows)
    header = "|" + (str(indent) if explicit else "") + draw(st.sampled_from(["", "-", "+"]))
    comment = draw(st.sampled_from(["", "  # why"]))
    blank = draw(st.sampled_from(["", " " * indent])) if explicit else ""
    body = "".join((" " * (indent + 2) + row if row else blank) + "\n" for row in rows)
    line_break = draw(st.sampled_from(["\n", "\r\n"]))
    # The parent stands at column 3, so an indentation indicator counts from there.
    return f"a:\n  b: {header}{comment}\n{body}".replace("\n", line_break), tuple(rows)


@given(literals(), st.data())
def test_within_a_literal_block_every_character_is_found(
    literal: tuple[str, tuple[str, ...]], data: st.DataObject
) -> None:
    source, rows = literal
    document = parsed(source)
    text = document.data["a"]["b"]  # type: ignore[index]
    assert text.rstrip("\n") == "\n".join(rows).rstrip("\n")
    lines = text.split("\n")
    line = data.draw(st.integers(1, len(lines)))
    column = data.draw(st.integers(1, len(lines[line - 1]) + 1))
    at = document.within(("a", "b"), line, column)
    assert at.line == line + 2 or line == len(lines)
    if lines[line - 1][column - 1 :]:
        assert character(document, at) == lines[line - 1][column - 1]


WORD = st.text(st.sampled_from("abcé👩'\"\\0/N"), min_size=1, max_size=5)


@given(st.lists(WORD, min_size=1, max_size=12), st.sampled_from(["plain", "'", '"', ">", "multi"]), st.data())
def test_within_any_other_text_every_visible_character_is_found(
    words: list[str], style: str, data: st.DataObject
) -> None:
    if style in ("plain", "multi"):
        words = ["w" + word for word in words]
    text = " ".join(words)
    gaps = [data.draw(st.sampled_from([" ", "\n    "])) if style not in ("plain",) else " " for _ in words[1:]]
    folded = words[0] + "".join(gap + word for gap, word in zip(gaps, words[1:], strict=True))
    escaped = {"'": folded.replace("'", "''"), '"': folded.replace("\\", "\\\\").replace('"', '\\"')}
    written = {">": f">-\n    {folded}"}.get(style) or f"{style}{escaped.get(style, '')}{style}"
    document = parsed(f"a:\n  b: {folded if style in ('plain', 'multi') else written}\n")
    assert document.data == {"a": {"b": text}}
    column = data.draw(st.integers(1, len(text)))
    at = document.within(("a", "b"), 1, column)
    wanted = text[column - 1]
    if wanted != " ":
        found = character(document, at)
        assert found == wanted or (found == "\\" and style == '"')


@pytest.mark.parametrize(
    ("source", "line", "column", "expected"),
    [
        ("a: SELECT 1\n", 1, 8, (1, 11)),
        ("a: SELECT 1\n", 1, 99, (1, 12)),
        ("a: SELECT 1\n", 9, 1, (1, 12)),
        ("a: SELECT 1\n", 0, 5, (1, 4)),
        ('a: "x\\ty"\n', 1, 3, (1, 8)),
        ('a: "x\\u00e9y"\n', 1, 3, (1, 12)),
        ("a: 'it''s b'\n", 1, 4, (1, 9)),
        ('a: "one\\ntwo"\n', 2, 1, (1, 10)),
        ('a: "one \\\n  two"\n', 1, 5, (2, 3)),
        ('a: ""\n', 1, 1, (1, 5)),
        ("a: >\n  one\n  two\n\n  three\n", 1, 5, (3, 3)),
        ("a: >\n  one\n  two\n\n  three\n", 2, 1, (5, 3)),
        ("a: |\n\n\n   one\n    two\n", 4, 2, (5, 5)),
        ("a: |\n\n\n   one\n    two\n", 1, 1, (2, 1)),
        ("a: |2-\n    one\n", 1, 3, (2, 5)),
        ("a: |\n  one\n", 99, 1, (3, 1)),
        ("a: |\n  one", 1, 99, (2, 6)),
        ("- |\n one\n", 1, 1, (2, 2)),
    ],
)
def test_places_within_text(source: str, line: int, column: int, expected: tuple[int, int]) -> None:
    document = parsed(source)
    pointer = (0,) if isinstance(document.data, list) else ("a",)
    assert document.within(pointer, line, column) == place(*expected)
