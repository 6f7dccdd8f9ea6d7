"""The folder that a command works in, and what was typed in another one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import typer

from runner.errors import Usage

PROJECT = Path("cohorts", "project.yml")


def enter(ctx: typer.Context, asked: Path | None) -> None:
    """Work in the folder that `-C` names, and there in the project's own: the nearest
    folder upwards with a project file, as git finds its repository. `init` stays, since
    it makes one. Raises Usage P132.
    """
    if asked is not None:
        if not asked.is_dir():
            raise Usage(
                "P132", f"there is no folder {asked}", "correct the folder after `-C`"
            )
        os.chdir(asked)
    started = Path.cwd()
    ctx.obj = started
    if ctx.invoked_subcommand == "init":
        return
    found = _project_of(started)
    if found:
        os.chdir(found)


def _project_of(started: Path) -> Path | None:
    """The nearest folder with a project file, at most as far up as the repository goes."""
    for folder in (started, *started.parents):
        if (folder / PROJECT).is_file():
            return folder
        if (folder / ".git").exists():
            return None
    return None


def typed(ctx: typer.Context, path: Path | None) -> Path | None:
    """A path of an option, as it was meant in the folder where it was typed."""
    if path is None:
        return None
    started: Path = ctx.find_root().obj
    if started == Path.cwd():
        return path
    return started / path


def selected(
    ctx: typer.Context, words: Iterable[str] | None, select: Iterable[str] | None
) -> list[str]:
    """What arguments and `--select` ask for together. A file or a folder among the
    arguments becomes a `path:` from the project's folder.
    """
    started: Path = ctx.find_root().obj
    return [*(_selection(started, word) for word in words or ()), *(select or ())]


def _selection(started: Path, word: str) -> str:
    path = started / word
    is_path = word.endswith((".yml", ".yaml")) or os.sep in word or path.is_dir()
    if ":" in word or not is_path:
        return word
    return f"path:{os.path.relpath(path)}"
