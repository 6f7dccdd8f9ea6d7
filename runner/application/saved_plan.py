"""A plan that `cohorts plan --out` saved, to be synced as it was looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.application.durations import seconds
from runner.errors import Stale, Usage
from runner.plan import reviewed
from runner.plan.ledger import Ledger
from runner.plan.plan import Plan
from runner.plan.reviewed import Item

SHOWN = 20
"""Differences that are told one by one."""

CLOCKS_DIFFER = 300
"""Seconds that the clocks of two machines may differ by."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A saved plan: its target, when it was made (unix seconds), its checksum, and what
    it would deliver.
    """

    target: str
    made_at: float
    checksum: str
    items: tuple[Item, ...]

    @property
    def words(self) -> str:
        """What the ledger keeps of it, as the reason of the sync."""
        made = datetime.fromtimestamp(self.made_at, UTC)
        return f"the plan {self.checksum[:19]} of {made:%Y-%m-%d %H:%M} UTC"

    def approved(self, plan: Plan, ledger: Ledger) -> Plan:
        """The same plan. Raises Stale L019, with what differs, where it would deliver
        something else than this one.
        """
        del ledger
        found = tuple(reviewed.differences(self.items, reviewed.items(plan)))
        if not found:
            return plan
        lines = list(found[:SHOWN])
        if len(found) > SHOWN:
            lines.append(f"and {len(found) - SHOWN:,} more")
        cohorts = f"{len(found):,} cohorts"
        if len(found) == 1:
            cohorts = "1 cohort"
        told = "".join(f"\n  {line}" for line in lines)
        raise Stale(
            "L019",
            "a sync would now deliver something else than the saved plan says,"
            f" for {cohorts}",
            f"make a new plan, check it, and sync it; nothing was sent{told}",
        )


def read(path: Path, *, target: str, max_age: str, now: float) -> SavedPlan:
    """Read a saved plan. `max_age` is a text such as `24h`; `now` is in unix seconds.
    Raises Usage for a file that is none, and Stale L018 for a plan that is too old.
    """
    told, found = _parsed(path)
    if found.target != target:
        raise Usage(
            "L020",
            f"{path} is a plan for target {found.target[:60]}, not {target}",
            "make one for this target",
        )
    # what differs from a commit need not be what is not in Braze yet
    if told.get("since"):
        raise Usage(
            "L020",
            f"{path} compares with a commit, not with what Braze holds",
            "make one without `--offline`, with a key",
        )
    age = now - found.made_at
    if age < -CLOCKS_DIFFER:
        raise Usage(
            "L020",
            f"{path} was made in the future",
            "make one with `cohorts plan --out plan.json`",
        )
    if age > seconds("--max-age", max_age):
        raise Stale(
            "L018",
            (
                f"the plan {path} was made {_hours(age)} ago, and --max-age allows"
                f" {max_age}"
            ),
            "make a new plan and check it",
        )
    return found


def _parsed(path: Path) -> tuple[Mapping[str, Any], SavedPlan]:
    try:
        told: Mapping[str, Any] = json.loads(path.read_bytes())
        made_at = datetime.fromisoformat(told["made_at"]).timestamp()
        target, checksum = str(told["target"]), str(told["checksum"])
        return told, SavedPlan(target, made_at, checksum, reviewed.read(told))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise Usage(
            "L020",
            (
                f"{path} cannot be read as a plan, or somebody changed it after it"
                " was made"
            ),
            "make one with `cohorts plan --out plan.json`, and leave it as it is",
        ) from None


def _hours(seconds: float) -> str:
    if seconds >= 2 * 3600:
        return f"{seconds / 3600:,.0f} hours"
    return f"{seconds / 60:,.0f} minutes"
