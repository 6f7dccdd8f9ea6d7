"""Commands that need no key: they read files, and answer."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import actions
from runner.cli.context import (
    engine_of,
    invocation,
    only_on_a_terminal,
    shown_on,
    tell_more,
    tell_problems,
    terminal_width,
    today,
)
from runner.cli.folder import selected
from runner.cli.options import (
    CohortsArgument,
    Engine,
    EngineOption,
    ExcludeOption,
    Output,
    OutputOption,
    Report,
    ReportOption,
    SelectOption,
    TargetOption,
)
from runner.errors import ExitCode, InvalidDefinitions, Problem, Usage

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.describing import Size
    from runner.application.made_up import MadeUp
    from runner.report.github import Note
    from runner.testing.local import Result


class SchemaName(StrEnum):
    """The published schemas."""

    COHORT = "cohort"
    PROJECT = "project"
    TABLES = "tables"
    OUTPUT = "output"


def validate(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    output: ReportOption = Report.TEXT,
) -> int:
    """Check every file for every target: YAML, schema, rules and SQL. Needs no key."""
    from runner.application import checking

    chosen = selected(ctx, cohorts, select)
    found = checking.check(Path(), today())
    if chosen or exclude:
        from runner.application import narrowing

        found = narrowing.only(found, chosen, exclude or [])
    if output is Report.JSON:
        from runner.report import machine

        typer.echo(machine.problems(found.errors, found.warnings, cohorts=found.good))
        return found.exit_code
    from runner.report import checked

    shown = checked.problems(
        found.errors,
        found.warnings,
        cohorts=found.files,
        shown=shown_on(sys.stdout),
    )
    typer.echo(shown)
    tell_more([*found.warnings, *found.errors], sys.stdout)
    if output is Report.GITHUB:
        _leave_checks("validate", found.exit_code, found.errors, found.warnings)
    return found.exit_code


def render(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    target: TargetOption = "",
    output: OutputOption = Output.TEXT,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Hide no value. Only on a terminal, and never in a CI: a log keeps them.",
        ),
    ] = False,
) -> int:
    """Print the SQL that a sync would run, in the form that Braze's connector needs.
    Values that people are compared with are hidden.
    """
    from runner.application import rendering

    if exact:
        only_on_a_terminal(
            "--exact shows values that may name people",
            "run it on a terminal, or leave out --exact",
            sys.stdout,
        )
    found = rendering.render(
        Path(),
        today(),
        target=target,
        select=selected(ctx, cohorts, select),
        exclude=exclude or [],
        exact=exact,
    )
    if output is Output.JSON:
        from runner.report import machine

        typer.echo(machine.rendered(found.statements, found.problems))
        return ExitCode.INVALID if found.problems else ExitCode.DONE
    for statement in found.statements:
        typer.echo(f"{statement.heading}\n{statement.sql}\n")
    if found.problems:
        raise InvalidDefinitions(found.problems)
    return ExitCode.DONE


def test(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    target: TargetOption = "",
    output: ReportOption = Report.TEXT,
    engine: EngineOption = Engine.DUCKDB,
) -> int:
    """Run the cohorts' own tests on this machine, without a key: each gives rows and
    names the members that it expects.

    On a real Trino every query is also planned by Trino, which refuses the queries that
    Treasure Data would refuse.
    """
    from runner.application import testing

    found = testing.test(
        Path(),
        today(),
        target=target,
        select=selected(ctx, cohorts, select),
        exclude=exclude or [],
        engine=engine_of(engine),
    )
    code = found.exit_code
    if output is Report.JSON:
        from runner.report import machine

        typer.echo(machine.tests(found.results, found.untested, code, found.problems))
        return code
    # it needs the packages of the extra `sandbox`, which are there now
    from runner.report import tested

    typer.echo(tested.text(found.results, found.untested))
    if output is Report.GITHUB:
        notes = tuple(tested.notes(found.results))
        _leave_checks("test", code, found.problems, notes=notes, failed=found.wrong)
    for problem in found.problems:
        typer.echo(str(problem), err=True)
    tell_more(found.problems, sys.stderr)
    return code


def _leave_checks(
    title: str,
    code: ExitCode,
    errors: Sequence[Problem],
    warnings: Sequence[Problem] = (),
    notes: Sequence[Note] = (),
    failed: Sequence[Result] = (),
) -> None:
    """Leave in GitHub Actions what a check of files found: notes on their lines, a page,
    and numbers.
    """
    from runner.report import github, lists

    actions.annotate(
        [
            *github.of_problems("error", errors),
            *github.of_problems("warning", warnings),
            *notes,
        ]
    )
    blocks = list(lists.of_checks(errors, failed, warnings)) or ["Nothing is wrong."]
    actions.summarize("\n\n".join([f"## Cohorts: {title}", *blocks]) + "\n")
    wrong_files = {problem.at.path for problem in errors}
    number = len(wrong_files) + len(failed)
    actions.put_out({"failed": str(number), "exitcode": str(int(code))})


def describe(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    target: TargetOption = "",
    output: OutputOption = Output.TEXT,
) -> int:
    """Describe cohorts in plain English; with a key also their sizes at the last sync."""
    from runner.application import describing
    from runner.report import described

    found = describing.describe(
        invocation(),
        target=target,
        select=selected(ctx, cohorts, select),
        exclude=exclude or [],
    )
    texts = [
        described.text(
            each.cohort,
            everybody=each.everybody,
            suppressed=each.is_suppressed,
            sizes=_sizes(each.size, target),
        )
        for each in found
    ]
    if output is Output.JSON:
        from runner.report import machine

        typer.echo(machine.described(found, texts, target))
        return ExitCode.DONE
    typer.echo("\n\n".join(text.strip("\n") for text in texts))
    return ExitCode.DONE


def list_(
    ctx: typer.Context,
    cohorts: CohortsArgument = None,
    select: SelectOption = None,
    exclude: ExcludeOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """List the cohorts: id, name, owner, kind, schedule and file. Needs no key."""
    from runner.application import listing
    from runner.report import listed

    found = listing.listed(
        Path(),
        today(),
        select=selected(ctx, cohorts, select),
        exclude=exclude or [],
    )
    kinds = [listing.kind(cohort) for cohort in found.cohorts]
    if output is Output.JSON:
        from runner.report import machine

        typer.echo(machine.cohorts(found.cohorts, kinds, found.problems))
    else:
        typer.echo(listed.table(found.cohorts, kinds, terminal_width()))
    tell_problems(found.problems, output)
    if found.problems:
        return ExitCode.INVALID
    return ExitCode.DONE


def _sizes(size: Size, target: str) -> str:
    """What the ledger says of a cohort's members, in words."""
    from runner.report.status import ago

    if size.unknown:
        return size.unknown
    if size.members is None:
        return f"not synced yet (target {target})"
    return f"{size.members:,}, {ago(size.age)} (target {target})"


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
    if not with_names:
        from runner.files import schemas

        typer.echo(schemas.text(name.value), nl=False)
        return ExitCode.DONE
    if name is not SchemaName.COHORT:
        raise Usage(
            "P114",
            "--project goes with the schema of cohorts",
            "write `cohorts schema cohort --project`",
        )
    from runner.application import rendering

    typer.echo(rendering.cohort_schema(Path()))
    return ExitCode.DONE


