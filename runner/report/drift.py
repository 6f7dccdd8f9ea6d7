"""The issue about drift: what Braze holds is not what the main branch wants, or nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.errors import CohortsError
from runner.plan.plan import Action, Change, Plan
from runner.plan.standing import Standing
from runner.report.lists import fitting, many
from runner.report.markup import code, words
from runner.report.review import COMMENT
from runner.sync.audit import Discrepancy
from runner.sync.verify import Verified

HELD = "Braze has the members of before, until the definition changes or `cohorts sync --refresh` is asked for"


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found for a target. `failure`: why it could not be looked at; then the
    rest is not known.
    """

    target: str
    plan: Plan | None = None
    stale: Sequence[Standing] = ()
    verified: Verified | None = None
    invalid_files: int = 0
    failure: CohortsError | None = None

    @property
    def wrong(self) -> tuple[Discrepancy, ...]:
        """What is not as the ledger says."""
        return (
            tuple(each for each in self.verified.found if not each.is_warning)
            if self.verified
            else ()
        )

    @property
    def held(self) -> tuple[Change, ...]:
        """The cohorts that a rollback put back, and that stay so."""
        unchanged = (
            (change for change in self.plan.changes if change.action is Action.NONE)
            if self.plan
            else ()
        )
        return tuple(change for change in unchanged if change.is_rolled_back)

    @property
    def is_there(self) -> bool:
        """True where somebody should look."""
        waiting = self.plan is not None and bool(self.plan.due or self.plan.stop)
        return bool(
            self.failure
            or waiting
            or self.held
            or self.stale
            or self.wrong
            or self.invalid_files
        )


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
