"""The `cohorts` command: one short function per command, and the one place where errors become exit codes."""

# Imports inside functions are on purpose in this file: start-up must not pay for what a command does not use
# (td-client, sqlglot, jsonschema and duckdb cost 150 ms and more each).
# ruff: noqa: PLC0415

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from runner.errors import CohortsError, ExitCode, InvalidDefinitions, Problem

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.project import Project
    from runner.settings import Settings
    from runner.sql.wanted import Wanted
    from runner.treasuredata.client import TreasureData
    from runner.treasuredata.ledger import LedgerTable

app = typer.Typer(
    name="cohorts",
    help="Audience cohorts as YAML files in git, mirrored from Treasure Data to Braze.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Output(StrEnum):
    """How a command answers."""

    TEXT = "text"
    JSON = "json"


class SchemaName(StrEnum):
    """The published schemas."""

    COHORT = "cohort"
    PROJECT = "project"
    OUTPUT = "output"


TargetOption = Annotated[str, typer.Option("--target", help="Where cohorts go, as named in cohorts/project.yml.")]
OutputOption = Annotated[Output, typer.Option("--output", help="How to answer.")]
RefreshOption = Annotated[bool, typer.Option("--refresh", help="Also sync cohorts whose definition did not change.")]


@app.command()
def validate(output: OutputOption = Output.TEXT) -> int:
    """Check every file, without any key: YAML, schema, rules and SQL, for every target."""
    from runner import project as projects
    from runner.definitions import tree as trees
    from runner.report import machine, terminal
    from runner.sql.wanted import wanted

    root = Path()
    project = projects.load(root)
    found: set[Problem] = set(project) if isinstance(project, tuple) else set()
    tree = trees.load(root, None if isinstance(project, tuple) else project)
    found.update(tree.problems)
    if not isinstance(project, tuple):
        different = {repr(sorted(target.vars.items())): target for target in project.targets.values()}
        for target in different.values():  # targets with the same variables get the same SQL
            found.update(wanted(tree, target).problems)
    shown = sorted(found)
    if output is Output.JSON:
        typer.echo(machine.problems(shown, cohorts=len(tree.cohorts)))
    else:
        typer.echo(terminal.problems(shown, checked=f"{tree.files} cohorts checked"))
    return ExitCode.INVALID if shown else ExitCode.DONE


@app.command()
def render(
    cohort: Annotated[str, typer.Argument(help="A cohort's id; all cohorts without it.")] = "",
    target: TargetOption = "sandbox",
) -> int:
    """Print the SQL that would run, exactly as Braze's connector wants it; members compared by name are hidden."""
    from runner.sql.shown import masked

    _, asked = _wanted(target)
    chosen = [query for query in asked.queries if cohort in ("", query.cohort.id)]
    mine = [problem for problem in asked.problems if not cohort or _is_about(problem, cohort)]
    for query in chosen:
        heading = f"-- {query.cohort.id} · {query.cohort.name} · target {target}"
        typer.echo(f"{heading}\n{masked(query.export, {query.cohort.external_id})}\n")
    if mine or (cohort and not chosen and asked.problems):
        raise InvalidDefinitions(mine or asked.problems)
    if cohort and not chosen:
        raise _Usage("P103", f"there is no cohort {cohort!r}", "`cohorts validate` lists what is wrong with the files")
    return ExitCode.DONE


@app.command()
def plan(
    target: TargetOption = "sandbox",
    members: Annotated[bool, typer.Option("--members", help="Count who would enter and leave.")] = False,
    refresh: RefreshOption = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 when there is something to do.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show what a sync would do and why; sends nothing."""
    from runner.report import machine, terminal
    from runner.sync.counting import Counter, counted
    from runner.sync.run import open_ledger, read_plan

    _, asked = _wanted(target)
    with _treasure_data(asked) as (client, table, token):
        ledger = open_ledger(table, asked.target, create=False)
        made = read_plan(asked, ledger, refresh=refresh)
        if members:
            now = ledger.now or int(time.time())
            here = asked.target
            made = counted(made, Counter(client, here.database, here.state_database, token, now))
    if output is Output.JSON:
        typer.echo(machine.plan(made, asked.problems))
    else:
        typer.echo(terminal.plan(made, counted=members))
    _tell_problems(asked.problems, output)
    return plan_exit_code(
        asked, blocked=bool(made.stop or made.refused), changes=detailed_exitcode and made.has_changes
    )


def plan_exit_code(asked: Wanted, *, blocked: bool, changes: bool) -> ExitCode:
    """A plan's exit code: an unsafe change fails in review, not on merge."""
    if asked.problems:
        return ExitCode.MIXED if asked.queries else ExitCode.INVALID
    if blocked:
        return ExitCode.BLOCKED
    return ExitCode.CHANGES if changes else ExitCode.DONE


@app.command()
def sync(target: TargetOption = "sandbox", refresh: RefreshOption = False, output: OutputOption = Output.TEXT) -> int:
    """Bring every cohort that changed, or was left unfinished, to its wanted members in Braze."""
    from runner.report import machine, terminal
    from runner.sync import run
    from runner.sync.writer import Run

    project, asked = _wanted(target)
    settings = _settings()
    with _treasure_data(asked) as (client, table, token), _listening() as tell:
        who = Run(token, settings.actor, settings.host, settings.run_address, _commit())
        summary = run.sync(asked, project, client, table, who, tell, refresh=refresh)
    code = run.exit_code(summary)
    if output is Output.JSON:
        typer.echo(machine.summary(summary, code, asked.problems))
    else:
        typer.echo(terminal.summary(summary))
    _tell_problems(asked.problems, output)
    return code


@app.command()
def status(target: TargetOption = "sandbox") -> int:
    """Show every cohort: members in Braze by the ledger's account, when it was synced, and whether it is due."""
    from runner.report import terminal
    from runner.sync.run import open_ledger, read_plan

    _, asked = _wanted(target)
    with _treasure_data(asked) as (_, table, _):
        ledger = open_ledger(table, asked.target, create=False)
        typer.echo(terminal.status(ledger, read_plan(asked, ledger, refresh=False)))
    _tell_problems(asked.problems, Output.TEXT)
    return ExitCode.DONE


@app.command()
def schema(name: Annotated[SchemaName, typer.Argument(help="Which schema.")] = SchemaName.COHORT) -> int:
    """Print a JSON Schema, for editors and other tools."""
    from runner import schemas

    typer.echo(schemas.text(name.value), nl=False)
    return ExitCode.DONE


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8399,
    job_seconds: Annotated[float, typer.Option(help="How long each job takes at least.")] = 0.0,
) -> int:
    """Serve a Treasure Data and a Braze with sample data on this machine, to try everything without an account."""
    try:
        from runner.sandbox.server import serve
    except ModuleNotFoundError as exc:
        raise CohortsError(
            "R030",
            f"the sandbox needs a package that is not installed ({exc.name})",
            "install cohort-runner with its extra: `cohort-runner[sandbox]`",
        ) from None
    try:
        serve(host, port, job_seconds=job_seconds, on_ready=_sandbox_ready)
    except OSError as exc:
        raise CohortsError(
            "R031", f"the sandbox cannot listen on {host}:{port} ({exc.strerror})", "choose another `--port`"
        ) from None
    return ExitCode.DONE


def _sandbox_ready(address: str) -> None:
    typer.echo(f"Treasure Data and Braze are at {address} (any browser: {address}/sandbox/cohorts)")
    typer.echo("In another terminal: export TD_API_KEY=sandbox-key, then cohorts plan. Ctrl-C stops.")


class _Usage(CohortsError):
    exit_code = ExitCode.USAGE


def _settings() -> Settings:
    from runner import settings

    return settings.read(os.environ)


def _wanted(target: str) -> tuple[Project, Wanted]:
    """Files to queries; raises InvalidDefinitions only when nothing at all can be used."""
    from runner import project as projects
    from runner.definitions import tree as trees
    from runner.sql.wanted import wanted

    project = projects.load(Path())
    if isinstance(project, tuple):
        raise InvalidDefinitions([*project, *trees.load(Path(), None).problems])
    if target not in project.targets:
        known = ", ".join(sorted(project.targets))
        raise _Usage("P102", f"there is no target {target!r}", f"choose one of: {known}")
    asked = wanted(trees.load(Path(), project), project.targets[target])
    if not asked.queries:
        raise InvalidDefinitions(asked.problems)
    return project, asked


@contextmanager
def _treasure_data(asked: Wanted) -> Iterator[tuple[TreasureData, LedgerTable, str]]:
    """The client and the ledger of a target, and a token unique to this run."""
    from runner.treasuredata.client import TreasureData
    from runner.treasuredata.ledger import LedgerTable

    settings, target, token = _settings(), asked.target, secrets.token_hex(8)
    with TreasureData(
        target.endpoint,
        settings.key(),
        retry_seconds=settings.retry_seconds,
        job_seconds=settings.job_seconds,
    ) as client:
        yield (
            client,
            LedgerTable(client, target.state_database, token=token, clock=lambda: int(time.time())),
            token,
        )


@contextmanager
def _listening() -> Iterator[Callable[[str, str], None]]:
    """Progress: a status line on a terminal, plain lines elsewhere; always on stderr."""
    if not sys.stderr.isatty():
        yield lambda cohort, step: typer.echo(f"{cohort or 'sync'}: {step}", err=True)
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as line:
        yield lambda cohort, step: line.update(f"{cohort}: {step}" if cohort else step)


def _tell_problems(found: tuple[Problem, ...], output: Output) -> None:
    if found and output is Output.TEXT:
        typer.echo("", err=True)
        for problem in found:
            typer.echo(str(problem), err=True)


def _is_about(problem: Problem, cohort: str) -> bool:
    return Path(problem.at.path).stem == cohort


def _commit() -> str:
    """The commit this tree is at, or nothing outside git."""
    try:
        asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S607
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(ExitCode.TERMINATED)


def main() -> None:
    """Run a command; expected failures become one message on stderr and their exit code, others crash loudly."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = app(standalone_mode=False)
    except InvalidDefinitions as exc:
        for problem in exc.problems:
            typer.echo(str(problem), err=True)
        code = exc.exit_code
    except CohortsError as exc:
        typer.echo(str(exc), err=True)
        code = exc.exit_code
    except typer.Abort:
        code = ExitCode.INTERRUPTED
    except typer.TyperException as exc:
        typer.echo(f"Usage error: {exc.format_message()}", err=True)
        typer.echo("`cohorts --help` and `cohorts COMMAND --help` say what there is.", err=True)
        code = ExitCode.USAGE
    except BrokenPipeError:  # the reader of a pipe went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.FAILED
    if code == ExitCode.INTERRUPTED:
        typer.echo("Interrupted: what was left unfinished is in the ledger and due again.", err=True)
    sys.exit(int(code or 0))
