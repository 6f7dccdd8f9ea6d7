"""What a person reads in a terminal or a log: plain text, counts only, never a member."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from runner.definitions.cohort import Mode
from runner.plan.guards import Counts
from runner.plan.history import Record, Result
from runner.plan.plan import Action, Change, Plan
from runner.report.changes import in_numbers, number_of
from runner.report.cost import Cost, is_blocked
from runner.report.lists import column_widths, many
from runner.sql.shown import masked

if TYPE_CHECKING:  # an offline plan must not pay for the client of Treasure Data
    from runner.sync.attempt import Done
    from runner.sync.attempts import Outcome
    from runner.sync.audit import Discrepancy
    from runner.sync.run import Summary
    from runner.sync.verify import Verified

SMALLER = (
    "bring files back; if this is right, raise `guards.max_withdrawn` in the project"
    ' file, or let it pass once: `cohorts sync --allow max_withdrawn --reason "…"`'
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

SYNCED = "✓"


def plan(shown: Plan, *, counted: bool, uncounted: str = "") -> str:
    """The plan: one line a change with its why, the SQL difference of updates, guards,
    and how many of each. `counted`: members were counted; `uncounted`: why they were
    not, where the plan itself does not say it.
    """
    changes = [change for change in shown.changes if change.action is not Action.NONE]
    changes += shown.instead_of_withdrawals
    lines = [_title(shown), ""]
    lines += _changes(shown, changes)
    lines += _remarks(shown)
    lines.append(_totals(shown))
    if changes:
        lines.append(_members(shown, uncounted, counted=counted))
    return "\n".join(lines)


def _remarks(shown: Plan) -> Iterator[str]:
    """What is left alone, refused or stopped, and the warnings."""
    why = "left alone, since a file that cannot be read may be its own"
    for where in shown.withheld:
        yield f"  ? {where.cohort_id}: {why}"
    if shown.stop:
        yield f"G005 {shown.stop}; nothing is withdrawn: {SMALLER}"
        yield ""
    if shown.refused:
        yield "A guard would stop the cohorts marked BLOCKED; nothing would be sent for them."
        yield ""
    for warning in shown.warnings:
        yield f"warning: {warning}"


def _title(shown: Plan) -> str:
    """The first line: the target, its workspace, and what the plan is compared with."""
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
    # one owner of all that changes is no news
    tells_owners = len({_owner(change) for change in changes}) > 1
    lines: list[str] = []
    for change in changes:
        head, *details = _change(change, width, names)
        lines.append(head)
        if tells_owners and _owner(change):
            lines.append(f"      owner: {_owner(change)}")
        lines += details
    return [*lines, ""]


def _owner(change: Change) -> str:
    """Whom a cohort's file names; nobody where there is no file."""
    if change.cohort is None:
        return ""
    return change.cohort.owner


def _members(shown: Plan, uncounted: str, *, counted: bool) -> str:
    """How many members a plan with changes writes, or why that is not known."""
    if uncounted:
        return f"Members not computed: {uncounted}."
    if shown.since:
        return (
            "Members not computed: a plan against a commit asks Treasure Data nothing."
        )
    if not counted:
        return "Members not counted; `--members` counts who would enter and leave."
    sent = [change for change in shown.due if not is_blocked(change)]
    cost = Cost.of(sent).over_time
    return f"Estimate of what is written to Braze: {cost}."


def _change(change: Change, width: int, names: tuple[str, str]) -> Iterator[str]:
    """The lines of one change. `width` is that of the longest cohort's id; `names` is
    what the sides of the SQL difference are called.
    """
    sign = SIGNS[change.action]
    why = "; ".join(map(str, change.reasons))
    head = f"  {sign} {change.id:<{width}}  {change.action:<8}"
    yield f"{head}  {change.name} ({why})"
    counts = change.counts
    if counts:
        yield f"      members: {_counts(counts)}"
        written = _written(change, counts)
        yield f"      written: {written}"
    for problem in (*change.questions, *change.refusals):
        yield f"      BLOCKED {problem}"
    if change.uncounted:
        yield f"      FAILED {change.uncounted}"
    if change.action is Action.UPDATE:
        for line in sql_difference(change, names):
            yield f"      {line}"


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
        parts.append(
            f"{many(counts.unusable, 'row')} without a usable identifier left out"
        )
    return "; ".join(parts)


