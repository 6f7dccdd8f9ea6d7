"""Every fault of the catalogue, over HTTP: each test fails where its fault is not played."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
from runner.sandbox.options import Answer, Options
from tdclient import errors
from tests.sandbox.sandbox_world import World

SEND = "SELECT 'u1' AS user_ids"
SHORT = 0.15
"""Seconds that slow and late things take here."""


@pytest.fixture(scope="module")
def shared(world: World) -> World:
    """A sandbox whose Braze knows u1 and u2."""
    world.users({"external_id": "u1"}, {"external_id": "u2"})
    return world


@pytest.fixture
def place(shared: World) -> Iterator[World]:
    """It without faults of another test, and with the options it began with."""
    chosen = shared.admin("options")
    yield shared
    shared.admin("faults", {}, "DELETE")
    shared.admin("options", chosen)


def ask(world: World, path: str = "server_status") -> requests.Response:
    return requests.get(f"{world.url}/v3/system/{path}", timeout=5)


def change(world: World, cohort_id: str) -> requests.Response:
    """One request of Braze's partner API, about a cohort that it makes first."""
    keys = {"partner_api_key": "sandbox-partner-key", "client_secret": "sandbox-import-key", "cohort_id": cohort_id}
    url = f"{world.url}/partners/treasure_data/cohorts"
    made = {**keys, "name": "A", "created_at": "2026-01-02"}
    assert requests.post(url, json=made, timeout=5).ok
    return requests.post(f"{url}/users", json={**keys, "cohort_changes": [{"user_ids": ["u1"]}]}, timeout=5)


def took(began: float) -> bool:
    return time.monotonic() - began >= SHORT


def seen(world: World, job_id: str, status: str) -> None:
    """Wait until a job says so."""
    deadline = time.monotonic() + 5
    while world.client.api.show_job(job_id)["status"] != status:
        assert time.monotonic() < deadline, f"job {job_id} is never {status}"
        time.sleep(0.005)


def test_the_first_events_pass(place: World) -> None:
    place.fault(at="request", match="server_status", do="status:503", after=2)
    assert [ask(place).status_code for _ in range(4)] == [401, 401, 503, 401]


def test_a_fault_for_ever(place: World) -> None:
    place.fault(at="request", match="server_status", do="status:503", times=None)
    assert {ask(place).status_code for _ in range(5)} == {503}
    assert place.admin("faults")["struck"] == {"request status:503": 5}


def test_chance_is_drawn_by_the_seed(place: World) -> None:
    def drawn(seed: int) -> list[int]:
        place.fault(at="request", match="server_status", do="status:503", times=None, chance=0.5, seed=seed)
        answers = [ask(place).status_code for _ in range(30)]
        place.admin("faults", {}, "DELETE")
        return answers

    first = drawn(1)
    assert set(first) == {401, 503}
    assert drawn(1) == first
    assert drawn(2) != first


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504])
def test_treasure_data_answers_a_status(place: World, status: int) -> None:
    place.fault(at="request", match="server_status", do=f"status:{status}")
    answer = ask(place)
    told = answer.json()
    assert (answer.status_code, told["status_code"], "Retry-After" in answer.headers) == (status, status, False)
    assert told["message"].endswith("(a fault of the sandbox)")


