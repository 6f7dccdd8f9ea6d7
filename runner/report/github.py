"""What GitHub Actions reads: annotations on lines of files, and the outputs of a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import Position, Problem
from runner.plan.plan import Action, Plan
from runner.report.changes import number_of
from runner.report.cost import is_blocked

if TYPE_CHECKING:  # a type of a module that is imported late
    from runner.sync.attempts import Outcome
    from runner.sync.run import Summary

MOST = 10
"""Annotations of a kind that GitHub shows of one step; the rest it drops without a word."""

LONGEST = 4_000
"""Characters of an annotation, a little under what GitHub takes (4,096)."""

LONGEST_TITLE = 200
"""Characters of an annotation's title."""


@dataclass(frozen=True, slots=True)
class Note:
    """An annotation: `error`, `warning` or `notice`, at a place, with a title and a text."""

    kind: str
    at: Position | None
    title: str
    text: str


def commands(notes: Sequence[Note]) -> list[str]:
    """GitHub's workflow commands, at most ten of a kind. Where there are more, the first
    of the ten says how many there are.
    """
    lines = []
    for kind in ("error", "warning", "notice"):
        of_kind = [note for note in notes if note.kind == kind]
        if len(of_kind) > MOST:
            lines.append(_command(_overflow(kind, len(of_kind))))
            of_kind = of_kind[: MOST - 1]
        lines += [_command(note) for note in of_kind]
    return lines


def _overflow(kind: str, number: int) -> Note:
    """The annotation that stands for those that GitHub would drop."""
    text = (
        f"{number} in all; the first {MOST - 1} are marked in the files,"
        " the summary lists more"
    )
    return Note(kind, None, f"{number} {kind}s", text)


def of_problems(kind: str, found: Sequence[Problem]) -> Iterator[Note]:
    """Problems of files, each on its line."""
    for problem in found:
        told = f"{problem.what}; {problem.fix}"
        yield Note(kind, problem.at, problem.code, told)


def of_plan(plan: Plan) -> Iterator[Note]:
    """What a guard or a question stops, and what could not be counted."""
    if plan.stop:
        yield Note("error", None, "G005", f"{plan.stop}; nothing is withdrawn")
    for change in plan.changes:
        yield from of_problems("warning", change.questions)
        yield from of_problems("error", change.refusals)
        if change.uncounted:
            yield from of_problems("error", [change.uncounted])


def of_sync(summary: Summary) -> Iterator[Note]:
    """The cohorts that failed, each at its file where there is one."""
    stop = summary.plan.stop
    if stop:
        # it is about all files that are gone, so it stands at none
        yield Note("error", None, "G005", f"{stop}; nothing was withdrawn")
    for outcome in summary.outcomes:
        error = outcome.error
        if error:
            title = f"{outcome.change.id}: {error.code}"
            text = f"{error.what}; {error.fix}"
            yield Note("error", _place(outcome), title, text)


def _place(outcome: Outcome) -> Position | None:
    """Where an error is: its own place, or else the cohort's file."""
    if outcome.error and outcome.error.at:
        return outcome.error.at
    cohort = outcome.change.cohort
    if cohort is None:
        return None
    return cohort.document.at()


def tally(
    plans: Sequence[Plan], *, failed: int, exit_code: int, refused: int = 0
) -> dict[str, str]:
    """The numbers that later steps may ask for, by name; over all targets. `refused` is
    how many cohorts a guard stopped while the sync ran.
    """
    changes = [change for plan in plans for change in plan.changes]
    due = sum(len(plan.due) for plan in plans)
    blocked = sum(is_blocked(change) for change in changes)
    blocked += sum(bool(plan.stop) for plan in plans)

    # for those who review, a new name is an update too
    updated = number_of(changes, Action.UPDATE)
    updated += number_of(changes, Action.RENAME)
    return {
        "changes": str(due),
        "to_create": str(number_of(changes, Action.CREATE)),
        "to_update": str(updated),
        "to_withdraw": str(number_of(changes, Action.WITHDRAW)),
        "blocked": str(blocked + refused),
        "failed": str(failed),
        "exitcode": str(exit_code),
    }


def outputs(values: Mapping[str, str]) -> str:
    """Lines for the file that `GITHUB_OUTPUT` names. A value with a line break is left
    out, since the rest of it would count as another output.
    """
    lines = []
    for name, value in values.items():
        has_break = "\n" in value or "\r" in value
        if not has_break:
            lines.append(f"{name}={value}\n")
    return "".join(lines)


def _command(note: Note) -> str:
    """One workflow command, escaped as GitHub asks for
    (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
    """
    place = ""
    if note.at:
        path = _property(note.at.path)
        place = f"file={path},line={note.at.line},col={note.at.column},"
    title = _property(note.title[:LONGEST_TITLE])
    text = escaped(note.text[:LONGEST])
    return f"::{note.kind} {place}title={title}::{text}"


def escaped(text: str) -> str:
    """A text as a workflow command carries it."""
    # the percent sign first: the other two put new ones in
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A text as a property of a command, where colons and commas part properties."""
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