def _by_handle(counts: Counts) -> str:
    """Members of each identifier, where there are more identifiers than one."""
    wanted = [count for count in counts.by_handle if count.after]
    if len(wanted) < 2:
        return ""
    told = [f"{count.after:,} by {count.handle}" for count in wanted]
    listed = ", ".join(told)
    return f" ({listed})"


def _written(change: Change, counts: Counts) -> str:
    """How many identifiers are written to Braze, as far as is known."""
    now = f"{counts.expected.this_sync:,} by this sync"
    # a withdrawal and a suppression write once, and nothing later
    if change.query is None or change.action is Action.SUPPRESS:
        return now
    everyone = _everyone_again(counts)
    if change.query.cohort.schedule is None:
        return f"{now}; nothing later, since it has no `schedule`{everyone}"
    cost = Cost.of([change])
    return f"{cost.over_time}{everyone}"


def _everyone_again(counts: Counts) -> str:
    """That all members are sent again when somebody leaves, where that is so."""
    if not counts.is_shared:
        return ""
    why = "since one person may have several names in it"
    return f"; all {counts.after:,} again whenever somebody leaves, {why}"


def _totals(shown: Plan) -> str:
    """How many cohorts there are of each action, in one sentence."""
    parts = in_numbers(shown.changes)
    idle = [change for change in shown.changes if change.action is Action.NONE]
    held = sum(change.is_rolled_back for change in idle)
    unchanged = len(idle) - held
    if parts:
        parts.append(f"{unchanged} unchanged")
    else:
        parts.append(_nothing_to_do(unchanged, shown))
    suspended = number_of(shown.changes, Action.SUSPENDED)
    if suspended:
        parts.append(f"{suspended} suspended")
    if held:
        parts.append(f"{held} held after a rollback")
    if shown.not_selected:
        parts.append(f"{shown.not_selected} not selected")
    told = ", ".join(parts)
    return f"{told}."


def _nothing_to_do(number: int, shown: Plan) -> str:
    """The sentence for a plan of which a sync would do nothing."""
    cohorts = many(number, "cohort")
    if shown.since:
        return f"Nothing to do: {cohorts} unchanged"
    return f"Nothing to do: {cohorts} in Braze as wanted"


def quiet(text: str) -> str:
    """Of how a sync ended, what is not just done: what failed, and the totals."""
    done = f"  {SYNCED}"
    lines = filter(None, text.splitlines())
    return "\n".join(line for line in lines if not line.startswith(done))


def summary(shown: Summary) -> str:
    """How a sync ended: one line a cohort, then the totals."""
    stop = shown.plan.stop
    lines = []
    if shown.outcomes:
        lines += _outcomes(shown.outcomes)
        lines += ["", _synced(shown)]
    elif not stop:
        lines.append(_totals(shown.plan))
    if stop:
        lines.append(f"G005 {stop}; nothing was withdrawn: {SMALLER}")
    if shown.invalid_files:
        files = many(shown.invalid_files, "file")
        lines.append(f"{files} could not be used; nothing was withdrawn.")
    return "\n".join(lines)


