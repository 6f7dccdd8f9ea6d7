"""The route into Braze through Treasure Data's result export: success only by the
export's own word.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from runner.errors import CohortsError, ExitCode, Locked, Unavailable
from runner.identifiers import Handle
from runner.treasuredata.client import Export, Job, Settings, TreasureData
from runner.treasuredata.words import NotThere

FENCE = "SELECT 'nothing may be sent under this key any more' AS fence"
"""What occupies a domain key: by its text a run knows that its export was forbidden."""

LINK_WAIT = 60.0
"""Seconds a succeeded query may take to show its linked export before we call it missing."""


FENCE_WAIT = 300.0
"""Seconds that a job may take to end after it was killed."""


class Operation(StrEnum):
    """What an export does; there is no other (docs/services.md, What decides the design)."""

    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Route:
    """A way into a Braze workspace: a connection's id, and what the connector calls its settings.

    The keys are not public (docs/services.md, What decides the design), so the project
    file has them.
    """

    connection_id: int
    setting_keys: Mapping[str, str]

    def settings(
        self, *, cohort_id: str, name: str, operation: Operation, handle: Handle
    ) -> Settings:
        """The connector's settings for one export."""
        values = {
            "cohort_id": cohort_id,
            "cohort_name": name,
            "operation": operation.value,
        }
        if handle.label:
            values["aliases"] = handle.label
        return {self.setting_keys[key]: value for key, value in values.items()}


class NoConnection(CohortsError):
    """Treasure Data has no connection of this name."""

    exit_code = ExitCode.INVALID


def route(
    client: TreasureData, connection: str, setting_keys: Mapping[str, str]
) -> Route:
    """The route through a connection by its name; raises NoConnection where there is none."""
    connection_id = client.connection_id(connection)
    if connection_id is None:
        place = "in the Integrations Hub"
        if client.sandbox:
            place = f"at {client.sandbox}/sandbox/connections"
        raise NoConnection(
            "P101",
            f"Treasure Data has no connection named {connection!r}",
            f"create the Braze authentication {place} under this name,"
            " or correct `connection`",
        )
    return Route(connection_id, setting_keys)


def send(
    client: TreasureData,
    database: str,
    sql: str,
    settings: Settings,
    *,
    via: Route,
    key: str,
    scheduled_time: int,
    what: str,
) -> None:
    """Run a query and export its rows; returns when the export itself succeeded. Raises
    JobFailed or Unavailable.
    """
    job_id, fresh = client.submit(
        database,
        sql,
        key=key,
        scheduled_time=scheduled_time,
        export=Export(via.connection_id, settings),
    )
    if not fresh and not client.runs(job_id, sql):
        raise Locked(
            "L004",
            "another run has taken over, so this run must not send anything",
            "let that run finish",
        )
    finish(client, job_id, what=what)


def finish(client: TreasureData, job_id: str, *, what: str) -> None:
    """Wait until a query and its linked export succeeded. Raises JobFailed or Unavailable."""
    if client.wait(job_id, what=what).status != "success":
        raise client.failure(job_id, code="R020", what=what)
    export = linked(client, job_id, what=what)
    if client.wait_for_export(export, what=what).status != "success":
        raise client.failure(export, code="R021", what=f"{what}: the export")


def linked(client: TreasureData, job_id: str, *, what: str) -> str:
    """The linked export of a succeeded query; it may show up a little later than the
    query's success.
    """
    deadline = time.monotonic() + LINK_WAIT
    pause = 0.02
    while (export := client.show(job_id).linked_export_id) is None:
        if time.monotonic() > deadline:
            raise Unavailable(
                "R022",
                f"{what}: job {job_id} succeeded but shows no export"
                f" after {LINK_WAIT:.0f} s",
                "look at the job in Treasure Data;"
                " members count as sent only if their export succeeded",
            )
        time.sleep(pause)
        pause = min(pause * 2, 5.0)
    return export


def settle(
    client: TreasureData, database: str, key: str, *, scheduled_time: int, what: str
) -> None:
    """Make sure that nothing can reach Braze any more under a domain key, however it
    ended. Raises Unavailable.

    A key that was never used is used up by a harmless query, so that a submit which
    comes late is refused. A query that succeeded and shows no export *yet* is not
    finished.
    """
    job = client.find(key)
    if job is None:
        job_id, fresh = client.submit(
            database, FENCE, key=key, scheduled_time=scheduled_time
        )
        if fresh:
            return
    else:
        job_id = job.id
    with suppress(NotThere):  # longer ago than the service remembers jobs: it has ended
        job = client.show(job_id)
        if job.query != FENCE and _ended(client, job, what=what).status == "success":
            _ended(client, client.show(linked(client, job_id, what=what)), what=what)


def _ended(client: TreasureData, job: Job, *, what: str) -> Job:
    """A job of a run that is over, killed if it has not ended by itself: whatever it
    did or not is on record as possible. Raises Unavailable where it goes on all the
    same.
    """
    if job.ended:
        return job
    client.kill(job.id)
    return client.wait(job.id, what=what, seconds=FENCE_WAIT)
