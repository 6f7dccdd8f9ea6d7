"""How long `cohorts review` takes, beside `cohorts validate` of the same files, and how
long its comments are.

`python -m benchmarks.review`: medians of alternating runs; every cohort has a rule and
a test, one of them is changed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.repositories import Repository

RUNS = 5
COHORTS = Path(sys.executable).with_name("cohorts")

PROJECT = """\
version: 1
defaults: {owner: crm-team, identifiers: {external_id: customer_id}}
guards: {max_members: 1000000}
sources:
  customers: {table: shop.customers, key: customer_id, columns: {country: text}}
  purchases: {table: shop.purchases, join: customer_id, time: time, \
columns: {amount: number, category: text}}
targets:
  production: {site: us, database: shop, state_database: cohort_runner, workspace: shop-us, \
connection: braze}
"""

COHORT = """\
id: buyers_{number:04}
name: Buyers of kind {number}
description: Whoever bought often enough in the last {days} days, and lives in one of two countries.
audience:
  from: customers
  where:
    all:
      - {{column: country, in: [US, CA]}}
      - {{event: purchases, within: {days}d, count: {{gte: 2}}, \
where: {{column: category, equals: kind {number}}}}}
tests:
  - name: a buyer
    given:
      customers: [{{customer_id: u1, country: US}}, {{customer_id: u2, country: DE}}]
      purchases:
        - {{customer_id: u1, time: -1d, category: kind {number}}}
        - {{customer_id: u1, time: -2d, category: kind {number}}}
    expect: [u1]
"""


def write(folder: Path, number: int, days: int) -> None:
    """One cohort's file."""
    (folder / "cohorts" / f"buyers_{number:04}.yml").write_text(
        COHORT.format(number=number, days=days)
    )


def seconds(folder: Path, *arguments: str) -> float:
    """How long a command takes, from its start to its end."""
    began = time.perf_counter()
    subprocess.run([COHORTS, *arguments], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def prepared(folder: Path, many: int, changed: int) -> None:
    """A repository with so many cohorts, the first of them changed on a branch."""
    (folder / "cohorts").mkdir()
    (folder / "cohorts" / "project.yml").write_text(PROJECT)
    for number in range(many):
        write(folder, number, 90)
    repository = Repository.begun(folder)
    repository.commit()
    repository.branch("change")
    for number in range(changed):
        write(folder, number, 60)
    repository.commit()


def main() -> None:
    """Print what was measured."""
    print(
        f"{'cohorts':>8} {'review s':>9} {'validate s':>11} {'ratio':>6}   (one"
        f" changed, as many tests as cohorts)"
    )
    for many in (10, 100, 1000):
        with tempfile.TemporaryDirectory() as name:
            prepared(Path(name), many, 1)
            pairs = [
                (
                    seconds(Path(name), "review", "--out", "out"),
                    seconds(Path(name), "validate"),
                )
                for _ in range(RUNS)
            ]
        review, validate = (
            statistics.median(pair[side] for pair in pairs) for side in (0, 1)
        )
        print(f"{many:>8} {review:>9.2f} {validate:>11.2f} {review / validate:>6.2f}")
    print(
        f"\n{'changed':>8} {'comment, characters':>20} {'bytes':>8}   (limit: 65,536 characters)"
    )
    for changed in (1, 50, 500):
        with tempfile.TemporaryDirectory() as name:
            prepared(Path(name), changed, changed)
            seconds(Path(name), "review", "--out", "out")
            page = (Path(name) / "out" / "comment-production.md").read_text("utf-8")
        print(f"{changed:>8} {len(page):>20,} {len(page.encode()):>8,}")


if __name__ == "__main__":
    main()
