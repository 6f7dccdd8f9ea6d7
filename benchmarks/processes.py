"""Whole processes, one after another, each with what it used."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STARTER = Path(__file__).with_name("starter.py")


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds that passed, seconds of processor time, and the most memory in MiB of one
    process, of its children too.
    """

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True, slots=True)
class Command:
    """A command, where it runs, and what its output must have: an answer to another
    question would be fast, too. `before` is done first and not measured.
    """

    words: Sequence[str | Path]
    folder: Path
    must_say: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] | None = None


def used(command: Command) -> Used:
    """Run a command to its end. Raises RuntimeError where it fails."""
    if command.before:
        command.before()
    around = {**os.environ, **command.environment}
    # a command of a user has its byte code from the run before
    around.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.NamedTemporaryFile() as result:
        starter = [sys.executable, "-I", "-S", STARTER, result.name]
        done = subprocess.run(
            [*starter, *command.words],
            cwd=command.folder, env=around, capture_output=True, text=True, check=False,
        )  # fmt: skip
        told = Path(result.name).read_text("utf-8")
    said = done.stdout + done.stderr
    if done.returncode or command.must_say not in said:
        what = " ".join(map(str, command.words))[:200]
        raise RuntimeError(f"{what}: exit code {done.returncode}\n{said[-2000:]}")
    return Used(**json.loads(told))


def in_turn(
    commands: Mapping[str, Command], rounds: int
) -> Mapping[str, tuple[Used, ...]]:
    """What each used, round by round: those of a round follow each other, so that a busy
    machine slows down all of them. One line to standard error for each.
    """
    found: dict[str, list[Used]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            each = used(command)
            print(
                f"  {name:44} {each.wall:8.2f} s {each.memory:6.0f} MiB",
                file=sys.stderr,
            )
            found[name].append(each)
    return {name: tuple(each) for name, each in found.items()}


def seconds(runs: Sequence[Used]) -> float:
    """The median of the seconds that passed."""
    return statistics.median(each.wall for each in runs)


def memory(runs: Sequence[Used]) -> float:
    """The most memory of any, in MiB."""
    return max(each.memory for each in runs)


def ratio(ours: Sequence[Used], theirs: Sequence[Used]) -> float:
    """How many times as long ours took: the median of the rounds' ratios."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(one.wall / other.wall for one, other in pairs)
