"""A new cohort's file: a first rule, and a first test that proves it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from runner.identifiers import Identifier, Kind
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
    first = _person(source, named, "u1")
    second = _person(source, named, "u2")
    column = _askable(source, named)
    more: list[str] = []
    if events:
        rule = f"{{event: {events.name}, within: 30d}}"
        inside = _row({events.key: "u1", events.time: "-3d"})
        outside = _row({events.key: "u2", events.time: "-40d"})
        more = [f"      {events.name}: [{inside}, {outside}]"]
    elif column:
        rule = f"{{column: {column.name}, {_RULES[column.type]}}}"
        first[column.name] = _VALUES[column.type]
    else:
        rule = f"{{column: {source.key}, starts_with: u1}}"
    given = [f"      {source.name}: [{_row(first)}, {_row(second)}]", *more]
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
    first = {one.column: _value(one, "u1") for one in named}
    second = {one.column: _value(one, "u2") for one in named}
    rows = [_row(first | {"country": "US"}), _row(second | {"country": "DE"})]
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
    """The text of the whole file."""
    lines = [f"id: {cohort_id}", f"name: {_text(name)}"]
    if description:
        lines.append(f"description: {_text(description)}")
    if owner:
        lines.append(f"owner: {_text(owner)}")
    return "\n".join([*lines, *rest]) + "\n"


def _test(given: Sequence[str], named: Sequence[Identifier]) -> list[str]:
    """The lines of the first test."""
    return [
        "tests:",
        "  - name: who meets the rule belongs to it, and nobody else",
        "    given:",
        *given,
        f"    expect: {_expected(named)}",
    ]


def _askable(source: Source, named: Sequence[Identifier]) -> Column | None:
    """The first column that a rule may well ask about: it says nothing of who somebody
    is, and is not on its way out.
    """
    taken = {source.key, *(identifier.column for identifier in named)}
    for column in source.columns.values():
        if column.name in taken or column.personal or column.deprecated:
            continue
        return column
    return None


def _person(source: Source, named: Sequence[Identifier], who: str) -> dict[str, str]:
    """A row of a source of people: its key and its identifiers."""
    cells = {source.key: who}
    for identifier in named:
        if identifier.column != source.key:
            cells[identifier.column] = _value(identifier, who)
    return cells


def _row(cells: Mapping[str, str]) -> str:
    """A row as YAML on one line."""
    return "{" + ", ".join(f"{name}: {value}" for name, value in cells.items()) + "}"


def _value(identifier: Identifier, who: str) -> str:
    """A value of an identifier, another one for each column."""
    if identifier.handle.kind is Kind.EXTERNAL_ID:
        return who
    return f"{who}_{identifier.column}"


def _expected(named: Sequence[Identifier]) -> str:
    """Who is expected, by handle where there are several."""
    if len(named) == 1:
        return f"[{_value(named[0], 'u1')}]"
    plain: dict[str, str] = {}
    labels: dict[str, str] = {}
    for identifier in named:
        member = f"[{_value(identifier, 'u1')}]"
        if identifier.handle.label:
            labels[identifier.handle.label] = member
        else:
            plain[identifier.handle.kind.value] = member
    if labels:
        plain["aliases"] = _row(labels)
    return _row(plain)


def _text(text: str) -> str:
    """Text as YAML: plain where that is safe, else in quotes."""
    is_name = re.fullmatch(r"[A-Za-z][\w ().-]*[\w).]", text)
    if is_name and text.lower() not in ("true", "false", "null"):
        return text
    return json.dumps(text, ensure_ascii=False)
