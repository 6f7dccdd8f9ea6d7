"""Starting, stalling and killing the real command, and the sandbox that it talks to."""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds after which something that must happen is called missing."""


class Stuck(AssertionError):
    """A run, or the sandbox, did not come to an end."""


@dataclass(slots=True)
class Run:
    """One run of the command. `status` is what the system said when it ended (see `os.waitpid`)."""

    pid: int
    out: Path
    status: int | None = None

    @property
    def code(self) -> int:
        """The exit code; negative for the signal that ended it."""
        assert self.status is not None
        return os.waitstatus_to_exitcode(self.status)

    @property
    def text(self) -> str:
        """What it printed."""
        return self.out.read_text(encoding="utf-8", errors="replace")

    @property
    def errors(self) -> str:
        """What it printed to standard error, where that was kept apart."""
        return self.out.with_suffix(".err").read_text(encoding="utf-8", errors="replace")

    def signal(self, number: int) -> None:
        """Send a signal, if it still lives: it may have ended, and not be told of yet."""
        if self.status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(slots=True)
class Forge:
    """The process that forks runs; see `forge`."""

    orders: socket.socket
    process: subprocess.Popen[bytes]
    around: dict[str, str]
    outputs: Path | None = None
    alive: dict[int, Run] = field(default_factory=dict)
    count: int = 0

    @classmethod
    def start(cls, outputs: Path | None = None) -> Forge:
        """Start one; what runs print goes to files in `outputs`, or in the folder that they run in."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        around = {name: value for name, value in os.environ.items() if not name.startswith(("COHORTS_", "GITHUB_"))}
        around.pop("CI", None)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.machine.forge", str(theirs.fileno())],
                cwd=ROOT,
                env=around,
                pass_fds=[theirs.fileno()],
            )
        ours.settimeout(PATIENCE)
        return cls(ours, process, around, outputs)

    def run(self, *arguments: str, folder: Path, environment: Mapping[str, str], typed: str | None = None) -> Run:
        """Start the command in an environment; `wait` for it. `typed` is its standard input; where there is one, errors
        go to a file of their own.
        """
        self.count += 1
        out = (self.outputs or folder) / f"run-{self.count % 8}.txt"
        around = self.around | environment
        order: dict[str, object] = {
            "arguments": arguments,
            "folder": str(folder),
            "environment": around,
            "out": str(out),
        }
        if typed is not None:
            out.with_suffix(".in").write_text(typed, encoding="utf-8")
            order |= {"err": str(out.with_suffix(".err")), "typed": str(out.with_suffix(".in"))}
        self.orders.send(json.dumps(order).encode())
        while "pid" not in (told := self._hear()):
            pass
        run = self.alive[told["pid"]] = Run(told["pid"], out)
        return run

    def wait(self, run: Run) -> Run:
        """Until it has ended."""
        try:
            while run.status is None:
                self._hear()
        except TimeoutError:
            raise Stuck(f"a run goes on for ever:\n{run.text}") from None
        return run

    def hears_before(self, other: socket.socket, run: Run) -> bool:
        """True when the run ends before the other socket has something to say."""
        while run.status is None:
            ready, _, _ = select.select([self.orders, other], [], [], PATIENCE)
            if other in ready:
                return False
            if not ready:
                raise Stuck(f"a run goes on for ever:\n{run.text}")
            self._hear()
        return True

    def close(self) -> None:
        """End it, and every run that is left."""
        self.orders.close()
        self.process.wait(PATIENCE)

    def _hear(self) -> dict[str, int]:
        told: dict[str, int] = json.loads(self.orders.recv(65_536))
        if "ended" in told and (run := self.alive.pop(told["ended"], None)):
            run.status = told["status"]
        return told


@dataclass(slots=True)
class FarSide:
    """The sandbox's own API, over one connection that stays open."""

    process: subprocess.Popen[str]
    url: str
    wire: http.client.HTTPConnection

    @classmethod
    def start(cls) -> FarSide:
        """Start a sandbox."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.machine.far_side"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        url = process.stdout.readline().strip()
        return cls(process, url, cls.connection(url))

    @staticmethod
    def connection(url: str) -> http.client.HTTPConnection:
        """A new connection."""
        return http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """JSON from the admin API; None for a 404."""
        text = None if body is None else json.dumps(body).encode()
        self.wire.request(method, f"/sandbox/{path}", text, {"content-type": "application/json"} if text else {})
        answer = self.wire.getresponse()
        said = answer.read()
        if answer.status == 404:
            return None
        assert answer.status < 300, f"{method} {path}: {answer.status} {said.decode()[:2000]}"
        return json.loads(said)

    def sql(self, text: str) -> list[list[Any]]:
        """Run DuckDB's SQL in the warehouse."""
        return list(self.ask("POST", "sql", {"sql": text})["rows"])

    def close(self) -> None:
        """End it."""
        self.wire.close()
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()
