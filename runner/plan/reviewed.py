"""Compare what would be delivered with what was reviewed, by short marks of both; pure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.plan.ledger import Destination
from runner.plan.plan import IDLE, Action, Change, Plan
from runner.plan.setting_changes import Setting
from runner.sql.query import Query
from runner.sql.wanted import Wanted

WITHDRAWN = "withdrawn"
"""Stands for the fingerprint of a withdrawal, which has none."""

DECIDED = frozenset({Action.CREATE, Action.UPDATE, Action.RENAME, Action.WITHDRAW})
"""The actions that somebody decided in a file. The others a run does by itself, or was
asked for.
"""

DELAYED = frozenset({Action.RETRY, Action.SUSPENDED, Action.SUPPRESS})
"""The actions after which something is still to be sent. A person must have reviewed it,
unless it is what was looked at before.
"""

KEY, MARK = 5, 15
"""Letters of the first part of a mark, and of a whole mark: so few that a comment can
carry thousands of marks. The first part tells the cohort or setting, the rest what is
to become of it. Each letter is six bits of a hash.
"""


def _mark(of: Sequence[str], wanted: str) -> str:
    """The mark of a thing, and of what is to become of it."""
    return _letters(of)[:KEY] + _letters([*of, wanted])[: MARK - KEY]


def _letters(words: Sequence[str]) -> str:
    """A hash of some words, as letters that a comment may hold."""
    digest = hashlib.sha256(json.dumps(words).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()


def mark_of(setting: Setting) -> str:
    """The mark of a setting and its new value."""
    return _mark(["setting", setting.cohort, setting.name], setting.now)


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One cohort of a plan, and what would be delivered to it."""

    destination: Destination
    wanted: str
    """The fingerprint of what would be delivered, or WITHDRAWN."""
    action: str
    """The action, for people: it is part of no mark and no checksum."""

    @property
    def mark(self) -> str:
        """The mark of this delivery, whatever Braze holds now."""
        where = self.destination
        return _mark(["cohort", where.workspace, where.cohort_id], self.wanted)


def item(change: Change) -> Item:
    """What a change would deliver."""
    wanted = WITHDRAWN
    if change.query and change.action is not Action.WITHDRAW:
        wanted = change.query.fingerprint
    return Item(change.destination, wanted, change.action.value)


def items(plan: Plan) -> tuple[Item, ...]:
    """All that would be delivered, sorted by cohort."""
    found = [item(change) for change in plan.changes if change.action not in IDLE]
    return tuple(sorted(found))


def marks(
    before: Sequence[Query], after: Wanted, settings: Iterable[Setting] = ()
) -> tuple[str, ...]:
    """What a branch changes, sorted, whatever day it is and whatever Braze holds:
    queries that are new or others, those that are gone, and settings. A cohort whose
    file cannot be read is not gone.
    """
    old = by_destination(before)
    new = by_destination(after.queries)
    broken = {problem.at.path for problem in after.problems}
    gone = {
        Destination(query.workspace, query.braze_id)
        for query in before
        if query.cohort.document.path not in broken
    }
    found = {mark_of(setting) for setting in settings}
    for where, wanted in new.items():
        if old.get(where) != wanted:
            found.add(Item(where, wanted, "").mark)
    for where in gone - new.keys():
        found.add(Item(where, WITHDRAWN, "").mark)
    return tuple(sorted(found))


def by_destination(queries: Iterable[Query]) -> dict[Destination, str]:
    """The fingerprints of queries, by where they go."""
    return {
        Destination(query.workspace, query.braze_id): query.fingerprint
        for query in queries
    }


def checksum(of: Sequence[Item], *, target: str, since: str = "") -> str:
    """One hash over all that would be delivered, where to, and what that is compared
    with. It finds what was mixed up or changed by accident; whoever may write the file
    can write this too.
    """
    rows = [
        [each.destination.workspace, each.destination.cohort_id, each.wanted]
        for each in of
    ]
    told = json.dumps([target, since, *sorted(rows)])
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


def of_plan(plan: Plan) -> str:
    """The checksum of a plan."""
    return checksum(items(plan), target=plan.target, since=plan.since)


def read(told: Mapping[str, Any]) -> tuple[Item, ...]:
    """The items of a plan that `cohorts plan --output json` wrote. Raises KeyError,
    TypeError or ValueError where it is no such plan, or where its checksum is not its
    own.
    """
    changes = [each for each in told["changes"] if Action(each["action"]) not in IDLE]
    found = tuple(sorted(_item_of(each) for each in changes))
    target = str(told["target"])
    since = str(told["since"] or "")
    if checksum(found, target=target, since=since) != told["checksum"]:
        raise ValueError("the checksum is of another plan")
    return found


def _item_of(told: Mapping[str, Any]) -> Item:
    """The item that one change of a plan's JSON is about."""
    where = Destination(str(told["workspace"]), str(told["braze_id"]))
    return Item(where, str(told["wanted"]), str(told["action"]))


def differences(reviewed: Sequence[Item], now: Sequence[Item]) -> Iterator[str]:
    """The differences between a plan that was reviewed and the plan of now, a sentence each."""
    before = {each.destination: each for each in reviewed}
    after = {each.destination: each for each in now}
    for where in sorted(before.keys() | after.keys()):
        words = _difference(before.get(where), after.get(where))
        if words:
            yield f"{where.cohort_id}: {words}"


def _difference(old: Item | None, new: Item | None) -> str:
    """What is not the same about one cohort, in words; nothing where all is."""
    if old and new and old.wanted != new.wanted:
        return "the sync would deliver something else than the saved plan"
    if new and not old:
        return f"to {new.action} now, not in the plan"
    if old and not new:
        return f"to {old.action} in the plan, nothing to do now"
    return ""


def decided(plan: Plan, known: Mapping[Destination, str] | None) -> tuple[Change, ...]:
    """The changes that somebody must have reviewed. `known` are the fingerprints of what
    was looked at before, or None where that is not known. What is still as it was then
    needs nobody, however often it is tried.
    """
    return tuple(change for change in plan.changes if _is_decided(change, known))


def _is_decided(change: Change, known: Mapping[Destination, str] | None) -> bool:
    """True where somebody must have reviewed a change."""
    if change.action is Action.WITHDRAW and change.cohort:
        return False  # it expired, and its date was reviewed
    if known is None:
        return change.action in DECIDED
    if change.action not in DECIDED | DELAYED:
        return False
    return item(change).wanted != known.get(change.destination, WITHDRAWN)


def unseen(marks: Iterable[str], seen: Mapping[str, str]) -> frozenset[str]:
    """The marks that were not reviewed; `seen` are the marks reviewed last, by their keys."""
    return frozenset(mark for mark in marks if seen.get(mark[:KEY]) != mark)
