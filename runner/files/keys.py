"""What every key of a file means, from the published schemas."""

from __future__ import annotations

import json
import math
import re
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

RULE = "a rule"
"""What stands in for a file's name where a key is of a rule."""

RULES = frozenset({"where", "all", "any", "none"})
"""The keys that hold rules, in which any key of a rule may stand."""

NAME = "NAME"
"""Stands in a path for a name that people choose."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its path, the file that it is of, what it means, and an example as YAML.
    `inner`: each key that may stand within it, with an example on one line.
    """

    path: tuple[str, ...]
    file: str
    meaning: str
    example: str
    inner: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path[-1]

    @property
    def where(self) -> str:
        """Where it stands, in words."""
        if len(self.path) == 1:
            return self.file
        return f"`{'.'.join(self.path[:-1])}` of {self.file}"


def known() -> Mapping[str, tuple[Key, ...]]:
    """Every key by its name; one that stands in several places has a meaning for each."""
    found: dict[str, dict[str, Key]] = {}
    for key in _every():
        # the same words in two places are told once
        found.setdefault(key.name, {}).setdefault(key.meaning, key)
    return {name: tuple(keys.values()) for name, keys in found.items()}


def at(path: str) -> tuple[Key, ...]:
    """The keys at a path as pages and messages write it, such as `audience.sample` or
    `audience.where.all[0].within`; empty where there are none.
    """
    steps = re.sub(r"\[\d+\]", "", path).split(".")
    found = {key.meaning: key for key in _every() if _is_at(key, steps)}
    places = [place for place, step in enumerate(steps) if step in RULES]
    if not found and places:
        inner = steps[places[-1] + 1 :] or steps[-1:]
        found = {
            key.meaning: key
            for key in _every()
            if key.file == RULE and _is_at(key, inner)
        }
    return tuple(found.values())


def _is_at(key: Key, steps: Sequence[str]) -> bool:
    """True for a key at this path; any name may stand where people choose one."""
    if len(key.path) != len(steps):
        return False
    pairs = zip(key.path, steps, strict=True)
    return all(ours in (step, NAME) for ours, step in pairs)


def _every() -> Iterator[Key]:
    for schema, file in FILES.items():
        published = json.loads(schemas.text(schema))
        rule = published.get("$defs", {}).get("rule", {})
        yield from _keys(published, (), file)
        yield from _keys(rule, (), RULE)


def _keys(schema: Mapping[str, Any], path: tuple[str, ...], file: str) -> Iterator[Key]:
    for name, inner in schema.get("properties", {}).items():
        yield _key((*path, name), inner, file)
        yield from _keys(inner, (*path, name), file)
    for step, inner in _within(schema):
        if step and "title" in inner:
            yield _key((*path, *step), inner, file)
        yield from _keys(inner, (*path, *step), file)


def _within(
    schema: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The schemas of what a list holds, such as a test, and of what is under names that
    people choose; with how the way there is written.
    """
    named, items = schema.get("additionalProperties"), schema.get("items")
    if isinstance(named, dict):
        yield (NAME,), named
    if isinstance(items, dict):
        yield (), items


def _key(path: tuple[str, ...], schema: Mapping[str, Any], file: str) -> Key:
    example = ""
    for value in _first(schema):
        shown = {path[-1]: value}
        example = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=70)
    meaning = schema.get("markdownDescription", "")
    return Key(path, file, meaning, example.rstrip(), tuple(_inner(schema)))


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
