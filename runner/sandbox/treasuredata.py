"""Treasure Data's REST API v3, the part that clients of jobs, tables and connections use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runner.sandbox import results
from runner.sandbox.answers import (
    form_fields,
    job_body,
    json_object,
    ranged,
    refusal,
    status_body,
    table_body,
    whole,
)
from runner.sandbox.bodies import Shown
from runner.sandbox.catalogue import FaultPoint
from runner.sandbox.connector import Connector, ExportFailed
from runner.sandbox.faults import Faults
from runner.sandbox.history import EXPORT, Job, Order
from runner.sandbox.jobs import Jobs
from runner.sandbox.options import Answer, Chosen
from runner.sandbox.sessions import Tables
from runner.sandbox.warehouse import Refused
from runner.sandbox.workspaces import Connection, Workspaces

LONGEST_QUERY = 1_000_000
"""Characters."""

Form = Mapping[str, str]
"""The fields of a request's body."""

Endpoint = Callable[[Request], Response]
PostEndpoint = Callable[[Request, Form], Response]


class TreasureDataApi:
    """The routes under /v3."""

    def __init__(
        self,
        chosen: Chosen,
        warehouse: Tables,
        jobs: Jobs,
        connector: Connector,
        workspaces: Workspaces,
        faults: Faults,
    ) -> None:
        self._chosen = chosen
        self._warehouse = warehouse
        self._jobs = jobs
        self._connector = connector
        self._workspaces = workspaces
        self._faults = faults
        self._history = jobs.history

    def routes(self) -> list[Route]:
        """Every route, by method and path."""
        get: dict[str, Endpoint] = {
            "/v3/system/server_status": lambda _: JSONResponse({"status": "ok"}),
            "/v3/job/list": self._job_list,
            "/v3/job/status/{job_id}": self._job_status,
            "/v3/job/status_by_domain_key/{key:path}": self._job_by_key,
            "/v3/job/show/{job_id}": self._job_show,
            "/v3/job/result/{job_id}": self._job_result,
            "/v3/database/list": self._database_list,
            "/v3/table/list/{database}": self._table_list,
            "/v3/connections/lookup": self._connection_lookup,
        }
        post: dict[str, PostEndpoint] = {
            "/v3/job/issue/{type}/{database}": self._job_issue,
            "/v3/job/kill/{job_id}": self._job_kill,
            "/v3/job/result_export/{job_id}": self._job_export,
            "/v3/database/create/{database}": self._database_create,
            "/v3/database/delete/{database}": self._database_delete,
            "/v3/table/create/{database}/{table}/{type}": self._table_create,
            "/v3/table/delete/{database}/{table}": self._table_delete,
            "/v3/connector_configs/validate_with_connection": self._validate,
        }
        routes: list[Route] = []
        for path, answer in get.items():
            getting = self._getting(answer)
            routes.append(Route(path, getting, methods=["GET"]))
        for path, act in post.items():
            posting = self._posting(act)
            routes.append(Route(path, posting, methods=["POST"]))
        return routes

    def _getting(self, act: Endpoint) -> Endpoint:
        """What answers a GET, if its key may ask."""

        def endpoint(request: Request) -> Response:
            try:
                self._admit(request)
                return act(request)
            except Refused as exc:
                return refusal(exc)

        return endpoint

    def _posting(self, act: PostEndpoint) -> Callable[[Request], Awaitable[Response]]:
        """What answers a POST, in a thread of its own, if its key may ask."""

        async def endpoint(request: Request) -> Response:
            try:
                form = await form_fields(request)
                self._admit(request, form)
                return await run_in_threadpool(act, request, form)
            except Refused as exc:
                return refusal(exc)

        return endpoint

    def _admit(self, request: Request, form: Form | None = None) -> None:
        """Raises Refused: 401 for a key that is not known, 403 for one that may not."""
        options = self._chosen.options
        header = request.headers.get("authorization", "")
        scheme, _, key = header.partition(" ")
        if scheme != "TD1":
            raise Refused(401, "Authentication failed")
        if key in options.keys:
            return
        if key in options.reading_keys:
            if _is_reading(request, form):
                return
            raise Refused(403, "Access denied")
        if key in options.powerless_keys:
            raise Refused(403, "Access denied")
        raise Refused(401, "Authentication failed")

    def _job_issue(self, request: Request, form: Form) -> Response:
        """Issue a query, with its export if it has one."""
        kind = request.path_params["type"]
        database = request.path_params["database"]
        sql = form.get("query", "")
        _check_query(kind, sql)
        order = Order(
            kind,
            database,
            sql,
            domain_key=form.get("domain_key") or None,
            priority=whole(form, "priority", lowest=-2, highest=2),
            retry_limit=whole(form, "retry_limit", lowest=0, highest=32),
        )
        if "scheduled_time" in form:
            order = replace(order, scheduled_time=whole(form, "scheduled_time"))
        if "result_connection_id" in form:
            order = replace(order, **self._export(form))
        return _issued(self._jobs.issue(order))

    def _job_export(self, request: Request, form: Form) -> Response:
        """Export the result of a job that succeeded."""
        target = self._job(request)
        order = Order(
            EXPORT,
            target.order.database,
            f"RESULT EXPORT FROM JOB {target.id}",
            domain_key=form.get("domain_key") or None,
            **self._export(form),
        )
        return _issued(self._jobs.issue_export(target.id, order))

    def _export(self, form: Form) -> dict[str, Any]:
        """The connector's settings of a job; what they say is only looked at when the
        export begins.
        """
        connection = self._connection(form.get("result_connection_id", ""))
        key = "result_connection_settings"
        given = form.get(key, "{}")
        settings = json_object(given, key)
        return {"settings": settings, "import_key": connection.data_import_key}

    def _connection(self, connection_id: str) -> Connection:
        """A connection by its id. Raises Refused 404."""
        found = self._workspaces.by_id(connection_id)
        if found is None:
            raise Refused(404, f"Couldn't find Connection with id = {connection_id}")
        return found

    def _validate(self, _request: Request, form: Form) -> Response:
        """Check settings of the connector without an export."""
        if self._chosen.options.validates is Answer.FAIL:
            raise Refused(404, "Not found")
        self._connection(form.get("connection_id", ""))
        given = form.get("settings", "{}")
        try:
            self._connector.check(json_object(given, "settings"))
        except ExportFailed as exc:
            raise Refused(422, str(exc)) from None
        return JSONResponse({"valid": True})

    def _connection_lookup(self, request: Request) -> Response:
        """A connection by its name. Raises Refused 404."""
        name = request.query_params.get("name", "")
        found = self._workspaces.by_name(name)
        if found is None:
            raise Refused(404, f"Couldn't find Connection with name = {name}")
        return JSONResponse({"id": found.id, "name": name, "type": "braze"})

    def _job_kill(self, request: Request, _form: Form) -> Response:
        """Kill a job; the answer is the status that it had."""
        job_id = request.path_params["job_id"]
        status = self._jobs.kill(job_id)
        return JSONResponse({"former_status": status, "job_id": job_id})

    def _job(self, request: Request) -> Job:
        """The job that a path names. Raises Refused 404."""
        return self._history.get(request.path_params["job_id"])

    def _job_status(self, request: Request) -> Response:
        job = self._job(request)
        return JSONResponse(status_body(job))

    def _job_by_key(self, request: Request) -> Response:
        job = self._history.by_key(request.path_params["key"])
        return JSONResponse(status_body(job))

    def _job_show(self, request: Request) -> Response:
        job = self._job(request)
        return JSONResponse(job_body(job))

    def _job_list(self, request: Request) -> Response:
        """A page of jobs, the newest first."""
        asked = request.query_params
        first = whole(asked, "from")
        last = whole(asked, "to")
        status = asked.get("status") or ""
        # 20 jobs, unless the request says more
        end = last or first + 19
        count, page = self._history.page(first, end, status)
        listed = [job_body(job) for job in page]
        return JSONResponse(
            {"count": count, "from": first, "to": last or None, "jobs": listed}
        )

    def _job_result(self, request: Request) -> Response:
        """The rows of a job, or the range of bytes that is asked for."""
        job = self._job(request)
        is_gone = self._faults.take(FaultPoint.RESULT, job.order.query, job.id)
        if is_gone or job.status != "success" or job.rows is None:
            raise Refused(404, f"Job {job.id} has no result")
        asked = request.query_params
        form = asked.get("format", "tsv")
        header = asked.get("header", "")
        is_headed = header.lower() == "true"
        body = results.encode(job.rows, form, header=is_headed)
        return ranged(request, body, results.MEDIA[form])

    def _database_list(self, _request: Request) -> Response:
        """All databases, each with the number of its rows."""
        databases: list[Shown] = []
        for name in self._warehouse.databases():
            tables = self._warehouse.tables(name)
            count = sum(table.rows for table in tables)
            shown = {"name": name, "count": count, "permission": "administrator"}
            databases.append(shown)
        return JSONResponse({"databases": databases})

    def _database_create(self, request: Request, _form: Form) -> Response:
        name = request.path_params["database"]
        self._warehouse.create_database(name)
        return JSONResponse({"database": name})

    def _database_delete(self, request: Request, _form: Form) -> Response:
        name = request.path_params["database"]
        self._warehouse.delete_database(name)
        return JSONResponse({"database": name})

    def _table_list(self, request: Request) -> Response:
        """The tables of a database. Raises Refused 404."""
        database = request.path_params["database"]
        tables = self._warehouse.tables(database)
        listed = [table_body(table) for table in tables]
        return JSONResponse({"database": database, "tables": listed})

    def _table_create(self, request: Request, _form: Form) -> Response:
        """Make a table of the type `log`, the only one. Raises Refused."""
        database = request.path_params["database"]
        table = request.path_params["table"]
        kind = request.path_params["type"]
        if kind != "log":
            raise Refused(422, f"Table type {kind!r} is not 'log'")
        self._warehouse.create_table(database, table)
        return JSONResponse({"database": database, "table": table, "type": kind})

    def _table_delete(self, request: Request, _form: Form) -> Response:
        database = request.path_params["database"]
        table = request.path_params["table"]
        self._warehouse.delete_table(database, table)
        return JSONResponse({"database": database, "table": table, "type": "log"})


def _is_reading(request: Request, form: Form | None) -> bool:
    """True for what changes nothing: a GET, or a query."""
    if request.method == "GET":
        return True
    if form is None:
        return False
    words = form.get("query", "").upper().split(maxsplit=1)
    return words[:1] in (["SELECT"], ["WITH"])


def _issued(job: Job) -> Response:
    """What is answered to whom a job was issued for."""
    names = {"job": job.id, "job_id": job.id, "database": job.order.database}
    return JSONResponse(names)


def _check_query(kind: str, sql: str) -> None:
    """Raises Refused 422 for what the sandbox does not run."""
    if kind not in {"trino", "presto"}:
        what = f"The sandbox has no {kind.capitalize()}: issue jobs as trino or presto"
        raise Refused(422, what)
    if not sql.strip():
        raise Refused(422, "query is missing")
    if len(sql) > LONGEST_QUERY:
        what = f"Query is too long: {len(sql)} characters, at most {LONGEST_QUERY}"
        raise Refused(422, what)
