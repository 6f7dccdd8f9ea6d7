"""The issue about drift: what Braze holds is not what the main branch wants, or nobody can tell."""

from __future__ import annotations

from runner.application.drift import Drift
from runner.report.lists import fitting, many
from runner.report.markup import code, words
from runner.report.review import COMMENT

HELD = "Braze has the members of before, until the definition changes or `cohorts sync --refresh` is asked for"


def page(shown: Drift, *, address: str) -> str:
    """As `cohorts github issue` takes it: a marker, a title, and the text."""
    state = "open" if shown.is_there else "closed"
    head = [
        f"<!-- cohort-runner:drift {shown.target} {state} -->",
        f"# Cohorts: {shown.target} is not as wanted",
    ]
    return (
        "\n\n".join(
            [
                "\n".join(head),
                *_found(shown),
                *([f"<sub>[the run]({address})</sub>"] if address else []),
            ]
        )
        + "\n"
    )


def text(shown: Drift) -> str:
    """For a terminal or a log."""
    if not shown.is_there:
        return f"Target {shown.target}: Braze is as the files want it."
    if shown.failure:
        return f"Target {shown.target} could not be looked at."
    due = shown.plan.due if shown.plan else ()
    lines = (
        [f"  withdrawals are refused: {shown.plan.stop}"]
        if shown.plan and shown.plan.stop
        else []
    )
    lines += [f"  {change.id}: {'; '.join(change.reasons)}" for change in due]
    lines += [f"  {change.id}: held after a rollback" for change in shown.held]
    lines += [f"  {each.id}: stale" for each in shown.stale]
    lines += [
        f"  {each.destination.cohort_id}: {each.code} {each.what}"
        for each in shown.wrong
    ]
    lines += (
        [f"  {many(shown.invalid_files, 'file')} cannot be used"]
        if shown.invalid_files
        else []
    )
    return "\n".join([f"Target {shown.target} is not as wanted:", *lines])


def _found(shown: Drift) -> list[str]:
    if shown.failure:
        return [f"It could not be looked at: {code(str(shown.failure))}"]
    blocks = []
    if shown.plan and shown.plan.stop:
        blocks.append(f"Withdrawals are refused: {words(f'G005 {shown.plan.stop}')}.")
    due = [
        f"- {code(change.id)}: {'; '.join(map(words, change.reasons))}"
        for change in (shown.plan.due if shown.plan else ())
    ]
    stale = [f"- {code(each.id)}" for each in shown.stale]
    wrong = [
        f"- {code(each.destination.cohort_id)} {code(f'{each.code} {each.what}; {each.fix}')}"
        for each in shown.wrong
    ]
    for title, lines in (
        (
            "Not in Braze as the main branch has it; the next `cohorts sync` brings it there",
            due,
        ),
        (
            f"Held after a rollback: {HELD}",
            [f"- {code(change.id)}" for change in shown.held],
        ),
        ("Stale: older than `max_age`", stale),
        ("Not as the ledger says", wrong),
    ):
        if lines:
            taken, missing = fitting(lines, COMMENT // 4, joint=1)
            blocks.append(
                "\n".join(
                    [
                        f"**{title}**",
                        "",
                        *taken,
                        *([f"- and {missing:,} more"] if missing else []),
                    ]
                )
            )
    if shown.invalid_files:
        blocks.append(
            f"{many(shown.invalid_files, 'file')} of the main branch cannot be used: `cohorts validate` says why."
        )
    return blocks