@pytest.mark.parametrize("retry_after", [3, "4", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_an_answer_says_when_to_come_back(place: World, retry_after: object) -> None:
    place.fault(at="request", match="server_status", do="status:429", retry_after=retry_after)
    assert ask(place).headers["Retry-After"] == str(retry_after)


@pytest.mark.parametrize("status", [423, 429, 500, 502, 503])
def test_braze_answers_a_status(place: World, status: int) -> None:
    place.fault(at="braze", match="cohorts/users", do=f"status:{status}", retry_after=1)
    answer = change(place, "statuses")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "1")
    assert place.members("statuses") == []


def test_a_fault_of_treasure_data_is_none_of_braze(place: World) -> None:
    place.fault(at="request", do="status:503", times=None)
    assert change(place, "apart").status_code == 201


@pytest.mark.parametrize("at", ["request", "braze"])
def test_an_answer_is_slow(place: World, at: str) -> None:
    place.fault(at=at, match="s", do="slow", seconds=SHORT)
    began = time.monotonic()
    answer = ask(place) if at == "request" else change(place, "slow")
    assert (answer.status_code, took(began)) == (401 if at == "request" else 201, True)


@pytest.mark.parametrize("at", ["request", "braze"])
def test_an_answer_is_cut(place: World, at: str) -> None:
    place.fault(at=at, match="users" if at == "braze" else "server_status", do="truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        ask(place) if at == "request" else change(place, "cut")
    assert at == "request" or place.members("cut") == ["u1"]


@pytest.mark.parametrize(("do", "members"), [("reset_before", []), ("reset_after", ["u1"])])
def test_braze_breaks_the_connection(place: World, do: str, members: list[str]) -> None:
    place.fault(at="braze", match="users", do=do)
    with pytest.raises(requests.exceptions.ConnectionError):
        change(place, do)
    assert place.members(do) == members


def test_braze_hangs(place: World) -> None:
    place.fault(at="braze", do="hang")
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(f"{place.url}/partners/treasure_data/cohorts", json={}, timeout=SHORT)


def test_braze_complains_in_a_success(place: World) -> None:
    place.fault(at="braze", match="users", do="errors")
    answer = change(place, "complaints")
    assert (answer.status_code, answer.json()["errors"]) == (201, ["a fault of the sandbox"])
    assert place.members("complaints") == []
    place.fault(at="braze", match="users", do="errors")
    _, export = place.export(SEND, cohort_id="complaints", operation="add")
    assert (export["status"], "201 with errors" in export["debug"]["stderr"]) == ("error", True)


def test_a_domain_key_is_taken_by_another_job(place: World) -> None:
    other = place.run("SELECT 1 AS one")["job_id"]
    place.fault(at="request", match="job/issue", do="key_taken")
    with pytest.raises(errors.AlreadyExistsError, match=f'"conflicts_with":"{other}"'):
        place.issue("SELECT 1 AS one", domain_key="mine alone")
    assert place.get("/v3/job/status_by_domain_key/{key}", key="mine alone")[0] == 404


def test_a_request_is_matched_by_what_it_carries(place: World) -> None:
    place.fault(at="request", match="this key", do="status:500")
    place.issue("SELECT 1 AS one", domain_key="other key")
    with pytest.raises(errors.APIError):
        place.issue("SELECT 1 AS one", domain_key="this key")


def test_a_table_is_not_deleted(place: World) -> None:
    place.done("CREATE TABLE stubborn AS SELECT 1 AS a")
    place.fault(at="request", match="table/delete", do="status:500")
    with pytest.raises(errors.APIError):
        place.client.api.delete_table("shop", "stubborn")
    assert place.rows("SELECT a FROM stubborn") == [[1]]


def test_a_result_is_gone(place: World) -> None:
    job = place.run("SELECT 1 AS kept")["job_id"]
    place.fault(at="result", match="kept", do="gone")
    with pytest.raises(errors.NotFoundError):
        list(place.client.api.job_result(job))
    assert list(place.client.api.job_result(job)) == [[1]]


def test_a_kill_is_ignored(place: World) -> None:
    place.fault(at="query", do="hang")
    place.fault(at="kill", do="ignored")
    job = place.issue("SELECT 1 AS one")
    place.until_running(job)
    assert place.client.api.kill(job) == "running"
    assert place.client.api.job_status(job) == "running"
    place.client.api.kill(job)
    assert place.ended(job)["status"] == "killed"


@pytest.mark.parametrize("at", ["query", "export"])
@pytest.mark.parametrize(("do", "status"), [("fail", "error"), ("killed", "killed")])
def test_a_job_that_ends_badly_did_nothing(place: World, at: str, do: str, status: str) -> None:
    cohort = f"bad-{at}-{do}"
    place.fault(at=at, match=cohort, do=do)
    settings = f'{{"cohort_id": "{cohort}", "operation": "add"}}'
    job = place.run(SEND, result_connection_id="17", result_connection_settings=settings)
    if at == "export":
        assert job["status"] == "success"
        job = place.ended(job["linked_result_export_job_id"])
    assert (job["status"], job["linked_result_export_job_id"]) == (status, None)
    assert requests.get(f"{place.url}/sandbox/cohorts/{cohort}", timeout=5).status_code == 404


def test_a_statement_is_applied_and_called_an_error(place: World) -> None:
    place.fault(at="query", match="applied", do="applied_error")
    assert place.error("CREATE TABLE applied AS SELECT 1 AS a") == "a fault of the sandbox"
    place.fault(at="query", match="INSERT", do="applied_error")
    assert place.error("INSERT INTO applied (a) SELECT 2") == "a fault of the sandbox"
    assert place.rows("SELECT a FROM applied ORDER BY 1") == [[1], [2]]


def test_a_query_begins_late(place: World) -> None:
    place.fault(at="query", match="tardy", do="late", seconds=SHORT)
    began = time.monotonic()
    job = place.issue("SELECT 1 AS tardy")
    assert place.client.api.job_status(job) == "queued"
    assert (place.ended(job)["status"], took(began)) == ("success", True)


def test_a_query_that_is_late_can_be_killed(place: World) -> None:
    place.fault(at="query", match="CREATE", do="late", seconds=60)
    job = place.issue("CREATE TABLE never AS SELECT 1 AS a")
    assert place.client.api.kill(job) == "queued"
    assert place.ended(job)["status"] == "killed"
    assert "does not exist" in place.error("SELECT a FROM never")


@pytest.mark.parametrize("at", ["query", "export"])
def test_a_status_that_nobody_knows(place: World, at: str) -> None:
    place.fault(at=at, match="strange", do="unknown_status", seconds=SHORT)
    settings = '{"cohort_id": "strange", "operation": "add"}'
    job = place.issue(SEND, result_connection_id="17", result_connection_settings=settings)
    if at == "export":
        job = place.ended(job)["linked_result_export_job_id"]
    seen(place, job, "suspended")
    assert place.ended(job)["status"] == "success"


def test_the_linked_export_appears_late(place: World) -> None:
    place.fault(at="query", match="apart-1", do="no_export", seconds=SHORT)
    settings = '{"cohort_id": "apart-1", "operation": "add"}'
    began = time.monotonic()
    query = place.run(SEND, result_connection_id="17", result_connection_settings=settings)
    assert (query["status"], query["linked_result_export_job_id"]) == ("success", None)
    while (linked := place.client.api.show_job(query["job_id"])["linked_result_export_job_id"]) is None:
        time.sleep(0.005)
    assert (took(began), place.ended(linked)["status"]) == (True, "success")
    assert place.members("apart-1") == ["u1"]


def test_an_export_delivers_and_says_so_late(place: World) -> None:
    place.fault(at="export", match="sluggish", do="late", seconds=SHORT)
    began = time.monotonic()
    settings = '{"cohort_id": "sluggish", "operation": "add"}'
    query = place.run(SEND, result_connection_id="17", result_connection_settings=settings)
    while place.client.api.show_job(query["linked_result_export_job_id"])["status"] == "queued":
        time.sleep(0.005)
    assert (place.ended(query["linked_result_export_job_id"])["status"], took(began)) == ("success", True)
    assert place.members("sluggish") == ["u1"]


def test_an_export_delivers_and_is_called_an_error(place: World) -> None:
    place.fault(at="export", match="liar", do="export_error_after_delivery")
    _, export = place.export(SEND, cohort_id="liar", operation="add")
    assert (export["status"], place.members("liar")) == ("error", ["u1"])


def test_an_export_hangs_until_it_is_killed(place: World) -> None:
    place.fault(at="export", match="stuck", do="hang")
    settings = '{"cohort_id": "stuck", "operation": "add"}'
    query = place.run(SEND, result_connection_id="17", result_connection_settings=settings)
    export = query["linked_result_export_job_id"]
    place.until_running(export)
    place.client.api.kill(export)
    assert place.ended(export)["status"] == "killed"


def test_faults_come_together(place: World) -> None:
    place.fault(at="query", match="both", do="unknown_status", seconds=SHORT)
    place.fault(at="export", match="both", do="half")
    place.fault(at="braze", match="both", do="status:423")
    _, export = place.export("SELECT * FROM (VALUES 'u1', 'u2') AS t (user_ids)", cohort_id="both", operation="add")
    assert export["status"] == "error"
    assert len(place.members("both")) == 1
    struck = {"query unknown_status": 1, "export half": 1, "braze status:423": 1}
    assert place.admin("faults")["struck"] == struck


@pytest.mark.parametrize(
    ("options", "operation", "sql", "status", "members"),
    [
        ({"empty_export": "ok"}, "add", f"{SEND} WHERE 1 = 0", "success", []),
        ({"empty_export": "fail"}, "add", f"{SEND} WHERE 1 = 0", "error", None),
        ({"unknown_removal": "ok"}, "remove", SEND, "success", []),
        ({"unknown_removal": "fail"}, "remove", SEND, "error", None),
        ({"obeys_operation": "fail"}, "remove", SEND, "success", ["u1"]),
    ],
)
def test_options_change_while_it_runs(
    place: World, options: dict[str, str], operation: str, sql: str, status: str, members: list[str] | None
) -> None:
    assert place.admin("options", options).items() >= options.items()
    cohort = "-".join([*options, *options.values(), operation])
    _, export = place.export(sql, cohort_id=cohort, operation=operation)
    assert export["status"] == status
    answer = requests.get(f"{place.url}/sandbox/cohorts/{cohort}", timeout=5)
    assert (answer.json()["members"] if answer.ok else None) == members


@pytest.mark.parametrize(("answer", "status"), [(Answer.OK, "success"), (Answer.FAIL, "error")])
def test_a_failed_export_and_its_query(place: World, answer: Answer, status: str) -> None:
    place.admin("options", {"failed_export": answer})
    place.fault(at="export", match="both-ends", do="fail")
    query, export = place.export(SEND, cohort_id="both-ends", operation="add")
    assert export["status"] == "error"
    seen(place, query["job_id"], status)


@pytest.mark.parametrize(("answer", "status"), [(Answer.OK, 409), (Answer.FAIL, 200)])
def test_a_domain_key_of_an_export(place: World, answer: Answer, status: int) -> None:
    place.admin("options", {"export_key": answer})
    job, key = place.run(SEND)["job_id"], f"export {answer}"
    settings = '{"cohort_id": "keyed", "operation": "add"}'
    fields = {"result_connection_id": "17", "result_connection_settings": settings, "domain_key": key}
    path = f"/v3/job/result_export/{job}"
    assert [place.post(path, fields)[0] for _ in range(2)] == [200, status]


def test_the_status_of_brazes_success(place: World) -> None:
    place.admin("options", {"braze_success": 202})
    answer = change(place, "queued")
    assert (answer.status_code, answer.json()) == (202, {"message": "queued"})
    assert place.members("queued") == ["u1"]


def test_settings_that_cannot_be_checked(place: World) -> None:
    place.admin("options", {"validates": "fail"})
    assert place.post("/v3/connector_configs/validate_with_connection", {"connection_id": "17"})[0] == 404


def test_jobs_take_longer_from_now_on(place: World) -> None:
    place.admin("options", {"job_seconds": SHORT})
    began = time.monotonic()
    place.run("SELECT 1 AS one")
    assert took(began)


@pytest.mark.parametrize(
    "given", [{"empty_export": "maybe"}, {"braze_success": 200}, {"keys": []}, {"job_seconds": -1}]
)
def test_options_that_there_are_not(place: World, given: dict[str, Any]) -> None:
    assert requests.post(f"{place.url}/sandbox/options", json=given, timeout=5).status_code == 400


def test_several_statements_in_one_request(place: World) -> None:
    statements = ["CREATE TABLE shop.several (a BIGINT)", "INSERT INTO shop.several VALUES (7)", "FROM shop.several"]
    assert place.admin("sql", {"sql": statements})["results"][2] == [[7]]


def storm(make_world: Callable[[Options], World], **given: Any) -> tuple[list[str], dict[str, int]]:
    """How the same 60 events of one client go in a storm, and what struck."""
    world = make_world(Options(shop=None))
    world.client.api.create_database("shop")
    world.admin("faults", {"storm": given})
    outcomes = []
    for number in range(30):
        for path in ("system/server_status", f"job/status/{number}"):
            try:
                outcomes.append(str(requests.get(f"{world.url}/v3/{path}", timeout=5).status_code))
            except requests.RequestException as exc:
                outcomes.append(type(exc).__name__)
    struck = world.admin("faults")["struck"]
    assert world.admin("faults", {}, "DELETE")["storm"] is None
    assert requests.get(f"{world.url}/v3/system/server_status", timeout=5).status_code == 401
    return outcomes, struck


def test_a_storm_is_the_same_at_the_same_seed(make_world: Callable[[Options], World]) -> None:
    began = datetime.now().astimezone()
    first, second, other = (storm(make_world, seed=seed, rate=0.5) for seed in (7, 7, 8))
    assert first == second
    assert first[0] != other[0]
    assert {kind.split()[0] for kind in first[1]} == {"request"}
    assert len(first[1]) >= 5
    assert (datetime.now().astimezone() - began).total_seconds() < 20


def test_a_storm_of_one_kind(make_world: Callable[[Options], World]) -> None:
    outcomes, struck = storm(make_world, seed=7, rate=0.3, kinds=["status:503"])
    assert set(outcomes) == {"401", "503"}
    assert struck == {"request status:503": outcomes.count("503")}


def test_a_storm_strikes_jobs_and_results(place: World) -> None:
    place.admin("faults", {"storm": {"rate": 1, "kinds": ["half", "gone"], "at": ["export", "result"]}})
    job = place.run("SELECT 1 AS one")["job_id"]
    with pytest.raises(errors.NotFoundError):
        list(place.client.api.job_result(job))
    _, export = place.export(SEND, cohort_id="stormy", operation="add")
    assert export["status"] == "error"
    assert place.admin("faults")["struck"] == {"export half": 1, "result gone": 1}


@pytest.mark.parametrize(
    "given",
    [{}, {"rate": 2}, {"rate": "often"}, {"rate": 0.1, "kinds": ["snow"]}, {"rate": 0.1, "at": ["moon"]}, {"rain": 1}],
)
def test_storms_that_cannot_rage(place: World, given: dict[str, Any]) -> None:
    assert requests.post(f"{place.url}/sandbox/faults", json={"storm": given}, timeout=5).status_code == 400
