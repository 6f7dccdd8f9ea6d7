"""All that a real Trino can tell of this project, played on it, with a report: `make conformance`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from runner.sandbox.engine import home, process
from tests.conformance import compare, record, replay, rules
from tests.conformance.compare import Comparison, Verdict
from tests.conformance.corpus import ANSWERS, HELD_OUT, HERE, Answer, answers, statements, tables
from tests.conformance.engine import Engine
from tests.conformance.replay import GOOD, Outcome, Played

ROOT = HERE.parent.parent
REPORT = ROOT / "docs" / "conformance.md"
CATALOGS = ("td0", "td1", "td2", "td3")
"""Tables of several processes at once, each in a catalog of its own."""

MIRRORED = ("tests/cli", "tests/sync", "tests/treasuredata", "tests/rules", "tests/sandbox", "tests/plan")
"""The tests whose statements are played on the engine too."""


FIRST_MEASURES = (
    "",
    "The statements held out were written by people who had not seen the sandbox. When they were played for the first"
    " time, 370 of the first 374 and 446 of the next 450 were not wrong. What was wrong is mended, so that the numbers"
    " above say nothing of statements to come; these do.",
)
"""What no later run can measure: how the sandbox answered statements that nobody had tuned it to."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the report: its heading, its lines, what went wrong, and how long it took."""

    heading: str
    lines: tuple[str, ...]
    wrong: tuple[str, ...]
    seconds: float


def recorded(engine: Engine) -> Part:
    """Whether the engine answers today what was kept."""
    began = time.monotonic()
    engine.make(tables())
    asked, told = 0, []
    for path in (ANSWERS, HELD_OUT):
        given = statements(path.parent)
        asked += len(given)
        kept = {(statement.file, statement.sql): answer for statement, answer in answers(path)}
        for statement, answer in zip(given, record.played(engine, given), strict=True):
            before = kept.get((statement.file, statement.sql))
            if before is None:
                told.append(f"no answer is kept: {statement.sql}")
            elif not _still(before, answer):
                told.append(f"another answer than the one kept: {statement.sql}")
    line = f"{asked} expressions and queries were asked; {len(told)} have another answer than the one kept, or none."
    return Part("Answers that are kept", (line,), tuple(told), time.monotonic() - began)


def _still(kept: Answer, answer: Answer) -> bool:
    if kept.error and answer.error:
        return all(_sorted(answer.error.get(key)) == _sorted(value) for key, value in kept.error.items())
    return kept.columns == answer.columns and (kept.rows is None or compare.alike(kept.rows, answer.rows))


def _sorted(told: object) -> object:
    """A message with the functions that it expects in order: each start of the engine lists them in an order of its
    own.
    """
    before, expects, functions = str(told).partition(" Expected: ")
    if not expects:
        return told
    return before, sorted(functions.removesuffix(")").split("), "))


def held() -> Part:
    """How the DuckDB of the sandbox stands to the answers that are kept."""
    began = time.monotonic()
    there = compare.warehouse(tables())
    seen, unseen = (list(compare.compared(answers(path), there)) for path in (ANSWERS, HELD_OUT))
    lines = ["| | expressions | queries | expressions held out | queries held out |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {verdict.value} | "
        + " | ".join(_count(found, part, verdict) for found in (seen, unseen) for part in ("expressions", "queries"))
        + " |"
        for verdict in Verdict
    ]
    wrong = tuple(compare.described(each) for each in (*seen, *unseen) if not each.verdict.honest)
    lines += FIRST_MEASURES
    return Part("The sandbox's DuckDB beside those answers", tuple(lines), wrong, time.monotonic() - began)


def _count(found: Sequence[Comparison], part: str, verdict: Verdict) -> str:
    some = [each for each in found if each.statement.file.startswith(part)]
    there = sum(each.verdict is verdict for each in some)
    return f"{there} ({100 * there / len(some):.1f} %)"


def mirrored(address: str, folder: Path, paths: Sequence[str], workers: int) -> Part:
    """Every shape of statement that the tests make the tool write, played on both. `folder` keeps what they wrote;
    where it is there already, the tests are not run again.
    """
    began, wrong = time.monotonic(), []
    if not folder.is_dir():
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "",
            "-n",
            str(workers),
            "-p",
            "tests.conformance.mirror",
            *paths,
        ]
        tested = subprocess.run(command, cwd=ROOT, env={**os.environ, "MIRROR": str(folder)}, check=False)
        wrong += [f"the tests ended with {tested.returncode}"] if tested.returncode else []
    carried_out = sum(len(replay.entries(path)) for path in folder.glob("statements-*.jsonl"))
    played = replay.played(folder, address, CATALOGS)
    wrong += [replay.described(each) for each in played if each.outcome not in GOOD]
    lines = (
        f"The tests carried out {carried_out:,} statements in the sandbox. Of those that are alike but for numbers and"
        f" names of runs, each of {workers} processes played {replay.ALIKE}.",
        "",
        *_table(played),
    )
    return Part("Statements of the tests", lines, tuple(wrong), time.monotonic() - began)


