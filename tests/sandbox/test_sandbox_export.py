"""Result exports: linked jobs, exact column names, users that Braze knows, faults on the way."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import requests
from runner.sandbox.options import Answer, Options
from tests.sandbox.sandbox_world import World

BOTH = "SELECT * FROM (VALUES 'u1', 'u2', 'nobody', NULL) AS t (user_ids)"


@pytest.fixture
def fresh(make_world: Callable[[Options], World]) -> World:
    """A sandbox whose Braze knows u1 (with an alias and a device), u2, and one device of nobody."""
    world = make_world(Options(shop=None))
    prepare(world)
    return world


def prepare(world: World) -> None:
    world.client.api.create_database("shop")
    world.users(
        {"external_id": "u1", "aliases": {"email": "u1@example.com"}, "devices": ["d1"]},
        {"external_id": "u2"},
        {"devices": ["d3"]},
    )


def cohorts(world: World) -> list[dict[str, object]]:
    return requests.get(f"{world.url}/sandbox/cohorts", timeout=10).json()["cohorts"]


def test_an_export_follows_its_query(fresh: World) -> None:
    query, export = fresh.export(BOTH, cohort_id="a", cohort_name="A", operation="add")
    assert (query["status"], export["status"]) == ("success", "success")
    assert (export["type"], export["query"]) == ("result_export", f"RESULT EXPORT FROM JOB {query['job_id']}")
    assert export["result_export_target_job_id"] == query["job_id"]
    assert export["start_at"] >= query["end_at"]
    assert fresh.members("a") == ["u1", "u2"]
    assert cohorts(fresh) == [{"cohort_id": "a", "name": "A", "members": 2, "members_written": 3, "requests": 2}]


def test_names_default_and_change(fresh: World) -> None:
    fresh.export(BOTH, cohort_id="a", operation="add")
    assert cohorts(fresh)[0]["name"] == "a"
    fresh.export(BOTH, cohort_id="a", cohort_name="New", operation="remove")
    assert (cohorts(fresh)[0]["name"], cohorts(fresh)[0]["members"]) == ("New", 0)


def test_a_failed_query_has_no_export(fresh: World) -> None:
    shown = fresh.run("SELECT 1 / 0 AS user_ids", result_connection_id="17", result_connection_settings="{}")
    assert (shown["status"], shown["linked_result_export_job_id"]) == ("error", None)


@pytest.mark.parametrize(
    ("sql", "settings", "reason"),
    [
        ("SELECT 'u1' AS user_id, 1 AS n", {}, "it has: user_id, n"),
        ("SELECT 'u1' AS email", {}, "it has: email"),
        ("SELECT 'u1' AS user_ids WHERE 1 = 0", {}, "no rows to export"),
        ("SELECT 'u1' AS user_ids", {"cohort_id": ""}, "cohort_id is required"),
        ("SELECT 'u1' AS user_ids", {"operation": "replace"}, "operation must be add or remove"),
        ("SELECT 'u1' AS user_ids", {"mode": "x"}, "Unrecognized field(s): mode"),
        ("SELECT 'u1' AS user_ids", {"operation": "remove"}, "not a cohort of this workspace"),
    ],
)
def test_exports_that_fail(fresh: World, sql: str, settings: dict[str, str], reason: str) -> None:
    query, export = fresh.export(sql, **{"cohort_id": "a", "operation": "add", **settings})
    assert (query["status"], export["status"]) == ("success", "error")
    assert reason in export["debug"]["stderr"]


def test_open_questions_answered_the_other_way(make_world: Callable[[Options], World]) -> None:
    kind = make_world(Options(shop=None, empty_export=Answer.OK, unknown_removal=Answer.OK, failed_export=Answer.FAIL))
    prepare(kind)
    assert kind.export("SELECT 'u1' AS user_ids", cohort_id="a", operation="remove")[1]["status"] == "success"
    assert kind.export("SELECT 'u1' AS user_ids WHERE 1 = 0", cohort_id="a", operation="add")[1]["status"] == "success"
    query, _ = kind.export("SELECT 1 AS n", cohort_id="a", operation="add")
    assert kind.client.api.job_status(query["job_id"]) == "error"


def test_aliases_and_devices(fresh: World) -> None:
    sql = "SELECT * FROM (VALUES ('u1@example.com', 'd1'), (NULL, 'd3'), (NULL, 'd9')) AS t (email, device_ids)"
    fresh.export(sql, cohort_id="a", operation="add", aliases="phone, email")
    assert fresh.members("a") == ["d3", "u1"]
    assert cohorts(fresh)[0]["members_written"] == 4


def test_a_device_of_an_identified_user_is_ignored(fresh: World) -> None:
    fresh.export("SELECT 'd1' AS device_ids", cohort_id="a", operation="add")
    assert fresh.members("a") == []


def test_batches_of_a_thousand(fresh: World) -> None:
    sql = "SELECT CAST(n AS VARCHAR) AS user_ids FROM UNNEST(SEQUENCE(1, 2500)) AS t (n)"
    fresh.export(sql, cohort_id="a", operation="add")
    assert (cohorts(fresh)[0]["members_written"], cohorts(fresh)[0]["requests"]) == (2500, 4)


def test_a_finished_job_is_exported_again(fresh: World) -> None:
    job = fresh.run(BOTH)["job_id"]
    fields = {
        "result_connection_id": "17",
        "result_connection_settings": json.dumps({"cohort_id": "again", "operation": "add"}),
    }
    status, answer = fresh.post(f"/v3/job/result_export/{job}", fields)
    assert (status, fresh.ended(answer["job_id"])["status"]) == (200, "success")
    assert fresh.members("again") == ["u1", "u2"]
    assert fresh.post("/v3/job/result_export/1", fields)[0] == 404


def test_a_query_fails_on_request(fresh: World) -> None:
    fresh.fault(at="query", match="'u1'", do="fail")
    assert fresh.error(BOTH) == "a fault of the sandbox"
    assert fresh.run(BOTH)["status"] == "success"


def test_an_export_fails_on_request(fresh: World) -> None:
    fresh.fault(at="export", match="a", do="fail")
    query, export = fresh.export(BOTH, cohort_id="a", operation="add")
    assert (query["status"], export["status"]) == ("success", "error")
    assert cohorts(fresh) == []


def test_an_export_stops_half_way(fresh: World) -> None:
    fresh.fault(at="export", match="a", do="half")
    sql = "SELECT CAST(n AS VARCHAR) AS user_ids FROM UNNEST(SEQUENCE(1, 4000)) AS t (n)"
    _, export = fresh.export(sql, cohort_id="a", operation="add")
    assert (export["status"], export["debug"]["stderr"]) == ("error", "connection lost after 2000 of 4000 identifiers")
    assert cohorts(fresh)[0]["members_written"] == 2000


@pytest.mark.parametrize("do", ["status:423", "status:429", "status:503", "reset_before"])
def test_the_connector_tries_braze_again(fresh: World, do: str) -> None:
    fresh.fault(at="braze", match="users", do=do, times=2)
    assert fresh.export(BOTH, cohort_id="a", operation="add")[1]["status"] == "success"


def test_the_connector_gives_up_on_a_refusal(fresh: World) -> None:
    fresh.fault(at="braze", match="users", do="status:400")
    assert "Braze answered 400" in fresh.export(BOTH, cohort_id="a", operation="add")[1]["debug"]["stderr"]
