"""Why the query of a cohort changed whose own file did not: a variable, a template or a
macro, a list, a source or another cohort; pure.
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

_MACRO = re.compile(
    r"\{%[-+]?\s*macro\s+(?P<name>\w+).*?\{%[-+]?\s*endmacro\s*[-+]?%\}", re.DOTALL
)
_IMPORT = re.compile(r"\{%[-+]?\s*from\b.*?%\}", re.DOTALL)


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
    yield from _templates(cohort.sql, used, old.templates)
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


def _templates(
    sql: str, used: Mapping[str, str], old: Mapping[str, str]
) -> Iterator[Reason]:
    """The templates that changed. Where only macros did, they are named instead, if the
    cohort calls them.
    """
    called = _called(sql, used)
    for name, text in used.items():
        before = old.get(name, "")
        if before == text:
            continue
        rest, macros = _macros(text)
        rest_before, macros_before = _macros(before)
        if rest != rest_before or not macros:
            yield Reason(Why.TEMPLATE_CHANGED, (name,))
            continue
        for macro in sorted(macros.keys() & called):
            if macros_before.get(macro) != macros[macro]:
                yield Reason(Why.MACRO_CHANGED, (macro, name))


def _called(sql: str, used: Mapping[str, str]) -> frozenset[str]:
    """The macros that a cohort calls, in its SQL, in the texts of its templates, or in
    macros that those call.
    """
    texts = [sql]
    macros: dict[str, str] = {}
    for text in used.values():
        rest, own = _macros(text)
        texts.append(rest)
        macros |= own
    called: set[str] = set()
    while texts:
        # an import names macros that need not be called
        text = _IMPORT.sub("", texts.pop())
        named = {name for name in macros if re.search(rf"\b{name}\b", text)}
        texts += [macros[name] for name in named - called]
        called |= named
    return frozenset(called)


def _macros(text: str) -> tuple[str, Mapping[str, str]]:
    """A template's text without its macros and the white space around it, and the texts
    of its macros by name.
    """
    macros = {found["name"]: found[0] for found in _MACRO.finditer(text)}
    return _MACRO.sub("", text).strip(), macros


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
