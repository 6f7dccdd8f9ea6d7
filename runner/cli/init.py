"""The command that writes a new repository."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.context import Usage
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.scaffold.answers import Answers


@dataclass(frozen=True, slots=True)
class _Done:
    """Paths by what became of them; one that held the same already is in neither."""

    written: tuple[str, ...]
    left: tuple[str, ...]

    def __add__(self, other: _Done) -> _Done:
        return _Done(self.written + other.written, self.left + other.left)


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
            metavar="VERSION",
            help="The package that workflows install: a pip requirement, or OWNER/REPO@COMMIT.",
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
    from runner.scaffold import answers as asking
    from runner.scaffold.files import PROJECT, files
    from runner.scaffold.github import ACTION, REQUIREMENTS

    where = asking.runner(runner or _installed())
    given = asking.Answers(
        site,
        database,
        state_database,
        workspace,
        connection=connection,
        target=target,
        owner=owner,
        runner=where,
    )
    if sys.stdin.isatty() and (force or not (folder / PROJECT).exists()):
        given = _completed(given)
    made = asking.checked(given.named())
    wanted = files(made)
    chosen = {
        path: wanted.pop(path) for path in (ACTION, REQUIREMENTS) if path in wanted
    }
    # where the command comes from was chosen before: that stays, until another place is named
    is_chosen = (folder / ACTION).exists() and not (runner or force)
    first = _write(folder, wanted, force=force)
    first += _write(folder, {} if is_chosen else chosen, force=force or bool(runner))
    then = _write(
        folder, _schemas(folder), force=force
    )  # these say what the project file says that is there now
    typer.echo(_told(folder, first + then))
    if PROJECT in first.written:
        typer.echo(f"\n{_next(folder, made)}")
    return ExitCode.DONE


def _completed(given: Answers) -> Answers:
    """Asks a person for what was not given; Enter takes what is proposed."""
    proposed = given.named()
    return replace(
        given,
        site=given.site
        or typer.prompt(
            "Treasure Data's region (us, tokyo, eu, ap02, ap03)", default=proposed.site
        ),
        database=given.database
        or typer.prompt("Database that queries read", default=proposed.database),
        workspace=given.workspace
        or typer.prompt(
            "Your name for the Braze workspace", default=proposed.workspace
        ),
        owner=given.owner
        or typer.prompt(
            "GitHub team that reviews, such as @acme/crm (or none)",
            default="",
            show_default=False,
        ),
    )


def _write(folder: Path, files: Mapping[str, str], *, force: bool) -> _Done:
    """Write what is not there yet. Raises Usage before anything is written where a link
    leads out of the folder.
    """
    written, left = [], []
    for path in files:
        _refuse_link(folder, path)
    for path, text in files.items():
        place = folder / path
        try:
            if place.is_file() and place.read_bytes() == text.encode():
                continue
            if (place.exists() or place.is_symlink()) and not force:
                left.append(path)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
        except OSError as exc:
            what = f"{place} cannot be written: {exc.strerror}"
            raise Usage(
                "P121",
                what,
                "make room for it, or choose another folder; what is written stays",
            ) from None
        written.append(path)
    return _Done(tuple(written), tuple(left))


def _refuse_link(folder: Path, path: str) -> None:
    top = folder.resolve()
    if not (folder / path).resolve().is_relative_to(top):
        what = f"{folder / path} is behind a link that leads out of {folder}"
        raise Usage("P121", what, "put a folder or a file itself in the link's place")


def _schemas(folder: Path) -> Mapping[str, str]:
    """What an editor completes by: with the project's own names in it, where its file can be read."""
    from runner.definitions import editor
    from runner.definitions import folder as folders
    from runner.definitions import tree as trees
    from runner.files import schemas
    from runner.project import file as projects
    from runner.scaffold.files import COHORT_SCHEMA, PROJECT_SCHEMA, TABLES_SCHEMA

    loaded = projects.load(folder)
    cohort = (
        editor.schema(loaded, trees.load(folder, loaded), folders.lists(folder)[0])
        + "\n"
        if isinstance(loaded, projects.Project)
        else schemas.text("cohort")
    )
    return {
        COHORT_SCHEMA: cohort,
        PROJECT_SCHEMA: schemas.text("project"),
        TABLES_SCHEMA: schemas.text("tables"),
    }


def _told(folder: Path, done: _Done) -> str:
    where = "here" if folder == Path() else f"in {folder}"
    count = len(done.written)
    lines = [
        f"{count} file{'s' * (count != 1)} written {where}{':' if count else '; nothing was missing.'}"
    ]
    lines += [f"  {path}" for path in sorted(done.written)]
    if done.left:
        lines += [
            "Left alone, since they are there and say something else:",
            *(f"  {path}" for path in sorted(done.left)),
        ]
    return "\n".join(lines)


def _next(folder: Path, made: Answers) -> str:
    """What to do now, in order; the new README tells more of each step, docs/github.md everything."""
    from runner.scaffold.answers import DATABASE, WORKSPACE, Requirement

    yours = "your tables"
    if made.database == DATABASE or made.workspace == WORKSPACE:
        yours = "your database, workspace and tables"
    named = []
    if isinstance(made.runner, Requirement) and "@" not in made.runner.line:
        # whoever takes the name in an index that is asked first would run code beside the key
        named = [
            f"see that the index which pip asks in GitHub has your {made.runner.line};",
            "    else init again with --runner",
        ]
    steps = (
        *([] if folder == Path() else [f"cd {folder}"]),
        f"write {yours} into cohorts/project.yml, then: cohorts validate",
        f"cohorts bootstrap --target {made.target}, then: cohorts doctor --target {made.target},",
        "    which checks the rest, and is done when it was run once with --canary",
        "git init -b main; git add -A; git commit -m Cohorts; and push it to GitHub",
        f"on GitHub, an environment `{made.target}` with the secret TD_API_KEY,",
        "    a rule for the branch main that asks for the check `required`, and last the variable",
        f"    COHORTS_TARGET={made.target}: from then on, what is merged is synced",
        *named,
        "cohorts new, and open a pull request",
    )
    return "\n".join(
        ["Next, as README.md there tells at length:", *(f"  {step}" for step in steps)]
    )


def _installed() -> str:
    from importlib import metadata

    from runner.scaffold.answers import installed

    found = metadata.distribution("cohort-runner")
    return installed(found.version, found.read_text("direct_url.json") or "")


COMMANDS = (init,)
