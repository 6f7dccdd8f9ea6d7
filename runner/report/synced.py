"""How a sync ended, as a page for GitHub: what failed first, then what was done."""

from __future__ import annotations

from collections.abc import Sequence

from runner.errors import ExitCode, Problem
from runner.report.markup import code, folded, words
from runner.report.review import SUMMARY, fitting
from runner.report.terminal import PAST
from runner.sync.attempts import Outcome
from runner.sync.run import Summary


def page(shown: Summary, problems: Sequence[Problem], *, address: str) -> str:
    """The whole page. `problems`: of files that could not be used."""
    failed = [outcome for outcome in shown.outcomes if outcome.error]
    done = [outcome.done for outcome in shown.outcomes if outcome.done]
    head = [f"## Sync → {code(shown.plan.target)}"]
    if shown.plan.stop:
        head.append(f"> [!CAUTION]\n> **Nothing was withdrawn:** {words(f'G005 {shown.plan.stop}')}.")
    if problems:
        head.append(
            f"> [!CAUTION]\n> **{len(problems)} problem{'s' * (len(problems) > 1)} in files:** nothing was withdrawn."
        )
    refused = [outcome for outcome in failed if outcome.error and outcome.error.exit_code is ExitCode.BLOCKED]
    if refused:
        head.append(
            f"> [!CAUTION]\n> **{len(refused)} stopped by a guard or a question.** Somebody decides: the line says how."
        )
    if len(failed) > len(refused):
        head.append(f"> [!WARNING]\n> **{len(failed) - len(refused)} not synced.** The next run tries again.")
    added, removed = sum(one.added for one in done), sum(one.removed for one in done)
    if done:
        head.append(f"**{len(done)} of {len(shown.outcomes)} synced**: {added:,} members added, {removed:,} removed.")
    elif not failed:
        head.append("**Nothing to do**: Braze is as the files want it.")
    rows, missing = fitting([_row(each) for each in sorted(shown.outcomes, key=_failed_first)], SUMMARY // 2, joint=1)
    if rows:
        head.append(
            "\n".join(["| | Cohort | | Added | Removed | Qualify |", "| --- | --- | --- | ---: | ---: | ---: |", *rows])
        )
    if missing:
        head.append(f"{missing:,} more did not fit here.")
    listed = [f"- {code(str(problem))}" for problem in [*problems, *shown.plan.warnings]]
    if listed:
        head.append(
            folded(f"{len(listed)} problems and warnings", "\n".join(fitting(listed, SUMMARY // 4, joint=1)[0]))
        )
    return "\n\n".join([*head, f"<sub>[this run]({address})</sub>" if address else ""]) + "\n"


def _failed_first(outcome: Outcome) -> tuple[bool, str]:
    return outcome.error is None, outcome.change.id


def _row(outcome: Outcome) -> str:
    change = outcome.change
    if error := outcome.error:
        return f"| ❌ | {code(change.id)} | {code(str(error))} | | | |"
    done = outcome.done
    numbers = [f"{number:,}" for number in (done.added, done.removed, done.size)] if done else ["", "", ""]
    return f"| ✅ | {code(change.id)} | {PAST[change.action]} | {' | '.join(numbers)} |"
