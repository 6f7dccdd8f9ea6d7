"""Treasure Data, the ledger of a target, and the place where a run that writes works."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from runner.application.invocation import Invocation, Watch, Watched
from runner.application.old_tree import OldTree
from runner.application.reading import is_uncommitted
from runner.environment import repository
from runner.errors import Unavailable
from runner.project.file import Project, Target
from runner.sync.run_context import RunContext
from runner.sync.writer import Run
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerTable


@contextmanager
def treasure_data(
    invocation: Invocation, target: Target, watch: Watch | None = None
) -> Iterator[tuple[TreasureData, LedgerTable]]:
    """The client and the ledger's table of a target. Raises AuthenticationFailed
    without a key, and Unavailable R010 where the sandbox was not started.
    """
    settings = invocation.settings
    retry_seconds = settings.retry_seconds
    if target.is_sandbox:
        # the sandbox is on this machine: it is there, or somebody forgot to start it
        retry_seconds = invocation.sandbox_seconds
    stop, waits = None, invocation.waits
    if watch:
        stop, waits = watch.stop, watch.waits
    with (
        _sandbox_answers(target),
        waits.ticking(),
        TreasureData(
            target.endpoint,
            settings.key(),
            retry_seconds=retry_seconds,
            job_seconds=settings.job_seconds,
            stop=stop,
            waits=waits,
            ca_bundle=settings.ca_bundle,
        ) as client,
    ):
        # only td_scheduled_time of the ledger's own jobs comes from this machine's clock
        table = LedgerTable(
            client,
            target.state_database,
            token=invocation.token(),
            clock=lambda: invocation.now,
        )
        yield client, table


@contextmanager
def writing_context(
    invocation: Invocation,
    loaded: Project,
    target: Target,
    watched: Watched,
    *,
    allow_old_tree: bool = False,
    reason: str = "",
    settles: bool = False,
) -> Iterator[RunContext]:
    """The context of a run that writes: it tells its progress, can be stopped, and
    refuses an old tree. `reason` is kept in the ledger; `settles`: as `Run` has it.
    """
    settings = invocation.settings
    uncommitted = is_uncommitted(invocation.root)
    run = Run(
        invocation.token(),
        settings.actor,
        settings.host,
        os.getpid(),
        settings.run_address,
        repository.commit(invocation.root),
        reason,
        # who looks at the commit later does not see what was synced
        settles=settles and not uncommitted,
        uncommitted=uncommitted,
    )
    old_tree = OldTree(
        invocation.root, target, is_allowed=allow_old_tree or target.is_sandbox
    )
    with (
        watched as watch,
        treasure_data(invocation, target, watch) as (client, table),
    ):
        yield RunContext(
            target,
            loaded,
            client,
            table,
            run,
            watch.stop,
            watch.tell,
            old_tree.refuse,
            settings.checkpoint_rows,
        )


@contextmanager
def _sandbox_answers(target: Target) -> Iterator[None]:
    """Say how to start the sandbox where nobody listens at its address."""
    try:
        yield
    except Unavailable as exc:
        if not (target.is_sandbox and "connection refused" in exc.what):
            raise
        fix = (
            "start it in another terminal with `cohorts sandbox`,"
            " or choose another `--target`"
        )
        raise Unavailable(
            "R010", f"the sandbox at {target.endpoint} does not answer", fix
        ) from None
