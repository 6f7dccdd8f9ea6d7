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
