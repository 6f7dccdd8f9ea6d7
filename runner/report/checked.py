"""What a check of files found, for a terminal; it imports nothing that talks to a service."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runner.errors import Problem
from runner.report.lists import many, of_files


def problems(
    found: Sequence[Problem],
    warnings: Sequence[Problem],
    *,
    cohorts: int,
    shown: Callable[[Problem], str] = str,
) -> str:
    """Every problem on its line, as `shown` writes it, then how many; where there are
    none, how many cohorts were looked at.
    """
    lines = [f"warning: {shown(warning)}" for warning in warnings]
    if not found:
        counted = many(cohorts, "cohort")
        lines.append(f"{counted} checked: no problems.")
        return "\n".join(lines)
    lines += map(shown, found)
    lines += ["", f"{of_files(found)}."]
    return "\n".join(lines)
