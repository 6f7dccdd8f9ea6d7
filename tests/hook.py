"""A webhook on loopback that keeps what it is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Hook:
    """Where to post, and the texts that came. The path is a secret, as Slack's is."""

    address: str
    texts: list[str] = field(default_factory=list)

    def taken(self) -> list[str]:
        """The texts that came since this was asked last."""
        taken = list(self.texts)
        self.texts.clear()
        return taken


@contextmanager
def listening(*answers: int) -> Iterator[Hook]:
    """A webhook that answers so, one after the other, the last one for ever; 0 hangs up without an answer."""
    left = list(answers or (200,))
    texts: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert list(body) == ["text"]
            texts.append(body["text"])
            status = left.pop(0) if len(left) > 1 else left[0]
            if status:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.send_header("Location", "/elsewhere")
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Hook(f"http://127.0.0.1:{server.server_port}/services/secret", texts)
        finally:
            server.shutdown()
            thread.join()
