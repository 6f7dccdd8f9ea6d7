"""What the statements of a sync cost on a real engine, each beside one written by hand, in one run.

python -m benchmarks.engine http://127.0.0.1:8430 --members 990000 --rounds 5 [--catalog td]
python -m benchmarks.engine --workers 2 --members 20000000 --rounds 2

With `--workers` the project's own engine is started as so many processes beside a
coordinator (see `make trino`).

Rows are made in the engine, in a schema of their own that is dropped at the end. Of
each statement the best of some rounds is shown; those of one round follow each other,
so that a busy machine slows down both.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from runner.identifiers import Handle, Identifier, Kind
from runner.plan.ledger import Delivered, Deployed, Destination
from runner.sandbox.engine import home, process
from runner.sandbox.engine.process import Memory
from runner.sql.members import members
from runner.sync import delta

SCHEMA = "cohort_benchmark"
SCAN = re.compile(
    r"(?:TableScan|ScanFilter|ScanProject|ScanFilterProject)\[table = \w+:\w+\.(\w+)"
)
SPREAD = re.compile(r"Input avg\.: ([\d.]+) rows, Input std\.dev\.: ([\d.]+)%")
ID = Handle(Kind.EXTERNAL_ID)
HERE = Destination("shop", "vips")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that passed, and seconds of processor time."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Engine:
    """A Trino at an address, and the catalogue and schema to make tables in."""

    address: str
    catalog: str
    schema: str = SCHEMA

    def run(self, sql: str) -> tuple[list[list[object]], Cost]:
        """Rows and what they cost. Raises RuntimeError in the engine's words."""
        headers = {
            "X-Trino-User": "benchmark",
            "X-Trino-Catalog": self.catalog,
            "X-Trino-Schema": self.schema,
            "X-Trino-Trace-Token": "1775000000",
        }
        answer = requests.post(
            f"{self.address}/v1/statement", sql.encode(), headers=headers, timeout=600
        ).json()
        rows: list[list[object]] = []
        while True:
            rows += answer.get("data", [])
            if "error" in answer:
                raise RuntimeError(
                    f"{answer['error']['errorName']}: {answer['error']['message']}"
                )
            if "nextUri" not in answer:
                stats = answer["stats"]
                return rows, Cost(
                    stats["elapsedTimeMillis"] / 1000, stats["cpuTimeMillis"] / 1000
                )
            answer = requests.get(answer["nextUri"], timeout=600).json()


