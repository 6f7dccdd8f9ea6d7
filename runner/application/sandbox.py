"""A Treasure Data and a Braze on this machine, and the engine under them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from runner.errors import CohortsError, Unavailable
from runner.sandbox.engine import home, process
from runner.sandbox.engine.client import CATALOG
from runner.sandbox.engine.errors import EngineProblem
from runner.sandbox.engine.tables import EngineTables
from runner.sandbox.own_data import OwnData
from runner.sandbox.server import serve


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How the sandbox is served. `job_seconds`: how long each job takes at least;
    `like_production`: nothing is set up; `storm`: how often something goes wrong, from
    0 to 1, and `seed` the same storm again; `is_trino`: queries run in a real Trino;
    `own`: data in the place of the sample shop.
    """

    host: str
    port: int
    job_seconds: float
    like_production: bool
    storm: float
    seed: int
    is_trino: bool
    own: OwnData | None = None


def set_up_engine(environment: Mapping[str, str], tell: Callable[[str], None]) -> None:
    """Set the engine up, once for each version of it. Raises Unavailable R032."""
    begun = time.monotonic()
    try:
        home.set_up(environment, tell)
    except EngineProblem as exc:
        raise Unavailable("R032", exc.what, exc.fix) from None
    taken = time.monotonic() - begun
    tell(f"Trino 423 is set up in {home.home(environment)} ({taken:.1f} s)")


def run(
    options: SandboxOptions,
    environment: Mapping[str, str],
    *,
    tell: Callable[[str], None],
    on_ready: Callable[[str], None],
) -> None:
    """Serve the sandbox until it is stopped; `on_ready` gets its address. Raises
    CohortsError R031 where it cannot listen, and Unavailable R032.
    """
    weather = None
    if options.storm:
        weather = {"rate": options.storm, "seed": options.seed}
    started = partial(
        serve,
        options.host,
        options.port,
        job_seconds=options.job_seconds,
        like_production=options.like_production,
        storm=weather,
        own=options.own,
        on_ready=on_ready,
    )
    try:
        if not options.is_trino:
            started()
            return
        with _engine_tables(environment, tell) as tables:
            started(tables=tables)
    except OSError as exc:
        raise CohortsError(
            "R031",
            f"the sandbox cannot listen on {options.host}:{options.port} ({exc.strerror})",
            "choose another `--port`",
        ) from None


@contextmanager
def _engine_tables(
    environment: Mapping[str, str], tell: Callable[[str], None]
) -> Iterator[EngineTables]:
    """The tables of an engine that is started now and ends afterwards. Raises
    Unavailable R032.
    """
    begun = time.monotonic()
    try:
        installed = home.installed(environment)
        tell("Trino 423 starts …")
        # the engine takes its time to start, in which nothing else is said
        with process.running(installed, environment, catalogs=[CATALOG]) as url:
            taken = time.monotonic() - begun
            tell(f"Trino 423 is ready ({taken:.1f} s); its tables are filled …")
            yield EngineTables(url)
    except EngineProblem as exc:
        raise Unavailable("R032", exc.what, exc.fix) from None
