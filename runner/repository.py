"""The git repository that the files are in: which commit, and whether it comes after another."""

from __future__ import annotations

import subprocess
from enum import Enum
from pathlib import Path


class Order(Enum):
    """How this tree stands to a commit."""

    AFTER = "after"
    NOT_AFTER = "not after"
    UNKNOWN = "unknown"


def commit(folder: Path) -> str:
    """The commit this tree is at, or nothing outside git."""
    code, out = _git(folder, "rev-parse", "HEAD")
    return out if code == 0 else ""


def order(folder: Path, other: str) -> Order:
    """Whether this tree is at, or comes after, another commit; unknown where that commit is not in this clone."""
    if commit(folder) == other:
        return Order.AFTER
    if _git(folder, "cat-file", "-e", f"{other}^{{commit}}")[0] != 0:
        return Order.UNKNOWN
    code, _ = _git(folder, "merge-base", "--is-ancestor", other, "HEAD")
    if code == 0:
        return Order.AFTER
    # in a shallow clone, history may be cut off between the two
    return Order.UNKNOWN if is_shallow(folder) else Order.NOT_AFTER


def is_shallow(folder: Path) -> bool:
    """True for a clone without its whole history, as CI makes them."""
    return _git(folder, "rev-parse", "--is-shallow-repository")[1] == "true"


def _git(folder: Path, *arguments: str) -> tuple[int, str]:
    try:
        asked = subprocess.run(  # noqa: S603 - no shell, fixed arguments
            ["git", *arguments],  # noqa: S607 - git is where the user has it
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return -1, ""
    return asked.returncode, asked.stdout.strip()
