"""Which cohorts a command is about, in the words of dbt: space is union, comma is
intersection; pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
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
"""The actions that each `state:` stands for. `state:failed` is any cohort whose last
attempt did not finish.
"""

METHODS = ("tag", "owner", "path", "state")
"""What may stand before a colon; without one it is an id. All but `state` take globs."""

KNOWN = 10
"""Ids that a message lists; the others are counted."""


class BadSelection(CohortsError):
    """A selection that cannot be read, or that nothing answers to."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Term:
    """One condition on a cohort."""

    method: str
    """One of METHODS; empty for an id."""
    pattern: str
    """A state, or a glob."""


Union = tuple[tuple[Term, ...], ...]
"""A cohort is in it if it meets all terms of any of its parts."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The cohorts that a command is about."""

    taken: Union = ()
    """The cohorts to take; all of them where it is empty."""
    left_out: Union = ()
    """The cohorts to leave out, although they are taken."""


def read(select: Sequence[str], exclude: Sequence[str]) -> Selection:
    """The selection that options ask for. Raises BadSelection."""
    return Selection(_union(select), _union(exclude))


def choose(plan: Plan, selection: Selection) -> Plan:
    """The part of a plan that is selected. What is not is left as it is: to select some
    never means to withdraw the others, and the limit on withdrawals still looks at all
    of them. Raises BadSelection where nothing answers.
    """
    chosen = _selected(plan.changes, selection)
    terms = _terms(selection.taken)
    if not chosen and plan.changes and terms and not _asks_for_state(terms):
        # that no cohort has a state is an answer; that none has an id is a slip
        fix = _perhaps(terms[0], plan)
        raise BadSelection("P106", "no cohort matches this selection", fix)
    return replace(
        plan,
        changes=chosen,
        if_not_withdrawn=_selected(plan.if_not_withdrawn, selection),
        not_selected=len(plan.changes) - len(chosen),
    )


def _selected(changes: Iterable[Change], selection: Selection) -> tuple[Change, ...]:
    """The selected ones of some changes, in their order."""
    return tuple(change for change in changes if _is_selected(change, selection))


def _terms(union: Union) -> list[Term]:
    """All terms of a union."""
    return [term for every in union for term in every]


def _asks_for_state(terms: Iterable[Term]) -> bool:
    """True where a term needs a plan to be answered."""
    return any(term.method == "state" for term in terms)


def of_cohorts(cohorts: Sequence[Cohort], selection: Selection) -> tuple[Cohort, ...]:
    """The cohorts that are selected, where there is no plan to tell their state. Raises
    BadSelection.
    """
    if _asks_for_state(_terms(selection.taken + selection.left_out)):
        raise BadSelection(
            "P106",
            "`state:` can be used with `plan` and `sync` only",
            "select by id, tag:, owner: or path:",
        )
    changes = tuple(_unplanned(cohort) for cohort in cohorts)
    chosen = choose(Plan("", "", changes), selection)
    return tuple(change.cohort for change in chosen.changes if change.cohort)


def _unplanned(cohort: Cohort) -> Change:
    """A change that stands for a cohort of which no plan says anything."""
    where = Destination("", cohort.id)
    return Change(
        destination=where,
        action=Action.NONE,
        reasons=(),
        query=None,
        deployed=Deployed(where),
        cohort=cohort,
    )


def _perhaps(term: Term, plan: Plan) -> str:
    """What to do where no cohort answers to a term."""
    close: list[str] = []
    if not term.method:
        close = _close(term.pattern, [change.id for change in plan.changes])
    if close:
        return f"perhaps you meant {' or '.join(close)}"
    return _known(plan)


def _known(plan: Plan) -> str:
    """The ids that may be selected. Whoever reads this may have no key to ask the ledger."""
    ids = sorted({change.id for change in plan.changes})
    told = f"the ids are: {', '.join(ids[:KNOWN])}"
    if len(ids) > KNOWN:
        return f"{told} and {len(ids) - KNOWN:,} more"
    return told


def _close(pattern: str, ids: Sequence[str]) -> list[str]:
    """At most three ids with the pattern in them, or else like it."""
    containing = [each for each in ids if pattern in each]
    return containing[:3] or difflib.get_close_matches(pattern, ids, 3)


def _union(expressions: Sequence[str]) -> Union:
    """The union that an option asks for. Raises BadSelection."""
    pieces = [piece for expression in expressions for piece in expression.split()]
    return tuple(_intersection(piece) for piece in pieces)


def _intersection(piece: str) -> tuple[Term, ...]:
    """The terms of one piece: a cohort must meet all of them."""
    return tuple(_term(text, piece) for text in piece.split(","))


def _term(text: str, piece: str) -> Term:
    """One term of a piece of a selection; the piece is what a message shows."""
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
            f"there is no selection by {method[:30]!r}",
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
    """True where a cohort is taken, and not left out."""
    if _is_within(change, selection.left_out):
        return False
    return not selection.taken or _is_within(change, selection.taken)


def _is_within(change: Change, union: Union) -> bool:
    """True where a cohort is in any intersection of a union."""
    return any(_meets_all(change, terms) for terms in union)


def _meets_all(change: Change, terms: Iterable[Term]) -> bool:
    return all(_ANSWERS[term.method](change, term.pattern) for term in terms)


def _tagged(change: Change, pattern: str) -> bool:
    """The answer to `tag:`."""
    if change.cohort is None:
        return False
    return any(fnmatchcase(tag, pattern) for tag in change.cohort.tags)


def _owned(change: Change, pattern: str) -> bool:
    """The answer to `owner:`."""
    return bool(change.cohort and fnmatchcase(change.cohort.owner, pattern))


def _placed(change: Change, pattern: str) -> bool:
    """The answer to `path:`: a glob, or a folder, with or without `cohorts/` in front."""
    if not change.cohort:
        return False
    path = change.cohort.document.path
    wanted = pattern.removeprefix("./").rstrip("/")
    if wanted.split("/")[0] != "cohorts":
        wanted = f"cohorts/{wanted}"
    return fnmatchcase(path, wanted) or path.startswith(f"{wanted}/")


def _is_in(change: Change, state: str) -> bool:
    """The answer to `state:`."""
    if state == "failed":
        return change.is_unfinished
    return change.action in STATES[state]


_ANSWERS: Mapping[str, Callable[[Change, str], bool]] = {
    "": lambda change, pattern: fnmatchcase(change.id, pattern),
    "tag": _tagged,
    "owner": _owned,
    "path": _placed,
    "state": _is_in,
}
