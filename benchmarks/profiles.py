"""Where the time of a command goes: a profile of the real entry, shortened."""

from __future__ import annotations

import pstats
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.processes import Command

SHOWN = 10
WHOLE = 0.93
"""What holds more than this share of all is only a way to the rest."""

FRAMES = (
    "typer/",
    "runner/cli/",
    "runner/__main__",
    "bin/cohorts",
    "threading.py",
    "/concurrent/",
)
"""Frames around the work: they hold all of it, or wait for it."""


def profile(command: Command) -> Iterator[str]:
    """The functions that hold most of the time, as rows of a Markdown table. The profiler
    makes every call slower: shares are right, seconds are too many.
    """
    if command.before:
        command.before()
    with tempfile.NamedTemporaryFile() as file:
        words = [sys.executable, "-m", "cProfile", "-o", file.name, *command.words]
        subprocess.run(words, cwd=command.folder, check=True, capture_output=True)
        stats: Any = pstats.Stats(file.name)
    whole = float(stats.total_tt)
    held: Mapping[tuple[str, int, str], Any] = stats.stats
    found = [
        (cumulative, own, calls, _name(place))
        for place, (_, calls, own, cumulative, _) in held.items()
        if cumulative < WHOLE * whole and _is_shown(place)
    ]
    yield "| function | of all | itself | calls |"
    yield "|---|---:|---:|---:|"
    for cumulative, own, calls, name in sorted(found, reverse=True)[:SHOWN]:
        yield (
            f"| `{name}` | {100 * cumulative / whole:.0f} % |"
            f" {100 * own / whole:.0f} % | {calls:,} |"
        )


def _is_shown(place: tuple[str, int, str]) -> bool:
    """A function with a name: the parts of one have none."""
    file, _, function = place
    return function[0] != "<" and not any(part in file for part in FRAMES)


def _name(place: tuple[str, int, str]) -> str:
    """A function without its machine's path."""
    file, _, function = place
    _, installed, package = file.partition("site-packages/")
    _, ours, module = file.rpartition("/runner/")
    if installed:
        return f"{package}:{function}"
    if ours:
        return f"runner/{module}:{function}"
    return f"{Path(file).name}:{function}"
