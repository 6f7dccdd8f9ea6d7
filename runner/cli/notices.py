"""Notices to a team's chat after a run; a webhook that fails is a warning, and changes
nothing else.
"""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec

import typer

from runner.cli.context import settings
from runner.errors import CohortsError, ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.sync.run import Summary

Arguments = ParamSpec("Arguments")

OWN = (ExitCode.USAGE, ExitCode.INTERRUPTED)
"""Ends of a run that whoever started it caused, and knows of."""


def noticed(command: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """A command that also tells the webhook when the run as a whole could not be carried out."""

    @functools.wraps(command)
    def told(*args: Arguments.args, **kwargs: Arguments.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except CohortsError as exc:
            if exc.exit_code not in OWN:
                _tell_stopped(exc, str(kwargs.get("target", "")))
            raise

    return told


def tell(summary: Summary) -> None:
    """Tell the webhook what a run changed, if there is a webhook and anything changed."""
    from runner.report import notice

    here = settings()
    if not here.webhook:
        return
    found = notice.of(summary)
    if found is not None:
        target = summary.plan.target
        _post(notice.text(found, target=target, address=here.run_address))


def _tell_stopped(exc: CohortsError, target: str) -> None:
    from runner.report import notice

    here = settings()
    if here.webhook:
        _post(notice.of_stopped_run(exc, target=target, address=here.run_address))


def _post(text: str) -> None:
    from runner.environment.webhook import post

    why = post(settings().webhook, text)
    if why:
        fix = (
            "the run is not affected; check the variable COHORTS_WEBHOOK_URL and"
            " the service at that address"
        )
        typer.echo(
            f"R050 the notice could not be delivered to the webhook: {why}; {fix}",
            err=True,
        )
