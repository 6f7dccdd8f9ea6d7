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


Lists = Mapping[str, tuple[str, ...]]
"""The values of lists, by name."""

Sources = Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Around:
    """What cohorts of one tree use: the variables of a target, the texts of templates by
    name, the values of lists by name, the declared sources, and what each cohort would
    deliver, as fingerprints by id.
    """

    vars: Mapping[str, Variable] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    lists: Lists = field(default_factory=dict)
    sources: Sources = field(default_factory=dict)
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
    """What changed of what a cohort uses."""
    used = _used(cohort, new.templates)
    text = "\n".join([cohort.sql, *used.values()])
    yield from _variables(text, old.vars, new.vars)
    yield from _templates(cohort.sql, used, old.templates)
    yield from _lists(cohort.document.source, old.lists, new.lists)
    yield from _sources(cohort, old.sources, new.sources)
    for reference in cohort.references:
        name = reference.cohort
        before = old.fingerprints.get(name)
        if before != new.fingerprints.get(name):
            yield Reason(Why.COHORT_CHANGED, (name,))


def _lists(text: str, old: Lists, new: Lists) -> Iterator[Reason]:
    """The lists that changed, of those that a file names."""
    for name, values in new.items():
        is_used = _names(text, f"lists/{name}")
        if is_used and old.get(name) != values:
            yield Reason(Why.LIST_CHANGED, (name,))


def _sources(cohort: Cohort, old: Sources, new: Sources) -> Iterator[Reason]:
    """The sources that changed, of those that a rule reads."""
    if cohort.rule is None:
        return
    for source in cohort.rule.sources:
        before = old.get(source.name)
        if before != new.get(source.name):
            yield Reason(Why.SOURCE_CHANGED, (source.name,))


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
        if before != text:
            yield from _of_template(name, before, text, called)


def _of_template(
    name: str, before: str, after: str, called: frozenset[str]
) -> Iterator[Reason]:
    """What changed in one template: it, or macros of it that are called."""
    rest_before, macros_before = _macros(before)
    rest, macros = _macros(after)
    if rest != rest_before or not macros:
        yield Reason(Why.TEMPLATE_CHANGED, (name,))
        return
    for macro, text in sorted(macros.items()):
        if macro in called and macros_before.get(macro) != text:
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
        named = {name for name in macros if _has_word(text, name)}
        new = named - called
        texts += [macros[name] for name in new]
        called |= new
    return frozenset(called)


def _has_word(text: str, word: str) -> bool:
    """True where a word stands in a text by itself."""
    pattern = rf"\b{re.escape(word)}\b"
    return re.search(pattern, text) is not None


def _macros(text: str) -> tuple[str, Mapping[str, str]]:
    """A template's text without its macros and the white space around it, and the texts
    of its macros by name.
    """
    macros: dict[str, str] = {}
    for found in _MACRO.finditer(text):
        macros[found["name"]] = found[0]
    rest = _MACRO.sub("", text)
    return rest.strip(), macros


def _names(text: str, name: str) -> bool:
    """True where a text has this name of a file, and not as part of a longer name."""
    escaped = re.escape(name)
    pattern = rf"(?<![\w./-]){escaped}(?![\w./-])"
    return re.search(pattern, text) is not None


def _variables(
    text: str, old: Mapping[str, Variable], new: Mapping[str, Variable]
) -> Iterator[Reason]:
    """The variables that changed, of those that a text names."""
    for name in sorted({*old, *new}):
        before = old.get(name)
        after = new.get(name)
        if before == after or not _has_word(text, name):
            continue
        told = "changed"
        if _is_number(before) and _is_number(after):
            told = f"is {after} now, and was {before}"
        yield Reason(Why.VARIABLE_CHANGED, (name, told))


def _is_number(value: Variable | None) -> bool:
    """A variable whose value is told; a text may name somebody."""
    return isinstance(value, int | float) and not isinstance(value, bool)
