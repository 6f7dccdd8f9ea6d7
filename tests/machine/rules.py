"""Each rule of the protocol taken out in turn: the machine must find that it is missing.

`python -m tests.machine.rules` copies the project once for each, takes the rule out, and plays until it is missed.
"""

# ruff: noqa: E501 - rules are found by the words of the source, as they stand there

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from hypothesis import Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

ROOT = Path(__file__).parents[2]
GAMES = 10
"""Of a round, each round with another seed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, the file that keeps it, and how its words are changed so that it is kept no more."""

    name: str
    file: str
    words: str
    instead: str


RULES = (
    Rule("what was perhaps delivered is remembered", "plan/fold.py", "        for row in attempts.open\n", "        for row in ()\n"),
    Rule("possible holds every pending attempt", "plan/ledger.py", "        named = [pending.table for pending in self.pending]\n", "        named: list[str | None] = []\n"),
    Rule("certain holds only what every attempt has", "plan/ledger.py", "[self.delivered.certain, *(pending.table for pending in self.pending)]", "[self.delivered.certain]"),
    Rule("membership belongs to a user", "sync/delta.py", "whole=whole or (shared and disturbed and mode is not Mode.REMOVE)", "whole=whole"),
    Rule("late users are asserted again", "plan/resending.py", "return Resend(everyone=True)", "return Resend()"),
    Rule("removals first, then additions", "sync/steps.py", "return (*first, *removals, *additions)", "return (*first, *additions, *removals)"),
    Rule("on record before it is sent", "sync/steps.py", "    _record_sending(attempt, site, steps, size)\n", ""),
    Rule("a zombie's submit is refused", "sync/attempts.py", "        keys += pending.export_keys", "        keys += []"),
    Rule("one's own epoch is the highest before an export", "sync/writer.py", "        if highest > self.epoch:\n", "        if highest < 0:\n"),
    Rule("an export counts when it says success itself", "treasuredata/export.py", '    if client.wait_for_export(export, what=what).status != "success":\n', "    if client.wait_for_export(export, what=what).status is None:\n"),
    Rule("a job under a taken key is another's", "treasuredata/client.py", "        if not fresh and not self.runs(job_id, sql):\n", "        if False:\n"),
    Rule("a broken file disables withdrawals", "sync/planned.py", "may_withdraw=not wanted.invalid_files", "may_withdraw=True"),
    Rule("snapshots that are named stay", "sync/attempts.py", "keep = site.writer.ledger.protected_tables | {rows.table}", "keep = {rows.table}"),
    Rule("a checkpoint that does not fit is not read", "treasuredata/checkpoints.py", "return told.covered == count and told.digest == digest(copied)", "return True"),
    Rule("what was folded is still owed", "sync/holding.py", "owed=is_unfinished(deployed),", "owed=False,"),
    Rule("who is suppressed leaves every cohort", "sql/query.py", "out = self.suppression.sql", "out = ''"),
)  # fmt: skip


def played(first: int, minutes: float) -> tuple[int, str]:
    """Steps until something was wrong, and what; nothing where time ran out."""
    from tests.machine.test_machine import CHECKS, Machine, table  # noqa: PLC0415 - starts processes

    until, number = time.monotonic() + minutes * 60, first
    profile = settings(
        max_examples=GAMES,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=CHECKS,
        database=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )
    found = ""
    while not found and time.monotonic() < until:
        try:
            run_state_machine_as_test(seed(number)(type("Machine", (Machine,), {})), settings=profile)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is a finding
            found = re.sub(r"\s+", " ", f"{type(exc).__name__}: {exc}")[:90]
        number += 1
    steps = table().tally["steps"]
    table().close()
    return steps, found


def without(rule: Rule, minutes: float) -> str:
    """Play without a rule; one line."""
    with tempfile.TemporaryDirectory(prefix="cohorts-rule-") as folder:
        place = Path(folder)
        for name in ("runner", "tests/machine", "schema", "docs"):
            shutil.copytree(ROOT / name, place / name)
        for name in ("tests/place.py", "pyproject.toml"):
            shutil.copy(ROOT / name, place / name)
        file = place / "runner" / rule.file
        text = file.read_text("utf-8")
        if text.count(rule.words) != 1:
            return f"?  {rule.name}: {rule.file} does not say it in these words any more"
        file.write_text(text.replace(rule.words, rule.instead), "utf-8")
        told = subprocess.run(
            [sys.executable, "-m", "tests.machine.rules", "--play", str(minutes)],
            cwd=place,
            env={"PYTHONPATH": folder, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    last = (told.stdout.strip() or told.stderr.strip()).splitlines()[-1:]
    return f"{last[0] if last else '?'}  without: {rule.name}"


def main() -> int:
    """Every rule; 1 where one was not missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3, help="at most, for each rule")
    parser.add_argument("--play", type=float, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help="rules with these words in their names")
    given = parser.parse_args()
    if given.play:
        steps, found = played(1, given.play)
        print(f"{'missed' if found else 'NOT MISSED'} after {steps} steps ({found})")
        return 0
    lines = []
    for rule in RULES:
        if given.only in rule.name:
            lines.append(without(rule, given.minutes))
            print(lines[-1], flush=True)
    return int(any("NOT MISSED" in line or line.startswith("?") for line in lines))


if __name__ == "__main__":
    sys.exit(main())
