"""What a person reads in a terminal or a log: plain text, counts only, never a member."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from runner.definitions.cohort import Mode
from runner.errors import Problem
from runner.plan.guards import Counts
from runner.plan.history import Record, Result
from runner.plan.plan import IDLE, Action, Change, Plan
from runner.report.cost import Cost, is_blocked
from runner.report.lists import many
from runner.sql.shown import masked
from runner.sync.attempts import Outcome
from runner.sync.audit import Discrepancy
from runner.sync.doctor import Finding, State
from runner.sync.run import Summary
from runner.sync.verify import Verified

SMALLER = (
    "bring files back; if this is right, raise `guards.max_withdrawn` in the project"
    ' file, or once `cohorts sync --allow max_withdrawn --reason "…"`'
)

NAMES = ("in Braze now", "in this tree")
"""What the two sides of a difference of SQL are called."""

NAMES_OF_COMMITS = ("before", "in this tree")
"""The same, where a plan is compared with a commit."""

SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.RENAME: "~",
    Action.RETRY: "!",
    Action.REFRESH: "↻",
    Action.WITHDRAW: "-",
    Action.ROLLBACK: "↺",
    Action.SUPPRESS: "-",
    Action.SUSPENDED: "=",
    Action.NONE: " ",
}

PAST = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.RENAME: "renamed",
    Action.RETRY: "retried",
    Action.REFRESH: "refreshed",
    Action.WITHDRAW: "withdrawn",
    Action.ROLLBACK: "rolled back",
    Action.SUPPRESS: "held",
    Action.SUSPENDED: "suspended",
    Action.NONE: "unchanged",
}

MARKS = {State.OK: "✓", State.FAILED: "✗", State.WARNING: "!", State.UNKNOWN: "?"}


def problems(
    found: Sequence[Problem], warnings: Sequence[Problem], *, cohorts: int
) -> str:
    """Every problem on its line, then how many; where there are none, how many cohorts
    were looked at.
    """
    lines = [f"warning: {warning}" for warning in warnings]
    if not found:
        lines.append(f"{many(cohorts, 'cohort')} checked: no problems.")
        return "\n".join(lines)
    files = {problem.at.path for problem in found}
    total = f"{many(len(found), 'problem')} in {many(len(files), 'file')}."
    return "\n".join([*lines, *map(str, found), "", total])


def plan(shown: Plan, *, counted: bool) -> str:
    """The plan: one line a change with its why, the SQL difference of updates, guards,
    and how many of each. `counted`: members were counted.
    """
    changes = [change for change in shown.changes if change.action is not Action.NONE]
    changes += shown.held_back
    lines = [_title(shown), "", *_changes(shown, changes)]
    why = "left alone, since a file that cannot be read may be its own"
    lines += [f"  ? {where.cohort_id}: {why}" for where in shown.withheld]
    if shown.stop:
        lines += [f"G005 {shown.stop}; nothing is withdrawn: {SMALLER}", ""]
    if shown.refused:
        what = "A guard would stop what is marked BLOCKED"
        lines += [f"{what}; nothing of it would be sent.", ""]
    lines += [f"warning: {warning}" for warning in shown.warnings]
    lines.append(_totals(shown))
    if changes:
        lines.append(_members(shown, counted=counted))
    return "\n".join(lines)


def _title(shown: Plan) -> str:
    title = f"Plan for target {shown.target} (Braze workspace {shown.workspace})"
    if shown.since:
        title += f", compared with commit {shown.since[:12]}"
    return title


def _changes(shown: Plan, changes: Sequence[Change]) -> list[str]:
    """The lines of all changes, and an empty one; nothing where there are no changes."""
    if not changes:
        return []
    names = NAMES
    if shown.since:
        names = NAMES_OF_COMMITS
    width = max(len(change.id) for change in changes)
    lines: list[str] = []
    for change in changes:
        lines += _change(change, width, names)
    return [*lines, ""]


def _members(shown: Plan, *, counted: bool) -> str:
    """How many members a plan with changes writes, or why that is not known."""
    if shown.since:
        return (
            "Members not computed: a plan against a commit asks Treasure Data nothing."
        )
    if not counted:
        return "Members not counted; `--members` counts who would enter and leave."
    sent = [change for change in shown.due if not is_blocked(change)]
    return f"Written to Braze, as far as is known: {Cost.of(sent).over_time}."


def _change(change: Change, width: int, names: tuple[str, str]) -> list[str]:
    head = f"  {SIGNS[change.action]} {change.id:<{width}}  {change.action:<8}"
    lines = [f"{head}  {change.name} ({'; '.join(change.reasons)})"]
    if change.counts:
        lines.append(f"      members: {_counts(change.counts)}")
        lines.append(f"      written: {_written(change, change.counts)}")
    stops = (*change.questions, *change.refusals)
    lines += [f"      BLOCKED {problem}" for problem in stops]
    if change.uncounted:
        lines.append(f"      FAILED {change.uncounted}")
    if change.action is Action.UPDATE:
        lines += [f"      {text}" for text in sql_difference(change, names)]
    return lines


def sql_difference(change: Change, names: tuple[str, str]) -> list[str]:
    """Unified difference of the audience's SQL, from what was delivered to what is
    wanted, with members hidden; empty where the two are the same. `names` is what the
    two are called.
    """
    columns: frozenset[str] = frozenset()
    if change.query:
        columns = change.query.cohort.columns
    before = masked(change.sql_before, columns).splitlines()
    after = masked(change.sql_after, columns).splitlines()
    return list(difflib.unified_diff(before, after, *names, lineterm="", n=2))


def _counts(counts: Counts) -> str:
    """Members before and after, and what differs."""
    if counts.mode is Mode.REMOVE:
        parts = [
            f"{counts.before:,} taken out so far → {counts.after:,}",
            f"{counts.entering:,} to take out",
        ]
    else:
        parts = [
            f"{counts.before:,} now → {counts.after:,}{_by_handle(counts)}",
            f"{counts.entering:,} enter, {counts.removed:,} leave",
        ]
    again = counts.added - counts.entering
    if again:
        parts.append(f"{again:,} sent again")
    if counts.unusable:
        parts.append(f"{many(counts.unusable, 'row')} left out that name nobody")
    return "; ".join(parts)


def _by_handle(counts: Counts) -> str:
    """Members of each identifier, where there are more identifiers than one."""
    wanted = [count for count in counts.by_handle if count.after]
    if len(wanted) < 2:
        return ""
    told = [f"{count.after:,} by {count.handle}" for count in wanted]
    return f" ({', '.join(told)})"


def _written(change: Change, counts: Counts) -> str:
    """How many identifiers are written to Braze, as far as is known."""
    now = f"{counts.expected.this_sync:,} by this sync"
    # a withdrawal and a suppression write once, and nothing later
    if change.query is None or change.action is Action.SUPPRESS:
        return now
    everyone = _everyone_again(counts)
    if change.query.cohort.schedule is None:
        return f"{now}; nothing later, since it has no `schedule`{everyone}"
    return f"{Cost.of([change]).over_time}{everyone}"


def _everyone_again(counts: Counts) -> str:
    if not counts.is_shared:
        return ""
    why = "since one person may have several names in it"
    return f"; all {counts.after:,} again whenever somebody leaves, {why}"


def _totals(shown: Plan) -> str:
    """How many cohorts there are of each action, in one sentence."""
    tally = Counter(change.action for change in shown.changes)
    idle = [change for change in shown.changes if change.action is Action.NONE]
    held = sum(change.is_held for change in idle)
    # in the order of Action, and not in that of the plan
    parts = [
        f"{tally[action]} to {action}"
        for action in Action
        if tally[action] and action not in IDLE
    ]
    if parts:
        parts.append(f"{len(idle) - held} unchanged")
    else:
        parts.append(_nothing_to_do(len(idle) - held, shown))
    if tally[Action.SUSPENDED]:
        parts.append(f"{tally[Action.SUSPENDED]} suspended")
    if held:
        parts.append(f"{held} held after a rollback")
    if shown.not_selected:
        parts.append(f"{shown.not_selected} not selected")
    return f"{', '.join(parts)}."


def _nothing_to_do(number: int, shown: Plan) -> str:
    cohorts = many(number, "cohort")
    if shown.since:
        return f"Nothing to do: {cohorts} unchanged"
    return f"Nothing to do: {cohorts} in Braze as wanted"


def summary(shown: Summary) -> str:
    """How a sync ended: one line a cohort, then the totals."""
    lines: list[str] = []
    if shown.outcomes:
        width = max(len(outcome.change.id) for outcome in shown.outcomes)
        lines += [_outcome(outcome, width) for outcome in shown.outcomes]
        lines += ["", _synced(shown)]
    elif not shown.plan.stop:
        lines.append(_totals(shown.plan))
    if shown.plan.stop:
        lines.append(f"G005 {shown.plan.stop}; nothing was withdrawn: {SMALLER}")
    if shown.invalid_files:
        files = many(shown.invalid_files, "file")
        lines.append(f"{files} could not be used; nothing was withdrawn.")
    return "\n".join(lines)


def _synced(shown: Summary) -> str:
    """The totals of a sync that had something to do."""
    done = [outcome.done for outcome in shown.outcomes if outcome.done]
    added = sum(one.added for one in done)
    removed = sum(one.removed for one in done)
    unchanged = sum(change.action is Action.NONE for change in shown.plan.changes)
    cohorts = many(len(shown.outcomes), "cohort")
    synced = f"{len(done)} of {cohorts} synced, {unchanged} unchanged"
    if shown.plan.not_selected:
        synced += f", {shown.plan.not_selected} not selected"
    return f"{synced}; {added:,} members added, {removed:,} removed."


def _outcome(outcome: Outcome, width: int) -> str:
    change, done, held = outcome.change, outcome.done, outcome.held
    if done:
        line = (
            f"  ✓ {change.id:<{width}}  {PAST[change.action]:<9}  "
            f"{done.added:,} added, {done.removed:,} removed, {done.size:,} qualify"
        )
        if done.sent_again:
            line += f" ({done.sent_again:,} sent again)"
        return line
    line = f"  ✗ {change.id:<{width}}  {outcome.error}"
    if held:
        left = f"{held.removed:,} left all the same: `suppress` takes them out"
        line += f"\n    {'':<{width}}  {left}"
    return line


def history(shown: Sequence[Record], *, of: int) -> str:
    """The ledger as a log, newest first: a line a record, with the error or the reason
    below it. `of` is how many records there are in all.
    """
    if not shown:
        return "Nothing was synced to this target yet."
    rows = [("WHEN (UTC)", "COHORT", "WHAT", "WHO", "RESULT")]
    rows += [_record(record) for record in shown]
    below: list[list[str]] = [[], *map(_below, shown)]
    # the last column is as wide as it is
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for row, more in zip(rows, below, strict=True):
        *cells, result = row
        padded = map(str.ljust, cells, widths)
        lines.append("  ".join([*padded, result]))
        lines += [f"{'':<{widths[0]}}  {text}" for text in more]
    earlier = of - len(shown)
    if earlier:
        lines.append(f"{earlier:,} earlier; `--limit 0` shows them.")
    return "\n".join(lines)


def _record(record: Record) -> tuple[str, str, str, str, str]:
    by = record.who.actor
    if record.who.commit:
        by += f" at {record.who.commit[:7]}"
    return (
        _minute(record.at),
        record.destination.cohort_id or "-",
        record.what,
        by or "-",
        _result(record),
    )


def _result(record: Record) -> str:
    if record.result is Result.UNKNOWN:
        return "cut off, or still under way"
    if record.result is Result.FAILED:
        return "failed"
    if record.members is None:
        return "done"
    if record.added is None:
        return f"{record.members:,} possibly in Braze"
    changed = f"{record.added:,} added, {record.removed:,} removed"
    return f"{changed}, {record.members:,} qualify"


def _below(record: Record) -> list[str]:
    """What stands below a record: its error, the guards that were overridden, and the
    reason that was given for it.
    """
    why = []
    if record.allowed:
        why.append(f"{', '.join(record.allowed)} overridden")
    if record.who.reason:
        why.append(record.who.reason)
    return [text for text in (record.error, ": ".join(why)) if text]


def _minute(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def finding(shown: Finding) -> str:
    """One line of a diagnosis, with what to do below it."""
    line = f"  {MARKS[shown.state]} {shown.name:<14}  {shown.found}"
    if shown.fix:
        line += f"\n    {'':<14}  → {shown.fix}"
    return line


def diagnosis(found: Sequence[Finding], target: str) -> str:
    """How many checks failed; what comes next where none did."""
    failed = sum(shown.state is State.FAILED for shown in found)
    if not failed:
        return f"\nTarget {target} is ready."
    checks = many(failed, "check")
    return f"\n{checks} failed. Mend the first one first: others may follow from it."


def verified(shown: Verified) -> str:
    """What is not as the ledger says, one line each, then what was compared."""
    lines = [_discrepancy(each) for each in shown.found]
    if lines:
        lines.append("")
    end = "all is as the ledger says."
    wrong = sum(not each.is_warning for each in shown.found)
    if wrong:
        end = f"{many(wrong, 'thing')} not as the ledger says."
    cohorts, snapshots = (
        many(shown.cohorts, "cohort"),
        many(shown.snapshots, "snapshot"),
    )
    lines.append(f"{cohorts}, {snapshots} compared: {end}")
    return "\n".join(lines)


def _discrepancy(each: Discrepancy) -> str:
    mark = "✗"
    if each.is_warning:
        mark = "!"
    where = ""
    if each.destination.cohort_id:
        where = f"{each.destination.cohort_id}: "
    return f"  {mark} {each.code} {where}{each.what}; {each.fix}"
