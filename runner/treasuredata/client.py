"""Treasure Data as this tool needs it, over td-client: idempotent jobs, bounded waits,
errors translated once.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import tdclient
import urllib3
from tdclient import errors as td_errors
from tdclient.types import Priority
from tdclient.util import create_url

from runner.errors import CohortsError, Interrupted, Position, Unavailable
from runner.project.file import is_local
from runner.treasuredata.waits import Service, Waits
from runner.treasuredata.wire import NoAnswer, Wire, persist, pool
from runner.treasuredata.words import (
    NO_REASON,
    Reason,
    conflicting_job,
    hidden,
    reason,
    translated,
)

Answer = TypeVar("Answer")

Rows = Sequence[Sequence[Any]]
"""What a query answers: the values of each row, in the order of its columns."""

Settings = Mapping[str, str]
"""The settings of an export, by what the connector calls them."""

ENDED = frozenset({"success", "error", "killed"})
"""Final job statuses (docs/services.md, Following a job).

Any other status, also one that nobody has seen yet, means: not finished.
"""

TOO_LONG = "Compiler failed"
"""Trino's words for an expression that is too long to be made a program."""

NOT_THERE = re.compile(r"\b(Schema|Table) '[\w.]+' does not exist")
"""Trino's words for a database or a table that there is not."""

CONNECTOR = "braze"
"""What the check of settings calls the connector: a guess, asked for nothing but a hint."""

FIRST_POLL = 0.01
SHORT_POLL = 0.25
LONGEST_POLL = 15.0
"""Seconds between two looks at a job: they double from the first to the second, then they
are a share of the time that it has taken, up to the third.
"""

SHARE = 0.1
"""The share of a job's time after which its end is noticed at the latest."""

QUESTIONS = 8
"""Looks at jobs in a second, when many are waited for at once."""


def next_pause(pause: float, *, elapsed: float, waiting: int) -> float:
    """Seconds until the next look at a job, after a pause. `elapsed` seconds have passed
    since it was issued, and `waiting` jobs are waited for, this one included.
    """
    unhurried = max(SHORT_POLL, elapsed * SHARE, waiting / QUESTIONS)
    return min(pause * 2, unhurried, LONGEST_POLL)


# td-client logs answers and, at debug level, the key: its logger must reach no handler
logging.getLogger("tdclient").addHandler(logging.NullHandler())
logging.getLogger("tdclient").propagate = False


class JobFailed(CohortsError):
    """A job ended without success. `job_id` is what to look up in the console; `reason`
    the service's, whose place is one of `sql`.
    """

    def __init__(
        self,
        code: str,
        what: str,
        fix: str,
        *,
        job_id: str,
        reason: Reason | None = None,
        sql: str = "",
    ) -> None:
        super().__init__(code, what, fix)
        self.job_id = job_id
        self.reason = reason or NO_REASON
        self.sql = sql

    def placed(self, at: Position) -> JobFailed:
        """The same error, at a place in a file instead of one in the SQL that was sent."""
        what = self.what.replace(self.reason.text, self.reason.without_place)
        told = JobFailed(
            self.code,
            what,
            self.fix,
            job_id=self.job_id,
            reason=self.reason,
            sql=self.sql,
        )
        told.at = at
        return told


@dataclass(frozen=True, slots=True)
class Export:
    """A result export that goes with a query: connection id and the connector's settings."""

    connection_id: int
    settings: Settings


@dataclass(frozen=True, slots=True)
class Job:
    """A job as last seen. `reason` is the service's own, with every value in it hidden."""

    id: str
    status: str
    linked_export_id: str | None = None
    reason: Reason = NO_REASON
    query: str = ""

    @property
    def ended(self) -> bool:
        """True when the status is final."""
        return self.status in ENDED


