"""The schemas: what an editor shows of them, and the parts of their reading that no example file reaches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from runner.files import documents, schemas
from runner.files.documents import Document

SCHEMAS = {name: json.loads(schemas.text(name)) for name in ("cohort", "project", "tables")}


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every named thing in a schema."""
    yield path or "the file", schema
    for name, inner in schema.get("properties", {}).items():
        yield from properties(inner, f"{path}.{name}")
    if isinstance(schema.get("additionalProperties"), dict) and "$ref" not in schema["additionalProperties"]:
        yield from properties(schema["additionalProperties"], f"{path}.*")
    for name, inner in schema.get("items", {}).get("properties", {}).items():
        yield from properties(inner, f"{path}[].{name}")


NAMED = [pytest.param(inner, id=f"{n}{p}") for n, whole in SCHEMAS.items() for p, inner in properties(whole)]
RULE = [pytest.param(inner, id=p) for p, inner in properties(SCHEMAS["cohort"]["$defs"]["rule"], "rule") if p != "rule"]


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_is_a_schema(schema: Any) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("inner", NAMED + RULE)
def test_everything_is_explained_and_closed(inner: Any) -> None:
    assert inner["title"]
    assert inner["description"] == inner["markdownDescription"].replace("`", "").replace("**", "")
    assert inner["examples"]
    assert inner.get("type") != "object" or "additionalProperties" in inner
    assert "pattern" not in inner or inner["patternErrorMessage"].startswith("must be ")


@pytest.mark.parametrize("inner", NAMED + RULE)
def test_every_example_is_valid(inner: Any) -> None:
    whole = inner | {"$defs": SCHEMAS["project"]["$defs"] | SCHEMAS["cohort"]["$defs"]}
    for example in inner["examples"]:
        jsonschema.validate(example, whole)


def told(schema: Any, source: str) -> list[str]:
    document = documents.parse(source.encode(), "a.yml")
    assert isinstance(document, Document)
    errors = tuple(schemas.validator(schema).iter_errors(document.data))
    return [str(problem) for problem in schemas.explain(errors, document)]


NOT_A_NUMBER = 'a.yml:1:7 S003 `gte` must be a whole number, but it is the text "y"; write digits alone, for example 2'
BRANCHES = {
    "oneOf": [
        {
            "type": "string",
            "pattern": "^[a-z]+$",
            "patternErrorMessage": "must be letters",
            "examples": ["a"],
        },
        {
            "type": "object",
            "required": ["gte"],
            "properties": {"gte": {"type": "integer", "examples": [2]}},
            "additionalProperties": False,
        },
    ]
}


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("A1", 'a.yml:1:1 S005 the file must be letters, but it is the text "A1"; write for example a'),
        (
            "{gte: y}",
            NOT_A_NUMBER,
        ),
        ("{gt: 2}", 'a.yml:1:2 S001 unknown name "gt"; perhaps you meant `gte`'),
    ],
)
def test_of_several_branches_the_closest_is_explained(source: str, line: str) -> None:
    assert told(BRANCHES, source) == [line]


def test_a_last_line_break_does_not_slip_through_a_pattern() -> None:
    schema = {"pattern": "^[a-z]+$", "patternErrorMessage": "must be letters", "examples": ["a"]}
    assert told(schema, '"abc"') == []
    assert told(schema, '"abc\\n"') == [
        'a.yml:1:1 S005 the file must be letters, but it is the text "abc\\n"; write for example a'
    ]


def test_a_keyword_without_words_of_its_own_is_still_told() -> None:
    assert told({"uniqueItems": True}, "[a, b, a]") == ['a.yml:1:1 S010 the file has "a" twice; keep one']
    assert told({"contains": {"const": "b"}}, "[a]") == [
        "a.yml:1:1 S009 the file is not allowed here (contains); see `cohorts schema` for what is"
    ]
