"""What every key of a file means, from the published schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from runner.files import schemas

FILES: Mapping[str, str] = {
    "cohort": "a cohort's file",
    "project": "cohorts/project.yml",
    "tables": "cohorts/tables.yml",
}
"""The schemas, and the files that they are of."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name, where it stands, what it means, and an example as YAML."""

    name: str
    where: str
    meaning: str
    example: str


def known() -> Mapping[str, tuple[Key, ...]]:
    """Every key by its name; one that stands in several places has a meaning for each."""
    found: dict[str, dict[str, Key]] = {}
    for schema, file in FILES.items():
        published = json.loads(schemas.text(schema))
        rule = published.get("$defs", {}).get("rule", {})
        for key in (*_keys(published, (), file), *_keys(rule, (), "a rule")):
            # the same words in two places are told once
            found.setdefault(key.name, {}).setdefault(key.meaning, key)
    return {name: tuple(keys.values()) for name, keys in found.items()}


def _keys(schema: Mapping[str, Any], path: tuple[str, ...], file: str) -> Iterator[Key]:
    for name, inner in schema.get("properties", {}).items():
        yield _key(name, inner, path, file)
        yield from _keys(inner, (*path, name), file)
    named = schema.get("additionalProperties")
    if isinstance(named, dict):
        yield from _keys(named, (*path, "NAME"), file)


def _key(name: str, schema: Mapping[str, Any], path: tuple[str, ...], file: str) -> Key:
    where = file
    if path:
        where = f"`{'.'.join(path)}` of {file}"
    examples = schema.get("examples", ())[:1]
    example = ""
    for value in examples:
        shown = {name: value}
        example = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=70)
    return Key(name, where, schema.get("markdownDescription", ""), example.rstrip())


def explained(keys: tuple[Key, ...]) -> str:
    """All that is said of the keys of one name, for a terminal."""
    return "\n\n".join(_explained(key) for key in keys)


def _explained(key: Key) -> str:
    lines = [f"`{key.name}` in {key.where}: {key.meaning}"]
    if key.example:
        lines.append("")
        lines += [f"    {line}" for line in key.example.splitlines()]
    return "\n".join(lines)
