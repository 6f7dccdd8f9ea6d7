"""A small GitHub on loopback: comments, issues, and whose they are. As a program it prints its address first.

It answers as the real service does, at github.com's addresses (`/repos/…`, `/graphql`) and at those of an Enterprise
Server (`/api/v3/repos/…`, `/api/graphql`). Other processes seed and read it under `/_test/`, in JSON:

- `GET /_test/state`: `{"pulls", "comments", "issues", "requests"}`
- `POST /_test/pulls`: `{"number", "head", "base", "merged", "commits"}`; all but the number may be left out
- `POST /_test/comments`: `{"pull", "author", "body"}`; `POST /_test/issues`: `{"title", "body", "labels", "author"}`
- `POST /_test/faults`: `{"do", "times", "method", "after", "part"}`; `do` is a status, or a name of `FAULTS`
- `POST /_test/settings`: `{"page_size", "has_issues", "repository", "tokens"}`; a token: `[viewer, may write]`
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.github_world import Refused, Reply, World, administered, answered, faulty


class Door(BaseHTTPRequestHandler):
    """HTTP, and faults."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    world: World

    def do_GET(self) -> None:
        self.reply()

    def do_POST(self) -> None:
        self.reply()

    def do_PATCH(self) -> None:
        self.reply()

    def reply(self) -> None:
        """Answer one request."""
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else {}
        with self.world.lock:
            if self.path.startswith("/_test/"):
                self.send(administered(self.world, self.command, self.path.removeprefix("/_test/"), sent))
                return
            target = re.sub(r"^/api/v3(?=/repos/)|^/api(?=/graphql$)", "", self.path)
            self.world.requests.append(f"{self.command} {target}")
            assert self.headers["X-GitHub-Api-Version"] == "2022-11-28"
            assert self.headers["Accept"] == "application/vnd.github+json"
            assert self.headers["User-Agent"] == "cohort-runner"
            fault = self.world.struck(self.command, target)
            if fault and fault.do not in ("lost", "reset"):
                self.send(faulty(fault))
                return
            if not fault or fault.do == "lost":
                reply = self.acted(target, sent)
        if fault:
            self.cut()
            return
        self.send(reply)

    def acted(self, target: str, sent: Any) -> Reply:
        """What the world makes of it."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            return answered(self.world, self.command, target, token, sent)
        except Refused as exc:
            return exc.reply

    def send(self, reply: Reply) -> None:
        """One answer, with the headers that tell how much may still be asked."""
        body = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        limits = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "970"} | dict(reply.headers)
        for name, value in (limits | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def cut(self) -> None:
        """Hang up as a machine does that is gone."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where it listens, and what it knows."""

    url: str
    world: World


@contextmanager
def listening(port: int = 0) -> Iterator[Address]:
    """A GitHub of its own, on loopback."""
    world = World()
    door = type("OwnDoor", (Door,), {"world": world})
    with ThreadingHTTPServer(("127.0.0.1", port), door) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Address(f"http://127.0.0.1:{server.server_port}", world)
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    with listening(options.parse_args().port) as here:
        print(here.url, flush=True)
        threading.Event().wait()
