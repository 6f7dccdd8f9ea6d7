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
from runner.sandbox.catalogue import Place
from runner.sandbox.clock import Clock
from runner.sandbox.connector import Connector, ExportFailed
from runner.sandbox.faults import Fault, Faults
from runner.sandbox.history import EXPORT, History, Job, Order
from runner.sandbox.holds import Holds, How
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
        self._chosen, self._warehouse, self._connector = chosen, warehouse, connector
        self._faults, self._holds, self._clock = faults, holds, clock
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
        self._start(self._exports, job, partial(self._export, target))
        return job

    def kill(self, job_id: str) -> str:
        """Stop a job; returns its status before. One that ended stays as it is. Raises Refused 404.

        A running job is killed when its thread says so: what it finished before counts
        as its success.
        """
        job = self.history.get(job_id)
        if job.ended or self._faults.take(
            Place.KILL, job.order.query, job_id, job.order.domain_key or ""
        ):
            return job.status
        self._stop(job_id)
        self._wait_for_end(job_id)
        return job.status

    def _stop(self, job_id: str) -> None:
        with self.history.lock:
            if stop := self._stops.get(job_id):
                stop.set()
            if (
                not self.history.has_ended(job_id)
                and self.history.get(job_id).status == "queued"
            ):
                self.history.end(job_id, "killed", CANCELED)

    def _wait_for_end(self, job_id: str) -> None:
        # an interrupt between two statements is lost, so once is not enough
        deadline = time.monotonic() + KILL_WAIT
        while not self.history.has_ended(job_id) and time.monotonic() < deadline:
            with self.history.lock:
                if session := self._sessions.get(job_id):
                    session.interrupt()
            time.sleep(0.01)

    def _start(
        self, threads: ThreadPoolExecutor, job: Job, work: Callable[[Job], None]
    ) -> None:
        def notice(done: Future[None]) -> None:
            self._stops.pop(job.id, None)
            if not done.cancelled() and (exc := done.exception()):
                self.history.end(job.id, "error", f"Internal error: {exc!r}")

        self._stops[job.id] = threading.Event()
        threads.submit(self._run, job, work).add_done_callback(notice)

    def _run(self, job: Job, work: Callable[[Job], None]) -> None:
        """A job's life in its thread."""
        if self.history.has_ended(job.id):
            return  # killed while it was queued
        try:
            work(job)
        except Killed:
            self.history.end(job.id, "killed", CANCELED)
        except (QueryFailed, NotHere, ExportFailed) as exc:
            if self._stops[job.id].is_set():
                self.history.end(job.id, "killed", CANCELED)
                return
            told = (
                str(exc)
                if isinstance(exc, ExportFailed)
                else f"Query {job.id} failed: {exc}"
            )
            self.history.end(job.id, "error", told)
            if job.export_target and self._chosen.options.failed_export is Answer.FAIL:
                self.history.turn_to_error(job.export_target, f"result export: {exc}")

    def _query(self, job: Job) -> None:
        order = job.order
        cohort = str(
            (order.settings or {}).get(
                self._chosen.options.setting_keys["cohort_id"], ""
            )
        )
        fault = self._faults.take(
            Place.QUERY, order.query, cohort, order.domain_key or ""
        )
        self._begin(job, fault)
        if fault and fault.do == "fail":
            raise QueryFailed(FAULT)
        scheduled = (
            order.scheduled_time
            if order.scheduled_time is not None
            else int(job.created_at)
        )
        rows = self._execute(job, scheduled)
        if fault and fault.do == "applied_error":
            raise QueryFailed(FAULT)
        self._succeed(job, rows, fault)

    def _begin(self, job: Job, fault: Fault | None) -> None:
        """Queued until the job begins, then running; what a fault does before the job's
        own work. Raises Killed.
        """
        do = fault.do if fault else ""
        if fault and do == "late" and fault.at is Place.QUERY:
            self._pause(job, fault.seconds)
        self.history.change(job.id, status="running", start_at=self._clock.now())
        self._pause(job, self._chosen.options.job_seconds)
        if fault and do == "unknown_status":
            self.history.change(job.id, status="suspended")
            self._pause(job, fault.seconds)
            self.history.change(job.id, status="running")
        match do:
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
        if self._closing.is_set() or self._stops[job.id].wait(seconds):
            raise Killed

    def _hold(self, job: Job) -> None:
        held = self._holds.hold(f"{job.order.type} job {job.id}", "before", job.id)
        try:
            while not self._stops[job.id].wait(LOOK):
                if held.how.done():
                    if held.how.result() is How.DROP:
                        raise Killed
                    return
            raise Killed
        finally:
            self._holds.forget(held)

    def _execute(self, job: Job, scheduled_time: int) -> Rows | None:
        session = sessions.opened(self._warehouse)
        with self.history.lock:
            self._sessions[job.id] = session
        try:
            return session.execute(
                job.order.query,
                database=job.order.database,
                scheduled_time=scheduled_time,
                now=self._clock.now(),
            )
        finally:
            with self.history.lock:
                del self._sessions[job.id]
            session.close()

    def _succeed(self, job: Job, rows: Rows | None, fault: Fault | None) -> None:
        """The query's success, and its linked export's beginning, in one step unless a
        fault keeps them apart.
        """
        apart = fault.seconds if fault and fault.do == "no_export" else None
        with self.history.lock:
            if self.history.has_ended(job.id):
                return
            linked = self._link(job) if apart is None else None
            link = linked.id if linked else None
            self.history.change(
                job.id,
                status="success",
                end_at=self._clock.now(),
                rows=rows,
                linked_export=link,
            )
        if (
            apart is not None
            and not self._closing.wait(apart)
            and (linked := self._link(job))
        ):
            self.history.link(job.id, linked.id)
        if linked:
            with suppress(RuntimeError):  # closing: no thread takes it any more
                self._start(
                    self._exports,
                    linked,
                    partial(self._export, replace(job, rows=rows)),
                )

    def _link(self, job: Job) -> Job | None:
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
        settings = self._connector.check(job.order.settings or {})
        fault = self._faults.take(
            Place.EXPORT,
            settings.cohort_id,
            target.order.query,
            target.order.domain_key or "",
        )
        self._begin(job, fault)
        if fault and fault.do == "fail":
            raise ExportFailed(FAULT)
        rows, stop = target.rows or Rows((), ()), self._stops[job.id]
        self._connector.deliver(
            rows,
            settings,
            job.order.import_key,
            half=bool(fault and fault.do == "half"),
            stop=stop,
        )
        if fault and fault.do == "late":
            self._pause(job, fault.seconds)
        if fault and fault.do == "export_error_after_delivery":
            raise ExportFailed(FAULT)
        self.history.end(job.id, "success")
