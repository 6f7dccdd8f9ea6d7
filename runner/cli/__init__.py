"""The `cohorts` command: one short function per command, and the one place where errors
become exit codes.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from runner.cli import (
    actions,
    definitions,
    delivery,
    drift,
    github,
    init,
    preview,
    review,
    setup,
    sources,
    writing,
)
from runner.cli.asking import Stopped
from runner.cli.commands import Commands, advice, asks_for_json
from runner.cli.context import shown_on, tell_more, terminal_width
from runner.cli.folder import enter
from runner.errors import CohortsError, ExitCode, InvalidDefinitions
from runner.version import VERSION

if TYPE_CHECKING:  # a type of a module that is imported late
    from runner.report.more import Message

app = typer.Typer(
    name="cohorts",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`cohorts help COMMAND` explains a command, `cohorts explain CODE` a message.",
)
for group in (init, writing, definitions, preview, review, delivery, drift, setup):
    for command in group.COMMANDS:
        # `list` is a word of Python
        app.command(name=command.__name__.removesuffix("_"))(command)
app.add_typer(sources.app, name="sources")
app.add_typer(github.app, name="github")


def _show_version(asked: bool) -> None:  # noqa: FBT001 - as Typer calls it
    if asked:
        typer.echo(f"cohorts {VERSION}")
        raise typer.Exit


@app.callback()
def start(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option("-C", metavar="FOLDER", help="Work in this folder."),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "-v",
            "--version",
            is_eager=True,
            callback=_show_version,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Audience cohorts as YAML files in git, mirrored from Treasure Data to Braze."""
    del version
    enter(ctx, folder)


def _arguments(typed: list[str]) -> list[str]:
    """`help COMMAND` is `COMMAND --help`."""
    if typed[:1] == ["help"]:
        return [*typed[1:], "--help"]
    return typed


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(ExitCode.TERMINATED)


def _tell(exc: CohortsError) -> None:
    """Print a failure: every problem of every file, or its one message. Whoever asked
    for JSON gets JSON too.
    """
    is_json = asks_for_json(sys.argv)
    if is_json:
        from runner.report import machine  # noqa: PLC0415 - most commands do not fail

        typer.echo(machine.failure(exc))
    _print(exc)
    if not is_json:
        tell_more(_messages(exc), sys.stderr)


def _print(exc: CohortsError) -> None:
    if not isinstance(exc, InvalidDefinitions):
        from runner.report.screen import fitted  # noqa: PLC0415 - most commands do not fail

        width = terminal_width(sys.stderr)
        typer.echo(fitted(str(exc), width, coloured=False), err=True)
        return
    shown = shown_on(sys.stderr)
    for problem in exc.problems:
        typer.echo(shown(problem), err=True)


def _messages(exc: CohortsError) -> Sequence[Message]:
    """What a failure told: problems of files, or itself."""
    if isinstance(exc, InvalidDefinitions):
        return exc.problems
    return [exc]


INTERRUPTED = (
    "Interrupted: where something was being sent, the ledger has the unfinished attempts,"
    " and the next sync takes them up again."
)

DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    """Run a command; expected failures become one message on stderr and their exit
    code, others crash loudly.
    """
    signal.signal(signal.SIGTERM, _terminated)
    # the folder it works in may be somebody's pull request: no Python that this starts
    # takes a module from there
    os.environ["PYTHONSAFEPATH"] = "1"
    actions.guard(os.environ)
    try:
        code = _code()
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader of a pipe went away
        _close_stdout()
        code = ExitCode.FAILED
    except OSError as exc:
        if exc.errno not in DISK_IS_FULL:
            raise
        _close_stdout()
        what = f"R053 nothing more can be written: {exc.strerror}"
        typer.echo(f"{what}; make room on the disk, then run again", err=True)
        code = ExitCode.FAILED
    sys.exit(int(code or 0))


def _code() -> int:
    """Run a command, and tell how it failed; returns its exit code."""
    try:
        code: int = app(
            _arguments(sys.argv[1:]), prog_name="cohorts", standalone_mode=False
        )
    except CohortsError as exc:
        _tell(exc)
        actions.leave_failure(exc)
        return exc.exit_code
    except Stopped:
        return ExitCode.INTERRUPTED
    except typer.Abort:
        code = ExitCode.INTERRUPTED
    except typer.TyperException as exc:
        _tell_misuse(exc)
        return ExitCode.USAGE
    if code == ExitCode.INTERRUPTED:
        typer.echo(INTERRUPTED, err=True)
    return code


def _tell_misuse(exc: typer.TyperException) -> None:
    typer.echo(f"Usage error: {exc.format_message()}", err=True)
    typer.echo(advice(exc), err=True)
    if asks_for_json(sys.argv):
        from runner.report import machine  # noqa: PLC0415 - seldom needed

        typer.echo(machine.misused(exc.format_message(), ExitCode.USAGE))


def _close_stdout() -> None:
    """Python flushes stdout once more when it ends; that goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
