"""The cohort schema with this project's own names in it, so that an editor offers
sources, columns and cohorts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runner.definitions.tree import Tree
from runner.files import schemas
from runner.project.file import Project
from runner.project.sources import Source


def schema(project: Project, tree: Tree, lists: Iterable[str]) -> str:
    """The schema as JSON. `lists` are the names of the files under `cohorts/lists/`."""
    made = json.loads(schemas.text("cohort"))
    rule = made["$defs"]["rule"]["properties"]
    audience = made["properties"]["audience"]["properties"]
    people = [source for source in project.sources.values() if not source.has_events]
    events = [source for source in project.sources.values() if source.has_events]
    _offer(audience["from"], _descriptions(people))
    _offer(audience["template"], dict.fromkeys(tree.templates, ""))
    _offer(audience["top"]["properties"]["by"], _columns(people))
    _offer(rule["column"], _columns([*people, *events]))
    _offer(rule["event"], _descriptions(events))
    _offer(rule["none_after"], _descriptions(events))
    _offer(rule["cohort"], {cohort.id: cohort.name for cohort in tree.cohorts})
    for measure in ("distinct", "sum", "avg", "min", "max"):
        _offer(rule[measure]["properties"]["column"], _columns(events))
    made["$defs"]["rule"].setdefault("allOf", []).extend(_values([*people, *events]))
    files = [f"lists/{name}" for name in lists]
    for operator in ("in", "not_in"):
        _offer(rule[operator]["properties"]["file"], dict.fromkeys(files, ""))
    made["$id"] = "urn:cohort-runner:schema:cohort:1:project"
    return json.dumps(made, indent=2, ensure_ascii=False)


def _descriptions(sources: Iterable[Source]) -> Mapping[str, str]:
    return {source.name: source.description for source in sources}


def _columns(sources: Iterable[Source]) -> Mapping[str, str]:
    """Names of columns, with what they hold and where."""
    told: dict[str, list[str]] = {}
    for source in sources:
        for column in source.columns.values():
            about = f"{source.name}: {column.type}"
            if column.description:
                about += f", {column.description}"
            told.setdefault(column.name, []).append(about)
    return {name: "; ".join(about) for name, about in told.items()}


def _values(sources: Iterable[Source]) -> Iterator[dict[str, Any]]:
    """For each column whose values are declared: the values that its tests may have. A
    column of one name that another source leaves open may have any.
    """
    told: dict[str, list[Any]] = {}
    is_open: set[str] = set()
    for source in sources:
        for column in source.columns.values():
            told.setdefault(column.name, []).extend(column.values)
            if not column.values:
                is_open.add(column.name)
    for name, values in told.items():
        if name in is_open:
            continue
        # two sources may declare the same value, which an enum has once
        choices = list({json.dumps(value): value for value in values}.values())
        one, several = {"enum": choices}, {"items": {"enum": choices}}
        tests = {"equals": one, "not_equals": one, "in": several, "not_in": several}
        asked = {"properties": {"column": {"const": name}}, "required": ["column"]}
        yield {"if": asked, "then": {"properties": tests}}


def _offer(schema_of: dict[str, Any], names: Mapping[str, str]) -> None:
    """Allow only these values in a part of the schema; an editor shows what is said of
    each beside it. Without any value the part stays as it is.
    """
    choices: list[dict[str, str]] = []
    for name, said in names.items():
        choice = {"const": name}
        if said:
            choice["description"] = said
        choices.append(choice)
    if choices:
        schema_of["anyOf"] = choices
