"""The issue about drift: what Braze holds is not what the main branch wants, or nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.application.drift import Drift
from runner.plan.plan import Change
from runner.plan.standing import Standing
from runner.report.lists import fitting, many
from runner.report.markup import code, words
from runner.report.review import COMMENT
from runner.sync.audit import Discrepancy

LATE = "Not in Braze as the main branch has it; the next `cohorts sync` brings it there"

HELD = (
    "Held after a rollback: Braze has the members of before, until the definition"
    " changes or `cohorts sync --refresh` is asked for"
)


def page(shown: Drift, *, address: str) -> str:
    """The issue as `cohorts github issue` takes it: a marker, a title, and the text."""
    # the marker says which issue it is, and whether it is to be open
    state = "closed"
    if shown.is_there:
        state = "open"
    marker = f"<!-- cohort-runner:drift {shown.target} {state} -->"
    title = f"# Cohorts: {shown.target} is not as wanted"
    blocks = [f"{marker}\n{title}", *_found(shown)]
    if address:
        blocks.append(f"<sub>[the run]({address})</sub>")
    return "\n\n".join(blocks) + "\n"


COMPARED = "The files and the ledger are compared; Braze itself cannot be asked."


def text(shown: Drift) -> str:
    """What was compared and found, for a terminal or a log."""
    if shown.failure:
        return f"Target {shown.target} could not be checked for drift."
    if not shown.is_there:
        return f"{COMPARED}\nTarget {shown.target}: Braze is as the files want it."
    title = f"Target {shown.target} is not as wanted:"
    return "\n".join([COMPARED, title, *_lines(shown)])


def _lines(shown: Drift) -> Iterator[str]:
    """A line for each thing that is not as wanted."""
    if shown.refused:
        yield f"  withdrawals are refused: {shown.refused}"
    for change in shown.due:
        reasons = "; ".join(map(str, change.reasons))
        yield f"  {change.id}: {reasons}"
    for change in shown.held:
        yield f"  {change.id}: held after a rollback"
    for standing in shown.stale:
        yield f"  {standing.id}: stale"
    for wrong in shown.wrong:
        cohort = wrong.destination.cohort_id
        yield f"  {cohort}: {wrong.code} {wrong.what}"
    if shown.invalid_files:
        files = many(shown.invalid_files, "file")
        yield f"  {files} cannot be used"


def _found(shown: Drift) -> Iterator[str]:
    """The blocks of the issue's text."""
    if shown.failure:
        told = code(str(shown.failure))
        yield f"It could not be checked for drift: {told}"
        return
    if shown.refused:
        why = words(f"G005 {shown.refused}")
        yield f"Withdrawals are refused: {why}."
    due = list(map(_due, shown.due))
    held = [f"- {_name(change)}" for change in shown.held]
    stale = [f"- {_standing(each)}" for each in shown.stale]
    wrong = list(map(_wrong, shown.wrong))
    yield from _section(LATE, due)
    yield from _section(HELD, held)
    yield from _section("Stale: older than `max_age`", stale)
    yield from _section("Not as the ledger says", wrong)
    if shown.invalid_files:
        files = many(shown.invalid_files, "file")
        yield f"{files} of the main branch cannot be used: `cohorts validate` says why."


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    """A title and the lines below it; nothing where there are no lines."""
    if not lines:
        return
    # an issue holds as much as a comment; each of the four sections takes its share
    taken, missing = fitting(lines, COMMENT // 4, joint=1)
    if missing:
        taken.append(f"- and {missing:,} more")
    yield "\n".join([f"**{title}**", "", *taken])


def _due(change: Change) -> str:
    """A line for a cohort that the next sync would change."""
    reasons = "; ".join(words(str(reason)) for reason in change.reasons)
    name = _name(change)
    return f"- {name}: {reasons}"


def _name(change: Change) -> str:
    """A cohort's id, and its owner where a file names one."""
    told = code(change.id)
    if change.cohort and change.cohort.owner:
        owner = words(change.cohort.owner)
        told += f" <sub>{owner}</sub>"
    return told


def _standing(each: Standing) -> str:
    """The same, of a cohort of which perhaps no file can be read."""
    if each.change is None:
        return code(each.id)
    return _name(each.change)


def _wrong(each: Discrepancy) -> str:
    """A line for what differs from the ledger, with its code and its cure."""
    cohort = code(each.destination.cohort_id)
    told = code(f"{each.code} {each.what}; {each.fix}")
    return f"- {cohort} {told}"
