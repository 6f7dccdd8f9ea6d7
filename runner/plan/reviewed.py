"""What was reviewed is what runs: what a plan would deliver as short marks that two
plans can be compared by; pure.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.plan.ledger import Destination
from runner.plan.plan import IDLE, Action, Change, Plan
from runner.plan.settled import Setting
from runner.sql.query import Query
from runner.sql.wanted import Wanted

WITHDRAWN = "withdrawn"
"""In the place of a fingerprint: everybody is to leave."""

DECIDED = frozenset({Action.CREATE, Action.UPDATE, Action.RENAME, Action.WITHDRAW})
"""What somebody decided in a file; the rest a run does by itself, or was asked for."""

HELD = frozenset({Action.RETRY, Action.SUSPENDED, Action.SUPPRESS})
"""What is sent again, or will be later: looked at where it is not what was looked at before."""

KEY, MARK = 5, 15
"""Letters of a mark, so short that a comment can carry thousands of them: the first
tell what it is of, the others what is to become of that. Each letter is six bits of a
hash.
"""


def _mark(of: Sequence[str], wanted: str) -> str:
    return _letters(of)[:KEY] + _letters([*of, wanted])[: MARK - KEY]


def _letters(words: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(
        hashlib.sha256(json.dumps(words).encode()).digest()
    ).decode()


def mark_of(setting: Setting) -> str:
    """The mark of a setting and its new value."""
    return _mark(["setting", setting.cohort, setting.name], setting.now)


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One cohort of a plan: where it goes, and the fingerprint of what would be
    delivered. `action` is for people.
    """

    destination: Destination
    wanted: str
    action: str

    @property
    def mark(self) -> str:
        """The same for the same delivery, whatever Braze holds now."""
        return _mark(
            ["cohort", self.destination.workspace, self.destination.cohort_id],
            self.wanted,
        )


def item(change: Change) -> Item:
    """What a change would deliver."""
    wanted = (
        change.query.fingerprint
        if change.query and change.action is not Action.WITHDRAW
        else WITHDRAWN
    )
    return Item(change.destination, wanted, change.action.value)


def items(plan: Plan) -> tuple[Item, ...]:
    """All that would be delivered, sorted by cohort."""
    return tuple(
        sorted(item(change) for change in plan.changes if change.action not in IDLE)
    )


def marks(
    before: Sequence[Query], after: Wanted, settings: Iterable[Setting] = ()
) -> tuple[str, ...]:
    """What a branch changes, sorted, whatever day it is and whatever Braze holds:
    queries that are new or others, those that are gone, and settings. A cohort whose
    file cannot be read is not gone.
    """
    old, new = by_destination(before), by_destination(after.queries)
    broken = {problem.at.path for problem in after.problems}
    gone = {
        Destination(query.workspace, query.braze_id)
        for query in before
        if query.cohort.document.path not in broken
    }
    items = [
        *(
            Item(where, wanted, "")
            for where, wanted in new.items()
            if old.get(where) != wanted
        ),
        *(Item(where, WITHDRAWN, "") for where in gone - new.keys()),
    ]
    return tuple(sorted({*(each.mark for each in items), *map(mark_of, settings)}))


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
    told = [
        target,
        since,
        *sorted(
            [each.destination.workspace, each.destination.cohort_id, each.wanted]
            for each in of
        ),
    ]
    return f"sha256:{hashlib.sha256(json.dumps(told).encode()).hexdigest()}"


def of_plan(plan: Plan) -> str:
    """The checksum of a plan."""
    return checksum(items(plan), target=plan.target, since=plan.since)


def read(told: Mapping[str, Any]) -> tuple[Item, ...]:
    """The items of a plan that `cohorts plan --output json` told. Raises KeyError,
    TypeError or ValueError where it is no such plan, or where its checksum is not its
    own.
    """
    found = tuple(
        sorted(
            Item(
                Destination(str(each["workspace"]), str(each["braze_id"])),
                str(each["wanted"]),
                str(each["action"]),
            )
            for each in told["changes"]
            if Action(each["action"]) not in IDLE
        )
    )
    if (
        checksum(found, target=str(told["target"]), since=str(told["since"] or ""))
        != told["checksum"]
    ):
        raise ValueError("the checksum is of another plan")
    return found


def differences(reviewed: Sequence[Item], now: Sequence[Item]) -> Iterator[str]:
    """What is to be done now that was not reviewed so, or the other way round: a sentence each."""
    before, after = ({each.destination: each for each in of} for of in (reviewed, now))
    for where in sorted(before.keys() | after.keys()):
        old, new = before.get(where), after.get(where)
        if old is None and new is not None:
            yield f"{where.cohort_id}: to {new.action} now, not in the plan"
        elif new is None and old is not None:
            yield f"{where.cohort_id}: to {old.action} in the plan, nothing to do now"
        elif old and new and old.wanted != new.wanted:
            yield f"{where.cohort_id}: what would be delivered is not what the plan has"


def decided(plan: Plan, known: Mapping[Destination, str] | None) -> tuple[Change, ...]:
    """The changes that somebody must have reviewed. `known`: the fingerprints of what
    was looked at before; what is still as it was there needs nobody, however often it
    is tried. None: that is not known.

    Nobody decides a refresh, nor an expiry: its date was decided. What a suspension
    holds back is looked at now, since it goes by itself when that ends.
    """
    return tuple(
        change
        for change in plan.changes
        if change.action in (DECIDED if known is None else DECIDED | HELD)
        and not (change.action is Action.WITHDRAW and change.cohort)
        and (
            known is None
            or item(change).wanted != known.get(change.destination, WITHDRAWN)
        )
    )


def unseen(marks: Iterable[str], seen: Mapping[str, str]) -> frozenset[str]:
    """The marks that are not among those that were reviewed last, which are given by their keys."""
    return frozenset(mark for mark in marks if seen.get(mark[:KEY]) != mark)
