"""Writes docs/format.md from the JSON Schemas, and docs/same.md: `make reference`. A test keeps them current."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from runner.sandbox.duck import table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "format.md"
SAME = ROOT / "docs" / "same.md"

OPENING = """\
# The format

Every key of a cohort's file, of `cohorts/project.yml` and of `cohorts/tables.yml`, written from the schemas by
`docs/reference.py`. Editors that speak YAML show the same while you type: point them to `cohorts schema cohort`,
`cohorts schema project` and `cohorts schema tables`.
"""

FILES = (
    ("cohort", "A cohort's file"),
    ("project", "cohorts/project.yml"),
    ("tables", "cohorts/tables.yml"),
)

KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of keys",
}


def page() -> str:
    """The whole page."""
    parts = [OPENING]
    for name, heading in FILES:
        schema = json.loads((ROOT / "schema" / f"{name}.schema.json").read_text("utf-8"))
        keys = [f"[`{key}`](#{_anchor(name, key)})" for key in schema["properties"]]
        parts += [f"## {heading}\n", f"{schema['markdownDescription']}\n", f"Keys: {', '.join(keys)}.\n"]
        parts += _properties(schema, name, (), 3)
        if rule := schema.get("$defs", {}).get("rule"):
            parts += ["### A rule\n", f"{rule['markdownDescription']}\n", _example_of(rule, "where")]
            parts += _properties(rule, "rule", (), 4)
    return "\n".join(parts).rstrip() + "\n"


def _properties(schema: Mapping[str, Any], page_of: str, path: tuple[str, ...], depth: int) -> Iterator[str]:
    for key, inner in schema.get("properties", {}).items():
        needed = key in schema.get("required", ())
        yield from _section(inner, page_of, (*path, key), depth, needed=needed)
    named = schema.get("additionalProperties")
    if isinstance(named, dict) and "title" in named:
        yield from _section(named, page_of, (*path, "NAME"), depth, needed=False)


def _section(
    schema: Mapping[str, Any], page_of: str, path: tuple[str, ...], depth: int, *, needed: bool
) -> Iterator[str]:
    anchor = f'<a id="{_anchor(page_of, *path)}"></a>\n\n' if len(path) == 1 else ""
    yield f"{anchor}{'#' * min(depth, 6)} `{'.'.join(path)}`{': required' if needed else ''}\n"
    yield f"{schema['markdownDescription']}\n"
    if facts := list(_facts(schema)):
        yield f"{'; '.join(facts)}.\n"
    if schema.get("$ref") == "#/$defs/rule" or schema.get("items", {}).get("$ref") == "#/$defs/rule":
        yield "Each is [a rule](#a-rule).\n" if schema.get("type") == "array" else "It is [a rule](#a-rule).\n"
    if schema.get("examples"):
        yield _example_of(schema, path[-1])
    yield from _properties(schema, page_of, path, depth + 1)


def _example_of(schema: Mapping[str, Any], key: str) -> str:
    """Up to two examples of a key."""
    shown = [
        yaml.safe_dump({key: example}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
        for example in schema["examples"][:2]
    ]
    return "```yaml\n" + "# or\n".join(shown) + "```\n"


def _facts(schema: Mapping[str, Any]) -> Iterator[str]:
    """What a value may be, in words."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in schema:
        yield "One of " + ", ".join(f"`{choice}`" for choice in schema["enum"])
    elif "const" in schema:
        yield f"Always `{json.dumps(schema['const'])}`".replace('"', "")
    elif kinds:
        yield " or ".join(KINDS[kind] for kind in kinds).capitalize()
    if must := schema.get("patternErrorMessage"):
        yield must
    if "minimum" in schema:
        yield f"at least {schema['minimum']}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"
    if "default" in schema:
        yield f"default: `{json.dumps(schema['default'])}`".replace('"', "")
    alternatives = [branch["required"] for branch in schema.get("oneOf", []) if set(branch) == {"required"}]
    if alternatives:
        yield "exactly one of " + ", ".join(f"`{key}`" for keys in alternatives for key in keys)


def _anchor(page_of: str, *path: str) -> str:
    return "-".join((page_of, *path))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    SAME.write_text(table.page(), "utf-8")