def explain(
    code: Annotated[
        str,
        typer.Argument(
            metavar="CODE|KEY",
            help="An error code such as Q005, or a key of a file such as `within`"
            " or `audience.sample`. Without it: a list of all codes.",
        ),
    ] = "",
    output: OutputOption = Output.TEXT,
) -> int:
    """Say what an error code, or a key of a file, means."""
    from runner import codes

    known = codes.known()
    if not code and output is Output.JSON:
        from runner.report import machine

        typer.echo(machine.explained(tuple(known.values())))
        return ExitCode.DONE
    if not code:
        typer.echo(codes.listed(known.values()))
        return ExitCode.DONE
    found = known.get(code.strip().upper())
    if found is None:
        return _explain_key(code, known, output)
    if output is Output.JSON:
        from runner.report import machine

        typer.echo(machine.explained([found]))
        return ExitCode.DONE
    typer.echo(codes.explained(found))
    return ExitCode.DONE


def _explain_key(name: str, known: Iterable[str], output: Output) -> int:
    """Print what a key of a file means. Raises Usage P104 where there is none."""
    from difflib import get_close_matches

    from runner import codes
    from runner.files import keys

    by_name = keys.known()
    found = by_name.get(name) or keys.at(name[:200])
    if found and output is Output.JSON:
        from runner.report import machine

        typer.echo(machine.explained_keys(found))
        return ExitCode.DONE
    if found:
        typer.echo(keys.explained(found))
        return ExitCode.DONE
    last = name[:60].rpartition(".")[2]
    meant = codes.closest(name, known) or get_close_matches(last, by_name, 3)
    fix = "`cohorts explain` lists all codes, and docs/format.md all keys"
    if meant:
        fix = f"perhaps you meant {', '.join(meant)}; {fix}"
    raise Usage("P104", f"there is no code and no key {name[:20]!r}", fix)


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
            help="The seed of the storm and of made-up rows; the same seed gives the same."
        ),
    ] = 0,
    from_sources: Annotated[
        bool,
        typer.Option(
            "--from-sources",
            help="Make the tables of `sources` in cohorts/project.yml, with made-up rows,"
            " in place of the sample data.",
        ),
    ] = False,
    target: TargetOption = "",
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
        from runner.application import sandbox as serving
    except ModuleNotFoundError as exc:
        from runner.application.extra import lacks_extra

        raise lacks_extra("the sandbox needs", exc) from None
    is_trino = engine is Engine.TRINO
    if setup:
        if not is_trino:
            raise Usage(
                "P130", "there is nothing to set up for DuckDB", "add `--engine trino`"
            )
        serving.set_up_engine(os.environ, typer.echo)
        return ExitCode.DONE
    options = serving.SandboxOptions(
        host, port, job_seconds, like_production, storm, seed, is_trino
    )
    from runner.application import made_up

    on_ready = partial(_sandbox_ready, target=target)
    if like_production:
        on_ready = partial(_like_production_ready, target=target)
    if from_sources:
        made = made_up.of_project(invocation(), target=target, seed=seed)
        options = replace(options, own=made.data)
        on_ready = partial(_from_sources_ready, made=made, go_on=on_ready)
    else:
        lacking = made_up.not_in_the_shop(Path(), target)
        on_ready = partial(_shop_ready, lacking=lacking, go_on=on_ready)
    serving.run(options, os.environ, tell=typer.echo, on_ready=on_ready)
    return ExitCode.DONE


