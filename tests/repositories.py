"""A git repository of a test: commits that are the same on every machine, and branches."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

WHEN = "2026-03-01T08:00:00Z"


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder that git keeps."""

    folder: Path

    @classmethod
    def begun(cls, folder: Path) -> Repository:
        """An empty one, on its branch main."""
        made = cls(folder)
        made.git("init", "--quiet", "--initial-branch", "main")
        return made

    def git(self, *arguments: str) -> str:
        """What git answers; no configuration of the machine has a say."""
        around = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        ours = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            **{f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in _WHO.items()},
        }
        answer = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=around | ours, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, f"git {' '.join(arguments)}: {answer.stderr}"
        return answer.stdout.strip()

    def commit(self, message: str = "change") -> str:
        """Everything in the folder as a commit; its id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        """Go on in a new branch."""
        self.git("switch", "--quiet", "--create", name)


_WHO = {"NAME": "Ann", "EMAIL": "ann@example.com", "DATE": WHEN}
