"""What `doctor` found, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from runner.report.lists import many
from runner.sync.doctor import Finding, State

MARKS = {State.OK: "✓", State.FAILED: "✗", State.WARNING: "!", State.UNKNOWN: "?"}


def finding(shown: Finding) -> str:
    """One line of a diagnosis, with what to do below it."""
    mark = MARKS[shown.state]
    line = f"  {mark} {shown.name:<14}  {shown.found}"
    if shown.fix:
        line += f"\n    {'':<14}  → {shown.fix}"
    return line


def diagnosis(found: Sequence[Finding], target: str) -> str:
    """How many checks failed; what comes next where none did."""
    failed = sum(shown.state is State.FAILED for shown in found)
    if not failed:
        return f"\nTarget {target} is ready."
    checks = many(failed, "check")
    return f"\n{checks} failed. Mend the first one first: it may be the cause of the others."
