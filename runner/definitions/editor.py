"""The cohort schema with this project's own names in it, so that an editor offers
sources, columns and cohorts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runner.definitions.tree import Tree
from runner.files import schemas
from runner.project.file import Project
from runner.project.sources import Source

Json = dict[str, Any]
"""A part of the schema."""


def schema(project: Project, tree: Tree, lists: Iterable[str]) -> str:
    """The schema as JSON. `lists` are the names of the files under `cohorts/lists/`."""
    made = json.loads(schemas.text("cohort"))
    made["$id"] = "urn:cohort-runner:schema:cohort:1:project"
    people: list[Source] = []
    events: list[Source] = []
    for source in project.sources.values():
        if source.has_events:
            events.append(source)
        else:
            people.append(source)
    _offer_in_audience(made["properties"]["audience"]["properties"], people, tree)
    rule = made["$defs"]["rule"]
    _offer_in_rule(rule["properties"], people, events)
    _offer(rule["properties"]["cohort"], _names(tree))
    _offer_files(rule["properties"], lists)
    conditions = rule.setdefault("allOf", [])
    conditions.extend(_values([*people, *events]))
    return json.dumps(made, indent=2, ensure_ascii=False)


def _offer_in_audience(audience: Json, people: Sequence[Source], tree: Tree) -> None:
    """Offer the sources of people, their columns and the templates."""
    _offer(audience["from"], _descriptions(people))
    _offer(audience["template"], dict.fromkeys(tree.templates, ""))
    top = audience["top"]["properties"]
    _offer(top["by"], _columns(people))


def _offer_in_rule(
    rule: Json, people: Sequence[Source], events: Sequence[Source]
) -> None:
    """Offer the sources of events, and all columns."""
    _offer(rule["column"], _columns([*people, *events]))
    of_events = _descriptions(events)
    _offer(rule["event"], of_events)
    _offer(rule["none_after"], of_events)
    measured = _columns(events)
    for measure in ("distinct", "sum", "avg", "min", "max"):
        properties = rule[measure]["properties"]
        _offer(properties["column"], measured)


def _offer_files(rule: Json, lists: Iterable[str]) -> None:
    """Offer the lists of values."""
    files = [f"lists/{name}" for name in lists]
    offered = dict.fromkeys(files, "")
    for operator in ("in", "not_in"):
        properties = rule[operator]["properties"]
        _offer(properties["file"], offered)


def _names(tree: Tree) -> Mapping[str, str]:
    """The names of cohorts by their ids."""
    return {cohort.id: cohort.name for cohort in tree.cohorts}


def _descriptions(sources: Iterable[Source]) -> Mapping[str, str]:
    """The descriptions of sources by their names."""
    return {source.name: source.description for source in sources}


def _columns(sources: Iterable[Source]) -> Mapping[str, str]:
    """Names of columns, with what they hold and where."""
    told: dict[str, list[str]] = {}
    for source in sources:
        for column in source.columns.values():
            about = f"{source.name}: {column.type}"
            if column.description:
                about += f", {column.description}"
            of_name = told.setdefault(column.name, [])
            of_name.append(about)
    return {name: "; ".join(about) for name, about in told.items()}


def _values(sources: Iterable[Source]) -> Iterator[Json]:
    """For each column whose values are declared: the values that its tests may have. A
    column of one name that another source leaves open may have any.
    """
    declared: dict[str, list[Any]] = {}
    left_open: set[str] = set()
    for source in sources:
        for column in source.columns.values():
            of_name = declared.setdefault(column.name, [])
            of_name.extend(column.values)
            if not column.values:
                left_open.add(column.name)
    for name, values in declared.items():
        if name not in left_open:
            yield _only(name, values)


def _only(column: str, values: Iterable[Any]) -> Json:
    """The condition that the tests of a column have these values."""
    # two sources may declare the same value, which an enum has once
    unique = {json.dumps(value): value for value in values}
    one = {"enum": list(unique.values())}
    several = {"items": one}
    tests = {"equals": one, "not_equals": one, "in": several, "not_in": several}
    is_column = {"const": column}
    asked = {"properties": {"column": is_column}, "required": ["column"]}
    return {"if": asked, "then": {"properties": tests}}


def _offer(schema_of: Json, names: Mapping[str, str]) -> None:
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