class TreasureData:
    """One account at one site. Every call is repeatable and bounded in time; use as a
    context manager.
    """

    def __init__(
        self,
        endpoint: str,
        key: str,
        *,
        retry_seconds: float,
        job_seconds: float,
        stop: threading.Event | None = None,
        waits: Waits | None = None,
        ca_bundle: str = "",
    ) -> None:
        # measured with td-client 1.7.0: without the slash at its end it asks for
        # `//v3/…`; -1 ends its own retries. Its own pool is not used, and must not
        # stumble over what HTTP_PROXY holds: so it is given a proxy
        self._client = tdclient.Client(
            apikey=key,
            endpoint=f"{endpoint.rstrip('/')}/",
            max_cumul_retry_delay=-1,
            http_proxy="http://unused",
        )
        timeout = urllib3.Timeout(connect=10, read=60)
        self._client.api.http = cast(
            "Any", Wire(pool(endpoint, ca_bundle=ca_bundle, timeout=timeout))
        )
        self._endpoint = endpoint.rstrip("/")
        self._retry_seconds = retry_seconds
        self._job_seconds = job_seconds
        self._stop = stop or threading.Event()
        self._waits = waits or Waits(time.monotonic, _untold)
        self._lock = threading.Lock()
        self._waiting = 0

    def __enter__(self) -> TreasureData:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._client.close()

    @property
    def sandbox(self) -> str:
        """The address of the sandbox; empty where this is an account."""
        if is_local(self._endpoint):
            return self._endpoint
        return ""

    def submit(
        self,
        database: str,
        sql: str,
        *,
        key: str,
        scheduled_time: int,
        export: Export | None = None,
        priority: Priority = 0,
    ) -> tuple[str, bool]:
        """Issue a Trino job once, whatever happens to the answers: `key` is its domain
        key. Returns the job's id, and False where the key had been used before: by a
        try whose answer was lost, or by another run.
        """
        options: dict[str, Any] = {
            "domain_key": key,
            "scheduled_time": str(scheduled_time),
        }
        if export:
            options["result_connection_id"] = str(export.connection_id)
            options["result_connection_settings"] = json.dumps(
                dict(export.settings), sort_keys=True
            )

        def issue() -> tuple[str, bool]:
            try:
                issued = self._client.api.query(
                    sql,
                    type="trino",
                    db=database,
                    priority=priority,
                    retry_limit=0,
                    **options,
                )
                return str(issued), True
            except td_errors.AlreadyExistsError as exc:
                known = conflicting_job(str(exc))
                if known is not None:
                    return known, False
                job = self._by_key(key)
                if job is None:
                    raise NoAnswer("says a job exists that it does not show") from None
                return job.id, False

        return self._ask(issue, f"database {database}", "issuing a job")

    def wait(
        self,
        job_id: str,
        *,
        what: str,
        to_the_end: bool = False,
        seconds: float | None = None,
    ) -> Job:
        """Wait for a job to end, at most `seconds`, and never longer than
        `job_seconds`. Returns it however it ended; raises Unavailable on time-out, and
        Interrupted when the run is to stop, unless it is waited for `to_the_end`: the
        ledger's own jobs are.
        """
        longest = self._job_seconds
        if seconds is not None:
            longest = min(longest, seconds)
        begun = time.monotonic()
        with self._one_more_waiting():
            return self._waited(job_id, begun, longest, what, to_the_end=to_the_end)

    @contextmanager
    def _one_more_waiting(self) -> Iterator[None]:
        """Count a job that is waited for."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def _waited(
        self, job_id: str, begun: float, longest: float, what: str, *, to_the_end: bool
    ) -> Job:
        """What `wait` returns and raises. `begun` is on the monotonic clock."""
        pause = FIRST_POLL
        while not (job := Job(job_id, self.status(job_id))).ended:
            elapsed = time.monotonic() - begun
            if elapsed > longest:
                raise Unavailable(
                    "R011",
                    f"{what}: job {job_id} is still {job.status} after {longest:.0f} s",
                    "look at the job in Treasure Data, then run again;"
                    " the next run waits for it first",
                )
            if self._stop.wait(pause) and not to_the_end:
                raise Interrupted(
                    "R040",
                    f"{what}: interrupted",
                    "run again; what was left unfinished is due again",
                )
            if to_the_end and self._stop.is_set():
                # an event that is set does not wait any more
                time.sleep(pause)
            pause = next_pause(pause, elapsed=elapsed, waiting=self._waiting)
        return job

    def wait_for_export(self, job_id: str, *, what: str) -> Job:
        """Wait for an export to end, as `wait` does; people hear of it when that takes long."""
        doing = f"{what} (job {job_id})"
        with self._waits.on(Service.BRAZE, doing, most=self._job_seconds):
            return self.wait(job_id, what=what)

    def run(
        self,
        database: str,
        sql: str,
        *,
        key: str,
        scheduled_time: int,
        what: str,
        urgent: bool = False,
    ) -> str:
        """Issue a job and wait until it succeeded; returns its id. Raises JobFailed
        with the service's reason, and where the key is another job's: its success would
        be taken for a row written, or its rows for an answer.

        `urgent`: it does not queue behind a company's reports, and is waited for also
        when the run is to stop.
        """
        priority: Priority = 0
        if urgent:
            priority = 1
        job_id, fresh = self.submit(
            database,
            sql,
            key=key,
            scheduled_time=scheduled_time,
            priority=priority,
        )
        ended = self.wait(job_id, what=what, to_the_end=urgent)
        if not fresh and not self.runs(job_id, sql):
            taken = (
                f"{what}: its key belongs to job {job_id}, which does something else"
            )
            raise JobFailed("R023", taken, "run again", job_id=job_id)
        if ended.status != "success":
            raise self.failure(job_id, code="R020", what=what, sql=sql)
        return job_id

    def runs(self, job_id: str, sql: str) -> bool:
        """True where a job has this SQL, as far as it tells one job from another:
        services may keep white space otherwise.
        """
        return self.show(job_id).query.split() == sql.split()

    def select(
        self,
        database: str,
        sql: str,
        *,
        key: str,
        scheduled_time: int,
        what: str,
        urgent: bool = False,
    ) -> Sequence[list[Any]]:
        """Rows of a small read-only query, as lists in column order: counts and ledger
        rows. Members are among them only where a person asked to see ten of them
        (`cohorts preview`); they are held in memory, and in no file.
        """
        return self.reduced(
            database,
            sql,
            list,
            key=key,
            scheduled_time=scheduled_time,
            what=what,
            urgent=urgent,
        )

    def reduced(
        self,
        database: str,
        sql: str,
        reduce: Callable[[Iterator[list[Any]]], Answer],
        *,
        key: str,
        scheduled_time: int,
        what: str,
        urgent: bool = False,
    ) -> Answer:
        """What `reduce` makes of the rows of a read-only query, which it gets one by one
        as they arrive. It is called again from the first row if the connection breaks.
        """
        job_id = self.run(
            database,
            sql,
            key=key,
            scheduled_time=scheduled_time,
            what=what,
            urgent=urgent,
        )

        def fetched() -> Answer:
            rows = self._client.api.job_result_format_each(job_id, "msgpack")
            return reduce(cast("list[Any]", row) for row in rows)

        return self._ask(
            fetched, f"result of job {job_id}", f"reading the result of job {job_id}"
        )

    def failure(self, job_id: str, *, code: str, what: str, sql: str = "") -> JobFailed:
        """The error for a job that ended without success, with the service's reason.
        `sql` is what it was sent.
        """
        job = self.show(job_id)
        ended = f"{what}: job {job_id} ended as {job.status}"
        if job.reason.text:
            ended += f": {job.reason.text}"
        fix = "look at the job in Treasure Data, mend the cause, and run again"
        if TOO_LONG in job.reason.text:
            fix = (
                "the query has too many conditions for Trino:"
                " put what they ask for into a list (`in`) or a table"
            )
        elif self.sandbox and NOT_THERE.search(job.reason.text):
            fix = (
                "declare the table under `sources`, and start the sandbox with"
                " `--from-sources`, which makes it"
            )
        return JobFailed(
            code,
            ended,
            fix,
            job_id=job_id,
            reason=job.reason,
            sql=sql,
        )

    def status(self, job_id: str) -> str:
        """A job's status as the service words it."""
        return self._ask(
            lambda: self._client.api.job_status(job_id),
            f"job {job_id}",
            f"looking at job {job_id}",
        )

    def show(self, job_id: str) -> Job:
        """A job with its linked export and the reason it failed, if it did."""
        shown = self._ask(
            lambda: self._client.api.show_job(job_id),
            f"job {job_id}",
            f"looking at job {job_id}",
        )
        linked: str | None = None
        export = shown.get("linked_result_export_job_id")
        if export:
            linked = str(export)
        query = str(shown.get("query") or "").strip()
        said = reason(shown.get("debug"), query)
        return Job(job_id, str(shown["status"]), linked, said, query)

    def kill(self, job_id: str) -> None:
        """Ask for a job to be ended; whether it was shows in its status."""
        self._ask(
            lambda: self._client.api.kill(job_id),
            f"job {job_id}",
            f"killing job {job_id}",
        )

    def find(self, key: str) -> Job | None:
        """The job issued under a domain key, or None where none was. Keys are
        remembered at least 7 days.
        """
        return self._ask(
            lambda: self._by_key(key),
            f"domain key {key}",
            "looking for a job by its key",
        )

    def connection_id(self, name: str) -> int | None:
        """The id of a connection (authentication) by its name, or None."""

        def look_up() -> int | None:
            answer = self._get("/v3/connections/lookup", {"name": name})
            if answer is None:
                return None
            return int(answer["id"])

        return self._ask(look_up, f"connection {name}", "looking up the connection")

    def refuses(self, connection_id: int, settings: Settings) -> str | None:
        """What the service has against an export's settings; "" when it accepts them,
        None where it does not say.

        That this check works for result exports, and what the connector's type is
        called, is not documented (docs/services.md, Checking without sending): an
        answer that is neither clearly yes nor clearly no is none.
        """
        params = {
            "type": CONNECTOR,
            "settings": json.dumps(dict(settings)),
            "connection_id": str(connection_id),
        }

        path = "/v3/connector_configs/validate_with_connection"

        def asked() -> str | None:
            with self._client.api.post(path, params) as response:
                body = response.read()
                status = response.status
            if status == 200:
                return ""
            if status != 422:
                return None
            answer = self._client.api.checked_json(body, [])
            said = answer.get("message") or answer.get("error") or "refused"
            return hidden(str(said))

        try:
            what = "the check of a connector's settings"
            return self._ask(asked, what, "checking the connector's settings")
        except Unavailable:
            return None

    def databases(self) -> frozenset[str]:
        """Names of the databases the key can see."""
        return self._ask(
            lambda: frozenset(self._client.api.list_databases()),
            "databases",
            "listing databases",
        )

    def create_database(self, name: str) -> None:
        """Create a database; one that exists is fine."""

        def create() -> None:
            try:
                self._client.api.create_database(name)
            except td_errors.AlreadyExistsError:
                return

        self._ask(create, f"database {name}", f"creating the database {name}")

    def tables(self, database: str) -> frozenset[str]:
        """Names of a database's tables."""
        return self._ask(
            lambda: frozenset(self._client.api.list_tables(database)),
            f"database {database}",
            f"listing the tables of {database}",
        )

    def columns(self, database: str) -> Mapping[str, Mapping[str, str]]:
        """The columns of a database's tables, each with its type as the API words it, and `time`.

        No tables where there is no such database. Source: docs/services.md, Tables.
        """

        def listed() -> Mapping[str, Any]:
            try:
                return dict(self._client.api.list_tables(database))
            except td_errors.NotFoundError:
                return {}

        found = self._ask(
            listed, f"database {database}", f"listing the tables of {database}"
        )
        return {name: _columns(table["schema"]) for name, table in found.items()}

    def delete_table(self, database: str, table: str) -> None:
        """Delete a table; one that is gone is fine."""

        def delete() -> None:
            try:
                self._client.api.delete_table(database, table)
            except td_errors.NotFoundError:
                return

        where = f"{database}.{table}"
        self._ask(delete, f"table {where}", f"deleting the table {where}")

    def _by_key(self, key: str) -> Job | None:
        """The job of a domain key; None where no job has it."""
        answer = self._get(create_url("/v3/job/status_by_domain_key/{key}", key=key))
        if answer is None:
            return None
        return Job(str(answer["job_id"]), str(answer["status"]))

    def _get(
        self, path: str, params: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """JSON of a GET that td-client has no method for; None on 404."""
        with self._client.api.get(path, params) as response:
            body = response.read()
            if response.status == 404:
                return None
            if response.status != 200:
                self._client.api.raise_error("GET failed", response, body)
            return self._client.api.checked_json(body, [])

    def _ask(self, call: Callable[[], Answer], what: str, doing: str) -> Answer:
        """What a call answers, with the service's errors in our words; tried again
        where that may help. `doing` tells whoever waits for it.
        """

        def once() -> Answer:
            with translated(what):
                return call()

        seconds = self._retry_seconds
        with self._waits.on(Service.TREASURE_DATA, doing, most=seconds) as missed:
            return persist(once, seconds=seconds, missed=missed)


def _untold(_line: str) -> None:
    """Nobody is to hear of what is waited for."""


def _columns(schema: Sequence[Sequence[Any]]) -> dict[str, str]:
    """A table's columns and their types. The API does not list `time`, which every
    table has.
    """
    columns = {_in_sql(column): str(column[1]) for column in schema}
    columns["time"] = "long"
    return columns


def _in_sql(column: Sequence[Any]) -> str:
    """What a column is called in queries: its alias, which comes third, where it has one."""
    if len(column) > 2 and column[2]:
        return str(column[2])
    return str(column[0])
