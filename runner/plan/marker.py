"""What a comment carries unseen: which one it is, and a mark for each cohort and
setting that it shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.plan import reviewed
from runner.plan.plan import Plan

MARKS = 2_000
"""Marks that a comment carries, half of what GitHub takes; with more it cannot be told
later what was reviewed.
"""


def written(target: str, plan: Plan | None, marks: Sequence[str] = ()) -> str:
    """The comment's first line: which comment it is, its plan's checksum, and what it shows."""
    checksum = reviewed.checksum((), target=target)
    if plan:
        checksum = reviewed.of_plan(plan)
    return f"<!-- cohort-runner:plan {target} {checksum} {_told(marks)} -->"


def _told(marks: Sequence[str]) -> str:
    """The marks in a row, or a word that says why there are none."""
    if not marks:
        return "none"
    if len(marks) > MARKS:
        return "too-many"
    return "".join(marks)


def read(body: str, target: str) -> tuple[str, ...]:
    """The marks that a comment carries; none where it is no comment of ours about this target."""
    line, *_ = body.split("\n", 1)
    words = line.strip().removesuffix("-->").split()
    # the comment's beginning, its target, the plan's checksum and the marks
    if len(words) != 5:
        return ()
    *head, _, marks = words
    if head != ["<!--", "cohort-runner:plan", target]:
        return ()
    # "none" and "too-many" are shorter than one mark
    size = reviewed.MARK
    if len(marks) % size:
        return ()
    starts = range(0, len(marks), size)
    return tuple(marks[start : start + size] for start in starts)
