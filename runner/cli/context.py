"""What commands hand to the application, and the few options that need the environment."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from runner.cli import actions
from runner.cli.options import Engine, Output, Report
from runner.errors import Problem, Usage

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.invocation import Invocation
    from runner.application.testing import Engine as TestEngine
    from runner.environment.settings import Settings
    from runner.report.more import Message

IN_CI = 15 * 60
"""Seconds to wait for another run where CI is set: two merges in a row are no reason to fail."""

SANDBOX_SECONDS = 3
"""How long a sandbox that does not answer is asked again, where nobody says how long."""


def settings() -> Settings:
    """The settings of this process's environment. Raises InvalidSetting."""
    from runner.environment import settings as environment

    return environment.read(os.environ)


def invocation() -> Invocation:
    """This call of the program: the folder it was started in, its environment, its
    clock, and randomness. Raises InvalidSetting.
    """
    from runner.application.invocation import Invocation
    from runner.treasuredata.waits import Waits

    found = settings()
    sandbox_seconds: float = SANDBOX_SECONDS
    if "COHORTS_RETRY_SECONDS" in os.environ:
        sandbox_seconds = found.retry_seconds
    return Invocation(
        Path(),
        found,
        sandbox_seconds,
        time.time,
        secrets.token_hex,
        Waits(time.monotonic, tell_line),
    )


def today() -> date:
    """The day by this machine's clock, for commands that only read files."""
    return datetime.now(UTC).date()


def engine_of(engine: Engine) -> TestEngine:
    """The engine of an option, with the variables by which it finds what is installed."""
    from runner.application.testing import Engine as TestEngine

    return TestEngine(engine is Engine.TRINO, os.environ)


def terminal_width(stream: TextIO | None = None) -> int:
    """The width that answers may take, in characters; 0 where no terminal shows them.
    They go to `stream`, or to stdout.
    """
    if not (stream or sys.stdout).isatty():
        return 0
    return shutil.get_terminal_size().columns


def has_colours() -> bool:
    """True where colours are seen: on a terminal, unless NO_COLOR is set; anywhere
    where FORCE_COLOR is. Source: no-color.org, force-color.org.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def show(text: str) -> None:
    """Print an answer, as a terminal shows it or, elsewhere, as it is."""
    from runner.report.screen import fitted

    shown = fitted(text, terminal_width(), coloured=has_colours())
    typer.echo(shown, color=has_colours())


def tell_line(text: str) -> None:
    """Print what happens meanwhile on stderr; in a log, with the time (UTC) before it."""
    if is_ci() or not sys.stderr.isatty():
        text = f"{datetime.now(UTC):%H:%M:%SZ} {text}"
    # not by `typer.echo`, which would write into the view of a run instead of above it
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def is_ci() -> bool:
    """True where no person watches, as every CI says of itself."""
    return bool(os.environ.get("CI"))


def only_on_a_terminal(what: str, fix: str, *streams: TextIO) -> None:
    """Let through what may name people only where a person watches it on a terminal:
    files, pipes and the logs of a CI keep what they get. Raises Usage P134.
    """
    if is_ci() or actions.in_actions(os.environ):
        raise Usage("P134", f"{what}, and the log of a CI keeps them", fix)
    if not all(stream.isatty() for stream in streams):
        raise Usage("P134", f"{what}, and this is no terminal", fix)


def patience(text: str | None) -> float:
    """Seconds of a `--lock-timeout`: `90s`, `15m`, `1h`. Raises Usage P109."""
    from runner.application.durations import seconds

    if text is not None:
        return seconds("--lock-timeout", text)
    if is_ci():
        return IN_CI
    return 0


def shown_on(stream: TextIO) -> Callable[[Problem], str]:
    """How a problem is written: on a terminal with its line and a mark, else alone."""
    width = terminal_width(stream)
    if not width:
        return str
    return lambda problem: _with_line(problem, width)


def _with_line(problem: Problem, width: int) -> str:
    from runner.files import documents
    from runner.report.marked import marked

    path = problem.at.path
    # no link out of the folder is followed, and no file of any size read
    text = documents.read_text(Path(path), path, inside=Path("cohorts"))
    if not isinstance(text, str):
        return marked(problem, "", width)
    lines = text.split("\n")
    line = ""
    if problem.at.line <= len(lines):
        line = lines[problem.at.line - 1]
    return marked(problem, line, width)


def tell_problems(
    found: Iterable[Problem],
    output: Output | Report,
    answered: Iterable[Message] = (),
) -> None:
    """Print problems of files beside what was done; JSON has them in its answer.
    `answered`: the messages of the answer itself.
    """
    if output == Output.JSON:
        return
    problems = tuple(found)
    if problems:
        typer.echo("", err=True)
    shown = shown_on(sys.stderr)
    for problem in problems:
        typer.echo(shown(problem), err=True)
    messages: list[Message] = [*problems]
    # an answer that went elsewhere is not above
    if sys.stdout.isatty():
        messages = [*answered, *problems]
    tell_more(messages, sys.stderr)


def tell_more(messages: Sequence[Message], stream: TextIO) -> None:
    """On a terminal, print where more is told about the messages above: one line for
    all of them.
    """
    if not messages or not stream.isatty():
        return
    from runner import codes
    from runner.report import more

    if line := more.below(messages, codes.known()):
        typer.echo(line, file=stream)
