"""The sandbox served over HTTP: until interrupted for people, in a thread for tests."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from runner.sandbox.app import Sandbox
from runner.sandbox.bodies import Given
from runner.sandbox.engine.tables import EngineTables
from runner.sandbox.options import Options, Shop
from runner.sandbox.own_data import OwnData

PORT = 8399
LOOPBACK = "127.0.0.1"
SHOP = Shop()


class _Protocol(H11Protocol):
    """Hands its transport to the app, so that a fault can drop the connection."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Tells when it accepts requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


class _Brief(_Server):
    """Ends at once: hundreds of tests have one each, and uvicorn takes 0.2 s to see
    that it is to go, and to go.
    """

    async def main_loop(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(0.01)

    # the argument is uvicorn's
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        for server in self.servers:
            server.close()
        for connection in [*self.server_state.connections]:
            connection.shutdown()


def serve(
    host: str = LOOPBACK,
    port: int = PORT,
    *,
    job_seconds: float = 0.0,
    key: str = "sandbox-key",
    shop: Shop | None = SHOP,
    like_production: bool = False,
    storm: Given | None = None,
    tables: EngineTables | None = None,
    own: OwnData | None = None,
    on_ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until Ctrl-C (returns, everything closed) or SIGTERM (ends the process as
    that signal does).

    `like_production`: as a new customer's account, where nobody has made a connection
    yet. `storm`: as the admin API spells it. `tables`: of an engine, in place of
    DuckDB's. `own`: data in the place of the sample shop. `on_ready` gets the base URL
    once requests are answered. Raises OSError where the port is taken.
    """
    connections = Options().connections
    if own:
        connections = own.connections
    if like_production:
        connections = ()
    options = Options(
        keys=frozenset({key}),
        job_seconds=job_seconds,
        shop=shop,
        connections=connections,
        storm=storm,
    )
    with _listening(host, port) as (listener, url):
        sandbox = Sandbox(options, url, tables, own)
        try:
            with suppress(KeyboardInterrupt):
                server = _Server(_config(sandbox), lambda: on_ready(url))
                server.run(sockets=[listener])
        finally:
            sandbox.close()


@contextmanager
def running(
    options: Options,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    tables: EngineTables | None = None,
) -> Iterator[str]:
    """A sandbox in a thread of its own, on a free port unless one is given; yields its
    base URL.
    """
    with _listening(host, port) as (listener, url):
        sandbox = Sandbox(options, url, tables)
        ready = threading.Event()
        server = _Brief(_config(sandbox), ready.set)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="sandbox-server"
        )
        thread.start()
        try:
            if not ready.wait(30):
                raise TimeoutError("the sandbox did not start within 30 s")
            yield url
        finally:
            server.should_exit = True
            thread.join()
            sandbox.close()


@contextmanager
def _listening(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """A socket that listens, and the URL that leads to it."""
    family = socket.AF_INET
    name = host
    if ":" in host:
        family = socket.AF_INET6
        name = f"[{host}]"
    # with the protocol named, asyncio switches Nagle's algorithm off; else every answer
    # waits 40 ms
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)

        yield listener, f"http://{name}:{listener.getsockname()[1]}"


def _config(sandbox: Sandbox) -> uvicorn.Config:
    """How uvicorn serves: over HTTP/1.1 alone, without a log."""
    return uvicorn.Config(
        sandbox.app(),
        http=_Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
    )
