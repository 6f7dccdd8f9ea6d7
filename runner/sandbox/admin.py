"""The sandbox's own API: what Braze holds, SQL and users for tests, and what a run cost
in requests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import duckdb
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from runner.sandbox import bodies, pages
from runner.sandbox.bodies import Given, Objects, Shown
from runner.sandbox.braze import Alias, Braze, User
from runner.sandbox.history import History
from runner.sandbox.query import QueryFailed
from runner.sandbox.sessions import Tables
from runner.sandbox.warehouse import Table
from runner.sandbox.wire import RequestCounts
from runner.sandbox.workspaces import Workspaces

Rows = list[list[Any]]


class BadRequest(ValueError):
    """A body that is not what the endpoint takes."""


@dataclass(frozen=True, slots=True)
class Change:
    """A profile (`who`), and the identifiers that it gains and loses."""

    who: User
    gains: User
    loses: User


class AdminApi:
    """The routes under /sandbox."""

    def __init__(
        self,
        warehouse: Tables,
        workspaces: Workspaces,
        history: History,
        counts: RequestCounts,
    ) -> None:
        self._warehouse = warehouse
        self._workspaces = workspaces
        self._history = history
        self._counts = counts

    def routes(self) -> list[Route]:
        """Every route; the front page leads to the cohorts."""
        get = ["GET"]
        post = ["POST"]
        delete = ["DELETE"]
        return [
            Route("/", _to_cohorts, methods=get),
            Route("/sandbox/cohorts", self._cohorts, methods=get),
            Route("/sandbox/cohorts/{cohort_id:path}", self._cohort, methods=get),
            Route("/sandbox/sql", self._sql, methods=post),
            Route("/sandbox/connections", self._connections, methods=get + post),
            Route("/sandbox/connections/{name}", self._disconnect, methods=delete),
            Route("/sandbox/users", self._users, methods=get + post + delete),
            Route("/sandbox/requests", self._requests, methods=get + delete),
        ]

    def _cohorts(self, request: Request) -> Response:
        """The cohorts in Braze: a page for people, JSON for programs."""
        if _prefers_html(request):
            return HTMLResponse(self._overview())
        braze = self._braze(request)
        cohorts: list[Shown] = []
        if braze:
            cohorts = braze.shown()
        return JSONResponse({"cohorts": cohorts})

    def _overview(self) -> str:
        """The page of all workspaces, all tables and the last 20 jobs."""
        cohorts: list[Shown] = []
        for workspace, braze in self._workspaces.all():
            cohorts += [{"workspace": workspace, **each} for each in braze.shown()]
        tables: list[tuple[str, Table]] = []
        for database in self._warehouse.databases():
            tables += [(database, each) for each in self._warehouse.tables(database)]
        _, jobs = self._history.page(0, 19)
        return pages.overview(cohorts, tables, jobs)

    def _cohort(self, request: Request) -> Response:
        """One cohort with its members."""
        braze = self._braze(request)
        cohort: Shown | None = None
        if braze:
            cohort = braze.shown_with_members(request.path_params["cohort_id"])
        if cohort is None:
            return _problem("no such cohort", 404)
        return JSONResponse(cohort)

    async def _sql(self, request: Request) -> Response:
        """Rows of one statement, or of each of a list."""
        try:
            sql = await _given(request, "sql")
            if isinstance(sql, str):
                rows = await run_in_threadpool(self._rows, sql)
                return JSONResponse({"rows": rows})
            if bodies.are_texts(sql):
                results = await run_in_threadpool(self._results, sql)
                return JSONResponse({"results": results})
            raise BadRequest(
                "the body must be JSON with 'sql': a statement, or a list of them"
            )
        except (duckdb.Error, QueryFailed, BadRequest) as exc:
            return _problem(str(exc), 400)

    def _rows(self, sql: str) -> Rows:
        """The rows of one statement, as JSON can hold them."""
        rows = self._warehouse.anything(sql)
        return [list(map(_in_json, row)) for row in rows]

    def _results(self, statements: Sequence[str]) -> list[Rows]:
        """The rows of each statement. It stops at the first that fails, and what came
        before stays done.
        """
        with self._warehouse.writing:
            return [self._rows(sql) for sql in statements]

    def _braze(self, request: Request) -> Braze | None:
        """The workspace that a request names; the first where it names none."""
        name = request.query_params.get("workspace", "")
        return self._workspaces.braze(name)

    async def _connections(self, request: Request) -> Response:
        """The connections, after one more was made by POST."""
        if request.method == "POST":
            body = await _json_or_form(request)
            name = _name(body, "name")
            workspace = _name(body, "workspace")
            if not name or not workspace:
                return _problem("a connection has a name and a workspace", 400)
            await run_in_threadpool(self._workspaces.connect, name, workspace)
        connections = [
            {"name": made.name, "id": made.id, "workspace": made.workspace}
            for made in self._workspaces.connections()
        ]
        if _prefers_html(request):
            return HTMLResponse(pages.connections(connections))
        return JSONResponse({"connections": connections})

    def _disconnect(self, request: Request) -> Response:
        if not self._workspaces.disconnect(request.path_params["name"]):
            return _problem("no such connection", 404)
        return JSONResponse({})

    async def _users(self, request: Request) -> Response:
        """Show, add, change or delete the users of a workspace."""
        braze = self._braze(request)
        if braze is None:
            return _problem("no such workspace", 404)
        if request.method == "GET":
            shown = [_shown(user) for user in braze.users()]
            return JSONResponse({"users": shown})
        try:
            body = bodies.json_object(await request.body())
            if request.method == "DELETE":
                users = [_user(one) for one in _objects(body, "users")]
                return JSONResponse({"users": braze.delete_users(users)})
            return JSONResponse(_put(braze, body))
        except LookupError as exc:
            return _problem(str(exc.args[0]), 404)
        except ValueError as exc:
            return _problem(str(exc), 400)

    def _requests(self, request: Request) -> Response:
        """How many requests and jobs there were of each kind; DELETE begins anew."""
        if request.method == "DELETE":
            self._counts.clear()
            self._history.forget_kinds()
        return JSONResponse(
            {"requests": self._counts.shown(), "jobs": self._history.kinds()}
        )


def _put(braze: Braze, body: Given) -> dict[str, int]:
    """Add the users and make the changes of a body, and count them; neither where one
    cannot be read. Raises KeyError, ValueError.
    """
    changes: list[Change] = []
    users: list[User] = []
    if "change" in body:
        changes = [_change(one) for one in _objects(body, "change")]
    # a body with neither is told what it lacks
    if "users" in body or not changes:
        users = [_user(one) for one in _objects(body, "users")]
    braze.put_users(users)
    for change in changes:
        braze.change_user(change.who, change.gains, change.loses)
    counts = {"users": len(users)}
    if changes:
        counts["changed"] = len(changes)
    return counts


def _in_json(value: Any) -> Any:
    """A value that JSON can hold; anything else as its text, NaN and infinity too."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str | int | float | None):
        return value
    return str(value)


