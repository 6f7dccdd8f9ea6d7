"""The issue about drift: what Braze holds is not what the main branch wants, or nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.errors import CohortsError
from runner.plan.plan import Action, Change, Plan
from runner.plan.standing import Standing
from runner.report.lists import fitting, many
from runner.report.markup import code, words
from runner.report.review import COMMENT
from runner.sync.audit import Discrepancy
from runner.sync.verify import Verified

LATE = "Not in Braze as the main branch has it; the next `cohorts sync` brings it there"

HELD = (
    "Held after a rollback: Braze has the members of before, until the definition"
    " changes or `cohorts sync --refresh` is asked for"
)


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found for a target. `failure` says why the target could not be looked
    at; then the rest is not known.
    """

    target: str
    plan: Plan | None = None
    stale: Sequence[Standing] = ()
    verified: Verified | None = None
    invalid_files: int = 0
    failure: CohortsError | None = None

    @property
    def wrong(self) -> tuple[Discrepancy, ...]:
        """What is not as the ledger says; warnings are left out."""
        if self.verified is None:
            return ()
        return tuple(each for each in self.verified.found if not each.is_warning)

    @property
    def due(self) -> tuple[Change, ...]:
        """The changes that the next sync would make."""
        if self.plan is None:
            return ()
        return self.plan.due

    @property
    def refused(self) -> str:
        """Why withdrawals are refused; empty where they are not."""
        if self.plan is None:
            return ""
        return self.plan.stop

    @property
    def held(self) -> tuple[Change, ...]:
        """The cohorts that a rollback put back, and that stay so."""
        if self.plan is None:
            return ()
        return tuple(
            change
            for change in self.plan.changes
            if change.action is Action.NONE and change.is_held
        )

    @property
    def is_there(self) -> bool:
        """True where somebody should look."""
        return any(
            (
                self.failure,
                self.due,
                self.refused,
                self.held,
                self.stale,
                self.wrong,
                self.invalid_files,
            )
        )


def page(shown: Drift, *, address: str) -> str:
    """The issue as `cohorts github issue` takes it: a marker, a title, and the text."""
    state = "closed"
    if shown.is_there:
        state = "open"
    marker = f"<!-- cohort-runner:drift {shown.target} {state} -->"
    title = f"# Cohorts: {shown.target} is not as wanted"
    blocks = [f"{marker}\n{title}", *_found(shown)]
    if address:
        blocks.append(f"<sub>[the run]({address})</sub>")
    return "\n\n".join(blocks) + "\n"


def text(shown: Drift) -> str:
    """What was found, for a terminal or a log."""
    if not shown.is_there:
        return f"Target {shown.target}: Braze is as the files want it."
    if shown.failure:
        return f"Target {shown.target} could not be looked at."
    lines = [f"Target {shown.target} is not as wanted:"]
    if shown.refused:
        lines.append(f"  withdrawals are refused: {shown.refused}")
    lines += [f"  {change.id}: {'; '.join(change.reasons)}" for change in shown.due]
    lines += [f"  {change.id}: held after a rollback" for change in shown.held]
    lines += [f"  {each.id}: stale" for each in shown.stale]
    lines += [
        f"  {each.destination.cohort_id}: {each.code} {each.what}"
        for each in shown.wrong
    ]
    if shown.invalid_files:
        lines.append(f"  {many(shown.invalid_files, 'file')} cannot be used")
    return "\n".join(lines)


def _found(shown: Drift) -> Iterator[str]:
    """The blocks of the issue's text."""
    if shown.failure:
        yield f"It could not be looked at: {code(str(shown.failure))}"
        return
    if shown.refused:
        yield f"Withdrawals are refused: {words(f'G005 {shown.refused}')}."
    yield from _section(LATE, [_due(change) for change in shown.due])
    yield from _section(HELD, [f"- {code(change.id)}" for change in shown.held])
    stale = [f"- {code(each.id)}" for each in shown.stale]
    yield from _section("Stale: older than `max_age`", stale)
    yield from _section(
        "Not as the ledger says", [_wrong(each) for each in shown.wrong]
    )
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
    return f"- {code(change.id)}: {'; '.join(map(words, change.reasons))}"


def _wrong(each: Discrepancy) -> str:
    told = code(f"{each.code} {each.what}; {each.fix}")
    return f"- {code(each.destination.cohort_id)} {told}"
