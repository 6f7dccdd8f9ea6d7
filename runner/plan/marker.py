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
    told = "".join(marks) if len(marks) <= MARKS else "too-many"
    sum_ = reviewed.of_plan(plan) if plan else reviewed.checksum((), target=target)
    return f"<!-- cohort-runner:plan {target} {sum_} {told or 'none'} -->"


def read(body: str, target: str) -> tuple[str, ...]:
    """The marks that a comment carries; none where it is no comment of ours about this target."""
    first = body.split("\n", 1)[0].strip().removesuffix("-->").split()
    if (
        first[:3] != ["<!--", "cohort-runner:plan", target]
        or len(first) != 5
        or len(first[4]) % reviewed.MARK
    ):
        return ()
    return tuple(
        first[4][at : at + reviewed.MARK]
        for at in range(0, len(first[4]), reviewed.MARK)
    )
