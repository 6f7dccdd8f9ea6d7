"""What a run works with, and how it is to be done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from runner.plan.ledger import Ledger
from runner.plan.plan import Plan
from runner.project.file import Project, Target
from runner.sql.wanted import Wanted
from runner.sync.planned import Request
from runner.sync.progress import Listener
from runner.sync.writer import Run
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerTable


class Approval(Protocol):
    """What somebody must have looked at before a plan is carried out."""

    def approved(self, plan: Plan, ledger: Ledger) -> Plan:
        """The plan, perhaps with warnings. Raises Stale where it may not be carried out."""
        ...


@dataclass(frozen=True, slots=True)
class NoApproval:
    """Nobody has to have looked at the plan."""

    def approved(self, plan: Plan, ledger: Ledger) -> Plan:
        """The plan as it is, whatever the ledger says."""
        del ledger
        return plan


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a sync is to be done: the queries, what a person asks for, who must have
    looked at it, how many cohorts at once, and how long to wait for another run
    (`patience`, in seconds).
    """

    wanted: Wanted
    request: Request
    approval: Approval = field(default_factory=NoApproval)
    concurrency: int = 4
    patience: float = 0

    @property
    def reassert(self) -> bool:
        """True where all members of every cohort are to be sent again."""
        return self.request.reassert


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run works with. `stop` is set when it is to end; `fits` refuses a ledger
    that this tree must not write; `checkpoint_rows` is how many rows may come after a
    checkpoint of the ledger before another one is made.
    """

    target: Target
    project: Project
    client: TreasureData
    table: LedgerTable
    run: Run
    stop: threading.Event
    tell: Listener
    fits: Callable[[Ledger], None]
    checkpoint_rows: int
