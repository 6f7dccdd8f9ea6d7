"""What a person reads in a terminal or a log: plain text, counts only, never a member."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime

from runner.definitions.cohort import Mode
from runner.plan.guards import Counts
from runner.plan.history import Record, Result
from runner.plan.plan import IDLE, Action, Change, Plan
from runner.report.cost import Cost
from runner.report.lists import many
from runner.sql.shown import masked
from runner.sync.attempts import Outcome
from runner.sync.doctor import Finding, State
from runner.sync.run import Summary
from runner.sync.verify import Verified

SMALLER = (
    "bring files back; if this is right, raise `guards.max_withdrawn` in the project file,"
    ' or once `cohorts sync --allow max_withdrawn --reason "…"`'
)

NAMES = ("in Braze now", "in this tree")
"""Of the two sides of a difference of SQL."""

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


def plan(shown: Plan, *, counted: bool) -> str:
    """The plan: one line a change with its why, the SQL difference of updates, guards,
    and how many of each.
    """
    changes = [
        *(change for change in shown.changes if change.action is not Action.NONE),
        *shown.instead_of_withdrawals,
    ]
    since = f", compared with commit {shown.since[:12]}" if shown.since else ""
    lines = [
        f"Plan for target {shown.target} (Braze workspace {shown.workspace}){since}",
        "",
    ]
    if changes:
        width = max(len(change.id) for change in changes)
        for change in changes:
            lines += _change(
                change, width, ("before", "in this tree") if shown.since else NAMES
            )
        lines.append("")
    lines += [
        f"  ? {where.cohort_id}: left alone, since a file that cannot be read may be its own"
        for where in shown.withheld
    ]
    if shown.stop:
        lines += [
            f"G005 {shown.stop}; nothing is withdrawn: {SMALLER}",
            "",
        ]
    if shown.refused:
        lines += [
            "A guard would stop what is marked BLOCKED; nothing of it would be sent.",
            "",
        ]
    lines += [f"warning: {warning}" for warning in shown.warnings]
    lines.append(_totals(shown))
    if changes and shown.since:
        lines.append(
            "Members not computed: a plan against a commit asks Treasure Data nothing."
        )
    elif changes and counted:
        cost = Cost.of(
            change for change in shown.due if not (change.refusals or change.stopped)
        )
        lines.append(f"Written to Braze, as far as is known: {cost.over_time}.")
    elif changes:
        lines.append(
            "Members not counted; `--members` counts who would enter and leave."
        )
    return "\n".join(lines)


def _change(change: Change, width: int, names: tuple[str, str]) -> list[str]:
    why = "; ".join(change.reasons)
    lines = [
        f"  {SIGNS[change.action]} {change.id:<{width}}  {change.action:<8}  {change.name} ({why})"
    ]
    if change.counts:
        lines.append(f"      members: {_counts(change.counts)}")
        lines.append(f"      written: {_written(change, change.counts)}")
    lines += [
        f"      BLOCKED {problem}" for problem in (*change.questions, *change.refusals)
    ]
    lines += [f"      FAILED {change.uncounted}"] if change.uncounted else []
    if change.action is Action.UPDATE:
        lines += [f"      {text}" for text in sql_difference(change, names)]
    return lines


def sql_difference(change: Change, names: tuple[str, str]) -> list[str]:
    """Unified difference of the audience's SQL, delivered to wanted, members hidden;
    empty where it is the same. `names`: what the two are called.
    """
    columns = change.query.cohort.columns if change.query else frozenset()
    before = masked(change.sql_before, columns).splitlines()
    after = masked(change.sql_after, columns).splitlines()
    return list(difflib.unified_diff(before, after, *names, lineterm="", n=2))


def _counts(counts: Counts) -> str:
    again = counts.added - counts.entering
    unusable = (
        f"; {many(counts.unusable, 'row')} left out that name nobody"
        if counts.unusable
        else ""
    )
    if counts.mode is Mode.REMOVE:
        more = f"; {again:,} sent again" if again else ""
        return f"{counts.before:,} taken out so far → {counts.after:,}; {counts.entering:,} to take out{more}{unusable}"
    sent = f"; {again:,} sent again" if again else ""
    wanted = [count for count in counts.by_handle if count.after]
    by = (
        ", ".join(f"{count.after:,} by {count.handle}" for count in wanted)
        if len(wanted) > 1
        else ""
    )
    after = f"{counts.after:,} ({by})" if by else f"{counts.after:,}"
    return f"{counts.before:,} now → {after}; {counts.entering:,} enter, {counts.removed:,} leave{sent}{unusable}"


def _written(change: Change, counts: Counts) -> str:
    """How many identifiers are written to Braze, as far as is known."""
    told = counts.expected
    now = f"{told.this_sync:,} by this sync"
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
    tally = {
        action: sum(change.action is action for change in shown.changes)
        for action in Action
    }
    words = [
        f"{number} to {action}"
        for action, number in tally.items()
        if number and action not in IDLE
    ]
    back = sum(
        change.is_rolled_back
        for change in shown.changes
        if change.action is Action.NONE
    )
    held = f", {tally[Action.SUSPENDED]} suspended" if tally[Action.SUSPENDED] else ""
    held += f", {back} held after a rollback" if back else ""
    left_out = f", {shown.not_selected} not selected" if shown.not_selected else ""
    if not words:
        there = "unchanged" if shown.since else "in Braze as wanted"
        return f"Nothing to do: {many(tally[Action.NONE] - back, 'cohort')} {there}{held}{left_out}."
    return (
        ", ".join([*words, f"{tally[Action.NONE] - back} unchanged"])
        + f"{held}{left_out}."
    )


def summary(shown: Summary) -> str:
    """How a sync ended: one line a cohort, then the totals."""
    if not shown.outcomes:
        lines = [_totals(shown.plan)] if not shown.plan.stop else []
    else:
        width = max(len(outcome.change.id) for outcome in shown.outcomes)
        lines = [_outcome(outcome, width) for outcome in shown.outcomes]
        done = [outcome.done for outcome in shown.outcomes if outcome.done]
        unchanged = sum(change.action is Action.NONE for change in shown.plan.changes)
        added, removed = (
            sum(one.added for one in done),
            sum(one.removed for one in done),
        )
        lines += [
            "",
            (
                f"{len(done)} of {many(len(shown.outcomes), 'cohort')} synced, {unchanged} unchanged"
                f"{f', {shown.plan.not_selected} not selected' if shown.plan.not_selected else ''}; "
                f"{added:,} members added, {removed:,} removed."
            ),
        ]
    if shown.plan.stop:
        lines.append(f"G005 {shown.plan.stop}; nothing was withdrawn: {SMALLER}")
    if shown.invalid_files:
        lines.append(
            f"{many(shown.invalid_files, 'file')} could not be used; nothing was withdrawn."
        )
    return "\n".join(lines)


def _outcome(outcome: Outcome, width: int) -> str:
    change = outcome.change
    if outcome.done:
        done = outcome.done
        return (
            f"  ✓ {change.id:<{width}}  {PAST[change.action]:<9}  "
            f"{done.added:,} added, {done.removed:,} removed, {done.size:,} qualify"
            f"{f' ({done.sent_again:,} sent again)' if done.sent_again else ''}"
        )
    held = outcome.suppressed
    out = (
        f"\n    {'':<{width}}  {held.removed:,} left all the same: `suppress` takes them out"
        if held
        else ""
    )
    return f"  ✗ {change.id:<{width}}  {outcome.error}{out}"


def history(shown: Sequence[Record], *, of: int) -> str:
    """The ledger as a log, newest first: a line a record, with the error or the reason below it."""
    if not shown:
        return "Nothing was synced to this target yet."
    rows = [("WHEN (UTC)", "COHORT", "WHAT", "WHO", "RESULT")]
    rows += [_record(record) for record in shown]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    below = [
        (),
        *([text for text in (record.error, _why(record)) if text] for record in shown),
    ]
    lines = []
    for row, more in zip(rows, below, strict=True):
        lines.append(
            "  ".join(
                [
                    *(
                        f"{cell:<{width}}"
                        for cell, width in zip(row, widths, strict=False)
                    ),
                    row[4],
                ]
            )
        )
        lines += [f"{'':<{widths[0]}}  {text}" for text in more]
    left = of - len(shown)
    return "\n".join(
        [*lines, *([f"{left:,} earlier; `--limit 0` shows them."] if left else [])]
    )


def _record(record: Record) -> tuple[str, str, str, str, str]:
    by = f"{record.who.actor}{f' at {record.who.commit[:7]}' if record.who.commit else ''}"
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
    if record.added is not None and record.members is not None:
        return f"{record.added:,} added, {record.removed:,} removed, {record.members:,} qualify"
    return (
        f"{record.members:,} possibly in Braze"
        if record.members is not None
        else "done"
    )


def _why(record: Record) -> str:
    """The reason that was given, and the guards that were overridden for it."""
    allowed = f"{', '.join(record.allowed)} overridden" if record.allowed else ""
    return ": ".join(text for text in (allowed, record.who.reason) if text)


def _minute(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def finding(shown: Finding) -> str:
    """One line of a diagnosis, with what to do below it."""
    mark = {State.OK: "✓", State.FAILED: "✗", State.WARNING: "!", State.UNKNOWN: "?"}[
        shown.state
    ]
    line = f"  {mark} {shown.name:<14}  {shown.found}"
    return f"{line}\n    {'':<14}  → {shown.fix}" if shown.fix else line


def diagnosis(found: Sequence[Finding], target: str) -> str:
    """How many checks failed; what comes next where none did."""
    failed = sum(shown.state is State.FAILED for shown in found)
    if failed:
        return f"\n{many(failed, 'check')} failed. Mend the first one first: others may follow from it."
    return f"\nTarget {target} is ready."


def verified(shown: Verified) -> str:
    """What is not as the ledger says, one line each, then what was compared."""
    lines = []
    for each in shown.found:
        where = f"{each.destination.cohort_id}: " if each.destination.cohort_id else ""
        lines.append(
            f"  {'!' if each.is_warning else '✗'} {each.code} {where}{each.what}; {each.fix}"
        )
    wrong = sum(not each.is_warning for each in shown.found)
    end = (
        f"{many(wrong, 'thing')} not as the ledger says."
        if wrong
        else "all is as the ledger says."
    )
    compared = f"{many(shown.cohorts, 'cohort')}, {many(shown.snapshots, 'snapshot')} compared: {end}"
    return "\n".join([*lines, *([""] if lines else []), compared])
