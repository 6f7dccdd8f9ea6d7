"""A notice over real HTTP: posted once, once more where that may help, and its address never told."""

from __future__ import annotations

import pytest
from runner.environment.webhook import post
from tests.hook import listening


@pytest.mark.parametrize(
    ("answers", "why", "posts"),
    [
        ((200,), "", 1),
        ((204,), "", 1),
        ((503, 200), "", 2),
        ((429, 429, 200), "it answered 429", 2),
        ((404, 200), "it answered 404", 1),
        ((302, 200), "it answered 302", 1),
        ((0, 200), "", 2),  # hangs up
        ((0, 0, 200), "it could not be reached", 2),
    ],
)
def test_a_second_try_where_it_may_help(answers: tuple[int, ...], why: str, posts: int) -> None:
    with listening(*answers) as hook:
        assert post(hook.address, "hello", pause=0) == why
        assert hook.texts == ["hello"] * posts


@pytest.mark.parametrize("address", ["ftp://secret.example/x", "secret", "file:///secret", "http://", "http://[secret"])
def test_only_web_addresses(address: str) -> None:
    assert post(address, "hello", pause=0) == "the address does not begin with https:// or http://"


def test_the_address_is_never_told() -> None:
    for address in (
        "http://127.0.0.1:9/secret",
        "http://secret .example/",
        "http://.secret/",
        "http://127.0.0.1:x/secret",
    ):
        why = post(address, "hello", pause=0)
        assert why
        assert "secret" not in why
