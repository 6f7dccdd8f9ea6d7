"""How many identifiers a change writes to Braze, now and later because of it; pure."""

from __future__ import annotations

from dataclasses import replace

from runner.definitions.cohort import Mode
from runner.plan.guards import Count, Counts
from runner.plan.plan import Action, Change
from runner.plan.resending import (
    MONTH,
    WEEK,
    Expected,
    Resend,
    Synced,
    resend,
    sent_again,
    usual_month,
)
from runner.project.file import Reassert
from runner.project.schedules import Schedule


def resend_of(
    change: Change, reassert: Reassert, now: int, *, asked: bool = False
) -> Resend:
    """What a change sends again; everyone where that is `asked` for. `now` in unix seconds."""
    last = change.deployed.delivered
    if last is None or last.is_withdrawn or change.query is None:
        return Resend()
    return resend(
        reassert,
        recent_at=last.recent_at,
        full_at=last.full_at,
        now=now,
        asked=asked,
    )


def one_alone(change: Change, counts: Counts) -> Count | None:
    """The count of a single member who is sent first, or alone; None where nobody needs to be.

    A removal from a cohort that Braze has never heard of may fail for ever, and a name travels
    only with members.
    """
    if counts.mode is Mode.REMOVE:
        return None
    is_unknown_to_braze = counts.removed and not change.deployed.ever_added
    if not is_unknown_to_braze and not _is_renamed_only(change, counts):
        return None
    for count in counts.by_handle:
        if count.after:
            return count
    if change.suppression:
        return None  # who is in it and not wanted may be suppressed
    return next((count for count in counts.by_handle if count.before), None)


def _is_renamed_only(change: Change, counts: Counts) -> bool:
    """True where Braze is to show a new name, and nobody is sent who would carry it."""
    if not change.name or counts.removed or counts.added:
        return False
    return any(name != change.name for name in change.deployed.names)


def sent(change: Change, counts: Counts) -> tuple[int, int]:
    """How many identifiers a sync adds, and how many it removes."""
    if counts.mode is Mode.REMOVE:
        return 0, counts.added
    return counts.added + bool(one_alone(change, counts)), counts.removed


def last_sent(
    change: Change, counts: Counts, again: Resend, now: int
) -> tuple[int, int]:
    """When young members, and when all, were last sent, once this sync is done; unix seconds."""
    last = change.deployed.delivered
    if last is None or counts.whole or not _is_anybody_certain(change, counts):
        return now, now
    if again.recent_since is not None:
        return now, last.full_at
    return last.recent_at, last.full_at


def _is_anybody_certain(change: Change, counts: Counts) -> bool:
    """True where somebody need not be sent."""
    if counts.mode is Mode.REMOVE:
        return bool(change.deployed.taken_out)
    return bool(change.deployed.certain)


def expected(
    change: Change, counts: Counts, again: Resend, reassert: Reassert, now: int
) -> Expected:
    """What a change is expected to write, by its schedule. `now` in unix seconds."""
    this_sync = sum(sent(change, counts))
    if change.query is None or change.action is Action.SUPPRESS:
        return Expected(this_sync, this_sync, 0, this_sync)
    schedule = change.query.cohort.schedule
    recent_at, full_at = last_sent(change, counts, again, now)
    young = counts.after
    if _is_remembered(change, counts):
        young = counts.entering
    synced = Synced(now, counts.after, young, recent_at, full_at)
    week = sent_again(synced, schedule, reassert, seconds=WEEK)
    usual = usual_month(counts.after, schedule, reassert, now)
    # a budget limits what this sync leads to in 30 days, and not who was there before
    entered = replace(synced, young=counts.entering)
    later = _later(entered, schedule, reassert, usual)
    return Expected(
        this_sync,
        first_week=this_sync + week,
        usual_month=usual,
        in_a_month=max(_caused(counts, again) + later, usual),
    )


def _caused(counts: Counts, again: Resend) -> int:
    """What a budget counts of this sync itself. Without those who would be sent again
    now anyway, and without those whom an attempt that was cut off may have sent, since
    a budget must not refuse once more what was allowed.
    """
    if counts.whole and not again.everyone:
        return counts.after + counts.removed
    return counts.entering + counts.removed


def _later(
    entered: Synced, schedule: Schedule | None, reassert: Reassert, usual: int
) -> int:
    """What a budget counts of the 30 days after a sync, if `usual` is what a usual month takes."""
    if entered.full_at == entered.at:
        return sent_again(entered, schedule, reassert, seconds=MONTH)
    # how often everyone is sent in the next 30 days depends on the day: a budget must not
    young_only = Reassert(recent=reassert.recent, full=0)
    return sent_again(entered, schedule, young_only, seconds=MONTH) + usual


def _is_remembered(change: Change, counts: Counts) -> bool:
    """True where a snapshot says since when members are wanted; else all are young."""
    last = change.deployed.delivered
    if last is None:
        return False
    if counts.mode is Mode.REMOVE:
        return bool(last.taken_out)
    return bool(last.table)
