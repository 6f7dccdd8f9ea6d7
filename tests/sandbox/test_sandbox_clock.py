"""The clock that is moved forward, and what follows it: SQL, jobs, history, domain keys, Braze's hour."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest
import requests
from runner.sandbox.options import Answer, Options, Partner
from tdclient import errors
from tests.sandbox.sandbox_world import World

DAY = 86_400
AHEAD = 30 * DAY


@pytest.fixture
def empty(make_world: Callable[[Options], World]) -> World:
    """A sandbox with nothing but the database `shop`."""
    world = make_world(Options(shop=None))
    world.client.api.create_database("shop")
    return world


def test_the_clock_is_told_and_moved(empty: World) -> None:
    assert empty.admin("clock")["advanced"] == 0
    moved = empty.admin("clock", {"advance": AHEAD})
    assert moved["advanced"] == AHEAD
    assert abs(moved["now"] - AHEAD - time.time()) < 10
    for bad in ({}, {"advance": -1}, {"advance": "a day"}):
        assert requests.post(f"{empty.url}/sandbox/clock", json=bad, timeout=10).status_code == 400


@pytest.mark.parametrize(
    "seconds",
    [
        "TO_UNIXTIME(NOW())",
        "TO_UNIXTIME(CURRENT_TIMESTAMP)",
        "TO_UNIXTIME(LOCALTIMESTAMP)",
        "TO_UNIXTIME(CAST(CURRENT_DATE AS TIMESTAMP))",
        "TD_SCHEDULED_TIME()",
        "TD_TIME_PARSE(CAST(NOW() AS VARCHAR))",
    ],
)
def test_every_now_in_sql_follows(empty: World, seconds: str) -> None:
    empty.admin("clock", {"advance": AHEAD})
    [[told]] = empty.rows(f"SELECT CAST({seconds} AS BIGINT) AS told")
    assert -1 <= time.time() + AHEAD - told < DAY + 10


def test_the_time_that_is_filled_in_follows(empty: World) -> None:
    empty.admin("clock", {"advance": AHEAD})
    empty.done("CREATE TABLE filled AS SELECT 1 AS a")
    empty.done("INSERT INTO filled (a) SELECT 2")
    assert all(abs(told - AHEAD - time.time()) < 10 for (told,) in empty.rows("SELECT time FROM filled"))


def test_the_times_of_jobs_follow(empty: World) -> None:
    empty.admin("clock", {"advance": AHEAD})
    shown = empty.run("SELECT 1 AS one")
    for name in ("created_at", "start_at", "end_at"):
        assert abs(shown[name].timestamp() - AHEAD - time.time()) < 10


def test_jobs_are_forgotten_after_seven_days(empty: World) -> None:
    job = empty.run("SELECT 1 AS one", domain_key="once")["job_id"]
    empty.admin("clock", {"advance": 7 * DAY - 60})
    assert empty.client.api.job_status(job) == "success"
    empty.admin("clock", {"advance": 61})
    with pytest.raises(errors.NotFoundError):
        empty.client.api.job_status(job)
    assert empty.get("/v3/job/status_by_domain_key/once")[0] == 404
    assert empty.client.api.list_jobs() == []
    assert int(empty.issue("SELECT 1 AS one", domain_key="once")) > int(job)


def test_a_domain_key_may_be_taken_for_ever(empty: World) -> None:
    empty.admin("options", {"forgets_keys": Answer.FAIL})
    job = empty.run("SELECT 1 AS one", domain_key="once")["job_id"]
    empty.admin("clock", {"advance": 8 * DAY})
    with pytest.raises(errors.AlreadyExistsError, match=f'"conflicts_with":"{job}"'):
        empty.issue("SELECT 1 AS one", domain_key="once")
    assert empty.get("/v3/job/status_by_domain_key/once")[0] == 404


def test_a_job_that_runs_is_not_forgotten(empty: World) -> None:
    empty.fault(at="query", do="hold")
    job = empty.issue("CREATE TABLE late_one AS SELECT 1 AS a")
    empty.held()
    empty.admin("clock", {"advance": 8 * DAY})
    assert empty.client.api.job_status(job) == "running"
    empty.admin("held", {"job": job})
    while empty.admin("sql", {"sql": "SELECT COUNT(*) FROM duckdb_tables() WHERE table_name = 'late_one'"}) == {
        "rows": [[0]]
    }:
        time.sleep(0.01)


def test_brazes_hour_follows(make_world: Callable[[Options], World]) -> None:
    world = make_world(Options(shop=None, partner=Partner(hourly_requests=0)))
    url = f"{world.url}/partners/treasure_data/cohorts"
    world.admin("clock", {"advance": AHEAD})
    reset = int(requests.post(url, json={}, timeout=10).headers["X-RateLimit-Reset"])
    assert 0 < reset - AHEAD - time.time() <= 3600


def test_dates_of_retry_after_follow(empty: World) -> None:
    empty.admin("clock", {"advance": AHEAD})
    empty.fault(at="request", match="server_status", do="status:429", retry_after="date:5")
    answer = requests.get(f"{empty.url}/v3/system/server_status", timeout=10)
    told = parsedate_to_datetime(answer.headers["Retry-After"]).timestamp()
    assert abs(told - AHEAD - 5 - time.time()) < 10
