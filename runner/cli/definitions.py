"""Commands that need no key: they read files, and answer."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import difflib
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.checking import checked, lacks_extra, tested
from runner.cli.context import Usage, project, settings, today, treasure_data, wanted
from runner.cli.options import (
    Engine,
    EngineOption,
    ExcludeOption,
    Report,
    ReportOption,
    SelectOption,
    TargetOption,
)
from runner.errors import CohortsError, ExitCode, InvalidDefinitions, Problem

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.definitions.cohort import Cohort
    from runner.project.file import Project


class SchemaName(StrEnum):
    """The published schemas."""

    COHORT = "cohort"
    PROJECT = "project"
    TABLES = "tables"
    OUTPUT = "output"


def validate(output: ReportOption = Report.TEXT) -> int:
    """Check every file for every target: YAML, schema, rules and SQL. Needs no key."""
    from runner.cli import actions
    from runner.report import machine, terminal

    found = checked(Path(), today())
    if output is Report.JSON:
        typer.echo(
            machine.problems(
                found.errors, found.warnings, cohorts=len(found.tree.cohorts)
            )
        )
    else:
        typer.echo(
            terminal.problems(found.errors, found.warnings, cohorts=found.tree.files)
        )
    code = ExitCode.INVALID if found.errors else ExitCode.DONE
    if output is Report.GITHUB:
        actions.leave_checks("validate", code, found.errors, found.warnings)
    return code


def render(
    cohort: Annotated[
        str, typer.Argument(help="A cohort's id. Without it: all cohorts.")
    ] = "",
    target: TargetOption = "sandbox",
) -> int:
    """Print the SQL that a sync would run, in the form that Braze's connector needs.
    Values that people are compared with are hidden.
    """
    from runner.sql.shown import masked

    _, asked = wanted(target)
    chosen = [query for query in asked.queries if cohort in ("", query.cohort.id)]
    mine = [
        problem
        for problem in asked.problems
        if not cohort or _is_about(problem, cohort)
    ]
    for query in chosen:
        for handle, sql in query.exports.items():
            by = f" · by {handle}" if len(query.exports) > 1 else ""
            heading = (
                f"-- {query.cohort.id} · {query.cohort.name} · target {target}{by}"
            )
            typer.echo(
                f"{heading}\n{masked(sql, query.cohort.columns | query.barred.columns)}\n"
            )
    if mine or (cohort and not chosen and asked.problems):
        raise InvalidDefinitions(mine or asked.problems)
    if cohort and not chosen:
        raise Usage(
            "P103",
            f"there is no cohort {cohort!r}",
            "`cohorts validate` lists what is wrong with the files, and needs no key",
        )
    return ExitCode.DONE


def test(
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    target: TargetOption = "sandbox",
    output: ReportOption = Report.TEXT,
    engine: EngineOption = Engine.DUCKDB,
) -> int:
    """Run the cohorts' own tests on this machine, without a key: each gives rows and
    names the members that it expects.

    On a real Trino every query is also planned by Trino, which refuses the queries that
    Treasure Data would refuse.
    """
    from runner.cli import actions
    from runner.definitions import tree as trees
    from runner.plan import selection
    from runner.report import machine
    from runner.sql import wanted as queries

    loaded = project(target)
    tree = trees.load(Path(), loaded, today())
    asked = queries.wanted(tree, loaded.targets[target])
    chosen = selection.read(select or [], exclude or [])
    try:
        cohorts = selection.of_cohorts(
            [query.cohort for query in asked.queries], chosen
        )
    except selection.BadSelection:
        if not asked.problems:
            raise
        raise InvalidDefinitions(
            asked.problems
        ) from None  # perhaps what was meant is among the bad files
    done = tested(cohorts, asked, tree, loaded, engine)
    results, problems = done.results, tuple(sorted({*asked.problems, *done.refused}))
    untested = [cohort for cohort in cohorts if not cohort.cases]
    failed = any(not result.passed for result in results)
    code = ExitCode.FAILED if failed else ExitCode.DONE
    if problems:
        code = ExitCode.MIXED if failed else ExitCode.INVALID
    if output is Report.JSON:
        typer.echo(machine.tests(results, untested, code, problems))
        return code
    from runner.report import (
        tested as report,
    )  # it needs the sandbox's packages, which are there now

    typer.echo(report.text(results, untested))
    if output is Report.GITHUB:
        wrong = [result for result in results if not result.passed]
        actions.leave_checks(
            "test", code, problems, notes=[*report.notes(results)], failed=wrong
        )
    for problem in problems:
        typer.echo(str(problem), err=True)
    return code


def describe(
    cohort: Annotated[str, typer.Argument(help="A cohort's id.")],
    target: TargetOption = "sandbox",
) -> int:
    """Describe a cohort in plain English; with a key also its size at the last sync."""
    from runner.report import described

    loaded, asked = wanted(target)
    cohorts = [query.cohort for query in asked.queries]
    found = next((each for each in cohorts if each.id == cohort), None)
    if found is None and (
        mine := [problem for problem in asked.problems if _is_about(problem, cohort)]
    ):
        raise InvalidDefinitions(mine)
    if found is None:
        close = difflib.get_close_matches(cohort, [each.id for each in cohorts], 1)
        fix = (
            f"perhaps you meant {close[0]}"
            if close
            else "`cohorts validate` lists what is wrong with the files, and needs no key"
        )
        raise Usage("P103", f"there is no cohort {cohort[:60]!r}", fix)
    sizes = _sizes(found, loaded, target)
    suppressed = bool(loaded.suppress) and found.id not in {
        listed.cohort for listed in loaded.suppress
    }
    typer.echo(
        described.text(found, everybody=cohorts, suppressed=suppressed, sizes=sizes)
    )
    return ExitCode.DONE


def _sizes(cohort: Cohort, loaded: Project, target: str) -> str:
    """What the ledger says of a cohort's members, where there is a key to ask it."""
    from runner.report.status import ago
    from runner.sync.planned import open_ledger

    if not settings().td_api_key:
        return "not known without a key (TD_API_KEY)"
    here = loaded.targets[target]
    try:
        with treasure_data(here) as (_, table):
            ledger = open_ledger(table, here, create=False)
    except CohortsError as exc:  # who they are is the question; how many, an addition
        return f"not known ({exc.what})"
    for where, deployed in ledger.cohorts.items():
        if where.workspace == here.workspace and where.cohort_id == here.braze_id(
            cohort.braze_id
        ):
            last = deployed.delivered
            if last is not None:
                return (
                    f"{last.size:,}, {ago(ledger.now - last.as_of)} (target {target})"
                )
    return f"not synced yet (target {target})"


