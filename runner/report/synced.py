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


def page(shown: Summary, problems: Sequence[Problem], *, address: str) -> str:
    """The whole page. `problems`: of files that could not be used."""
    head = [
        f"## Sync → {code(shown.plan.target)}",
        *_news(shown, problems),
        *_in_short(shown, problems),
    ]
    rows, missing = fitting(
        [_row(each) for each in sorted(shown.outcomes, key=_failed_first)],
        SUMMARY // 2,
        joint=1,
    )
    if rows:
        head.append(
            "\n".join(
                [
                    "| | Cohort | | Added | Removed | Qualify |",
                    "| --- | --- | --- | ---: | ---: | ---: |",
                    *rows,
                ]
            )
        )
    if missing:
        head.append(f"{missing:,} more did not fit here.")
    listed = [
        f"- {code(str(problem))}" for problem in [*problems, *shown.plan.warnings]
    ]
    if listed:
        told = (
            "1 problem or warning"
            if len(listed) == 1
            else f"{len(listed):,} problems and warnings"
        )
        head.append(folded(told, "\n".join(fitting(listed, SUMMARY // 4, joint=1)[0])))
    return (
        "\n\n".join([*head, f"<sub>[this run]({address})</sub>" if address else ""])
        + "\n"
    )


def _news(shown: Summary, problems: Sequence[Problem]) -> Iterator[str]:
    """What somebody must look at."""
    if shown.plan.stop:
        yield f"> [!CAUTION]\n> **Nothing was withdrawn:** {words(f'G005 {shown.plan.stop}')}."
    if problems:
        yield f"> [!CAUTION]\n> **{of_files(problems)}:** nothing was withdrawn."
    codes = [outcome.error.exit_code for outcome in shown.outcomes if outcome.error]
    if refused := codes.count(ExitCode.BLOCKED):
        yield f"> [!CAUTION]\n> **{refused} stopped by a guard or a question.** Somebody decides: the line says how."
    if failed := len(codes) - refused:
        yield f"> [!WARNING]\n> **{failed} not synced.** The next run tries again."


def _in_short(shown: Summary, problems: Sequence[Problem]) -> Iterator[str]:
    done = [outcome.done for outcome in shown.outcomes if outcome.done]
    added, removed = sum(one.added for one in done), sum(one.removed for one in done)
    if done:
        yield f"**{len(done)} of {len(shown.outcomes)} synced**: {added:,} members added, {removed:,} removed."
    elif not shown.outcomes:
        is_all = not (shown.plan.stop or problems or shown.plan.not_selected)
        yield (
            "**Nothing to do**: Braze is as the files want it."
            if is_all
            else "**Nothing else to do.**"
        )
    if shown.plan.not_selected:
        yield f"{many(shown.plan.not_selected, 'cohort')} not selected, and left alone."


def _failed_first(outcome: Outcome) -> tuple[bool, str]:
    return outcome.error is None, outcome.change.id


def _row(outcome: Outcome) -> str:
    change = outcome.change
    if error := outcome.error:
        return f"| ❌ | {code(change.id)} | {code(str(error))} | | | |"
    done = outcome.done
    numbers = (
        [f"{number:,}" for number in (done.added, done.removed, done.size)]
        if done
        else ["", "", ""]
    )
    return f"| ✅ | {code(change.id)} | {PAST[change.action]} | {' | '.join(numbers)} |"
