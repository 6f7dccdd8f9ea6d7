"""`cohorts sandbox --engine trino`: sets the engine up, starts it, and tells what takes its time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from runner.cli.context import Usage
from runner.cli.options import Engine
from runner.errors import ExitCode, Unavailable
from runner.sandbox.engine import home, process
from runner.sandbox.engine.client import CATALOG
from runner.sandbox.engine.errors import EngineProblem
from runner.sandbox.engine.tables import EngineTables


def set_up(engine: Engine) -> int:
    """Set the engine up, once for each version of it. Raises Usage P130, Unavailable R032."""
    if engine is not Engine.TRINO:
        raise Usage(
            "P130", "there is nothing to set up for DuckDB", "add `--engine trino`"
        )
    begun = time.monotonic()
    try:
        home.set_up(os.environ, typer.echo)
    except EngineProblem as exc:
        raise Unavailable("R032", exc.what, exc.fix) from None
    typer.echo(
        f"Trino 423 is set up in {home.home(os.environ)} ({time.monotonic() - begun:.1f} s)"
    )
    return ExitCode.DONE


@contextmanager
def tables() -> Iterator[EngineTables]:
    """The tables of an engine that is started now and ends afterwards. Raises Unavailable R032."""
    begun = time.monotonic()
    try:
        installed = home.installed(os.environ)
        typer.echo("Trino 423 starts …")
        with process.running(installed, os.environ, catalogs=[CATALOG]) as url:
            typer.echo(
                f"Trino 423 is ready ({time.monotonic() - begun:.1f} s); the sample data goes into it …"
            )
            yield EngineTables(url)
    except EngineProblem as exc:
        raise Unavailable("R032", exc.what, exc.fix) from None