def _outcomes(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each cohort, below each other."""
    width = max(len(outcome.change.id) for outcome in outcomes)
    return [_outcome(outcome, width) for outcome in outcomes]


def _synced(shown: Summary) -> str:
    """The totals of a sync that had something to do."""
    number = added = removed = 0
    for outcome in shown.outcomes:
        done = outcome.done
        if done:
            number += 1
            added += done.added
            removed += done.removed
    plan = shown.plan
    unchanged = number_of(plan.changes, Action.NONE)
    cohorts = many(len(shown.outcomes), "cohort")
    synced = f"{number} of {cohorts} synced, {unchanged} unchanged"
    if plan.not_selected:
        synced += f", {plan.not_selected} not selected"
    return f"{synced}; {added:,} members added, {removed:,} removed."


def _outcome(outcome: Outcome, width: int) -> str:
    """The line of one cohort; `width` is that of the longest cohort's id."""
    name = outcome.change.id.ljust(width)
    if outcome.done:
        verb = PAST[outcome.change.action]
        done = _done(outcome.done)
        return f"  {SYNCED} {name}  {verb:<9}  {done}"
    line = f"  ✗ {name}  {outcome.error}"
    held = outcome.suppressed
    if held:
        indent = " " * width
        left = f"{held.removed:,} left all the same: `suppress` takes them out"
        line += f"\n    {indent}  {left}"
    return line


def _done(done: Done) -> str:
    """What an attempt did, in numbers of members."""
    changed = f"{done.added:,} added, {done.removed:,} removed"
    told = f"{changed}, {done.size:,} qualify"
    if done.sent_again:
        told += f" ({done.sent_again:,} sent again)"
    return told


def history(shown: Sequence[Record], *, of: int) -> str:
    """The ledger as a log, newest first: a line a record, with the error or the reason
    below it. `of` is how many records there are in all.
    """
    if not shown:
        return "Nothing was synced to this target yet."
    rows = [("WHEN (UTC)", "COHORT", "WHAT", "WHO", "RESULT")]
    below: list[list[str]] = [[]]
    for record in shown:
        rows.append(_record(record))
        below.append(_below(record))
    lines = []
    widths = column_widths(rows)
    for row, more in zip(rows, below, strict=True):
        *cells, result = row
        # the last column needs no width
        padded = map(str.ljust, cells, widths)
        line = "  ".join([*padded, result])
        lines.append(line)
        indent = " " * widths[0]
        lines += [f"{indent}  {text}" for text in more]
    earlier = of - len(shown)
    if earlier:
        lines.append(f"{earlier:,} earlier; `--limit 0` shows them.")
    return "\n".join(lines)


def _record(record: Record) -> tuple[str, str, str, str, str]:
    """The cells of one record."""
    by = record.who.actor
    commit = record.who.commit
    if commit:
        by += f" at {commit[:7]}"
    if record.who.uncommitted:
        by += "+uncommitted"
    return (
        _minute(record.at),
        record.destination.cohort_id or "-",
        record.what,
        by or "-",
        _result(record),
    )


def _result(record: Record) -> str:
    """How a record's attempt ended, with its numbers as far as they are known."""
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
        guards = ", ".join(record.allowed)
        why.append(f"{guards} overridden")
    if record.who.reason:
        why.append(record.who.reason)
    return [text for text in (record.error, ": ".join(why)) if text]


def _minute(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def verified(shown: Verified) -> str:
    """What is not as the ledger says, one line each, then what was compared."""
    lines = [_discrepancy(each) for each in shown.found]
    if lines:
        lines.append("")
    end = "all is as the ledger says."
    wrong = sum(not each.is_warning for each in shown.found)
    if wrong:
        things = many(wrong, "thing")
        end = f"{things} not as the ledger says."
    cohorts = many(shown.cohorts, "cohort")
    snapshots = many(shown.snapshots, "snapshot")
    lines.append(f"{cohorts}, {snapshots} compared: {end}")
    return "\n".join(lines)


def _discrepancy(each: Discrepancy) -> str:
    """One line about what differs from the ledger, and what to do."""
    mark = "✗"
    if each.is_warning:
        mark = "!"
    where = ""
    cohort = each.destination.cohort_id
    if cohort:
        where = f"{cohort}: "
    return f"  {mark} {each.code} {where}{each.what}; {each.fix}"
