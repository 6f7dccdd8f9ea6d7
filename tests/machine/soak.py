"""The long run: `python -m tests.machine.soak --minutes 60 --workers 2` plays random histories and prints a report."""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import time
from collections import Counter
from threading import Thread

from hypothesis import Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.machine.game import Table
from tests.machine.test_machine import CHECKS, Machine, StormyMachine, table

EXAMPLES, STEPS = 10, 50
"""Games of a round, each with a seed of its own, and the rules of a game."""


def play(number: int, *, stormy: bool) -> None:
    """One round. Raises what hypothesis found, reduced."""
    kind = StormyMachine if stormy else Machine
    profile = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=CHECKS,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(seed(number)(type(kind.__name__, (kind,), {})), settings=profile)


def work(first: int, every: int, minutes: float, rounds: int) -> None:
    """A worker: rounds until the time is over, one line of JSON after each."""
    until, done = time.monotonic() + minutes * 60, 0
    while time.monotonic() < until and (not rounds or done < rounds):
        number = first + done * every
        found = ""
        try:
            play(number, stormy=done % 8 == 7)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is a finding
            notes = "\n".join(getattr(exc, "__notes__", []))
            found = (
                f"seed {number}, {'with' if done % 8 == 7 else 'without'} storms: {type(exc).__name__}: {exc}\n{notes}"
            )
        told: Table = table()
        print(json.dumps({"tally": told.tally, "violation": found}), flush=True)
        told.tally.clear()
        done += 1
    table().close()


def soak(minutes: float, workers: int, first: int, rounds: int) -> int:
    """Workers side by side; 1 when anything was wrong."""
    tally: Counter[str] = Counter()
    began = time.monotonic()

    def listen(process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            if not line.startswith("{"):
                print(line, end="", flush=True)
                continue
            told = json.loads(line)
            tally.update(told["tally"])
            if told["violation"]:
                tally["violations"] += 1
                print(told["violation"], flush=True)
            spent = time.monotonic() - began
            print(
                f"{spent:6.0f} s {tally['steps']:7} steps {tally['kills']:6} kills {tally['violations']} violations",
                flush=True,
            )

    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.machine.soak", "--worker", f"--seed={first + number}", f"--workers={workers}",
             f"--minutes={minutes}", f"--rounds={rounds}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(workers)
    ]  # fmt: skip
    threads = [Thread(target=listen, args=[process]) for process in started]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failed = any(process.wait() for process in started)
    report(tally, time.monotonic() - began, first)
    return int(failed or tally["violations"] > 0)


def report(tally: Counter[str], seconds: float, first: int) -> None:
    """What was played."""
    print(
        f"\nseed {first}; {seconds:.0f} s;"
        f" {tally['steps'] / seconds:.1f} steps/s; {tally['kills'] / seconds:.2f} kills/s"
    )
    for name, number in sorted(tally.items()):
        print(f"{number:9} {name}")
    for kind in ("without faults", "storms of 5%, healed", "storms of 20%, healed"):
        if due := tally[f"{kind}: members that had to change"]:
            print(f"{tally[f'{kind}: members written'] / due:9.2f} members written for each that had to change, {kind}")
    print(f"{tally['violations']:9} violations")


def main() -> int:
    """Read what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=0, help=f"of {EXAMPLES} games for each worker; 0: by time alone")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    first = secrets.randbelow(2**31) if given.seed is None else given.seed
    if given.worker:
        work(first, given.workers, given.minutes, given.rounds)
        return 0
    return soak(given.minutes, given.workers, first, given.rounds)


if __name__ == "__main__":
    sys.exit(main())
