"""A repository as GitHub keeps it, with pull requests, and the clone that somebody works in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.github_world import REPOSITORY

NAME = REPOSITORY
NOTHING = "0" * 40
"""What GitHub calls the commit before a branch's first."""

# no configuration of the developer's has a say
_AROUND = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Mara",
    "GIT_AUTHOR_EMAIL": "mara@example.com",
    "GIT_COMMITTER_NAME": "Mara",
    "GIT_COMMITTER_EMAIL": "mara@example.com",
}


class Conflict(Exception):
    """A pull request cannot be merged: GitHub has no merge commit for it, and runs no workflow."""


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request as of one push. `merge` is the commit that would land on main."""

    number: int
    branch: str
    base: str
    head: str
    merge: str
    author: str = "mara"
    fork: str = ""
    """The repository that it comes from, where that is another."""


@dataclass(frozen=True, slots=True)
class Push:
    """What a push did to a branch."""

    before: str
    after: str
    branch: str = "main"
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Repository:
    """`origin` is what GitHub has; `folder` is where somebody works."""

    origin: Path
    folder: Path
    name: str = NAME

    @classmethod
    def empty(cls, where: Path) -> Repository:
        """A repository without a commit, and its clone."""
        made = cls(where / "origin.git", where / "clone")
        where.mkdir(parents=True, exist_ok=True)
        _run(where, "init", "--quiet", "--bare", "--initial-branch=main", str(made.origin))
        # GitHub hands out any commit that it has, and clones without blobs
        for allowed in ("allowAnySHA1InWant", "allowFilter"):
            made.at_origin("config", f"uploadpack.{allowed}", "true")
        _run(where, "init", "--quiet", "--initial-branch=main", str(made.folder))
        made.git("remote", "add", "origin", str(made.origin))
        return made

    def git(self, *arguments: str) -> str:
        """Run git where somebody works."""
        return _run(self.folder, *arguments)

    def at_origin(self, *arguments: str) -> str:
        """Run git where GitHub would."""
        return _run(self.origin, *arguments)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, without a commit."""
        for path, text in files.items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")

    def commit(self, message: str) -> str:
        """Commit everything as it lies there."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        """Begin a branch at origin's main."""
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "--no-track", "-c", name, "origin/main")

    def back_to(self, name: str) -> None:
        """Work on a branch that is there already; main as origin has it."""
        self.git("switch", "--quiet", name)
        if name == "main":
            self.git("fetch", "--quiet", "origin")
            self.git("reset", "--quiet", "--hard", "origin/main")

    def push(self, branch: str = "main", *, force: bool = False) -> Push:
        """Push a branch as it is in the clone."""
        before = self.tip(branch)
        self.git("push", "--quiet", *(["--force"] if force else []), "origin", branch)
        return Push(before, self.tip(branch), branch, forced=force)

    def tip(self, branch: str = "main") -> str:
        """The newest commit of a branch at origin."""
        return self.at_origin("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}") or NOTHING

    def open_pull(self, branch: str, *, number: int = 1, author: str = "mara", fork: str = "") -> Pull:
        """Push a branch and ask for it to be merged; from a fork, its commits come without a branch of ours."""
        if not fork:
            self.push(branch)
        self.git("push", "--quiet", "--force", "origin", f"{branch}:refs/pull/{number}/head")
        return self.seen(Pull(number, branch, "", self.git("rev-parse", branch), "", author, fork))

    def push_again(self, pull: Pull) -> Pull:
        """Push what was committed since to a pull request."""
        return self.open_pull(pull.branch, number=pull.number, author=pull.author, fork=pull.fork)

    def seen(self, pull: Pull) -> Pull:
        """A pull request beside main as main is now. Raises Conflict."""
        base = self.tip()
        merge = self._merge_commit(base, pull.head, f"Merge {pull.head} into {base}")
        self.at_origin("update-ref", f"refs/pull/{pull.number}/merge", merge)
        return Pull(pull.number, pull.branch, base, pull.head, merge, pull.author, pull.fork)

    def merge(self, pull: Pull) -> Push:
        """Merge a pull request into main. Raises Conflict."""
        before = self.tip()
        title = f"Merge pull request #{pull.number} from acme/{pull.branch}"
        after = self._merge_commit(before, pull.head, title)
        self.at_origin("update-ref", "refs/heads/main", after, before)
        return Push(before, after)

    def has(self, commit: str, path: str) -> str:
        """The text of a file in a commit, or nothing."""
        if not self.at_origin("ls-tree", "--name-only", commit, "--", path):
            return ""
        return self.at_origin("show", f"{commit}:{path}")

    def _merge_commit(self, base: str, head: str, message: str) -> str:
        try:
            tree = self.at_origin("merge-tree", "--write-tree", base, head).splitlines()[0]
        except subprocess.CalledProcessError as error:
            raise Conflict(error.stdout) from error
        return self.at_origin("commit-tree", tree, "-p", base, "-p", head, "-m", message)


def _run(folder: Path, *arguments: str) -> str:
    asked = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **_AROUND},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return asked.stdout.strip()
