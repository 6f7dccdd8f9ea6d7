"""What a sync costs in jobs and requests: counts that are the same on every machine, unlike times."""

from __future__ import annotations

import pstats
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from benchmarks import generated
from tests.place import COHORTS, Place
from tests.repositories import Repository

EVERYBODY = "SELECT customer_id FROM customers"
NOT_ANN = "SELECT customer_id FROM customers WHERE customer_id <> 'ann'"

WAITING = "GET /v3/job/status/{job_id}"
"""How often a run asks whether a job has ended depends on how long it takes."""

ASKED_ONCE = {
    "GET /v3/database/list": 1,
    "GET /v3/job/result/{job_id}": 1,
    "GET /v3/table/list/{database}": 1,
    "POST /v3/job/issue/{type}/{database}": 1,
}
"""A command that reads the ledger: is it there, and what does it say."""

FIRST = {
    "GET /v3/connections/lookup": 1,
    "GET /v3/database/list": 1,
    "GET /v3/job/result/{job_id}": 5,
    "GET /v3/job/show/{job_id}": 1,
    "GET /v3/table/list/{database}": 5,
    "POST /partners/{partner}/cohorts": 1,
    "POST /partners/{partner}/cohorts/users": 1,
    "POST /v3/database/create/{database}": 1,
    "POST /v3/job/issue/{type}/{database}": 13,
}
"""The first sync of one cohort, which makes the ledger, too."""

CHANGED = {
    "GET /v3/connections/lookup": 1,
    "GET /v3/database/list": 1,
    "GET /v3/job/result/{job_id}": 5,
    "GET /v3/job/show/{job_id}": 1,
    "GET /v3/table/list/{database}": 5,
    "POST /partners/{partner}/cohorts/users": 1,
    "POST /v3/job/issue/{type}/{database}": 12,
}
"""One changed cohort, whose members only leave."""


def counted(place: Place, *arguments: str) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """The jobs by kind, and the requests by route, of one run that ends well."""
    place.requests()
    answer = place.run(*arguments)
    assert answer.code == 0, answer.err
    found = place.requests()
    requests = dict(found["requests"])
    requests.pop(WAITING, None)
    return found["jobs"], requests


def test_a_sync_of_one_cohort(place: Place) -> None:
    place.cohort("vips", EVERYBODY)
    assert counted(place, "sync") == ({"trino": 13, "result_export": 1}, FIRST)
    assert counted(place, "sync") == ({"trino": 1}, ASKED_ONCE)
    place.cohort("vips", NOT_ANN)
    assert counted(place, "sync") == ({"trino": 12, "result_export": 1}, CHANGED)
    assert place.members("vips") == {"bob", "eve"}


@pytest.mark.parametrize("command", ["status", "plan", "history", "sync"])
def test_what_only_reads_asks_once(place: Place, command: str) -> None:
    place.cohort("vips", EVERYBODY)
    place.run("sync")
    assert counted(place, command) == ({"trino": 1}, ASKED_ONCE)


@pytest.mark.parametrize("command", ["validate", "list", "render", "test", "describe vips -o json", "plan --offline"])
def test_what_needs_no_key_asks_nothing(place: Place, command: str) -> None:
    place.cohort("vips", EVERYBODY)
    Repository.begun(place.folder).commit()
    assert counted(Place(place.folder, place.url, {"TD_API_KEY": ""}), *command.split()) == ({}, {})


def test_of_many_cohorts_each_costs_less(place: Place) -> None:
    """Rows of cohorts that come at the same time share a job; how many do depends on the machine, so that these limits
    are wide: a cohort alone takes 13 jobs.
    """
    for number in range(20):
        place.cohort(f"c{number:02}", EVERYBODY)
    place.run("sync", "--concurrency", "20")
    refreshed, _ = counted(place, "sync", "--refresh", "--concurrency", "20")
    assert sum(refreshed.values()) / 20 <= 4
    for number in range(20):
        place.cohort(f"c{number:02}", NOT_ANN)
    changed, _ = counted(place, "sync", "--concurrency", "20")
    assert changed["result_export"] == 20
    assert sum(changed.values()) / 20 <= 7


READING = """
import sys
opened = []
sys.addaudithook(lambda event, found: event == "open" and opened.append(str(found[0])))
sys.argv = ["cohorts", *sys.argv[1:]]
from runner.__main__ import main
try:
    main()
except SystemExit:
    print(*opened, sep="\\n", file=sys.stderr)
"""


def test_a_validation_reads_each_file_once(tmp_path: Path) -> None:
    generated.write(tmp_path, 30)
    words = [sys.executable, "-c", READING, "validate"]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    opened = Counter(path for path in ended.stderr.splitlines() if path.startswith("cohorts/"))
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if path.is_file()}
    assert opened == dict.fromkeys(there, 1)


def test_a_validation_parses_no_more_than_it_must(tmp_path: Path) -> None:
    """Thirty cohorts, of which ten come from six templates; the project and its tables."""
    generated.write(tmp_path, 30)
    words = [sys.executable, "-m", "cProfile", "-o", tmp_path / "calls", COHORTS, "validate"]
    subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    found: Counter[str] = Counter()
    for (file, _, function), (_, calls, *_) in pstats.Stats(str(tmp_path / "calls")).stats.items():
        found["/".join([*Path(file).parts[-2:], function])] += calls
    assert found["files/documents.py/parse"] == 32
    assert found["jinja2/environment.py/compile"] == 6
    assert found["trino/parser.py/parse"] <= 43
