"""What happens to requests on their way: counting, and faults that answer, drop, hold
or hang a connection.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus

from starlette.responses import JSONResponse
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runner.sandbox.answers import refusal
from runner.sandbox.catalogue import FaultPoint
from runner.sandbox.clock import Clock
from runner.sandbox.faults import Fault, Faults
from runner.sandbox.holds import Held, Holds, Release
from runner.sandbox.warehouse import Refused

ADMIN = "/sandbox"
BRAZE = "/partners/"
LENGTH = b"content-length"
TOLD = "a fault of the sandbox"


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
    """ASGI middleware around everything else; the admin API is neither counted nor
    disturbed.

    `newest_job`: the id of some job, for answers that name one.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[Route],
        faults: Faults,
        holds: Holds,
        counts: RequestCounts,
        clock: Clock,
        newest_job: Callable[[], str | None],
    ) -> None:
        self._app = app
        self._routes = routes
        self._counts = counts
        self._faults = faults
        self._holds = holds
        self._clock = clock
        self._newest_job = newest_job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope["path"])
        if path.startswith("//"):
            # td-client asks for `//v3/…` where its endpoint has no path; the real
            # service takes that as well
            path = "/" + path.lstrip("/")
            scope = {**scope, "path": path}
        if path.startswith(ADMIN):
            await self._app(scope, receive, send)
            return
        template = self._template(scope)
        method = scope["method"]
        self._counts.add(f"{method} {template}")
        body = await _whole(receive)
        fault = self._fault(scope, body)
        again = _again(body, receive)
        if fault is None:
            await self._app(scope, again, send)
        else:
            await self._play(fault, scope, again, send)

    def _fault(self, scope: Scope, body: bytes) -> Fault | None:
        """The fault that strikes a request, if one does; one of Braze has a place of its own."""
        place = FaultPoint.REQUEST
        if str(scope["path"]).startswith(BRAZE):
            place = FaultPoint.BRAZE
        text = body.decode(errors="replace")
        return self._faults.take(place, _line(scope), text)

    async def _play(
        self, fault: Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer as the fault says."""
        match fault.do:
            case "hold_before":
                await self._hold_before(scope, receive, send)
            case "hold_after":
                await self._hold_after(scope, receive, send)
            case "slow":
                answer = await self._acted(scope, receive)
                await asyncio.sleep(fault.seconds)
                await _sent(answer, send)
            case "truncate":
                answer = await self._acted(scope, receive)
                await _cut(answer, scope, send)
            case "hang":
                await _gone(receive)
            case "reset_before":
                _abort(scope)
                await _gone(receive)
            case "reset_after":
                await self._acted(scope, receive)
                _abort(scope)
                await _gone(receive)
            case "errors":
                body = {"message": "success", "errors": [TOLD]}
                await JSONResponse(body, 201)(scope, receive, send)
            case "key_taken":
                taken = Refused(
                    409,
                    "Domain key has already been taken",
                    conflicts_with=self._newest_job() or "1",
                )
                await refusal(taken)(scope, receive, send)
            case _:
                await self._answered(fault)(scope, receive, send)

    async def _hold_before(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep a request until it is released; its sender may be gone by then."""
        held = self._holds.hold(_line(scope), "before")
        try:
            if await _released(held, scope):
                answer = await self._acted(scope, receive)
                await _sent(answer, send)
        finally:
            self._holds.forget(held)

    async def _hold_after(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep an answer until it is released; its reader may be gone by then."""
        answer = await self._acted(scope, receive)
        held = self._holds.hold(_line(scope), "after")
        try:
            if await _released(held, scope):
                await _sent(answer, send)
        finally:
            self._holds.forget(held)

    async def _acted(self, scope: Scope, receive: Receive) -> list[Message]:
        """What the service answers, kept back."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        return answer

    def _answered(self, fault: Fault) -> JSONResponse:
        """An answer in the words that both services use for errors."""
        status = fault.status or 500
        headers: dict[str, str] = {}
        if fault.retry_after is not None:
            kind, _, seconds = fault.retry_after.partition("date:")
            if not kind:
                kind = self._clock.http_date(float(seconds))
            headers["Retry-After"] = kind
        phrase = HTTPStatus(status).phrase
        told = f"{phrase} ({TOLD})"
        body = {
            "error": told,
            "message": told,
            "text": told,
            "severity": "error",
            "status_code": status,
        }
        return JSONResponse(body, status, headers)

    def _template(self, scope: Scope) -> str:
        """The path of the route that a request takes, for the counts."""
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return route.path
        return "(no such route)"


def _line(scope: Scope) -> str:
    return f"{scope['method']} {scope['path']}"


def _abort(scope: Scope) -> None:
    """Break the connection of a request."""
    scope["state"]["transport"].abort()


async def _released(held: Held, scope: Scope) -> bool:
    """Wait for the release. True where it goes on; where it is dropped, the connection
    is broken.
    """
    how = await asyncio.wrap_future(held.how)
    if how is Release.DROP:
        _abort(scope)
    return how is not Release.DROP


async def _sent(answer: Sequence[Message], send: Send) -> None:
    for message in answer:
        await send(message)


async def _cut(answer: Sequence[Message], scope: Scope, send: Send) -> None:
    """The headers as they are, half of the body, the end of the connection."""
    begin, *rest = answer
    body = b"".join(message.get("body", b"") for message in rest)
    length = max(len(body), 1)
    promised = str(length).encode()
    headers = [
        (name, value) for name, value in begin["headers"] if name.lower() != LENGTH
    ]
    headers.append((LENGTH, promised))
    await send({**begin, "headers": headers})
    middle = len(body) // 2
    half = body[:middle]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    scope["state"]["transport"].close()


async def _gone(receive: Receive) -> None:
    """Until the client is."""
    while (await receive())["type"] != "http.disconnect":
        pass


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
