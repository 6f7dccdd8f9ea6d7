"""The options that commands share, and how they answer."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from runner.errors import Usage


class Output(StrEnum):
    """How a command answers."""

    TEXT = "text"
    JSON = "json"


class Report(StrEnum):
    """How a command answers that a workflow runs; `github`: text, and annotations, a
    summary and outputs.
    """

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


class Engine(StrEnum):
    """Where SQL runs on this machine."""

    DUCKDB = "duckdb"
    TRINO = "trino"


Choice = TypeVar("Choice", bound=StrEnum)


def _one_of(option: str, choices: type[Choice]) -> Callable[[str], Choice]:
    """A reader of an option that has a few values. What is returned raises Usage P131."""

    def read(given: str) -> Choice:
        try:
            return choices(given)
        except ValueError:
            what = f"{option} {given[:60]!r} is not allowed"
            fix = f"write one of: {', '.join(choices)}"
            raise Usage("P131", what, fix) from None

    return read


def _choices(choices: type[StrEnum]) -> str:
    return f"<{'|'.join(choices)}>"


def _named_target(given: str) -> str:
    """The target that was named, else the only one of the project, else `sandbox`."""
    if given:
        return given
    from runner.project.file import target_names  # noqa: PLC0415 - it reads YAML

    names = target_names(Path())
    if len(names) == 1:
        return names[0]
    return "sandbox"


EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine",
        envvar="COHORTS_ENGINE",
        parser=_one_of("--engine", Engine),
        metavar=_choices(Engine),
        help="The engine for SQL: DuckDB in place of Trino, or a real Trino 423 (needs Java).",
    ),
]
TargetOption = Annotated[
    str,
    typer.Option(
        "--target",
        "-t",
        metavar="NAME",
        envvar="COHORTS_TARGET",
        callback=_named_target,
        show_default=False,
        help="A target of cohorts/project.yml. Default: its only one, or `sandbox`.",
    ),
]
OutputOption = Annotated[
    Output,
    typer.Option(
        "--output",
        "-o",
        parser=_one_of("--output", Output),
        metavar=_choices(Output),
        help="The format of the output.",
    ),
]
ReportOption = Annotated[
    Report,
    typer.Option(
        "--output",
        "-o",
        parser=_one_of("--output", Report),
        metavar=_choices(Report),
        help="The format of the output.",
    ),
]
RefreshOption = Annotated[
    bool,
    typer.Option(
        "--refresh",
        envvar="COHORTS_REFRESH",
        help="Also sync cohorts whose definition did not change.",
    ),
]
DueOption = Annotated[
    bool,
    typer.Option(
        "--due",
        envvar="COHORTS_DUE",
        help="Also sync cohorts that are due by their schedule.",
    ),
]
CohortsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="COHORT|FILE",
        show_default=False,
        help="These cohorts: ids, files, folders, or what --select takes. Default: all.",
    ),
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "-s",
        metavar="WHAT",
        envvar="COHORTS_SELECT",
        help="Only these cohorts: ids (globs), tag:, owner:, path:, state:, +ID, ID+.",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="WHAT",
        help="Leave out these cohorts, selected in the same way.",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="PLACE", help="Save the results as files in this folder."
    ),
]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Do not ask before syncing to a protected target.")
]
LockOption = Annotated[
    str | None,
    typer.Option(
        "--lock-timeout",
        metavar="15m",
        help="The longest time to wait for another run. Default: 0s, in CI 15m.",
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print no progress, and only what failed and the totals."
    ),
]
ReassertOption = Annotated[
    bool,
    typer.Option(
        "--reassert",
        help="Refresh, and send all members again, in case Braze has come to know them since.",
    ),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="GUARD:COHORT",
        envvar="COHORTS_ALLOW",
        help="Override a guard for this run; also max_withdrawn, unreviewed,"
        " uncommitted, and rollback (an older tree). Needs --reason.",
    ),
]
ConcurrencyOption = Annotated[
    int,
    typer.Option(
        min=1,
        max=64,
        help="The number of queries that run at once; twice as many exports run.",
    ),
]
