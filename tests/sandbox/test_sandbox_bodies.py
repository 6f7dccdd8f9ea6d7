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
