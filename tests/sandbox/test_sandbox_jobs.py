"""Jobs over the real td-client: issue, follow, results, domain keys, kill, authentication, tables."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
import requests
import tdclient
from runner.sandbox.options import Options
from runner.sandbox.server import running
from tdclient import errors
from tests.sandbox.sandbox_world import World


def test_a_query_succeeds_and_gives_its_rows(world: World) -> None:
    shown = world.run("SELECT 7 / 2 AS half, 'x' AS letter, CAST(NULL AS BIGINT) AS nothing, ARRAY[1, 2] AS list")
    assert shown["status"] == "success"
    assert shown["hive_result_schema"] == [
        ["half", "integer"],
        ["letter", "varchar(1)"],
        ["nothing", "bigint"],
        ["list", "array(integer)"],
    ]
    assert (shown["num_records"], shown["type"], shown["database"]) == (1, "trino", "shop")
    assert shown["created_at"].tzinfo is not None
    assert list(world.client.api.job_result(shown["job_id"])) == [[3, "x", None, [1, 2]]]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("csv", b"1,a b\n2,\n"),
        ("csv&header=true", b"n,t\n1,a b\n2,\n"),
        ("tsv", b"1\ta b\n2\t\n"),
        ("jsonl", b'[1, "a b"]\n[2, null]\n'),
    ],
)
def test_result_formats(world: World, form: str, body: bytes) -> None:
    job = world.run("SELECT * FROM (VALUES (1, 'a b'), (2, NULL)) AS t (n, t) ORDER BY n")["job_id"]
    with world.client.api.get(f"/v3/job/result/{job}?format={form}") as response:
        assert (response.status, response.read()) == (200, body)


def test_a_result_is_downloaded_in_ranges(world: World) -> None:
    job = world.run("SELECT customer_id FROM customers ORDER BY 1")["job_id"]
    rows = list(world.client.api.job_result_format_each(job, "msgpack", store_tmpfile=True))
    assert (len(rows), rows[0]) == (300, ["c000001"])


def test_a_job_without_a_result_answers_404(world: World) -> None:
    job = world.run("DROP TABLE IF EXISTS no_such_table")["job_id"]
    with pytest.raises(errors.NotFoundError):
        list(world.client.api.job_result(job))


def test_a_domain_key_is_used_once(world: World) -> None:
    first = world.issue("SELECT 1 AS one", domain_key="key/1")
    with pytest.raises(errors.AlreadyExistsError) as caught:
        world.issue("SELECT 2 AS two", domain_key="key/1")
    assert json.loads(str(caught.value).removeprefix("Query failed: "))["details"] == {"conflicts_with": first}
    world.ended(first)
    with pytest.raises(errors.AlreadyExistsError):
        world.issue("SELECT 1 AS one", domain_key="key/1")
    status, found = world.get("/v3/job/status_by_domain_key/{key}", key="key/1")
    assert (status, found["job_id"], found["status"]) == (200, first, "success")
    assert world.get("/v3/job/status_by_domain_key/{key}", key="other")[0] == 404


def test_what_cannot_be_issued(world: World) -> None:
    with pytest.raises(errors.NotFoundError, match="nowhere"):
        world.issue("SELECT 1", database="nowhere")
    with pytest.raises(errors.APIError, match=r"422.*1000001 characters"):
        world.issue("SELECT 1".ljust(1_000_001))
    with pytest.raises(errors.APIError, match=r"422.*no Hive"):
        world.client.api.query("SELECT 1", type="hive", db="shop")
    with pytest.raises(errors.APIError, match=r"422.*priority"):
        world.issue("SELECT 1", priority=3)
    with pytest.raises(errors.NotFoundError, match="Connection"):
        world.issue("SELECT 1", result_connection_id="18", result_connection_settings="{}")
    assert world.run("SELECT 1 AS one".ljust(1_000_000))["status"] == "success"


def test_scheduled_time_is_the_jobs(world: World) -> None:
    assert world.rows("SELECT TD_SCHEDULED_TIME() AS t", scheduled_time="1234567890") == [[1234567890]]
    assert abs(world.rows("SELECT TD_SCHEDULED_TIME() AS t")[0][0] - time.time()) < 10


def test_jobs_take_their_time_and_can_be_killed(make_world: Callable[[Options], World]) -> None:
    slow = make_world(Options(shop=None, job_seconds=30, parallel_jobs=1))
    slow.client.api.create_database("abc")
    running, queued = (slow.issue("SELECT 1 AS one", database="abc") for _ in range(2))
    time.sleep(0.1)
    assert [slow.client.api.job_status(job) for job in (running, queued)] == ["running", "queued"]
    assert slow.client.api.kill(running) == "running"
    assert slow.client.api.job_status(running) == "killed"
    assert slow.client.api.kill(running) == "killed"
    assert [job["job_id"] for job in slow.client.api.list_jobs()] == [queued, running]


def test_a_query_that_computes_can_be_killed(world: World) -> None:
    sql = "SELECT COUNT(*) AS n FROM purchases a, purchases b, purchases c, purchases d WHERE a.amount < d.amount"
    job = world.issue(sql)
    world.until_running(job)
    started = time.monotonic()
    assert world.client.api.kill(job) == "running"
    shown = world.ended(job)
    assert (shown["status"], shown["debug"]["stderr"]) == ("killed", "Query was canceled")
    assert time.monotonic() - started < 2


def test_a_killed_insert_wrote_nothing(world: World) -> None:
    world.done("CREATE TABLE spared AS SELECT 1 AS a")
    world.fault(at="query", match="spared (a)", do="hang")
    job = world.issue("INSERT INTO spared (a) SELECT 2")
    world.until_running(job)
    world.client.api.kill(job)
    assert world.ended(job)["status"] == "killed"
    assert world.rows("SELECT a FROM spared") == [[1]]


def test_a_served_sandbox_takes_what_is_chosen() -> None:
    with running(Options(shop=None, keys=frozenset({"another-key"}))) as url:
        client = tdclient.Client(apikey="another-key", endpoint=f"{url}/", max_cumul_retry_delay=-1)
        assert client.api.list_databases() == {}
        client.close()


@pytest.mark.parametrize(
    ("key", "error"), [("wrong", errors.AuthError), ("sandbox-powerless-key", errors.ForbiddenError)]
)
def test_keys(world: World, key: str, error: type[Exception]) -> None:
    client = tdclient.Client(apikey=key, endpoint=world.url, max_cumul_retry_delay=-1)
    with pytest.raises(error, match='"severity":"error"'):
        client.api.list_databases()
    client.close()


def test_databases_and_tables(world: World) -> None:
    api = world.client.api
    assert api.create_database("abc_1")
    with pytest.raises(errors.AlreadyExistsError):
        api.create_database("abc_1")
    for name in ("ab", "Abc", "a-b-c", "x" * 129, "main"):
        with pytest.raises(errors.APIError, match="422"):
            api.create_database(name)
    api.create_log_table("abc_1", "events")
    assert api.list_tables("abc_1")["events"]["schema"] == []
    world.done("CREATE TABLE abc_1.people AS SELECT 'x' AS name, 1.5e0 AS weight, 1 AS n", database="abc_1")
    people = api.list_tables("abc_1")["people"]
    assert (people["count"], people["schema"]) == (
        1,
        [["name", "string", "name"], ["weight", "double", "weight"], ["n", "long", "n"]],
    )
    assert api.delete_table("abc_1", "people") == "log"
    with pytest.raises(errors.NotFoundError):
        api.delete_table("abc_1", "people")
    assert api.delete_database("abc_1")
    with pytest.raises(errors.NotFoundError):
        api.list_tables("abc_1")


def test_connections_and_their_settings(world: World) -> None:
    assert world.get("/v3/connections/lookup?name=braze")[1]["id"] == 17
    assert world.get("/v3/connections/lookup?name=other")[0] == 404
    path = "/v3/connector_configs/validate_with_connection"
    fields = {"type": "braze", "connection_id": "17", "settings": '{"cohort_id": "a", "operation": "add"}'}
    assert world.post(path, fields)[0] == 200
    status, body = world.post(path, fields | {"settings": '{"cohort_id": "a", "operation": "replace"}'})
    assert (status, body["status_code"]) == (422, 422)
    assert world.post(path, fields | {"settings": '{"cohort": "a"}'})[1]["message"] == "Unrecognized field(s): cohort"
    assert world.post(path, fields | {"connection_id": "1"})[0] == 404


def test_the_server_says_it_is_there(world: World) -> None:
    assert world.client.api.server_status() == "ok"


def test_the_cost_of_a_run_can_be_measured(world: World) -> None:
    requests.delete(f"{world.url}/sandbox/requests", timeout=10)
    world.issue("SELECT 1 AS one")
    shown = requests.get(f"{world.url}/sandbox/requests", timeout=10).json()
    assert shown["requests"] == {"POST /v3/job/issue/{type}/{database}": 1}
    assert shown["jobs"]["trino"] >= 1
