"""Which cohorts a command is about, in the words of dbt: space is union, comma is
intersection; pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from runner.definitions.cohort import Cohort
from runner.errors import CohortsError, ExitCode
from runner.plan.ledger import Deployed, Destination
from runner.plan.plan import Action, Change, Plan

STATES: Mapping[str, frozenset[Action]] = {
    "new": frozenset({Action.CREATE}),
    "modified": frozenset({Action.UPDATE, Action.RENAME}),
    "removed": frozenset({Action.WITHDRAW}),
}
"""What `state:` means, by the plan; `state:failed` is any whose last attempt did not finish."""

METHODS = ("tag", "owner", "path", "state")
"""Before a colon; without one it is an id. All but `state` take globs."""

KNOWN = 10
"""Ids that a message lists; the others are counted."""


class BadSelection(CohortsError):
    """A selection that cannot be read, or that nothing answers to."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `method` is empty for ids."""

    method: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Unions of intersections: what to take (everything where empty), and what of it to leave out."""

    taken: tuple[tuple[Term, ...], ...] = ()
    left_out: tuple[tuple[Term, ...], ...] = ()


def read(select: Sequence[str], exclude: Sequence[str]) -> Selection:
    """The selection that options ask for. Raises BadSelection."""
    return Selection(_union(select), _union(exclude))


def choose(plan: Plan, selection: Selection) -> Plan:
    """The part of a plan that is selected. What is not is left as it is: to select some
    never means to withdraw the others, and the limit on withdrawals still looks at all
    of them. Raises BadSelection where nothing answers.
    """
    chosen = tuple(change for change in plan.changes if _is_selected(change, selection))
    terms = [term for every in selection.taken for term in every]
    if (
        not chosen
        and terms
        and plan.changes
        and not any(term.method == "state" for term in terms)
    ):
        close = (
            []
            if terms[0].method
            else _close(terms[0].pattern, [change.id for change in plan.changes])
        )
        fix = f"perhaps you meant {' or '.join(close)}" if close else _known(plan)
        raise BadSelection("P106", "no cohort answers to this selection", fix)
    kept = tuple(change for change in plan.kept if _is_selected(change, selection))
    return replace(
        plan, changes=chosen, kept=kept, not_selected=len(plan.changes) - len(chosen)
    )


def of_cohorts(cohorts: Sequence[Cohort], selection: Selection) -> tuple[Cohort, ...]:
    """The cohorts that are selected, where there is no plan to tell their state. Raises
    BadSelection.
    """
    terms = [
        term for every in (*selection.taken, *selection.left_out) for term in every
    ]
    if any(term.method == "state" for term in terms):
        raise BadSelection(
            "P106",
            "a state is known of a plan only",
            "select by id, tag:, owner: or path:",
        )
    changes = [
        Change(where, Action.NONE, (), None, Deployed(where), cohort=cohort)
        for cohort in cohorts
        for where in [Destination("", cohort.id)]
    ]
    chosen = choose(Plan("", "", tuple(changes)), selection)
    return tuple(change.cohort for change in chosen.changes if change.cohort)


def _known(plan: Plan) -> str:
    """The ids that may be selected. Whoever reads this may have no key to ask the ledger."""
    ids = sorted({change.id for change in plan.changes})
    more = f" and {len(ids) - KNOWN:,} more" if len(ids) > KNOWN else ""
    return f"the ids are: {', '.join(ids[:KNOWN])}{more}"


def _close(pattern: str, ids: Sequence[str]) -> list[str]:
    return [each for each in ids if pattern in each][:3] or difflib.get_close_matches(
        pattern, ids, 3
    )


def _union(expressions: Sequence[str]) -> tuple[tuple[Term, ...], ...]:
    pieces = [piece for expression in expressions for piece in expression.split()]
    return tuple(
        tuple(_term(text, piece) for text in piece.split(",")) for piece in pieces
    )


def _term(text: str, piece: str) -> Term:
    method, colon, pattern = text.rpartition(":")
    if not pattern:
        raise BadSelection(
            "P106",
            f"the selection {piece[:60]!r} lacks a value",
            "write tag:retention, or vip_*",
        )
    if not colon:
        return Term("", pattern)
    if method not in METHODS:
        raise BadSelection(
            "P106",
            f"one cannot select by {method[:30]!r}",
            f"use an id, or {', '.join(METHODS)}",
        )
    states = (*STATES, "failed")
    if method == "state" and pattern not in states:
        raise BadSelection(
            "P106",
            f"there is no state {pattern[:30]!r}",
            f"use one of: {', '.join(states)}",
        )
    return Term(method, pattern)


def _is_selected(change: Change, selection: Selection) -> bool:
    def answers(union: tuple[tuple[Term, ...], ...]) -> bool:
        return any(
            all(_ANSWERS[term.method](change, term.pattern) for term in every)
            for every in union
        )

    return (not selection.taken or answers(selection.taken)) and not answers(
        selection.left_out
    )


def _tagged(change: Change, pattern: str) -> bool:
    return (
        any(fnmatchcase(tag, pattern) for tag in change.cohort.tags)
        if change.cohort
        else False
    )


def _owned(change: Change, pattern: str) -> bool:
    return bool(change.cohort and fnmatchcase(change.cohort.owner, pattern))


def _placed(change: Change, pattern: str) -> bool:
    if not change.cohort:
        return False
    path = change.cohort.document.path
    wanted = pattern.removeprefix("./").rstrip("/")
    wanted = wanted if wanted.split("/")[0] == "cohorts" else f"cohorts/{wanted}"
    return fnmatchcase(path, wanted) or path.startswith(f"{wanted}/")


def _is_in(change: Change, state: str) -> bool:
    return change.is_unfinished if state == "failed" else change.action in STATES[state]


_ANSWERS: Mapping[str, Callable[[Change, str], bool]] = {
    "": lambda change, pattern: fnmatchcase(change.id, pattern),
    "tag": _tagged,
    "owner": _owned,
    "path": _placed,
    "state": _is_in,
}
