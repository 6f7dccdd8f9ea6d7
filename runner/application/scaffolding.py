"""A new repository: a project file, GitHub's workflows, and an editor's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from runner.application.rendering import cohort_schema
from runner.errors import Usage
from runner.files import schemas
from runner.project import file as projects
from runner.scaffold import answers as asking
from runner.scaffold.answers import (
    DATABASE,
    WORKSPACE,
    Action,
    Answers,
    Requirement,
    Runner,
    Wheel,
)
from runner.scaffold.files import (
    COHORT_SCHEMA,
    PROJECT,
    PROJECT_SCHEMA,
    TABLES_SCHEMA,
    files,
)
from runner.scaffold.github import ACTION, REQUIREMENTS, wheel


@dataclass(frozen=True, slots=True)
class Written:
    """Paths by what became of them; one that held the same already is in neither."""

    written: tuple[str, ...]
    left: tuple[str, ...]

    def __add__(self, other: Written) -> Written:
        return Written(self.written + other.written, self.left + other.left)


@dataclass(frozen=True, slots=True)
class Scaffolded:
    """A repository that was written into a folder: which files, and by which answers.
    `is_new`: its project file was not there before.
    """

    folder: Path
    answers: Answers
    files: Written
    is_new: bool

    @property
    def has_placeholders(self) -> bool:
        """True where nobody named the database or the workspace yet."""
        return self.answers.database == DATABASE or self.answers.workspace == WORKSPACE

    @property
    def unpinned(self) -> str:
        """What pip is to look up by its name in an index; empty where it comes from an
        address or a commit.
        """
        runner = self.answers.runner
        if isinstance(runner, Requirement) and "@" not in runner.line:
            return runner.line
        return ""


def offered() -> str:
    """Where this command was installed from, as `--runner` takes it; empty where that
    is not known.
    """
    found = metadata.distribution("cohort-runner")
    return asking.installed(found.read_text("direct_url.json") or "")


def runner_of(text: str, folder: Path) -> Runner:
    """Where the command comes from, as a text names it; without one, what the folder
    says already, or where this command came from. Raises BadAnswer, and Usage P133
    where nobody knows.
    """
    if text:
        return asking.runner(text)
    if chosen := _chosen_before(folder):
        return chosen
    if origin := offered():
        return asking.runner(origin)
    raise Usage(
        "P133",
        "nobody said where the workflows install the command from: a name that is not"
        " yours in an index may be anybody's",
        f"write `--runner` and {asking.WAYS}",
    )


def _chosen_before(folder: Path) -> Runner | None:
    """Where the files of a repository install the command from; None where there are
    none.
    """
    action = folder / ACTION
    if not action.is_file():
        return None
    text = action.read_text("utf-8", errors="replace")
    used = re.search(r"uses: ([\w.-]+/[\w.-]+)@([0-9a-f]{40})", text)
    requirements = folder / REQUIREMENTS
    # beside an action of another repository, `setup-python` is used too
    if used and "requirements.txt" not in text:
        return Action(used[1], used[2])
    if not requirements.is_file():
        # an action of somebody's own, which stays as it is
        return Requirement("")
    lines = requirements.read_text("utf-8", errors="replace").splitlines()
    asked = [line.strip() for line in lines if not line.startswith("#")]
    line = next(filter(None, asked), "")
    if line.startswith("./"):
        return Wheel(folder / line.removesuffix("[sandbox]"))
    return Requirement(line)


def has_project(folder: Path) -> bool:
    """True where a folder has a project file already."""
    return (folder / PROJECT).exists()


def scaffold(
    folder: Path, given: Answers, *, keeps_runner: bool, force: bool
) -> Scaffolded:
    """Write what is not there yet. `keeps_runner`: nobody named where the command comes
    from, so that what was chosen before stays; `force`: write over other files. Raises
    BadAnswer P120, and Usage P121.
    """
    answers = asking.checked(given.named())
    plain = files(answers)
    if isinstance(answers.runner, Wheel):
        _refuse_link(folder, wheel(answers.runner))
    runner = {path: plain.pop(path) for path in (ACTION, REQUIREMENTS) if path in plain}
    if keeps_runner and not force and (folder / ACTION).exists():
        runner = {}
    first = _write(folder, plain, force=force)
    first += _write(folder, runner, force=force or not keeps_runner)
    first += _copy_wheel(folder, answers.runner)
    # schemas say what the project file says that is there now
    then = _write(folder, _schemas(folder), force=force)
    is_new = PROJECT in first.written
    return Scaffolded(folder, answers, first + then, is_new)


def _write(folder: Path, files: Mapping[str, str], *, force: bool) -> Written:
    """Write what is not there yet. Raises Usage before anything is written where a link
    leads out of the folder.
    """
    # all links are looked at first, so that a refusal leaves nothing half written
    for path in files:
        _refuse_link(folder, path)
    written, left = [], []
    for path, text in files.items():
        place = folder / path
        try:
            if place.is_file() and place.read_bytes() == text.encode():
                continue
            if not force and (place.exists() or place.is_symlink()):
                left.append(path)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
        except OSError as exc:
            raise Usage(
                "P121",
                f"{place} cannot be written: {exc.strerror}",
                "make room for it, or choose another folder; what is written stays",
            ) from None
        written.append(path)
    return Written(tuple(written), tuple(left))


def _copy_wheel(folder: Path, runner: Runner) -> Written:
    """Put a wheel where the requirements name it. Raises Usage P121."""
    if not isinstance(runner, Wheel):
        return Written((), ())
    path = wheel(runner)
    place = folder / path
    if place.exists() and place.read_bytes() == runner.path.read_bytes():
        return Written((), ())
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(runner.path.read_bytes())
    except OSError as exc:
        what = f"{place} cannot be written: {exc.strerror}"
        raise Usage("P121", what, "copy the wheel there yourself") from None
    return Written((path,), ())


def _refuse_link(folder: Path, path: str) -> None:
    top = folder.resolve()
    if not (folder / path).resolve().is_relative_to(top):
        what = f"{folder / path} is behind a link that leads out of {folder}"
        raise Usage("P121", what, "replace the link by the folder or file itself")


def _schemas(folder: Path) -> Mapping[str, str]:
    """What an editor completes by: with the project's own names in it, where its file
    can be read.
    """
    cohort = schemas.text("cohort")
    if isinstance(projects.load(folder), projects.Project):
        cohort = f"{cohort_schema(folder)}\n"
    return {
        COHORT_SCHEMA: cohort,
        PROJECT_SCHEMA: schemas.text("project"),
        TABLES_SCHEMA: schemas.text("tables"),
    }
