"""What commands share: options, the files as queries, and the place where a run works."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import os
import re
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from runner.cli.options import Output, Report
from runner.errors import (
    CohortsError,
    ExitCode,
    InvalidDefinitions,
    Problem,
    Stale,
    Unavailable,
)

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.environment.settings import Settings
    from runner.plan.ledger import Ledger
    from runner.plan.plan import Plan
    from runner.project.file import Project, Target
    from runner.sql.wanted import Wanted
    from runner.sync.place import Place
    from runner.treasuredata.client import TreasureData
    from runner.treasuredata.ledger import LedgerTable

IN_CI = 15 * 60
"""Seconds to wait for another run where CI is set: two merges in a row are no reason to fail."""


def selected(plan: Plan, select: list[str] | None, exclude: list[str] | None) -> Plan:
    """The part of a plan that options select."""
    if not select and not exclude:
        return plan
    from runner.plan.selection import choose, read

    return choose(plan, read(select or [], exclude or []))


class Stop(threading.Event):
    """Set when the run is to end; `signal` is the one that asked for it."""

    signal = 0


class Usage(CohortsError):
    """The command was asked for what does not exist, or in a way that makes no sense."""

    exit_code = ExitCode.USAGE


def write(path: Path, text: str) -> None:
    """Keep a text in a file, whose folder is made if it is not there. Raises Usage."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        what = f"{exc.filename or path} cannot be written: {exc.strerror}"
        raise Usage("P122", what, "name another place with `--out`") from None


def settings() -> Settings:
    """The environment, read once."""
    from runner.environment import settings as environment

    return environment.read(os.environ)


def wanted(target: str) -> tuple[Project, Wanted]:
    """Files to queries; raises InvalidDefinitions only when there are problems and
    nothing can be used.
    """
    from runner.definitions import tree as trees
    from runner.sql import wanted as queries

    loaded = project(target)
    asked = queries.wanted(trees.load(Path(), loaded, today()), loaded.targets[target])
    if asked.problems and not asked.queries:
        raise InvalidDefinitions(asked.problems)
    return loaded, asked


def today() -> date:
    """The day by this machine's clock: files are checked by it, cohorts go by the server's."""
    return datetime.now(UTC).date()


def project(target: str) -> Project:
    """The project file, with this target in it, if one is asked for. Raises
    InvalidDefinitions and Usage.
    """
    from runner.definitions import tree as trees
    from runner.project import file as projects

    loaded = projects.load(Path())
    if isinstance(loaded, tuple):
        raise InvalidDefinitions([*loaded, *trees.load(Path(), None).problems])
    if target and target not in loaded.targets:
        known = ", ".join(sorted(loaded.targets))
        raise Usage("P102", f"there is no target {target!r}", f"choose one of: {known}")
    return loaded


SANDBOX_SECONDS = 3
"""How long a sandbox that does not answer is asked again."""


@contextmanager
def _sandbox_answers(target: Target) -> Iterator[None]:
    try:
        yield
    except Unavailable as exc:
        if not (target.is_sandbox and "connection refused" in exc.what):
            raise
        fix = "start it in another terminal with `cohorts sandbox`, or choose another `--target`"
        raise Unavailable(
            "R010", f"the sandbox at {target.endpoint} does not answer", fix
        ) from None


@contextmanager
def treasure_data(
    target: Target, stop: threading.Event | None = None
) -> Iterator[tuple[TreasureData, LedgerTable]]:
    """The client and the ledger of a target."""
    from runner.treasuredata.client import TreasureData
    from runner.treasuredata.ledger import LedgerTable

    found = settings()
    # the sandbox is on this machine: it is there, or somebody forgot to start it
    patience = (
        SANDBOX_SECONDS
        if target.is_sandbox and "COHORTS_RETRY_SECONDS" not in os.environ
        else None
    )
    with (
        _sandbox_answers(target),
        TreasureData(
            target.endpoint,
            found.key(),
            retry_seconds=found.retry_seconds if patience is None else patience,
            job_seconds=found.job_seconds,
            stop=stop,
            ca_bundle=found.ca_bundle,
        ) as client,
    ):
        clock = lambda: int(time.time())  # noqa: E731 - the machine's; only td_scheduled_time of ledger jobs uses it
        yield (
            client,
            LedgerTable(
                client, target.state_database, token=secrets.token_hex(8), clock=clock
            ),
        )