@contextmanager
def filled(engine: Engine, number: int) -> Iterator[None]:
    """Tables of people: `people` as they are now, `people_before` with one of a hundred
    another; and the same written in several ways in `untidy`.
    """
    # SEQUENCE gives 10,000 numbers at most
    last = max(0, number // 1000 - 1)
    numbers = (
        f"SELECT p * 10000 + q FROM UNNEST(SEQUENCE(0, {last // 10_000})) AS p (p)"
        f" CROSS JOIN UNNEST(SEQUENCE(0, 9999)) AS q (q) WHERE p * 10000 + q <= {last}"
    )
    thousands = f"({numbers}) AS a (a) CROSS JOIN UNNEST(SEQUENCE(0, 999)) AS b (b)"
    engine.run(f"CREATE SCHEMA IF NOT EXISTS {engine.catalog}.{SCHEMA}")
    made = {
        "people": f"SELECT 'customer-' || CAST(a * 1000 + b AS VARCHAR) AS id FROM {thousands}",
        "people_before": "SELECT CASE WHEN MOD(a * 1000 + b, 100) = 0 THEN 'gone-'"
        " ELSE 'customer-' END"
        f" || CAST(a * 1000 + b AS VARCHAR) AS id FROM {thousands}",
        "untidy": "SELECT CASE MOD(b, 10) WHEN 0 THEN ' C' ELSE 'c' END || 'ustomer-'"
        " || CAST(a * 900 + b AS VARCHAR)"
        f" AS id FROM {thousands}",
    }
    for name, sql in made.items():
        engine.run(f"DROP TABLE IF EXISTS {name}")
        engine.run(f"CREATE TABLE {name} AS {sql}")
    engine.run("DROP TABLE IF EXISTS before")
    engine.run(
        delta.create_snapshot(
            wanted("people_before"), None, table="before", state=SCHEMA
        )
    )
    engine.run("DROP TABLE IF EXISTS now")
    engine.run(
        delta.create_snapshot(wanted("people"), "before", table="now", state=SCHEMA)
    )
    try:
        yield
    finally:
        for name in (*made, "before", "now", "made"):
            engine.run(f"DROP TABLE IF EXISTS {name}")
        engine.run(f"DROP SCHEMA {engine.catalog}.{SCHEMA}")


def wanted(table: str, *, lower: bool = False) -> str:
    """The members that a cohort of everybody in a table has."""
    return members(
        f"SELECT id FROM {table}",
        (Identifier(Handle(Kind.EXTERNAL_ID), "id", lower=lower),),
    )


def pairs() -> Mapping[str, tuple[str, str]]:
    """Each of our statements beside one by hand that answers the same question."""
    ours = delta.sets(
        Deployed(HERE, Delivered("before", 0, "", "", {}, "", 0, certain="before")),
        next_sql=delta.members_of("now", SCHEMA),
        state=SCHEMA,
    )
    planned = delta.sets(
        Deployed(HERE, Delivered("before", 0, "", "", {}, "", 0, certain="before")),
        next_sql=wanted("people"),
        state=SCHEMA,
    )
    grouped = (
        "SELECT TRIM(CAST(id AS VARCHAR)) AS value, COUNT(DISTINCT id) AS"
        " spellings FROM {} GROUP BY 1"
    )
    lowered = (
        "SELECT LOWER(TRIM(CAST(id AS VARCHAR))) AS value, COUNT(DISTINCT"
        " TRIM(CAST(id AS VARCHAR))) AS spellings"
    )
    since = (
        f"SELECT wanted.value, wanted.spellings, COALESCE(before.since,"
        f" TD_SCHEDULED_TIME()) AS since\n"
        f"FROM ({grouped.format('people')}) AS wanted LEFT JOIN before ON"
        f" before.value = wanted.value"
    )
    counted = (
        "SELECT COUNT(before.value), COUNT(now.value), COUNT_IF(before.value IS"
        " NULL), COUNT_IF(now.value IS NULL),\n"
        "  COUNT_IF(now.spellings > 1), MAX(now.spellings)\n"
        "FROM (SELECT value FROM before WHERE kind <> '') AS before\n"
        "FULL OUTER JOIN ({}) AS now ON now.value = before.value"
    )
    snapshot = "SELECT value FROM now WHERE kind <> ''"
    return {
        "a first snapshot": (
            delta.create_snapshot(wanted("people"), None, table="made", state=SCHEMA),
            f"CREATE TABLE made AS {grouped.format('people')}",
        ),
        "a first snapshot, in small letters": (
            delta.create_snapshot(
                wanted("untidy", lower=True), None, table="made", state=SCHEMA
            ),
            f"CREATE TABLE made AS {lowered} FROM untidy GROUP BY 1",
        ),
        "a snapshot after another": (
            delta.create_snapshot(
                wanted("people"), "before", table="made", state=SCHEMA
            ),
            f"CREATE TABLE made AS {since}",
        ),
        "counts of a plan": (
            delta.count({"": planned}),
            counted.format(grouped.format("people")),
        ),
        "counts of snapshots": (
            delta.count({"": ours}),
            counted.format("SELECT value, spellings FROM now WHERE kind <> ''"),
        ),
        "whom to add": (
            f"CREATE TABLE made AS {delta.export(ours.additions(ID, whole=False), ID)}",
            f"CREATE TABLE made AS {snapshot} EXCEPT SELECT value FROM before WHERE kind <> ''",
        ),
        "whom to remove": (
            f"CREATE TABLE made AS {delta.export(ours.removals(ID), ID)}",
            f"CREATE TABLE made AS SELECT value FROM before WHERE kind <> '' EXCEPT {snapshot}",
        ),
    }


def best(costs: list[Cost]) -> Cost:
    """The least of each."""
    return Cost(min(each.wall for each in costs), min(each.cpu for each in costs))


def passes(engine: Engine, sql: str) -> str:
    """How often each table is read, and how unevenly the busiest step's rows are spread
    over those who work.
    """
    rows, _ = engine.run(f"EXPLAIN ANALYZE {sql}")
    text = "\n".join(str(row[0]) for row in rows)
    read = [name for name in SCAN.findall(text) if name]
    spread = max(
        (float(share) for size, share in SPREAD.findall(text) if float(size) > 1000),
        default=0.0,
    )
    return (
        ", ".join(f"{name} × {read.count(name)}" for name in sorted(set(read)))
        + f"; spread {spread:.0f} %"
    )


COORDINATOR = Memory(heap=1536, query=400, tables=7000)
WORKER = Memory(heap=8500, query=4500, tables=3500)
"""In MB. The coordinator watches over what all tables hold."""


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, list[int]]]:
    """A coordinator and workers, each a process; yields the coordinator's address and
    the processes' numbers.
    """
    installed = home.installed(os.environ)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    whole = f"query.max-memory={workers * WORKER.query}MB"
    with ExitStack() as stack:

        def start(memory: Memory, *options: str) -> str:
            running = process.running(
                installed,
                os.environ,
                catalogs=("td",),
                memory=memory,
                options=(whole, *options),
            )
            return stack.enter_context(running)

        address = start(COORDINATOR, "workers=true", f"http-server.http.port={port}")
        for _ in range(workers):
            start(WORKER, f"coordinator={address}")
        engine = Engine(address, "td", "information_schema")
        while (
            len(
                engine.run(
                    "SELECT node_id FROM system.runtime.nodes WHERE state = 'active'"
                )[0]
            )
            <= workers
        ):
            time.sleep(0.5)
        yield address, _children()


