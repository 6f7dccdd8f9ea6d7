"""What every key of a file means, from the published schemas."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
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
    """One key: its name, where it stands, what it means, and an example as YAML. `inner`:
    each key that may stand within it, with an example on one line.
    """

    name: str
    where: str
    meaning: str
    example: str
    inner: tuple[str, ...] = ()


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
    for step, inner in _within(schema):
        yield from _keys(inner, (*path, *step), file)


def _within(
    schema: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The schemas of what a list holds, such as a test, and of what is under names that
    people choose; with how the way there is written.
    """
    named, items = schema.get("additionalProperties"), schema.get("items")
    if isinstance(named, dict):
        yield ("NAME",), named
    if isinstance(items, dict):
        yield (), items


def _key(name: str, schema: Mapping[str, Any], path: tuple[str, ...], file: str) -> Key:
    where = file
    if path:
        where = f"`{'.'.join(path)}` of {file}"
    example = ""
    for value in _first(schema):
        shown = {name: value}
        example = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=70)
    meaning = schema.get("markdownDescription", "")
    return Key(name, where, meaning, example.rstrip(), tuple(_inner(schema)))


def _first(schema: Mapping[str, Any]) -> Sequence[Any]:
    """The first example of a key, or none."""
    examples: Sequence[Any] = schema.get("examples", ())
    return examples[:1]


def _inner(schema: Mapping[str, Any]) -> Iterator[str]:
    for group in (schema, *(each for _, each in _within(schema))):
        for name, key in group.get("properties", {}).items():
            for value in _first(key):
                yield f"{name}: {_on_one_line(value)}"


def _on_one_line(value: object) -> str:
    text = yaml.safe_dump(
        value,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=math.inf,
    )
    # YAML's mark of the end of a document, after a value that is no group
    return text.removesuffix("...\n").rstrip()


def explained(keys: tuple[Key, ...]) -> str:
    """All that is said of the keys of one name, for a terminal."""
    return "\n\n".join(_explained(key) for key in keys)


def _explained(key: Key) -> str:
    lines = [f"`{key.name}` in {key.where}: {key.meaning}"]
    if key.example:
        lines.append("")
        lines += [f"    {line}" for line in key.example.splitlines()]
    if key.inner:
        lines += ["", "What may stand in it, each with an example:", ""]
        lines += [f"    {line}" for line in key.inner]
    return "\n".join(lines)
