"""What lies under `cohorts/`: cohort files, shared templates, lists of values; read,
and nothing more.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from runner.errors import Position, Problem
from runner.files import documents
from runner.files.documents import Document
from runner.project import tables
from runner.project.file import FILE, MISNAMED

# At the top of cohorts/, not holding cohorts: what queries and rules refer to.
_OTHER_FOLDERS = frozenset(("templates", "lists"))
TEMPLATES = "cohorts/templates"
LISTS = "cohorts/lists"
_TEMPLATE = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*\.sql")
_SUFFIXES = (".yml", ".yaml")
_LISTED = (".csv", ".txt")


def templates(root: Path) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """Every file under `cohorts/templates/` by its name, used or not; and what is wrong
    with others.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    top = root / TEMPLATES
    for path in sorted(top.rglob("*.sql")) if top.is_dir() else ():
        name = path.relative_to(top).as_posix()
        shown = f"{TEMPLATES}/{_printable(name)}"
        text = documents.read_text(path, shown, inside=root / "cohorts")
        if not isinstance(text, str):
            problems += text
        elif not _TEMPLATE.fullmatch(name):
            fix = "use lower-case letters, digits and underscores, and the ending .sql"
            problems.append(
                Problem(
                    Position(shown),
                    "D007",
                    "this name cannot be used for a template",
                    fix,
                )
            )
        else:
            found[name] = text
    return found, tuple(problems)


def lists(root: Path) -> tuple[Mapping[str, tuple[str, ...]], tuple[Problem, ...]]:
    """The values of every file under `cohorts/lists/`, by its name: the first of each
    line, without blank lines.
    """
    found: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    top = root / LISTS
    for path in sorted(top.rglob("*")) if top.is_dir() else ():
        if path.suffix not in _LISTED or not path.is_file():
            continue
        name = path.relative_to(top).as_posix()
        text = documents.read_text(
            path, f"{LISTS}/{_printable(name)}", inside=root / "cohorts"
        )
        if not isinstance(text, str):
            problems += text
        elif path.suffix == ".csv":
            rows = csv.reader(io.StringIO(text))
            found[name] = tuple(
                row[0].strip() for row in rows if row and row[0].strip()
            )
        else:
            found[name] = tuple(
                line.strip() for line in text.splitlines() if line.strip()
            )
    return found, tuple(problems)


def documents_of(root: Path) -> Iterator[tuple[Path, Document | tuple[Problem, ...]]]:
    """Every cohort file with its place on the disk, read or with what is wrong with it."""
    top = root / "cohorts"
    for path, shown in _files(top, "cohorts", _OTHER_FOLDERS) if top.is_dir() else ():
        if not path.is_symlink():
            yield path, documents.read(path, shown, inside=top)


def cohorts(root: Path) -> Iterator[Document | tuple[Problem, ...]]:
    """Every cohort file, read or with what is wrong with it; links to folders are not followed."""
    top = root / "cohorts"
    for path, shown in _files(top, "cohorts", _OTHER_FOLDERS):
        if path.is_symlink() and path.is_dir():
            what = "this is a link to a folder, which is not followed"
            yield (
                Problem(Position(shown), "F002", what, "put the folder itself here"),
            )
        else:
            yield documents.read(path, shown, inside=top)


def _files(
    folder: Path, shown: str, skipped: frozenset[str] = frozenset()
) -> Iterator[tuple[Path, str]]:
    """Cohort files, linked folders and folders that cannot be looked into; hidden ones
    are left out.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder, shown
        return
    for entry in entries:
        path, name = Path(entry.path), f"{shown}/{_printable(entry.name)}"
        if entry.name.startswith(".") or entry.name in skipped:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(path, name)
        elif (
            entry.name.lower().endswith(_SUFFIXES) and not _is_none(path, name)
        ) or entry.is_dir():
            yield path, name


def _is_none(path: Path, name: str) -> bool:
    """True for the project's file and that of tables, also where a name is nearly right
    and it is the only one.
    """
    if name in (FILE, tables.FILE):
        return True
    return name in (MISNAMED, tables.MISNAMED) and not path.with_suffix(".yml").exists()


def _printable(name: str) -> str:
    """A file's name as it can be shown: on one line, and in UTF-8 whatever the disk has."""
    return (
        name
        if name.isprintable()
        else "".join(c if c.isprintable() else "\ufffd" for c in name)
    )
