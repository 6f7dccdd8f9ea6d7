"""Starts the engine, waits until it answers, and ends it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner.sandbox.engine.errors import EngineProblem
from runner.sandbox.engine.home import Installed, home

START_SECONDS = 180.0
END_SECONDS = 10.0
LOOK = 0.05
LAST_LINES = 12
"""How much of the log an error quotes."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the engine may use: the heap, what one query may take of it, and what the
    tables may hold, in MB.

    A query is stopped by what Trino counts, and it counts late: as in Trino's own
    default, 30 % of the heap is as much as may be counted.
    """

    heap: int = 3072
    query: int = 900
    tables: int = 900


@contextmanager
def running(
    engine: Installed,
    environment: Mapping[str, str],
    *,
    catalogs: Sequence[str],
    memory: Memory = Memory(),
    options: Sequence[str] = (),
    is_brief: bool = False,
    start_seconds: float = START_SECONDS,
) -> Iterator[str]:
    """An engine on a free port of the loopback interface; yields its address. Raises EngineProblem.

    `options`: Trino's properties, and those of the class Engine. `is_brief`: it lives
    for a minute or two. It ends with this process, however this process ends: it reads
    the other end of a pipe. Its log stays where it could not be started, or died.
    """
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=home(environment)))
    log = folder / "log"
    try:
        with log.open("wb") as written:
            process = subprocess.Popen(  # noqa: S603
                _command(engine, folder, catalogs, memory, options, is_brief=is_brief),
                stdin=subprocess.PIPE,
                stdout=written,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                # Ctrl-C is for whoever started it, who then ends it in order
                start_new_session=True,
            )
        try:
            yield _address(process, log, start_seconds)
        finally:
            died = process.poll() is not None
            _end(process)
    except BaseException:
        _keep_log(log)
        raise
    else:
        if died:
            _keep_log(log)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _command(
    engine: Installed,
    folder: Path,
    catalogs: Sequence[str],
    memory: Memory,
    options: Sequence[str],
    *,
    is_brief: bool,
) -> list[str]:
    """The command that starts the engine with these catalogs and this memory."""
    compiler: list[str] = []
    if is_brief:
        # the second compiler pays for itself after minutes: without it 150 small
        # queries took half of the CPU
        compiler = ["-XX:TieredStopAtLevel=1"]
    return [
        engine.java,
        f"-Xmx{memory.heap}m",
        "-Xss16m",  # else a deeply nested statement exhausts the parser's stack
        "-XX:+UseG1GC",
        *compiler,
        f"-Djava.io.tmpdir={folder}",
        "-cp",
        f"{engine.classes}:{engine.jars}/*",
        "cohorts.Engine",
        f"catalogs={','.join(catalogs)}",
        f"data={memory.tables * 1_000_000}",
        f"query.max-memory-per-node={memory.query}MB",
        *options,
    ]


def _address(process: subprocess.Popen[bytes], log: Path, seconds: float) -> str:
    """Where the engine answers, once its log says so. Raises EngineProblem where it
    ends or takes too long.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        ready = re.search(r"^READY (\S+)$", _text(log), re.MULTILINE)
        if ready:
            return ready[1]
        if ended:
            raise EngineProblem(
                f"the engine ended with exit code {process.returncode}"
                f" before it was ready:\n{_last(log)}\n",
                f"its log is {_kept(log)}",
            )
        time.sleep(LOOK)
    raise EngineProblem(
        f"the engine was not ready after {seconds:g} s:\n{_last(log)}\n",
        f"its log is {_kept(log)}",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the engine to end, and kill it where it does not."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _kept(log: Path) -> Path:
    """Where the log of an engine that failed stays: the last one's only."""
    return log.parent.parent / "last-failure.log"


def _keep_log(log: Path) -> None:
    """Put the log where it is found after the engine's folder is gone."""
    if log.exists():
        shutil.copyfile(log, _kept(log))


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


def _last(log: Path) -> str:
    return "\n".join(_text(log).strip().splitlines()[-LAST_LINES:])
