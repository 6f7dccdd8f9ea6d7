"""What a command asks for, and the plan for it against the ledger: the one road of all that plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.errors import InvalidProject, Locked
from runner.plan import overrides, selection
from runner.plan.build import build_plan
from runner.plan.ledger import Ledger
from runner.plan.overrides import Overrides
from runner.plan.plan import Plan
from runner.plan.selection import Selection
from runner.project.file import Project, Target
from runner.sql.wanted import Wanted
from runner.treasuredata.ledger import LedgerTable


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for. `refresh`: cohorts that have not changed too; `due`:
    those due by their schedule; `reassert`: every cohort, and all of its members again.
    """

    refresh: bool = False
    due: bool = False
    reassert: bool = False
    selection: Selection = field(default_factory=Selection)
    overrides: Overrides = field(default_factory=Overrides)


def plan_of(project: Project, wanted: Wanted, ledger: Ledger, request: Request) -> Plan:
    """The plan for what is wanted against a ledger: what is allowed is, and what is not
    selected is left out.

    Raises InvalidProject, BadOverride and BadSelection.
    """
    plan = build_plan(
        wanted.queries,
        ledger,
        target=wanted.target.name,
        workspace=wanted.target.workspace,
        refresh=request.refresh or request.reassert,
        may_withdraw=not wanted.invalid_files,
        max_withdrawn=project.max_withdrawn,
        timezone=project.timezone,
        due=request.due,
        suppression=wanted.barred,
    )
    _refuse_shared_connection(plan, project, wanted.target)
    return selection.choose(overrides.allow(plan, request.overrides), request.selection)


def look(
    table: LedgerTable, project: Project, wanted: Wanted, request: Request
) -> tuple[Ledger, Plan]:
    """The ledger and the plan for it; nothing is written. Raises what `open_ledger` and
    `plan_of` raise.
    """
    ledger = open_ledger(table, wanted.target, create=False)
    return ledger, plan_of(project, wanted, ledger, request)


def open_ledger(table: LedgerTable, target: Target, *, create: bool) -> Ledger:
    """Read the ledger. Only the sandbox's is created by itself; a missing one elsewhere
    is never "create all".

    Without `create`, a sandbox without a ledger reads as an empty one. Raises Locked.
    """
    if not table.exists():
        if not target.is_sandbox:
            raise Locked(
                "L006",
                f"target {target.name}: {target.state_database} holds no ledger: what is in Braze is not known",
                f"on the first day, `cohorts bootstrap --target {target.name}`; on any other, look at `state_database`",
            )
        if not create:
            return Ledger(id="", epoch=0, now=table.clock())
        table.bootstrap()
    return table.read()


def _refuse_shared_connection(plan: Plan, project: Project, target: Target) -> None:
    """A connection leads to one workspace: under two names, one would be emptied while
    the other is filled.

    Raises InvalidProject.
    """
    for change in plan.changes:
        before = change.destination.workspace
        if (
            before != target.workspace
            and change.deployed.connection == target.connection
        ):
            raise InvalidProject(
                "P105",
                f"the workspace is {target.workspace} now, but its connection {target.connection} led to {before}",
                f"give another workspace its own connection; if only the name changed, write {before} again",
                at=project.document.at("targets", target.name, "workspace"),
            )
