"""How cohorts stand by the ledger's account: status, history, and the ledger beside its
tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.application import reading
from runner.application.connecting import treasure_data
from runner.application.invocation import Invocation
from runner.errors import ExitCode, Problem, Usage
from runner.plan import selection, standing
from runner.plan.history import Record, records
from runner.plan.plan import Plan
from runner.plan.standing import Standing
from runner.sync import verify as verifying
from runner.sync.planned import Request, look
from runner.sync.verify import Verified

KNOWN = 10
"""Ids that a message lists."""


@dataclass(frozen=True, slots=True)
class Status:
    """How each cohort stands, the plan that says what is due, the ledger's time (unix
    seconds), and the problems of files.
    """

    standings: tuple[Standing, ...]
    plan: Plan
    now: int
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> ExitCode:
        """FAILED where a cohort is stale."""
        if any(each.is_stale for each in self.standings):
            return ExitCode.FAILED
        return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class History:
    """Records of what was synced, the newest first, and how many there are in all."""

    records: tuple[Record, ...]
    total: int


def status(
    invocation: Invocation,
    *,
    target: str,
    select: Sequence[str],
    exclude: Sequence[str],
) -> Status:
    """How the selected cohorts stand; nothing is written. Raises what reading the files
    and the ledger raises.
    """
    project, asked = reading.wanted(invocation.root, invocation.day, target)
    # what a schedule makes due is due too, though only `sync --due` would sync it
    request = Request(due=True, selection=selection.read(select, exclude))
    with treasure_data(invocation, asked.target) as (_, table):
        ledger, plan = look(table, project, asked, request)
    found = standing.standings(ledger, plan)
    return Status(tuple(found), plan, ledger.now, asked.problems)


def history(invocation: Invocation, *, target: str, cohort: str, limit: int) -> History:
    """What was synced, by the ledger's account; it needs no cohort files. An empty
    `cohort` means all of them, and a `limit` of 0 all records. Raises Usage P103 for a
    cohort that the ledger does not know.
    """
    here = reading.project(invocation.root, target).targets[target]
    found: tuple[Record, ...] = ()
    with treasure_data(invocation, here) as (_, table):
        if table.exists():
            found = tuple(records(table.entries()[0]))
    if not cohort:
        mine = found
    else:
        mine = tuple(each for each in found if each.destination.cohort_id == cohort)
        if not mine:
            raise _unknown(cohort, found)
    if limit:
        return History(mine[:limit], len(mine))
    return History(mine, len(mine))


def _unknown(cohort: str, found: Sequence[Record]) -> Usage:
    # a record about a whole run is of no cohort
    known = sorted({each.destination.cohort_id for each in found} - {""})
    fix = "nothing was synced to this target yet"
    if known:
        fix = f"known are: {', '.join(known[:KNOWN])}"
    return Usage("P103", f"the ledger knows no cohort {cohort[:60]!r}", fix)


def verify(invocation: Invocation, *, target: str) -> Verified:
    """The ledger beside the tables that are there; nothing is written, and no cohort
    files are needed.
    """
    here = reading.project(invocation.root, target).targets[target]
    with treasure_data(invocation, here) as (client, table):
        return verifying.verify(client, table, here, token=invocation.token())
