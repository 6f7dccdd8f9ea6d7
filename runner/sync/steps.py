"""The exports of an attempt: which ones it makes, and how they are sent, on record first."""

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
from runner.sync.progress import Doing
from runner.treasuredata import export
from runner.treasuredata.client import JobFailed
from runner.treasuredata.export import Operation

RECORDING = "recording in the ledger"
"""A step that people see more than once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One export of an attempt. `one`: it sends a single member, to make the cohort in
    Braze or to tell it the name.
    """

    name: str
    operation: Operation
    handle: Handle
    members: int
    one: bool = False


def steps_of(attempt: Attempt, counts: Counts) -> tuple[Step, ...]:
    """All removals, then all additions, one export for each handle, and never one of
    nobody. Mode `remove` adds nobody.
    """
    sent = Operation.ADD
    if attempt.mode is Mode.REMOVE:
        sent = Operation.REMOVE
    removals = removals_of(counts)
    additions = [
        Step(f"{sent.value}-{number}", sent, count.handle, added)
        for number, count in enumerate(counts.by_handle)
        if (added := counts.added_of(count))
    ]
    first: list[Step] = []
    alone = one_alone(attempt.change, counts)
    if alone:
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
    """Record what may be sent, then make one export after the other. `members` selects
    those of a step, and `size` is how many the cohort will have. Raises JobFailed,
    Unavailable, Locked.
    """
    if not steps:
        return
    _record_sending(attempt, site, steps, size)
    submitted: list[Step] = []
    try:
        for step in steps:
            submitted.append(step)
            site.tell(Doing(attempt.change.id, "waiting to export", waits=True))
            with site.exports:
                _send(attempt, site, step, members(step))
    except JobFailed as exc:
        # after any other error, an export may still be running, or be somebody else's
        keys = tuple(attempt.key(site, step.name) for step in submitted)
        _record(attempt, site, exc, unsent=False, keys=keys)
        raise


def _send(attempt: Attempt, site: Site, step: Step, members: str) -> None:
    """Send one step's members to Braze, and wait until the export has ended."""
    change = attempt.change
    verb = _VERBS[step.operation]
    told = f"{verb} {step.members:,} by {step.handle}"
    site.tell(Doing(change.id, told))
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


_VERBS = {Operation.ADD: "adding", Operation.REMOVE: "removing"}


def record_failure(attempt: Attempt, site: Site, exc: CohortsError) -> None:
    """Record why an attempt failed before it sent anything."""
    _record(attempt, site, exc, unsent=True, keys=())


def _record(
    attempt: Attempt,
    site: Site,
    exc: CohortsError,
    *,
    unsent: bool,
    keys: tuple[str, ...],
) -> None:
    """`keys` are the domain keys that it sent under; nothing else will come from it."""
    failed = Failed(attempt.id, exc.code, exc.what, unsent, keys)
    # the failure itself is what the user must hear; without this row the cohort is due too
    with suppress(CohortsError):
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
    site.tell(Doing(change.id, RECORDING))
    site.writer.record((change.destination, sending), sure=True)
