"""What the commands cost that need no key: whole processes on generated repositories,
with the peers beside them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks import generated, peers
from benchmarks.processes import Command, Used, in_turn
from tests.place import COHORTS
from tests.repositories import Repository

BARE = "bare Python"
HELP = "--help"
VERSION = "--version"
VALIDATE = "validate"
ONE_FILE = "validate of one file"
NOTHING = "plan --offline, nothing changed"
ONE = "plan --offline, one changed"
REVIEW = "review, one changed"

REVIEWED = 1_000
"""A larger repository is not reviewed here: its tests would take minutes."""

Runs = Mapping[str, Sequence[Used]]


def start_up(rounds: int) -> Runs:
    """Help and version, beside a Python that does nothing."""
    here = Path()
    return in_turn(
        {
            BARE: Command([sys.executable, "-c", "pass"], here),
            HELP: Command([COHORTS, "--help"], here, "Usage: cohorts"),
            VERSION: Command([COHORTS, "--version"], here, "cohorts "),
        },
        rounds,
    )


def of_size(cohorts: int, rounds: int) -> Runs:
    """Everything on a repository of so many cohorts."""
    with tempfile.TemporaryDirectory() as name:
        repository = prepared(Path(name), cohorts)
        beside = dict(peers.prepared(Path(name), repository, cohorts))
        ours = commands(repository, cohorts)
        # whoever is compared stands beside the other
        order = (
            peers.CHECK_JSONSCHEMA,
            VALIDATE,
            peers.OCTODNS,
            NOTHING,
            peers.TERRAFORM,
            ONE,
            peers.DRT,
            ONE_FILE,
            REVIEW,
        )
        both = {**ours, **beside}
        return in_turn({name: both[name] for name in order if name in both}, rounds)


def prepared(folder: Path, cohorts: int) -> Path:
    """A repository whose branch began where main is."""
    repository = folder / "repository"
    repository.mkdir()
    generated.write(repository, cohorts)
    git = Repository.begun(repository)
    git.commit()
    git.branch("change")
    return repository


def commands(repository: Path, cohorts: int) -> Mapping[str, Command]:
    """Our commands on a repository. One cohort in the middle is the one that changes."""
    number = cohorts // 2
    change = partial(generated.change, repository, number)
    saved = generated.file(repository, number)

    def restore() -> None:
        saved.write_text(generated.text_of(number), "utf-8")

    def command(*words: str | Path, says: str, changed: bool) -> Command:
        before = change if changed else restore
        return Command([COHORTS, *words], repository, says, before=before)

    found = {
        VALIDATE: command(
            "validate", says=f"{cohorts:,} cohorts checked", changed=False
        ),
        ONE_FILE: command(
            "validate",
            saved.relative_to(repository),
            says="1 cohort checked",
            changed=True,
        ),
        NOTHING: command("plan", "--offline", says="Nothing to do", changed=False),
        ONE: command("plan", "--offline", says="1 to update", changed=True),
    }
    if cohorts <= REVIEWED:
        out = repository.parent / "out"
        found[REVIEW] = command("review", "--out", out, says="", changed=True)
    return found
