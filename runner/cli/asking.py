"""Questions to a person on a terminal: a bad answer is told at once, and asked again."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable

import typer

from runner.errors import CohortsError, InvalidDefinitions


class Stopped(typer.Abort):
    """A person stopped before anything was begun."""


class Questions:
    """The questions of one command. Where somebody stops, nothing that was typed is
    lost: the command is told that goes on with it.
    """

    def __init__(self) -> None:
        self._answers: list[str] = []

    def ask(
        self,
        option: str,
        question: str,
        check: Callable[[str], object],
        *,
        default: str | None = None,
        may_be_empty: bool = False,
    ) -> str:
        """The first answer that `check` takes; it raises CohortsError for another one.
        Enter takes the default. `option` is what could have been written instead, such
        as `--owner`; empty for an argument. Raises Stopped.
        """
        if may_be_empty:
            default = default or ""
        while True:
            given = self._answer(question, default)
            try:
                check(given)
            except CohortsError as exc:
                typer.echo(_told(exc), err=True)
                continue
            self._keep(option, given)
            return given

    def _answer(self, question: str, default: str | None) -> str:
        try:
            given: str = typer.prompt(
                question, default=default, show_default=bool(default)
            )
        except typer.Abort:
            words = ["cohorts", *sys.argv[1:], *self._answers]
            typer.echo(
                f"\nNothing was written. To go on from here: {shlex.join(words)}",
                err=True,
            )
            raise Stopped from None
        return given.strip()

    def _keep(self, option: str, given: str) -> None:
        if not given:
            return
        if option:
            self._answers.append(option)
        self._answers.append(given)


def _told(exc: CohortsError) -> str:
    """What is wrong with an answer; there is no file yet that it could stand in."""
    if isinstance(exc, InvalidDefinitions):
        return "\n".join(f"{each.what}; {each.fix}" for each in exc.problems)
    return f"{exc.what}; {exc.fix}"
