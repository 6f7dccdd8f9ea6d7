"""How a run that writes tells its progress, is asked to stop, and asks a person."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from runner.cli.asking import Stopped
from runner.cli.context import is_ci
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.invocation import Watch
    from runner.application.syncing import Confirmation
    from runner.plan.plan import Plan

SHOWN = 3
"""Cohorts that the status line of a terminal names, the busiest last."""


class Stop(threading.Event):
    """Set when the run is to end; `signal` is the one that asked for it."""

    signal = 0

    def exit_code(self, code: int) -> int:
        """The exit code of a run: as shells have it where a signal interrupted it."""
        if self.signal and code == ExitCode.INTERRUPTED:
            return 128 + self.signal
        return code


@contextmanager
def watched(stop: Stop, *, quiet: bool = False) -> Iterator[Watch]:
    """A run that Ctrl-C and SIGTERM can stop, and that tells its progress on stderr,
    unless it is to be `quiet`.
    """
    from runner.application.invocation import Watch

    with _stopping(stop), _listening(quiet=quiet) as tell:
        yield Watch(stop, tell)


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
def _listening(*, quiet: bool) -> Iterator[Callable[[str, str], None]]:
    """Progress: a status line on a terminal, plain lines elsewhere; always on stderr."""
    if quiet:
        yield _tell_nothing
        return
    if not sys.stderr.isatty():
        yield _tell_line
        return
    from rich.console import Console

    busy: dict[str, str] = {}
    with Console(stderr=True).status("starting") as line:

        def tell(cohort: str, step: str) -> None:
            # whoever begins a step goes to the end: the line shows the last ones
            busy.pop(cohort, None)
            busy[cohort] = step
            last = list(busy.items())[-SHOWN:]
            line.update(" · ".join(_labelled(name, what) for name, what in last))

        yield tell


def _tell_nothing(_cohort: str, _step: str) -> None:
    """Somebody asked for quiet."""


def _tell_line(cohort: str, step: str) -> None:
    typer.echo(_labelled(cohort or "sync", step), err=True)


def _labelled(name: str, step: str) -> str:
    """A step of a cohort, or of the run as a whole where there is no name."""
    if not name:
        return step
    return f"{name}: {step}"


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
        typer.echo(
            (
                "Stopping after the steps that must be completed. Press Ctrl-C again"
                " to stop at once."
            ),
            err=True,
        )

    before = {
        number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
