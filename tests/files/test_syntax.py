"""Broken YAML: one line each, where the mistake is rather than where the parser noticed it."""

from __future__ import annotations

import pytest
import yaml
from runner.files import documents, syntax

QUOTES = "put the whole value in quotes"
MISFIT = "this line does not fit the lines above it; align it with the lines it belongs to"
NO_VALUE = "this line has no `name: value`; add the colon and the value, or indent it if it belongs to the text above"
LETTER = f"text that starts with & or * has a meaning of its own in YAML; {QUOTES}"
ESCAPE = (
    "a backslash in double quotes begins a special character, and there is none of this name; "
    "use single quotes, or write the backslash twice"
)
AFTER_QUOTE = (
    "text follows a closing quote; put the whole value in one pair of quotes (inside single quotes, write '' for ')"
)

SPACE = "this looks like a space but is another character, such as a non-breaking space; delete it and type a space"
OTHER = (
    "this is not valid YAML (mapping keys are not allowed in this context); "
    "check quotes, brackets and indentation around here"
)

MISTAKES = [
    ("a:\n\tb: 1\n", 2, 1, "a tab is used for indentation; use spaces instead"),
    ("a:\n  b: 1\n\tc: 2\n", 3, 1, "a tab is used for indentation; use spaces instead"),
    ("a: |\n  SELECT 1\n\tFROM t\n", 3, 1, "a tab is used for indentation; use spaces instead"),
    ("id: a\nname\nowner: b\n", 2, 1, NO_VALUE),
    ("id: a\nname Lapsed\n", 2, 1, NO_VALUE),
    ("sql: |\n  SELECT 1\nFROM t\nname: a\n", 3, 1, NO_VALUE),
    ("id:a\nname: b\n", 1, 4, "there is no space after the colon of `id`; add one"),
    ("name: b\nid:a\n", 2, 4, "there is no space after the colon of `id`; add one"),
    ('a: "b\nc: d\n', 1, 4, "this quote is never closed; close it with the same quote"),
    ("a: 'b\nc: d\n", 1, 4, "this quote is never closed; close it with the same quote"),
    ("a: b: c\n", 1, 5, f"a second colon stands in a text without quotes; {QUOTES}"),
    ('a: "b" c\n', 1, 8, AFTER_QUOTE),
    ("a: 'it's'\nb: 1\n", 1, 8, AFTER_QUOTE),
    ("a: 1\n  b: 2\n", 2, 3, MISFIT),
    ("a:\n    b: 2\n  c: 3\n", 3, 3, MISFIT),
    ("  a: 1\nb: 2\n", 2, 1, MISFIT),
    ("- a\nb: 1\n", 2, 1, MISFIT),
    (": a\n", 1, 1, f"there is no name before this colon; write it, or {QUOTES}"),
    ('a: "\\d"\n', 1, 5, ESCAPE),
    ('a: "\\xzz"\n', 1, 7, ESCAPE),
    ("a: **x**\n", 1, 4, LETTER),
    ("a: & b\n", 1, 4, LETTER),
    ("a: @x\n", 1, 4, f"a value cannot start with @; {QUOTES}"),
    ("a: `x`\n", 1, 4, f"a value cannot start with `; {QUOTES}"),
    ("a: %x\n", 1, 4, f"a value cannot start with %; {QUOTES}"),
    ("a: ,b\n", 1, 4, f"a value cannot start with ,; {QUOTES}"),
    ("a: {b: 1\nc: 2\n", 1, 4, "this { is not closed, or a comma is missing after it; add what is missing"),
    ("a: [b, c\nd: 2\n", 1, 4, "this [ is not closed, or a comma is missing after it; add what is missing"),
    ("a: {b: 1}}\n", 1, 10, f"this }} closes nothing; delete it, or {QUOTES}"),
    ("a: [1, 2]]\n", 1, 10, f"this ] closes nothing; delete it, or {QUOTES}"),
    ("a: - b\n", 1, 4, "a list cannot start here; start each item on its own line with `- `"),
    ("a: | x\n", 1, 6, "text cannot start beside | or >; start it on the next line, indented"),
    ("a: !<x y\n", 1, 4, f"text that starts with ! has a meaning of its own in YAML; {QUOTES}"),
    (
        "a:\xa0b\nc: d\n",
        1,
        3,
        SPACE,
    ),
    (
        "a: ? b\n",
        1,
        4,
        OTHER,
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), MISTAKES)
def test_a_mistake_is_explained_at_its_place(text: str, line: int, column: int, words: str) -> None:
    read = documents.parse(text.encode(), "a.yml")
    assert isinstance(read, tuple)
    assert [str(problem) for problem in read] == [f"a.yml:{line}:{column} F007 {words}"]


@pytest.mark.parametrize("text", [mistake[0] for mistake in MISTAKES[:-1]])
def test_the_pure_parser_gives_the_same_kind_of_answer(text: str) -> None:
    """Where PyYAML was built without libyaml."""
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        list(yaml.parse(text, Loader=yaml.SafeLoader))
    assert "not valid YAML" not in syntax.problem(caught.value, text, "a.yml").what
