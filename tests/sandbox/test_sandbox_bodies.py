"""Bodies with a value of a wrong type: each is answered 400 in words, and changes nothing."""

from __future__ import annotations

import pytest
import requests
from tests.sandbox.sandbox_world import World

ANSWER = "validates: one of ok, fail"
OPTIONS = "options to change: empty_export, "


def refused(world: World, path: str, body: str, method: str = "POST") -> str:
    """Why the admin API refuses a body; what it shows there stays the same."""
    url = f"{world.url}/sandbox/{path}"
    before = requests.get(url, timeout=10).text
    answer = requests.request(method, url, data=body.encode(), timeout=10)
    assert answer.status_code == 400, answer.text
    assert requests.get(url, timeout=10).text == before
    return str(answer.json()["message"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"validates": []}', ANSWER),
        ('{"validates": {}}', ANSWER),
        ('{"validates": null}', ANSWER),
        ('{"validates": true}', ANSWER),
        ('{"braze_success": 201.0}', OPTIONS),
        ('{"braze_success": "201"}', OPTIONS),
        ('{"braze_success": []}', OPTIONS),
        ('{"job_seconds": true}', OPTIONS),
        ('{"job_seconds": "1"}', OPTIONS),
        ('{"job_seconds": NaN}', OPTIONS),
        ('{"job_seconds": Infinity}', OPTIONS),
        ('{"job_seconds": []}', OPTIONS),
        ('["validates"]', OPTIONS),
        pytest.param(f'{{"job_seconds": 1{"0" * 400}}}', OPTIONS, id="many digits"),
        pytest.param("[" * 100_000, OPTIONS, id="many brackets"),
        ("validates", OPTIONS),
    ],
)
def test_options(world: World, body: str, words: str) -> None:
    assert refused(world, "options", body).startswith(words)


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ('{"external_id": 5}', "external_id must be a text"),
        ('{"external_id": ["u1"]}', "external_id must be a text"),
        ('{"external_id": false}', "external_id must be a text"),
        ('{"aliases": []}', "aliases must be an object: a name for each label"),
        ('{"aliases": "email"}', "aliases must be an object: a name for each label"),
        ('{"aliases": [["email", "a@example.com"]]}', "aliases must be an object: a name for each label"),
        ('{"aliases": {"email": null}}', "the alias 'email' must be a text"),
        ('{"aliases": {"email": ["a@example.com"]}}', "the alias 'email' must be a text"),
        ('{"devices": "d1"}', "devices must be a list of texts"),
        ('{"devices": {"d1": 1}}', "devices must be a list of texts"),
        ('{"devices": [1]}', "devices must be a list of texts"),
        ('{"devices": 1}', "devices must be a list of texts"),
        ('{"external_id": "\\ud800"}', "the body must be JSON with 'users': list"),
        ("5", "the body must be JSON with 'users': list"),
        ("null", "the body must be JSON with 'users': list"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_users(world: World, method: str, user: str, words: str) -> None:
    body = f'{{"users": [{{"external_id": "new"}}, {user}]}}'
    assert refused(world, "users", body, method) == words


@pytest.mark.parametrize("body", ['{"users": {}}', '{"users": null}', '{"users": "u1"}', "[]", "users", "\xff"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_no_list_of_users(world: World, method: str, body: str) -> None:
    assert refused(world, "users", body, method) == "the body must be JSON with 'users': list"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('{"who": []}', "a change has a 'who', "),
        ('{"who": {"devices": ["d"]}, "gains": null}', "a change has a 'who', "),
        ('{"who": {"devices": ["d"]}, "loses": "d"}', "a change has a 'who', "),
        ('{"who": {"external_id": 1}}', "external_id must be a text"),
        ('{"who": {"external_id": "c000001"}, "gains": {"aliases": 1}}', "aliases must be an object"),
        ('{"who": {"external_id": "c000001"}, "loses": {"devices": "d"}}', "devices must be a list of texts"),
        ("5", "the body must be JSON with 'change': list"),
    ],
)
def test_changes_of_users(world: World, change: str, words: str) -> None:
    body = f'{{"users": [{{"external_id": "new"}}], "change": [{change}]}}'
    assert refused(world, "users", body).startswith(words)


def test_null_is_as_good_as_nothing(world: World) -> None:
    user = {"external_id": None, "aliases": None, "devices": ["null-1"]}
    world.users(user)
    assert world.admin("users", {"users": [user]}, "DELETE") == {"users": 1}


@pytest.mark.parametrize(
    "body",
    [
        '{"name": null, "workspace": "sandbox"}',
        '{"name": "braze", "workspace": null}',
        '{"name": ["braze"], "workspace": "sandbox"}',
        '{"name": 5, "workspace": "sandbox"}',
        '{"name": " ", "workspace": "sandbox"}',
        '[["name", "braze"], ["workspace", "other"]]',
        "5",
        "null",
        "name=braze&workspace=other",
    ],
)
def test_connections(world: World, body: str) -> None:
    assert refused(world, "connections", body) == "a connection has a name and a workspace"


@pytest.mark.parametrize("body", ['{"sql": null}', '{"sql": {}}', '{"sql": [1]}', '{"sql": true}', "[]", '"SELECT 1"'])
def test_sql(world: World, body: str) -> None:
    answer = requests.post(f"{world.url}/sandbox/sql", data=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("the body must be JSON with 'sql'")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ('{"at": [], "do": "fail"}', "at: one of query, "),
        ('{"at": null, "do": "fail"}', "at: one of query, "),
        ('{"at": "query", "do": ["fail"]}', "do at query: one of "),
        ('{"at": "query", "do": "fail", "match": []}', "match must be a text"),
        ('{"at": "query", "do": "fail", "match": 0}', "match must be a text"),
        ('{"at": "query", "do": "fail", "times": true}', "times must be a whole number"),
        ('{"at": "query", "do": "fail", "times": 1.5}', "times must be a whole number"),
        ('{"at": "query", "do": "fail", "times": Infinity}', "times must be a whole number"),
        ('{"at": "query", "do": "fail", "after": "2"}', "after must be a whole number"),
        ('{"at": "query", "do": "fail", "after": null}', "after must be a whole number"),
        ('{"at": "query", "do": "fail", "seed": {}}', "seed must be a whole number"),
        ('{"at": "query", "do": "fail", "chance": NaN}', "chance must be a number"),
        ('{"at": "query", "do": "fail", "chance": true}', "chance must be a number"),
        ('{"at": "query", "do": "late", "seconds": [1]}', "seconds must be a number"),
        ('{"at": "query", "do": "late", "seconds": Infinity}', "seconds must be a number"),
        ('{"at": "request", "do": "status:429", "retry_after": [1]}', "retry_after must be a number"),
        ('{"at": "request", "do": "status:429", "retry_after": true}', "retry_after must be a number"),
        ('{"at": "request", "do": "status:429", "retry_after": "date:nan"}', "what follows date: must be a number"),
        ("5", "the body must be JSON with 'faults': list"),
    ],
)
def test_faults(world: World, fault: str, words: str) -> None:
    assert refused(world, "faults", f'{{"faults": [{fault}]}}').startswith(words)


