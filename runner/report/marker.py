"""What a comment carries unseen: which one it is, and a mark for each cohort that it shows."""

from __future__ import annotations

from runner.plan import reviewed
from runner.plan.plan import Plan

MARKS = 2_500
"""Cohorts whose marks a comment carries; of more it cannot be told later what was reviewed."""


def written(target: str, plan: Plan | None) -> str:
    """The comment's first line: which comment it is, and what its plan would deliver."""
    items, marks = (reviewed.items(plan), reviewed.marks(plan)) if plan else ((), ())
    told = "".join(marks) if len(marks) <= MARKS else "too-many"
    return f"<!-- cohort-runner:plan {target} {reviewed.checksum(items)} {told or 'none'} -->"


def read(body: str, target: str) -> frozenset[str]:
    """The marks that a comment carries; nothing where it is no comment of ours about this target."""
    first = body.split("\n", 1)[0].strip().removesuffix("-->").split()
    if first[:3] != ["<!--", "cohort-runner:plan", target] or len(first) != 5 or len(first[4]) % 12:
        return frozenset()
    return frozenset(first[4][at : at + 12] for at in range(0, len(first[4]), 12))
