"""How a sync ended, as a page for GitHub: what failed first, then what was done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.errors import ExitCode, Problem
from runner.report.lists import fitting, many, of_files
from runner.report.markup import code, folded, words
from runner.report.review import SUMMARY
from runner.report.terminal import PAST
from runner.sync.attempts import Outcome
from runner.sync.run import Summary

HEAD = (
    "| | Cohort | | Added | Removed | Qualify |",
    "| --- | --- | --- | ---: | ---: | ---: |",
)


def page(shown: Summary, problems: Sequence[Problem], *, address: str) -> str:
    """The whole page. `problems` are those of files that could not be used."""
    blocks = [
        f"## Sync → {code(shown.plan.target)}",
        *_news(shown, problems),
        *_in_short(shown, problems),
        *_outcomes(shown),
        *_listed([*problems, *shown.plan.warnings]),
    ]
    foot = ""
    if address:
        foot = f"<sub>[this run]({address})</sub>"
    return "\n\n".join([*blocks, foot]) + "\n"


def _outcomes(shown: Summary) -> Iterator[str]:
    """The table of cohorts, as far as it fits."""
    outcomes = sorted(shown.outcomes, key=_failed_first)
    # half of what GitHub takes, so that problems still have room below
    every = list(map(_row, outcomes))
    rows, missing = fitting(every, SUMMARY // 2, joint=1)
    if rows:
        yield "\n".join([*HEAD, *rows])
    if missing:
        yield f"{missing:,} more did not fit here."


def _listed(found: Sequence[Problem]) -> Iterator[str]:
    """Problems and warnings, folded."""
    if not found:
        return
    title = "1 problem or warning"
    if len(found) > 1:
        title = f"{len(found):,} problems and warnings"
    lines = [f"- {code(str(problem))}" for problem in found]
    taken, _ = fitting(lines, SUMMARY // 4, joint=1)
    yield folded(title, "\n".join(taken))


def _news(shown: Summary, problems: Sequence[Problem]) -> Iterator[str]:
    """What somebody must look at."""
    if shown.plan.stop:
        why = words(f"G005 {shown.plan.stop}")
        yield f"> [!CAUTION]\n> **Nothing was withdrawn:** {why}."
    if problems:
        yield f"> [!CAUTION]\n> **{of_files(problems)}:** nothing was withdrawn."
    codes = [outcome.error.exit_code for outcome in shown.outcomes if outcome.error]
    refused = codes.count(ExitCode.BLOCKED)
    failed = len(codes) - refused
    if refused:
        what = f"**{refused} stopped by a guard or a question.**"
        yield f"> [!CAUTION]\n> {what} A person must decide: the table says how."
    if failed:
        yield f"> [!WARNING]\n> **{failed} not synced.** The next run tries again."


def _in_short(shown: Summary, problems: Sequence[Problem]) -> Iterator[str]:
    """How many cohorts were synced, and how many were left alone."""
    plan = shown.plan
    done = [outcome.done for outcome in shown.outcomes if outcome.done]
    if done:
        added = sum(one.added for one in done)
        removed = sum(one.removed for one in done)
        number = len(shown.outcomes)
        synced = f"**{len(done)} of {number} synced**"
        yield f"{synced}: {added:,} members added, {removed:,} removed."
    elif not shown.outcomes:
        # something may wait still: what was refused, left out, or could not be read
        if plan.stop or problems or plan.not_selected:
            yield "**Nothing else to do.**"
        else:
            yield "**Nothing to do**: Braze is as the files want it."
    if plan.not_selected:
        cohorts = many(plan.not_selected, "cohort")
        yield f"{cohorts} not selected, and left alone."


def _failed_first(outcome: Outcome) -> tuple[bool, str]:
    """A key that sorts what failed to the front."""
    return outcome.error is None, outcome.change.id


def _row(outcome: Outcome) -> str:
    """One line of the table: a cohort with its error, or with its numbers."""
    change = outcome.change
    done = outcome.done
    name = code(change.id)
    if outcome.error:
        told = code(str(outcome.error))
        return f"| ❌ | {name} | {told} | | | |"
    numbers = " |  | "
    if done:
        changed = f"{done.added:,} | {done.removed:,}"
        numbers = f"{changed} | {done.size:,}"
    verb = PAST[change.action]
    return f"| ✅ | {name} | {verb} | {numbers} |"
