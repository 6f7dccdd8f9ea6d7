"""What happens to requests on their way: counting, and faults that answer, drop or hang a connection."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus

from starlette.responses import JSONResponse
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runner.sandbox.faults import Fault, Faults, Place

ADMIN = "/sandbox"
BRAZE = "/partners/"


class RequestCounts:
    """How many requests there were, by method and route template."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, what: str) -> None:
        """Count one."""
        with self._lock:
            self._counts[what] += 1

    def clear(self) -> None:
        """Begin again at nothing."""
        with self._lock:
            self._counts.clear()

    def shown(self) -> dict[str, int]:
        """Sorted by name."""
        with self._lock:
            return dict(sorted(self._counts.items()))


class Wire:
    """ASGI middleware around everything else; the admin API is neither counted nor disturbed."""

    def __init__(self, app: ASGIApp, routes: Sequence[Route], faults: Faults, counts: RequestCounts) -> None:
        self._app, self._routes, self._faults, self._counts = app, routes, faults, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] == "http" and scope["path"].startswith("//"):
            # td-client asks for `//v3/…` where its endpoint has no path; the real service takes that as well
            scope = {**scope, "path": "/" + scope["path"].lstrip("/")}
        if scope["type"] != "http" or str(scope["path"]).startswith(ADMIN):
            await self._app(scope, receive, send)
            return
        self._counts.add(f"{scope['method']} {self._template(scope)}")
        body = await _whole(receive)
        fault = self._fault(scope, body)
        if fault is None:
            await self._app(scope, _again(body, receive), send)
        else:
            await self._play(fault, scope, _again(body, receive), send)

    def _fault(self, scope: Scope, body: bytes) -> Fault | None:
        line = f"{scope['method']} {scope['path']}"
        if str(scope["path"]).startswith(BRAZE):
            return self._faults.take(Place.BRAZE, line, body.decode(errors="replace")) or self._faults.take(
                Place.REQUEST, line
            )
        return self._faults.take(Place.REQUEST, line)

    async def _play(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.status is not None:
            await _answered(fault.status)(scope, receive, send)
            return
        if fault.do == "reset_after":
            await self._app(scope, receive, _nowhere)
        if fault.do != "hang":
            scope["state"]["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass

    def _template(self, scope: Scope) -> str:
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return route.path
        return "(no such route)"


def _answered(status: int) -> JSONResponse:
    """An answer in the words that both services use for errors."""
    told = f"{HTTPStatus(status).phrase} (a fault of the sandbox)"
    return JSONResponse(
        {"error": told, "message": told, "text": told, "severity": "error", "status_code": status}, status
    )


async def _whole(receive: Receive) -> bytes:
    """A request's body."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(pieces)
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever comes."""
    given = False

    async def first_the_body() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return first_the_body


async def _nowhere(_message: Message) -> None:
    """Where an answer goes that must not arrive."""
