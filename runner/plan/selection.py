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
from runner.plan.plan import Action, Change, Plan

STATES: Mapping[str, frozenset[Action]] = {
    "new": frozenset({Action.CREATE}),
    "modified": frozenset({Action.UPDATE, Action.RENAME}),
    "removed": frozenset({Action.WITHDRAW}),
}
"""The actions that each `state:` stands for."""

FAILED = "failed"
"""The state of a cohort whose last attempt did not finish."""

STALE = "stale"
"""The state of a cohort whose members are older than its `max_age`."""

ALL_STATES = (*STATES, FAILED, STALE)

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
    with_used: bool = False
    """True for `+id`: also the cohorts that it refers to, and those that they refer to."""
    with_users: bool = False
    """True for `id+`: also the cohorts that refer to it, and those that refer to them."""

    @property
    def asks_for_files(self) -> bool:
        """True where an id alone does not answer it."""
        return bool(self.method) or self.with_used or self.with_users


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cohort that may be selected: what its file says, where that is good, and the
    plan for it, where there is one. `path` is empty where there is no file.
    """

    id: str
    path: str = ""
    cohort: Cohort | None = None
    change: Change | None = None


Union = tuple[tuple[Term, ...], ...]
"""A cohort is in it if it meets all terms of any of its parts."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The cohorts that a command is about."""

    taken: Union = ()
    """The cohorts to take; all of them where it is empty."""
    left_out: Union = ()
    """The cohorts to leave out, although they are taken."""

    @property
    def states(self) -> frozenset[str]:
        """Every state that it asks for; a plan answers to them."""
        return frozenset(term.pattern for term in terms(self) if term.method == "state")


def read(select: Sequence[str], exclude: Sequence[str]) -> Selection:
    """The selection that options ask for. Raises BadSelection."""
    return Selection(_union(select), _union(exclude))


def choose(
    plan: Plan, selection: Selection, stale: frozenset[str] = frozenset()
) -> Plan:
    """The part of a plan that is selected; `stale` are the ids that `state:stale` means.
    What is not selected is left as it is: to select some never means to withdraw the
    others, and the limit on withdrawals still looks at all of them. Raises BadSelection
    where nothing answers.
    """
    chosen = selected(_of_changes(plan.changes), selection, stale)
    others = _of_changes(plan.if_not_withdrawn)
    if_not_withdrawn = _selected(others, selection, stale)
    return replace(
        plan,
        changes=tuple(each.change for each in chosen if each.change),
        if_not_withdrawn=tuple(each.change for each in if_not_withdrawn if each.change),
        not_selected=len(plan.changes) - len(chosen),
    )


def selected(
    candidates: Sequence[Candidate],
    selection: Selection,
    stale: frozenset[str] = frozenset(),
) -> tuple[Candidate, ...]:
    """The selected ones, in their order. Raises BadSelection where nothing answers."""
    chosen = _selected(candidates, selection, stale)
    taken = Selection(selection.taken)
    if not chosen and candidates and selection.taken and not taken.states:
        # that no cohort has a state is an answer; that none has an id is a slip
        fix = _perhaps(terms(taken)[0], candidates)
        raise BadSelection("P106", "no cohort matches this selection", fix)
    return chosen


def without_plan(
    candidates: Sequence[Candidate], selection: Selection
) -> tuple[Candidate, ...]:
    """The selected ones, where there is no plan to tell their state. Raises BadSelection."""
    if selection.states:
        raise BadSelection(
            "P106",
            "`state:` can be used with `plan`, `sync`, `status` and `drift` only",
            "select by id, tag:, owner: or path:",
        )
    return selected(candidates, selection)


def of_cohort(cohort: Cohort) -> Candidate:
    """A cohort that may be selected by what its file says."""
    return Candidate(cohort.id, cohort.document.path, cohort)


def _of_changes(changes: Iterable[Change]) -> tuple[Candidate, ...]:
    return tuple(_of_change(change) for change in changes)


def _of_change(change: Change) -> Candidate:
    if change.cohort is None:
        return Candidate(change.id, change=change)
    return replace(of_cohort(change.cohort), change=change)


def terms(selection: Selection) -> tuple[Term, ...]:
    """Every term of a selection."""
    union = selection.taken + selection.left_out
    return tuple(term for every in union for term in every)


def _perhaps(term: Term, candidates: Sequence[Candidate]) -> str:
    """What to do where no cohort answers to a term."""
    close: list[str] = []
    if not term.method and any(_placed(each, term.pattern) for each in candidates):
        return f"write path:{term.pattern}"
    if not term.method:
        close = _close(term.pattern, [each.id for each in candidates])
    if term.method == "path":
        paths = [each.path for each in candidates if each.path]
        name = term.pattern.rpartition("/")[2]
        close = [path for path in paths if path.endswith(f"/{name}")]
        close = close or _close(term.pattern, paths)
    if close:
        return f"perhaps you meant {' or '.join(close)}"
    return _known(candidates)


