"""Requests and jobs that are held: the sender dies, and the deed is done later all the same, or never."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from runner.sandbox.options import Options
from tests.sandbox.sandbox_world import World

SUBMIT = """
import sys, tdclient
client = tdclient.Client(apikey="sandbox-key", endpoint=sys.argv[1], max_cumul_retry_delay=-1)
client.api.query("CREATE TABLE made AS SELECT 1 AS a", type="trino", db="shop", domain_key="once")
"""


@pytest.fixture
def empty(make_world: Callable[[Options], World]) -> World:
    """A sandbox with nothing but the database `shop`."""
    world = make_world(Options(shop=None))
    world.client.api.create_database("shop")
    world.users({"external_id": "u1"})
    return world


def by_key(world: World) -> tuple[int, dict[str, Any]]:
    return world.get("/v3/job/status_by_domain_key/once")


@pytest.mark.parametrize(("do", "acted"), [("hold_before", False), ("hold_after", True)])
def test_a_submit_arrives_after_its_sender_was_killed(empty: World, do: str, acted: bool) -> None:
    empty.fault(at="request", match="job/issue", do=do)
    with subprocess.Popen([sys.executable, "-c", SUBMIT, empty.url]) as sender:
        held = empty.held()
        sender.kill()
    assert held == {"id": 1, "line": "POST /v3/job/issue/trino/shop", "when": do.removeprefix("hold_")}
    assert by_key(empty)[0] == (200 if acted else 404)
    assert empty.admin("held", {"release": 1, "how": "go"}) == {"released": [1], "held": []}
    status, job = by_key(empty)
    assert (status, empty.ended(job["job_id"])["status"]) == (200, "success")
    assert empty.rows("SELECT a FROM made") == [[1]]


def test_a_held_request_is_dropped(empty: World) -> None:
    empty.fault(at="request", match="job/issue", do="hold_before")
    with subprocess.Popen([sys.executable, "-c", SUBMIT, empty.url], stderr=subprocess.DEVNULL) as sender:
        empty.held()
        empty.admin("held", {"release": "all", "how": "drop"})
        assert sender.wait(20) == 1
    assert by_key(empty)[0] == 404


@pytest.mark.parametrize("do", ["hold_before", "hold_after"])
def test_who_waits_gets_the_answer(empty: World, do: str) -> None:
    empty.fault(at="request", match="server_status", do=do)
    answers: list[requests.Response] = []
    url = f"{empty.url}/v3/system/server_status"
    asking = threading.Thread(target=lambda: answers.append(requests.get(url, headers={}, timeout=20)))
    asking.start()
    empty.held()
    assert answers == []
    empty.admin("held", {"release": "all"})
    asking.join(20)
    assert answers[0].status_code == 401


def test_braze_can_be_held(empty: World) -> None:
    empty.fault(at="braze", match="cohorts/users", do="hold_before")
    query = empty.run(
        "SELECT 'u1' AS user_ids",
        result_connection_id="17",
        result_connection_settings='{"cohort_id": "a", "operation": "add"}',
    )
    assert empty.held()["line"] == "POST /partners/treasure_data/cohorts/users"
    assert empty.members("a") == []
    empty.admin("held", {"release": "all"})
    assert empty.ended(query["linked_result_export_job_id"])["status"] == "success"
    assert empty.members("a") == ["u1"]


@pytest.mark.parametrize(("how", "status"), [("go", "success"), ("drop", "killed")])
def test_a_job_is_held(empty: World, how: str, status: str) -> None:
    empty.fault(at="query", match="held_job", do="hold")
    job = empty.issue("SELECT 1 AS held_job")
    assert empty.held() == {"id": 1, "line": f"trino job {job}", "when": "before", "job": job}
    assert empty.client.api.job_status(job) == "running"
    assert empty.admin("held", {"job": job, "how": how})["released"] == [1]
    assert empty.ended(job)["status"] == status


def test_a_held_export_can_be_killed(empty: World) -> None:
    empty.fault(at="export", match="a", do="hold")
    query = empty.run(
        "SELECT 'u1' AS user_ids",
        result_connection_id="17",
        result_connection_settings='{"cohort_id": "a", "operation": "add"}',
    )
    export = query["linked_result_export_job_id"]
    assert empty.held()["job"] == export
    assert empty.client.api.kill(export) == "running"
    assert empty.ended(export)["status"] == "killed"
    assert empty.admin("held") == {"held": []}
    assert requests.get(f"{empty.url}/sandbox/cohorts", timeout=10).json() == {"cohorts": []}


def test_what_cannot_be_released(empty: World) -> None:
    url = f"{empty.url}/sandbox/held"
    assert empty.admin("held", {"release": "all"}) == {"released": [], "held": []}
    assert requests.post(url, json={"release": 9}, timeout=10).status_code == 404
    assert requests.post(url, json={"job": "9"}, timeout=10).status_code == 404
    for bad in ({}, {"release": "all", "how": "maybe"}, []):
        assert requests.post(url, json=bad, timeout=10).status_code == 400


def test_a_sandbox_with_something_held_stops(make_world: Callable[[Options], World]) -> None:
    world = make_world(Options(shop=None))
    world.client.api.create_database("shop")
    world.fault(at="query", do="hold")
    world.issue("SELECT 1 AS one")
    world.fault(at="request", match="server_status", do="hold_before")
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{world.url}/v3/system/server_status", timeout=0.2)
    assert len(world.admin("held?wait=5&after=1")["held"]) == 1
