"""Why a plan does something with a cohort: a code for programs, and the words for people; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Why(Enum):
    """Every reason there is: its code, which never changes, and its words, with a place
    for each value.
    """

    # made
    NEW = ("new", "new")
    UNREADABLE_BEFORE = ("unreadable_before", "its file could not be read before")
    NOT_IN_BRAZE = ("not_in_braze", "not in Braze yet")
    WITHDRAWN_BEFORE = ("withdrawn_before", "was withdrawn before")
    ADOPTED = ("adopted", "adopted: what is in Braze is known only roughly")
    MOVED_FROM = ("moved_from", "moved here from {}")
    # changed
    IDENTIFIERS_CHANGED = ("identifiers_changed", "identifiers changed")
    MODE_CHANGED = ("mode_changed", "mode changed")
    NAME_CHANGED = ("name_changed", "name changed")
    QUERY_CHANGED = ("query_changed", "query changed")
    SUPPRESSION_CHANGED = ("suppression_changed", "suppression changed")
    WORKSPACE_CHANGED = ("workspace_changed", "workspace changed")
    OTHER_CHANGED = ("other_changed", "{} changed")
    DATABASE_CHANGED = ("database_changed", "database changed: {} → {}")
    # changed around a cohort whose own file did not
    VARIABLE_CHANGED = ("variable_changed", "vars.{} {}")
    TEMPLATE_CHANGED = ("template_changed", "the template {} changed")
    MACRO_CHANGED = ("macro_changed", "the macro {} of {} changed")
    LIST_CHANGED = ("list_changed", "the list {} changed")
    SOURCE_CHANGED = ("source_changed", "the source {} changed")
    COHORT_CHANGED = ("cohort_changed", "it uses {}, which changed")
    # not done yet
    UNFINISHED = ("unfinished", "the last attempt did not finish")
    FAILED = ("failed", "the last attempt did not finish: {}")
    REFUSED_BY_GUARD = (
        "refused_by_guard",
        "a guard refused the last attempt ({}): {}",
    )
    # asked for, or due
    REFRESH_ASKED_FOR = ("refresh_asked_for", "refresh asked for")
    ROLLBACK_ASKED_FOR = ("rollback_asked_for", "asked for")
    DUE = ("due", "due since {}")
    # left as it is
    UNCHANGED = ("unchanged", "unchanged")
    ROLLED_BACK = (
        "rolled_back",
        "rolled back; held until its definition changes, or `--refresh`",
    )
    SUSPENDED = ("suspended", "suspended until {}: {}")
    CHANGED_WHILE_SUSPENDED = ("changed_while_suspended", "when it ends, {} changed")
    SUSPENSION_ENDS = (
        "suspension_ends",
        "its suspension ends, and what it wants now is sent",
    )
    WITHDRAWAL_HELD_BACK = ("withdrawal_held_back", "its withdrawal is held back")
    WAITS_FOR = ("waits_for", "waits for {}")
    ONLY_SUPPRESSED_LEAVE = (
        "only_suppressed_leave",
        "only those leave who are taken out of every cohort",
    )
    # withdrawn
    EXPIRED = ("expired", "expired on {}")
    MOVED_TO = ("moved_to", "moved to {}")
    OTHER_WORKSPACE = (
        "other_workspace",
        "the target's workspace is {} now; here it was {}",
    )
    FILE_GONE = ("file_gone", "its file is gone")

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, with the values that its words have places for; as a text, its words."""

    why: Why
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.why.words.format(*self.values)


_PARTS: Mapping[str, Why] = {
    "identifiers": Why.IDENTIFIERS_CHANGED,
    "mode": Why.MODE_CHANGED,
    "name": Why.NAME_CHANGED,
    "query": Why.QUERY_CHANGED,
    "suppression": Why.SUPPRESSION_CHANGED,
    "workspace": Why.WORKSPACE_CHANGED,
}


def changed(part: str) -> Reason:
    """The reason that a part of a fingerprint changed."""
    why = _PARTS.get(part)
    if why is None:
        # a ledger may have a part from another version
        return Reason(Why.OTHER_CHANGED, (part,))
    return Reason(why)
