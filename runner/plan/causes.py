"""Why the query of a cohort changed whose own file did not: a variable, a template, a list,
a source or another cohort; pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from runner.definitions.cohort import Cohort
from runner.plan.plan import Action, Change, Plan
from runner.plan.reason import Reason, Why
from runner.project.file import Variable
from runner.project.sources import Source


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


def _causes(cohort: Cohort, old: Around, new: Around) -> Iterator[Reason]:
    used = _used(cohort, new.templates)
    yield from _variables("\n".join([cohort.sql, *used.values()]), old.vars, new.vars)
    for name, template in used.items():
        if old.templates.get(name) != template:
            yield Reason(Why.TEMPLATE_CHANGED, (name,))
    for name, values in new.lists.items():
        is_used = _names(cohort.document.source, f"lists/{name}")
        if is_used and old.lists.get(name) != values:
            yield Reason(Why.LIST_CHANGED, (name,))
    if cohort.rule:
        for source in cohort.rule.sources:
            if old.sources.get(source.name) != new.sources.get(source.name):
                yield Reason(Why.SOURCE_CHANGED, (source.name,))
    for reference in cohort.references:
        name = reference.cohort
        if old.fingerprints.get(name) != new.fingerprints.get(name):
            yield Reason(Why.COHORT_CHANGED, (name,))


def _used(cohort: Cohort, templates: Mapping[str, str]) -> Mapping[str, str]:
    """The templates that a cohort is made of, by name: its own, those that its SQL
    names, and those that they name.
    """
    used: dict[str, str] = {}
    texts = [cohort.template, cohort.sql]
    while texts:
        text = texts.pop()
        named = {name for name in templates if _names(text, name)}
        for name in sorted(named - used.keys()):
            used[name] = templates[name]
            texts.append(templates[name])
    return dict(sorted(used.items()))


def _names(text: str, name: str) -> bool:
    """True where a text has this name of a file, and not as part of a longer name."""
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w./-])", text) is not None


def _variables(
    text: str, old: Mapping[str, Variable], new: Mapping[str, Variable]
) -> Iterator[Reason]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after or not re.search(rf"\b{re.escape(name)}\b", text):
            continue
        told = "changed"
        if _is_number(before) and _is_number(after):
            told = f"is {after} now, and was {before}"
        yield Reason(Why.VARIABLE_CHANGED, (name, told))


def _is_number(value: Variable | None) -> bool:
    """A variable whose value is told; a text may name somebody."""
    return isinstance(value, int | float) and not isinstance(value, bool)