def _children() -> list[int]:
    """The engine's processes."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [
        int(number)
        for path in found
        for number in path.read_text(encoding="utf-8").split()
    ]


def peak(number: int) -> int:
    """The most memory that a process has had, in MB."""
    status = Path(f"/proc/{number}/status").read_text(encoding="utf-8")
    kilobytes = re.search(r"VmHWM:\s+(\d+)", status)
    return int(kilobytes[1]) // 1024 if kilobytes else 0


def compare(engine: Engine, members: int, rounds: int, only: str) -> None:
    """Print a line for each statement with `only` in its name."""
    with filled(engine, members):
        chosen = {name: both for name, both in pairs().items() if only in name}
        for name, both in chosen.items():
            costs: tuple[list[Cost], list[Cost]] = ([], [])
            for _ in range(rounds + 1):
                for sql, found in zip(both, costs, strict=True):
                    engine.run("DROP TABLE IF EXISTS made")
                    found.append(engine.run(sql)[1])
            ours, hand = (
                best(found[1:]) for found in costs
            )  # the first round compiles
            engine.run("DROP TABLE IF EXISTS made")
            print(
                f"{name:36} {ours.wall:6.2f} s (cpu {ours.cpu:5.2f})  by hand"
                f" {hand.wall:6.2f} s (cpu {hand.cpu:5.2f})"
                f"  ratio {ours.wall / hand.wall:.2f} (cpu {ours.cpu / hand.cpu:.2f})"
                f"  {passes(engine, both[0])}",
                flush=True,
            )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", nargs="?", default="")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--only", default="", help="a part of the statements' names")
    parser.add_argument("--members", type=int, default=990_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--catalog", default="td")
    asked = parser.parse_args()
    if not asked.workers:
        compare(
            Engine(asked.address, asked.catalog),
            asked.members,
            asked.rounds,
            asked.only,
        )
        return
    with cluster(asked.workers) as (address, processes):
        compare(Engine(address, asked.catalog), asked.members, asked.rounds, asked.only)
        print(
            "the most memory of each process:",
            ", ".join(f"{peak(each):,} MB" for each in processes),
        )


if __name__ == "__main__":
    main()
