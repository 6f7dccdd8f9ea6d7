"""Plays all statements on a real Trino and keeps what it answers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.conformance.corpus import ANSWERS, HERE, Answer, Statement, statements, tables, written
from tests.conformance.engine import Engine

SCHEMA = "conformance"
WORKERS = 3


def played(engine: Engine, given: Sequence[Statement]) -> list[Answer]:
    """What the engine answers to each, in order."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda statement: engine.ask(statement.sql), given))


def settled(first: Answer, second: Answer) -> Answer:
    """What two answers to one statement have in common: no rows where they vary."""
    if first == second:
        return first
    if first.error and second.error and first.error["name"] == second.error["name"]:
        return Answer(error={key: value for key, value in first.error.items() if second.error.get(key) == value})
    if first.error or second.error or first.columns != second.columns:
        raise RuntimeError(f"two answers that have nothing in common: {first} {second}")
    return replace(first, rows=None)


def main() -> None:
    """The command `python -m tests.conformance.record`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", required=True, help="the address of a Trino, such as http://127.0.0.1:8430")
    parser.add_argument("--to", type=Path, default=ANSWERS)
    parser.add_argument("--from", dest="folder", type=Path, default=HERE)
    chosen = parser.parse_args()
    engine = Engine(chosen.engine, SCHEMA)
    engine.make(tables())
    given = statements(chosen.folder)
    kept = map(settled, played(engine, given), played(engine, given))
    version = engine.ask("SELECT version()").rows
    lines = [json.dumps({"trino": version[0][0] if version else "?"})]
    lines += [written(statement, answer) for statement, answer in zip(given, kept, strict=True)]
    chosen.to.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(given)} answers are kept in {chosen.to}")


if __name__ == "__main__":
    main()
