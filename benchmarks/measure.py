"""What a command costs: start-up, validation of many cohorts, jobs and requests of a sync.

Run `python benchmarks/measure.py`. Times are the median of five runs, each beside a
bare Python in the same run; memory is the peak of any run so far.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from runner.sandbox.options import Options, Shop  # noqa: E402 - the path comes first
from runner.sandbox.server import running  # noqa: E402
from tests.place import COHORTS, Place  # noqa: E402

RUNS = 5
SQL = """SELECT customer_id FROM purchases GROUP BY customer_id
    HAVING COUNT(*) >= {number} AND MAX(time) < TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d')"""


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Median seconds of a command, and the peak memory of any child so far in MiB."""
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), resource.getrusage(
        resource.RUSAGE_CHILDREN
    ).ru_maxrss / 1024


@contextmanager
def repository(cohorts: int, url: str = "http://127.0.0.1:9") -> Iterator[Place]:
    """A repository of so many cohorts."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cohorts").mkdir()
        place = Place(Path(folder), url)
        place.project()
        for number in range(1, cohorts + 1):
            place.cohort(
                f"cohort_{number}", SQL.format(number=number), name=f"Cohort {number}"
            )
        yield place


def times() -> None:
    """Start-up and validation."""
    bare, _ = timed([sys.executable, "-c", "pass"], ROOT)
    print(f"bare python          {bare * 1000:7.0f} ms")
    for cohorts, arguments in (
        (1, ["--help"]),
        (10, ["validate"]),
        (1000, ["validate"]),
    ):
        with repository(cohorts) as place:
            taken, memory = timed([str(COHORTS), *arguments], place.folder)
        what = (
            f"{arguments[0]}, {cohorts:,} cohorts"
            if arguments != ["--help"]
            else "--help"
        )
        print(
            f"{what:<20} {taken * 1000:7.0f} ms  {taken / bare:5.1f} times bare"
            f" python, at most {memory:.0f} MiB"
        )


ONE = "{external_id: customer_id}"
THREE = "{external_id: customer_id, device_id: device_id, aliases: {email: email}}"


def costs(cohorts: int) -> None:
    """Jobs and requests of a sync of so many cohorts, and of one cohort's share."""
    with (
        running(Options(shop=Shop(customers=2_000, purchases=20_000))) as url,
        repository(cohorts, url) as place,
    ):
        place.requests()
        for what, least, identifiers in (
            ("first sync", 2000, ONE),
            ("nothing to do", 2000, ONE),
            ("small change", 1990, ONE),
            ("three identifiers", 1990, THREE),
            ("small change of three", 1980, THREE),
        ):
            for number in range(1, cohorts + 1):
                sql = (
                    f"SELECT customer_id, device_id, email FROM customers WHERE"
                    f" lifetime_value >= {least - number}"
                )
                extra = f"identifiers: {identifiers}\n"
                place.cohort(
                    f"cohort_{number}", sql, name=f"Cohort {number}", extra=extra
                )
            answer = place.run("sync")
            counted = place.requests()
            jobs, total = (
                sum(counted["jobs"].values()),
                sum(counted["requests"].values()),
            )
            print(
                f"{what:<22} {jobs / cohorts:6.1f} jobs  {total / cohorts:6.1f}"
                f" requests a cohort, of {cohorts}"
            )
            print(f"{'':<22} {answer.out.strip().splitlines()[-1]}")


def many(cohorts: int, job_seconds: float, concurrencies: Iterable[int]) -> None:
    """A refresh of so many cohorts after every customer has bought something, where
    each job takes so long.
    """
    options = Options(
        shop=Shop(customers=2_000, purchases=20_000),
        job_seconds=job_seconds,
        parallel_jobs=64,
    )
    with running(options) as url, repository(cohorts, url) as place:
        for number in range(1, cohorts + 1):
            sql = f"SELECT customer_id FROM customers WHERE lifetime_value >= {700 + number}"
            place.cohort(f"cohort_{number}", sql, name=f"Cohort {number}")
        place.run("sync", "--concurrency", "32")
        for concurrency in concurrencies:
            place.sql("UPDATE shop.customers SET lifetime_value = lifetime_value + 5")
            place.requests()
            started = time.perf_counter()
            process = place.start(
                "sync", "--refresh", "--concurrency", str(concurrency)
            )
            peaks = [0]
            threading.Thread(
                target=watch, args=(process.pid, peaks), daemon=True
            ).start()
            out, _ = process.communicate(timeout=3600)
            taken = time.perf_counter() - started
            counted = place.requests()
            jobs, total = (
                sum(counted["jobs"].values()),
                sum(counted["requests"].values()),
            )
            least = cohorts * job_seconds / concurrency
            print(
                f"refresh of {cohorts} cohorts, {job_seconds:.0f} s a job,"
                f" {concurrency} at once: {taken:.0f} s,"
                f" {taken / least:.2f} times that of the queries alone; {jobs} jobs,"
                f" {total} requests"
            )
            print(f"{'':<22} {out.strip().splitlines()[-1]}")
            print(f"{'':<22} at most {max(peaks) / 1024:.0f} MiB")


def watch(pid: int, peaks: list[int]) -> None:
    """Note a process's peak memory (KiB) as long as it lives; what wait4 says includes
    the parent's before exec.
    """
    status = Path(f"/proc/{pid}/status")
    with suppress(OSError):
        while found := re.search(r"VmHWM:\s+(\d+)", status.read_text()):
            peaks.append(int(found[1]))
            time.sleep(0.5)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    times()
    costs(1)
    costs(50)
    many(300, 3, (16, 4))
