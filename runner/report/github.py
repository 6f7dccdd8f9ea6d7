"""What GitHub Actions reads: annotations on lines of files, and the outputs of a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import Position, Problem
from runner.plan.plan import Action, Plan

if TYPE_CHECKING:  # a type of a module that is imported late
    from runner.sync.run import Summary

MOST = 10
"""Annotations of a kind that GitHub shows of one step; the rest it drops without a word."""

LONGEST = 4_000
"""Characters of an annotation, a little under what GitHub takes (4,096)."""


@dataclass(frozen=True, slots=True)
class Note:
    """An annotation: `error`, `warning` or `notice`, at a place, with a title and a text."""

    kind: str
    at: Position | None
    title: str
    text: str


def commands(notes: Sequence[Note]) -> list[str]:
    """GitHub's workflow commands, at most ten of a kind: of more, first how many there are."""
    lines = []
    for kind in ("error", "warning", "notice"):
        of_kind = [note for note in notes if note.kind == kind]
        if len(of_kind) > MOST:
            text = f"{len(of_kind)} in all; the first {MOST - 1} are marked in the files, the summary lists more"
            lines.append(_command(Note(kind, None, f"{len(of_kind)} {kind}s", text)))
            of_kind = of_kind[: MOST - 1]
        lines += [_command(note) for note in of_kind]
    return lines


def of_problems(kind: str, found: Sequence[Problem]) -> Iterator[Note]:
    """Problems of files, each on its line."""
    for problem in found:
        yield Note(kind, problem.at, problem.code, f"{problem.what}; {problem.fix}")


def of_plan(plan: Plan) -> Iterator[Note]:
    """What a guard or a question stops, and what could not be counted."""
    if plan.stop:
        yield Note("error", None, "G005", f"{plan.stop}; nothing is withdrawn")
    for change in plan.changes:
        yield from of_problems("warning", change.questions)
        yield from of_problems("error", change.refusals)
        yield from of_problems("error", [change.uncounted] if change.uncounted else [])


def of_sync(summary: Summary) -> Iterator[Note]:
    """The cohorts that failed, each at its file where there is one."""
    if summary.plan.stop:
        yield Note("error", None, "G005", f"{summary.plan.stop}; nothing was withdrawn")
    for outcome in summary.outcomes:
        if error := outcome.error:
            cohort = outcome.change.cohort
            at = error.at or (cohort.document.at() if cohort else None)
            yield Note(
                "error",
                at,
                f"{outcome.change.id}: {error.code}",
                f"{error.what}; {error.fix}",
            )


def tally(
    plans: Sequence[Plan], *, failed: int, exit_code: int, refused: int = 0
) -> dict[str, str]:
    """The numbers that later steps may ask for, by name; over all targets. `refused`:
    by a guard, while it ran.
    """
    changes = [change for plan in plans for change in plan.changes]
    due = [change for plan in plans for change in plan.due]
    blocked = sum(bool(change.refusals or change.stopped) for change in changes) + sum(
        bool(plan.stop) for plan in plans
    )

    def number(*actions: Action) -> str:
        return str(sum(change.action in actions for change in changes))

    return {
        "changes": str(len(due)),
        "to_create": number(Action.CREATE),
        "to_update": number(Action.UPDATE, Action.RENAME),
        "to_withdraw": number(Action.WITHDRAW),
        "blocked": str(blocked + refused),
        "failed": str(failed),
        "exitcode": str(exit_code),
    }


def outputs(values: Mapping[str, str]) -> str:
    """Lines for the file that `GITHUB_OUTPUT` names; no value has a line break."""
    return "".join(
        f"{name}={value}\n"
        for name, value in values.items()
        if "\n" not in value and "\r" not in value
    )


def _command(note: Note) -> str:
    """As https://docs.github.com/actions/reference/workflow-commands-for-github-actions escapes it."""
    place = (
        f"file={_property(note.at.path)},line={note.at.line},col={note.at.column},"
        if note.at
        else ""
    )
    return f"::{note.kind} {place}title={_property(note.title[:200])}::{escaped(note.text[:LONGEST])}"


def escaped(text: str) -> str:
    """A text as a workflow command carries it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
