"""Why the query of a cohort changed whose own file did not: a variable, a template, a list,
a source or another cohort; pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from runner.definitions.cohort import Cohort
from runner.plan.plan import Action, Change, Plan
from runner.project.file import Variable
from runner.project.sources import Source

SHOWN = (int, float)
"""Types of variables whose values are told; a text may name somebody."""


@dataclass(frozen=True, slots=True)
class Around:
    """What cohorts of one tree use: the variables of a target, the texts of templates by
    name, the values of lists by name, the declared sources, and what each cohort would
    deliver, as fingerprints by id.
    """

    vars: Mapping[str, Variable] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)


def told(plan: Plan, before: Mapping[str, Cohort], old: Around, new: Around) -> Plan:
    """The plan with a cause for each update of a cohort whose file is the same; `before`
    are the cohorts of the other tree, by id.
    """
    changes = tuple(_told(change, before, old, new) for change in plan.changes)
    return replace(plan, changes=changes)


def _told(
    change: Change, before: Mapping[str, Cohort], old: Around, new: Around
) -> Change:
    cohort = change.cohort
    if cohort is None or change.action is not Action.UPDATE:
        return change
    former = before.get(cohort.id)
    if former is None or former.document.source != cohort.document.source:
        return change
    found = tuple(_causes(cohort, old, new))
    return replace(change, reasons=(*change.reasons, *found))


def _causes(cohort: Cohort, old: Around, new: Around) -> Iterator[str]:
    text = _text(cohort, new.templates)
    yield from _variables(text, old.vars, new.vars)
    for name, template in new.templates.items():
        is_used = name == cohort.template or name in text
        if is_used and old.templates.get(name) != template:
            yield f"the template {name} changed"
    for name, values in new.lists.items():
        if name in cohort.document.source and old.lists.get(name) != values:
            yield f"the list {name} changed"
    if cohort.rule:
        for source in cohort.rule.sources:
            if old.sources.get(source.name) != new.sources.get(source.name):
                yield f"the source {source.name} changed"
    for reference in cohort.references:
        name = reference.cohort
        if old.fingerprints.get(name) != new.fingerprints.get(name):
            yield f"it uses {name}, which changed"


def _text(cohort: Cohort, templates: Mapping[str, str]) -> str:
    """The cohort's SQL with that of the templates that it names."""
    used = [text for name, text in templates.items() if name in cohort.sql]
    return "\n".join([cohort.sql, *used])


def _variables(
    text: str, old: Mapping[str, Variable], new: Mapping[str, Variable]
) -> Iterator[str]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after or not re.search(rf"\b{re.escape(name)}\b", text):
            continue
        if isinstance(before, SHOWN) and isinstance(after, SHOWN):
            yield f"vars.{name} is {after:g} now, and was {before:g}"
        else:
            yield f"vars.{name} changed"
