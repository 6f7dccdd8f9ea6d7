"""Commands that write to GitHub: a pull request's comments, and the issue about drift."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.context import settings
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.github import Done

app = typer.Typer(
    no_args_is_help=True,
    help="Commands that use GitHub's API, for the workflows.",
    rich_markup_mode=None,
)


@app.command()
def comment(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The folder that `cohorts review --out` wrote."
        ),
    ],
) -> int:
    """Write each comment-*.md of a folder to the pull request. Each target has one
    comment, which the next run edits.
    """
    from runner.application import github

    found = github.comment(settings(), folder, tell=_tell)
    if not found:
        typer.echo("nothing to comment")
    return ExitCode.DONE


@app.command()
def issue(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The file that `cohorts drift --out` wrote."
        ),
    ],
) -> int:
    """Keep one issue open for a target as long as the file says that it has drifted."""
    from runner.application import github

    _tell(github.issue(settings(), file))
    return ExitCode.DONE


def _tell(done: Done) -> None:
    typer.echo(f"{done.what}: {done.target}")
