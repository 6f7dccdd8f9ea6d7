"""A whole sync: plan, claim the ledger, fence what earlier attempts left, carry out, sweep, answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from runner.errors import CohortsError, ExitCode, Locked
from runner.plan.ledger import Ledger
from runner.plan.plan import Plan
from runner.project.file import Target
from runner.sync import attempts
from runner.sync.attempts import Outcome
from runner.sync.place import How, Place
from runner.sync.planned import open_ledger
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


def sync(place: Place, how: How, *, invalid_files: int) -> Summary:
    """Bring every due cohort to its wanted members. One that fails stops neither the
    others nor the run.

    Raises what concerns the whole run: InvalidProject, AuthenticationFailed,
    Unavailable, Locked, Stale, Interrupted.
    """
    ledger = open_ledger(place.table, place.target, create=True)
    place.fits(ledger)
    planned = how.planned(ledger)
    if not planned.due:
        return Summary(planned, (), invalid_files)
    refuse_unproven(place.target, ledger)
    found = routes(planned.due, place.client, place.project, place.target)
    with written(place, ledger, patience=how.patience) as writer:
        place.fits(writer.ledger)
        site = attempts.site_of(place, writer, how.concurrency)
        planned = how.planned(writer.ledger)
        unsettled = attempts.fence(planned.due, site, place, how.concurrency)
        found |= _routes(planned, found, place)
        if any(
            change.deployed.pending for change in planned.due
        ):  # what was waited for may have recorded its end
            planned = how.planned(writer.read())
            if attempts.fold(planned.due, found, unsettled, site, place, how):
                planned = how.planned(writer.read())
                site = replace(site, tables=place.client.tables(site.state))
            found |= _routes(planned, found, place)
        outcomes = attempts.carry_out_all(planned, found, unsettled, site, place, how)
        attempts.sweep(site)
    return Summary(planned, outcomes, invalid_files)


def _routes(
    planned: Plan, found: Mapping[Way, Found], place: Place
) -> dict[Way, Found]:
    """The ways that are not known yet."""
    new = [
        change for change in planned.due if way_of(change, place.target) not in found
    ]
    return routes(new, place.client, place.project, place.target)


def exit_code(summary: Summary) -> ExitCode:
    """All of one cause: that cause's code; otherwise MIXED. Valid cohorts beside
    invalid files count as done.
    """
    codes = {
        ExitCode(outcome.error.exit_code) if outcome.error else ExitCode.DONE
        for outcome in summary.outcomes
    }
    if ExitCode.INTERRUPTED in codes:
        return ExitCode.INTERRUPTED
    if summary.plan.stop:
        codes.add(ExitCode.BLOCKED)
    if summary.invalid_files:
        codes.add(ExitCode.INVALID)
        if summary.plan.changes:
            codes.add(ExitCode.DONE)
    return (
        codes.pop() if len(codes) == 1 else ExitCode.MIXED if codes else ExitCode.DONE
    )


def refuse_unproven(target: Target, ledger: Ledger) -> None:
    """The connector's setting keys are not public: one that ignored `operation` would
    turn removals into additions.
    """
    if not target.is_sandbox and target.mapping not in ledger.verified:
        raise Locked(
            "L007",
            f"target {target.name}: it is not proven that its Braze connection understands `export_settings`",
            f"run `cohorts doctor --target {target.name} --canary external_id:SOMEBODY` once, with a user of your own",
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
            with suppress(CohortsError):  # then the lease runs out by itself
                writer.release()
