"""A small server that speaks Trino's protocol: it answers what it is told to, request by request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = dict[str, Any] | int | str
"""A body; or a status without one; or `drop`: the connection ends."""


@dataclass(slots=True)
class Coordinator:
    """Its address, the answers that are left, and what it was asked: method, path, body, headers."""

    url: str
    answers: list[Answer]
    asked: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)

    def next(self) -> Answer:
        """The next answer; the last one again and again."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def answering(answers: Sequence[Answer]) -> Iterator[Coordinator]:
    """A server on loopback. `NEXT` in an answer is an address of its own."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            made.asked.append((self.command, self.path, body, {k.lower(): v for k, v in self.headers.items()}))
            answer = made.next()
            if answer == "drop":
                self.connection.close()
                return
            status = answer if isinstance(answer, int) else 200
            text = "" if isinstance(answer, int) else json.dumps(answer).replace("NEXT", f"{made.url}/v1/next")
            if answer == "garbage":
                text = "<html>"
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Coordinator(f"http://127.0.0.1:{server.server_port}", [*answers])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