@pytest.mark.parametrize(
    "storm",
    [
        '{"rate": true}',
        '{"rate": "0.1"}',
        '{"rate": null}',
        '{"rate": 0.1, "seed": 1.5}',
        '{"rate": 0.1, "seed": Infinity}',
        '{"rate": 0.1, "seed": []}',
        '{"rate": 0.1, "kinds": "fail"}',
        '{"rate": 0.1, "kinds": {"fail": 1}}',
        '{"rate": 0.1, "kinds": [["fail"]]}',
        '{"rate": 0.1, "at": "query"}',
        '{"rate": 0.1, "at": [1]}',
        '{"rate": 0.1, "at": ["moon"]}',
    ],
)
def test_storms(world: World, storm: str) -> None:
    assert refused(world, "faults", f'{{"storm": {storm}}}').startswith("a storm has a seed, a rate, and lists of")


@pytest.mark.parametrize("body", ['{"storm": []}', '{"storm": 1}', '{"faults": {}}', '{"faults": null}', "[]"])
def test_neither_faults_nor_a_storm(world: World, body: str) -> None:
    assert refused(world, "faults", body).startswith("the body must be JSON with 'faults': list")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"release": true}', "the body must be JSON with 'release'"),
        ('{"release": 1.0}', "the body must be JSON with 'release'"),
        ('{"release": ["all"]}', "the body must be JSON with 'release'"),
        ('{"job": ["1003"]}', "the body must be JSON with 'release'"),
        ('{"job": null}', "the body must be JSON with 'release'"),
        ('{"release": "all", "how": ["go"]}', "how: one of go, drop"),
        ('{"release": "all", "how": null}', "how: one of go, drop"),
    ],
)
def test_releases(world: World, body: str, words: str) -> None:
    assert refused(world, "held", body).startswith(words)


def test_true_is_not_the_first_that_is_held(world: World) -> None:
    world.fault(at="query", do="hold", match="held_here")
    job = world.issue("SELECT 1 AS held_here")
    held = world.held()["id"]
    refused(world, "held", '{"release": true}')
    assert world.admin("held", {"job": job})["released"] == [held]


@pytest.mark.parametrize("query", ["wait=soon", "wait=nan", "after=1.5"])
def test_what_is_held_is_not_asked_so(world: World, query: str) -> None:
    answer = requests.get(f"{world.url}/sandbox/held?{query}", timeout=10)
    assert answer.status_code == 400
    assert answer.json()["message"] == "wait: seconds to wait, after: the id of what was held"


@pytest.mark.parametrize("seconds", ["true", "[1]", "Infinity", "NaN", "null", '"1"', "{}"])
def test_the_clock(world: World, seconds: str) -> None:
    answer = requests.post(f"{world.url}/sandbox/clock", data=f'{{"advance": {seconds}}}', timeout=10)
    assert answer.status_code == 400
    assert answer.json()["message"] == "the body must be JSON with 'advance': seconds"
    assert world.admin("clock")["advanced"] == 0
