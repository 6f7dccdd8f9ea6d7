"""Jobs from queued to ended: queries in threads of their own, result exports after
them, and faults on the way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

from runner.sandbox import sessions
from runner.sandbox.catalogue import FaultPoint
from runner.sandbox.clock import Clock
from runner.sandbox.connector import Connector, ExportFailed
from runner.sandbox.faults import Fault, Faults
from runner.sandbox.history import EXPORT, History, Job, Order
from runner.sandbox.holds import Holds, Release
from runner.sandbox.options import Answer, Chosen
from runner.sandbox.query import NotHere, QueryFailed, Rows
from runner.sandbox.sessions import Session, Tables
from runner.sandbox.warehouse import Refused

CANCELED = "Query was canceled"
FAULT = "a fault of the sandbox"
LOOK = 0.01
"""Seconds between two looks at whether a held job was released or killed."""

KILL_WAIT = 2.0
"""Seconds a kill waits for the job's thread to give up."""


Work = Callable[[Job], None]
"""What a job does in its thread."""


class Killed(Exception):
    """The job ends as `killed`."""


class Jobs:
    """What runs. Queries and exports run in a few threads each; `close` ends them."""

    def __init__(
        self,
        chosen: Chosen,
        warehouse: Tables,
        connector: Connector,
        faults: Faults,
        holds: Holds,
        clock: Clock,
    ) -> None:
        self._chosen = chosen
        self._warehouse = warehouse
        self._connector = connector
        self._faults = faults
        self._holds = holds
        self._clock = clock
        self.history = History(chosen, clock)
        self._stops: dict[str, threading.Event] = {}
        self._sessions: dict[str, Session] = {}
        self._closing = threading.Event()
        threads = chosen.options.parallel_jobs
        self._queries = ThreadPoolExecutor(threads, "sandbox-query")
        self._exports = ThreadPoolExecutor(threads, "sandbox-export")

    def close(self) -> None:
        """Stop what runs, start nothing more, wait for the threads."""
        self._closing.set()
        running = self.history.not_ended()
        for job in running:
            self._stop(job.id)
        for job in running:
            self._wait_for_end(job.id)
        self._queries.shutdown(cancel_futures=True)
        self._exports.shutdown(cancel_futures=True)

    def issue(self, order: Order) -> Job:
        """Queue a query. Raises Refused: 404 for its database, 409 when its domain key
        was ever used.
        """
        self._warehouse.check_database(order.database)
        job = self.history.new(order)
        self._start(self._queries, job, self._query)
        return job

    def issue_export(self, job_id: str, order: Order) -> Job:
        """Export the result of a job that succeeded. Raises Refused: 404, 409, 422."""
        target = self.history.get(job_id)
        if target.status != "success" or target.rows is None:
            raise Refused(422, f"Job {job_id} has no result to export")
        job = self.history.new(order, export_target=job_id)
        work = partial(self._export, target)
        self._start(self._exports, job, work)
        return job

    def kill(self, job_id: str) -> str:
        """Stop a job; returns its status before. One that ended stays as it is. Raises Refused 404.

        A running job is killed when its thread says so: what it finished before counts
        as its success.
        """
        job = self.history.get(job_id)
        if job.ended:
            return job.status
        order = job.order
        fault = self._faults.take(FaultPoint.KILL, order.query, job_id, order.key)
        if fault:
            return job.status
        self._stop(job_id)
        self._wait_for_end(job_id)
        return job.status

    def _stop(self, job_id: str) -> None:
        """Ask a running job to stop, and end one that is queued."""
        with self.history.lock:
            stop = self._stops.get(job_id)
            if stop:
                stop.set()
            if self.history.has_ended(job_id):
                return
            # no thread has it yet that could say so
            if self.history.get(job_id).status == "queued":
                self._end_killed(job_id)

    def _end_killed(self, job_id: str) -> None:
        """End a job that was killed."""
        self.history.end(job_id, "killed", CANCELED)

    def _wait_for_end(self, job_id: str) -> None:
        """Interrupt a job until it has ended, or KILL_WAIT is over."""
        # an interrupt between two statements is lost, so once is not enough
        deadline = time.monotonic() + KILL_WAIT
        while time.monotonic() < deadline:
            if self.history.has_ended(job_id):
                return
            with self.history.lock:
                session = self._sessions.get(job_id)
                if session:
                    session.interrupt()
            time.sleep(0.01)

    def _start(self, threads: ThreadPoolExecutor, job: Job, work: Work) -> None:
        """Give a job to a thread; what nobody foresaw ends it as an error."""

        def notice(done: Future[None]) -> None:
            self._stops.pop(job.id, None)
            if done.cancelled():
                return
            exc = done.exception()
            if exc:
                told = f"Internal error: {exc!r}"
                self.history.end(job.id, "error", told)

        self._stops[job.id] = threading.Event()
        running = threads.submit(self._run, job, work)
        running.add_done_callback(notice)

    def _run(self, job: Job, work: Work) -> None:
        """A job's life in its thread."""
        if self.history.has_ended(job.id):
            return  # killed while it was queued
        try:
            work(job)
        except Killed:
            self._end_killed(job.id)
        except (QueryFailed, NotHere, ExportFailed) as exc:
            # what was interrupted fails too, and is no error
            if self._stops[job.id].is_set():
                self._end_killed(job.id)
            else:
                self._fail(job, exc)

    def _fail(self, job: Job, exc: Exception) -> None:
        """End a job as an error; an export may take its query with it."""
        told = f"Query {job.id} failed: {exc}"
        if isinstance(exc, ExportFailed):
            told = str(exc)
        self.history.end(job.id, "error", told)
        turns = self._chosen.options.failed_export is Answer.FAIL
        if job.export_target and turns:
            self.history.turn_to_error(job.export_target, f"result export: {exc}")

    def _query(self, job: Job) -> None:
        """A query's work, with what a fault does to it. Raises QueryFailed, Killed."""
        order = job.order
        settings = order.settings or {}
        names = self._chosen.options.setting_keys
        cohort = str(settings.get(names["cohort_id"], ""))
        fault = self._faults.take(FaultPoint.QUERY, order.query, cohort, order.key)
        self._begin(job, fault)
        do = _kind(fault)
        if do == "fail":
            raise QueryFailed(FAULT)
        scheduled = order.scheduled_time
        if scheduled is None:
            scheduled = int(job.created_at)
        rows = self._execute(job, scheduled)
        if do == "applied_error":
            raise QueryFailed(FAULT)
        if fault and do == "no_export":
            self._succeed_apart(job, rows, fault.seconds)
        else:
            self._succeed(job, rows)

    def _begin(self, job: Job, fault: Fault | None) -> None:
        """Queued until the job begins, then running; what a fault does before the job's
        own work. Raises Killed.
        """
        # a late export delivers first, and is late afterwards
        if fault and fault.do == "late" and fault.at is FaultPoint.QUERY:
            self._pause(job, fault.seconds)
        now = self._clock.now()
        self.history.change(job.id, status="running", start_at=now)
        self._pause(job, self._chosen.options.job_seconds)
        if fault is None:
            return
        match fault.do:
            case "unknown_status":
                self.history.change(job.id, status="suspended")
                self._pause(job, fault.seconds)
                self.history.change(job.id, status="running")
            case "killed":
                raise Killed
            case "hang":
                self._stops[job.id].wait()
                raise Killed
            case "hold":
                self._hold(job)
            case _:
                pass

    def _pause(self, job: Job, seconds: float) -> None:
        """Raises Killed when the job is killed meanwhile, or nothing is to begin any more."""
        if self._closing.is_set():
            raise Killed
        if self._stops[job.id].wait(seconds):
            raise Killed

    def _hold(self, job: Job) -> None:
        """Wait until the job is released. Raises Killed where it was dropped or killed."""
        line = f"{job.order.type} job {job.id}"
        held = self._holds.hold(line, "before", job.id)
        stop = self._stops[job.id]
        try:
            while not held.how.done():
                if stop.wait(LOOK):
                    raise Killed
            if held.how.result() is Release.DROP:
                raise Killed
        finally:
            self._holds.forget(held)

    def _execute(self, job: Job, scheduled_time: int) -> Rows | None:
        """The rows of a query, which can be interrupted meanwhile."""
        order = job.order
        session = sessions.opened(self._warehouse)
        with self.history.lock:
            self._sessions[job.id] = session
        try:
            return session.execute(
                order.query,
                database=order.database,
                scheduled_time=scheduled_time,
                now=self._clock.now(),
            )
        finally:
            with self.history.lock:
                del self._sessions[job.id]
            session.close()

    def _succeed(self, job: Job, rows: Rows | None) -> None:
        """The query's success, and its linked export's beginning, in one step."""
        with self.history.lock:
            if self.history.has_ended(job.id):
                return
            linked = self._link(job)
            self._change_to_success(job, rows)
            if linked:
                self.history.link(job.id, linked.id)
        if linked:
            self._start_export(job, rows, linked)

    def _succeed_apart(self, job: Job, rows: Rows | None, seconds: float) -> None:
        """The query's success, and some seconds later its linked export's beginning."""
        with self.history.lock:
            if self.history.has_ended(job.id):
                return
            self._change_to_success(job, rows)
        if self._closing.wait(seconds):
            return
        linked = self._link(job)
        if linked:
            self.history.link(job.id, linked.id)
            self._start_export(job, rows, linked)

    def _change_to_success(self, job: Job, rows: Rows | None) -> None:
        """The query's success, with its rows."""
        now = self._clock.now()
        self.history.change(job.id, status="success", end_at=now, rows=rows)

    def _start_export(self, job: Job, rows: Rows | None, linked: Job) -> None:
        """Give the export that goes with a query to a thread."""
        # the rows go along: the job may be forgotten before its export begins
        target = replace(job, rows=rows)
        work = partial(self._export, target)
        with suppress(RuntimeError):  # closing: no thread takes it any more
            self._start(self._exports, linked, work)

    def _link(self, job: Job) -> Job | None:
        """The export that goes with a query, queued; None where it has none."""
        if job.order.settings is None:
            return None
        order = replace(
            job.order,
            type=EXPORT,
            query=f"RESULT EXPORT FROM JOB {job.id}",
            domain_key=None,
        )
        return self.history.new(order, export_target=job.id)

    def _export(self, target: Job, job: Job) -> None:
        """Deliver the rows of `target`, which may be forgotten by now."""
        given = job.order.settings or {}
        settings = self._connector.check(given)
        cohort = settings.cohort_id
        asked = target.order
        fault = self._faults.take(FaultPoint.EXPORT, cohort, asked.query, asked.key)
        self._begin(job, fault)
        do = _kind(fault)
        if do == "fail":
            raise ExportFailed(FAULT)
        rows = target.rows or Rows((), ())
        self._connector.deliver(
            rows,
            settings,
            job.order.import_key,
            half=do == "half",
            stop=self._stops[job.id],
        )
        if fault and do == "late":
            self._pause(job, fault.seconds)
        if do == "export_error_after_delivery":
            raise ExportFailed(FAULT)
        self.history.end(job.id, "success")


def _kind(fault: Fault | None) -> str:
    """What a fault does; "" where there is none."""
    if fault is None:
        return ""
    return fault.do
