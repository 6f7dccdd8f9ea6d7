"""A sandbox's address tells it from an account; nothing is asked."""

from __future__ import annotations

import pytest
from runner.treasuredata.client import TreasureData


@pytest.mark.parametrize(
    ("endpoint", "sandbox"),
    [
        ("https://api.treasuredata.com", ""),
        ("http://127.0.0.1:8399/", "http://127.0.0.1:8399"),
        ("http://localhost:8399", "http://localhost:8399"),
    ],
)
def test_only_a_sandbox_speaks_without_tls(endpoint: str, sandbox: str) -> None:
    with TreasureData(endpoint, "1/key", retry_seconds=1, job_seconds=1) as client:
        assert client.sandbox == sandbox
