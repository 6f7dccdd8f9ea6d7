"""What a person asks for, and the plan for it against the ledger: the one way for all
that plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.errors import CohortsError, InvalidProject, Locked
from runner.plan import overrides, selection
from runner.plan.build import build_plan
from runner.plan.decision import rollback
from runner.plan.ledger import DAY, KEEP_PREVIOUS, Destination, Ledger
from runner.plan.overrides import Overrides
from runner.plan.plan import Plan
from runner.plan.selection import Selection
from runner.plan.standing import standings
from runner.project.file import Project, Target
from runner.sql.query import Query
from runner.sql.wanted import Wanted
from runner.treasuredata.ledger import LedgerTable


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for. `refresh`: sync cohorts that have not changed too; `due`:
    sync those that are due by their schedule too; `reassert`: sync every cohort, and
    send all of its members again; `rollback`: bring back the members of this one
    cohort, and do nothing else.
    """

    refresh: bool = False
    due: bool = False
    reassert: bool = False
    selection: Selection = field(default_factory=Selection)
    overrides: Overrides = field(default_factory=Overrides)
    rollback: Query | None = None


def plan_of(project: Project, wanted: Wanted, ledger: Ledger, request: Request) -> Plan:
    """The plan for what is asked, against a ledger. Overrides are applied, and cohorts
    that are not selected are left out.

    Raises InvalidProject, BadOverride, BadSelection, and CohortsError A003 where there
    is nothing to roll back to.
    """
    if request.rollback is not None:
        # what refuses any other run refuses this one
        _plan_of_files(project, wanted, ledger, Request())
        return _rollback(wanted.target, request.rollback, ledger)
    return _plan_of_files(project, wanted, ledger, request)


def _plan_of_files(
    project: Project, wanted: Wanted, ledger: Ledger, request: Request
) -> Plan:
    """The plan that brings what the files want, with what is asked of it."""
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
        suppression=wanted.suppression,
    )
    _refuse_shared_connection(plan, project, wanted.target)
    allowed = overrides.allow(plan, request.overrides)
    stale: frozenset[str] = frozenset()
    if selection.STALE in request.selection.states:
        found = standings(ledger, allowed)
        stale = frozenset(each.id for each in found if each.is_stale)
    return selection.choose(allowed, request.selection, stale)


def _rollback(target: Target, query: Query, ledger: Ledger) -> Plan:
    """The plan that brings back a cohort's members as they were before its last sync."""
    change = None
    deployed = ledger.cohorts.get(Destination(query.workspace, query.braze_id))
    if deployed:
        change = rollback(query, deployed)
    if change is None:
        days = KEEP_PREVIOUS // DAY
        raise CohortsError(
            "A003",
            f"{query.cohort.id}: there is no earlier sync to go back to",
            f"what was replaced is kept for {days} days; mend the definition",
        )
    return Plan(target.name, target.workspace, (change,))


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
    if table.exists():
        return table.read()
    if not target.is_sandbox:
        raise Locked(
            "L006",
            (
                f"target {target.name}: the database {target.state_database} has no"
                " ledger, so nobody knows who is in Braze"
            ),
            f"if this target is new, run `cohorts bootstrap --target {target.name}`;"
            " else check `state_database` in the project file: it may name another database",
        )
    if not create:
        return Ledger(id="", epoch=0, now=table.clock())
    table.bootstrap()
    return table.read()


def _refuse_shared_connection(plan: Plan, project: Project, target: Target) -> None:
    """A connection leads to one workspace: under two names, one would be emptied while
    the other is filled. Raises InvalidProject.
    """
    for change in plan.changes:
        before = change.destination.workspace
        is_renamed = before != target.workspace
        if is_renamed and change.deployed.connection == target.connection:
            raise InvalidProject(
                "P105",
                f"the workspace is {target.workspace} now,"
                f" but its connection {target.connection} led to {before}",
                "give another workspace its own connection;"
                f" if only the name changed, write {before} again",
                at=project.document.at("targets", target.name, "workspace"),
            )
