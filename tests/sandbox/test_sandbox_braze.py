"""The partner cohort API by itself: every limit, error and header; and the sandbox's own pages."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3
from runner.sandbox.options import Options, Partner, Shop
from tdclient import errors
from tests.sandbox.sandbox_world import World

KEYS = {"partner_api_key": "sandbox-partner-key", "client_secret": "sandbox-import-key"}
COHORT = {**KEYS, "cohort_id": "a", "name": "A", "created_at": "2026-01-02T03:04:05Z"}


def users(*changes: Any, **more: Any) -> dict[str, Any]:
    return {**KEYS, "cohort_id": "a", "cohort_changes": list(changes), **more}


@pytest.fixture
def braze(make_world: Callable[[Options], World]) -> World:
    """An empty sandbox with two users and the cohort `a`."""
    world = make_world(Options(shop=None))
    world.users({"external_id": "u1", "aliases": {"email": "u1@example.com"}, "devices": ["d1"]}, {"devices": ["d2"]})
    assert post(world, "", COHORT).status_code == 201
    return world


def post(world: World, path: str, body: object, partner: str = "treasure_data") -> requests.Response:
    return requests.post(f"{world.url}/partners/{partner}/cohorts{path}", json=body, timeout=10)


def test_users_come_and_go(braze: World) -> None:
    assert post(braze, "/users", users({"user_ids": ["u1", "stranger"], "device_ids": ["d2"]})).status_code == 201
    assert braze.members("a") == ["d2", "u1"]
    alias = {"alias_label": "email", "alias_name": "u1@example.com"}
    post(braze, "/users", users({"aliases": [alias], "should_remove": True}))
    assert braze.members("a") == ["d2"]


def test_the_last_change_of_a_request_wins(braze: World) -> None:
    post(braze, "/users", users({"user_ids": ["u1"]}, {"user_ids": ["u1"], "should_remove": True}))
    assert braze.members("a") == []


def test_a_user_that_appears_later_stays_out(braze: World) -> None:
    post(braze, "/users", users({"user_ids": ["late"]}))
    braze.users({"external_id": "late"})
    assert braze.members("a") == []


def test_the_rate_limit_is_told(braze: World) -> None:
    headers = post(braze, "/users", users({"user_ids": ["u1"]})).headers
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("250000", "249998")
    assert 0 < int(headers["X-RateLimit-Reset"]) - time.time() <= 3600


def test_the_rate_limit_ends(make_world: Callable[[Options], World]) -> None:
    world = make_world(Options(shop=None, partner=Partner(hourly_requests=1)))
    answers = [post(world, "", COHORT) for _ in range(2)]
    assert [answer.status_code for answer in answers] in ([201, 429], [201, 201])  # a new hour may begin in between
    assert answers[1].headers["X-RateLimit-Remaining"] == "0"


def test_a_thousand_identifiers_over_all_changes(braze: World) -> None:
    many = [str(number) for number in range(500)]
    assert post(braze, "/users", users({"user_ids": many}, {"device_ids": many})).status_code == 201
    answer = post(braze, "/users", users({"user_ids": many}, {"device_ids": [*many, "x"]}))
    assert (answer.status_code, "1000" in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("", COHORT | {"partner_api_key": "x"}, 401, "partner_api_key"),
        ("", COHORT | {"client_secret": "x"}, 401, "client_secret"),
        ("", COHORT | {"cohort_id": 1}, 400, "cohort_id"),
        ("", COHORT | {"name": ""}, 400, "name"),
        ("", COHORT | {"created_at": "yesterday"}, 400, "created_at"),
        ("", [], 400, "object"),
        ("/users", users(client_secret="x"), 401, "client_secret"),
        ("/users", users(cohort_id=None), 400, "cohort_id"),
        ("/users", users(cohort_id="unknown"), 400, "cohort_id"),
        ("/users", users(cohort_changes={}), 400, "cohort_changes"),
        ("/users", users("u1"), 400, "malformed"),
        ("/users", users({"users": ["u1"]}), 400, "malformed"),
        ("/users", users({"user_ids": "u1"}), 400, "user_ids"),
        ("/users", users({"user_ids": [1]}), 400, "user_ids"),
        ("/users", users({"aliases": [{"alias_name": "x"}]}), 400, "aliases"),
        ("/users", users({"user_ids": [], "should_remove": "yes"}), 400, "should_remove"),
    ],
)
def test_refusals(braze: World, path: str, body: object, status: int, reason: str) -> None:
    answer = post(braze, path, body)
    assert (answer.status_code, reason in answer.json()["message"]) == (status, True)


def test_other_partners_are_not_enabled(braze: World) -> None:
    assert post(braze, "", COHORT, partner="other").status_code == 401


def test_a_body_that_is_not_json(braze: World) -> None:
    answer = requests.post(f"{braze.url}/partners/treasure_data/cohorts", data=b"{", timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize(("do", "acted"), [("reset_before", False), ("reset_after", True)])
def test_a_dropped_connection(braze: World, do: str, acted: bool) -> None:
    braze.client.api.create_database("shop")
    braze.fault(at="request", match="job/issue", do=do)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        braze.issue("SELECT 1 AS one", domain_key="once")
    assert braze.get("/v3/job/status_by_domain_key/once")[0] == (200 if acted else 404)


def test_an_answered_fault(braze: World) -> None:
    braze.fault(at="request", match="GET /v3/database/list", do="status:503")
    with pytest.raises(errors.APIError):
        braze.client.api.list_databases()
    braze.client.api.list_databases()
    braze.fault(at="braze", match="cohorts/users", do="status:423")
    answer = post(braze, "/users", users({"user_ids": ["u1"]}))
    assert (answer.status_code, answer.json()["message"]) == (423, "Locked (a fault of the sandbox)")
    assert braze.members("a") == []


@pytest.mark.parametrize("path", ["sql", "users", "faults"])
@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"sql": 1, "users": [1], "faults": [1]}'])
def test_the_sandbox_says_what_it_takes(world: World, path: str, body: str) -> None:
    answer = requests.post(f"{world.url}/sandbox/{path}", data=body, timeout=10)
    assert (answer.status_code, f"'{path}'" in answer.json()["message"]) == (400, True)


def test_the_sample_is_a_shop(world: World) -> None:
    sql = (
        "WITH last AS (SELECT customer_id, MAX(time) AS bought FROM purchases GROUP BY 1)"
        " SELECT COUNT_IF(lifetime_value >= 2000), COUNT_IF(bought IS NULL),"
        " COUNT_IF(bought < TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d')), COUNT(DISTINCT country)"
        " FROM customers c LEFT JOIN last l ON l.customer_id = c.customer_id"
    )
    [[best, never, lapsed, countries]] = world.rows(sql)
    assert 20 <= best <= 45
    assert 40 <= never <= 60
    assert 60 <= lapsed <= 110
    assert countries == 7


def test_the_sample_is_the_same_at_every_start(make_world: Callable[[Options], World]) -> None:
    sql = (
        "SELECT c.customer_id, email, country, lifetime_value, category, sku, amount"
        " FROM customers c JOIN purchases p ON p.customer_id = c.customer_id ORDER BY purchase_id"
    )
    first, second = (make_world(Options(shop=Shop(customers=50, purchases=100))).rows(sql) for _ in range(2))
    assert len(first) == 100
    assert first == second


def test_a_request_that_hangs(braze: World) -> None:
    braze.fault(at="request", match="server_status", do="hang")
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{braze.url}/v3/system/server_status", timeout=0.2)


def test_faults_are_listed_and_forgotten(braze: World) -> None:
    braze.fault(at="query", do="fail", times=2)
    url = f"{braze.url}/sandbox/faults"
    shown = {"at": "query", "do": "fail", "match": "", "times": 2, "struck": 0}
    assert requests.get(url, timeout=10).json() == {"faults": [shown], "storm": None, "struck": {}}
    assert requests.delete(url, timeout=10).json() == {"faults": [], "storm": None, "struck": {}}
    for bad in (
        {"at": "moon", "do": "fail"},
        {"at": "query", "do": "half"},
        {"at": "query", "do": "status:503"},
        {"at": "request", "do": "status:999"},
        {"at": "request", "do": "slow", "seconds": "long"},
        {"at": "request", "do": "slow", "how_long": 1},
        {"at": "request", "do": "status:429", "retry_after": "date:soon"},
    ):
        assert requests.post(url, json={"faults": [bad]}, timeout=10).status_code == 400


def test_the_page_shows_counts_but_no_member(world: World) -> None:
    world.export("SELECT customer_id AS user_ids FROM customers", cohort_id="everyone", operation="add")
    page = requests.get(f"{world.url}/sandbox/cohorts", headers={"accept": "text/html,*/*"}, timeout=10).text
    assert "everyone" in page
    assert "customers" in page
    assert "c000001" not in page


def test_sql_for_tests(world: World) -> None:
    url = f"{world.url}/sandbox/sql"
    rows = requests.post(url, json={"sql": "SELECT COUNT(*) FROM shop.customers"}, timeout=10).json()
    assert rows == {"rows": [[300]]}
    strange = "SELECT 'NaN'::DOUBLE, '-Infinity'::DOUBLE, 0.5::DOUBLE, NULL, DATE '2026-01-02'"
    assert requests.post(url, json={"sql": strange}, timeout=10).json() == {
        "rows": [["nan", "-inf", 0.5, None, "2026-01-02"]]
    }
    answer = requests.post(url, json={"sql": "SELECT * FROM read_text('pyproject.toml')"}, timeout=10)
    assert answer.status_code == 400


def test_braze_knows_most_of_the_sample(world: World) -> None:
    world.export("SELECT customer_id AS user_ids FROM customers", cohort_id="known", operation="add")
    assert 270 <= len(world.members("known")) < 300
    world.export("SELECT external_id AS user_ids FROM example_cohort_table", cohort_id="example", operation="add")
    assert world.members("example") == ["TDCohort1", "TDCohort2", "TDCohort3"]


def test_serve_stops_on_an_interrupt() -> None:
    code = (
        "import os, signal, sys\n"
        "from runner.sandbox.server import serve\n"
        "serve(port=0, key='k', shop=None, on_ready=lambda url: os.kill(os.getpid(), signal.SIGINT))\n"
        "print('stopped')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")
