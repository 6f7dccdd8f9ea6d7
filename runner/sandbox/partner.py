"""Braze's partner cohort endpoints over HTTP."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runner.sandbox.braze import Braze, Rejected


class PartnerApi:
    """The routes under /partners."""

    def __init__(self, braze: Braze) -> None:
        self._braze = braze

    def routes(self) -> list[Route]:
        """Both of them."""
        return [
            Route("/partners/{partner}/cohorts", self._endpoint(self._braze.save), methods=["POST"]),
            Route("/partners/{partner}/cohorts/users", self._endpoint(self._braze.change), methods=["POST"]),
        ]

    def _endpoint(self, act: Callable[[str, object], None]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            limits = self._braze.rate()
            if int(limits["X-RateLimit-Remaining"]) < 0:
                limits["X-RateLimit-Remaining"] = "0"
                return JSONResponse({"message": "rate limit exceeded"}, 429, limits)
            try:
                act(request.path_params["partner"], json.loads(await request.body()))
            except Rejected as exc:
                return JSONResponse({"message": exc.message}, exc.status, limits)
            except ValueError:
                return JSONResponse({"message": "the body must be JSON"}, 400, limits)
            return JSONResponse({"message": "success"}, 201, limits)

        return endpoint
