"""The event that GitHub Actions started a run for, from the file that it leaves; the
file is read with suspicion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import CohortsError, ExitCode

Part = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """What started a run: `pull` is 0 without a pull request, and a commit is empty
    where the event names none.

    `head` and `base` are the pull request's, `base` also a merge group's. `is_fork`:
    the pull request's branch is not in the repository that it is for, or nobody can say
    that it is.
    """

    pull: int = 0
    is_fork: bool = False
    head: str = ""
    base: str = ""


class BadEvent(CohortsError):
    """The event cannot be read, or is not of the kind that a command needs."""

    exit_code = ExitCode.USAGE


def event(path: Path) -> Event:
    """The event in the file that `$GITHUB_EVENT_PATH` names. Raises BadEvent (H005)."""
    try:
        read = json.loads(path.read_bytes())
        return _event(read)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        what = "the event that started this run cannot be read"
        fix = (
            "run the command in a workflow of GitHub Actions; elsewhere set"
            " GITHUB_EVENT_PATH to a file with the event as JSON"
        )
        raise BadEvent("H005", what, fix) from None


def _event(read: Part) -> Event:
    """Raises ValueError, TypeError or AttributeError where it is not as GitHub's are."""
    pull: Part | None = read.get("pull_request")
    if pull is None:
        group: Part = read.get("merge_group") or {}
        return Event(base=_commit(group.get("base_sha")))
    head = _part(pull, "head")
    base = _part(pull, "base")
    here = _part(base, "repo").get("full_name")
    there = _part(head, "repo").get("full_name")
    number = pull.get("number")
    if not isinstance(number, int) or number < 1:
        raise ValueError(number)
    return Event(
        pull=number,
        is_fork=not here or here != there,
        head=_commit(head.get("sha")),
        base=_commit(base.get("sha")),
    )


def _part(of: Part, key: str) -> Part:
    """An object, or an empty one where it is null: the repository of a fork may be gone."""
    return of.get(key) or {}


def _commit(text: str | None) -> str:
    """A commit, which git may be given; nothing for none."""
    if text and not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text):
        raise ValueError(text)
    return text or ""
