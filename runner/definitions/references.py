"""Cohorts that refer to cohorts: each must be there, be good, know the same people, and
lead to no circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.files.documents import quoted
from runner.files.suggestions import suggestion


@dataclass(frozen=True, slots=True)
class _Known:
    """What references are checked against: the good cohorts by id, for each cohort of a
    circle the circle, and the ids of files with problems.
    """

    by_id: Mapping[str, Cohort]
    circles: Mapping[str, Sequence[str]]
    bad: frozenset[str]


def problems(cohorts: Sequence[Cohort], bad: frozenset[str]) -> Iterator[Problem]:
    """Every reference that leads nowhere, and every cohort that depends on one that
    does. `bad` are the ids of files with problems.
    """
    by_id = {cohort.id: cohort for cohort in cohorts}
    known = _Known(by_id, _circles(by_id), bad)
    lost: set[str] = set()
    # a cohort comes after those that it refers to, so that these are known to be lost
    for cohort_id in _order(by_id, frozenset(known.circles)):
        cohort = by_id[cohort_id]
        for reference in cohort.references:
            fault = _fault(cohort, reference.cohort, known, lost)
            if fault is None:
                continue
            lost.add(cohort.id)
            at = cohort.document.at(*reference.pointer)
            yield Problem(at, "C012", *fault)


def _fault(
    cohort: Cohort, asked: str, known: _Known, lost: Collection[str]
) -> tuple[str, str] | None:
    """What is wrong with a reference to the cohort `asked`, and what to do; None where
    nothing is.
    """
    circle = known.circles.get(cohort.id, ())
    if asked in circle:
        what = f"this leads back to {cohort.id} itself: {' → '.join(circle)}"
        return what, "take one of these references out"
    if asked in known.bad or asked in lost or asked in known.circles:
        return f"the cohort {asked} has problems of its own", "mend its file first"
    other = known.by_id.get(asked)
    if other is None:
        otherwise = "add its file, or correct the id"
        fix = suggestion(asked, known.by_id, otherwise)
        return f"there is no cohort {quoted(asked)}", fix
    if cohort.rule is None or other.rule is None:
        return None
    mine, theirs = cohort.rule.source.key, other.rule.source.key
    if mine != theirs:
        what = f"{other.id} finds people by {theirs}, this cohort by {mine}"
        return what, "refer to a cohort whose source has the same key"
    return None


def in_order(cohorts: Sequence[Cohort]) -> list[Cohort]:
    """The cohorts, each after those that it refers to; there is no circle among them."""
    by_id = {cohort.id: cohort for cohort in cohorts}
    return [by_id[cohort_id] for cohort_id in _order(by_id, frozenset())]


def _order(by_id: Mapping[str, Cohort], circle: frozenset[str]) -> list[str]:
    """Ids, each after those that it needs; those of a circle first."""
    graph = {
        cohort.id: _needs(cohort, by_id) - circle
        for cohort in by_id.values()
        if cohort.id not in circle
    }
    return [*sorted(circle), *TopologicalSorter(graph).static_order()]


def _circles(by_id: Mapping[str, Cohort]) -> Mapping[str, Sequence[str]]:
    """For each cohort of a circle the circle, with its first id once more at its end."""
    graph = {cohort.id: _needs(cohort, by_id) for cohort in by_id.values()}
    found: dict[str, Sequence[str]] = {}
    # the sorter names one circle at a time: take it out, and ask again
    while circle := _circle(graph):
        found.update(dict.fromkeys(circle, circle))
        graph = {
            cohort: needs - found.keys()
            for cohort, needs in graph.items()
            if cohort not in found
        }
    return found


def _circle(graph: Mapping[str, set[str]]) -> Sequence[str]:
    """One circle of a graph, in the direction of its references; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        circle: Sequence[str] = exc.args[1]
        return circle[::-1]
    return ()


def _needs(cohort: Cohort, by_id: Mapping[str, Cohort]) -> set[str]:
    """The ids that a cohort refers to, of those that are there."""
    return {
        reference.cohort for reference in cohort.references if reference.cohort in by_id
    }
