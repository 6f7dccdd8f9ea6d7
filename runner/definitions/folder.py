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

TOP = "cohorts"
"""The folder of all files."""

SUFFIXES = (*_SUFFIXES, *_LISTED, ".sql")
"""The endings of all files that are read below it."""


def templates(root: Path) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """The text of every file under `cohorts/templates/` by its name, used or not; and
    the problems of those that cannot be read or have no good name.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    top = root / TEMPLATES
    for path in _below(top, "*.sql"):
        name = path.relative_to(top).as_posix()
        shown = f"{TEMPLATES}/{_printable(name)}"
        text = documents.read_text(path, shown, inside=root / "cohorts")
        if not isinstance(text, str):
            problems += text
        elif _TEMPLATE.fullmatch(name):
            found[name] = text
        else:
            what = "this name cannot be used for a template"
            fix = "use lower-case letters, digits and underscores, and the ending .sql"
            problems.append(Problem(Position(shown), "D007", what, fix))
    return found, tuple(problems)


def lists(root: Path) -> tuple[Mapping[str, tuple[str, ...]], tuple[Problem, ...]]:
    """The values of every file under `cohorts/lists/`, by its name; and the problems of
    those that cannot be read. A value is the first cell of a line that has one.
    """
    found: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    top = root / LISTS
    for path in _below(top, "*"):
        if path.suffix not in _LISTED or not path.is_file():
            continue
        name = path.relative_to(top).as_posix()
        shown = f"{LISTS}/{_printable(name)}"
        text = documents.read_text(path, shown, inside=root / "cohorts")
        if isinstance(text, str):
            found[name] = _values(text, path.suffix)
        else:
            problems += text
    return found, tuple(problems)


def _below(top: Path, pattern: str) -> list[Path]:
    """The files below a folder, sorted; none where there is no folder."""
    if not top.is_dir():
        return []
    return sorted(top.rglob(pattern))


def _values(text: str, suffix: str) -> tuple[str, ...]:
    cells = text.splitlines()
    if suffix == ".csv":
        rows = csv.reader(io.StringIO(text))
        cells = [row[0] for row in rows if row]
    stripped = (cell.strip() for cell in cells)
    return tuple(value for value in stripped if value)


def documents_of(root: Path) -> Iterator[tuple[Path, Document | tuple[Problem, ...]]]:
    """Every cohort file with its path on the disk: its content, or everything wrong
    with it. Links are left out, and where there is no folder there are no files.
    """
    top = root / "cohorts"
    if not top.is_dir():
        return
    for path, shown in _files(top, "cohorts", _OTHER_FOLDERS):
        if not path.is_symlink():
            yield path, documents.read(path, shown, inside=top)


def cohorts(root: Path) -> Iterator[Document | tuple[Problem, ...]]:
    """Every cohort file: its content, or everything wrong with it. Links to folders are
    not followed, which is a problem.
    """
    top = root / "cohorts"
    for path, shown in _files(top, "cohorts", _OTHER_FOLDERS):
        if path.is_symlink() and path.is_dir():
            what = "this is a link to a folder, which is not followed"
            fix = "put the folder itself here"
            yield (Problem(Position(shown), "F002", what, fix),)
        else:
            yield documents.read(path, shown, inside=top)


def _files(
    folder: Path, shown: str, skipped: frozenset[str] = frozenset()
) -> Iterator[tuple[Path, str]]:
    """Cohort files, linked folders, and folders that cannot be looked into, with their
    paths as messages show them. Hidden ones are left out.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        # reading it as a file will say what is wrong
        yield folder, shown
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in skipped:
            continue
        path, name = Path(entry.path), f"{shown}/{_printable(entry.name)}"
        if entry.is_dir(follow_symlinks=False):
            yield from _files(path, name)
        elif entry.is_dir() or _is_cohort(path, name):
            yield path, name


def _is_cohort(path: Path, name: str) -> bool:
    """True for a YAML file that is neither the project's nor that of tables."""
    if not name.lower().endswith(_SUFFIXES):
        return False
    if name in (FILE, tables.FILE):
        return False
    if name in (MISNAMED, tables.MISNAMED):
        # with the wrong ending it is told as such, unless there is the right one, too
        return path.with_suffix(".yml").exists()
    return True


def _printable(name: str) -> str:
    """A file's name as it can be shown: on one line, and in UTF-8 whatever the disk has."""
    if name.isprintable():
        return name
    shown = list(name)
    for number, character in enumerate(name):
        if not character.isprintable():
            shown[number] = "\ufffd"
    return "".join(shown)
