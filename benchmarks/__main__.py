"""Every aim, met or missed: `python -m benchmarks [--quick] [--full] [--write]`.

`--quick` takes a hundred cohorts and one round, and less than a minute once the peers are
installed. `--full` also syncs two hundred changed cohorts, and reads a ledger of five million rows.
`--write` puts all that was measured into benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import aims, cold, ledger, profiles, results, syncs
from benchmarks.aims import (
    LARGE,
    LONG_JOB,
    LONG_LEDGER,
    SHORT_JOB,
    SHORT_LEDGER,
    SMALL,
    Found,
)
from benchmarks.processes import Used

SIZES = (100, SMALL, LARGE)
MOST_LARGE = 3
"""Rounds with 10,000 cohorts: one takes minutes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How much is measured: repositories of these sizes, so many rounds, jobs of these
    lengths. `is_full`: also a sync of 200 cohorts, and a ledger of 5 million rows.
    """

    sizes: tuple[int, ...]
    rounds: int
    job_seconds: tuple[float, ...]
    is_full: bool


QUICK = Asked((100,), 1, (SHORT_JOB,), is_full=False)


def measure(asked: Asked) -> Found:
    """Measure everything, one after another."""
    tell("start-up")
    start_up = cold.start_up(max(asked.rounds, 3))
    found: dict[int, cold.Runs] = {}
    for size in asked.sizes:
        tell(f"{size:,} cohorts")
        rounds = min(asked.rounds, MOST_LARGE) if size >= LARGE else asked.rounds
        found[size] = cold.of_size(size, rounds)
    one: dict[float, syncs.One] = {}
    for each in asked.job_seconds:
        tell(f"one changed cohort, jobs of {each:g} s")
        one[each] = syncs.one_changed(each, min(asked.rounds, 3))
    asking: Mapping[str, float] = {}
    if LONG_JOB in asked.job_seconds:
        tell(f"status and plan, jobs of {LONG_JOB:g} s")
        asking = syncs.asking(LONG_JOB, asked.rounds)
    tell("jobs of many cohorts")
    counted = syncs.counted(refreshed=100, changed=50)
    many: dict[int, syncs.Many] = {}
    if asked.is_full:
        tell(f"a sync of 200 changed cohorts, jobs of {LONG_JOB:g} s")
        many[200] = syncs.many(200, LONG_JOB)
    rows: dict[int, Sequence[Used]] = {}
    if asked.is_full:
        tell("status beside a long ledger")
        for number in (SHORT_LEDGER, LONG_LEDGER):
            _, rows[number] = ledger.status(number, 500, asked.rounds)
    return Found(start_up, found, one, asking, counted, many, rows)


def profiled(found: Found) -> Mapping[str, list[str]]:
    """Where the time of our commands goes, on a thousand cohorts or fewer: what ten
    thousand take goes to the same.
    """
    sizes = [size for size in found.cold if size <= SMALL]
    with tempfile.TemporaryDirectory() as name:
        repository = cold.prepared(Path(name), sizes[-1])
        ours = cold.commands(repository, sizes[-1])
        made: dict[str, list[str]] = {}
        for each, command in ours.items():
            tell(f"a profile of {each}")
            made[f"{each}, {sizes[-1]:,} cohorts"] = list(profiles.profile(command))
        return made


def tell(what: str) -> None:
    """What is measured next, to standard error."""
    print(what, file=sys.stderr, flush=True)


def show(lines: Iterable[str]) -> None:
    """Print lines to standard output."""
    print(*lines, sep="\n")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cohorts", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    asked = Asked(tuple(given.cohorts), given.rounds, (LONG_JOB, SHORT_JOB), given.full)
    if given.quick:
        asked = QUICK
    found = measure(asked)
    show(aims.table(found))
    show(["", *results.ratios(found)])
    if given.write:
        results.write(found, profiled(found))


if __name__ == "__main__":
    main()
