"""What a long ledger costs: `status` beside a year of refreshes, and beside a few.

python -m benchmarks.ledger --cohorts 500 --rows 5000 5000000

A sandbox on DuckDB has a ledger of hourly refreshes, as runs leave it that make
checkpoints: SQL writes its rows, the command's own functions the checkpoint. Then the
real command asks for the status: seconds that pass, and its most memory.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from benchmarks.processes import Command, Used, memory, seconds, used
from runner.plan.compaction import Place as Until
from runner.plan.compaction import digest, matters
from runner.plan.events import (
    Checkpoint,
    Details,
    Intent,
    Leased,
    Released,
    Sending,
    Synced,
)
from runner.sandbox.options import Options
from runner.sandbox.server import running
from runner.treasuredata import checkpoints
from runner.treasuredata.rows import READ, entries_of
from tests.place import COHORTS, KEY, Place

TABLE = "cohort_runner.cohort_ledger"
HOUR = 3_600
QUERY = "SELECT customer_id FROM customers WHERE lifetime_value > 1500 AND country IN ('US')"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TIME = 1_234_567_890
"""Stands for the time of a row, as `@name@` does for its attempt."""

MADE = "members_@name@"
KEYS = ("cohorts-@name@-remove-external_id", "cohorts-@name@-add-external_id")
RUN: Mapping[str, Details] = {
    "0": Leased("@name@", "ci", "host", 1, "https://example.com/1", 600, COMMIT),
    "{last}": Released("@name@"),
}
COHORT: Mapping[str, Details] = {
    "1 + c": Intent("@name@", "refresh", (MADE,)),
    "{cohorts} + 1 + c": Sending(
        "@name@", MADE, "A cohort", "braze", {}, KEYS, (MADE,), 5031, "sandbox"
    ),
    "2 * {cohorts} + 1 + c": Synced(
        attempt="@name@",
        table=MADE,
        size=5031,
        added=3,
        removed=2,
        name="A cohort",
        fingerprint="v1:0123456789abcdef0123456789abcdef",
        parts={"query": "0123456789abcdef", "identifiers": "0123456789abcdef"},
        sql=QUERY,
        resolves=("@name@",),
        commit=COMMIT,
        full_at=TIME,
        recent_at=TIME,
        rejected="",
        certain=MADE,
        connection="braze",
        as_of=TIME,
        database="shop",
        sizes=(f"mirror:{TIME}:5031",),
    ),
}
"""The rows of an hour, by their sequence as SQL: those of the run, and those of each cohort."""


def ask(place: Place, text: str) -> list[Any]:
    """Run DuckDB's SQL in the sandbox's warehouse, however long it takes."""
    answer = requests.post(f"{place.url}/sandbox/sql", json={"sql": text}, timeout=900)
    if not answer.ok:
        raise RuntimeError(answer.text[:2000])
    return list(answer.json()["rows"])


def filled(place: Place, rows: int, cohorts: int) -> int:
    """Fill the ledger with hourly refreshes; returns how many rows it has."""
    hours = max(2, rows // (3 * cohorts + 2))
    last = 3 * cohorts + 1
    [[ledger]] = ask(place, f"SELECT ledger_id FROM {TABLE}")
    begun = int(time.time()) - (hours + 1) * HOUR
    runs = f"SELECT h, 0 AS c, '' AS cohort_id, 'run' || h AS name FROM range(1, {hours + 1}) r (h)"
    each = (
        "SELECT h, c, 'cohort_' || c AS cohort_id, 'a' || c || '_' || h AS name"
        f" FROM range(1, {hours + 1}) r (h), range({cohorts}) cs (c)"
    )
    for source, details in ((runs, RUN), (each, COHORT)):
        for sequence, detail in details.items():
            number = sequence.format(last=last, cohorts=cohorts)
            ask(place, _insert(ledger, source, number, detail, begun))
    _copy(place, ledger, Until(hours, last), begun + (hours + 1) * HOUR)
    [[found]] = ask(place, f"SELECT COUNT(*) FROM {TABLE}")
    return int(found)


def _insert(
    ledger: str, source: str, sequence: str, detail: Details, begun: int
) -> str:
    """The statement that writes one kind of row for every hour."""
    text = json.dumps(detail.written()).replace("'", "''")
    at = f"{begun} + h * {HOUR}"
    return (
        f"INSERT INTO {TABLE} BY NAME SELECT '{ledger}' AS ledger_id, 1 AS schema_version,"
        f" '{ledger}-' || h || '-' || ({sequence}) AS row_id, h AS epoch,"
        f" {sequence} AS sequence, cohort_id, '{detail.event}' AS event,"
        " CASE cohort_id WHEN '' THEN '' ELSE 'sandbox' END AS workspace,"
        f" replace(replace('{text}', '@name@', name), '{TIME}', ({at})::VARCHAR) AS detail,"
        f" {at} AS time FROM ({source})"
    )


def _copy(place: Place, ledger: str, until: Until, now: int) -> None:
    """What the run of the last hour leaves: of refreshes, the rows of two hours matter."""
    of_two = f"SELECT {READ} FROM {TABLE} WHERE epoch = 0 OR epoch >= {until.epoch - 1}"
    kept = matters(entries_of(ask(place, of_two), TABLE), until, now)
    table = checkpoints.name(until, until.epoch)
    ids = ", ".join(f"'{row.row_id}'" for row in kept)
    [statement] = checkpoints.statements(TABLE, f"cohort_runner.{table}", kept)
    # the statement unpacks JSON as Trino does
    ask(place, f"{statement.partition('WHERE')[0]}WHERE row_id IN ({ids})")
    [[covered]] = ask(place, f"SELECT COUNT(*) FROM {TABLE}")
    mark = Checkpoint(table, until.epoch, until.sequence, covered, digest(kept))
    source = f"SELECT {until.epoch} AS h, '' AS cohort_id, '' AS name"
    ask(
        place,
        _insert(
            ledger, source, str(until.sequence + 1), mark, now - until.epoch * HOUR
        ),
    )


def status(rows: int, cohorts: int, rounds: int) -> tuple[int, tuple[Used, ...]]:
    """How many rows the ledger has, and what each `status` beside it used."""
    with tempfile.TemporaryDirectory() as folder, running(Options()) as url:
        place = Place(Path(folder), url)
        (place.folder / "cohorts").mkdir()
        place.project()
        for number in range(cohorts):
            place.cohort(f"cohort_{number}", "SELECT customer_id FROM customers")
        used(_command(place, "bootstrap"))
        found = filled(place, rows, cohorts)
        return found, tuple(used(_command(place, "status")) for _ in range(rounds))


def _command(place: Place, word: str) -> Command:
    return Command([COHORTS, word], place.folder, environment={"TD_API_KEY": KEY})


def main() -> None:
    """Print a line for each length of the ledger, and how much more the longest takes."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cohorts", type=int, default=500)
    asked.add_argument("--rows", type=int, nargs="+", default=[5_000, 500_000])
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    medians: list[float] = []
    for rows in options.rows:
        found, runs = status(rows, options.cohorts, options.rounds)
        medians.append(seconds(runs))
        print(
            f"{found:10,} rows  {medians[-1]:7.2f} s  {memory(runs):5,.0f} MiB",
            flush=True,
        )
    print(f"the last beside the first: {medians[-1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
