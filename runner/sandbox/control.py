"""The admin API's switches: faults and storms, what is held, the clock, and options."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runner.sandbox import bodies
from runner.sandbox.bodies import Given, Shown
from runner.sandbox.clock import Clock
from runner.sandbox.faults import Faults
from runner.sandbox.holds import Holds, Release
from runner.sandbox.options import Chosen

Act = Callable[[Request, Given], Shown]


HELD_TAKES = "wait: seconds to wait, after: the id of what was held"


class Missing(LookupError):
    """What a request names is not there."""


class ControlApi:
    """The routes under /sandbox that change how the services behave."""

    def __init__(
        self, faults: Faults, holds: Holds, clock: Clock, chosen: Chosen
    ) -> None:
        self._faults = faults
        self._holds = holds
        self._clock = clock
        self._chosen = chosen

    def routes(self) -> list[Route]:
        """By path; each shows the state after what was done."""
        return [
            _route("GET", "/sandbox/faults", self._show_faults),
            _route("POST", "/sandbox/faults", self._add_faults),
            _route("DELETE", "/sandbox/faults", self._clear_faults),
            _route("GET", "/sandbox/held", self._held),
            _route("POST", "/sandbox/held", self._release),
            _route("GET", "/sandbox/clock", self._show_clock),
            _route("POST", "/sandbox/clock", self._advance),
            _route("GET", "/sandbox/options", self._show_options),
            _route("POST", "/sandbox/options", self._choose),
        ]

    def _show_faults(self, _request: Request, _body: Given) -> Shown:
        return self._faults.shown()

    def _add_faults(self, _request: Request, body: Given) -> Shown:
        """Add faults, begin a storm, or both. Raises ValueError."""
        faults = body.get("faults", [])
        storm = body.get("storm")
        is_named = "faults" in body or "storm" in body
        is_storm = storm is None or isinstance(storm, Mapping)
        if not is_named or not is_storm or not bodies.are_objects(faults):
            raise ValueError(
                "the body must be JSON with 'faults': list, or with 'storm': object"
            )
        for fault in faults:
            self._faults.add(fault)
        if storm is not None:
            self._faults.storm(storm)
        return self._faults.shown()

    def _clear_faults(self, _request: Request, _body: Given) -> Shown:
        self._faults.clear()
        return self._faults.shown()

    def _held(self, request: Request, _body: Given) -> Shown:
        """What is held; waits for it. Raises ValueError."""
        try:
            wait = float(request.query_params.get("wait") or 0)
            after = int(request.query_params.get("after") or 0)
        except ValueError:
            raise ValueError(HELD_TAKES) from None
        if math.isnan(wait):
            raise ValueError(HELD_TAKES)
        return {"held": self._holds.shown(wait, after)}

    def _release(self, _request: Request, body: Given) -> Shown:
        """Let something that is held go on. Raises ValueError, Missing."""
        how = _how(body)
        which = _which(body)
        released = self._holds.release(which, how)
        if not released and which != "all":
            raise Missing(f"{which!r} is not held")
        return {"released": released, "held": self._holds.shown()}

    def _show_clock(self, _request: Request, _body: Given) -> Shown:
        return {"now": self._clock.now(), "advanced": self._clock.advanced}

    def _advance(self, request: Request, body: Given) -> Shown:
        """Move the clock forward. Raises ValueError."""
        try:
            seconds = bodies.number(body.get("advance"), "advance")
        except bodies.BadValue:
            body_needs = "the body must be JSON with 'advance': seconds"
            raise ValueError(body_needs) from None
        self._clock.advance(seconds)
        return self._show_clock(request, body)

    def _show_options(self, _request: Request, _body: Given) -> Shown:
        return self._chosen.shown()

    def _choose(self, _request: Request, body: Given) -> Shown:
        self._chosen.change(body)
        return self._chosen.shown()


def _route(method: str, path: str, act: Act) -> Route:
    """What answers a request with the state after an act, or with why it was refused."""

    async def endpoint(request: Request) -> Response:
        try:
            given = bodies.json_object(await request.body())
            # in a thread of its own, since some wait
            shown = await run_in_threadpool(act, request, given)
            return JSONResponse(shown)
        except Missing as exc:
            return JSONResponse({"message": str(exc)}, 404)
        except ValueError as exc:  # also numbers that are none
            return JSONResponse({"message": str(exc)}, 400)

    return Route(path, endpoint, methods=[method])


def _how(body: Given) -> Release:
    """How what is held goes on. Raises ValueError."""
    how = body.get("how", Release.GO)
    if not isinstance(how, str) or how not in set(Release):
        ways = ", ".join(Release)
        raise ValueError(f"how: one of {ways}")
    return Release(how)


def _which(body: Given) -> int | str:
    """What is released: a number, a job in words, or `all`. Raises ValueError."""
    name = "release"
    if "job" in body:
        name = "job"
    which = body.get(name)
    # true is an int to Python, and would be the first that was held
    if not isinstance(which, int | str) or isinstance(which, bool):
        body_needs = (
            "the body must be JSON with 'release': an id or 'all',"
            " or with 'job': a job's id"
        )
        raise ValueError(body_needs)  # noqa: TRY004 - it is answered as every bad body
    if name == "job":
        return f"job {which}"
    return which
