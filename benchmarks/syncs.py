"""What a run costs that talks to Treasure Data: a sandbox in which each job takes so long.

How long a merge waits for Braze, and how many jobs and requests a cohort needs.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import requests

from benchmarks.processes import Command, Used, used
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.place import COHORTS, KEY, Place

SHOP = Shop(customers=2_000, purchases=20_000)
AT_ONCE = 16
NEIGHBOURS = 8
"""Cohorts beside the one that changes."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job of Treasure Data: seconds from the first one's start, and how it begins."""

    start: float
    end: float
    what: str


@dataclass(frozen=True, slots=True)
class Run:
    """What a run used, and the jobs and requests that it made for so many cohorts."""

    used: Used
    jobs: int
    requests: int
    cohorts: int = 1


@contextmanager
def repository(cohorts: int) -> Iterator[Place]:
    """A repository of so many cohorts, all of them synced, beside its own sandbox."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Options(shop=SHOP, parallel_jobs=64)) as url,
    ):
        (Path(folder) / "cohorts").mkdir()
        place = Place(Path(folder), url)
        place.project()
        for number in range(cohorts):
            write(place, number, 0)
        run(place, "sync", "--concurrency", str(AT_ONCE))
        yield place


def write(place: Place, number: int, later: int) -> None:
    """Write a cohort; `later` changes who belongs to it."""
    sql = f"SELECT customer_id FROM customers WHERE lifetime_value >= {2000 - number - later}"
    place.cohort(f"cohort_{number}", sql, name=f"Cohort {number}")


def run(place: Place, *arguments: str) -> Run:
    """One run of the command, to its end. Raises RuntimeError where it fails."""
    place.requests()
    around = {"TD_API_KEY": KEY, "COHORTS_RETRY_SECONDS": "2", "CI": "1"}
    found = used(Command([COHORTS, *arguments], place.folder, "", around))
    counted = place.requests()
    return Run(found, sum(counted["jobs"].values()), sum(counted["requests"].values()))


def length(place: Place, seconds: float) -> None:
    """From now on a job takes so long."""
    place.ask("POST", "options", {"job_seconds": seconds})


def jobs_of(place: Place, last: int) -> tuple[Job, ...]:
    """The last so many jobs, in the order in which they were issued."""
    headers = {"Authorization": f"TD1 {KEY}"}
    address = f"{place.url}/v3/job/list"
    shown = requests.get(address, {"to": last - 1}, headers=headers, timeout=20)
    shown.raise_for_status()
    found = [each for each in shown.json()["jobs"] if each["end_at"]][:last]
    begun = min(_seconds(each["start_at"]) for each in found)
    made = [
        Job(
            _seconds(each["start_at"]) - begun,
            _seconds(each["end_at"]) - begun,
            " ".join((each["query"] or each["type"]).split())[:70],
        )
        for each in sorted(found, key=lambda job: int(job["job_id"]))
    ]
    return tuple(made)


def _seconds(moment: str) -> float:
    return datetime.strptime(moment, "%Y-%m-%d %H:%M:%S %Z").timestamp()  # noqa: DTZ007


@dataclass(frozen=True, slots=True)
class One:
    """What one changed cohort takes with a job of so many seconds: the median, and the
    jobs of the last run.
    """

    seconds: float
    wall: float
    jobs: tuple[Job, ...]


def one_changed(job_seconds: float, rounds: int) -> One:
    """One changed cohort alone, from the start of `sync` to its end."""
    with repository(NEIGHBOURS) as place:
        length(place, job_seconds)
        runs: list[Run] = []
        for number in range(rounds):
            write(place, 0, 10 * (number + 1))
            runs.append(run(place, "sync"))
        wall = statistics.median(each.used.wall for each in runs)
        return One(job_seconds, wall, jobs_of(place, runs[-1].jobs))


def asking(job_seconds: float, rounds: int) -> Mapping[str, float]:
    """Median seconds of the commands that ask Treasure Data once."""
    with repository(NEIGHBOURS) as place:
        length(place, job_seconds)
        return {
            name: statistics.median(run(place, name).used.wall for _ in range(rounds))
            for name in ("status", "plan")
        }


def counted(*, refreshed: int, changed: int) -> Mapping[str, Run]:
    """Runs of many cohorts whose jobs take no time: what counts is how many."""
    with repository(max(refreshed, changed)) as place:
        refresh = run(place, "sync", "--refresh", "--concurrency", str(AT_ONCE))
        for number in range(changed):
            write(place, number, 10)
        update = run(place, "sync", "--concurrency", str(AT_ONCE))
        return {
            "refresh": replace(refresh, cohorts=refreshed),
            "changed": replace(update, cohorts=changed),
        }


@dataclass(frozen=True, slots=True)
class Many:
    """A sync of many changed cohorts: its time beside that of an ideal schedule, in which
    the same jobs run so many at once without a pause.
    """

    wall: float
    ideal: float
    cpu: float
    jobs: int
    memory: float


def many(cohorts: int, job_seconds: float) -> Many:
    """A sync of so many changed cohorts; `cpu` is for each cohort, in ms."""
    with repository(cohorts) as place:
        length(place, job_seconds)
        for number in range(cohorts):
            write(place, number, 10)
        found = run(place, "sync", "--concurrency", str(AT_ONCE))
        return Many(
            found.used.wall,
            found.jobs * job_seconds / AT_ONCE,
            1000 * found.used.cpu / cohorts,
            found.jobs,
            found.used.memory,
        )
