"""Cohorts that refer to cohorts: each must be there, be good, know the same people, and
lead to no circle.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from runner.definitions.cohort import Cohort
from runner.errors import Problem
from runner.files.documents import quoted


def problems(cohorts: Sequence[Cohort], bad: frozenset[str]) -> Iterator[Problem]:
    """Every reference that leads nowhere, and whoever depends on one that does. `bad`:
    ids of files with problems.
    """
    by_id = {cohort.id: cohort for cohort in cohorts}
    circles = _circles(by_id)
    circle = frozenset(circles)
    lost: set[str] = set()
    for cohort_id in _order(by_id, circle):
        cohort = by_id[cohort_id]
        for reference in cohort.references:
            other = by_id.get(reference.cohort)
            what = fix = ""
            if reference.cohort in circles.get(cohort.id, ()):
                what = f"this leads back to {cohort.id} itself: {' → '.join(circles[cohort.id])}"
                fix = "take one of these references out"
            elif (
                reference.cohort in bad
                or reference.cohort in lost
                or reference.cohort in circle
            ):
                what, fix = (
                    f"the cohort {reference.cohort} has problems of its own",
                    "mend its file first",
                )
            elif other is None:
                close = difflib.get_close_matches(reference.cohort, by_id, 1)
                what = f"there is no cohort {quoted(reference.cohort)}"
                fix = (
                    f"perhaps you meant {close[0]}"
                    if close
                    else "add its file, or correct the id"
                )
            elif (
                cohort.rule
                and other.rule
                and other.rule.source.key != cohort.rule.source.key
            ):
                what = f"{other.id} finds people by {other.rule.source.key}, this cohort by {cohort.rule.source.key}"
                fix = "refer to a cohort whose source has the same key"
            if what:
                lost.add(cohort.id)
                yield Problem(cohort.document.at(*reference.pointer), "C012", what, fix)


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
    """For each cohort of a circle the circle, its first id once more at its end."""
    graph = {cohort.id: _needs(cohort, by_id) for cohort in by_id.values()}
    found: dict[str, Sequence[str]] = {}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as exc:
            circle: Sequence[str] = exc.args[1][::-1]
            found.update(dict.fromkeys(circle, circle))
            graph = {
                cohort: needs - found.keys()
                for cohort, needs in graph.items()
                if cohort not in found
            }
        else:
            return found


def _needs(cohort: Cohort, by_id: Mapping[str, Cohort]) -> set[str]:
    return {
        reference.cohort for reference in cohort.references if reference.cohort in by_id
    }