@contextmanager
def place(
    loaded: Project,
    target: Target,
    *,
    stop: Stop,
    allow_old_tree: bool = False,
    reason: str = "",
    settles: bool = False,
) -> Iterator[Place]:
    """A run that writes: it can be stopped by Ctrl-C and SIGTERM, tells its progress,
    and refuses an old tree. `settles`: as `Run` has it.
    """
    from runner.environment import repository
    from runner.sync.place import Place
    from runner.sync.writer import Run

    found = settings()
    commit = repository.commit(Path())
    run = Run(
        secrets.token_hex(8),
        found.actor,
        found.host,
        os.getpid(),
        found.run_address,
        commit,
        reason,
        settles,
    )

    def fits(ledger: Ledger) -> None:
        if not allow_old_tree and not target.is_sandbox:
            refuse_old_tree(ledger, target)

    with (
        _stopping(stop),
        treasure_data(target, stop) as (client, table),
        _listening() as tell,
    ):
        yield Place(target, loaded, client, table, run, stop, tell, fits)


def refuse_old_tree(ledger: Ledger, target: Target) -> None:
    """An old tree never wins: this one must come after the commit that was synced last.
    Raises Stale.
    """
    from runner.environment import repository

    if not ledger.commit:
        return
    order = repository.order(Path(), ledger.commit)
    last = ledger.commit[:12]
    allow = 'if it is right all the same: `--allow rollback --reason "…"`'
    if order is repository.Order.NOT_AFTER:
        raise Stale(
            "L008",
            f"target {target.name}: this tree does not come after commit {last}, which was synced last",
            f"sync the newest commit of your main branch; {allow}",
        )
    if order is repository.Order.UNKNOWN:
        here = "this clone is shallow: fetch the whole history (`fetch-depth: 0` in actions/checkout)"
        cure = (
            here
            if repository.is_shallow(Path())
            else "fetch it, or go to the repository that it belongs to"
        )
        raise Stale(
            "L009",
            f"target {target.name}: commit {last}, which was synced last, is not in this clone",
            f"{cure}; {allow}",
        )


def confirm(place: Place, planned: Callable[[Ledger], Plan], *, yes: bool) -> None:
    """Ask before a protected target is written to: outside CI a person has seen the
    plan. Raises Usage, Abort.
    """
    from runner.report import terminal
    from runner.sync.planned import open_ledger

    if not place.target.protected or yes or os.environ.get("CI"):
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        what = f"target {place.target.name} is protected: without CI and without a terminal it needs --yes"
        raise Usage(
            "P108", what, "look at `cohorts plan` first, then run again with `--yes`"
        )
    made = planned(open_ledger(place.table, place.target, create=True))
    if made.due:
        typer.echo(terminal.plan(made, counted=False), err=True)
        typer.confirm(f"Do this to {place.target.name}?", abort=True, err=True)


def patience(text: str | None) -> float:
    """Seconds of a `--lock-timeout`: `90s`, `15m`, `1h`. Raises Usage."""
    if text is None:
        return IN_CI if os.environ.get("CI") else 0
    if found := re.fullmatch(r"(\d{1,5})([smh])", text):
        return int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
    raise Usage(
        "P109",
        f"--lock-timeout cannot be {text[:20]!r}",
        "write a number with s, m or h, such as 15m",
    )


def tell_problems(found: tuple[Problem, ...], output: Output | Report) -> None:
    """Problems of files beside what was done."""
    if found and output != Output.JSON:
        typer.echo("", err=True)
        for problem in found:
            typer.echo(str(problem), err=True)


@contextmanager
def _listening() -> Iterator[Callable[[str, str], None]]:
    """Progress: a status line on a terminal, plain lines elsewhere; always on stderr."""
    if not sys.stderr.isatty():
        yield lambda cohort, step: typer.echo(f"{cohort or 'sync'}: {step}", err=True)
        return
    from rich.console import Console

    busy: dict[str, str] = {}
    with Console(stderr=True).status("starting") as line:

        def tell(cohort: str, step: str) -> None:
            busy.pop(cohort, None)
            busy[cohort] = step
            line.update(
                " · ".join(
                    f"{name}: {what}" if name else what
                    for name, what in [*busy.items()][-3:]
                )
            )

        yield tell


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
            "Stopping: finishing what cannot be left. Once more stops at once.",
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