def _table(played: Sequence[Played]) -> Iterator[str]:
    counts = Counter(each.outcome for each in played)
    yield "| statements | |"
    yield "|---|---:|"
    for outcome in Outcome:
        yield f"| {outcome.value} | {counts[outcome]} |"


def written(address: str) -> Part:
    """The cohorts of this repository with their tests, and the SQL of every operator of a rule."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        results = rules.examples(Path(folder))
        played = replay.played(Path(folder), address, CATALOGS)
    asked, refused = rules.operators(address, CATALOGS[0])
    wrong = [*refused, *(replay.described(each) for each in played if each.outcome not in GOOD)]
    if results["failed"]:
        wrong.append(f"{results['failed']} tests of cohorts fail")
    lines = (
        f"{results['passed']} tests of this repository's cohorts pass, {results['failed']} fail; their {len(played)}"
        " statements were played on the engine.",
        f"{asked} queries of rules' operators were asked, and {len(refused)} refused.",
    )
    return Part("Examples and operators", lines, tuple(wrong), time.monotonic() - began)


def random(address: str, cases: int) -> Part:
    """Random rules on the engine, beside the meaning of their words."""
    began = time.monotonic()
    wrong = rules.random_rules(address, CATALOGS, cases)
    line = f"{cases} random rules and their complements were played; {len(wrong)} find others than are meant."
    return Part("Random rules", (line,), tuple(wrong), time.monotonic() - began)


def report(version: str, parts: Sequence[Part], more: Mapping[str, str]) -> str:
    """The report in Markdown."""
    lines = [
        "# Conformance with Trino",
        "",
        "`make conformance` writes this file. It plays what this project says of Trino on a real one.",
        "",
        f"Trino {version}; {datetime.now(UTC):%Y-%m-%d}.",
        *(f"{name}: {value}." for name, value in more.items()),
    ]
    for part in parts:
        lines += ["", f"## {part.heading}", "", *part.lines, "", f"{part.seconds:.0f} s; {len(part.wrong)} wrong."]
    return "\n".join(lines) + "\n"


@contextmanager
def engine_at(address: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The engine's address, and what its start tells; one is started where no address is given."""
    if address:
        yield address, {}
        return
    installed = home.installed(os.environ)
    jars = list(installed.jars.iterdir())
    size = sum(jar.stat().st_size for jar in jars) / 1_000_000
    began = time.monotonic()
    with process.running(installed, os.environ, catalogs=("td", *CATALOGS)) as started:
        took = time.monotonic() - began
        yield started, {"Start-up": f"{took:.0f} s", "Download": f"{len(jars)} jars, {size:.0f} MB"}


def _version(engine: Engine, told: Mapping[str, str]) -> str:
    """What the engine calls itself; the one that is started here is made for tests, and says no more than that."""
    answer = str((engine.ask("SELECT version()").rows or (("?",),))[0][0])
    jars = [jar.name for jar in home.installed(os.environ).jars.glob("trino-main-*.jar")] if told else []
    return jars[0].removeprefix("trino-main-").removesuffix(".jar") if jars else answer


def main() -> int:
    """The command `python -m tests.conformance.run`; returns 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default=os.environ.get("COHORTS_TRINO", ""), help="its address; else it is started")
    parser.add_argument("--rules", type=int, default=300, help="how many random rules")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--tests", nargs="*", default=MIRRORED)
    parser.add_argument("--mirror", type=Path, help="a folder that keeps the statements of the tests, for another time")
    parser.add_argument("--report", type=Path, default=REPORT)
    chosen = parser.parse_args()
    with engine_at(chosen.engine) as (address, told), tempfile.TemporaryDirectory() as kept:
        engine = Engine(address, record.SCHEMA)
        version = _version(engine, told)
        parts = [
            recorded(engine),
            held(),
            mirrored(address, chosen.mirror or Path(kept) / "mirror", chosen.tests, chosen.workers),
            written(address),
            random(address, chosen.rules),
        ]
    told = {**told, "Tests": f"those of {', '.join(f'`{path}`' for path in chosen.tests)}"}
    chosen.report.write_text(report(version, parts, told), encoding="utf-8")
    for part in parts:
        print(f"\n{part.heading}\n" + "\n".join([*part.lines, *part.wrong]))
    return int(any(part.wrong for part in parts))


if __name__ == "__main__":
    sys.exit(main())