def _sandbox_ready(address: str, target: str) -> None:
    typer.echo(
        f"Treasure Data and Braze are at {address}"
        f" (any browser: {address}/sandbox/cohorts)"
    )
    typer.echo(
        "In another terminal: export TD_API_KEY=sandbox-key,"
        f" then cohorts plan{_to(target)}. Ctrl-C stops."
    )


def _shop_ready(address: str, lacking: str, go_on: Callable[[str], None]) -> None:
    """Say what the shop lacks for the project here, and then what the sandbox says."""
    if lacking:
        typer.echo(f"information: {lacking}")
    go_on(address)


def _from_sources_ready(
    address: str, made: MadeUp, go_on: Callable[[str], None]
) -> None:
    """Say which tables there are, and then what the sandbox says when it is ready."""
    tables = [
        f"{table.database}.{table.name} ({len(table.rows):,} rows)"
        for table in made.data.tables
    ]
    typer.echo(f"Made up for the target {made.target.name}: {', '.join(tables)}.")
    if made.target.endpoint != address:
        typer.echo(
            f"information: the target {made.target.name} leads to {made.target.endpoint};"
            f" to use the sandbox, declare a target with `endpoint: {address}`"
        )
    if made.unread:
        typer.echo(
            f"information: {', '.join(made.unread)} cannot be read, so that the rows may lack"
            " what its rules ask for; `cohorts validate` says why"
        )
    if not made.has_cohorts:
        typer.echo(
            "information: there is no cohort yet; the values that rules ask for, such as"
            " a country, come with the next start"
        )
    go_on(address)


def _like_production_ready(address: str, target: str) -> None:
    typer.echo(
        f"A Treasure Data and a Braze that know nothing of cohorts yet are at {address}."
    )
    typer.echo(
        f"The console's page for authentications is {address}/sandbox/connections."
        " The key is sandbox-key."
    )
    typer.echo(
        "In another terminal: export TD_API_KEY=sandbox-key, then"
        f" cohorts bootstrap{_to(target)}, and cohorts doctor{_to(target)}. Ctrl-C stops."
    )


def _to(target: str) -> str:
    """How a command line names a target that is not the one of a sandbox."""
    if target == "sandbox":
        return ""
    return f" --target {target}"


COMMANDS = (validate, test, list_, render, describe, explain, schema, sandbox)
