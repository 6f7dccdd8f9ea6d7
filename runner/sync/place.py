"""What a run works with, and how it is to be done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from runner.plan.ledger import Ledger
from runner.plan.plan import Plan
from runner.project.file import Project, Target
from runner.sync.attempt import Listener
from runner.sync.writer import Run
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerTable


@dataclass(frozen=True, slots=True)
class How:
    """How a sync is to be done: what is due, how many cohorts at once, how long to wait
    for another run (seconds).
    """

    planned: Callable[[Ledger], Plan]
    concurrency: int = 4
    patience: float = 0
    reassert: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What a run works with. `stop` is set when it is to end; `fits` refuses a ledger
    that this tree must not write.
    """

    target: Target
    project: Project
    client: TreasureData
    table: LedgerTable
    run: Run
    stop: threading.Event
    tell: Listener
    fits: Callable[[Ledger], None]
