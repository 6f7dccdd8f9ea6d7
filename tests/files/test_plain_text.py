"""What text without quotes means: YAML 1.2, without the surprises of 1.1."""

from __future__ import annotations

import pytest
from runner.files import documents
from runner.files.documents import Document


def value(text: str) -> object:
    read = documents.parse(f"a: {text}\n".encode(), "a.yml")
    assert isinstance(read, Document)
    assert isinstance(read.data, dict)
    return read.data["a"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "NO",
            "no",
            "No",
            "on",
            "off",
            "yes",
            "Yes",
            "y",
            "n",
            "tRUE",
            "nULL",
            "12:30",
            "1:2:3",
            "2026-01-02",
        ),
        *(
            "2026-01-02T03:04:05Z",
            "1_000",
            "1,000",
            "0o17",
            "017",
            "007",
            "0x1F",
            "0b1",
            "1e999",
            ".inf",
            "-.INF",
        ),
        *(".nan", ".", "+", "-1-2", "1.2.3", "٣", "1" * 32, "20%", "<<", "="),
    ],
)
def test_stays_text(text: str) -> None:
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            ("true", True),
            ("True", True),
            ("TRUE", True),
            ("false", False),
            ("False", False),
            ("FALSE", False),
        ),
        *(
            ("null", None),
            ("Null", None),
            ("NULL", None),
            ("~", None),
            ("", None),
            ("# only a comment", None),
        ),
        *(("0", 0), ("12", 12), ("-3", -3), ("+4", 4), ("12345678901234567890", 12345678901234567890)),
        *(("1.5", 1.5), ("-0.5", -0.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("1.2E-3", 0.0012)),
    ],
)
def test_is_a_value(text: str, expected: object) -> None:
    found = value(text)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("text", ["true", "12", "~", "1.5", ""])
def test_quotes_make_text_of_anything(text: str) -> None:
    assert value(f'"{text}"') == value(f"'{text}'") == text
