"""The sandbox's own API: what Braze holds, SQL and users for tests, faults, and what a run cost in requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import duckdb
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from runner.sandbox import pages
from runner.sandbox.braze import Braze, User
from runner.sandbox.faults import Faults
from runner.sandbox.jobs import Jobs
from runner.sandbox.warehouse import Warehouse
from runner.sandbox.wire import RequestCounts
from runner.sandbox.workspaces import Workspaces

Given = TypeVar("Given")


class BadRequest(ValueError):
    """A body that is not what the endpoint takes."""


class AdminApi:
    """The routes under /sandbox."""

    def __init__(
        self, warehouse: Warehouse, workspaces: Workspaces, jobs: Jobs, faults: Faults, counts: RequestCounts
    ) -> None:
        self._warehouse, self._workspaces, self._jobs = warehouse, workspaces, jobs
        self._faults, self._counts = faults, counts

    def routes(self) -> list[Route]:
        """Every route; the front page leads to the cohorts."""
        return [
            Route("/", lambda _: RedirectResponse("/sandbox/cohorts"), methods=["GET"]),
            Route("/sandbox/cohorts", self._cohorts, methods=["GET"]),
            Route("/sandbox/cohorts/{cohort_id:path}", self._cohort, methods=["GET"]),
            Route("/sandbox/sql", self._sql, methods=["POST"]),
            Route("/sandbox/connections", self._connections, methods=["GET", "POST"]),
            Route("/sandbox/connections/{name}", self._disconnect, methods=["DELETE"]),
            Route("/sandbox/users", self._users, methods=["GET", "POST"]),
            Route("/sandbox/requests", self._requests, methods=["GET", "DELETE"]),
            Route("/sandbox/faults", self._faults_route, methods=["GET", "POST", "DELETE"]),
        ]

    def _cohorts(self, request: Request) -> Response:
        if not _prefers_html(request):
            braze = self._braze(request)
            return JSONResponse({"cohorts": braze.shown() if braze else []})
        cohorts = [{"workspace": name, **cohort} for name, braze in self._workspaces.all() for cohort in braze.shown()]
        tables = [(name, table) for name in self._warehouse.databases() for table in self._warehouse.tables(name)]
        return HTMLResponse(pages.overview(cohorts, tables, self._jobs.all()[:20]))

    def _cohort(self, request: Request) -> Response:
        braze = self._braze(request)
        cohort = braze.shown_with_members(request.path_params["cohort_id"]) if braze else None
        return JSONResponse(cohort) if cohort else _problem("no such cohort", 404)

    async def _sql(self, request: Request) -> Response:
        try:
            sql = await _given(request, "sql", str)
            return JSONResponse({"rows": await run_in_threadpool(self._rows, sql)})
        except (duckdb.Error, BadRequest) as exc:
            return _problem(str(exc), 400)

    def _rows(self, sql: str) -> list[list[Any]]:
        with self._warehouse.writing:
            rows = self._warehouse.fetch(sql)
        return [[value if isinstance(value, str | int | float | None) else str(value) for value in row] for row in rows]

    def _braze(self, request: Request) -> Braze | None:
        return self._workspaces.braze(request.query_params.get("workspace", ""))

    async def _connections(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                body = await _json_or_form(request)
                name, workspace = str(body["name"]).strip(), str(body["workspace"]).strip()
            except (ValueError, KeyError, TypeError):
                name = workspace = ""
            if not name or not workspace:
                return _problem("a connection has a name and a workspace", 400)
            await run_in_threadpool(self._workspaces.connect, name, workspace)
        connections = [
            {"name": made.name, "id": made.id, "workspace": made.workspace} for made in self._workspaces.connections()
        ]
        if _prefers_html(request):
            return HTMLResponse(pages.connections(connections))
        return JSONResponse({"connections": connections})

    def _disconnect(self, request: Request) -> Response:
        if not self._workspaces.disconnect(request.path_params["name"]):
            return _problem("no such connection", 404)
        return JSONResponse({})

    async def _users(self, request: Request) -> Response:
        braze = self._braze(request)
        if braze is None:
            return _problem("no such workspace", 404)
        if request.method == "GET":
            return JSONResponse({"users": [_shown(user) for user in braze.users()]})
        try:
            users = [_user(given) for given in await _given(request, "users", list)]
        except BadRequest as exc:
            return _problem(str(exc), 400)
        braze.put_users(users)
        return JSONResponse({"users": len(users)})

    def _requests(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._counts.clear()
            self._jobs.forget_kinds()
        return JSONResponse({"requests": self._counts.shown(), "jobs": self._jobs.kinds()})

    async def _faults_route(self, request: Request) -> Response:
        try:
            if request.method == "POST":
                for fault in await _given(request, "faults", list):
                    self._faults.add(fault)
            if request.method == "DELETE":
                self._faults.clear()
        except ValueError as exc:  # BadFault and BadRequest, and a `times` that is no number
            return _problem(str(exc), 400)
        return JSONResponse({"faults": self._faults.shown()})


async def _given(request: Request, name: str, kind: type[Given]) -> Given:
    """A field of the JSON body. Raises BadRequest."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, kind) or (isinstance(value, list) and not all(isinstance(one, Mapping) for one in value)):
        raise BadRequest(f"the body must be JSON with {name!r}: {kind.__name__}")
    return value


async def _json_or_form(request: Request) -> dict[str, Any]:
    body = (await request.body()).decode()
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body))
    return dict(json.loads(body))


def _user(given: Mapping[str, Any]) -> User:
    return User(
        external_id=given.get("external_id"),
        aliases=frozenset((str(label), str(name)) for label, name in (given.get("aliases") or {}).items()),
        devices=frozenset(map(str, given.get("devices") or ())),
    )


def _shown(user: User) -> dict[str, Any]:
    return {"external_id": user.external_id, "aliases": dict(sorted(user.aliases)), "devices": sorted(user.devices)}


def _problem(message: str, status: int) -> JSONResponse:
    return JSONResponse({"message": message}, status)


def _prefers_html(request: Request) -> bool:
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    return "text/html" in accepted and (
        "application/json" not in accepted or accepted.index("text/html") < accepted.index("application/json")
    )
