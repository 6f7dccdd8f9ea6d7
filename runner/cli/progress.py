"""How a run that writes tells its progress, is asked to stop, and asks a person."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from runner.cli.asking import Stopped
from runner.cli.context import is_ci, tell_line
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.invocation import Watch
    from runner.application.syncing import Confirmation
    from runner.plan.plan import Plan
    from runner.sync.progress import Event


class Stop(threading.Event):
    """Set when the run is to end; `signal` is the one that asked for it."""

    signal = 0

    def exit_code(self, code: int) -> int:
        """The exit code of a run: as shells have it where a signal interrupted it."""
        if self.signal and code == ExitCode.INTERRUPTED:
            return 128 + self.signal
        return code


@contextmanager
def watched(stop: Stop, *, quiet: bool = False, asks: bool = False) -> Iterator[Watch]:
    """A run that Ctrl-C and SIGTERM can stop, and that tells its progress on stderr,
    unless it is to be `quiet`. `asks`: it asks a person while it goes on.
    """
    with _stopping(stop), _told(stop, quiet=quiet, asks=asks) as watch:
        yield watch


def confirmation(target: str, *, yes: bool) -> Confirmation:
    """How a person agrees to write to a protected target: by `--yes`, by CI, or by an
    answer on the terminal.
    """
    from runner.application.syncing import Confirmation

    if yes or is_ci():
        return Confirmation(is_given=True)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return Confirmation(is_given=False)
    return Confirmation(is_given=False, ask=lambda plan: _ask(plan, target))


def _ask(plan: Plan, target: str) -> None:
    """Show a plan and ask for a yes. Raises Stopped where there is none."""
    from runner.report import terminal

    typer.echo(terminal.plan(plan, counted=False), err=True)
    if not typer.confirm(f"Do this to {target}?", err=True):
        typer.echo("Nothing was sent.", err=True)
        raise Stopped


@contextmanager
def _told(stop: Stop, *, quiet: bool, asks: bool) -> Iterator[Watch]:
    """How far the run is, always on stderr: a view on a terminal, lines elsewhere. A
    command that `asks` has lines, since a question would stand in the view.
    """
    from runner.application.invocation import Watch
    from runner.report.progress import Progress
    from runner.treasuredata.waits import Waits

    if quiet:
        yield Watch(stop, _tell_nothing, Waits(time.monotonic, _say_nothing))
        return
    progress = Progress(time.monotonic)
    if asks or not _has_view():

        def tell(event: Event) -> None:
            if line := progress.hear(event):
                tell_line(line)

        yield Watch(stop, tell, Waits(time.monotonic, tell_line))
        return
    from runner.cli.view import View

    with View(progress) as view:
        yield Watch(stop, view.tell, view.waits)


def _has_view() -> bool:
    """True on a terminal that can draw over its lines, where a person watches."""
    is_plain = os.environ.get("TERM", "dumb") == "dumb"
    return sys.stderr.isatty() and not is_plain and not is_ci()


def _tell_nothing(_event: Event) -> None:
    """Somebody asked for quiet."""


def _say_nothing(_line: str) -> None:
    """Somebody asked for quiet."""


@contextmanager
def _stopping(stop: Stop) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask the run to end cleanly; a second one ends it at once,
    which the next run heals.
    """

    def ask(number: int, _frame: object) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        stop.set()
        stop.signal = number
        tell_line(
            "Stopping after the steps that must be completed."
            " Press Ctrl-C again to stop at once."
        )

    before = {
        number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