def schema(
    name: Annotated[
        SchemaName, typer.Argument(help="The schema to print.")
    ] = SchemaName.COHORT,
    with_names: Annotated[
        bool,
        typer.Option(
            "--project",
            help="Add this project's sources, columns, cohorts and files to the schema.",
        ),
    ] = False,
) -> int:
    """Print a JSON Schema, for editors and other tools."""
    from runner.files import schemas

    if not with_names:
        typer.echo(schemas.text(name.value), nl=False)
        return ExitCode.DONE
    if name is not SchemaName.COHORT:
        raise Usage(
            "P114",
            "--project goes with the schema of cohorts",
            "write `cohorts schema cohort --project`",
        )
    from runner.definitions import editor, folder
    from runner.definitions import tree as trees

    loaded = project("")
    typer.echo(
        editor.schema(loaded, trees.load(Path(), loaded), folder.lists(Path())[0])
    )
    return ExitCode.DONE


def explain(
    code: Annotated[
        str,
        typer.Argument(
            help="An error code such as Q005. Without it: a list of all codes."
        ),
    ] = "",
) -> int:
    """Say what an error code means and what to do about it."""
    from runner import codes

    known = codes.known()
    if not code:
        typer.echo(codes.listed(known.values()))
        return ExitCode.DONE
    found = known.get(code.strip().upper())
    if found is None:
        meant = codes.closest(code, known)
        fix = f"perhaps you meant {', '.join(meant)}; " if meant else ""
        raise Usage(
            "P104",
            f"there is no code {code[:20]!r}",
            f"{fix}`cohorts explain` lists them all",
        )
    typer.echo(codes.explained(found))
    return ExitCode.DONE


def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8399,
    job_seconds: Annotated[
        float, typer.Option(help="The least time that each job takes.")
    ] = 0.0,
    like_production: Annotated[
        bool,
        typer.Option(
            "--like-production",
            help="Start as a new account: without a connection and a ledger. For the tutorial.",
        ),
    ] = False,
    storm: Annotated[
        float,
        typer.Option(min=0, max=1, help="The share of events that fail, from 0 to 1."),
    ] = 0.0,
    seed: Annotated[
        int,
        typer.Option(
            help="The seed of the storm; the same seed gives the same failures."
        ),
    ] = 0,
    engine: EngineOption = Engine.DUCKDB,
    setup: Annotated[
        bool,
        typer.Option(
            "--setup",
            help="Set up the engine, which Maven downloads (88 MB), and stop.",
        ),
    ] = False,
) -> int:
    """Imitate Treasure Data and Braze on this machine, with sample data, to try out
    everything without an account.
    """
    try:
        from runner.cli import trino
        from runner.sandbox.server import serve
    except ModuleNotFoundError as exc:
        raise lacks_extra("the sandbox needs", exc) from None
    if setup:
        return trino.set_up(engine)
    ready = _like_production_ready if like_production else _sandbox_ready
    weather = {"rate": storm, "seed": seed} if storm else None
    started = partial(
        serve,
        host,
        port,
        job_seconds=job_seconds,
        like_production=like_production,
        storm=weather,
        on_ready=ready,
    )
    try:
        if engine is Engine.DUCKDB:
            started()
        else:
            with trino.tables() as tables:
                started(tables=tables)
    except OSError as exc:
        raise CohortsError(
            "R031",
            f"the sandbox cannot listen on {host}:{port} ({exc.strerror})",
            "choose another `--port`",
        ) from None
    return ExitCode.DONE


def _sandbox_ready(address: str) -> None:
    typer.echo(
        f"Treasure Data and Braze are at {address} (any browser: {address}/sandbox/cohorts)"
    )
    typer.echo(
        "In another terminal: export TD_API_KEY=sandbox-key, then cohorts plan. Ctrl-C stops."
    )


def _like_production_ready(address: str) -> None:
    typer.echo(
        f"A Treasure Data and a Braze that know nothing of cohorts yet are at {address}."
    )
    typer.echo(
        f"The console's page for authentications is {address}/sandbox/connections. The key is sandbox-key."
    )
    typer.echo("docs/tutorial.md goes on from here. Ctrl-C stops.")


def _is_about(problem: Problem, cohort: str) -> bool:
    return Path(problem.at.path).stem == cohort


COMMANDS = (validate, test, render, describe, explain, schema, sandbox)
