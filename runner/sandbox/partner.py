"""Braze's partner cohort endpoints over HTTP."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runner.sandbox.braze import Braze, Rejected
from runner.sandbox.options import Chosen
from runner.sandbox.workspaces import Workspaces


class PartnerApi:
    """The routes under /partners."""

    def __init__(self, workspaces: Workspaces, chosen: Chosen) -> None:
        self._workspaces = workspaces
        self._chosen = chosen

    def routes(self) -> list[Route]:
        """Both of them."""
        save = self._endpoint(Braze.save)
        change = self._endpoint(Braze.change)
        return [
            Route("/partners/{partner}/cohorts", save, methods=["POST"]),
            Route("/partners/{partner}/cohorts/users", change, methods=["POST"]),
        ]

    def _endpoint(
        self, act: Callable[[Braze, str, object], None]
    ) -> Callable[[Request], Awaitable[Response]]:
        """What answers a request: limits first, then what Braze says to it."""

        async def endpoint(request: Request) -> Response:
            try:
                body = json.loads(await request.body())
            except ValueError:
                return JSONResponse({"message": "the body must be JSON"}, 400)
            braze = self._workspaces.of_request(body)
            if braze is None:
                return JSONResponse({"message": "'client_secret' is invalid"}, 401)
            limits = braze.rate()
            if int(limits["X-RateLimit-Remaining"]) < 0:
                limits["X-RateLimit-Remaining"] = "0"
                return JSONResponse({"message": "rate limit exceeded"}, 429, limits)
            try:
                act(braze, request.path_params["partner"], body)
            except Rejected as exc:
                return JSONResponse({"message": exc.message}, exc.status, limits)
            status = self._chosen.options.braze_success
            said = "success"
            if status == 202:
                said = "queued"
            return JSONResponse({"message": said}, status, limits)

        return endpoint
