"""Questions to a person on a terminal: a bad answer is told at once, and asked again."""

from __future__ import annotations

from collections.abc import Callable

import typer

from runner.errors import CohortsError, InvalidDefinitions


def asked(
    question: str,
    check: Callable[[str], object],
    *,
    default: str | None = None,
    may_be_empty: bool = False,
) -> str:
    """The first answer that `check` takes; it raises CohortsError for another one. Enter
    takes the default.
    """
    if may_be_empty:
        default = default or ""
    while True:
        given: str = typer.prompt(
            question, default=default, show_default=bool(default)
        ).strip()
        try:
            check(given)
        except CohortsError as exc:
            typer.echo(_told(exc), err=True)
        else:
            return given


def _told(exc: CohortsError) -> str:
    """What is wrong with an answer; there is no file yet that it could stand in."""
    if isinstance(exc, InvalidDefinitions):
        return "\n".join(f"{each.what}; {each.fix}" for each in exc.problems)
    return f"{exc.what}; {exc.fix}"
