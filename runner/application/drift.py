"""Whether Braze is as the main branch wants it: a plan, how old members are, and the
ledger beside its tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runner.application import reading
from runner.application.connecting import treasure_data
from runner.application.invocation import Invocation
from runner.errors import CohortsError, Usage
from runner.plan import selection
from runner.plan.plan import Action, Change, Plan
from runner.plan.selection import BadSelection, Selection
from runner.plan.standing import Standing, standings
from runner.sync.audit import Discrepancy
from runner.sync.planned import Request, look
from runner.sync.verify import Verified, verify


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found for a target. `failure` says why the target could not be looked
    at; then the rest is not known.
    """

    target: str
    plan: Plan | None = None
    stale: Sequence[Standing] = ()
    verified: Verified | None = None
    invalid_files: int = 0
    failure: CohortsError | None = None

    @property
    def wrong(self) -> tuple[Discrepancy, ...]:
        """What is not as the ledger says; warnings are left out."""
        if self.verified is None:
            return ()
        return tuple(each for each in self.verified.found if not each.is_warning)

    @property
    def due(self) -> tuple[Change, ...]:
        """The changes that the next sync would make."""
        if self.plan is None:
            return ()
        return self.plan.due

    @property
    def refused(self) -> str:
        """Why withdrawals are refused; empty where they are not."""
        if self.plan is None:
            return ""
        return self.plan.stop

    @property
    def held(self) -> tuple[Change, ...]:
        """The cohorts that a rollback put back, and that stay so."""
        if self.plan is None:
            return ()
        return tuple(
            change
            for change in self.plan.changes
            if change.action is Action.NONE and change.is_rolled_back
        )

    @property
    def is_there(self) -> bool:
        """True where somebody should look."""
        return any(
            (
                self.failure,
                self.due,
                self.refused,
                self.held,
                self.stale,
                self.wrong,
                self.invalid_files,
            )
        )


def drift(
    invocation: Invocation,
    *,
    target: str,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Drift:
    """What differs between the files and Braze of the selected cohorts; nothing is
    sent. What keeps it from being looked at is part of the answer, so that it is told
    too. Raises Usage and BadSelection.
    """
    request = Request(selection=selection.read(select, exclude))
    try:
        project, asked = reading.wanted(invocation.root, invocation.day, target)
        with treasure_data(invocation, asked.target) as (client, table):
            ledger, plan = look(table, project, asked, request)
            token = invocation.token()
            verified = verify(client, table, asked.target, token=token)
            verified = _of_selected(verified, plan, request)
    except (Usage, BadSelection):
        # a wrong option is not a finding about the target
        raise
    except CohortsError as exc:
        return Drift(target, failure=exc)
    stale = tuple(each for each in standings(ledger, plan) if each.is_stale)
    return Drift(target, plan, stale, verified, asked.invalid_files)


def _of_selected(verified: Verified, plan: Plan, request: Request) -> Verified:
    """Without what was found of cohorts that are not selected, or of none."""
    if request.selection == Selection():
        return verified
    changes = (*plan.changes, *plan.if_not_withdrawn)
    selected = {change.destination for change in changes}
    found = tuple(each for each in verified.found if each.destination in selected)
    return replace(verified, found=found)
