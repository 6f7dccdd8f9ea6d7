"""The cohort schema with this project's own names in it, so that an editor offers
sources, columns and cohorts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from runner.definitions.tree import Tree
from runner.files import schemas
from runner.project.file import Project
from runner.project.sources import Source


def schema(project: Project, tree: Tree, lists: Iterable[str]) -> str:
    """JSON of the schema; `lists`: names of the files under `cohorts/lists/`."""
    made = json.loads(schemas.text("cohort"))
    people = [source for source in project.sources.values() if not source.has_events]
    events = [source for source in project.sources.values() if source.has_events]
    rule, audience = (
        made["$defs"]["rule"]["properties"],
        made["properties"]["audience"]["properties"],
    )
    _offer(audience["from"], {source.name: source.description for source in people})
    _offer(audience["template"], dict.fromkeys(tree.templates, ""))
    _offer(audience["top"]["properties"]["by"], _columns(people))
    _offer(rule["column"], _columns([*people, *events]))
    _offer(rule["event"], {source.name: source.description for source in events})
    _offer(rule["none_after"], {source.name: source.description for source in events})
    _offer(rule["cohort"], {cohort.id: cohort.name for cohort in tree.cohorts})
    for measure in ("distinct", "sum", "avg", "min", "max"):
        _offer(rule[measure]["properties"]["column"], _columns(events))
    for operator in ("in", "not_in"):
        _offer(
            rule[operator]["properties"]["file"],
            {f"lists/{name}": "" for name in lists},
        )
    made["$id"] = "urn:cohort-runner:schema:cohort:1:project"
    return json.dumps(made, indent=2, ensure_ascii=False)


def _columns(sources: Iterable[Source]) -> Mapping[str, str]:
    """Names of columns, with what they hold and where."""
    told: dict[str, list[str]] = {}
    for source in sources:
        for column in source.columns.values():
            about = f"{source.name}: {column.type}{f', {column.description}' if column.description else ''}"
            told.setdefault(column.name, []).append(about)
    return {name: "; ".join(about) for name, about in told.items()}


def _offer(schema_of: dict[str, Any], names: Mapping[str, str]) -> None:
    """Only these values; what is said of each shows beside it. Nothing is offered where
    there is none.
    """
    if names:
        schema_of["anyOf"] = [
            {"const": name, **({"description": said} if said else {})}
            for name, said in names.items()
        ]
