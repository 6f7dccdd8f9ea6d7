"""The command that writes a new repository."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.asking import Questions
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.scaffolding import Scaffolded, Written
    from runner.scaffold.answers import Answers


def init(
    folder: Annotated[
        Path,
        typer.Argument(
            help="The folder to write to; it is created if it does not exist."
        ),
    ] = Path(),
    site: Annotated[
        str,
        typer.Option(
            metavar="REGION",
            help="Treasure Data's region: us, tokyo, eu, ap02 or ap03. Default: us.",
        ),
    ] = "",
    database: Annotated[
        str, typer.Option(metavar="NAME", help="The database that queries read.")
    ] = "",
    state_database: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The database for the ledger and the snapshots."
        ),
    ] = "cohort_runner",
    workspace: Annotated[
        str, typer.Option(metavar="NAME", help="Your name for the Braze workspace.")
    ] = "",
    connection: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The name of Treasure Data's authentication for Braze."
        ),
    ] = "braze_cohorts",
    target: Annotated[
        str, typer.Option(metavar="NAME", help="The name of the target.")
    ] = "production",
    owner: Annotated[
        str,
        typer.Option(
            metavar="@TEAM", help="The GitHub team that reviews, such as @acme/crm."
        ),
    ] = "",
    runner: Annotated[
        str,
        typer.Option(
            metavar="WHERE",
            help="Where workflows install the command from: OWNER/REPO@COMMIT, a pip"
            " requirement with one version, or a wheel.",
        ),
    ] = "",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace files that exist already, also your own."
        ),
    ] = False,
) -> int:
    """Write the files of a new repository: a project file, GitHub's workflows and
    settings of an editor, without any cohort yet.
    """
    from runner.application import scaffolding
    from runner.scaffold.answers import Answers

    asks = sys.stdin.isatty() and (force or not scaffolding.has_project(folder))
    questions = Questions()
    if asks and not runner:
        runner = _asked_runner(questions, folder)
    given = Answers(
        site,
        database,
        state_database,
        workspace,
        connection=connection,
        target=target,
        owner=owner,
        runner=scaffolding.runner_of(runner, folder),
    )
    if asks:
        given = _completed(questions, given)
    found = scaffolding.scaffold(folder, given, keeps_runner=not runner, force=force)
    typer.echo(_told(folder, found.files))
    if found.is_new:
        typer.echo(f"\n{_next(found)}")
    return ExitCode.DONE


def _asked_runner(questions: Questions, folder: Path) -> str:
    """Ask where the workflows install the command from."""
    from runner.application import scaffolding
    from runner.scaffold.answers import WAYS

    typer.echo(f"The workflows install the command from {WAYS}.")
    return questions.ask(
        "--runner",
        "Where from",
        lambda given: scaffolding.runner_of(given, folder),
        default=scaffolding.offered() or None,
    )


def _completed(questions: Questions, given: Answers) -> Answers:
    """Ask a person for what was not given; Enter takes what is proposed. Each answer is
    checked when it is given. Nothing stands in for a database or a workspace that only
    the person knows.
    """
    from runner.scaffold.answers import checked

    regions = "Treasure Data's region (us, tokyo, eu, ap02, ap03)"
    team = "GitHub team that reviews, such as @acme/crm (or none)"
    proposed = given.named()

    if not given.site:
        found = questions.ask(
            "--site",
            regions,
            lambda each: checked(replace(proposed, site=each)),
            default=proposed.site,
        )
        given = replace(given, site=found)
    if not given.database:
        found = questions.ask(
            "--database",
            "Database that queries read",
            lambda each: checked(replace(proposed, database=each)),
        )
        given = replace(given, database=found)
    if not given.workspace:
        found = questions.ask(
            "--workspace",
            "Your name for the Braze workspace",
            lambda each: checked(replace(proposed, workspace=each)),
        )
        given = replace(given, workspace=found)
    if not given.owner:
        found = questions.ask(
            "--owner",
            team,
            lambda each: checked(replace(proposed, owner=each)),
            may_be_empty=True,
        )
        given = replace(given, owner=found)
    return given


def _told(folder: Path, done: Written) -> str:
    """Which files were written, and which were left as they are."""
    where = f"in {folder}"
    if folder == Path():
        where = "here"
    files = f"{len(done.written)} files"
    if len(done.written) == 1:
        files = "1 file"
    lines = [f"{files} written {where}:"]
    if not done.written:
        lines = [f"{files} written {where}; nothing was missing."]
    lines += [f"  {path}" for path in sorted(done.written)]
    if done.left:
        lines.append("Left alone, since they are there and say something else:")
        lines += [f"  {path}" for path in sorted(done.left)]
    return "\n".join(lines)


def _next(found: Scaffolded) -> str:
    """What to do now, in order. The new README tells more of each step, and
    docs/github.md everything.
    """
    lines = ["Next, as README.md there tells at length:"]
    lines += [f"  {step}" for step in _steps(found)]
    return "\n".join(lines)


def _steps(found: Scaffolded) -> Iterator[str]:
    target = found.answers.target
    if found.folder != Path():
        yield f"cd {found.folder}"
    yours = "your tables"
    if found.has_placeholders:
        yours = "your database, workspace and tables"
    yield f"write {yours} into cohorts/project.yml, then: cohorts validate"
    yield (
        f"cohorts bootstrap --target {target}, then: cohorts doctor --target {target},"
    )
    yield "    which checks the rest, and is done when it was run once with --canary"
    yield "git init -b main; git add -A; git commit -m Cohorts; and push it to GitHub"
    yield f"on GitHub, an environment `{target}` with the secret TD_API_KEY,"
    yield (
        "    a rule for the branch main that asks for the check `required`,"
        " and last the variable"
    )
    yield f"    COHORTS_TARGET={target}: from then on, what is merged is synced"
    if found.unpinned:
        # whoever takes the name in an index that is asked first would run code beside the key
        yield f"see that the index which pip asks in GitHub has your {found.unpinned};"
        yield "    else init again with --runner"
    yield "cohorts new, and open a pull request"


COMMANDS = (init,)
