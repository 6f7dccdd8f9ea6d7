"""A whole sync: plan, claim the ledger, fence what earlier attempts left, carry out,
sweep, answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from runner.errors import CohortsError, ExitCode, Locked
from runner.plan.ledger import Ledger
from runner.plan.plan import Plan
from runner.project.file import Target
from runner.sync import attempts
from runner.sync.attempts import Outcome
from runner.sync.place import How, Place
from runner.sync.planned import open_ledger, plan_of
from runner.sync.ways import Found, Way, routes, way_of
from runner.sync.writer import Writer, claim


@dataclass(frozen=True, slots=True)
class Summary:
    """How a sync ended: the plan it carried out and one outcome for each change that
    was due, in the plan's order.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    invalid_files: int


def plan_to_carry_out(place: Place, how: How, ledger: Ledger) -> Plan:
    """The plan for what is asked, against a ledger, once somebody has looked at it as
    they must. Raises what `plan_of` raises, and Stale.
    """
    plan = plan_of(place.project, how.wanted, ledger, how.request)
    return how.approval.approved(plan, ledger)


def sync(place: Place, how: How) -> Summary:
    """Bring every due cohort to its wanted members. One that fails stops neither the
    others nor the run.

    Raises what concerns the whole run: InvalidProject, AuthenticationFailed,
    Unavailable, Locked, Stale, Interrupted.
    """
    ledger = open_ledger(place.table, place.target, create=True)
    place.fits(ledger)
    plan = plan_to_carry_out(place, how, ledger)
    if not plan.due:
        return Summary(plan, (), how.wanted.invalid_files)
    refuse_unproven(place.target, ledger)
    found = routes(plan.due, place.client, place.project, place.target)
    with written(place, ledger, patience=how.patience) as writer:
        # another run may have written between the first look and the claim
        place.fits(writer.ledger)
        site = attempts.site_of(place, writer, how.concurrency)
        plan = plan_to_carry_out(place, how, writer.ledger)
        unsettled = attempts.fence(plan.due, site, place, how.concurrency)
        found |= _new_routes(plan, found, place)
        if any(change.deployed.pending for change in plan.due):
            # what was waited for may have recorded its end
            plan = plan_to_carry_out(place, how, writer.read())
            if attempts.fold(plan.due, found, unsettled, site, place, how):
                plan = plan_to_carry_out(place, how, writer.read())
                site = replace(site, tables=place.client.tables(site.state))
            found |= _new_routes(plan, found, place)
        outcomes = attempts.carry_out_all(plan, found, unsettled, site, place, how)
        attempts.sweep(site)
    return Summary(plan, outcomes, how.wanted.invalid_files)


def _new_routes(
    plan: Plan, found: Mapping[Way, Found], place: Place
) -> dict[Way, Found]:
    """The routes of the ways that are not known yet."""
    new = [change for change in plan.due if way_of(change, place.target) not in found]
    return routes(new, place.client, place.project, place.target)


def exit_code(summary: Summary) -> ExitCode:
    """The exit code of a sync. Valid cohorts beside invalid files count as done."""
    codes = {_code_of(outcome) for outcome in summary.outcomes}
    if ExitCode.INTERRUPTED in codes:
        return ExitCode.INTERRUPTED
    if summary.plan.stop:
        codes.add(ExitCode.BLOCKED)
    if summary.invalid_files:
        codes.add(ExitCode.INVALID)
        if summary.plan.changes:
            codes.add(ExitCode.DONE)
    return common_code(codes)


def common_code(codes: Set[ExitCode]) -> ExitCode:
    """The exit code for several causes: DONE without any, MIXED where they differ."""
    if len(codes) > 1:
        return ExitCode.MIXED
    return next(iter(codes), ExitCode.DONE)


def _code_of(outcome: Outcome) -> ExitCode:
    if outcome.error is None:
        return ExitCode.DONE
    return ExitCode(outcome.error.exit_code)


def refuse_unproven(target: Target, ledger: Ledger) -> None:
    """The connector's setting keys are not public: one that ignored `operation` would
    turn removals into additions. Raises Locked where no canary has proven them.
    """
    if target.is_sandbox or target.mapping in ledger.verified:
        return
    raise Locked(
        "L007",
        f"target {target.name}: it is not proven that its Braze connection"
        " understands `export_settings`",
        f"run `cohorts doctor --target {target.name} --canary external_id:SOMEBODY`"
        " once, with a user of your own",
    )


@contextmanager
def written(
    place: Place, ledger: Ledger, *, patience: float, force: bool = False
) -> Iterator[Writer]:
    """The ledger's one writer, for as long as the block lasts; let go however it ends.
    Raises Locked.
    """
    place.tell("", "claiming the ledger")
    writer = claim(
        place.table,
        ledger,
        place.run,
        patience=patience,
        tell=lambda what: place.tell("", what),
        pause=place.stop.wait,
        force=force,
    )
    try:
        yield writer
    finally:
        if not writer.overtaken:
            # where it cannot be let go, the lease runs out by itself
            with suppress(CohortsError):
                writer.release()
