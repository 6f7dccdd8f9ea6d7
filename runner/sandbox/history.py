"""The jobs that Treasure Data remembers, by id and domain key; it forgets those that
are older than 7 days.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from typing import Any

from runner.sandbox.bodies import Given
from runner.sandbox.clock import Clock
from runner.sandbox.options import Answer, Chosen
from runner.sandbox.query import Rows
from runner.sandbox.warehouse import Refused

ENDED = frozenset({"success", "error", "killed"})
EXPORT = "result_export"
FIRST_ID = 1_000
KEPT = 7 * 86_400
"""Seconds for which results and job history are kept."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for when a job was issued. `settings` go to the connector after the query."""

    type: str
    database: str
    query: str
    scheduled_time: int | None = None
    domain_key: str | None = None
    priority: int = 0
    retry_limit: int = 0
    settings: Given | None = None
    import_key: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """Its domain key; "" without one."""
        return self.domain_key or ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now; times are unix seconds."""

    id: str
    order: Order
    created_at: float
    updated_at: float
    status: str = "queued"
    start_at: float | None = None
    end_at: float | None = None
    rows: Rows | None = field(default=None, repr=False)
    stderr: str = ""
    linked_export: str | None = None
    export_target: str | None = None

    @property
    def ended(self) -> bool:
        """True when the status is final."""
        return self.status in ENDED


class History:
    """Every job that is remembered, oldest first. One that has not ended is never
    forgotten.
    """

    def __init__(self, chosen: Chosen, clock: Clock) -> None:
        self._chosen = chosen
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._keys: dict[str, str] = {}
        self._kinds: Counter[str] = Counter()
        self._last_id = FIRST_ID - 1
        self.lock = threading.RLock()

    def new(self, order: Order, *, export_target: str | None = None) -> Job:
        """A job that is queued. Raises Refused 409 when its domain key is taken."""
        with self.lock:
            self._forget()
            key = order.domain_key
            job_id = str(self._last_id + 1)
            exports_look = self._chosen.options.export_key is Answer.OK
            looks = export_target is None or exports_look
            if key is not None and looks:
                self._check_key(key)
                self._keys[key] = job_id
            self._last_id += 1
            now = self._clock.now()
            job = Job(job_id, order, now, now, export_target=export_target)
            self._jobs[job_id] = job
            self._kinds[order.type] += 1
            return job

    def _check_key(self, key: str) -> None:
        """Raises Refused 409 where a domain key is taken."""
        first = self._keys.get(key)
        if first is None:
            return
        keeps = self._chosen.options.forgets_keys is Answer.FAIL
        if first in self._jobs or keeps:
            raise Refused(
                409, "Domain key has already been taken", conflicts_with=first
            )

    def get(self, job_id: str) -> Job:
        """Raises Refused 404."""
        with self.lock:
            self._forget()
            job = self._jobs.get(job_id)
            if job is None:
                raise Refused(404, f"Couldn't find Job with id = {job_id}")
            return job

    def by_key(self, key: str) -> Job:
        """The job issued under a domain key. Raises Refused 404."""
        with self.lock:
            self._forget()
            job_id = self._keys.get(key, "")
            job = self._jobs.get(job_id)
            if job is None:
                raise Refused(404, f"Couldn't find Job with domain_key = {key}")
            return job

    def newest(self) -> str | None:
        """The id of the job that was issued last."""
        return next(reversed(self._jobs), None)

    def page(self, first: int, last: int, status: str = "") -> tuple[int, list[Job]]:
        """How many jobs there are (with a status, if one is named), and those from
        `first` to `last`, newest first.
        """
        with self.lock:
            self._forget()
            newest_first = reversed(self._jobs.values())
            end = last + 1
            if not status:
                page = islice(newest_first, first, end)
                return len(self._jobs), list(page)
            found = [job for job in newest_first if job.status == status]
            return len(found), found[first:end]

    def not_ended(self) -> list[Job]:
        """Oldest first."""
        with self.lock:
            return [job for job in self._jobs.values() if not job.ended]

    def has_ended(self, job_id: str) -> bool:
        """True also for a job that is forgotten."""
        with self.lock:
            job = self._jobs.get(job_id)
            return job is None or job.ended

    def change(self, job_id: str, **fields: Any) -> None:
        """Change a job; once it ended nothing changes it."""
        with self.lock:
            if not self.has_ended(job_id):
                now = self._clock.now()
                self._replace(job_id, updated_at=now, **fields)

    def end(self, job_id: str, status: str, stderr: str = "") -> None:
        """Its last change."""
        now = self._clock.now()
        self.change(job_id, status=status, end_at=now, stderr=stderr)

    def turn_to_error(self, job_id: str, stderr: str) -> None:
        """A success is taken back, because its linked export failed."""
        self._replace(job_id, status="error", stderr=stderr)

    def link(self, job_id: str, export_id: str) -> None:
        """A success gets its linked export."""
        self._replace(job_id, linked_export=export_id)

    def _replace(self, job_id: str, **fields: Any) -> None:
        """Write some of a job's fields anew; nothing where the job is forgotten."""
        with self.lock:
            job = self._jobs.get(job_id)
            if job is not None:
                self._jobs[job_id] = replace(job, **fields)

    def kinds(self) -> dict[str, int]:
        """How many jobs of each type there were since they were last forgotten."""
        with self.lock:
            return dict(sorted(self._kinds.items()))

    def forget_kinds(self) -> None:
        """Count from nothing again."""
        with self.lock:
            self._kinds.clear()

    def _forget(self) -> None:
        """Jobs lie in the order of their beginnings, so only those that are old enough
        are looked at.
        """
        limit = self._clock.now() - KEPT
        old = takewhile(lambda job: job.created_at < limit, self._jobs.values())
        gone = [job.id for job in old if job.ended]
        for job_id in gone:
            del self._jobs[job_id]
