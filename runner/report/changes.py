"""The changes of a plan: how many of each action, and as a table for a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from runner.plan.guards import Counts
from runner.plan.plan import IDLE, Action, Change
from runner.plan.reason import Why
from runner.report.cost import Cost, crossing, is_blocked
from runner.report.lists import fitting, many
from runner.report.markup import code, words

SIGNS = {
    Action.CREATE: "🟢 new",
    Action.UPDATE: "🟡 update",
    Action.RENAME: "🔵 rename",
    Action.RETRY: "🟠 retry",
    Action.REFRESH: "🔄 refresh",
    Action.WITHDRAW: "🔴 withdraw",
    Action.ROLLBACK: "↩️ rollback",
    Action.SUPPRESS: "🟣 suppress",
    Action.SUSPENDED: "⏸️ suspended",
    Action.NONE: "unchanged",
}

NAMED = ("", "Cohort", "Why")
"""The first columns of the table of changes."""

COUNTED = (
    "Enter",
    "Leave",
    "Members",
    "Written now",
    "First week",
    "Usual month, sent again",
)
"""The columns that follow once members are counted; the last three say how many
identifiers are written to Braze.
"""


def number_of(changes: Iterable[Change], action: Action) -> int:
    """How many changes have this action."""
    return sum(change.action is action for change in changes)


def in_numbers(changes: Iterable[Change]) -> list[str]:
    """How many changes there are of each action, such as `2 to create`. Idle ones are
    left out.
    """
    tally = Counter(change.action for change in changes)
    told = []
    # the order is that of Action, and not that of the plan
    for action in Action:
        number = tally[action]
        if number and action not in IDLE:
            told.append(f"{number} to {action}")
    return told


def table(
    changes: Sequence[Change],
    limit: int,
    *,
    counted: bool,
    elsewhere: str,
    links: Mapping[str, str],
) -> str:
    """The table of changes, within `limit` characters; empty where nothing changes.
    `counted`: members were counted, so there are columns for them. `elsewhere` says
    where the rows are that do not fit. `links` are the addresses of files; where not all
    rows fit with them, they are left out.
    """
    shown = [change for change in changes if change.action is not Action.NONE]
    if not shown:
        return ""
    numbers: list[str] = []
    if counted:
        numbers = [*COUNTED]
    # a colon at its end moves a column to the right
    of_names = [" --- "] * len(NAMED)
    of_numbers = [" ---: "] * len(numbers)
    rule = of_names + of_numbers
    head = _line([*NAMED, *numbers])
    below_head = "|".join(rule)
    lines = [head, f"|{below_head}|"]
    rows = [_row(change, len(numbers), links) for change in shown]
    if len("\n".join(rows)) >= limit:
        rows = [_row(change, len(numbers), {}) for change in shown]
    taken, missing = fitting(rows, limit, joint=1)
    lines += taken
    if missing:
        cohorts = many(missing, "cohort")
        lines.append(f"\n{cohorts} more did not fit here{elsewhere}.")
    return "\n".join(lines)


def _row(change: Change, columns: int, links: Mapping[str, str]) -> str:
    """One line of the table; its last `columns` are numbers."""
    sign = SIGNS[change.action]
    if is_blocked(change) or change.uncounted:
        sign = f"⛔ blocked, {sign}"
    numbers = [""] * columns
    if change.counts:
        numbers = _numbers(change, change.counts)
    name = _name(change, links)
    why = _why(change)
    return _line([sign, name, why, *numbers])


def _line(cells: Sequence[str]) -> str:
    """Cells as a line of a Markdown table."""
    told = " | ".join(cells)
    return f"| {told} |"


def _name(change: Change, links: Mapping[str, str]) -> str:
    """The name that Braze shows, the cohort's id as a link to its file, and its owner; a
    name that is the id is told once.
    """
    told = code(change.id)
    if change.cohort and change.cohort.document.path in links:
        told = f"[{told}]({links[change.cohort.document.path]})"
    if change.cohort and change.cohort.owner:
        owner = words(change.cohort.owner)
        told += f" <sub>{owner}</sub>"
    if change.name in ("", change.id):
        return told
    name = words(change.name)
    return f"{name}<br>{told}"


def _numbers(change: Change, counts: Counts) -> list[str]:
    """The cells below the columns of `COUNTED`."""
    cost = Cost.of([change])
    enter, leave = crossing(counts)
    return [
        f"{enter:,}",
        f"{leave:,}",
        f"{counts.before:,} → {counts.after:,}",
        f"{cost.written:,}",
        f"{cost.first_week:,}",
        f"{cost.usual_month:,}",
    ]


def _why(change: Change) -> str:
    """The reasons of a change; for a withdrawal also what it does to the people."""
    # the first column says `new` already
    told = [reason for reason in change.reasons if reason.why is not Why.NEW]
    reasons = [words(str(reason)) for reason in told]
    if change.action is Action.WITHDRAW:
        reasons.append("everybody leaves")
    return "; ".join(reasons)
