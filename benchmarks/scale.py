"""What many large cohorts cost: the command's own time and memory beside what the engine does.

python -m benchmarks.scale --cohorts 20 200 --members 1000 100000

A sandbox on the real engine (see `make trino`) serves as Treasure Data and Braze. For
each size every cohort is synced, then once more with one member in a hundred replaced.
The command's seconds of processor time and its most memory are its own: what it does
with members would show there.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks import processes
from benchmarks.engine import Engine
from benchmarks.processes import Command
from runner.sandbox.engine import home, process
from runner.sandbox.engine.client import CATALOG
from runner.sandbox.engine.process import Memory
from runner.sandbox.engine.tables import EngineTables
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.place import COHORTS, KEY, Place

MEMORY = Memory(heap=9000, query=4000, tables=4500)
COHORT = "SELECT customer_id FROM crowd WHERE MOD(number + {number}, 100) < 10"


def crowd(engine: Engine, people: int, generation: int) -> None:
    """A table of people, of whom each cohort has one in ten; one in a hundred is
    another in each `generation`.
    """
    thousands = (
        f"UNNEST(SEQUENCE(0, {people // 1000 - 1})) AS a (a) CROSS JOIN"
        f" UNNEST(SEQUENCE(0, 999)) AS b (b)"
    )
    number = "a * 1000 + b"
    name = (
        f"CASE WHEN MOD(a, 100) = 7 THEN 'new-{generation}-' ELSE 'customer-' END"
        f" || CAST({number} AS VARCHAR)"
    )
    engine.run("DROP TABLE IF EXISTS crowd")
    engine.run(
        f"CREATE TABLE crowd AS SELECT {name} AS customer_id, {number} AS number FROM {thousands}"
    )


def play(address: str, cohorts: int, members: int) -> None:
    """One size: print a line for the first sync, and one for the second."""
    tables = EngineTables(address)
    for database in tables.databases():
        tables.delete_database(database)
    shop = Options(shop=Shop(customers=10, purchases=10))
    with running(shop, tables=tables) as url, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cohorts").mkdir()
        place = Place(Path(folder), url)
        place.project()
        for number in range(cohorts):
            place.cohort(
                f"c{number}",
                COHORT.format(number=number),
                extra="guards: {max_members: 100000000}\n",
            )
        for generation, name in enumerate(("first sync", "1 % churn")):
            crowd(Engine(address, CATALOG, "shop"), members * 10, generation)
            around = {"TD_API_KEY": KEY}
            words = [COHORTS, "sync", "--refresh"]
            used = processes.used(Command(words, place.folder, environment=around))
            print(
                f"{cohorts:4} cohorts of {members:7,}  {name:10}  {used.wall:7.1f} s,"
                f" of the command"
                f" {used.cpu:5.1f} s of processor time, {used.memory:.0f} MiB",
                flush=True,
            )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--members", type=int, nargs="+", default=[1_000, 100_000])
    asked = parser.parse_args()
    installed = home.installed(os.environ)
    with process.running(
        installed, os.environ, catalogs=(CATALOG,), memory=MEMORY
    ) as address:
        for cohorts in asked.cohorts:
            for members in asked.members:
                play(address, cohorts, members)


if __name__ == "__main__":
    main()
