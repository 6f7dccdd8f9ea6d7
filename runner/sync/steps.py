"""The exports of an attempt: which there are, and how they are sent, on record before anything is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from runner.definitions.cohort import Mode
from runner.errors import CohortsError
from runner.identifiers import Handle
from runner.plan.events import Failed, Sending
from runner.plan.guards import Counts
from runner.plan.written import one_alone
from runner.sync import delta
from runner.sync.attempt import Attempt, Site
from runner.treasuredata import export
from runner.treasuredata.client import JobFailed
from runner.treasuredata.export import Operation


@dataclass(frozen=True, slots=True)
class Step:
    """One export of an attempt. `one`: a single member, to make the cohort or to tell its name."""

    name: str
    operation: Operation
    handle: Handle
    members: int
    one: bool = False


def steps_of(attempt: Attempt, counts: Counts) -> tuple[Step, ...]:
    """Removals, finished, then additions; never an export of nobody, one for each
    handle. Mode `remove` adds nobody.
    """
    sent = Operation.REMOVE if attempt.mode is Mode.REMOVE else Operation.ADD
    removals = removals_of(counts)
    additions = [
        Step(f"{sent.value}-{number}", sent, count.handle, added)
        for number, count in enumerate(counts.by_handle)
        if (added := counts.added_of(count))
    ]
    first: list[Step] = []
    if alone := one_alone(attempt.change, counts):
        first = [Step("first", Operation.ADD, alone.handle, 1, one=True)]
    return (*first, *removals, *additions)


def removals_of(counts: Counts) -> list[Step]:
    """One export for each handle of which somebody leaves."""
    return [
        Step(f"remove-{number}", Operation.REMOVE, count.handle, count.leaving)
        for number, count in enumerate(counts.by_handle)
        if count.leaving
    ]


def send_all(
    attempt: Attempt,
    site: Site,
    steps: Sequence[Step],
    members: Callable[[Step], str],
    *,
    size: int,
) -> None:
    """On record first, then one export after the other. Raises JobFailed, Unavailable, Locked."""
    if not steps:
        return
    _record_sending(attempt, site, steps, size)
    try:
        for step in steps:
            with site.exports:
                _send(attempt, site, step, members(step))
    except (
        JobFailed
    ) as exc:  # anything else may still be running, or sent by somebody else
        record_failure(attempt, site, exc, unsent=False)
        raise


def _send(attempt: Attempt, site: Site, step: Step, members: str) -> None:
    change = attempt.change
    verb = "removing" if step.operation is Operation.REMOVE else "adding"
    site.tell(change.id, f"{verb} {step.members:,} by {step.handle}")
    attempt.used.append(attempt.key(site, step.name))
    export.send(
        site.client,
        site.state,
        delta.export(members, step.handle, one=step.one),
        attempt.route.settings(
            cohort_id=change.destination.cohort_id,
            name=change.name,
            operation=step.operation,
            handle=step.handle,
        ),
        via=attempt.route,
        key=attempt.key(site, step.name),
        scheduled_time=site.writer.started,
        what=f"{change.id}: {verb} members",
    )


def record_failure(
    attempt: Attempt, site: Site, exc: CohortsError, *, unsent: bool
) -> None:
    """Why it failed. `keys`: what it sent under; nothing else will come from it."""
    failed = Failed(attempt.id, exc.code, exc.what, unsent, tuple(attempt.used))
    with suppress(
        CohortsError
    ):  # the failure itself is what the user must hear; without this row it is due too
        site.writer.record((attempt.change.destination, failed))


def _record_sending(
    attempt: Attempt, site: Site, steps: Sequence[Step], size: int
) -> None:
    """The durable record of what may be delivered, with all that is ever needed to take it back."""
    change = attempt.change
    sending = Sending(
        attempt=attempt.id,
        table=attempt.left,
        name=change.name,
        connection=attempt.connection,
        setting_keys=attempt.route.setting_keys,
        export_keys=tuple(attempt.key(site, step.name) for step in steps),
        tables=attempt.tables,
        size=size,
        workspace=change.destination.workspace,
    )
    site.writer.record((change.destination, sending), sure=True)