def _known(candidates: Sequence[Candidate]) -> str:
    """The ids that may be selected. Whoever reads this may have no key to ask the ledger."""
    ids = sorted({each.id for each in candidates})
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
    bare = text.removeprefix("+").removesuffix("+")
    method, colon, pattern = bare.rpartition(":")
    if not pattern:
        raise BadSelection(
            "P106",
            f"the selection {piece[:60]!r} lacks a value",
            "write tag:retention, or vip_*",
        )
    if colon and method not in METHODS:
        raise BadSelection(
            "P106",
            f"there is no selection by {method[:30]!r}",
            f"use an id, or {', '.join(METHODS)}",
        )
    if method == "state" and pattern not in ALL_STATES:
        raise BadSelection(
            "P106",
            f"there is no state {pattern[:30]!r}",
            f"use one of: {', '.join(ALL_STATES)}",
        )
    return Term(method, pattern, text.startswith("+"), text.endswith("+"))


def _selected(
    candidates: Sequence[Candidate], selection: Selection, stale: frozenset[str]
) -> tuple[Candidate, ...]:
    if not selection.taken and not selection.left_out:
        return tuple(candidates)
    among = _Among(candidates, stale)
    taken = among.all
    if selection.taken:
        taken = among.within(selection.taken)
    chosen = taken - among.within(selection.left_out)
    return tuple(candidates[number] for number in sorted(chosen))


class _Among:
    """The candidates of a selection, by their numbers: a cohort that moves has two
    changes of one id.
    """

    def __init__(self, candidates: Sequence[Candidate], stale: frozenset[str]) -> None:
        self._candidates = candidates
        self._stale = stale
        self.all = frozenset(range(len(candidates)))

    def within(self, union: Union) -> frozenset[int]:
        """Those that are in any intersection of a union."""
        found: frozenset[int] = frozenset()
        for every in union:
            found |= frozenset.intersection(*map(self._of_term, every))
        return found

    def _of_term(self, term: Term) -> frozenset[int]:
        met = {number for number in self.all if self._meets(number, term)}
        ids = {self._id(number) for number in met}
        reached: set[str] = set()
        if term.with_used:
            reached |= _reached(ids, self._used())
        if term.with_users:
            reached |= _reached(ids, self._users())
        also = {number for number in self.all if self._id(number) in reached}
        return frozenset(met | also)

    def _id(self, number: int) -> str:
        """The id by which cohorts refer to a candidate: that of its file."""
        candidate = self._candidates[number]
        if candidate.cohort:
            return candidate.cohort.id
        return candidate.id

    def _meets(self, number: int, term: Term) -> bool:
        candidate = self._candidates[number]
        if term.method == "state" and term.pattern == STALE:
            return candidate.id in self._stale
        return _ANSWERS[term.method](candidate, term.pattern)

    def _used(self) -> Mapping[str, set[str]]:
        """The ids that each cohort refers to."""
        cohorts = [each.cohort for each in self._candidates if each.cohort]
        return {
            cohort.id: {each.cohort for each in cohort.references} for cohort in cohorts
        }

    def _users(self) -> Mapping[str, set[str]]:
        """The ids of the cohorts that refer to each."""
        found: dict[str, set[str]] = {}
        for user, used in self._used().items():
            for each in used:
                found.setdefault(each, set()).add(user)
        return found


def _reached(begun: Iterable[str], steps: Mapping[str, set[str]]) -> set[str]:
    """All ids that are one or more steps away."""
    found: set[str] = set()
    left = list(begun)
    while left:
        new = steps.get(left.pop(), set()) - found
        found |= new
        left.extend(new)
    return found


def _tagged(candidate: Candidate, pattern: str) -> bool:
    """The answer to `tag:`."""
    if candidate.cohort is None:
        return False
    return any(fnmatchcase(tag, pattern) for tag in candidate.cohort.tags)


def _owned(candidate: Candidate, pattern: str) -> bool:
    """The answer to `owner:`."""
    return bool(candidate.cohort and fnmatchcase(candidate.cohort.owner, pattern))


def _placed(candidate: Candidate, pattern: str) -> bool:
    """The answer to `path:`: a glob, or a folder, with or without `cohorts/` in front."""
    if not candidate.path:
        return False
    wanted = pattern.removeprefix("./").rstrip("/")
    if wanted.split("/")[0] != "cohorts":
        wanted = f"cohorts/{wanted}"
    path = candidate.path
    return fnmatchcase(path, wanted) or path.startswith(f"{wanted}/")


def _is_in(candidate: Candidate, state: str) -> bool:
    """The answer to `state:`."""
    change = candidate.change
    if change is None:
        return False
    if state == FAILED:
        return change.is_unfinished
    return change.action in STATES[state]


_ANSWERS: Mapping[str, Callable[[Candidate, str], bool]] = {
    "": lambda candidate, pattern: fnmatchcase(candidate.id, pattern),
    "tag": _tagged,
    "owner": _owned,
    "path": _placed,
    "state": _is_in,
}
