"""What only Treasure Data can tell: a target's ledger, and a plan against it."""

from __future__ import annotations

from runner.application import deliveries
from runner.application.connecting import treasure_data
from runner.application.invocation import Invocation
from runner.application.planning import PlanOptions
from runner.plan.ledger import Ledger
from runner.plan.plan import Plan
from runner.project.file import Project, Target
from runner.sql.wanted import Wanted
from runner.sync.counting import Counter, counted
from runner.sync.planned import Request, look, open_ledger


def ledger(invocation: Invocation, target: Target) -> Ledger:
    """The ledger of a target; it is read once, and not made. Raises CohortsError."""
    with treasure_data(invocation, target) as (_, table):
        return open_ledger(table, target, create=False)


def plan(
    invocation: Invocation, project: Project, asked: Wanted, options: PlanOptions
) -> Plan:
    """The plan against the ledger, with members counted if they are to be. Raises
    BadSelection, and CohortsError.
    """
    request = Request(options.refresh, options.due, options.reassert, options.selection)
    with treasure_data(invocation, asked.target) as (client, table):
        known, made = look(table, project, asked, request)
        made = deliveries.with_causes(made, project, asked, invocation.root)
        if not options.members:
            return made
        # an empty sandbox has no ledger yet, and so no time of the server
        counter = Counter(
            client,
            asked.target,
            invocation.token(),
            known.now or invocation.now,
            project,
            request.reassert,
        )
        return counted(made, counter)