async def _given(request: Request, name: str) -> Any:
    """A field of the JSON body. Raises BadRequest."""
    body = bodies.json_object(await request.body())
    if name not in body:
        raise BadRequest(f"the body must be JSON with {name!r}")
    return body[name]


def _objects(body: Given, name: str) -> Objects:
    """A list of objects in the body. Raises BadRequest."""
    value = body.get(name)
    if bodies.are_objects(value):
        return value
    raise BadRequest(f"the body must be JSON with {name!r}: list")


async def _json_or_form(request: Request) -> Given:
    """The fields of a body: the page's form sends no JSON."""
    body = await request.body()
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode(errors="replace")))
    return bodies.json_object(body)


def _name(body: Given, field: str) -> str:
    """A name in the body, without spaces around it; empty where there is none."""
    name = body.get(field)
    if not isinstance(name, str):
        return ""
    return name.strip()


def _user(given: Given) -> User:
    """A user as the admin API spells it; null is as good as nothing. Raises BadValue."""
    external_id = given.get("external_id")
    if external_id is not None:
        external_id = bodies.text(external_id, "external_id")
    aliases = given.get("aliases")
    if aliases is None:
        aliases = {}
    devices = given.get("devices")
    if devices is None:
        devices = []
    named = bodies.texts(devices, "devices")
    return User(external_id, _aliases(aliases), frozenset(named))


def _aliases(given: object) -> frozenset[Alias]:
    """A user's aliases by their labels. Raises BadValue."""
    if not isinstance(given, Mapping):
        raise bodies.BadValue("aliases must be an object: a name for each label")
    for label, name in given.items():
        bodies.text(name, f"the alias {label!r}")
    return frozenset(given.items())


def _change(given: Given) -> Change:
    """A change as the admin API spells it. Raises BadRequest, BadValue."""
    parts = [given.get(name, {}) for name in ("who", "gains", "loses")]
    if "who" not in given or not bodies.are_objects(parts):
        raise BadRequest(
            "a change has a 'who', and 'gains' or 'loses', each in the shape of a user"
        )
    return Change(*map(_user, parts))


def _shown(user: User) -> Shown:
    """A user as the page and the API list them."""
    return {
        "external_id": user.external_id,
        "aliases": dict(sorted(user.aliases)),
        "devices": sorted(user.devices),
    }


def _to_cohorts(_request: Request) -> Response:
    """Send a browser to the page of cohorts."""
    return RedirectResponse("/sandbox/cohorts")


def _problem(message: str, status: int) -> JSONResponse:
    return JSONResponse({"message": message}, status)


def _prefers_html(request: Request) -> bool:
    """True for a browser; of the two, what comes first in `Accept` is preferred."""
    for part in request.headers.get("accept", "").split(","):
        kind = part.split(";")[0].strip()
        if kind == "text/html":
            return True
        if kind == "application/json":
            return False
    return False
