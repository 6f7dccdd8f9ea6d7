"""A new cohort's file: a first rule, and a first test that proves it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from runner.identifiers import Identifier
from runner.project.sources import Column, Source, Type

_RULES: Mapping[Type, str] = {
    Type.TEXT: "equals: example",
    Type.NUMBER: "gte: 1",
    Type.BOOLEAN: "equals: true",
    Type.DATE: "within: 30d",
    Type.TIME: "within: 30d",
    Type.LIST: "any_of: [example]",
}
_VALUES: Mapping[Type, str] = {
    Type.TEXT: "example",
    Type.NUMBER: "1",
    Type.BOOLEAN: "true",
    Type.DATE: "-1d",
    Type.TIME: "-1d",
    Type.LIST: "[example]",
}


def of_source(
    cohort_id: str,
    name: str,
    *,
    owner: str,
    description: str,
    source: Source,
    events: Source | None,
    named: Sequence[Identifier],
) -> str:
    """A rule on a source of people: one condition on a column, or, where a source of
    events is given, on that.
    """
    people = _people(source, named)
    column = next(
        (each for each in source.columns.values() if _is_askable(each, source, named)),
        None,
    )
    if events:
        rule = f"{{event: {events.name}, within: 30d}}"
        rows = f"{{{events.key}: u1, {events.time}: -3d}}, {{{events.key}: u2, {events.time}: -40d}}"
        given = [
            f"      {source.name}: [{people('u1')}, {people('u2')}]",
            f"      {events.name}: [{rows}]",
        ]
    elif column:
        rule = f"{{column: {column.name}, {_RULES[column.type]}}}"
        has = f"{column.name}: {_VALUES[column.type]}"
        given = [f"      {source.name}: [{people('u1', has)}, {people('u2')}]"]
    else:
        rule = f"{{column: {source.key}, starts_with: u1}}"
        given = [f"      {source.name}: [{people('u1')}, {people('u2')}]"]
    audience = [
        "audience:",
        f"  from: {source.name}",
        "  where:",
        "    all:",
        f"      - {rule}",
    ]
    return _file(cohort_id, name, owner, description, [*audience, *_test(given, named)])


def of_sql(
    cohort_id: str,
    name: str,
    *,
    owner: str,
    description: str,
    named: Sequence[Identifier],
) -> str:
    """A query of a table, where the project declares no source of people."""
    columns = ", ".join(dict.fromkeys(identifier.column for identifier in named))
    rows = [
        "{"
        + ", ".join(f"{one.column}: {_value(one, who)}" for one in named)
        + f", country: {country}}}"
        for who, country in (("u1", "US"), ("u2", "DE"))
    ]
    audience = [
        "audience:",
        "  sql: |",
        f"    SELECT {columns}",
        "    FROM customers",
        "    WHERE country = 'US'",
    ]
    given = [f"      customers: [{', '.join(rows)}]"]
    return _file(cohort_id, name, owner, description, [*audience, *_test(given, named)])


def _file(
    cohort_id: str, name: str, owner: str, description: str, rest: Sequence[str]
) -> str:
    lines = [f"id: {cohort_id}", f"name: {_text(name)}"]
    lines += [f"description: {_text(description)}"] if description else []
    lines += [f"owner: {_text(owner)}"] if owner else []
    return "\n".join([*lines, *rest]) + "\n"


def _test(given: Sequence[str], named: Sequence[Identifier]) -> list[str]:
    return [
        "tests:",
        "  - name: who meets the rule belongs to it, and nobody else",
        "    given:",
        *given,
        f"    expect: {_expected(named)}",
    ]


def _is_askable(column: Column, source: Source, named: Sequence[Identifier]) -> bool:
    taken = {source.key, *(identifier.column for identifier in named)}
    return column.name not in taken and not column.personal and not column.deprecated


def _people(source: Source, named: Sequence[Identifier]) -> Any:
    def row(who: str, more: str = "") -> str:
        cells = {source.key: who} | {
            one.column: _value(one, who) for one in named if one.column != source.key
        }
        return (
            "{"
            + ", ".join(
                [
                    *(f"{name}: {value}" for name, value in cells.items()),
                    *([more] if more else []),
                ]
            )
            + "}"
        )

    return row


def _value(identifier: Identifier, who: str) -> str:
    return (
        who if identifier.handle.kind == "external_id" else f"{who}_{identifier.column}"
    )


def _expected(named: Sequence[Identifier]) -> str:
    if len(named) == 1:
        return f"[{_value(named[0], 'u1')}]"
    plain = {
        one.handle.kind.value: f"[{_value(one, 'u1')}]"
        for one in named
        if not one.handle.label
    }
    labels = {
        one.handle.label: f"[{_value(one, 'u1')}]" for one in named if one.handle.label
    }
    if labels:
        plain["aliases"] = (
            "{"
            + ", ".join(f"{label}: {value}" for label, value in labels.items())
            + "}"
        )
    return "{" + ", ".join(f"{name}: {value}" for name, value in plain.items()) + "}"


def _text(text: str) -> str:
    """Text as YAML: plain where that is safe, else in quotes."""
    is_plain = re.fullmatch(r"[A-Za-z][\w ().-]*[\w).]", text) and text.lower() not in (
        "true",
        "false",
        "null",
    )
    return text if is_plain else json.dumps(text, ensure_ascii=False)
