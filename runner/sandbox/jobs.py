"""Jobs from queued to ended: queries in threads of their own, result exports after them, and faults on the way."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from runner.sandbox import query
from runner.sandbox.connector import Connector, ExportFailed
from runner.sandbox.faults import Faults, Place
from runner.sandbox.options import Answer, Options
from runner.sandbox.query import Rows
from runner.sandbox.trino import QueryFailed
from runner.sandbox.warehouse import Refused, Warehouse

ENDED = frozenset({"success", "error", "killed"})
EXPORT = "result_export"
FIRST_ID = 1_000
CANCELED = "Query was canceled"
KILL_WAIT = 2.0
"""Seconds a kill waits for the job's thread to give up."""


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
    settings: Mapping[str, Any] | None = None
    import_key: str = field(default="", repr=False)


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


class Jobs:
    """All jobs of a sandbox. Queries and exports run in a few threads each; `close` ends them."""

    def __init__(self, options: Options, warehouse: Warehouse, connector: Connector, faults: Faults) -> None:
        self._options, self._warehouse, self._connector, self._faults = options, warehouse, connector, faults
        self._jobs: dict[str, Job] = {}
        self._keys: dict[str, str] = {}
        self._stops: dict[str, threading.Event] = {}
        self._cursors: dict[str, duckdb.DuckDBPyConnection] = {}
        self._kinds: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._closing = False
        self._queries = ThreadPoolExecutor(options.parallel_jobs, "sandbox-query")
        self._exports = ThreadPoolExecutor(options.parallel_jobs, "sandbox-export")

    def close(self) -> None:
        """Stop what runs, start nothing more, wait for the threads."""
        self._closing = True
        for stop in list(self._stops.values()):
            stop.set()
        for job in self.all():
            self.kill(job.id)
        self._queries.shutdown(cancel_futures=True)
        self._exports.shutdown(cancel_futures=True)

    def issue(self, order: Order) -> Job:
        """Queue a query. Raises Refused: 404 for its database, 409 when its domain key was ever used."""
        self._warehouse.check_database(order.database)
        with self._lock:
            job = self._new(order)
        self._start(self._queries, job.id, self._query)
        return job

    def issue_export(self, job_id: str, order: Order) -> Job:
        """Export the result of a job that succeeded. Raises Refused: 404, 409, 422."""
        target = self.get(job_id)
        if target.status != "success" or target.rows is None:
            raise Refused(422, f"Job {job_id} has no result to export")
        with self._lock:
            job = self._new(order, export_target=job_id)
        self._start(self._exports, job.id, self._export)
        return job

    def get(self, job_id: str) -> Job:
        """Raises Refused 404."""
        try:
            return self._jobs[job_id]
        except KeyError:
            raise Refused(404, f"Couldn't find Job with id = {job_id}") from None

    def by_key(self, key: str) -> Job:
        """The job issued under a domain key. Raises Refused 404."""
        if key not in self._keys:
            raise Refused(404, f"Couldn't find Job with domain_key = {key}")
        return self.get(self._keys[key])

    def all(self) -> list[Job]:
        """Newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def kinds(self) -> dict[str, int]:
        """How many jobs of each type there were since they were last forgotten."""
        with self._lock:
            return dict(sorted(self._kinds.items()))

    def forget_kinds(self) -> None:
        """Count from nothing again."""
        with self._lock:
            self._kinds.clear()

    def kill(self, job_id: str) -> str:
        """Stop a job; returns its status before. One that ended stays as it is. Raises Refused 404.

        A running job is killed when its thread says so: what it finished before counts as its success.
        """
        with self._lock:
            before = self.get(job_id).status
            self._stops[job_id].set()
            if before == "queued":
                self._end(job_id, "killed", CANCELED)
        # an interrupt between two statements is lost, so once is not enough
        deadline = time.monotonic() + KILL_WAIT
        while not self._jobs[job_id].ended and time.monotonic() < deadline:
            with self._lock:
                if cursor := self._cursors.get(job_id):
                    cursor.interrupt()
            time.sleep(0.01)
        return before

    def _new(self, order: Order, *, export_target: str | None = None) -> Job:
        if order.domain_key is not None and (first := self._keys.get(order.domain_key)):
            raise Refused(409, "Domain key has already been taken", conflicts_with=first)
        now = time.time()
        job = Job(str(FIRST_ID + len(self._jobs)), order, now, now, export_target=export_target)
        if order.domain_key is not None:
            self._keys[order.domain_key] = job.id
        self._jobs[job.id], self._stops[job.id] = job, threading.Event()
        self._kinds[order.type] += 1
        return job

    def _set(self, job_id: str, **fields: Any) -> None:
        """Change a job; once it ended nothing changes it."""
        with self._lock:
            if not self._jobs[job_id].ended:
                self._jobs[job_id] = replace(self._jobs[job_id], updated_at=time.time(), **fields)

    def _end(self, job_id: str, status: str, stderr: str = "") -> None:
        self._set(job_id, status=status, end_at=time.time(), stderr=stderr)

    def _start(self, threads: ThreadPoolExecutor, job_id: str, work: Callable[[Job], None]) -> None:
        def notice(done: Future[None]) -> None:
            if not done.cancelled() and (exc := done.exception()):
                self._end(job_id, "error", f"Internal error: {exc!r}")

        threads.submit(self._run, job_id, work).add_done_callback(notice)

    def _run(self, job_id: str, work: Callable[[Job], None]) -> None:
        """A job's life in its thread."""
        stop = self._stops[job_id]
        self._set(job_id, status="running", start_at=time.time())
        if self._closing or stop.wait(self._options.job_seconds):
            self._end(job_id, "killed", CANCELED)
            return
        try:
            work(self._jobs[job_id])
        except (QueryFailed, ExportFailed) as exc:
            if stop.is_set():
                self._end(job_id, "killed", CANCELED)
                return
            told = f"Query {job_id} failed: {exc}" if isinstance(exc, QueryFailed) else str(exc)
            self._end(job_id, "error", told)
            target = self._jobs[job_id].export_target
            if target and self._options.failed_export is Answer.FAIL:
                with self._lock:
                    self._jobs[target] = replace(self._jobs[target], status="error", stderr=f"result export: {exc}")

    def _query(self, job: Job) -> None:
        order = job.order
        cohort = str((order.settings or {}).get(self._options.setting_keys["cohort_id"], ""))
        if fault := self._faults.take(Place.QUERY, order.query, cohort):
            self._play(fault.do, job)
        cursor = self._warehouse.cursor()
        with self._lock:
            self._cursors[job.id] = cursor
        scheduled = order.scheduled_time if order.scheduled_time is not None else int(job.created_at)
        try:
            rows = query.execute(
                order.query,
                database=order.database,
                scheduled_time=scheduled,
                now=int(time.time()),
                warehouse=self._warehouse,
                cursor=cursor,
            )
        finally:
            with self._lock:
                del self._cursors[job.id]
            cursor.close()
        self._succeed(job, rows)

    def _succeed(self, job: Job, rows: Rows | None) -> None:
        """The query's success, and its linked export's beginning, in one step."""
        linked: Job | None = None
        with self._lock:
            if self._jobs[job.id].ended:
                return
            if job.order.settings is not None:
                order = replace(job.order, type=EXPORT, query=f"RESULT EXPORT FROM JOB {job.id}", domain_key=None)
                linked = self._new(order, export_target=job.id)
            self._set(
                job.id, status="success", end_at=time.time(), rows=rows, linked_export=linked.id if linked else None
            )
        if linked:
            with suppress(RuntimeError):  # closing: no thread takes it any more
                self._start(self._exports, linked.id, self._export)

    def _export(self, job: Job) -> None:
        settings = self._connector.check(job.order.settings or {})
        target = self._jobs[job.export_target or ""]
        fault = self._faults.take(Place.EXPORT, settings.cohort_id, target.order.query)
        if fault and fault.do != "half":
            self._play(fault.do, job)
        rows = target.rows or Rows((), ())
        self._connector.deliver(rows, settings, job.order.import_key, half=bool(fault), stop=self._stops[job.id])
        self._end(job.id, "success")

    def _play(self, do: str, job: Job) -> None:
        if do == "hang":
            self._stops[job.id].wait()
            raise QueryFailed(CANCELED)
        what = ExportFailed if job.order.type == EXPORT else QueryFailed
        raise what("a fault of the sandbox")
